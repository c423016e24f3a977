//! Merging: several files of one's own become one, so that a folder doesn't fill with small files.

use inkfold_engine::Record;

use super::{EncodeError, Segment, SegmentFile, Signer, Unresolved, encode_segment};
use crate::branches::Branches;

/// Why files can't be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file's records can't be resolved.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The records can't be written as one file.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl MergeError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unresolved(error) => error.code(),
            Self::Encode(error) => error.code(),
        }
    }
}

/// Writes the records of files that follow each other as one file with large blocks. Records stay as they are, and
/// the last file's signature is kept. The files that it covers may only go by the rule of
/// [`deletable`](crate::policy::deletable).
///
/// # Errors
/// The files don't follow each other, are more than fits in one, or don't resolve.
pub fn merge_segments(segments: &[Segment], branches: &dyn Branches) -> Result<SegmentFile, MergeError> {
    let mut in_order: Vec<&Segment> = segments.iter().collect();
    in_order.sort_by_key(|segment| segment.header.first);
    let Some(last) = in_order.last() else { return Err(EncodeError::NoRecords.into()) };
    let mut records: Vec<Record> = Vec::new();
    for segment in &in_order {
        // A record that is in two files is taken from the first; the chain is checked when it is written.
        let resolved = segment.resolve(branches)?;
        let next = records.last().map_or(0, Record::number);
        records.extend(resolved.into_iter().filter(|record| record.number() > next));
    }
    let signer = Signer::Held { key: last.header.key, signature: last.signature };
    Ok(encode_segment(signer, &records, branches)?)
}
