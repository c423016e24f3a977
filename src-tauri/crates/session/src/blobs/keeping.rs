//! Which blobs have to be published, and when. What was added here is published as soon as the folder lacks it, or its file
//! there turns out to be damaged. What was only fetched is left to who added it for a day, as with records; after that
//! whoever holds it brings it back.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;

use inkfold_engine::{ReplicaId, WorkspaceId};
use inkfold_folder::blob::{BlobError, BlobFile, BlobFiles, copy_blob};
use inkfold_folder::fs::Facts;
use inkfold_folder::policy::SETTLED;
use inkfold_folder::{FileHash, FileSystem, Publisher, RealFileSystem, RelativePath};

use super::LocalBlobs;
use super::whole::Whole;
use crate::rescue::delay;
use crate::surroundings::{Around, Moment};

/// What reading a file came to that should hold a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Whole,
    Damaged,
    /// It could not be read, or became another one meanwhile.
    Unknown,
}

/// Opens a blob that is here.
type Open<'a> = dyn Fn(&FileHash) -> io::Result<Box<dyn io::Read + Send>> + 'a;

/// What is known of the folder's files of the blobs here.
pub(crate) struct Keeping {
    blobs: LocalBlobs,
    around: Around,
    whole: Whole,
    /// Files that are damaged, as they were when they were read.
    damaged: BTreeMap<FileHash, Facts>,
    /// Since when the folder lacks what was only fetched.
    missing: BTreeMap<FileHash, Moment>,
    /// Files of what was added here that look different from when they were whole.
    doubtful: VecDeque<(FileHash, BlobFile)>,
}

impl Keeping {
    pub fn new(blobs: LocalBlobs, around: Around) -> Self {
        let whole = Whole::read(blobs.whole());
        let (damaged, missing) = (BTreeMap::new(), BTreeMap::new());
        Keeping { blobs, around, whole, damaged, missing, doubtful: VecDeque::new() }
    }

    /// Publishes what is due into a folder with these files. Says how many of the blobs that were added here are not in it
    /// afterwards.
    pub fn publish(&mut self, root: &Path, files: &BlobFiles, by: &ReplicaId, open: &Open<'_>) -> io::Result<usize> {
        let around = self.around.clone();
        let publisher = Publisher::new(&RealFileSystem, around.clock(), root);
        let put = |hash: &FileHash, size: u64, damaged: Option<&Facts>| {
            let published = publisher.publish_blob(hash, size, by, damaged, &|| open(hash));
            published.inspect_err(|error| tracing::warn!(code = error.code(), "{error}")).is_ok()
        };
        let own = self.blobs.own()?;
        let mut outstanding = own.len();
        self.doubtful.clear();
        for (hash, size) in own {
            let there = files.named(&hash).filter(|file| file.facts.size == size);
            let damaged = there.map(|file| file.facts).filter(|facts| self.damaged.get(&hash) == Some(facts));
            match there.filter(|_| damaged.is_none()) {
                // To read what a service holds elsewhere would fetch it.
                Some(file) if file.facts.offline || self.whole.is_known(&hash, &file.facts) => {}
                Some(file) => self.doubtful.push_back((hash, file.clone())),
                None => {
                    if !put(&hash, size, damaged.as_ref()) {
                        return Ok(outstanding);
                    }
                    if let Ok(facts) = RealFileSystem.facts(&RelativePath::blob(&hash).below(root)) {
                        self.whole.note(hash, &facts);
                    }
                }
            }
            outstanding -= 1;
        }
        self.whole.keep();
        self.publish_held(files, by, &put)?;
        Ok(outstanding)
    }

    /// Publishes what was only fetched and the folder has lacked for long. Of several who hold it mostly one should do it.
    fn publish_held(
        &mut self,
        files: &BlobFiles,
        by: &ReplicaId,
        put: &dyn Fn(&FileHash, u64, Option<&Facts>) -> bool,
    ) -> io::Result<()> {
        let now = self.around.moment();
        let mut missing = BTreeMap::new();
        for (hash, size) in self.blobs.held()? {
            if files.may_hold(&hash, size) {
                continue;
            }
            let since = *self.missing.get(&hash).unwrap_or(&now);
            let is_due = self.around.since(since) >= SETTLED + delay(by, &hash.0);
            if !is_due || !put(&hash, size, None) {
                missing.insert(hash, since);
            }
        }
        self.missing = missing;
        Ok(())
    }

    /// The next file of which it has to be read whether it is still whole.
    pub fn next_doubtful(&mut self) -> Option<(FileHash, BlobFile)> {
        self.doubtful.pop_front()
    }

    /// A file was read. True if its blob has to be published again.
    pub fn checked(&mut self, hash: FileHash, facts: Facts, check: Check) -> bool {
        match check {
            Check::Whole => self.whole.note(hash, &facts),
            Check::Damaged => {
                tracing::warn!(
                    blob = hash.h16(),
                    "an image or attachment is damaged in the folder; it is published again"
                );
                self.damaged.insert(hash, facts);
            }
            Check::Unknown => {}
        }
        check == Check::Damaged
    }

    /// Keeps for later runs what was found out.
    pub fn keep(&mut self) {
        self.whole.keep();
    }
}

/// Reads a file that should hold a blob.
pub(crate) fn check(
    root: &Path,
    workspace: &WorkspaceId,
    hash: &FileHash,
    file: &BlobFile,
    stop: &dyn Fn() -> bool,
) -> Check {
    let path = root.join(&file.path);
    let Ok(mut from) = RealFileSystem.open(&path) else { return Check::Unknown };
    let read = copy_blob(&mut *from, &mut io::sink(), workspace, hash, stop);
    if !RealFileSystem.facts(&path).is_ok_and(|facts| facts == file.facts) {
        return Check::Unknown;
    }
    match read {
        Ok(_) => Check::Whole,
        Err(BlobError::Refused(_)) => Check::Damaged,
        Err(_) => Check::Unknown,
    }
}
