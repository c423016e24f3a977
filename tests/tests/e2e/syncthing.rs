//! Two people whose folders Syncthing keeps alike, and a third whose file it finds in conflict.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use inkfold_tests::{Installation, Place, Syncthing, path_text, wait_until};
use tempfile::TempDir;

use crate::people::Pair;
use crate::third::{Contents, Third, contents};

#[test]
fn nothing_is_lost_to_being_cut_off_nor_to_conflict_copies() {
    let place = TempDir::new().unwrap();
    let thirds = TempDir::new().unwrap();
    let folders = ["annas", "bens"].map(|name| place.path().join(name));
    folders.iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let [annas, bens] = folders.each_ref().map(|folder| folder.as_path());
    let syncthing = Syncthing::start(place.path(), [annas, bens]);
    let pair = Pair::begin_in(place, annas, bens, "Logbook", "Anna:\nBen:");

    // Both write at the same time, and Cleo's first words arrive at Anna's.
    let cleo = Third::begin(thirds.path(), annas, &pair.document);
    let mut lines = ["Anna:".to_owned(), "Ben:".to_owned()];
    write(&pair, &mut lines);
    let first = cleo.write("Cleo: one");
    cleo.bring(annas);
    pair.wait_for_text(&[&lines[0], &lines[1], "Cleo: one"]);
    wait_until("Cleo's file is to be in both folders", || bens.join(&first.path).exists().then_some(()));

    // While they are cut off from each other both write, and into their own directories only.
    syncthing.cut();
    let before = [annas, bens].map(contents);
    write(&pair, &mut lines);
    for app in [&pair.anna, &pair.ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
    }
    let writers = [0, 1].map(|i| writers(&before[i], &contents(&folders[i])));
    assert!(writers.iter().all(|writers| writers.len() == 1) && writers[0] != writers[1], "{writers:?}");

    // One file becomes another one in each folder. Nothing else holds what they hold.
    cleo.write("Cleo: two").bring_as(annas, &first.path);
    cleo.write("Cleo: three").bring_as(bens, &first.path);
    syncthing.mend();
    pair.wait_for_text(&[&lines[0], &lines[1], "Cleo: one", "Cleo: two", "Cleo: three"]);
    wait_until("the folders are to be alike, with a conflict copy in each", || {
        let [annas, bens] = [annas, bens].map(contents);
        let is_copy = |path: &Path| path_text(path).contains(".sync-conflict-");
        (annas == bens && annas.keys().any(|path| is_copy(path))).then_some(())
    });
    pair.agree();

    // Nothing was refused, nothing waits, and both have the same events.
    let stores = [&pair.anna, &pair.ben].map(|app| Installation::new(app.data()));
    for store in &stores {
        wait_until("everything is to be taken in", || store.has_taken_in_everything().then_some(()));
    }
    let logs = stores.each_ref().map(|store| store.ok(&["log", &pair.document]));
    assert_eq!(logs[0], logs[1]);
    pair.close();
}

/// Both write at the end of their own lines, a word after another.
fn write(Pair { anna, ben, .. }: &Pair, lines: &mut [String; 2]) {
    let people = [(anna, 0), (ben, 1)];
    for (app, line) in people {
        let end = Place::new(line as u64, lines[line].len() as u64);
        app.select(end, end);
    }
    for word in 0..10 {
        for (app, line) in people {
            let word = format!(" {word}");
            app.type_keys(&word);
            lines[line].push_str(&word);
        }
    }
    for (app, line) in people {
        wait_until("the words are to be on the page", || app.paragraphs().contains(&lines[line]).then_some(()));
    }
}

/// Whose files have come, gone or changed between two moments: files lie in directories of their writer's name, or have
/// that name.
fn writers(before: &Contents, after: &Contents) -> BTreeSet<String> {
    let changed = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
    let name = |path: &Path| path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    changed
        .map(|path| match path.parent().map(name).as_deref() {
            Some("acks" | "presence") | None => name(path),
            Some(writer) => writer.to_owned(),
        })
        .collect()
}
