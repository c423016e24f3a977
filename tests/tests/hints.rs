//! Hints of changes in the folder: none at all, and far too many.

#![cfg(unix)]

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use inkfold_tests::{Installation, shared, wait_until};

/// Ben writes; Anna's watching process is to see it.
#[track_caller]
fn what_ben_writes_reaches_anna(anna: &Installation, ben: &Installation) {
    ben.ok(&["append", "Plans", "from Ben"]);
    wait_until("what Ben wrote comes in by itself", || anna.ok(&["cat", "Plans"]).ends_with("from Ben").then_some(()));
}

#[test]
fn without_any_hint_a_change_is_seen_within_the_interval() {
    let (_place, _, [anna, ben]) = shared(["anna", "ben"]);
    anna.ok(&["new", "Plans"]);
    ben.ok(&["sync"]);
    let mut command = anna.command(&["sync", "--watch"]);
    command.env("INKFOLD_NO_WATCHER", "1");
    let running = anna.watch_with(command);
    what_ben_writes_reaches_anna(&anna, &ben);
    assert_eq!(running.end(), Some(0));
}

#[test]
fn hints_without_end_keep_nobody_from_looking() {
    let (_place, folder, [anna, ben]) = shared(["anna", "ben"]);
    anna.ok(&["new", "Plans"]);
    ben.ok(&["sync"]);
    let running = anna.watch();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // As when a large file arrives in the same folder.
        scope.spawn(|| {
            for i in 0_u64.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                fs::write(folder.join("film.part"), i.to_le_bytes()).expect("a file can be written");
            }
        });
        let seen = std::panic::catch_unwind(|| what_ben_writes_reaches_anna(&anna, &ben));
        over.store(true, Ordering::Relaxed);
        seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    assert_eq!(running.end(), Some(0));
}
