//! The faults, by name, and how often each was injected.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Every fault that the simulator injects: its name and what it is.
///
/// Letters say what it happens to: `n` names that services make, `a` the arrival of files, `f` the file system, `i` the
/// identity of an installation, `w` what the system tells of changes, `h` hostile or broken content.
pub const FAULTS: &[(&str, &str)] = &[
    ("n1", "a conflict copy of Dropbox, in one of three languages"),
    ("n2", "a conflict copy of Syncthing, a version that it keeps, or a temporary file of it"),
    ("n3", "a copy under a computer's name, or a backup, as OneDrive makes them"),
    ("n4", "a conflict copy of Nextcloud or ownCloud, or a partial file of it"),
    ("n5", "rclone bisync renames both sides of a conflict, and the name itself is gone"),
    ("n6", "Google Drive gives a file or a directory a number"),
    ("n7", "iCloud gives a copy a number, or leaves a stub for a file that it has taken away"),
    ("n8", "a conflict copy of Resilio, or a temporary file of it"),
    ("n9", "leftovers of network drives, and files of operating systems"),
    ("n10", "a temporary file of our own that a crash has left"),
    ("a1", "files arrive in any order, later ones first"),
    ("a2", "a file arrives cut"),
    ("a3", "a file arrives with zeros for its end"),
    ("a4", "a file arrives with a bit flipped"),
    ("a5", "the same file is there twice, under two names"),
    ("a6", "an older version of a file comes back"),
    ("a7", "other bytes come under the same size and times"),
    ("a8", "a deleted file comes back"),
    ("a9", "the whole folder is rolled back"),
    ("a10", "a deletion arrives before what replaces the file"),
    ("f1", "a file system that doesn't tell case apart, and names in capitals"),
    ("f2", "a file system that decomposes names"),
    ("f3", "nothing may be read or written: EACCES, EROFS"),
    ("f4", "no space is left: ENOSPC, a quota, with a part of the file written"),
    ("f5", "EIO, EMFILE or EINTR"),
    ("f6", "another program keeps a file open"),
    ("f7", "the power fails after a call"),
    ("f8", "what was not made durable is lost with it: content, or a directory's entry"),
    ("f9", "a link or a directory stands where a file should"),
    ("f10", "the folder is gone, empty, or another workspace's, for a while"),
    ("w1", "the watcher tells nothing"),
    ("w2", "the watcher tells half"),
    ("w3", "the watcher tells everything several times"),
    ("w4", "the watcher tells 50,000 events at once"),
    ("w5", "the watcher dies, and nobody is told"),
    ("w6", "the watcher has lost count: everything has to be looked at again"),
    ("w7", "the watcher tells one half of a renaming"),
    ("i1", "a profile is copied and both copies write"),
    ("i2", "the database is set back, the folder isn't"),
    ("i3", "the folder is set back, the database isn't"),
    ("i4", "database and folder are set back together"),
    ("i5", "a virtual machine goes on from a state of the middle of a session"),
    ("i6", "two processes run on one profile, where locks don't work"),
    ("i7", "both sides of a fork see the other's branch after their own"),
    ("i8", "a clock is off by up to ten years"),
    ("i9", "a second file says that the folder is another workspace"),
    ("i10", "files are cleaned up while a replica is 400 days away"),
    ("h1", "a file of ten gigabytes that hold nothing"),
    ("h2", "more files than are looked at"),
    ("h3", "a small file that unpacks to a large one"),
    ("h4", "lengths and counts that lie"),
    ("h5", "numbers at the top of their range, signed by a real key"),
    ("h6", "a forged signature"),
    ("h7", "a segment of another workspace"),
    ("h8", "two files have changed their names, or one is withheld"),
    ("h9", "a file of a newer format"),
];

/// How often each fault was injected. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Injected>>);

#[derive(Debug, Default)]
struct Injected {
    counts: BTreeMap<&'static str, u64>,
    trace: Vec<String>,
}

impl Tally {
    /// Counts a fault of [`FAULTS`]; `what` is for a trace.
    pub fn count(&self, name: &'static str, what: impl FnOnce() -> String) {
        debug_assert!(FAULTS.iter().any(|(known, _)| *known == name), "{name} has no line in the table");
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *inner.counts.entry(name).or_default() += 1;
        inner.trace.push(format!("{name}: {}", what()));
    }

    /// The counts so far.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    /// What was injected since the last call, in order.
    pub fn take_trace(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).trace)
    }
}
