//! Trouble at home: a database that is damaged when the app starts, a workspace that is shared later, and the log.

use std::fs;
use std::path::{Path, PathBuf};

use inkfold_tests::{App, keys, pictures, wait_until};
use tempfile::TempDir;

use crate::people::{share, wait_for_text, write_alone};

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// Writes over the whole database, as a failing disk may.
fn damage(data: &Path) {
    let found = walk(&data.join("workspaces")).into_iter().filter(|path| path.ends_with("inkfold.db"));
    for database in found {
        let length = fs::metadata(&database).expect("the database can be written").len();
        fs::write(&database, vec![0xA5; length as usize]).expect("the database can be written");
    }
}

/// Takes pictures of what is shown, light and dark, wide and narrow.
fn picture(app: &App, name: &str) {
    for theme in ["light", "dark"] {
        app.script(&format!("document.documentElement.dataset.theme = '{theme}'; return null"), &[]);
        for width in [1200, 480] {
            app.resize(width, 800);
            app.screenshot(&pictures().join(format!("{name}-{theme}-{width}.png")));
        }
    }
    app.script("document.documentElement.dataset.theme = 'light'; return null", &[]);
    app.resize(1200, 800);
}

#[test]
fn a_damaged_database_is_rebuilt_from_the_folder_and_said() {
    let place = TempDir::new().unwrap();
    let (data, folder) = (place.path().join("anna"), place.path().join("shared"));
    fs::create_dir(&folder).unwrap();
    let app = App::start(&data);
    share(&app, "Annabel", &folder);
    app.wait_for("page");
    app.type_keys(&format!("Saltmarsh{}Quicksilver", keys::ENTER));
    app.wait_for_state("whereabouts", "inTheFolder");
    app.close();

    damage(&data);
    let app = App::start(&data);
    app.wait_for("page");
    wait_for_text(&app, &["Quicksilver"]);
    let notice = app.text("notice").unwrap_or_default();
    assert!(notice.contains("damaged") && notice.contains("set-aside-"), "{notice:?}");
    picture(&app, "home-rebuilt");
    app.click_selector("[data-testid=notice] .icon-button");
    wait_until("the notice is to go", || (app.text("notice").as_deref() == Some("")).then_some(()));
    app.close();

    // Once is enough.
    let app = App::start(&data);
    app.wait_for("page");
    wait_for_text(&app, &["Quicksilver"]);
    assert_eq!(app.text("notice").as_deref(), Some(""));
    app.close();

    // The log says what happened, and nothing of what was written, or by whom.
    let log = fs::read_to_string(data.join("log/inkfold.log")).unwrap();
    assert!(log.contains("the database was lost"), "{log}");
    for word in ["Saltmarsh", "Quicksilver", "Annabel"] {
        assert!(!log.contains(word), "{word} is in the log");
    }
}

#[test]
fn without_a_folder_a_damaged_database_is_a_page_that_says_so_and_sharing_later_is_offered() {
    let place = TempDir::new().unwrap();
    let (data, folder) = (place.path().join("anna"), place.path().join("shared"));
    let app = App::start(&data);
    write_alone(&app, "Anna");
    app.wait_for_state("whereabouts", "onThisDevice");
    app.close();

    damage(&data);
    let app = App::start(&data);
    app.wait_for("salvage");
    assert!(app.text("failure").unwrap_or_default().contains("set-aside-"));
    picture(&app, "home-lost");
    app.click("salvage");
    app.wait_for("new-document");

    app.click("workspace-menu");
    app.click("folder-menu");
    app.wait_for("new-folder");
    picture(&app, "home-share");
    app.fill("new-folder", &folder.to_string_lossy());
    app.click("folder-use");
    wait_until("the dialog is to close", || (!app.has("folder-dialog")).then_some(()));
    app.wait_for_state("whereabouts", "inTheFolder");
    app.click("workspace-menu");
    app.click("folder-menu");
    app.wait_for("folder-leave");
    picture(&app, "home-move");
    app.close();
}
