//! What a scan saw.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use inkfold_engine::ReplicaId;

use super::RootState;
use crate::refusal::Refusal;
use crate::segment::FileHash;

/// A file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// Where it lies, below the root.
    pub path: PathBuf,
    /// Why.
    pub refusal: Refusal,
    /// An earlier scan saw it just so. Files that are still arriving are not worth showing until then.
    pub again: bool,
}

/// A place that could not be looked at; the rest was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where, below the root.
    pub path: PathBuf,
    /// What the system said.
    pub message: String,
}

/// A file in our own directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSeen {
    /// The hash of its content; none where it can't be ours.
    pub hash: Option<FileHash>,
    /// Its size in bytes.
    pub size: u64,
}

/// What a scan saw.
#[derive(Debug)]
pub struct ScanReport {
    /// How the folder itself stands.
    pub root: RootState,
    /// Everything was looked at: only then may absence mean anything.
    pub complete: bool,
    /// Our own directory was looked at whole, or isn't there: only then may anything be published.
    pub own_complete: bool,
    /// There are more files than [`MAX_FILES`](super::MAX_FILES); the others were not looked at.
    pub too_many: bool,
    /// Files that can't be used.
    pub refused: Vec<RefusedFile>,
    /// Places that could not be looked at.
    pub trouble: Vec<Trouble>,
    /// The files in our own directory, by name.
    pub own: BTreeMap<String, OwnSeen>,
    /// What lies where our own acknowledgement belongs, if it can be read.
    pub own_acknowledgement: Option<FileHash>,
    /// All sound segments in the folder, under whatever name.
    pub present: BTreeSet<FileHash>,
    /// Those of them that lie under the names which their publishers gave them. Other names may be those of files that one
    /// computer's service keeps for itself, or takes away as it likes: nobody else may ever get those.
    pub kept: BTreeSet<FileHash>,
    /// How many bytes these have.
    pub kept_bytes: u64,
    /// The sound parts of checkpoints under the names which their publishers gave them, with their sizes in bytes.
    pub checkpoints: BTreeMap<FileHash, u64>,
    /// Those of the segments that lie in other replicas' directories: the least of these replicas.
    pub homes: BTreeMap<FileHash, ReplicaId>,
    /// The sound presences in the folder, by the hashes of their files.
    pub presences: BTreeSet<FileHash>,
    /// Attachments, by path below the root, with their size in bytes. None was opened.
    pub blobs: BTreeMap<PathBuf, u64>,
    /// Bytes of the files looked at, by their sizes.
    pub bytes: u64,
    /// Sound files that were handed over.
    pub handed_over: usize,
    /// Files looked at.
    pub files: usize,
    /// Files read.
    pub read: usize,
}

impl ScanReport {
    pub(super) fn new(root: RootState) -> Self {
        Self {
            root,
            complete: false,
            own_complete: false,
            too_many: false,
            refused: Vec::new(),
            trouble: Vec::new(),
            own: BTreeMap::new(),
            own_acknowledgement: None,
            present: BTreeSet::new(),
            presences: BTreeSet::new(),
            homes: BTreeMap::new(),
            kept: BTreeSet::new(),
            kept_bytes: 0,
            checkpoints: BTreeMap::new(),
            blobs: BTreeMap::new(),
            bytes: 0,
            handed_over: 0,
            files: 0,
            read: 0,
        }
    }
}
