//! A power cut while somebody types.

use std::fs;
use std::thread;
use std::time::Duration;

use inkfold_tests::{App, Place, wait_until};
use serde_json::Value;
use tempfile::TempDir;

use crate::people::{blocks_of, share, write_alone};

/// The page's text and where the status line says that it is, at one moment.
const SEEN: &str = "const page = document.querySelector('.ProseMirror');
    return [page.textContent, document.querySelector('[data-testid=whereabouts]').dataset.state]";

#[test]
fn what_was_called_safe_is_there_after_a_kill() {
    let place = TempDir::new().unwrap();
    let data = place.path().join("anna");
    let app = App::start(&data);
    write_alone(&app, "Anna");
    // Whenever it ends: within a key's way to the disk, or between two.
    kill_again_and_again(app, &[90, 410, 733]);
}

#[test]
fn what_was_called_safe_is_there_after_a_kill_with_a_folder() {
    let place = TempDir::new().unwrap();
    let (data, folder) = (place.path().join("anna"), place.path().join("shared"));
    fs::create_dir(&folder).unwrap();
    let app = App::start(&data);
    share(&app, "Anna", &folder);
    app.wait_for("page");
    kill_again_and_again(app, &[251, 577]);
}

fn kill_again_and_again(mut app: App, moments: &[u64]) {
    let mut safe = String::new();
    for moment in moments {
        let data = app.data().to_path_buf();
        let length = safe_length(&app);
        app.select(Place::new(0, length), Place::new(0, length));
        let first = app.script(SEEN, &[])[0].as_str().unwrap_or_default().to_owned();
        assert!(first.starts_with(&safe), "{first:?} does not begin with {safe:?}");

        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(*moment));
                app.strike();
            });
            // Until the window answers no more.
            for key in 0.. {
                if app.try_type(&format!("{key} ")).is_err() {
                    break;
                }
                let Ok(seen) = app.try_script(SEEN) else { break };
                if matches!(seen[1].as_str(), Some("onThisDevice" | "inTheFolder")) {
                    seen[0].as_str().unwrap_or_default().clone_into(&mut safe);
                }
            }
        });
        app.bury();

        app = App::start(&data);
        app.wait_for("page");
        let shown = wait_until("the document is to be shown", || {
            app.script(SEEN, &[])[0].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        });
        assert!(shown.starts_with(&safe), "{safe:?} was called safe, and there is {shown:?}");
        let document = app.shown().expect("a document is shown");
        assert_eq!(app.stored(&document)["blocks"], blocks_of(&app.document()));
    }
    assert!(!safe.is_empty(), "nothing was ever called safe");
    app.close();
}

fn safe_length(app: &App) -> u64 {
    match &app.script(SEEN, &[])[0] {
        Value::String(text) => text.encode_utf16().count() as u64,
        _ => 0,
    }
}
