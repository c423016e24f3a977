//! Two people in one document at the same time, each in a window of their own.

use std::fs;
use std::thread;
use std::time::Instant;

use inkfold_tests::{App, PATIENCE, Place, keys, wait_until};

use crate::people::{Pair, lines, press_until, wait_for_text};

const fn at(block: u64, offset: u64) -> Place {
    Place::new(block, offset)
}

/// Two people at the same time.
fn at_once(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(one);
        scope.spawn(other);
    });
}

#[test]
fn what_one_types_the_other_sees_and_nobody_is_moved() {
    let text: Vec<String> = (0..60).map(|i| format!("Paragraph {i} is long enough to be read.")).collect();
    let pair = Pair::begin("Logbook", &text.join("\n"));
    let Pair { anna, ben, .. } = &pair;

    // Ben reads in the middle of the page, with some words selected.
    ben.select(at(30, 10), at(30, 12));
    ben.script("document.querySelector('.ProseMirror').children[30].scrollIntoView({ block: 'center' })", &[]);
    ben.breathe();
    let (scroll, height) = (scrolled(ben), height_of(ben, 30));
    assert!(scroll > 100.0, "the page is not long enough to be scrolled");

    // Anna writes above it: two more paragraphs.
    anna.select(at(0, 0), at(0, 0));
    anna.type_keys(&format!("First{0}Second{0}", keys::ENTER));
    wait_for_texts_at(ben, 0, &["First", "Second", &text[0]]);
    assert_eq!(ben.selection(), Some((at(32, 10), at(32, 12))), "the selection stays with its words");
    assert!((height_of(ben, 32) - height).abs() < 2.0, "what is read stays where it is on the screen");
    assert!(scrolled(ben) > scroll, "so the page has moved under it");
    wait_until("a screen reader is to be told", || {
        (ben.text("announcer").as_deref() == Some("Changes from others arrived")).then_some(())
    });

    // Both write, each in a paragraph of their own; what Ben types goes where his caret is.
    ben.select(at(32, 0), at(32, 0));
    anna.select(at(0, 5), at(0, 5));
    for _ in 0..12 {
        anna.type_keys(" one");
        ben.type_keys("two ");
    }
    let expected = [format!("First{}", " one".repeat(12)), format!("{}{}", "two ".repeat(12), text[30])];
    for app in [anna, ben] {
        wait_for_texts_at(app, 0, &[&expected[0]]);
        wait_for_texts_at(app, 32, &[&expected[1]]);
        app.wait_for_state("whereabouts", "inTheFolder");
    }
    assert_eq!(ben.selection().map(|(caret, _)| caret), Some(at(32, 48)));
    pair.agree();
    pair.close();
}

#[test]
fn both_type_in_one_paragraph_while_everything_is_on_its_way() {
    let pair = Pair::begin("Race", "left right");
    let Pair { anna, ben, .. } = &pair;
    anna.select(at(0, 4), at(0, 4));
    ben.select(at(0, 10), at(0, 10));
    at_once(
        || (0..25).for_each(|i| anna.type_keys(&format!("a{i} "))),
        || (0..25).for_each(|i| ben.type_keys(&format!(" b{i}"))),
    );
    let left: String = (0..25).map(|i| format!("a{i} ")).collect();
    let right: String = (0..25).map(|i| format!(" b{i}")).collect();
    pair.wait_for_text(&[&format!("left{left} right{right}")]);
    pair.agree();
    pair.close();
}

#[test]
fn one_divides_a_paragraph_while_the_other_makes_it_bold() {
    let pair = Pair::begin("Both", "one two three four");
    let Pair { anna, ben, .. } = &pair;
    for app in [anna, ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
    }
    // The folder is away, so that all of this happens at the same time for certain.
    let folder = pair.folder();
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).unwrap();
    ben.select(at(0, 4), at(0, 18));
    ben.type_keys(&keys::control('b'));
    ben.select(at(0, 18), at(0, 18));
    ben.type_keys(" five");
    anna.select(at(0, 7), at(0, 7));
    anna.type_keys(&keys::ENTER.to_string());
    anna.select(at(0, 0), at(0, 0));
    anna.type_keys("zero ");
    wait_for_text(anna, &["zero one two", " three four"]);
    wait_for_text(ben, &["one two three four five"]);
    fs::rename(&away, &folder).unwrap();
    let expected = ["paragraph: zero one  [bold two]", "paragraph: [bold  three four five]"];
    pair.wait_for_lines(&expected);
    assert_eq!(lines(&pair.agree()), expected);

    // Now nothing keeps them apart: they delete what overlaps, and one of them makes it a heading.
    anna.select(at(0, 0), at(0, 8));
    ben.select(at(0, 5), at(0, 9));
    let heading = format!("{}{}2{}", keys::CONTROL, keys::ALT, keys::RELEASE);
    at_once(|| anna.type_keys(&keys::DELETE.to_string()), || ben.type_keys(&format!("{}{heading}", keys::BACKSPACE)));
    let expected = ["heading2: [bold two]", "paragraph: [bold  three four five]"];
    pair.wait_for_lines(&expected);
    assert_eq!(lines(&pair.agree()), expected);
    pair.close();
}

