//! Looking through the shared folder for what is new. The watcher only makes it sooner.

mod file;
mod report;
mod root;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use inkfold_engine::{ReplicaId, WorkspaceId};

use crate::fs::{Clock, Facts, FileSystem, Kind};
use crate::kind::{FileKind, MAX_CHECKPOINT_BYTES, is_blob};
use crate::layout::{DATA_DIRECTORY, RelativePath};
use crate::memory::{Memory, Row, Seen, Verdict};
use crate::segment::FileHash;

pub use file::{Content, NewFile};
pub use report::{OwnSeen, RefusedFile, ScanReport, Trouble};
pub use root::RootState;

/// More files than this are not looked at; the scan is then not complete.
pub const MAX_FILES: usize = 200_000;
/// Directories within directories are followed this far below the root.
pub const MAX_DEPTH: usize = 6;
/// How many bytes of unchanged refused files are read again in one scan.
pub const MAX_REREAD_BYTES: u64 = 64 << 20;
/// A file that changed this shortly before it was read could change again without a trace in its times.
const FRESH_NANOS: u64 = 3_000_000_000;
/// Enough of a file to tell what it is.
const START_BYTES: usize = 64;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct ScanRequest {
    /// The workspace that the folder should hold.
    pub workspace: WorkspaceId,
    /// Whose directory is our own.
    pub replica: ReplicaId,
}

/// Who takes what a scan finds.
pub trait Taker {
    /// The folder has been listed: so many files are new or have changed, of so many bytes together.
    fn begin(&mut self, files: usize, bytes: u64);

    /// Before each of them: whether the scan is to go on. It isn't complete otherwise.
    fn goes_on(&mut self) -> bool;

    /// Whether a file with this content has come in as a part of a checkpoint.
    fn has_taken(&self, _: &FileHash) -> bool {
        false
    }

    /// Takes a sound file and says what became of it; what is in it should be durable before that is
    /// [`Taken`](Verdict::Taken).
    fn take(&mut self, file: NewFile) -> Verdict;
}

/// Takes everything, a file at a time.
struct Each<'a>(&'a mut dyn FnMut(NewFile) -> Verdict);

impl Taker for Each<'_> {
    fn begin(&mut self, _: usize, _: u64) {}

    fn goes_on(&mut self) -> bool {
        true
    }

    fn take(&mut self, file: NewFile) -> Verdict {
        (self.0)(file)
    }
}

/// As [`scan_for`], where `take` takes each file that is found.
pub fn scan(
    files: &dyn FileSystem,
    clock: &dyn Clock,
    root: &Path,
    request: &ScanRequest,
    memory: &mut Memory,
    take: &mut dyn FnMut(NewFile) -> Verdict,
) -> ScanReport {
    scan_for(files, clock, root, request, memory, &mut Each(take))
}

/// Looks through the root's own files and its data directories, and hands over each sound file that is new.
///
/// May block for long where a service has to fetch files: never call it on the window's thread.
pub fn scan_for(
    files: &dyn FileSystem,
    clock: &dyn Clock,
    root: &Path,
    request: &ScanRequest,
    memory: &mut Memory,
    taker: &mut dyn Taker,
) -> ScanReport {
    match files.is_directory(root) {
        Ok(true) => {}
        Ok(false) => return ScanReport::new(RootState::Missing),
        Err(error) => return ScanReport::new(RootState::Unreadable(error.to_string())),
    }
    let mut walk = Walk {
        files,
        root,
        replica: request.replica,
        own_directory: Path::new(DATA_DIRECTORY).join(request.replica.to_string()),
        own_acknowledgement: RelativePath::acknowledgement(&request.replica).below(Path::new("")),
        now: clock.wall_nanos(),
        memory,
        report: ScanReport::new(RootState::Ready),
        ignores_case: false,
        seen: HashSet::new(),
        directory: (PathBuf::new(), None),
        reread: MAX_REREAD_BYTES,
    };
    (walk.report.complete, walk.report.own_complete) = (true, true);
    let mut candidates = Vec::new();
    walk.report.root = match walk.look_at_root(&request.workspace, &mut candidates) {
        Ok(state) => state,
        Err(error) if error.kind() == io::ErrorKind::NotFound => RootState::Missing,
        Err(error) => RootState::Unreadable(error.to_string()),
    };
    if !walk.report.root.is_usable() {
        (walk.report.complete, walk.report.own_complete) = (false, false);
        return walk.report;
    }
    // Low numbers first, so that few have to wait; and first what others build on.
    let mut changed = Vec::new();
    let (mut files, mut bytes) = (0, 0);
    for Candidate { path, facts } in candidates {
        walk.report.bytes += facts.size;
        match walk.memory.known(&path, &facts) {
            Some(None) => {
                walk.report.files += 1;
                walk.seen.insert(path);
            }
            Some(Some((kind, hash))) => walk.still_sound(path, facts, kind, hash),
            None => {
                // What was refused is read again without being news.
                if walk.memory.unchanged(&path, &facts).is_none() {
                    files += 1;
                    bytes += facts.size.min(MAX_CHECKPOINT_BYTES as u64);
                }
                changed.push(Candidate { path, facts });
            }
        }
    }
    changed.sort_by_cached_key(|candidate| in_order(&candidate.path));
    taker.begin(files, bytes);
    for candidate in changed {
        if !taker.goes_on() {
            (walk.report.complete, walk.report.own_complete) = (false, false);
            break;
        }
        walk.look_at_file(candidate, &request.workspace, taker);
    }
    if walk.report.complete {
        walk.memory.keep(&walk.seen);
    }
    walk.report
}

