//! Writing segment files.

use std::collections::HashMap;

use inkfold_engine::codec::{BlockWriter, ParentRef, Writer, canonical_bytes};
use inkfold_engine::record::MAX_RECORD_BYTES;
use inkfold_engine::{Record, RecordId};

use super::frame::write_block;
use super::{
    BLOCK_TARGET_BYTES, FileHash, Header, MAX_RECORDS, MAX_RUNS, MAX_SEGMENT_BYTES, MAX_TIPS, Tip, segment_name,
};
use crate::branches::{Branches, LookupFailed};
use crate::identity::{HeadSignature, Identity, PublicKey};
use crate::kind::{FileKind, write_head};
use crate::layout::RelativePath;

/// How much canonical data [`encode_all`] puts into one file: compressed it stays below [`MAX_SEGMENT_BYTES`].
const FILE_TARGET_BYTES: usize = 3 << 20;

/// Who vouches for the last record of a file.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'a> {
    /// The author itself, who can sign any of its records.
    Own(&'a Identity),
    /// A signature that is held: for merged files, and for others' records that no file holds any more.
    Held {
        /// The author's key.
        key: PublicKey,
        /// Its signature under the last of the records.
        signature: HeadSignature,
    },
}

/// Why records can't be written as a segment. Each but a failed lookup is a mistake of the caller or a limit.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// There are none.
    #[error("a segment needs at least one record")]
    NoRecords,
    /// They don't follow each other in one chain.
    #[error("record {number} doesn't follow the one before it in its author's chain")]
    NotAChain {
        /// The number of the record that doesn't fit.
        number: u64,
    },
    /// Not even one record may be as large.
    #[error("record {number} has {size} bytes, more than a record may have; it has to be several records")]
    RecordTooLarge {
        /// Its number.
        number: u64,
        /// Its canonical size.
        size: usize,
    },
    /// Together they are more than fits in a file.
    #[error("the records are more than fits in one segment; write several")]
    TooLarge,
    /// A parent isn't held.
    #[error("record {record} names the parent {parent}, which isn't here")]
    UnknownParent {
        /// Whose parent.
        record: RecordId,
        /// The parent.
        parent: RecordId,
    },
    /// Two parents lie on one branch, so that one of them is implied by the other.
    #[error("record {0} names two parents on one branch; a version names the last one only")]
    ParentsNotMinimal(RecordId),
    /// The key or the signature isn't that of the records' author.
    #[error("the signature is not the one of the records' author under the last of them")]
    WrongSigner,
    /// The store could not answer.
    #[error(transparent)]
    Lookup(#[from] LookupFailed),
    /// The compressor failed.
    #[error("the records could not be compressed")]
    Compression(#[from] std::io::Error),
}

impl EncodeError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRecords => "segment/no-records",
            Self::NotAChain { .. } => "segment/not-a-chain",
            Self::RecordTooLarge { .. } => "segment/record-too-large",
            Self::TooLarge => "segment/too-large",
            Self::UnknownParent { .. } => "segment/unknown-parent",
            Self::ParentsNotMinimal(_) => "segment/parents-not-minimal",
            Self::WrongSigner => "segment/wrong-signer",
            Self::Lookup(_) => "store/lookup",
            Self::Compression(_) => "segment/compression",
        }
    }
}

/// A segment file ready to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// What it says about itself.
    pub header: Header,
    /// Id of the last record.
    pub last_id: RecordId,
    /// The author's signature under it.
    pub signature: HeadSignature,
    /// The hash of the bytes.
    pub hash: FileHash,
    /// The bytes. Publish these and no others: encoding again may compress differently.
    pub bytes: Vec<u8>,
}

impl SegmentFile {
    /// The file's name.
    pub fn name(&self) -> String {
        segment_name(self.header.first, self.header.last, &self.hash)
    }

    /// Where `publisher` puts the file: into its own directory, whoever wrote the records.
    pub fn path(&self, publisher: &inkfold_engine::ReplicaId) -> RelativePath {
        RelativePath::segment(publisher, &self.name())
    }
}

