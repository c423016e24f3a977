//! From a record's id to its entry. The table holds eight bytes an entry, not the id again: where hundreds of thousands of
//! records come one by one, its cache misses are most of what taking one in costs.

use hashbrown::HashTable;

use super::{Entry, EntryIx};
use crate::ids::RecordId;

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// A part of the id, and the entry.
    table: HashTable<(u32, EntryIx)>,
    /// What a snapshot's entry stands for.
    past: Vec<RecordId>,
}

/// Ids are hashes, so a part of one is as good as any.
fn part_of(id: &RecordId) -> u32 {
    u32::from_le_bytes([id.0[0], id.0[1], id.0[2], id.0[3]])
}

/// Spreads a part over the bits that the table looks at.
fn hash(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Index {
    /// Ids that entry 0 stands for.
    pub fn of_past(ids: impl IntoIterator<Item = RecordId>) -> Self {
        let mut past: Vec<RecordId> = ids.into_iter().collect();
        past.sort_unstable();
        past.dedup();
        Index { table: HashTable::new(), past }
    }

    pub fn get(&self, entries: &[Entry], id: &RecordId) -> Option<EntryIx> {
        let part = part_of(id);
        let found = self.table.find(hash(part), |&(other, ix)| other == part && entries[ix as usize].id == *id);
        match found {
            Some(&(_, ix)) => Some(ix),
            None => self.past.binary_search(id).is_ok().then_some(0),
        }
    }

    /// Notes the entry of a record that isn't there yet.
    pub fn insert(&mut self, id: &RecordId, ix: EntryIx) {
        let part = part_of(id);
        self.table.insert_unique(hash(part), (part, ix), |&(part, _)| hash(part));
    }

    /// Forgets an entry by the id that it had.
    pub fn remove(&mut self, id: &RecordId, ix: EntryIx) {
        let part = part_of(id);
        if let Ok(found) = self.table.find_entry(hash(part), |&(_, other)| other == ix) {
            found.remove();
        }
    }
}
