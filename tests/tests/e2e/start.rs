//! The window: that it shows the page, and that the page can do no more than it must.

use inkfold_tests::App;
use serde_json::json;
use tempfile::TempDir;

#[test]
fn the_first_start_shows_the_ways_to_begin() {
    let place = TempDir::new().unwrap();
    let app = App::start(&place.path().join("anna"));
    app.wait_for("start-write");
    app.screenshot(&place.path().join("window.png"));
    app.close();
}

#[test]
fn the_page_reaches_the_shell_and_nothing_beyond_it() {
    let place = TempDir::new().unwrap();
    let app = App::start(&place.path().join("anna"));
    app.wait_for("start-write");
    assert_eq!(app.invoke("start", json!({})).unwrap()["workspaces"], json!([]));

    // No command that it was not granted, no link to a program, no global object for injected code to find.
    assert!(app.invoke("plugin:event|emit", json!({ "event": "inkfold", "payload": {} })).is_err());
    assert!(app.invoke("plugin:dialog|open", json!({ "options": {} })).is_err());
    assert!(app.invoke("plugin:window|close", json!({})).is_err());
    assert_eq!(app.invoke("open_link", json!({ "url": "file:///etc/passwd" })).unwrap_err()["code"], "link-refused");
    assert_eq!(app.script("return typeof window.__TAURI__", &[]), "undefined");

    // No code from text, no other page, no second window.
    assert_eq!(app.script("try { return new Function('return 1')() } catch { return 'blocked' }", &[]), "blocked");
    app.script("location.href = 'http://127.0.0.1:9/'; return null", &[]);
    assert_eq!(app.script("return window.open('http://127.0.0.1:9/') === null", &[]), true);
    app.wait_for("start-write");
    assert_eq!(app.script("return location.protocol", &[]), "tauri:");
    app.close();
}

#[test]
fn a_killed_app_starts_again() {
    let place = TempDir::new().unwrap();
    let data = place.path().join("anna");
    let app = App::start(&data);
    app.wait_for("start-write");
    app.kill();
    let app = App::start(&data);
    app.wait_for("start-write");
    app.close();
}
