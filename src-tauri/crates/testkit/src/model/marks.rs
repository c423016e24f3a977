//! Which elements a mark covers.

use inkfold_engine::Value;
use inkfold_engine::event::{End, Start};

use super::tree::{Element, HEAD, Tree};
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
    /// For each element whether it is covered, HEAD included, which isn't. `is_known_to` says whether the mark is in an
    /// element's version.
    pub fn covered(&self, tree: &Tree, is_known_to: impl Fn(Element) -> bool) -> Vec<bool> {
        let mut covered = vec![false];
        let place = |x| tree.place(x);
        if place(self.last) < place(self.first) {
            covered.extend(tree.elements().map(|_| false));
            return covered;
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

        // An element's origins come before it in this order, so what they are is known.
        for x in tree.elements() {
            let origin = tree.origin(x);
            let is_marker = tree.is_marker(x);
            let is_covered = if !is_known_to(x) {
                let in_interval = (begin..=end).contains(&place(x));
                let in_zone = |y: Element| self.end == End::Grows && place(y) > place(self.last) && place(y) <= end;
                let grows_to = || {
                    let left = origin.left;
                    let continues = in_zone(left) && covered[left.0] && !tree.is_marker(left);
                    !is_marker && (place(left) <= place(self.last) || continues)
                };
                in_interval && (!in_zone(x) || grows_to())
            } else {
                let left = covered[origin.left.0];
                let right = origin.right.is_some_and(|right| covered[right.0]);
                match (left, right) {
                    (true, true) => true,
                    (true, false) => self.end == End::Open || (self.end == End::Grows && !is_marker),
                    (false, true) => self.start == Start::After && !is_marker,
                    (false, false) => false,
                }
            };
            covered.push(is_covered);
        }
        debug_assert!(!covered[HEAD.0]);
        covered
    }
}
