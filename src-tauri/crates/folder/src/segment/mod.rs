//! Segment files: a stretch of one replica's chain of records, verifiable without trusting whoever carried it.
//! `src-tauri/FORMAT.md` section 7 is the normative description.

mod encode;
mod frame;
mod merge;
mod parse;
mod resolve;

use std::fmt;
use std::str::FromStr;

use inkfold_engine::codec::RecordParts;
use inkfold_engine::ids::{ParseIdError, from_base32, to_base32};
use inkfold_engine::{RecordId, ReplicaId, WorkspaceId};

use crate::identity::{HeadSignature, PublicKey};

pub use encode::{EncodeError, SegmentFile, Signer, encode_all, encode_segment};
pub use merge::{MergeError, merge_segments};
pub use resolve::{Together, Unresolved, resolve_together};

/// The greatest size of a segment file.
pub const MAX_SEGMENT_BYTES: usize = 4 << 20;
/// The greatest size of all blocks of a file, inflated.
pub const MAX_INFLATED_BYTES: usize = 64 << 20;
/// The greatest size of one block, inflated. A record of the greatest size fits.
pub const MAX_BLOCK_BYTES: usize = 4 << 20;
/// How much a writer puts into one block.
pub const BLOCK_TARGET_BYTES: usize = 1 << 20;
/// The greatest number of records in a file, so that tiny ones can't fill the memory.
pub const MAX_RECORDS: u64 = 1 << 18;
/// The greatest number of runs of events in a file, for the same reason.
pub const MAX_RUNS: usize = 1 << 20;
/// The greatest number of tips in a file.
pub const MAX_TIPS: usize = 1 << 16;
/// The greatest record number.
pub const MAX_NUMBER: u64 = 1 << 48;

/// Bytes of a block's checksum.
const CHECKSUM_BYTES: usize = 8;
/// Hash and signature at the end of the file.
const SEAL_BYTES: usize = 32 + 64;

/// The BLAKE3 hash of a whole file: what a file is known by, wherever it lies and whatever it is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileHash(pub [u8; 32]);

impl FileHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The first 80 bits.
    pub fn short(&self) -> ShortHash {
        let mut short = [0; ShortHash::LEN];
        short.copy_from_slice(&self.0[..ShortHash::LEN]);
        ShortHash(short)
    }

    /// The first 80 bits in base32: 16 characters, as in file names.
    pub fn h16(&self) -> String {
        self.short().h16()
    }
}

/// The first 80 bits of a file's hash: enough to name a file where nothing depends on it that can't be put right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortHash(pub [u8; Self::LEN]);

impl ShortHash {
    /// Length in bytes.
    pub const LEN: usize = 10;

    /// In base32: 16 characters, as in file names.
    pub fn h16(&self) -> String {
        to_base32(&self.0)
    }
}

impl fmt::Debug for ShortHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShortHash({})", self.h16())
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base32(&self.0))
    }
}

impl FromStr for FileHash {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        from_base32(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| ParseIdError(text.to_owned()))
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileHash({})", self.h16())
    }
}

/// A branch that a file's records refer to: the greatest record that they name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tip {
    /// Whose branch.
    pub replica: ReplicaId,
    /// The record's number.
    pub number: u64,
    /// The record's id.
    pub id: RecordId,
}

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who wrote the records, whoever wrote the file.
    pub author: ReplicaId,
    /// The author's key.
    pub key: PublicKey,
    /// Number of the first record.
    pub first: u64,
    /// Number of the last record.
    pub last: u64,
    /// Id of the author's record before the first; [`RecordId::NONE`] for number 1.
    pub before: RecordId,
    /// The branches referred to, ascending.
    pub tips: Vec<Tip>,
}

/// A segment that is sound in itself: complete, signed by its author, within all bounds. Its records can be used once
/// [`Segment::resolve`] has found what they build on.
#[derive(Debug, Clone)]
pub struct Segment {
    header: Header,
    records: Vec<RecordParts>,
    last_id: RecordId,
    signature: HeadSignature,
    hash: FileHash,
    size: usize,
    weight: usize,
}

impl Segment {
    /// What the file says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Id of the last record, as signed.
    pub fn last_id(&self) -> RecordId {
        self.last_id
    }

    /// The author's signature under the last record. Worth keeping: with it anybody can publish these records again.
    pub fn signature(&self) -> HeadSignature {
        self.signature
    }

    /// The file's hash.
    pub fn hash(&self) -> FileHash {
        self.hash
    }

    /// The file's size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// About how many bytes it takes in memory: that can be a thousand times its size.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none, which no file that could be parsed has.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whose record a record is that this file builds on, and its number, as far as the file itself says it: one of the
    /// greatest that it names of each branch, or its author's before its first.
    pub fn place_of(&self, record: &RecordId) -> Option<(ReplicaId, u64)> {
        let Header { author, first, before, tips, .. } = &self.header;
        if before == record {
            return Some((*author, first.saturating_sub(1)));
        }
        tips.iter().find(|tip| tip.id == *record).map(|tip| (tip.replica, tip.number))
    }

    /// The name under which its writer published it.
    pub fn name(&self) -> String {
        segment_name(self.header.first, self.header.last, &self.hash)
    }
}

/// `<first>-<last>-<h16>.ink`.
pub(crate) fn segment_name(first: u64, last: u64, hash: &FileHash) -> String {
    format!("{first}-{last}-{}.ink", hash.h16())
}
