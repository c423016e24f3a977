//! The list L of segments: which block stands where.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::ids::{RecordId, ReplicaId};

use super::tree::{Element, HEAD, Tree};
use super::version::{EventAt, Version};

/// The order of block-level events, marks, registers and cancels: Lamport, replica, record id, offset.
pub(super) type Order = (u64, ReplicaId, RecordId, u32);

/// What the fold of L goes over.
#[derive(Debug, Clone)]
pub(super) enum BlockEvent {
    Insertion(Element),
    Join(Join),
    Move(Move),
}

/// What the author of a block-level event saw.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// The event's version.
    pub version: Version,
    /// head(s) of HEAD and all markers in it.
    pub heads: BTreeMap<Element, Element>,
    /// The live markers in it that weren't shown.
    pub hidden: BTreeSet<Element>,
}

impl Sight {
    fn is_unknown(&self, tree: &Tree, u: Element) -> bool {
        !tree.is_in(u, &self.version)
    }

    /// Whether `u` is unknown and was born in `k`.
    fn born_in(&self, tree: &Tree, u: Element, k: Element) -> bool {
        self.is_unknown(tree, u) && self.heads[&nearest(tree, self.heads.keys().copied(), tree.place(u))] == k
    }
}

/// A join, with what its author saw.
#[derive(Debug, Clone)]
pub(super) struct Join {
    pub sight: Sight,
    /// m: the marker that goes.
    pub marker: Element,
    /// a: the element shown right before it.
    pub anchor: Element,
    /// d: the marker of the block shown before it, or HEAD.
    pub into: Element,
}

/// A move, with what its author saw.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub at: EventAt,
    pub sight: Sight,
    /// K: the markers of the blocks that go, as they were shown.
    pub blocks: Vec<Element>,
    /// d: the marker of the block that they go behind, or HEAD.
    pub to: Element,
}

/// The last of some elements at or before a place in S. HEAD is always among them.
fn nearest(tree: &Tree, among: impl IntoIterator<Item = Element>, place: usize) -> Element {
    let earlier = among.into_iter().filter(|&x| tree.place(x) <= place);
    earlier.max_by_key(|&x| tree.place(x)).unwrap_or(HEAD)
}

/// An entry of L.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// A segment, by its marker or HEAD.
    Segment(Element),
    /// The place where a moved block was, by its number.
    Ghost(usize),
}

/// That a block was taken along by a move.
#[derive(Debug, Clone, Copy)]
struct Taken {
    by: EventAt,
    /// It was the last of the move's blocks.
    as_last: bool,
    /// What it left where it was.
    ghost: Entry,
}

/// L with the markers that are dead.
#[derive(Debug, Clone)]
pub(super) struct List {
    entries: Vec<Entry>,
    pub dead: BTreeSet<Element>,
    ghosts: usize,
    /// For each block the moves of it, in order.
    moves: BTreeMap<Element, Vec<Taken>>,
    /// For each block the move that moved it last, and what it came to stand behind.
    last: BTreeMap<Element, (EventAt, Element)>,
}