#[test]
fn who_undoes_takes_back_only_what_was_his() {
    let pair = Pair::begin("Undo", "Ground");
    let Pair { anna, ben, .. } = &pair;
    anna.select(at(0, 6), at(0, 6));
    anna.type_keys(" coffee");
    pair.wait_for_text(&["Ground coffee"]);
    ben.select(at(0, 0), at(0, 0));
    ben.type_keys(&format!("Buy {}", keys::ENTER));
    pair.wait_for_text(&["Buy ", "Ground coffee"]);

    press_until(anna, 'z', &["Buy ", "Ground"]);
    pair.wait_for_text(&["Buy ", "Ground"]);
    press_until(anna, 'y', &["Buy ", "Ground coffee"]);
    pair.wait_for_text(&["Buy ", "Ground coffee"]);
    ben.click("toolbar-undo");
    pair.wait_for_text(&["Buy Ground coffee"]);
    press_until(ben, 'z', &["Ground coffee"]);
    pair.wait_for_text(&["Ground coffee"]);

    // Anna's own paragraph is all that is left when Ben takes the other one away; her undo leaves a page to write on.
    anna.select(at(0, 13), at(0, 13));
    anna.type_keys(&format!("{}{}{}", keys::CONTROL, keys::ENTER, keys::RELEASE));
    pair.wait_for_text(&["Ground coffee", ""]);
    ben.select(at(0, 0), at(0, 13));
    ben.type_keys(&format!("{0}{0}", keys::DELETE));
    pair.wait_for_text(&[""]);
    anna.type_keys(&keys::control('z'));
    pair.wait_for_text(&[""]);
    pair.agree();
    anna.type_keys("again");
    pair.wait_for_text(&["again"]);
    pair.agree();
    pair.close();
}

#[track_caller]
fn wait_for_texts_at(app: &App, block: usize, expected: &[&str]) {
    wait_until(&format!("the page is to show {expected:?} at {block}"), || {
        let shown = app.paragraphs();
        shown.get(block..block + expected.len()).is_some_and(|shown| shown == expected).then_some(())
    });
}

fn scrolled(app: &App) -> f64 {
    app.script("return document.querySelector('[data-scroller]').scrollTop", &[]).as_f64().expect("a number")
}

/// How far down on the screen a block is.
fn height_of(app: &App, block: u64) -> f64 {
    let script = "return document.querySelector('.ProseMirror').children[arguments[0]].getBoundingClientRect().top";
    app.script(script, &[block.into()]).as_f64().expect("a number")
}

#[test]
fn each_sees_who_has_everything_and_where_the_other_is() {
    let pair = Pair::begin("Plan", "one two three");
    let Pair { anna, ben, .. } = &pair;
    // What Anna has written is on Ben's computer, which says so at most a minute later.
    let end = Instant::now() + 3 * PATIENCE;
    while anna.attribute("reached", "data-reached").as_deref() != Some("1") {
        assert!(Instant::now() < end, "Anna's words have not reached Ben: {:?}", anna.text("reached"));
        anna.breathe();
    }
    let told = anna.text("reached").unwrap_or_default();
    assert!(told.starts_with("Reached Ben"), "{told}");
    anna.click("peers");
    anna.wait_for("peer");
    anna.type_keys(&keys::ESCAPE.to_string());

    // Both write; where Anna's caret is, Ben sees, and no text of the page is moved or changed by it.
    ben.select(at(0, 0), at(0, 0));
    ben.type_keys("zero ");
    pair.wait_for_text(&["zero one two three"]);
    anna.select(at(0, 8), at(0, 8));
    anna.type_keys("!");
    pair.wait_for_text(&["zero one! two three"]);
    wait_until("Ben is to see Anna's caret behind what she has typed", || {
        (caret_of(ben, "Anna").as_deref() == Some("zero one!")).then_some(())
    });
    // It stays with the text when Ben writes before it.
    ben.select(at(0, 0), at(0, 0));
    ben.type_keys("Minus one, ");
    assert_eq!(caret_of(ben, "Anna").as_deref(), Some("Minus one, zero one!"));
    pair.wait_for_text(&["Minus one, zero one! two three"]);
    pair.agree();
    pair.close();
}

/// The text before somebody's caret in its block; none where it isn't shown.
fn caret_of(app: &App, name: &str) -> Option<String> {
    let script = "const caret = document.querySelector(`.other-caret[data-name=\"${arguments[0]}\"]`);
        if (caret === null) return null;
        const range = document.createRange();
        range.setStart(caret.closest('.ProseMirror > *'), 0);
        range.setEndBefore(caret);
        return range.toString();";
    app.script(script, &[name.into()]).as_str().map(str::to_owned)
}
