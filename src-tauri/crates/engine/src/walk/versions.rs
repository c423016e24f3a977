//! The versions right after entries that were folded lately: whoever builds on one of them need not gather what it has.

use super::*;

/// So many last versions are kept of all lines together, and of each line its last.
const LATELY: usize = 512;

#[derive(Debug, Clone, Default)]
pub(super) struct Versions {
    /// Of entries that follow each other; the last is the one before the entry in hand.
    lately: VecDeque<Known>,
    /// How many entries there were.
    count: EntryIx,
    last: Vec<Option<(EntryIx, Known)>>,
}

impl Versions {
    /// Begins before the entry `first`.
    pub fn new(first: EntryIx) -> Self {
        Versions { count: first, ..Versions::default() }
    }

    /// The version after the next entry, which lies on this line.
    pub fn push(&mut self, line: u32, version: Known) {
        if self.last.len() <= line as usize {
            self.last.resize(line as usize + 1, None);
        }
        if self.lately.len() == LATELY {
            self.lately.pop_front();
        }
        self.last[line as usize] = Some((self.count, version.clone()));
        self.lately.push_back(version);
        self.count += 1;
    }

    /// The version after an entry of a line, if it is still known.
    pub fn get(&self, line: u32, ix: EntryIx) -> Option<&Known> {
        let back = self.count.checked_sub(ix + 1)? as usize;
        match self.lately.len().checked_sub(back + 1) {
            Some(place) => self.lately.get(place),
            None => self.last.get(line as usize)?.as_ref().filter(|(last, _)| *last == ix).map(|(_, version)| version),
        }
    }
}
