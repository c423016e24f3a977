//! Questions about the chains of records that replicas write, forks included, answered over any storage.
//!
//! Below a replica's lowest fork each number stands for one record, so that nothing has to be walked there. Only
//! the forked part of a chain is followed record by record.

use std::collections::BTreeSet;

use inkfold_engine::{DocumentId, Record, RecordId, ReplicaId};

use crate::error::{Result, StoreError};
use crate::open::OpenStart;
use crate::storage::{Link, Storage, Tip};

/// Questions about chains. Every [`Storage`] answers them.
///
/// # Errors
/// All fail as the storage does. What follows a chain fails with [`StoreError::Missing`] where the chain has a gap,
/// since nobody knows what is in there.
pub trait Chain: Storage {
    /// Whether a sealed record is here.
    fn has(&self, id: &RecordId) -> Result<bool> {
        Ok(self.link(id)?.is_some())
    }

    /// The ends of what is here of a replica from its first record on without a gap, in ascending order of number
    /// and id: what may be acknowledged. More than one: the replica is forked.
    fn tips(&self, replica: &ReplicaId) -> Result<Vec<Tip>> {
        Ok(self.ends(replica)?.tips)
    }

    /// The end of a replica's only line; none for a replica that wrote nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Forked`] where the replica has several lines, or a line with a gap.
    fn line_end(&self, replica: &ReplicaId) -> Result<Option<Tip>> {
        let ends = self.ends(replica)?;
        if ends.tips.len() > 1 || !ends.loose.is_empty() {
            return Err(StoreError::Forked(*replica));
        }
        Ok(ends.tips.first().copied())
    }

    /// The first seq after a record.
    fn end_seq_of(&self, id: &RecordId) -> Result<u64> {
        Ok(present(self, id)?.end_seq)
    }

    /// The record with this number on the branch that ends in `tip`. `None` where the branch is shorter.
    fn record_at(&self, tip: &RecordId, number: u64) -> Result<Option<RecordId>> {
        let mut link = present(self, tip)?;
        if number == 0 || number > link.number {
            return Ok(None);
        }
        let unforked = number < self.first_fork(&link.replica)?.unwrap_or(u64::MAX);
        let mut at = *tip;
        while link.number > number {
            if unforked && link.rooted {
                return Ok(self.records_at(&link.replica, number)?.first().copied());
            }
            at = link.previous;
            link = present(self, &at)?;
        }
        Ok(Some(at))
    }

    /// The latest record of a document on the branch that ends in `tip`, that one included. For the record that is
    /// to follow `tip`, this is its previous record in the document.
    fn previous_here(&self, tip: &RecordId, document: &DocumentId) -> Result<Option<RecordId>> {
        let mut link = present(self, tip)?;
        let fork = self.first_fork(&link.replica)?.unwrap_or(u64::MAX);
        let mut at = *tip;
        while link.document != *document {
            if link.number <= fork && link.rooted {
                return Ok(self.latest(&link.replica, document, link.number - 1)?.map(|found| found.record));
            }
            at = link.previous;
            if at == RecordId::NONE {
                return Ok(None);
            }
            link = present(self, &at)?;
        }
        Ok(Some(at))
    }

    /// The records with the number `from` and greater on the branch that ends in `tip`, in ascending order: what a
    /// segment file holds.
    fn branch(&self, tip: &RecordId, from: u64) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        let mut at = *tip;
        while at != RecordId::NONE {
            let record = self.record(&at)?.ok_or(StoreError::Missing(at))?;
            if record.number() < from {
                break;
            }
            // What comes before the first one that is asked for need not be here.
            at = if record.number() == from { RecordId::NONE } else { record.previous() };
            records.push(record);
        }
        records.reverse();
        Ok(records)
    }

    /// The version of all that is sealed of a document: its records that no other one names as a parent, ascending.
    fn heads(&self, document: &DocumentId) -> Result<Vec<RecordId>> {
        let records = self.records(document)?;
        let mut heads: BTreeSet<RecordId> = records.iter().map(Record::id).collect();
        for parent in records.iter().flat_map(Record::all_parents) {
            heads.remove(&parent);
        }
        Ok(heads.into_iter().collect())
    }

    /// Where a replica's next record of a document starts, at the version `parents`. The replica's own previous
    /// record of the document is left out of it, as it is implied.
    ///
    /// # Errors
    /// [`StoreError::Forked`] where the replica must not write any more.
    fn start(&self, replica: &ReplicaId, document: &DocumentId, parents: &[RecordId]) -> Result<OpenStart> {
        let previous_here = match self.line_end(replica)? {
            Some(tip) => self.previous_here(&tip.record, document)?,
            None => None,
        };
        let first_seq = match &previous_here {
            Some(id) => self.end_seq_of(id)?,
            None => 0,
        };
        let parents: BTreeSet<RecordId> = parents.iter().copied().filter(|id| Some(*id) != previous_here).collect();
        Ok(OpenStart {
            document: *document,
            replica: *replica,
            parents: parents.into_iter().collect(),
            previous_here,
            first_seq,
        })
    }
}

impl<S: Storage + ?Sized> Chain for S {}

fn present<S: Storage + ?Sized>(store: &S, id: &RecordId) -> Result<Link> {
    store.link(id)?.ok_or(StoreError::Missing(*id))
}
