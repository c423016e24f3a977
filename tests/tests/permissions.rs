//! A shared folder that may not be written, and files in it that may not be read.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inkfold_tests::{Done, binary, path_text};
use rustix::process::geteuid;
use tempfile::TempDir;

/// Whom root's tests run the program as, since root may do anything: nobody.
const NOBODY: u32 = 65_534;

/// A person's data and folder, and the program run in a way that permissions count.
struct Person {
    data: PathBuf,
    program: PathBuf,
}

impl Person {
    fn begin(place: &Path, name: &str) -> Person {
        let (data, program) = (place.join(name), place.join("inkfold"));
        fs::create_dir(&data).expect("a directory");
        give(&data);
        if !program.exists() {
            // Where it was built may be a place that nobody else can look into.
            fs::copy(binary(), &program).expect("a program can be copied");
        }
        Person { data, program }
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let mut command = Command::new(&self.program);
        command.env("INKFOLD_DATA", &self.data).args(arguments).stdin(Stdio::null());
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().expect("the program starts").into()
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> Done {
        let done = self.run(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done
    }

    /// What the document holds, sorted: what is written at the same time has an order that hangs on chance.
    #[track_caller]
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.ok(&["cat", "Plans"]).out.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }
}

/// Gives a file to whoever the program runs as.
fn give(path: &Path) {
    if geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// The directories below a folder, and itself first.
fn directories(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).expect("a directory").flatten().filter(|entry| entry.path().is_dir()) {
        found.extend(directories(&entry.path()));
    }
    found
}

#[test]
fn f3_what_may_not_be_written_or_read_is_said_and_the_rest_goes_on() {
    let place = TempDir::new().expect("a directory");
    allow(place.path(), 0o755);
    let folder = place.path().join("shared");
    fs::create_dir(&folder).expect("a directory");
    give(&folder);
    let [anna, ben] = ["anna", "ben"].map(|name| Person::begin(place.path(), name));
    anna.ok(&["init", "--folder", path_text(&folder), "--person", "Anna"]);
    anna.ok(&["new", "Plans"]);
    anna.ok(&["append", "Plans", "one"]);
    ben.ok(&["join", "--folder", path_text(&folder), "--person", "Ben"]);
    ben.ok(&["append", "Plans", "two"]);

    // Nothing may be written anywhere: words are stored, and it is said where.
    let all = directories(&folder);
    all.iter().for_each(|directory| allow(directory, 0o555));
    let done = anna.ok(&["append", "Plans", "three"]);
    assert!(done.err.contains("on this device") && done.err.contains("permissions"), "{done:?}");
    let done = anna.run(&["sync"]);
    assert!(done.code == Some(1) && done.err.contains("permissions"), "{done:?}");
    // What others wrote is read all the same.
    assert_eq!(anna.lines(), ["one", "three", "two"]);
    all.iter().for_each(|directory| allow(directory, 0o755));
    anna.ok(&["sync"]);
    ben.ok(&["sync"]);
    assert_eq!(ben.lines(), ["one", "three", "two"]);

    // One file may not be read, nor one directory: the rest goes on, and both are named.
    let junk = folder.join("inkfold-data").join("secret.ink");
    fs::write(&junk, "").expect("a file can be written");
    let closed = folder.join("inkfold-data").join("closed");
    fs::create_dir(&closed).expect("a directory");
    [&junk, &closed].into_iter().for_each(|path| (give(path), allow(path, 0)).0);
    ben.ok(&["append", "Plans", "four"]);
    let done = anna.run(&["verify"]);
    assert!(done.code == Some(1) && done.out.contains("secret.ink") && done.out.contains("closed"), "{done:?}");
    anna.run(&["sync"]);
    assert_eq!(anna.lines(), ["four", "one", "three", "two"]);
    // So that it can be cleared away by anybody.
    allow(&closed, 0o755);
}
