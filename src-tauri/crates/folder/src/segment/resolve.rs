//! From a sound segment to records: parents are looked up, ids recomputed, and the chain must end in the signed one.

use std::collections::HashMap;

use inkfold_engine::{DocumentId, Record, RecordId};

use super::{Segment, Tip};
use crate::branches::{Branches, LookupFailed};
use crate::refusal::Refusal;

/// Why a segment's records can't be used, or not yet.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// A record that the file builds on isn't here yet. Keep the file, by its hash, until it comes.
    #[error("waiting for record {0}, which another file brings")]
    Pending(RecordId),
    /// The file can't be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing is said about the file; ask again later.
    #[error(transparent)]
    Lookup(#[from] LookupFailed),
}

impl Unresolved {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pending(_) => "file/pending",
            Self::Refused(refusal) => refusal.code(),
            Self::Lookup(_) => "store/lookup",
        }
    }
}

/// Where a document's next record has to go on: the author's last one there and the seq after it.
type Line = (Option<RecordId>, u64);

impl Segment {
    /// All records of the file, in order, verified. Some or all of them may be held already.
    ///
    /// # Errors
    /// Something they build on isn't here yet, or the file is not what it says.
    pub fn resolve(&self, branches: &dyn Branches) -> Result<Vec<Record>, Unresolved> {
        let header = &self.header;
        if header.before != RecordId::NONE {
            let place = branches.place(&header.before)?.ok_or(Unresolved::Pending(header.before))?;
            if (place.replica, place.number) != (header.author, header.first - 1) {
                return Err(Refusal::WrongPlace(header.before).into());
            }
        }
        for tip in &header.tips {
            let place = branches.place(&tip.id)?.ok_or(Unresolved::Pending(tip.id))?;
            if (place.replica, place.number) != (tip.replica, tip.number) {
                return Err(Refusal::WrongPlace(tip.id).into());
            }
        }
        let mut lines: HashMap<DocumentId, Line> = HashMap::new();
        let mut parents = Parents { branches, found: HashMap::new() };
        let mut records = Vec::with_capacity(self.records.len());
        let mut previous = header.before;
        for parts in &self.records {
            let content = parts.content.clone();
            let (document, number) = (content.document, content.number);
            let line = match lines.get(&document) {
                Some(line) => *line,
                None => self.line_before(branches, &document)?,
            };
            if content.first_seq != line.1 {
                return Err(Refusal::WrongSeq { number }.into());
            }
            let mut ids = Vec::with_capacity(parts.parents.len());
            for parent in &parts.parents {
                let tip = header.tips.get(parent.tip as usize).ok_or(Refusal::WrongChain)?;
                let (id, parent_document) = parents.find(tip, parent.number)?;
                if parent_document != document {
                    return Err(Refusal::WrongPlace(id).into());
                }
                ids.push(id);
            }
            if !ids.is_sorted_by(|a, b| a < b) {
                return Err(Refusal::Malformed("parents out of order").into());
            }
            let record = Record::seal(content, previous, line.0, ids);
            lines.insert(document, (Some(record.id()), record.end_seq()));
            previous = record.id();
            records.push(record);
        }
        if previous == self.last_id { Ok(records) } else { Err(Refusal::WrongChain.into()) }
    }

    fn line_before(&self, branches: &dyn Branches, document: &DocumentId) -> Result<Line, LookupFailed> {
        if self.header.before == RecordId::NONE {
            return Ok((None, 0));
        }
        let found = branches.previous_here(&self.header.before, document)?;
        Ok(found.map_or((None, 0), |(id, end)| (Some(id), end)))
    }
}

/// Looks each parent up once.
struct Parents<'a> {
    branches: &'a dyn Branches,
    found: HashMap<(RecordId, u64), (RecordId, DocumentId)>,
}

impl Parents<'_> {
    fn find(&mut self, tip: &Tip, number: u64) -> Result<(RecordId, DocumentId), LookupFailed> {
        if let Some(found) = self.found.get(&(tip.id, number)) {
            return Ok(*found);
        }
        // The tip is held and with it its whole branch: a gap is the store's fault, not the file's.
        let gap = || LookupFailed(format!("record {number} before {} is not there", tip.id).into());
        let id = self.branches.record_at(&tip.id, number)?.ok_or_else(gap)?;
        let document = self.branches.place(&id)?.ok_or_else(gap)?.document;
        self.found.insert((tip.id, number), (id, document));
        Ok((id, document))
    }
}
