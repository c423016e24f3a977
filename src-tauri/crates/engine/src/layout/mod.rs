//! Which block stands where, once the sequence alone doesn't say it: the list L of FORMAT.md, folded over the
//! block-level events. Needed only where a block was moved, or a join has passed a hidden block, while somebody else wrote.

mod list;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::history::{Id, Known, OrderKey};
use crate::tree::Tree;
pub(crate) use list::List;

/// A block-level event.
#[derive(Debug, Clone)]
pub(crate) struct BlockEvent {
    pub id: Id,
    pub what: Change,
}

/// What a block-level event does.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Insert(Id),
    Join {
        marker: Id,
        /// The element shown right before the marker; [`NONE`](crate::history::NONE) for HEAD.
        anchor: Id,
        /// The marker of the block shown before; [`NONE`](crate::history::NONE) for HEAD.
        into: Id,
        author: Arc<Author>,
    },
    Move {
        /// The markers of the blocks, as they were shown.
        blocks: Vec<Id>,
        /// The marker of the block that they go behind; [`NONE`](crate::history::NONE) for HEAD.
        to: Id,
        author: Arc<Author>,
    },
}

/// What the author of an event saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Author {
    /// The event.
    pub event: Id,
    /// Its version.
    pub known: Known,
    /// The live markers that weren't shown there, ascending.
    pub hidden: Vec<Id>,
}

/// All block-level events since the window's beginning, and the lists that the authors of some of them saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layouts {
    /// The markers that stood there at first, in order.
    base: Vec<Id>,
    events: BTreeMap<OrderKey, BlockEvent>,
    seen: FxHashMap<Id, Arc<List>>,
}

/// The markers of the sequence.
struct Markers {
    /// In their order.
    order: Vec<Id>,
    /// For each its place in that order.
    rank: FxHashMap<Id, u32>,
    /// For each its place in the whole sequence.
    place: FxHashMap<Id, u32>,
}

impl Markers {
    fn of(tree: &Tree) -> Self {
        let mut markers = Markers { order: Vec::new(), rank: FxHashMap::default(), place: FxHashMap::default() };
        let mut place = 0;
        for span in tree.spans() {
            if span.marker {
                markers.rank.insert(span.id, markers.order.len() as u32);
                markers.place.insert(span.id, place);
                markers.order.push(span.id);
            }
            place += span.len;
        }
        markers
    }
}

impl Layouts {
    /// One more marker after those that stand there at first.
    pub fn add_base(&mut self, marker: Id) {
        self.base.push(marker);
    }

    pub fn add(&mut self, order: OrderKey, event: BlockEvent) {
        self.events.insert(order, event);
    }

    /// The list of everything that was added.
    pub fn all(&mut self, tree: &Tree) -> List {
        self.list(tree, None)
    }

    /// The list at a version.
    pub fn at(&mut self, tree: &Tree, known: &Known) -> List {
        self.list(tree, Some(known))
    }

    /// Folds, and first folds what the authors of events met on the way saw. A stack of its own, because histories can make
    /// such needs follow each other for thousands of steps.
    fn list(&mut self, tree: &Tree, wanted: Option<&Known>) -> List {
        let markers = Markers::of(tree);
        let mut needed: Vec<Arc<Author>> = Vec::new();
        loop {
            let version = needed.last().map(|author| &author.known).or(wanted);
            match self.fold(tree, &markers, version) {
                Ok(list) => match needed.pop() {
                    Some(author) => {
                        self.seen.insert(author.event, Arc::new(list));
                    }
                    None => return list,
                },
                Err(need) => needed.push(need),
            }
        }
    }

    /// Folds the events of a version; fails with an author whose list is needed first.
    fn fold(&self, tree: &Tree, markers: &Markers, version: Option<&Known>) -> Result<List, Arc<Author>> {
        let mut fold = list::Fold::new(&self.base, tree, markers, &self.seen);
        for event in self.events.values().filter(|event| version.is_none_or(|known| known.has(event.id))) {
            let folded = match &event.what {
                Change::Insert(marker) => {
                    fold.insert(*marker);
                    continue;
                }
                Change::Join { marker, anchor, into, author } => (fold.join(author, *marker, *anchor, *into), author),
                Change::Move { blocks, to, author } => (fold.move_blocks(author, blocks, *to), author),
            };
            if let (None, author) = folded {
                return Err(author.clone());
            }
        }
        Ok(fold.list)
    }
}
