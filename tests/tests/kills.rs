//! Whatever was acknowledged is there after a SIGKILL at any moment, and the folder holds nothing that is half there.
//! So many times as the variable `INKFOLD_KILLS` says, or as many as take a few seconds:
//! `INKFOLD_KILLS=500 cargo test -p inkfold-tests --test kills -- --nocapture`.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use inkfold_tests::{Dice, Installation, path_text, shared};
use serde_json::Value;

/// How many kills there are where nothing is said.
const KILLS: usize = 20;
/// After so many kills everything is verified, and somebody else writes, so that there is something to take in while one
/// is killed.
const COMPANY: usize = 5;

#[test]
fn what_was_acknowledged_survives_any_kill() {
    let kills = std::env::var("INKFOLD_KILLS").map_or(KILLS, |number| number.parse().expect("a number of kills"));
    let (place, folder, [anna, ben]) = shared(["anna", "ben"]);
    let document = anna.ok(&["new", "Plans"]);
    ben.ok(&["sync"]);
    let mut trial =
        Trial { anna, folder, document, dice: Dice(42), usual: Duration::ZERO, acknowledged: vec![], words: 0 };
    trial.append_in_peace();
    let mut bens = Vec::new();
    for kill in 0..kills {
        match trial.dice.below(4) {
            0 => trial.kill_who_publishes(),
            1 => trial.kill_who_serves(),
            _ => trial.kill_who_writes(),
        }
        trial.check_words();
        if kill % COMPANY == 0 {
            trial.check_files();
            let word = trial.word();
            ben.ok(&["append", &trial.document, &word]);
            bens.push(word);
        }
    }
    let Trial { anna, folder, document, acknowledged, words, .. } = trial;
    for installation in [&anna, &ben, &anna] {
        installation.ok(&["sync"]);
    }
    let text = anna.ok(&["cat", &document]);
    for word in acknowledged.iter().chain(&bens) {
        assert_eq!(text.matches(word.as_str()).count(), 1, "{word} in {text}");
    }
    assert!((0..words).all(|word| text.matches(&spelled(word)).count() <= 1), "something is twice in {text}");
    let odd: Vec<PathBuf> = files(&folder.join("inkfold-data")).into_iter().filter(|file| is_temporary(file)).collect();
    assert!(odd.is_empty(), "{odd:?} were left behind");
    // Who comes now finds in the folder all that there is.
    let cleo = Installation::new(place.path().join("cleo"));
    cleo.ok(&["join", "--folder", path_text(&folder)]);
    cleo.ok(&["sync"]);
    for installation in [&anna, &ben, &cleo] {
        assert_eq!(installation.ok(&["cat", &document]), text);
        installation.ok(&["verify"]);
    }
    println!("{kills} kills; {} of {words} words were acknowledged, and are there", acknowledged.len() + bens.len());
}

/// An installation that is killed again and again.
struct Trial {
    anna: Installation,
    folder: PathBuf,
    document: String,
    dice: Dice,
    /// How long a command took last that nobody killed.
    usual: Duration,
    acknowledged: Vec<String>,
    words: usize,
}

impl Trial {
    /// A word that was never written before.
    fn word(&mut self) -> String {
        self.words += 1;
        spelled(self.words - 1)
    }

    fn append_in_peace(&mut self) {
        let word = self.word();
        let begun = Instant::now();
        self.anna.ok(&["append", &self.document, &word]);
        self.usual = begun.elapsed();
        self.acknowledged.push(word);
    }

    fn append(&mut self) -> (String, Child) {
        let word = self.word();
        let child = match self.dice.below(3) {
            0 => self.anna.start(&["insert", &self.document, "--at", "0", &word]),
            _ => self.anna.start(&["append", &self.document, &word]),
        };
        (word, child)
    }

    /// Waits for any part of the time that a command takes, or a little longer.
    fn pause(&mut self) {
        let part = self.dice.below(1_200) as u32;
        thread::sleep(self.usual * part / 1_000);
    }

    /// A command that writes and publishes.
    fn kill_who_writes(&mut self) {
        let (word, mut child) = self.append();
        self.pause();
        if kill(&mut child) {
            self.acknowledged.push(word);
        }
    }

    /// The process that other commands hand their words to.
    fn kill_who_serves(&mut self) {
        let server = self.anna.watch();
        let children = [self.append(), self.append()];
        self.pause();
        drop(server);
        for (word, mut child) in children {
            // Who is not answered may do it himself, or say that it failed.
            if child.wait().expect("it is ours").success() {
                self.acknowledged.push(word);
            }
        }
    }

    /// A command that has several files to publish, since the folder was away.
    fn kill_who_publishes(&mut self) {
        let away = self.folder.with_extension("away");
        fs::rename(&self.folder, &away).expect("a folder can be renamed");
        for _ in 0..3 {
            self.append_in_peace();
        }
        fs::rename(&away, &self.folder).expect("a folder can be renamed");
        let mut child = self.anna.start(&["sync"]);
        self.pause();
        kill(&mut child);
    }

    /// All words are there, whatever else has still to be done.
    fn check_words(&self) {
        let text = self.anna.ok(&["cat", &self.document]);
        let lost: Vec<&String> = self.acknowledged.iter().filter(|word| !text.contains(word.as_str())).collect();
        assert!(lost.is_empty(), "{lost:?} are lost; there is {text}");
    }

    /// Nothing is damaged, and whatever isn't whole is known to be temporary.
    fn check_files(&self) {
        let check = self.anna.run(&["verify", "--json"]);
        let check: Value = serde_json::from_str(&check.out).unwrap_or_else(|error| panic!("{error}: {check:?}"));
        assert_eq!(check["store"]["findings"], Value::Array(vec![]), "{check}");
        let list = |name: &str| check["folder"][name].as_array().expect("a list");
        let damaged: Vec<&Value> = list("waiting")
            .iter()
            .chain(list("refused"))
            .filter(|file| !is_temporary(file["path"].as_str().unwrap_or_default().as_ref()))
            .collect();
        assert!(damaged.is_empty(), "{damaged:?}");
    }
}

/// Kills a command; whether it had done its work before.
fn kill(child: &mut Child) -> bool {
    let _ = child.kill();
    child.wait().expect("it is ours").success()
}

fn spelled(word: usize) -> String {
    format!("[{word}]")
}

fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tmp")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
