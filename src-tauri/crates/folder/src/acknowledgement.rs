//! Acknowledgements: what a replica durably holds, said by itself. `src-tauri/FORMAT.md` section 9 is the normative
//! description.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::{RecordId, ReplicaId, WorkspaceId};

use crate::identity::{Identity, PublicKey};
use crate::kind::{FileKind, MAX_ACKNOWLEDGEMENT_BYTES};
use crate::refusal::Refusal;
use crate::segment::{MAX_NUMBER, ShortHash};
use crate::signed::{Signed, read, write};

/// The greatest number of files that an acknowledgement names.
pub const MAX_NAMED_FILES: usize = 1 << 12;

/// The last record of a replica's branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// The record.
    pub id: RecordId,
}

/// What a replica durably holds, without who says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// For each replica the ends of the branches that are held without a gap from the first record on, none of which is
    /// part of another. No replica is without any.
    pub heads: BTreeMap<ReplicaId, BTreeSet<Head>>,
    /// Segment files whose records are held. Only some are named: those that let others take away what they cover.
    pub files: BTreeSet<ShortHash>,
}

/// An acknowledgement whose signature is good. Of two by one replica the one with the greater counter counts, however and
/// whenever they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who holds it.
    pub replica: ReplicaId,
    /// That replica's key.
    pub key: PublicKey,
    /// Rises with each acknowledgement of the replica, from 1.
    pub counter: u64,
    /// When it was written, in milliseconds since 1970 by the writer's clock. For people; it may say anything.
    pub written: i64,
    /// What is held.
    pub holdings: Holdings,
    /// The file, to be kept.
    pub bytes: Vec<u8>,
}

/// More than a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many branches are held to be acknowledged in one file")]
pub struct TooMuchToAcknowledge;

impl Acknowledgement {
    /// The file in which a replica says what it holds.
    ///
    /// # Errors
    /// More heads than fit in a file.
    pub fn encode(
        identity: &Identity,
        counter: u64,
        written: i64,
        holdings: &Holdings,
    ) -> Result<Vec<u8>, TooMuchToAcknowledge> {
        let bytes = write(FileKind::Acknowledgement, identity, counter, |out| {
            out.int(written);
            out.uint(holdings.heads.len() as u64);
            for (replica, heads) in &holdings.heads {
                out.raw(&replica.0);
                out.uint(heads.len() as u64);
                for head in heads {
                    out.uint(head.number);
                    out.raw(&head.id.0);
                }
            }
            let named = holdings.files.len().min(MAX_NAMED_FILES);
            out.uint(named as u64);
            for file in holdings.files.iter().take(named) {
                out.raw(&file.0);
            }
        });
        if bytes.len() <= MAX_ACKNOWLEDGEMENT_BYTES { Ok(bytes) } else { Err(TooMuchToAcknowledge) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn parse(bytes: &[u8], workspace: &WorkspaceId) -> Result<Self, Refusal> {
        let Signed { replica, key, counter, mut body } = read(FileKind::Acknowledgement, bytes, workspace)?;
        let written = body.int()?;
        let mut heads: BTreeMap<ReplicaId, BTreeSet<Head>> = BTreeMap::new();
        for _ in 0..body.count(16 + 1 + 1 + 32)? {
            let of = ReplicaId(body.array()?);
            if heads.last_key_value().is_some_and(|(last, _)| *last >= of) {
                return Err(Refusal::Malformed("replicas out of order"));
            }
            let mut ends: BTreeSet<Head> = BTreeSet::new();
            for _ in 0..body.count(1 + 32)? {
                let head = Head { number: body.uint()?, id: RecordId(body.array()?) };
                if head.number == 0 || head.number > MAX_NUMBER {
                    return Err(Refusal::Malformed("record numbers out of range"));
                }
                if ends.last().is_some_and(|last| *last >= head) {
                    return Err(Refusal::Malformed("heads out of order"));
                }
                ends.insert(head);
            }
            if ends.is_empty() {
                return Err(Refusal::Malformed("a replica without heads"));
            }
            heads.insert(of, ends);
        }
        let count = body.count(ShortHash::LEN)?;
        if count > MAX_NAMED_FILES {
            return Err(Refusal::Bomb("more files than allowed"));
        }
        let mut files: BTreeSet<ShortHash> = BTreeSet::new();
        for _ in 0..count {
            let file = ShortHash(body.array()?);
            if files.last().is_some_and(|last| *last >= file) {
                return Err(Refusal::Malformed("files out of order"));
            }
            files.insert(file);
        }
        body.finish()?;
        Ok(Self { replica, key, counter, written, holdings: Holdings { heads, files }, bytes: bytes.to_vec() })
    }
}
