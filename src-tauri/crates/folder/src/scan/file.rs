//! One file of a scan: whether it has to be read, how much of it, and what it turns out to be.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use inkfold_engine::{ReplicaId, WorkspaceId};

use super::{Candidate, OwnSeen, RefusedFile, START_BYTES, Taker, Walk};
use crate::acknowledgement::Acknowledgement;
use crate::checkpoint::Checkpoint;
use crate::fs::Facts;
use crate::kind::{FileKind, Mark, mark};
use crate::layout::{DATA_DIRECTORY, RelativePath, SEGMENT_EXTENSION};
use crate::memory::{Seen, Verdict};
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::segment::{FileHash, Segment};

/// A file that a scan hands over. Say what became of it.
#[derive(Debug)]
pub struct NewFile {
    /// Where it was found, below the root. Means nothing; only for messages.
    pub path: PathBuf,
    /// The hash of the whole file.
    pub hash: FileHash,
    /// What is in it.
    pub content: Content,
}

/// What is in a file of ours, sound in itself.
#[derive(Debug)]
pub enum Content {
    /// Records. Resolve them, and keep them.
    Segment(Segment),
    /// Many segments at once.
    Checkpoint(Checkpoint),
    /// What a replica says that it holds.
    Acknowledgement(Acknowledgement),
    /// Where somebody is.
    Presence(Presence),
}

impl Content {
    fn parse(kind: FileKind, bytes: &[u8], workspace: &WorkspaceId) -> Result<Self, Refusal> {
        match kind {
            FileKind::Segment => Segment::parse(bytes, workspace).map(Self::Segment),
            FileKind::Acknowledgement => Acknowledgement::parse(bytes, workspace).map(Self::Acknowledgement),
            FileKind::Presence => Presence::parse(bytes, workspace).map(Self::Presence),
            FileKind::Checkpoint => Checkpoint::parse(bytes, workspace).map(Self::Checkpoint),
        }
    }

    /// The segment, if it is one.
    pub fn into_segment(self) -> Option<Segment> {
        match self {
            Self::Segment(segment) => Some(segment),
            _ => None,
        }
    }
}

/// A file's start, or all of it.
struct Read {
    bytes: Vec<u8>,
    whole: bool,
}

