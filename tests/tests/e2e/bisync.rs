//! Two installations whose folders somebody keeps alike now and then with `rclone bisync`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use inkfold_tests::{Done, Installation, path_text};
use tempfile::TempDir;

use crate::third::{Third, contents};

/// Runs rclone between two folders; with `--resync` the first time.
#[track_caller]
fn bisync(place: &Path, folders: [&Path; 2], options: &[&str]) {
    let output = Command::new("rclone")
        .arg("bisync")
        .args(folders)
        .args(options)
        .arg("--workdir")
        .arg(place.join("rclone"))
        // Nobody's own settings are to be found.
        .env("RCLONE_CONFIG", place.join("rclone.conf"))
        .stdin(Stdio::null())
        .output()
        .expect("this test needs rclone; `cargo xtask test` installs it");
    let done = Done::from(output);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
}

#[test]
fn what_bisync_finds_in_conflict_is_kept() {
    let place = TempDir::new().unwrap();
    let [annas, bens] = ["annas", "bens"].map(|name| place.path().join(name));
    fs::create_dir(&bens).unwrap();
    let carry = |options: &[&str]| bisync(place.path(), [&annas, &bens], options);
    let [anna, ben] = ["anna", "ben"].map(|name| Installation::new(place.path().join(name)));

    anna.ok(&["init", "--folder", path_text(&annas), "--person", "Anna"]);
    let document = anna.ok(&["new", "Logbook"]);
    anna.ok(&["append", &document, "Anna: one"]);
    let cleo = Third::begin(place.path(), &annas, &document);
    let first = cleo.write("Cleo: one");
    cleo.bring(&annas);
    carry(&["--resync"]);
    ben.ok(&["join", "--folder", path_text(&bens), "--person", "Ben"]);
    for installation in [&anna, &ben] {
        installation.ok(&["sync"]);
        assert_eq!(installation.ok(&["cat", &document]), "Anna: one\nCleo: one");
    }

    // Between two runs both write, and one file becomes another one in each folder. Nothing else holds what they hold.
    cleo.write("Cleo: two").bring_as(&annas, &first.path);
    cleo.write("Cleo: three").bring_as(&bens, &first.path);
    anna.ok(&["append", &document, "Anna: two"]);
    ben.ok(&["append", &document, "Ben: one"]);
    carry(&[]);
    for folder in [&annas, &bens] {
        let contents = contents(folder);
        let name = path_text(&first.path);
        let copies = contents.keys().filter(|path| path_text(path).starts_with(name));
        assert_eq!((copies.count(), contents.contains_key(&first.path)), (2, false), "{:?}", contents.keys());
    }

    for installation in [&ben, &anna] {
        installation.ok(&["sync"]);
    }
    let text = anna.ok(&["cat", &document]);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["Anna: one", "Anna: two", "Ben: one", "Cleo: one", "Cleo: three", "Cleo: two"]);
    for installation in [&anna, &ben] {
        assert_eq!(installation.ok(&["cat", &document]), text);
        assert!(installation.has_taken_in_everything(), "{:?}", installation.run(&["verify"]));
    }
    assert_eq!(anna.ok(&["log", &document]), ben.ok(&["log", &document]));

    // Another time changes nothing.
    carry(&[]);
    for installation in [&anna, &ben] {
        installation.ok(&["sync"]);
    }
    let now = [&annas, &bens].map(|folder| contents(folder));
    carry(&[]);
    for installation in [&anna, &ben] {
        installation.ok(&["sync"]);
    }
    assert_eq!([&annas, &bens].map(|folder| contents(folder)), now);
    assert_eq!(now[0], now[1]);
    assert_eq!(ben.ok(&["cat", &document]), text);
}
