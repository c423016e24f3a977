//! Which block stands where, once the sequence alone doesn't say it: the list L of FORMAT.md, folded over the
//! block-level events. Needed only where a block was moved, or a join has passed a hidden block, while somebody else wrote.

mod hidden;
mod list;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::history::{Id, Known, OrderKey, line_of, seq_of};
use crate::tree::Tree;
pub(crate) use hidden::Hidden;
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
    /// When [`Hidden`] was what it saw.
    pub time: u32,
}

/// All block-level events since the window's beginning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layouts {
    /// The markers that stood there at first, in order.
    base: Vec<Id>,
    events: BTreeMap<OrderKey, BlockEvent>,
    /// For each line the seqs of its block-level events.
    by_line: BTreeMap<u32, Vec<u32>>,
    pub hidden: Hidden,
    /// head(s) in the list that the author of an event saw, by event and segment, as far as somebody has asked.
    heads: Heads,
    /// The lists that were made last, by how many block-level events of each line they hold.
    lists: VecDeque<(Vec<(u32, usize)>, Arc<List>)>,
}

type Heads = FxHashMap<(Id, Id), Id>;

/// So many lists are kept.
const LISTS: usize = 4;

/// A head in the list that an author saw, which must be known first.
struct Need {
    author: Arc<Author>,
    segment: Id,
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
        self.by_line.entry(line_of(event.id)).or_default().push(seq_of(event.id));
        self.events.insert(order, event);
    }

    /// The author of an event of this version, who sees what is shown now.
    pub fn author(&mut self, event: Id, known: Known) -> Arc<Author> {
        Arc::new(Author { event, known, time: self.hidden.look() })
    }

    /// How many block-level events of each line a version has.
    fn counts(&self, version: &Known) -> Vec<(u32, usize)> {
        let count = |(&line, seqs): (&u32, &Vec<u32>)| {
            let end = version.count(line);
            (line, seqs.partition_point(|&seq| seq < end))
        };
        self.by_line.iter().map(count).filter(|(_, count)| *count > 0).collect()
    }

    fn kept(&mut self, counts: &[(u32, usize)]) -> Option<Arc<List>> {
        let place = self.lists.iter().position(|(other, _)| other == counts)?;
        let found = self.lists.remove(place)?;
        let list = found.1.clone();
        self.lists.push_back(found);
        Some(list)
    }

    /// The list at a version.
    ///
    /// Folds, and first folds what the authors of events met on the way saw. A stack of its own, because histories can make
    /// such needs follow each other for thousands of steps.
    pub fn at(&mut self, tree: &Tree, version: &Known) -> Arc<List> {
        let counts = self.counts(version);
        if let Some(list) = self.kept(&counts) {
            return list;
        }
        let markers = Markers::of(tree);
        let mut needs: Vec<Need> = Vec::new();
        loop {
            let version = needs.last().map_or(version, |need| &need.author.known);
            let counts = self.counts(version);
            let list = match self.kept(&counts) {
                Some(list) => list,
                None => match self.fold(tree, &markers, version) {
                    Ok(list) => Arc::new(list),
                    Err(need) => {
                        needs.push(need);
                        continue;
                    }
                },
            };
            let answer = needs.pop().map(|need| ((need.author.event, need.segment), list.head(need.segment)));
            if self.lists.len() == LISTS {
                self.lists.pop_front();
            }
            self.lists.push_back((counts, list.clone()));
            match answer {
                Some((question, head)) => self.heads.insert(question, head),
                None => return list,
            };
        }
    }

    /// Folds the events of a version; fails where a head is needed first.
    fn fold(&self, tree: &Tree, markers: &Markers, version: &Known) -> Result<List, Need> {
        let mut fold = list::Fold::new(self, tree, markers);
        for event in self.events.values().filter(|event| version.has(event.id)) {
            match &event.what {
                Change::Insert(marker) => fold.insert(*marker),
                Change::Join { marker, anchor, into, author } => fold.join(author, *marker, *anchor, *into)?,
                Change::Move { blocks, to, author } => fold.move_blocks(author, blocks, *to)?,
            }
        }
        Ok(fold.list)
    }
}
