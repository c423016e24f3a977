//! What happens when the window and its session lose each other, and when somebody joins before there is anything.

use std::fs;

use inkfold_tests::{App, command_line, keys, pictures, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::people::{join, wait_for_text, write_alone};

#[test]
fn words_that_the_session_refuses_are_given_back() {
    let place = TempDir::new().unwrap();
    let app = App::start(&place.path().join("anna"));
    write_alone(&app, "Anna");
    app.type_keys(&format!("Page{}kept", keys::ENTER));
    app.wait_for_state("whereabouts", "onThisDevice");
    let document = app.shown().expect("a document is shown");

    // No window does this: it takes the number of the window's next edit for one of a block that is not there. The
    // number is not known here, so all are tried; those of the past are passed over.
    let from = json!({ "block": 99, "offset": 0 });
    let change = json!({ "type": "splice", "from": from, "to": from, "insert": [] });
    let patch: u64 = 0;
    let refused = (1..50).find_map(|counter| {
        let edit = json!({
            "document": document, "patch": patch, "counter": counter, "changes": [change],
            "grouping": "step", "before": null, "after": null,
        });
        app.invoke("edit", json!({ "edit": edit })).err()
    });
    assert_eq!(refused.unwrap_or(Value::Null)["code"], "change");

    app.type_keys("x");
    app.wait_for("lost-text");
    assert_eq!(app.text("lost-text").as_deref(), Some("x"));
    wait_for_text(&app, &["kept"]);
    app.screenshot(&pictures().join("refused.png"));
    app.click_selector("[data-testid=notice] .icon-button");
    // The caret is where it was, as near as may be.
    app.type_keys(", too");
    wait_for_text(&app, &["kept, too"]);
    app.wait_for_state("whereabouts", "onThisDevice");
    assert_eq!(app.stored(&document)["blocks"][0]["content"][0]["text"], "kept, too");
    app.close();
}

#[test]
fn who_joins_early_waits_for_the_documents() {
    let place = TempDir::new().unwrap();
    let (annas, folder) = (place.path().join("anna"), place.path().join("shared"));
    fs::create_dir(&folder).unwrap();
    let at_annas = |arguments: &[&str]| {
        let done = command_line(&annas, arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
    };
    at_annas(&["init", "--person", "Anna", "--folder", &folder.to_string_lossy()]);

    let ben = App::start(&place.path().join("ben"));
    join(&ben, "Ben", &folder);
    ben.wait_for("looking");
    assert!(!ben.has("page"));
    assert_eq!(ben.data_ids("document-item"), Vec::<String>::new(), "nobody made one");

    at_annas(&["new", "Tour"]);
    at_annas(&["append", "Tour", "Monday: the hut."]);
    at_annas(&["sync"]);
    ben.wait_for("page");
    wait_for_text(&ben, &["Monday: the hut."]);
    wait_until("the title is to be shown", || (ben.text("document-title").as_deref() == Some("Tour")).then_some(()));
    assert_eq!(ben.data_ids("document-item").len(), 1);
    ben.close();
}