impl List {
    /// Folds the events, which come in order.
    pub fn fold<'a>(tree: &Tree, events: impl IntoIterator<Item = &'a BlockEvent>) -> Self {
        let mut list = List {
            entries: vec![Entry::Segment(HEAD)],
            dead: BTreeSet::new(),
            ghosts: 0,
            moves: BTreeMap::new(),
            last: BTreeMap::new(),
        };
        for event in events {
            match event {
                BlockEvent::Insertion(u) => list.insert(tree, *u),
                BlockEvent::Join(join) => list.join(tree, join),
                BlockEvent::Move(moved) => list.move_blocks(tree, moved),
            }
        }
        list
    }

    /// The segments as they stand.
    pub fn segments(&self) -> impl Iterator<Item = Element> + '_ {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Segment(x) => Some(*x),
            Entry::Ghost(_) => None,
        })
    }

    /// head(s) of each segment: the last one at or before it that is HEAD or live.
    pub fn heads(&self) -> BTreeMap<Element, Element> {
        let mut head = HEAD;
        let mut heads = BTreeMap::new();
        for x in self.segments() {
            if !self.dead.contains(&x) {
                head = x;
            }
            heads.insert(x, head);
        }
        heads
    }

    fn index(&self, entry: Entry) -> usize {
        self.entries.iter().position(|&y| y == entry).expect("every folded marker and every ghost is in L")
    }

    fn insert(&mut self, tree: &Tree, u: Element) {
        let before = nearest(tree, self.segments(), tree.place(u));
        let index = self.index(Entry::Segment(before)) + 1;
        self.entries.insert(index, Entry::Segment(u));
    }

    fn join(&mut self, tree: &Tree, join: &Join) {
        if self.dead.contains(&join.marker) {
            return;
        }
        let run = self.run(tree, &join.sight, join.marker);
        let before = nearest(tree, self.segments(), tree.place(join.anchor));
        if run.contains(&before) {
            return;
        }
        self.take_out(&run);
        self.put(tree, &join.sight, &run, Entry::Segment(before), join.into);
        self.dead.insert(join.marker);
    }

    fn move_blocks(&mut self, tree: &Tree, moved: &Move) {
        let mut run = self.runs(tree, moved, true);
        if run.contains(&moved.to) {
            run = self.runs(tree, moved, false);
        }
        if run.is_empty() || run.contains(&moved.to) {
            return;
        }
        let before = self.destination(moved);
        for (i, &k) in moved.blocks.iter().enumerate().filter(|(_, k)| !self.dead.contains(k)) {
            let ghost = Entry::Ghost(self.ghosts);
            self.ghosts += 1;
            let index = self.index(Entry::Segment(k));
            self.entries.insert(index, ghost);
            let taken = Taken { by: moved.at, as_last: i + 1 == moved.blocks.len(), ghost };
            self.moves.entry(k).or_default().push(taken);
        }
        self.take_out(&run);
        self.put(tree, &moved.sight, &run, before, moved.to);
        let mut behind = moved.to;
        for x in run.into_iter().filter(|x| !self.dead.contains(x)) {
            self.last.insert(x, (moved.at, behind));
            behind = x;
        }
    }

    /// g of a move: the runs of its live blocks, inner ones of all but the last if `inner`.
    fn runs(&self, tree: &Tree, moved: &Move, inner: bool) -> Vec<Element> {
        let mut runs: Vec<Element> = Vec::new();
        for (i, &k) in moved.blocks.iter().enumerate() {
            if self.dead.contains(&k) || runs.contains(&k) {
                continue;
            }
            let run = match inner && i + 1 < moved.blocks.len() {
                true => self.inner_run(tree, &moved.sight, k),
                false => self.run(tree, &moved.sight, k),
            };
            runs.extend(run.into_iter().filter(|x| !runs.contains(x)).collect::<Vec<_>>());
        }
        runs
    }

    /// x of a move: its destination, or the ghost of that, if it was moved away as the last of its blocks.
    fn destination(&self, moved: &Move) -> Entry {
        let here = Entry::Segment(moved.to);
        if self.dead.contains(&moved.to) {
            return here;
        }
        let moves = self.moves.get(&moved.to).map(Vec::as_slice).unwrap_or_default();
        let known = moves.iter().rposition(|taken| moved.sight.version.holds(taken.by));
        let unknown = &moves[known.map_or(0, |known| known + 1)..];
        unknown.iter().find(|taken| taken.as_last).map_or(here, |taken| taken.ghost)
    }

    /// The segments after an entry, each with its index, but for those that an event's author didn't see: the blocks that
    /// were hidden, with the dead entries after them.
    fn after(&self, sight: &Sight, entry: Entry) -> impl Iterator<Item = (usize, Element)> {
        let mut after = Vec::new();
        let mut is_hidden = false;
        for (index, &entry) in self.entries.iter().enumerate().skip(self.index(entry) + 1) {
            let Entry::Segment(u) = entry else { continue };
            if !self.dead.contains(&u) {
                is_hidden = sight.hidden.contains(&u);
            }
            if !is_hidden {
                after.push((index, u));
            }
        }
        after.into_iter()
    }

    fn run(&self, tree: &Tree, sight: &Sight, k: Element) -> Vec<Element> {
        let goes_on = |&u: &Element| self.dead.contains(&u) || sight.born_in(tree, u, k);
        let after = self.after(sight, Entry::Segment(k)).map(|(_, u)| u);
        std::iter::once(k).chain(after.take_while(goes_on)).collect()
    }

    fn inner_run(&self, tree: &Tree, sight: &Sight, k: Element) -> Vec<Element> {
        let mut run = vec![k];
        // The blocks in the run that were moved there, after k itself.
        let mut places = vec![k];
        for (_, u) in self.after(sight, Entry::Segment(k)) {
            let moved_here = || {
                let last = self.last.get(&u);
                last.is_some_and(|(by, behind)| !sight.version.holds(*by) && places.contains(behind))
            };
            let split_here = || {
                let before = nearest(tree, self.segments().filter(|&x| x != u), tree.place(u));
                places.len() > 1 && sight.is_unknown(tree, u) && run.contains(&before)
            };
            if self.dead.contains(&u) || sight.born_in(tree, u, k) {
                // As in any run.
            } else if moved_here() {
                places.push(u);
            } else if !split_here() {
                break;
            }
            run.push(u);
        }
        run
    }

    fn take_out(&mut self, run: &[Element]) {
        self.entries.retain(|entry| !matches!(entry, Entry::Segment(x) if run.contains(x)));
    }

    /// Puts a run behind `before`, in the block `k`.
    fn put(&mut self, tree: &Tree, sight: &Sight, run: &[Element], before: Entry, k: Element) {
        let mut index = self.index(before) + 1;
        let goes_on = |(_, u): &(usize, Element)| self.dead.contains(u) || sight.born_in(tree, *u, k);
        if let Some((last, _)) = self.after(sight, before).take_while(goes_on).last() {
            index = last + 1;
        }
        self.entries.splice(index..index, run.iter().map(|&x| Entry::Segment(x)));
    }
}
