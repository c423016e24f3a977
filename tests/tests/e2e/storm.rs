//! Very much arrives at once while somebody types.

use std::fs;
use std::thread;

use inkfold_tests::{App, Place, keys, wait_until};
use tempfile::TempDir;

use crate::figures::{numbers, tell};
use crate::people::{blocks_of, share};
use crate::third::Third;

/// Events that arrive, a character each.
const EVENTS: usize = 50_000;
/// In so many files.
const FILES: usize = 10;
/// And so many paragraphs a file.
const PARAGRAPHS: usize = 50;
/// So often a file that is none of ours changes meanwhile.
const NOISE: u64 = 50_000;

/// Notes how long it takes from each key to the frame that shows it.
const NOTE_FRAMES: &str = "window.noted = [];
    addEventListener('keydown', () => {
        const pressed = performance.now();
        requestAnimationFrame(() => setTimeout(() => noted.push(performance.now() - pressed)));
    }, true)";

#[test]
fn fifty_thousand_events_at_once_let_nobody_wait_for_ever() {
    let place = TempDir::new().unwrap();
    through_a_storm(place, App::start);
}

#[test]
#[ignore = "figures for people, taken by hand"]
fn key_to_frame_in_a_storm() {
    let place = TempDir::new().unwrap();
    let mut frames = through_a_storm(place, App::start_for_figures);
    tell("key to frame while 50,000 events arrive, ms", &mut frames);
}

/// How long each key took to the next frame.
fn through_a_storm(place: TempDir, start: impl FnOnce(&std::path::Path) -> App) -> Vec<f64> {
    let folder = place.path().join("shared");
    fs::create_dir(&folder).expect("a folder to share");
    let anna = start(&place.path().join("anna"));
    share(&anna, "Anna", &folder);
    anna.wait_for("page");
    anna.type_keys(&format!("Storm{}Anna:", keys::ENTER));
    anna.wait_for_state("whereabouts", "inTheFolder");
    let document = anna.shown().expect("a document is shown");

    let cleo = Third::begin(place.path(), &folder, &document);
    let paragraphs: Vec<String> = (0..FILES * PARAGRAPHS)
        .map(|i| {
            let length = EVENTS / FILES / PARAGRAPHS - 1;
            format!("{i} {}", "storm ".repeat(length))[..length].to_owned()
        })
        .collect();
    for part in paragraphs.chunks(PARAGRAPHS) {
        cleo.append(&part.join("\n"));
    }

    anna.script(NOTE_FRAMES, &[]);
    anna.select(Place::new(0, 5), Place::new(0, 5));
    let mut line = String::from("Anna:");
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..NOISE)
                .for_each(|i| fs::write(folder.join("film.part"), i.to_le_bytes()).expect("a file can be written"))
        });
        scope.spawn(|| cleo.bring(&folder));
        wait_until("all is to be on the page", || {
            anna.type_keys("x");
            line.push('x');
            let count = "return document.querySelector('.ProseMirror').children.length";
            (anna.script(count, &[]) == 1 + paragraphs.len()).then_some(())
        });
    });
    let shown = anna.paragraphs();
    assert_eq!(shown[0], line);
    assert!(shown[1..].iter().eq(&paragraphs), "something is missing or in another order");
    anna.wait_for_state("whereabouts", "inTheFolder");
    assert_eq!(anna.stored(&document)["blocks"], blocks_of(&anna.document()));
    let frames = numbers(&anna.script("return noted", &[]));
    anna.close();
    frames
}
