//! Versions as the tracker has them: how many events of each line.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Id, line_of, seq_of};

/// A version: how many events of each line it has, counted by seq. Lines past the end have none.
///
/// It says what it has above the version that a tracker begins with, so that where hundreds have written, each on a branch
/// of their own, a version is a few numbers and not hundreds. Only versions above the same one are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    base: Arc<[u32]>,
    /// Lines of which it has more, ascending, with how many.
    above: SmallVec<[(u32, u32); 4]>,
}

impl Known {
    /// The version that has so many events of each line.
    pub fn new(counts: &[u32]) -> Self {
        Known { base: counts.into(), above: SmallVec::new() }
    }

    fn place(&self, line: u32) -> Result<usize, usize> {
        match self.above.last() {
            Some(last) if last.0 < line => Err(self.above.len()),
            _ => self.above.binary_search_by_key(&line, |&(line, _)| line),
        }
    }

    fn base(&self, line: u32) -> u32 {
        self.base.get(line as usize).copied().unwrap_or(0)
    }

    pub fn has(&self, id: Id) -> bool {
        seq_of(id) < self.count(line_of(id))
    }

    pub fn count(&self, line: u32) -> u32 {
        self.place(line).map_or_else(|_| self.base(line), |place| self.above[place].1)
    }

    pub fn raise(&mut self, line: u32, end: u32) {
        match self.place(line) {
            Ok(place) => self.above[place].1 = end.max(self.above[place].1),
            Err(place) if end > self.base(line) => self.above.insert(place, (line, end)),
            Err(_) => {}
        }
    }

    /// Has so many of a line from now on; no fewer than the version that the tracker began with.
    pub fn set(&mut self, line: u32, end: u32) {
        debug_assert!(end >= self.base(line));
        match self.place(line) {
            Ok(place) if end == self.base(line) => {
                self.above.remove(place);
            }
            Ok(place) => self.above[place].1 = end,
            Err(_) => self.raise(line, end),
        }
    }

    pub fn join(&mut self, other: &Known) {
        debug_assert_eq!(self.base, other.base);
        if self.above.is_empty() {
            self.above = other.above.clone();
            return;
        }
        other.above.iter().for_each(|&(line, end)| self.raise(line, end));
    }

    /// The lines on which two versions differ, ascending, with how many events each has.
    pub fn differences(&self, other: &Known) -> SmallVec<[(u32, u32, u32); 4]> {
        debug_assert_eq!(self.base, other.base);
        let (mut ours, mut theirs) = (self.above.as_slice(), other.above.as_slice());
        let mut out = SmallVec::new();
        while let Some(line) = [ours.first(), theirs.first()].into_iter().flatten().map(|&(line, _)| line).min() {
            let take = |list: &mut &[(u32, u32)]| match *list {
                [(first, end), rest @ ..] if *first == line => {
                    *list = rest;
                    *end
                }
                _ => self.base(line),
            };
            let (now, then) = (take(&mut ours), take(&mut theirs));
            if now != then {
                out.push((line, now, then));
            }
        }
        out
    }
}