/// A file that may be one of ours.
struct Candidate {
    path: PathBuf,
    facts: Facts,
}

fn in_order(path: &Path) -> (FileKind, u64, PathBuf) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let digits = &name[..name.bytes().take_while(u8::is_ascii_digit).count()];
    let kind = FileKind::claimed_by(path).unwrap_or(FileKind::Segment);
    (kind, digits.parse().unwrap_or(u64::MAX), path.to_owned())
}

struct Walk<'a> {
    files: &'a dyn FileSystem,
    root: &'a Path,
    replica: ReplicaId,
    own_directory: PathBuf,
    own_acknowledgement: PathBuf,
    now: i64,
    memory: &'a mut Memory,
    report: ScanReport,
    /// The disk takes names for the same that differ only in case, and a service or a disk may have changed those of ours.
    ignores_case: bool,
    seen: HashSet<PathBuf>,
    /// The directory of the last file, and whose it is.
    directory: (PathBuf, Option<ReplicaId>),
    reread: u64,
}

impl Walk<'_> {
    fn look_into(&mut self, directory: &Path, depth: usize, candidates: &mut Vec<Candidate>) {
        let room = MAX_FILES.saturating_sub(candidates.len() + self.report.blobs.len());
        let listing = match self.files.list(&self.root.join(directory), room) {
            Ok(listing) => listing,
            Err(error) => return self.trouble(directory.to_owned(), &error),
        };
        if listing.cut {
            self.report.too_many |= listing.entries.len() == room;
            self.missed(directory);
            let message = format!("more than {MAX_FILES} files, or some that can't be listed");
            self.report.trouble.push(Trouble { path: directory.to_owned(), message });
        }
        let mut directories = Vec::new();
        for entry in listing.entries {
            let path = directory.join(&entry.name);
            match entry.facts {
                Ok(facts) if facts.kind == Kind::File && is_blob(&path) => self.blob(path, &facts),
                Ok(facts) if facts.kind == Kind::File => candidates.push(Candidate { path, facts }),
                Ok(facts) if facts.kind == Kind::Directory => {
                    if depth < MAX_DEPTH {
                        // Replicas' own come first: however many files lie beside them, theirs are looked at.
                        let is_replica = entry.name.to_str().is_some_and(|name| name.parse::<ReplicaId>().is_ok());
                        directories.push((!is_replica, path));
                    } else {
                        let message = "directories too deep within each other".to_owned();
                        self.report.trouble.push(Trouble { path, message });
                    }
                }
                Ok(_) => {}
                Err(error) => self.trouble(path, &error),
            }
        }
        directories.sort_unstable();
        for (_, path) in directories {
            self.look_into(&path, depth + 1, candidates);
        }
    }

    fn blob(&mut self, path: PathBuf, facts: &Facts) {
        self.report.files += 1;
        self.report.bytes += facts.size;
        self.report.blobs.insert(path, facts.size);
    }

    fn remember(&mut self, path: PathBuf, facts: Facts, seen: Seen) {
        self.seen.insert(path.clone());
        // Without a change that is safely in the past, the next one may leave the same times.
        // Times far ahead come from clocks that are wrong and say nothing.
        let changed = if facts.changed == 0 { facts.modified } else { facts.changed };
        let near = self.now.abs_diff(changed) < FRESH_NANOS;
        let fresh = near && self.memory.unchanged(&path, &facts).is_none();
        self.memory.note(path, Row { facts, fresh, seen });
    }

    /// An entry that could not be looked at. One that just vanished is no trouble, but the scan isn't complete.
    fn trouble(&mut self, path: PathBuf, error: &io::Error) {
        self.missed(&path);
        if error.kind() != io::ErrorKind::NotFound {
            self.report.trouble.push(Trouble { path, message: error.to_string() });
        }
    }

    /// A path of ours as we would write it, where the disk takes the two for the same.
    fn plain<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        match path.to_str() {
            Some(path) if self.ignores_case => Cow::Owned(path.to_ascii_lowercase().into()),
            _ => Cow::Borrowed(path),
        }
    }

    /// Something at this path, or below it, was not looked at.
    fn missed(&mut self, path: &Path) {
        let path = self.plain(path);
        self.report.complete = false;
        self.report.own_complete &= !path.starts_with(&self.own_directory) && !self.own_directory.starts_with(&path);
    }
}
