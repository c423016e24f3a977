//! Parts of checkpoints: many small segment files in one large one, for who joins. `src-tauri/FORMAT.md` section 11 is the
//! normative description.
//!
//! Nobody signs for the whole: each segment in it stands for itself, as in a file of its own. So it doesn't matter who has
//! put it together, and whoever ignores it loses nothing.

use std::collections::HashSet;
use std::ops::Range;

use inkfold_engine::WorkspaceId;
use inkfold_engine::codec::Writer;

use crate::kind::{FileKind, MAX_CHECKPOINT_BYTES, open, read_workspace, write_head};
use crate::refusal::Refusal;
use crate::segment::{FileHash, MAX_SEGMENT_BYTES, Segment};

/// The hash at the end of the file.
const SEAL_BYTES: usize = 32;
/// The bytes of a part beside its segments are fewer than these, and so many more for each of them.
const FRAME_BYTES: usize = 128;
const FRAME_BYTES_EACH: usize = 10;

/// A part of a checkpoint that is whole. Nothing in it was looked into yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    workspace: WorkspaceId,
    bytes: Vec<u8>,
    segments: Vec<(FileHash, Range<usize>)>,
}

/// More than a part may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the segments are more than fits in one part of a checkpoint; write several")]
pub struct TooMuchForACheckpoint;

impl Checkpoint {
    /// A part with these segment files, none twice, in the order in which they are best read.
    ///
    /// # Errors
    /// They are more than fits.
    pub fn encode(workspace: &WorkspaceId, files: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, TooMuchForACheckpoint> {
        let mut out = Writer::default();
        write_head(&mut out, FileKind::Checkpoint, workspace);
        out.uint(files.len() as u64);
        for file in files.iter().map(AsRef::as_ref) {
            out.uint(file.len() as u64);
            out.raw(file);
        }
        let hash = blake3::hash(&out.0);
        out.raw(hash.as_bytes());
        if out.0.len() > MAX_CHECKPOINT_BYTES { Err(TooMuchForACheckpoint) } else { Ok(out.0) }
    }

    /// Whether so many files of so many bytes together surely fit in a part.
    pub fn fits(files: usize, bytes: usize) -> bool {
        let frame = FRAME_BYTES.saturating_add(files.saturating_mul(FRAME_BYTES_EACH));
        bytes.saturating_add(frame) <= MAX_CHECKPOINT_BYTES
    }

    /// Reads a part: how it is divided, not what is in it.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn parse(bytes: &[u8], workspace: &WorkspaceId) -> Result<Self, Refusal> {
        let mut reader = open(FileKind::Checkpoint, bytes)?;
        let (body, hash) = bytes.split_at_checked(bytes.len().wrapping_sub(SEAL_BYTES)).ok_or(Refusal::Incomplete)?;
        if blake3::hash(body).as_bytes() != hash {
            return Err(Refusal::Incomplete);
        }
        let end = reader.0.len().checked_sub(SEAL_BYTES).ok_or(Refusal::Incomplete)?;
        reader.0 = &reader.0[..end];
        read_workspace(&mut reader, workspace)?;
        let count = reader.count(2)?;
        let (mut segments, mut seen) = (Vec::with_capacity(count), HashSet::with_capacity(count));
        for _ in 0..count {
            let length = usize::try_from(reader.uint()?).unwrap_or(usize::MAX);
            if length > MAX_SEGMENT_BYTES {
                return Err(Refusal::TooLarge { size: length as u64, max: MAX_SEGMENT_BYTES as u64 });
            }
            let hash = FileHash::of(reader.raw(length)?);
            let end = body.len() - reader.0.len();
            if !seen.insert(hash) {
                return Err(Refusal::Malformed("a segment that is there twice"));
            }
            segments.push((hash, end - length..end));
        }
        reader.finish()?;
        if segments.is_empty() {
            return Err(Refusal::Malformed("a checkpoint of nothing"));
        }
        Ok(Checkpoint { workspace: *workspace, bytes: bytes.to_vec(), segments })
    }

    /// The segments, each parsed when its turn comes: all of them at once could be a thousand times as large as the file.
    pub fn segments(&self) -> impl Iterator<Item = Result<Segment, Refusal>> + '_ {
        self.segments_but(|_| false)
    }

    /// As [`Self::segments`], without those whose hashes are known.
    pub fn segments_but<'a>(
        &'a self,
        is_known: impl Fn(&FileHash) -> bool + 'a,
    ) -> impl Iterator<Item = Result<Segment, Refusal>> + 'a {
        let unknown = self.segments.iter().filter(move |(hash, _)| !is_known(hash));
        unknown.map(|(_, range)| Segment::parse(&self.bytes[range.clone()], &self.workspace))
    }

    /// The hashes that they have as files of their own.
    pub fn hashes(&self) -> impl Iterator<Item = FileHash> + '_ {
        self.segments.iter().map(|(hash, _)| *hash)
    }
}