impl Walk<'_> {
    pub(super) fn look_at_file(
        &mut self,
        Candidate { path, mut facts }: Candidate,
        workspace: &WorkspaceId,
        taker: &mut dyn Taker,
    ) {
        let known = self.memory.unchanged(&path, &facts).map(|row| row.seen.clone());
        let again = known.is_some();
        match known {
            Some(Seen::Unread(refusal)) => return self.refuse(path, facts, None, refusal, again),
            Some(Seen::Content(kind, hash)) => match self.memory.verdict(&hash).cloned() {
                Some(Verdict::Taken | Verdict::Waiting) => return self.still_sound(path, facts, kind, hash),
                Some(Verdict::Refused(refusal)) => match self.reread.checked_sub(facts.size) {
                    // What heals a file need not show in its facts.
                    Some(left) => self.reread = left,
                    None => return self.refuse(path, facts, Some((kind, hash)), refusal, again),
                },
                Some(Verdict::Later) | None => {}
            },
            Some(Seen::Foreign) | None => {}
        }
        let Read { bytes, whole } = match self.read(&path, &facts) {
            Ok(read) => read,
            Err(error) => return self.trouble(path, &error),
        };
        self.report.read += 1;
        // What changed while it was read is read again next time.
        match self.files.facts(&self.root.join(&path)) {
            Ok(after) if after == facts => {}
            _ => facts.modified = i64::MAX,
        }
        let kind = match (mark(&bytes), FileKind::claimed_by(&path)) {
            (Mark::Ours(kind), _) => kind,
            (mark @ (Mark::Cut | Mark::Unknown(_)), claimed) => {
                let content = whole.then(|| (claimed.unwrap_or(FileKind::Segment), FileHash::of(&bytes)));
                let refusal = match mark {
                    Mark::Unknown(byte) => Refusal::UnknownKind(byte),
                    _ => Refusal::Incomplete,
                };
                return self.refuse(path, facts, content, refusal, again);
            }
            (Mark::Foreign, Some(claimed)) => {
                let content = whole.then(|| (claimed, FileHash::of(&bytes)));
                return self.refuse(path, facts, content, not_ours(&bytes), again);
            }
            (Mark::Foreign, None) => {
                self.report.files += 1;
                return self.remember(path, facts, Seen::Foreign);
            }
        };
        if !whole {
            let refusal = Refusal::TooLarge { size: facts.size, max: kind.max_bytes() as u64 };
            return self.refuse(path, facts, None, refusal, again);
        }
        let hash = FileHash::of(&bytes);
        if let Some(Verdict::Taken | Verdict::Waiting) = self.memory.verdict(&hash) {
            return self.sound(path, facts, kind, hash);
        }
        if taker.has_taken(&hash) {
            self.memory.settle(&hash, Verdict::Taken);
            return self.sound(path, facts, kind, hash);
        }
        match Content::parse(kind, &bytes, workspace) {
            Err(refusal) => self.refuse(path, facts, Some((kind, hash)), refusal, again),
            Ok(content) => {
                self.report.handed_over += 1;
                match taker.take(NewFile { path: path.clone(), hash, content }) {
                    Verdict::Refused(refusal) => self.refuse(path, facts, Some((kind, hash)), refusal, again),
                    verdict => {
                        self.memory.settle(&hash, verdict);
                        self.sound(path, facts, kind, hash);
                    }
                }
            }
        }
    }

    /// Reads as much of a file as one of its kind may have, or only its start if it has more than that.
    fn read(&self, path: &Path, facts: &Facts) -> std::io::Result<Read> {
        let full = self.root.join(path);
        let fits = |kind: FileKind| facts.size <= kind.max_bytes() as u64;
        let expected = FileKind::claimed_by(path).unwrap_or(FileKind::Segment);
        // One more byte than allowed: a file that grew meanwhile shows so.
        if fits(expected) {
            let bytes = self.files.read(&full, expected.max_bytes() + 1)?;
            return Ok(Read { bytes, whole: true });
        }
        let bytes = self.files.read(&full, START_BYTES)?;
        match mark(&bytes) {
            Mark::Ours(kind) if fits(kind) => {
                let bytes = self.files.read(&full, kind.max_bytes() + 1)?;
                Ok(Read { bytes, whole: true })
            }
            _ => Ok(Read { bytes, whole: false }),
        }
    }

    fn sound(&mut self, path: PathBuf, facts: Facts, kind: FileKind, hash: FileHash) {
        self.remember(path.clone(), facts, Seen::Content(kind, hash));
        self.still_sound(path, facts, kind, hash);
    }

    /// A file that is as it was when it was remembered.
    pub(super) fn still_sound(&mut self, path: PathBuf, facts: Facts, kind: FileKind, hash: FileHash) {
        match kind {
            FileKind::Segment => {
                self.report.present.insert(hash);
                if is_kept(&path, &hash) && self.report.kept.insert(hash) {
                    self.report.kept_bytes += facts.size;
                }
                if let Some(home) = self.replica_of(&path).filter(|home| *home != self.replica) {
                    let least = self.report.homes.entry(hash).or_insert(home);
                    *least = home.min(*least);
                }
            }
            FileKind::Presence => self.report.presences.extend([hash]),
            FileKind::Checkpoint if path == RelativePath::checkpoint(&hash).below(Path::new("")) => {
                self.report.checkpoints.insert(hash, facts.size);
            }
            FileKind::Acknowledgement | FileKind::Checkpoint => {}
        }
        self.note_own(&path, facts.size, Some(hash));
        self.report.files += 1;
        self.seen.insert(path);
    }

    fn refuse(
        &mut self,
        path: PathBuf,
        facts: Facts,
        content: Option<(FileKind, FileHash)>,
        refusal: Refusal,
        again: bool,
    ) {
        self.note_own(&path, facts.size, content.map(|(_, hash)| hash));
        self.report.files += 1;
        self.report.refused.push(RefusedFile { path: path.clone(), refusal: refusal.clone(), again });
        match content {
            Some((kind, hash)) => {
                self.memory.settle(&hash, Verdict::Refused(refusal));
                self.remember(path, facts, Seen::Content(kind, hash));
            }
            None => self.remember(path, facts, Seen::Unread(refusal)),
        }
    }

    /// In whose directory a file lies.
    fn replica_of(&mut self, path: &Path) -> Option<ReplicaId> {
        let directory = path.parent()?;
        if self.directory.0 != directory {
            let plain = self.plain(directory);
            let name = plain.file_name().and_then(OsStr::to_str);
            let is_within = plain.parent() == Some(Path::new(DATA_DIRECTORY));
            self.directory = (directory.to_owned(), name.filter(|_| is_within).and_then(|name| name.parse().ok()));
        }
        self.directory.1
    }

    fn note_own(&mut self, path: &Path, size: u64, hash: Option<FileHash>) {
        if *self.plain(path) == *self.own_acknowledgement {
            self.report.own_acknowledgement = hash;
        }
        if self.replica_of(path) == Some(self.replica)
            && let Some(name) = self.plain(path).file_name().and_then(OsStr::to_str)
        {
            self.report.own.insert(name.to_owned(), OwnSeen { hash, size });
        }
    }
}

fn not_ours(bytes: &[u8]) -> Refusal {
    // A file that a service has laid out but not yet filled is empty or all zeros.
    if bytes.iter().all(|byte| *byte == 0) { Refusal::Incomplete } else { Refusal::NotOurs }
}

/// Whether a file lies in a data directory under a name that whoever published it gave it.
fn is_kept(path: &Path, hash: &FileHash) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    path.components().count() > 1 && name.ends_with(&format!("-{}.{SEGMENT_EXTENSION}", hash.h16()))
}
