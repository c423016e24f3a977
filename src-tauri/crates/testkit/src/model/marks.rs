//! Which elements a mark covers.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::Value;
use inkfold_engine::event::{End, Start};

use super::tree::{Element, Tree};
use super::version::{EventAt, Version};

/// A mark, with the elements that its author saw at its positions.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub at: EventAt,
    pub version: Version,
    /// s.
    pub first: Element,
    /// t.
    pub last: Element,
    pub start: Start,
    pub end: End,
    pub key: String,
    pub value: Option<Value>,
}

impl Mark {
    /// Whether the mark covers an element that doesn't have it in its version.
    pub fn reaches(&self, tree: &Tree, x: Element) -> bool {
        let place = |x| tree.place(x);
        if place(self.last) < place(self.first) {
            return false;
        }
        // The interval as places in S, both ends included.
        let begin = match self.start {
            Start::Before => place(self.first),
            Start::After => place(tree.before(self.first, &self.version)) + 1,
        };
        let until = |next: Option<Element>| next.map_or(tree.order().len(), place) - 1;
        let end = match self.end {
            End::Closed => place(self.last),
            End::Grows => until(tree.after(self.last, &self.version).next()),
            End::Open => until(tree.after(self.last, &self.version).find(|&x| tree.is_marker(x))),
        };
        if !(begin..=end).contains(&place(x)) {
            return false;
        }
        // In the zone, from element to left origin until one lies before it. None of them has the mark in its version:
        // an element's version holds its left origin's.
        let mut x = x;
        while self.end == End::Grows && place(x) > place(self.last) {
            if tree.is_marker(x) {
                return false;
            }
            x = tree.origin(x).left;
        }
        true
    }
}

/// What a new element takes over: of each key the marks that cover its left or its right neighbour, or none of them.
///
/// `marks` are those of its version in order, `counts` says which of them do; `left` and `right` are the marks that cover
/// the neighbours.
pub(super) fn take_over(
    marks: &[&Mark],
    counts: impl Fn(EventAt) -> bool,
    left: &BTreeSet<EventAt>,
    right: &BTreeSet<EventAt>,
    is_marker: bool,
) -> BTreeSet<EventAt> {
    let mut by_key: BTreeMap<&str, Vec<&Mark>> = BTreeMap::new();
    for mark in marks {
        by_key.entry(&mark.key).or_default().push(mark);
    }
    let mut taken = BTreeSet::new();
    for marks in by_key.into_values() {
        let candidates = |neighbour: &BTreeSet<EventAt>| -> Vec<&Mark> {
            marks.iter().copied().filter(|mark| neighbour.contains(&mark.at)).collect()
        };
        let shows = |candidates: &[&Mark]| -> Option<(EventAt, Start, End)> {
            let greatest = candidates.iter().rev().find(|mark| counts(mark.at))?;
            greatest.value.as_ref().map(|_| (greatest.at, greatest.start, greatest.end))
        };
        let (left, right) = (candidates(left), candidates(right));
        let from = match (shows(&left), shows(&right)) {
            (l, r) if l.map(|(at, ..)| at) == r.map(|(at, ..)| at) => left,
            (Some((_, _, End::Open)), _) => left,
            (Some((_, _, End::Grows)), _) if !is_marker => left,
            (_, Some((_, Start::After, _))) if !is_marker => right,
            (None, _) => left,
            (_, None) => right,
            (Some(_), Some(_)) => continue,
        };
        taken.extend(from.iter().map(|mark| mark.at));
    }
    taken
}
