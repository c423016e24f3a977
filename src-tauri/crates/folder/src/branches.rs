//! What this crate asks about records that are already held. The folder knows files, not records: whoever keeps the
//! records answers through [`Branches`].

use std::collections::HashMap;
use std::error::Error;

use inkfold_engine::{DocumentId, Record, RecordId, ReplicaId};

/// The place of a held record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Who wrote it.
    pub replica: ReplicaId,
    /// Its number in the replica's chain.
    pub number: u64,
    /// Its document.
    pub document: DocumentId,
}

/// The store could not answer. Never to be taken for "not held": a file would be called forged because a disk is slow.
#[derive(Debug, thiserror::Error)]
#[error("the local database could not be read")]
pub struct LookupFailed(#[from] pub Box<dyn Error + Send + Sync>);

/// Answers about the records that are held: verified and durable.
///
/// A *branch* is the chain of one replica's records that ends in a given record. A replica that was restored from a
/// backup can have several; which one is meant is therefore always said by a record's id, never by a number.
pub trait Branches {
    /// The record's place, `None` where it isn't held.
    ///
    /// # Errors
    /// The store could not answer.
    fn place(&self, record: &RecordId) -> Result<Option<Place>, LookupFailed>;

    /// The record with this number on the branch that ends in `tip` (which itself has the greatest number there).
    /// `None` where the tip isn't held or the number is past it.
    ///
    /// # Errors
    /// The store could not answer.
    fn record_at(&self, tip: &RecordId, number: u64) -> Result<Option<RecordId>, LookupFailed>;

    /// The last record in `document` on the branch that ends in `tip`, the tip included, and the first seq after it.
    ///
    /// # Errors
    /// The store could not answer.
    fn previous_here(&self, tip: &RecordId, document: &DocumentId) -> Result<Option<(RecordId, u64)>, LookupFailed>;
}

/// Records in memory: the twin of a store for tests and tools. Lookups walk the chain, so it suits small logs only.
#[derive(Debug, Default, Clone)]
pub struct HeldRecords(HashMap<RecordId, Record>);

impl HeldRecords {
    /// Keeps a record; false where it was held already.
    pub fn insert(&mut self, record: Record) -> bool {
        self.0.insert(record.id(), record).is_none()
    }

    /// Whether the record is held.
    pub fn contains(&self, record: &RecordId) -> bool {
        self.0.contains_key(record)
    }

    /// All records, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn chain(&self, tip: &RecordId) -> impl Iterator<Item = &Record> {
        std::iter::successors(self.0.get(tip), |record| self.0.get(&record.previous()))
    }
}

impl Branches for HeldRecords {
    fn place(&self, record: &RecordId) -> Result<Option<Place>, LookupFailed> {
        Ok(self.0.get(record).map(|record| Place {
            replica: record.replica(),
            number: record.number(),
            document: record.document(),
        }))
    }

    fn record_at(&self, tip: &RecordId, number: u64) -> Result<Option<RecordId>, LookupFailed> {
        Ok(self.chain(tip).find(|record| record.number() == number).map(Record::id))
    }

    fn previous_here(&self, tip: &RecordId, document: &DocumentId) -> Result<Option<(RecordId, u64)>, LookupFailed> {
        Ok(self.chain(tip).find(|record| record.document() == *document).map(|record| (record.id(), record.end_seq())))
    }
}
