//! How the folder stands, in the window: what isn't well, and that it is well again.

use std::fs;

use inkfold_tests::{App, command_line, pictures, wait_until};
use serde_json::json;
use tempfile::TempDir;

use crate::people::join;

#[test]
fn a_file_that_is_cut_is_told_and_forgotten_once_it_is_gone() {
    let place = TempDir::new().unwrap();
    let (annas, folder) = (place.path().join("anna"), place.path().join("shared"));
    fs::create_dir(&folder).unwrap();
    for arguments in [
        &["init", "--person", "Anna", "--folder", &*folder.to_string_lossy()][..],
        &["new", "Tour"],
        &["append", "Tour", "Monday: the hut."],
        &["sync"],
    ] {
        assert!(command_line(&annas, arguments).status.success(), "{arguments:?}");
    }
    let ben = App::start(&place.path().join("ben"));
    join(&ben, "Ben", &folder);
    ben.wait_for("page");

    let cut = folder.join("inkfold-data").join("cut.ink");
    fs::write(&cut, b"").unwrap();
    // It may still be arriving, so it is told once it has stayed as it is for a while.
    wait_until("the file is to be told", || {
        ben.invoke("look_again", json!({})).expect("the folder works");
        ben.has("files").then_some(())
    });
    ben.click("files");
    ben.wait_for("health-problem");
    assert_eq!(ben.attribute("health-headline", "data-tone").as_deref(), Some("alarm"));
    let told = ben.text("health-problem").unwrap_or_default();
    assert!(told.contains("cut.ink") && told.contains("Wait until"), "{told}");
    let people = ben.text("health-person").unwrap_or_default();
    assert!(people.contains("Anna") && people.contains("Last seen"), "{people}");
    ben.screenshot(&pictures().join("health.png"));

    fs::remove_file(&cut).unwrap();
    ben.click("look-again");
    wait_until("all is well", || {
        (ben.attribute("health-headline", "data-tone").as_deref() == Some("well")).then_some(())
    });
    assert!(!ben.has("health-problem"));
    ben.click("health-close");
    assert!(!ben.has("health-dialog"));
    ben.close();
}
