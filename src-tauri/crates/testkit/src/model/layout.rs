//! What of a document is shown at a version.

use std::collections::{BTreeMap, BTreeSet};

use super::list::List;
use super::tree::{Element, HEAD, Tree};
use super::version::{EventAt, Version};

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
    /// `counts` says which of the version's events do.
    pub fn new(
        tree: &Tree,
        list: List,
        version: &Version,
        counts: impl Fn(EventAt) -> bool,
        deletions: &[Effect],
        removals: &[Effect],
    ) -> Self {
        let held = |effects: &[Effect]| -> BTreeSet<Element> {
            effects.iter().filter(|(at, _)| version.holds(*at) && counts(*at)).map(|&(_, x)| x).collect()
        };
        let (deleted, removed) = (held(deletions), held(removals));

        // The visible elements of each segment.
        let mut segments: BTreeMap<Element, Vec<Element>> = BTreeMap::new();
        let mut segment = HEAD;
        for &x in tree.order().iter().filter(|&&x| tree.is_in(x, version)) {
            if x == HEAD || tree.is_marker(x) {
                segment = x;
                segments.insert(x, Vec::new());
            } else if counts(tree.origin(x).at) && !deleted.contains(&x) {
                segments.entry(segment).or_default().push(x);
            }
        }

        // Every segment that isn't dead begins a run, which the dead ones right after it go on.
        let mut blocks: Vec<ShownBlock> = Vec::new();
        for x in list.segments() {
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
