//! The documents beside the page, and how the window looks.

use inkfold_tests::{App, keys, pictures, wait_until};
use tempfile::TempDir;

use crate::people::{wait_for_text, write_alone};

#[test]
fn documents_are_made_renamed_thrown_away_and_brought_back() {
    let place = TempDir::new().unwrap();
    let app = App::start(&place.path().join("anna"));
    write_alone(&app, "Anna");
    app.type_keys(&format!("First{}one", keys::ENTER));
    app.click("new-document");
    wait_until("the new document is to be shown", || (app.text("document-title").as_deref() == Some("")).then_some(()));
    app.type_keys(&format!("Second{}two", keys::ENTER));
    wait_for_titles(&app, &["Second", "First"]);

    app.click_selector("li.current [data-testid=document-menu]");
    app.click("rename");
    app.wait_for("rename-field");
    app.type_keys(&format!("Later{}", keys::ENTER));
    wait_for_titles(&app, &["Later", "First"]);
    assert_eq!(app.text("document-title").as_deref(), Some("Later"));

    app.click_selector("li.current [data-testid=document-menu]");
    app.click("trash");
    wait_for_titles(&app, &["First"]);
    wait_for_text(&app, &["one"]);
    app.click("trash-toggle");
    wait_until("it is to be in the trash", || (app.data_ids("trashed-item").len() == 1).then_some(()));
    let trashed = app.data_ids("trashed-item");
    app.click("restore");
    wait_until("it is to be back", || (app.data_ids("document-item").len() == 2).then_some(()));
    app.click_selector(&format!("[data-testid=document-item][data-id=\"{}\"]", trashed[0]));
    wait_for_text(&app, &["two"]);

    // The same after the next start, with the document that was shown last.
    app.close();
    let app = App::start(&place.path().join("anna"));
    app.wait_for("page");
    wait_for_text(&app, &["two"]);
    assert_eq!(app.text("document-title").as_deref(), Some("Later"));
    assert_eq!(app.data_ids("document-item").len(), 2);
    app.close();
}

#[track_caller]
fn wait_for_titles(app: &App, expected: &[&str]) {
    let script = "return [...document.querySelectorAll('[data-testid=document-item] .title')].map(e => e.textContent)";
    wait_until(&format!("the list is to be {expected:?}"), || {
        (app.script(script, &[]) == serde_json::json!(expected)).then_some(())
    });
}

#[test]
fn light_and_dark_wide_and_narrow() {
    let place = TempDir::new().unwrap();
    let app = App::start(&place.path().join("anna"));
    app.wait_for("start-write");
    for (width, height) in [(1200, 800), (480, 800)] {
        app.resize(width, height);
        app.screenshot(&pictures().join(format!("start-{width}.png")));
    }
    app.resize(1200, 800);
    write_alone(&app, "Anna");
    let (enter, tab) = (keys::ENTER, keys::TAB);
    app.type_keys(&format!("Two days in the hills{enter}"));
    app.type_keys(&format!("What we need, and **who** brings it. See the [map](https://example.org/map).{enter}"));
    app.type_keys(&format!("## Packing{enter}- tent{enter}{tab}poles{enter}pegs{enter}{enter}{enter}"));
    app.type_keys(&format!(
        "[x] water{enter}bread{enter}{enter}1. up by the river{enter}down by `bus 7`{enter}{enter}"
    ));
    app.type_keys(&format!("> Slow is smooth.{enter}{enter}```sh let x{enter}let y"));
    wait_until("all of it is to be there", || (app.paragraphs().len() == 11).then_some(()));
    for theme in ["light", "dark"] {
        app.click("theme-menu");
        app.click(&format!("theme-{theme}"));
        assert_eq!(app.script("return document.documentElement.dataset.theme", &[]), theme);
        for (width, height) in [(1200, 800), (480, 800)] {
            app.resize(width, height);
            app.breathe();
            let wide = app.script("return document.documentElement.scrollWidth", &[]);
            assert_eq!(wide, width, "nothing is wider than the window");
            app.screenshot(&pictures().join(format!("page-{theme}-{width}.png")));
        }
        app.resize(1200, 800);
    }
    app.close();
}
