//! Blocks and marks, by the keys and buttons that people use.

use inkfold_tests::{App, Place, keys, wait_until};
use tempfile::TempDir;

use crate::people::{blocks_of, wait_for_lines, wait_for_text, write_alone};

/// Waits until the page is this, in the window and in the store.
#[track_caller]
fn expect(app: &App, expected: &[&str]) {
    wait_for_lines(app, expected);
    let document = app.shown().expect("a document is shown");
    wait_until("the store is to hold the same", || {
        (app.stored(&document)["blocks"] == blocks_of(&app.document())).then_some(())
    });
}

/// An app with an empty page that has the keyboard.
#[track_caller]
fn begin(place: &TempDir) -> App {
    let app = App::start(&place.path().join("anna"));
    write_alone(&app, "Anna");
    app.type_keys(&format!("Page{}", keys::ENTER));
    app
}

#[test]
fn markdown_becomes_blocks_and_marks_as_it_is_typed() {
    let place = TempDir::new().unwrap();
    let app = begin(&place);
    let enter = keys::ENTER;
    app.type_keys(&format!("# Packing{enter}For **two** days, _light_ and `dry`.{enter}"));
    app.type_keys(&format!("- tent{enter}{}poles{enter}{enter}{enter}", keys::TAB));
    app.type_keys(&format!("1. up{enter}down{enter}{enter}"));
    app.type_keys(&format!("[] water{enter}{enter}"));
    app.type_keys(&format!("[x] bread{enter}{enter}"));
    app.type_keys(&format!("> Slow is smooth.{enter}{enter}"));
    app.type_keys(&format!("---[map](https://example.org/map){enter}"));
    app.type_keys(&format!("```sh {}let x{enter}let y", ""));
    expect(
        &app,
        &[
            "heading1: Packing",
            "paragraph: For  [bold two]  days,  [italic light]  and  [code dry] .",
            "bullet: tent",
            "bullet indent=1: poles",
            "number: up",
            "number: down",
            "task: water",
            "task checked=true: bread",
            "quote: Slow is smooth.",
            "divider:",
            "paragraph: [link map]",
            "code language=\"sh\": let x↵let y",
        ],
    );
    // Undo right after an automatic format gives the signs back.
    app.select(Place::new(0, 0), Place::new(0, 7));
    app.type_keys(&keys::DELETE.to_string());
    app.type_keys(&format!("{}## ", keys::BACKSPACE));
    wait_until("it is to be a heading", || {
        app.document()["content"][0]["attrs"]["marker"]["kind"].as_str().filter(|kind| *kind == "heading2").map(drop)
    });
    app.type_keys(&keys::control('z'));
    wait_until("the signs are to be back", || (app.paragraphs()[0] == "## ").then_some(()));
    app.close();
}

#[test]
fn buttons_and_keys_change_blocks_and_marks() {
    let place = TempDir::new().unwrap();
    let app = begin(&place);
    app.paste("alpha\nbeta\ngamma\ndelta");
    expect(&app, &["paragraph: alpha", "paragraph: beta", "paragraph: gamma", "paragraph: delta"]);

    app.select(Place::new(0, 0), Place::new(0, 5));
    app.click("toolbar-style");
    app.click("style-heading2");
    app.select(Place::new(1, 0), Place::new(2, 5));
    app.click("toolbar-task");
    app.select(Place::new(1, 1), Place::new(1, 3));
    app.click("toolbar-italic");
    app.select(Place::new(3, 0), Place::new(3, 5));
    app.type_keys(&keys::control('k'));
    app.type_keys(&format!("example.org{}", keys::ENTER));
    app.click_selector(".ProseMirror .task-box");
    expect(&app, &["heading2: alpha", "task checked=true: b [italic et] a", "task: gamma", "paragraph: [link delta]"]);

    // A character beyond the Basic Multilingual Plane, then one deletion of all of it.
    app.select(Place::new(2, 5), Place::new(2, 5));
    app.insert("🧗");
    wait_until("the sign is to be there", || (app.paragraphs()[2] == "gamma🧗").then_some(()));
    app.type_keys(&keys::BACKSPACE.to_string());
    wait_until("the sign is to be gone", || (app.paragraphs()[2] == "gamma").then_some(()));

    // Own steps go and come back in their order.
    for _ in 0..12 {
        app.click("toolbar-undo");
    }
    wait_for_text(&app, &[""]);
    expect(&app, &["paragraph:"]);
    for _ in 0..12 {
        app.type_keys(&keys::control('y'));
    }
    expect(&app, &["heading2: alpha", "task checked=true: b [italic et] a", "task: gamma", "paragraph: [link delta]"]);
    app.close();
}
