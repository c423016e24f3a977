//! The list L of segments, and what of a document is shown at a version.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::ids::{RecordId, ReplicaId};

use super::tree::{Element, HEAD, Tree};
use super::version::{EventAt, Version};

/// The order of block-level events, marks and registers: Lamport, replica, record id, offset.
pub(super) type Order = (u64, ReplicaId, RecordId, u32);

/// What the fold of L goes over.
#[derive(Debug, Clone)]
pub(super) enum BlockEvent {
    Insertion(Element),
    Join(Join),
}

/// A join, with what its author saw.
#[derive(Debug, Clone)]
pub(super) struct Join {
    /// m: the marker that goes.
    pub marker: Element,
    /// a: the element shown right before it.
    pub anchor: Element,
    /// d: the marker of the block shown before it, or HEAD.
    pub into: Element,
    /// Its version.
    pub version: Version,
    /// head(s) of HEAD and all markers in its version.
    pub heads: BTreeMap<Element, Element>,
}

impl Join {
    /// Whether `u` is unknown to this join and was born in `k`.
    fn born_in(&self, tree: &Tree, u: Element, k: Element) -> bool {
        !tree.is_in(u, &self.version) && self.heads[&nearest(tree, self.heads.keys(), tree.place(u))] == k
    }
}

/// The last of some elements at or before a place in S. HEAD is always among them.
fn nearest<'a>(tree: &Tree, among: impl IntoIterator<Item = &'a Element>, place: usize) -> Element {
    let earlier = among.into_iter().copied().filter(|&x| tree.place(x) <= place);
    earlier.max_by_key(|&x| tree.place(x)).unwrap_or(HEAD)
}

/// L with the markers that are dead.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub entries: Vec<Element>,
    pub dead: BTreeSet<Element>,
}

impl List {
    /// Folds the events, which come in order.
    pub fn fold<'a>(tree: &Tree, events: impl IntoIterator<Item = &'a BlockEvent>) -> Self {
        let mut list = List { entries: vec![HEAD], dead: BTreeSet::new() };
        for event in events {
            match event {
                BlockEvent::Insertion(u) => {
                    let before = nearest(tree, &list.entries, tree.place(*u));
                    let index = list.index(before) + 1;
                    list.entries.insert(index, *u);
                }
                BlockEvent::Join(join) => list.join(tree, join),
            }
        }
        list
    }

    fn index(&self, x: Element) -> usize {
        self.entries.iter().position(|&y| y == x).expect("every folded marker is in L")
    }

    /// The end of the entries from `start` on that are dead, or unknown to the join and born in `k`.
    fn run_end(&self, tree: &Tree, join: &Join, start: usize, k: Element) -> usize {
        let goes_on = |&&u: &&Element| self.dead.contains(&u) || join.born_in(tree, u, k);
        start + self.entries[start..].iter().take_while(goes_on).count()
    }

    fn join(&mut self, tree: &Tree, join: &Join) {
        if self.dead.contains(&join.marker) {
            return;
        }
        let start = self.index(join.marker);
        let end = self.run_end(tree, join, start + 1, join.marker);
        let before = nearest(tree, &self.entries, tree.place(join.anchor));
        if self.entries[start..end].contains(&before) {
            return;
        }
        let run: Vec<Element> = self.entries.drain(start..end).collect();
        let index = self.run_end(tree, join, self.index(before) + 1, join.into);
        self.entries.splice(index..index, run);
        self.dead.insert(join.marker);
    }

    /// head(s) of each entry: the last entry at or before it that is HEAD or not dead.
    pub fn heads(&self) -> BTreeMap<Element, Element> {
        let mut head = HEAD;
        let mut heads = BTreeMap::new();
        for &x in &self.entries {
            if !self.dead.contains(&x) {
                head = x;
            }
            heads.insert(x, head);
        }
        heads
    }
}

/// A block as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownBlock {
    /// Its marker; none for the implied leading paragraph.
    pub marker: Option<Element>,
    pub removed: bool,
    pub elements: Vec<Element>,
}

/// What is shown at a version.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub list: List,
    pub blocks: Vec<ShownBlock>,
}

/// An event that took effect on an element: a deletion or a removal.
pub(super) type Effect = (EventAt, Element);

impl Layout {
    pub fn new(tree: &Tree, version: &Version, list: List, deletions: &[Effect], removals: &[Effect]) -> Self {
        let held = |effects: &[Effect]| -> BTreeSet<Element> {
            effects.iter().filter(|(at, _)| version.holds(*at)).map(|&(_, x)| x).collect()
        };
        let (deleted, removed) = (held(deletions), held(removals));

        // The visible elements of each segment.
        let mut segments: BTreeMap<Element, Vec<Element>> = BTreeMap::new();
        let mut segment = HEAD;
        for &x in tree.order().iter().filter(|&&x| tree.is_in(x, version)) {
            if x == HEAD || tree.is_marker(x) {
                segment = x;
                segments.insert(x, Vec::new());
            } else if !deleted.contains(&x) {
                segments.entry(segment).or_default().push(x);
            }
        }

        // Every entry that isn't dead begins a run, which the dead ones right after it go on.
        let mut blocks: Vec<ShownBlock> = Vec::new();
        for &x in &list.entries {
            if !list.dead.contains(&x) {
                let marker = (x != HEAD).then_some(x);
                blocks.push(ShownBlock { marker, removed: removed.contains(&x), elements: Vec::new() });
            }
            blocks.last_mut().expect("HEAD is first and never dead").elements.extend(&segments[&x]);
        }
        let implied = blocks.remove(0);
        blocks.retain(|block| !block.removed || !block.elements.is_empty());
        if !implied.elements.is_empty() || blocks.is_empty() {
            blocks.insert(0, implied);
        }
        Layout { list, blocks }
    }

    /// Everything that has a position: number 1 first.
    pub fn shown(&self) -> Vec<Element> {
        self.blocks.iter().flat_map(|block| block.marker.into_iter().chain(block.elements.iter().copied())).collect()
    }
}