/// Writes records, which follow each other in one replica's chain, as one file.
///
/// `branches` has to know all their parents.
///
/// # Errors
/// They don't fit in a file, or don't fit each other.
pub fn encode_segment(
    signer: Signer<'_>,
    records: &[Record],
    branches: &dyn Branches,
) -> Result<SegmentFile, EncodeError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Err(EncodeError::NoRecords) };
    check_chain(records)?;
    let workspace = first.content().workspace;
    let (key, signature) = match signer {
        Signer::Own(identity) => (identity.public_key(), identity.sign_head(last.number(), &last.id())),
        Signer::Held { key, signature } => (key, signature),
    };
    if key.replica(&workspace) != first.replica() || !key.verifies(&workspace, last.number(), &last.id(), &signature) {
        return Err(EncodeError::WrongSigner);
    }
    let tips = Tips::of(records, branches)?;
    let header = Header {
        workspace,
        author: first.replica(),
        key,
        first: first.number(),
        last: last.number(),
        before: first.previous(),
        tips: tips.table,
    };
    let mut out = Writer::default();
    write_header(&mut out, &header);
    let mut columns = BlockWriter::default();
    for block in blocks(records)? {
        for record in block {
            let parents = record.parents().iter().filter_map(|parent| tips.refs.get(parent).copied());
            columns.record(record.content(), &parents.collect::<Vec<_>>());
        }
        let mut bytes = Writer::default();
        columns.finish(&mut bytes);
        write_block(&mut out, &bytes.0)?;
    }
    out.uint(0);
    out.uint(records.len() as u64);
    out.raw(&last.id().0);
    let hash = blake3::hash(&out.0);
    out.raw(hash.as_bytes());
    out.raw(&signature.0);
    if out.0.len() > MAX_SEGMENT_BYTES {
        return Err(EncodeError::TooLarge);
    }
    let bytes = out.0;
    Ok(SegmentFile { header, last_id: last.id(), signature, hash: FileHash::of(&bytes), bytes })
}

/// Writes any number of one's own records, as few files as the limits allow.
///
/// # Errors
/// As [`encode_segment`], but never for too many records.
pub fn encode_all(
    identity: &Identity,
    records: &[Record],
    branches: &dyn Branches,
) -> Result<Vec<SegmentFile>, EncodeError> {
    let mut files = Vec::new();
    let mut start = 0;
    let (mut bytes, mut runs) = (0, 0);
    let mut ranges = Vec::new();
    for (i, record) in records.iter().enumerate() {
        let (size, count) = (canonical_bytes(record.content()).len(), record.events().runs().len());
        let full = bytes + size > FILE_TARGET_BYTES || runs + count > MAX_RUNS || (i - start) as u64 == MAX_RECORDS;
        if i > start && full {
            ranges.push(start..i);
            (start, bytes, runs) = (i, 0, 0);
        }
        (bytes, runs) = (bytes + size, runs + count);
    }
    ranges.push(start..records.len());
    for range in ranges {
        encode_halving(identity, &records[range], branches, &mut files)?;
    }
    Ok(files)
}

fn encode_halving(
    identity: &Identity,
    records: &[Record],
    branches: &dyn Branches,
    files: &mut Vec<SegmentFile>,
) -> Result<(), EncodeError> {
    match encode_segment(Signer::Own(identity), records, branches) {
        Err(EncodeError::TooLarge) if records.len() > 1 => {
            let (left, right) = records.split_at(records.len() / 2);
            encode_halving(identity, left, branches, files)?;
            encode_halving(identity, right, branches, files)
        }
        file => {
            files.push(file?);
            Ok(())
        }
    }
}

