//! Which markers are hidden from whom, remembered for all whose events are folded later again.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::history::Id;

/// The live markers that aren't shown to the author of the entry in hand, and those that weren't to the authors before.
///
/// Time is counted by the authors that looked. What turns between two of them is noted for each marker, so that it costs
/// no more than the turns did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hidden {
    now: FxHashSet<Id>,
    /// For each marker when it was hidden or shown again, in order.
    turns: FxHashMap<Id, Vec<(u32, bool)>>,
    time: u32,
}

impl Hidden {
    /// A marker is hidden from now on, or no longer.
    pub fn set(&mut self, marker: Id, hidden: bool) {
        let turned = if hidden { self.now.insert(marker) } else { self.now.remove(&marker) };
        if turned {
            let turns = self.turns.entry(marker).or_default();
            match turns.last_mut() {
                Some(last) if last.0 == self.time => last.1 = hidden,
                _ => turns.push((self.time, hidden)),
            }
        }
    }

    /// Just these are hidden from now on.
    pub fn set_all(&mut self, hidden: &FxHashSet<Id>) {
        let others: Vec<Id> = self.now.difference(hidden).copied().collect();
        for marker in others {
            self.set(marker, false);
        }
        for &marker in hidden {
            self.set(marker, true);
        }
    }

    /// The markers that are hidden now.
    pub fn now(&self) -> &FxHashSet<Id> {
        &self.now
    }

    /// An author looks; gives the time.
    pub fn look(&mut self) -> u32 {
        self.time += 1;
        self.time - 1
    }

    /// Whether a marker was hidden when an author looked.
    pub fn was(&self, marker: Id, time: u32) -> bool {
        let Some(turns) = self.turns.get(&marker) else { return false };
        let turned = turns.partition_point(|(when, _)| *when <= time);
        turned.checked_sub(1).is_some_and(|last| turns[last].1)
    }
}
