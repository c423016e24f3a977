//! Which elements a mark covers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use inkfold_engine::Value;
use inkfold_engine::event::{End, Start};

use super::tree::{Element, HEAD, Tree};
use super::version::{EventAt, Version};

/// A mark, with what its author saw.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub at: EventAt,
    pub version: Version,
    /// The segments of its version, as they stood in L.
    pub segments: Vec<Element>,
    /// s.
    pub first: Element,
    /// t.
    pub last: Element,
    /// The element shown right before s, or HEAD.
    pub before: Element,
    /// The first marker shown after t.
    pub next_marker: Option<Element>,
    pub start: Start,
    pub end: End,
    pub key: String,
    pub value: Option<Value>,
}

/// Which elements a mark covers, of those that don't have it in their version.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    tree: &'a Tree,
    /// Where each element stands in P, by number.
    places: Vec<usize>,
    /// The interval, both ends included.
    interval: RangeInclusive<usize>,
    /// The part of it after t, of a mark that grows.
    zone: Option<RangeInclusive<usize>>,
}

impl Mark {
    /// P: the segments that its author knew, with all that is in them by now, in the order in which they stood.
    fn order(&self, tree: &Tree) -> Vec<Element> {
        let mut contents: BTreeMap<Element, Vec<Element>> = BTreeMap::new();
        let mut segment = HEAD;
        for &x in tree.order() {
            if self.segments.contains(&x) {
                segment = x;
            }
            contents.entry(segment).or_default().push(x);
        }
        self.segments.iter().flat_map(|segment| &contents[segment]).copied().collect()
    }

    pub fn reach<'a>(&self, tree: &'a Tree) -> Reach<'a> {
        let order = self.order(tree);
        let mut places = vec![0; order.len()];
        for (place, x) in order.iter().enumerate() {
            places[x.0] = place;
        }
        let place = |x: Element| places[x.0];
        let begin = match self.start {
            Start::Before => place(self.first),
            Start::After => place(self.before) + 1,
        };
        let known = |x: &&Element| tree.is_in(**x, &self.version);
        let next = match self.end {
            End::Closed => Some(place(self.last) + 1),
            End::Grows => order[place(self.last) + 1..].iter().find(known).map(|&x| place(x)),
            End::Open => self.next_marker.map(place),
        };
        let end = next.unwrap_or(order.len()) - 1;
        let zone = (self.end == End::Grows).then(|| place(self.last) + 1..=end);
        Reach { tree, interval: begin..=end, zone, places }
    }
}

impl Reach<'_> {
    /// Whether the mark covers an element that doesn't have it in its version.
    pub fn covers(&self, x: Element) -> bool {
        let in_zone = |x: Element| self.zone.as_ref().is_some_and(|zone| zone.contains(&self.places[x.0]));
        if !self.interval.contains(&self.places[x.0]) {
            return false;
        }
        // In the zone, from element to left origin until one lies before it. None of them has the mark in its version:
        // an element's version holds its left origin's.
        let mut x = x;
        while in_zone(x) {
            if self.tree.is_marker(x) {
                return false;
            }
            x = self.tree.origin(x).left;
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
