//! What files hold that a store doesn't: how their records hang together and nothing else, so that a folder can be verified
//! that is larger than memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use inkfold_engine::{DocumentId, Record, RecordId, ReplicaId};
use inkfold_folder::{Branches, LookupFailed, Place};
use inkfold_store::{Storage, StoreError};

use crate::branches::StoreBranches;

struct Link {
    replica: ReplicaId,
    number: u64,
    document: DocumentId,
    previous: RecordId,
    end_seq: u64,
}

/// The records of a store, and the links of those that were found in files.
pub(super) struct Found<'a> {
    store: &'a dyn Storage,
    links: HashMap<RecordId, Link>,
    numbers: BTreeMap<(ReplicaId, u64), RecordId>,
    streams: BTreeMap<(ReplicaId, DocumentId, u64), RecordId>,
    /// Replicas of more than one branch, whose chains have to be followed record by record.
    forked: BTreeSet<ReplicaId>,
}

impl<'a> Found<'a> {
    pub fn new(store: &'a dyn Storage) -> Result<Self, StoreError> {
        let mut forked = BTreeSet::new();
        for replica in store.replicas()? {
            if store.first_fork(&replica)?.is_some() {
                forked.insert(replica);
            }
        }
        Ok(Found { store, links: HashMap::new(), numbers: BTreeMap::new(), streams: BTreeMap::new(), forked })
    }

    /// How many records the store doesn't hold.
    pub fn len(&self) -> u64 {
        self.links.len() as u64
    }

    /// Notes a verified record, all of whose predecessors are here; true if it is new.
    pub fn note(&mut self, record: &Record) -> Result<bool, StoreError> {
        let (id, replica, number, document) = (record.id(), record.replica(), record.number(), record.document());
        if self.links.contains_key(&id) || self.store.link(&id)?.is_some() {
            return Ok(false);
        }
        let is_second = self.numbers.insert((replica, number), id).is_some();
        if is_second || !self.store.records_at(&replica, number)?.is_empty() {
            self.forked.insert(replica);
        }
        self.streams.insert((replica, document, number), id);
        let link = Link { replica, number, document, previous: record.previous(), end_seq: record.end_seq() };
        self.links.insert(id, link);
        Ok(true)
    }

    fn in_store(&self) -> StoreBranches<'a> {
        StoreBranches(self.store)
    }
}

fn failed(error: StoreError) -> LookupFailed {
    LookupFailed(Box::new(error))
}

impl Branches for Found<'_> {
    fn place(&self, record: &RecordId) -> Result<Option<Place>, LookupFailed> {
        match self.links.get(record) {
            Some(Link { replica, number, document, .. }) => {
                Ok(Some(Place { replica: *replica, number: *number, document: *document }))
            }
            None => self.in_store().place(record),
        }
    }

    fn record_at(&self, tip: &RecordId, number: u64) -> Result<Option<RecordId>, LookupFailed> {
        let mut at = *tip;
        while let Some(link) = self.links.get(&at) {
            if link.number <= number {
                return Ok((link.number == number).then_some(at));
            }
            if !self.forked.contains(&link.replica) {
                if let Some(found) = self.numbers.get(&(link.replica, number)) {
                    return Ok(Some(*found));
                }
                return Ok(self.store.records_at(&link.replica, number).map_err(failed)?.first().copied());
            }
            at = link.previous;
        }
        self.in_store().record_at(&at, number)
    }

    fn previous_here(&self, tip: &RecordId, document: &DocumentId) -> Result<Option<(RecordId, u64)>, LookupFailed> {
        let mut at = *tip;
        while let Some(link) = self.links.get(&at) {
            if link.document == *document {
                return Ok(Some((at, link.end_seq)));
            }
            if !self.forked.contains(&link.replica) {
                let stream = (link.replica, *document, 0)..(link.replica, *document, link.number);
                if let Some(found) =
                    self.streams.range(stream).next_back().and_then(|(_, id)| self.links.get_key_value(id))
                {
                    return Ok(Some((*found.0, found.1.end_seq)));
                }
                // The first that was found goes on where the store's end.
                let first = self.numbers.range((link.replica, 0)..).next();
                let Some(first) = first.and_then(|(_, id)| self.links.get(id)) else { return Ok(None) };
                at = first.previous;
                break;
            }
            at = link.previous;
        }
        if at == RecordId::NONE { Ok(None) } else { self.in_store().previous_here(&at, document) }
    }
}