fn check_chain(records: &[Record]) -> Result<(), EncodeError> {
    let runs: usize = records.iter().map(|record| record.events().runs().len()).sum();
    if records.len() as u64 > MAX_RECORDS || runs > MAX_RUNS {
        return Err(EncodeError::TooLarge);
    }
    let first = &records[0];
    if (first.number() == 1) != (first.previous() == RecordId::NONE) {
        return Err(EncodeError::NotAChain { number: first.number() });
    }
    for pair in records.windows(2) {
        let (before, record) = (&pair[0], &pair[1]);
        let fits = record.previous() == before.id()
            && record.number() == before.number() + 1
            && record.replica() == before.replica()
            && record.content().workspace == before.content().workspace;
        if !fits {
            return Err(EncodeError::NotAChain { number: record.number() });
        }
    }
    Ok(())
}

/// Divides records into blocks of about [`BLOCK_TARGET_BYTES`].
fn blocks(records: &[Record]) -> Result<Vec<&[Record]>, EncodeError> {
    let mut blocks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (i, record) in records.iter().enumerate() {
        let size = canonical_bytes(record.content()).len();
        if size > MAX_RECORD_BYTES {
            return Err(EncodeError::RecordTooLarge { number: record.number(), size });
        }
        if i > start && bytes + size > BLOCK_TARGET_BYTES {
            blocks.push(&records[start..i]);
            (start, bytes) = (i, 0);
        }
        bytes += size;
    }
    blocks.push(&records[start..]);
    Ok(blocks)
}

/// The branches that records name, and each parent's place on them.
struct Tips {
    table: Vec<Tip>,
    refs: HashMap<RecordId, ParentRef>,
}

impl Tips {
    fn of(records: &[Record], branches: &dyn Branches) -> Result<Self, EncodeError> {
        let mut named: Vec<Tip> = Vec::new();
        let mut seen = HashMap::new();
        for record in records {
            for &parent in record.parents() {
                if seen.insert(parent, record.id()).is_none() {
                    let place =
                        branches.place(&parent)?.ok_or(EncodeError::UnknownParent { record: record.id(), parent })?;
                    named.push(Tip { replica: place.replica, number: place.number, id: parent });
                }
            }
        }
        // Descending, so that the end of a branch comes before all else on it. A parent on the common part of two
        // branches counts to the greater one.
        named.sort_unstable_by(|a, b| b.cmp(a));
        let mut table: Vec<Tip> = Vec::new();
        let mut on: HashMap<RecordId, Tip> = HashMap::new();
        for parent in &named {
            let mut found = None;
            for tip in table.iter().rev().take_while(|tip| tip.replica == parent.replica) {
                if branches.record_at(&tip.id, parent.number)? == Some(parent.id) {
                    found = Some(*tip);
                }
            }
            let tip = found.unwrap_or_else(|| {
                table.push(*parent);
                *parent
            });
            on.insert(parent.id, tip);
        }
        table.sort_unstable();
        if table.len() > MAX_TIPS {
            return Err(EncodeError::TooLarge);
        }
        let indexes: HashMap<Tip, u32> = table.iter().enumerate().map(|(i, tip)| (*tip, i as u32)).collect();
        let refs: HashMap<RecordId, ParentRef> = named
            .iter()
            .map(|parent| (parent.id, ParentRef { tip: indexes[&on[&parent.id]], number: parent.number }))
            .collect();
        for record in records {
            let mut tips: Vec<u32> = record.parents().iter().map(|parent| refs[parent].tip).collect();
            tips.sort_unstable();
            if tips.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(EncodeError::ParentsNotMinimal(record.id()));
            }
        }
        Ok(Self { table, refs })
    }
}

fn write_header(out: &mut Writer, header: &Header) {
    write_head(out, FileKind::Segment, &header.workspace);
    out.raw(&header.author.0);
    out.raw(&header.key.0);
    out.uint(header.first);
    out.uint(header.last);
    out.raw(&header.before.0);
    out.uint(header.tips.len() as u64);
    for tip in &header.tips {
        out.raw(&tip.replica.0);
        out.uint(tip.number);
        out.raw(&tip.id.0);
    }
}
