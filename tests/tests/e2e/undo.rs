//! Undo and redo in real windows: one's own only, with the caret, also after the app was started again.

use inkfold_tests::{App, Place, keys, wait_until};
use tempfile::TempDir;

use crate::people::{Pair, blocks_of, lines, press_until, wait_for_lines, wait_for_text, write_alone};

const fn at(block: u64, offset: u64) -> Place {
    Place::new(block, offset)
}

#[track_caller]
fn wait_for_caret(app: &App, place: Place) {
    wait_until(&format!("the caret is to be at {place:?}"), || (app.selection() == Some((place, place))).then_some(()));
}

#[test]
fn a_paragraph_that_is_undone_leaves_what_another_wrote_in_it() {
    let mut pair = Pair::begin("Undo", "Ground");
    let Pair { anna, ben, .. } = &pair;
    anna.select(at(0, 6), at(0, 6));
    anna.type_keys(&format!("{}Coffee and tea", keys::ENTER));
    pair.wait_for_text(&["Ground", "Coffee and tea"]);
    ben.select(at(1, 6), at(1, 6));
    ben.type_keys(", black");
    pair.wait_for_text(&["Ground", "Coffee, black and tea"]);

    press_until(anna, 'z', &["Ground", ", black"]);
    pair.wait_for_text(&["Ground", ", black"]);
    wait_for_caret(anna, at(1, 0));
    pair.agree();
    // The paragraph itself stays too, as it isn't empty; so the next undo is of what came before it.
    press_until(anna, 'z', &["", ", black"]);
    pair.wait_for_text(&["", ", black"]);
    wait_for_caret(anna, at(0, 0));
    assert_eq!(ben.selection(), Some((at(1, 7), at(1, 7))), "Ben's caret stays with his words");
    pair.agree();

    // What can be redone and undone is there after Anna's app was started again.
    let data = pair.anna.data().to_path_buf();
    pair.anna.close();
    pair.anna = App::start(&data);
    let Pair { anna, ben, .. } = &pair;
    anna.wait_for("page");
    // With Ben at work, what Anna does is published at once.
    ben.type_keys("!");
    pair.wait_for_text(&["", ", black!"]);
    assert_eq!(anna.attribute("toolbar-redo", "aria-disabled"), None, "there is something to redo");
    press_until(anna, 'y', &["Ground", ", black!"]);
    pair.wait_for_text(&["Ground", ", black!"]);
    wait_for_caret(anna, at(0, 6));
    press_until(anna, 'y', &["Ground", "Coffee, black! and tea"]);
    pair.wait_for_text(&["Ground", "Coffee, black! and tea"]);
    wait_for_caret(anna, at(1, 22));
    press_until(anna, 'z', &["Ground", ", black!"]);
    pair.wait_for_text(&["Ground", ", black!"]);
    ben.type_keys(&keys::control('z'));
    pair.wait_for_text(&["Ground", ", black"]);
    for app in [anna, ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
    }
    pair.agree();
    pair.close();
}

#[test]
fn what_is_typed_is_never_lost_to_an_undo() {
    let place = TempDir::new().expect("a place for a test");
    let app = App::start(&place.path().join("anna"));
    write_alone(&app, "Anna");
    app.type_keys(&format!("Title{}", keys::ENTER));
    let mut text = String::new();
    for word in ["one", " two", " three"] {
        app.type_keys(word);
        text.push_str(word);
        wait_for_text(&app, &[&text]);
        // The caret put elsewhere ends a step, whatever the time.
        for end in [1, text.len() as u64] {
            app.select(at(0, end), at(0, end));
        }
    }
    // Nobody waits for an answer. Pressed again, a modifier is let go of.
    app.type_keys(&format!("{0}zz{0} new", keys::CONTROL));
    wait_for_text(&app, &["one new"]);
    wait_for_caret(&app, at(0, 7));
    press_until(&app, 'z', &["one"]);
    app.type_keys(&format!("{0}yz{0}", keys::CONTROL));
    wait_for_text(&app, &["one"]);

    // An automatic format is taken back before what was typed for it, by Backspace too.
    app.type_keys(&format!("{}# Head", keys::ENTER));
    wait_for_lines(&app, &["paragraph: one", "heading1: Head"]);
    app.type_keys(&keys::control('z'));
    wait_for_lines(&app, &["paragraph: one", "heading1:"]);
    app.type_keys(&keys::control('z'));
    wait_for_lines(&app, &["paragraph: one", "paragraph: # "]);
    wait_for_caret(&app, at(1, 2));
    app.type_keys(&format!("{0}{0}- {0}", keys::BACKSPACE));
    wait_for_lines(&app, &["paragraph: one", "paragraph: - "]);
    app.wait_for_state("whereabouts", "onThisDevice");
    let document = app.shown().expect("a document is shown");
    let stored = app.stored(&document)["blocks"].take();
    assert_eq!(stored, blocks_of(&app.document()), "{:?}", lines(&stored));
    app.close();
}
