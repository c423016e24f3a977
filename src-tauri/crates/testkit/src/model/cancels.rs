//! Which events count.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use super::list::Order;
use super::version::{EventAt, Version};

/// A cancel, with the events that it names.
#[derive(Debug, Clone)]
pub(super) struct Cancel {
    pub at: EventAt,
    pub on: bool,
    pub names: Vec<EventAt>,
}

/// The events of a version that don't count.
///
/// Events that always count can be among them: nobody asks for those.
pub(super) fn cancelled(cancels: &BTreeMap<Order, Cancel>, version: &Version) -> BTreeSet<EventAt> {
    let mut off = BTreeSet::new();
    for cancel in cancels.values().filter(|cancel| version.holds(cancel.at)) {
        match cancel.on {
            true => off.retain(|at| !cancel.names.contains(at)),
            false => off.extend(&cancel.names),
        }
    }
    off
}

impl Model {
    /// The events that a cancel at `at` names by their seqs: earlier ones of its record and of those on its chain.
    pub(super) fn named(&self, at: EventAt, ranges: &[(u64, u64)]) -> Vec<EventAt> {
        let mut named = Vec::new();
        let mut next = Some(at.record);
        while let Some(index) = next {
            let record = &self.records[index.0].record;
            let first = record.content().first_seq;
            // The cancel itself isn't there yet.
            let end = if index == at.record { first + u64::from(at.offset) } else { record.end_seq() };
            for &(from, to) in ranges {
                let offsets = from.max(first)..to.min(end);
                named.extend(offsets.map(|seq| EventAt { record: index, offset: (seq - first) as u32 }));
            }
            next = record.previous_here().map(|previous| self.by_id[&previous]);
        }
        named
    }
}
