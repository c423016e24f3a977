//! Reading a segment file: everything that can be verified without any other file, cheapest first.

use inkfold_engine::codec::{
    BlockHeader, BlockLimits, Reader, RecordParts, canonical_bytes, canonical_size_at_most, decode_block,
};
use inkfold_engine::record::MAX_RECORD_BYTES;
use inkfold_engine::{RecordId, ReplicaId, WorkspaceId};

use super::frame::{inflate, read_frame};
use super::{
    FileHash, Header, MAX_BLOCK_BYTES, MAX_INFLATED_BYTES, MAX_NUMBER, MAX_RECORDS, MAX_RUNS, MAX_TIPS, SEAL_BYTES,
    Segment, Tip,
};
use crate::identity::{HeadSignature, PublicKey};
use crate::kind::{FileKind, open, read_workspace};
use crate::refusal::Refusal;

/// What a record and a run of events take in memory beside their text.
const RECORD_WEIGHT: usize = 256;
const RUN_WEIGHT: usize = 96;

impl Segment {
    /// Reads a file. Sizes, hash, key and signature are verified before anything is unpacked.
    ///
    /// # Errors
    /// Why the file can't be used.
    pub fn parse(bytes: &[u8], workspace: &WorkspaceId) -> Result<Self, Refusal> {
        let mut reader = open(FileKind::Segment, bytes)?;
        let (body, seal) = bytes.split_at_checked(bytes.len().wrapping_sub(SEAL_BYTES)).ok_or(Refusal::Incomplete)?;
        let (hash, signature) = seal.split_at(32);
        if blake3::hash(body).as_bytes() != hash {
            return Err(Refusal::Incomplete);
        }
        let mut signature_bytes = [0; 64];
        signature_bytes.copy_from_slice(signature);
        let signature = HeadSignature(signature_bytes);

        let seal_at = reader.0.len().checked_sub(SEAL_BYTES).ok_or(Refusal::Incomplete)?;
        reader.0 = &reader.0[..seal_at];
        let header = read_header(&mut reader, workspace)?;
        let mut frames = Vec::new();
        while let Some(frame) = read_frame(&mut reader)? {
            frames.push(frame);
        }
        let count = reader.uint()?;
        let last_id = RecordId(reader.array()?);
        reader.finish()?;
        if count != header.last - header.first + 1 {
            return Err(Refusal::Malformed("a count that doesn't fit the numbers"));
        }
        if !header.key.verifies(workspace, header.last, &last_id, &signature) {
            return Err(Refusal::BadSignature);
        }
        let (records, weight) = read_blocks(&header, &frames)?;
        check_parents(&header, &records)?;
        Ok(Self { header, records, last_id, signature, hash: FileHash::of(bytes), size: bytes.len(), weight })
    }
}

fn read_header(reader: &mut Reader<'_>, workspace: &WorkspaceId) -> Result<Header, Refusal> {
    read_workspace(reader, workspace)?;
    let author = ReplicaId(reader.array()?);
    let key = PublicKey(reader.array()?);
    if key.replica(workspace) != author {
        return Err(Refusal::WrongKey);
    }
    let (first, last) = (reader.uint()?, reader.uint()?);
    if first == 0 || last < first || last > MAX_NUMBER {
        return Err(Refusal::Malformed("record numbers out of range"));
    }
    if last - first >= MAX_RECORDS {
        return Err(Refusal::Bomb("more records than allowed"));
    }
    let before = RecordId(reader.array()?);
    if (first == 1) != (before == RecordId::NONE) {
        return Err(Refusal::Malformed("a first record with one before it, or a later one without"));
    }
    let count = reader.count(16 + 1 + 32)?;
    if count > MAX_TIPS {
        return Err(Refusal::Bomb("more tips than allowed"));
    }
    let mut tips: Vec<Tip> = Vec::with_capacity(count);
    for _ in 0..count {
        let tip = Tip { replica: ReplicaId(reader.array()?), number: reader.uint()?, id: RecordId(reader.array()?) };
        if tip.number == 0 || tip.number > MAX_NUMBER {
            return Err(Refusal::Malformed("record numbers out of range"));
        }
        if tips.last().is_some_and(|before| *before >= tip) {
            return Err(Refusal::Malformed("tips out of order"));
        }
        tips.push(tip);
    }
    Ok(Header { workspace: *workspace, author, key, first, last, before, tips })
}

/// The records of all blocks, and about how many bytes they take in memory.
fn read_blocks(header: &Header, frames: &[&[u8]]) -> Result<(Vec<RecordParts>, usize), Refusal> {
    let misfit = Refusal::Malformed("a count that doesn't fit the numbers");
    let count = header.last - header.first + 1;
    let mut records: Vec<RecordParts> = Vec::new();
    let (mut left, mut runs) = (MAX_INFLATED_BYTES, 0);
    for frame in frames {
        let block = inflate(frame, left.min(MAX_BLOCK_BYTES))?;
        left -= block.len();
        let first_number = header.first + records.len() as u64;
        let block_header = BlockHeader { workspace: header.workspace, replica: header.author, first_number };
        let limits = BlockLimits { records: count as usize - records.len(), runs: MAX_RUNS - runs };
        let parts = decode_block(&block_header, &block, limits)?;
        if parts.is_empty() {
            return Err(misfit);
        }
        for part in &parts {
            runs += part.content.events.runs().len();
            if canonical_size_at_most(&part.content) > MAX_RECORD_BYTES {
                let size = canonical_bytes(&part.content).len();
                if size > MAX_RECORD_BYTES {
                    return Err(Refusal::RecordTooLarge { number: part.content.number, size });
                }
            }
        }
        records.extend(parts);
    }
    let weight = MAX_INFLATED_BYTES - left + RECORD_WEIGHT * records.len() + RUN_WEIGHT * runs;
    if records.len() as u64 == count { Ok((records, weight)) } else { Err(misfit) }
}

/// Parents name tips of the table, each tip at most once in a record, and each tip is named itself by some record.
fn check_parents(header: &Header, records: &[RecordParts]) -> Result<(), Refusal> {
    let mut reached = vec![false; header.tips.len()];
    let mut named_by = vec![0; header.tips.len()];
    for record in records {
        for parent in &record.parents {
            let index = parent.tip as usize;
            let tip = header.tips.get(index).ok_or(Refusal::Malformed("a parent on a branch that isn't listed"))?;
            if parent.number == 0 || parent.number > tip.number {
                return Err(Refusal::Malformed("a parent past the end of its branch"));
            }
            // Two records of one branch and one document are never concurrent, so one of them is enough.
            if named_by[index] == record.content.number {
                return Err(Refusal::Malformed("a record with two parents on one branch"));
            }
            named_by[index] = record.content.number;
            reached[index] |= parent.number == tip.number;
        }
    }
    if reached.contains(&false) {
        return Err(Refusal::Malformed("a tip that no record names"));
    }
    Ok(())
}
