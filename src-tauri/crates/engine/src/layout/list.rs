//! The list L and its fold, by the letter of FORMAT.md, section 4. [`NONE`] stands for HEAD.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Author, Markers};
use crate::history::{Id, NONE};
use crate::tree::Tree;

/// A place in L: an index of its entries.
type Node = u32;
const END: Node = Node::MAX;

#[derive(Debug, Clone)]
struct Entry {
    /// The segment; none for a ghost, which says where a moved block was.
    segment: Option<Id>,
    previous: Node,
    next: Node,
}

/// That a block was taken along by a move.
#[derive(Debug, Clone, Copy)]
struct Taken {
    by: Id,
    as_last: bool,
    /// What it left where it was.
    ghost: Node,
}

/// L at one version, HEAD first.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    entries: Vec<Entry>,
    nodes: FxHashMap<Id, Node>,
    pub dead: FxHashSet<Id>,
    /// The moves of each block, in order.
    moves: FxHashMap<Id, Vec<Taken>>,
    /// For each block the move that moved it last, and what it came to stand behind.
    last: FxHashMap<Id, (Id, Id)>,
}

impl List {
    /// The segments as they stand.
    pub fn segments(&self) -> impl Iterator<Item = Id> + '_ {
        let mut node = 0;
        std::iter::from_fn(move || {
            let entry = self.entries.get(node as usize)?;
            node = entry.next;
            Some(entry.segment)
        })
        .flatten()
    }

    /// The last entry at or before a segment that is HEAD or live.
    fn head(&self, segment: Id) -> Id {
        let mut node = self.nodes[&segment];
        loop {
            let entry = &self.entries[node as usize];
            match entry.segment {
                Some(found) if found == NONE || !self.dead.contains(&found) => return found,
                _ => node = entry.previous,
            }
        }
    }

    fn insert_after(&mut self, before: Node, segment: Option<Id>) -> Node {
        let node = self.entries.len() as Node;
        let next = self.entries[before as usize].next;
        self.entries.push(Entry { segment, previous: before, next });
        self.entries[before as usize].next = node;
        if next != END {
            self.entries[next as usize].previous = node;
        }
        if let Some(segment) = segment {
            self.nodes.insert(segment, node);
        }
        node
    }

    fn take_out(&mut self, node: Node) {
        let Entry { previous, next, .. } = self.entries[node as usize];
        self.entries[previous as usize].next = next;
        if next != END {
            self.entries[next as usize].previous = previous;
        }
    }

    fn put_after(&mut self, before: Node, node: Node) {
        let next = self.entries[before as usize].next;
        (self.entries[node as usize].previous, self.entries[node as usize].next) = (before, next);
        self.entries[before as usize].next = node;
        if next != END {
            self.entries[next as usize].previous = node;
        }
    }

    /// The segments after an entry, each with its place, but for those that an event's author didn't see: the blocks that were
    /// hidden, with the dead entries after them.
    fn after<'a>(&'a self, author: &'a Author, node: Node) -> impl Iterator<Item = (Node, Id)> + 'a {
        let mut next = self.entries[node as usize].next;
        let mut is_hidden = false;
        std::iter::from_fn(move || {
            loop {
                let node = next;
                let entry = self.entries.get(node as usize)?;
                next = entry.next;
                let Some(segment) = entry.segment else { continue };
                if !self.dead.contains(&segment) {
                    is_hidden = author.hidden.binary_search(&segment).is_ok();
                }
                if !is_hidden {
                    return Some((node, segment));
                }
            }
        })
    }
}

/// Events being folded into a list. Where a step gives none, what the event's author saw is needed first.
pub(super) struct Fold<'a> {
    pub list: List,
    tree: &'a Tree,
    markers: &'a Markers,
    seen: &'a FxHashMap<Id, Arc<List>>,
    /// The markers folded so far, by their place in the sequence.
    folded: BTreeMap<u32, Id>,
}

impl<'a> Fold<'a> {
    /// Begins with the markers that stand there at first.
    pub fn new(base: &[Id], tree: &'a Tree, markers: &'a Markers, seen: &'a FxHashMap<Id, Arc<List>>) -> Self {
        let mut list = List::default();
        list.entries.push(Entry { segment: Some(NONE), previous: END, next: END });
        list.nodes.insert(NONE, 0);
        let mut folded = Vec::with_capacity(base.len());
        let mut last = 0;
        for &marker in base {
            last = list.insert_after(last, Some(marker));
            folded.push((markers.place[&marker], marker));
        }
        Fold { list, tree, markers, seen, folded: folded.into_iter().collect() }
    }

    /// The nearest folded marker before a place in the sequence.
    fn nearest(&self, place: u32) -> Id {
        self.folded.range(..place).next_back().map_or(NONE, |(_, &marker)| marker)
    }

    pub fn insert(&mut self, marker: Id) {
        let place = self.markers.place[&marker];
        let before = self.list.nodes[&self.nearest(place)];
        self.list.insert_after(before, Some(marker));
        self.folded.insert(place, marker);
    }

    pub fn join(&mut self, author: &Author, marker: Id, anchor: Id, into: Id) -> Option<()> {
        if self.list.dead.contains(&marker) || !self.list.nodes.contains_key(&marker) {
            return Some(());
        }
        let run = self.run(author, marker)?;
        let before = if anchor == NONE { NONE } else { self.nearest(self.tree.place_of(anchor) + 1) };
        if run.contains(&before) {
            return Some(());
        }
        self.put(author, &run, self.list.nodes[&before], into)?;
        self.list.dead.insert(marker);
        Some(())
    }

    pub fn move_blocks(&mut self, author: &Author, blocks: &[Id], to: Id) -> Option<()> {
        let mut run = self.runs(author, blocks, true)?;
        if run.contains(&to) {
            run = self.runs(author, blocks, false)?;
        }
        if run.is_empty() || run.contains(&to) {
            return Some(());
        }
        let before = self.destination(author, to);
        for (i, &block) in blocks.iter().enumerate() {
            if self.list.dead.contains(&block) {
                continue;
            }
            let previous = self.list.entries[self.list.nodes[&block] as usize].previous;
            let ghost = self.list.insert_after(previous, None);
            let taken = Taken { by: author.event, as_last: i + 1 == blocks.len(), ghost };
            self.list.moves.entry(block).or_default().push(taken);
        }
        self.put(author, &run, before, to)?;
        let mut behind = to;
        for block in run {
            if !self.list.dead.contains(&block) {
                self.list.last.insert(block, (author.event, behind));
                behind = block;
            }
        }
        Some(())
    }

    /// What goes with a move: the runs of its live blocks, inner ones of all but the last if `inner`.
    fn runs(&self, author: &Author, blocks: &[Id], inner: bool) -> Option<Vec<Id>> {
        let mut runs: Vec<Id> = Vec::new();
        let mut taken: FxHashSet<Id> = FxHashSet::default();
        for (i, block) in blocks.iter().enumerate() {
            if self.list.dead.contains(block) || taken.contains(block) {
                continue;
            }
            let run = match inner && i + 1 < blocks.len() {
                true => self.inner_run(author, *block)?,
                false => self.run(author, *block)?,
            };
            runs.extend(run.into_iter().filter(|&segment| taken.insert(segment)));
        }
        Some(runs)
    }

    /// Where a move goes: its destination, or the ghost of that, if it was moved away as the last of its blocks.
    fn destination(&self, author: &Author, to: Id) -> Node {
        let here = self.list.nodes[&to];
        if self.list.dead.contains(&to) {
            return here;
        }
        let moves = self.list.moves.get(&to).map(Vec::as_slice).unwrap_or_default();
        let known = moves.iter().rposition(|taken| author.known.has(taken.by));
        let unknown = &moves[known.map_or(0, |known| known + 1)..];
        unknown.iter().find(|taken| taken.as_last).map_or(here, |taken| taken.ghost)
    }

    /// Whether a segment is unknown to an author, and was born in a block.
    fn born_in(&self, author: &Author, segment: Id, block: Id) -> Option<bool> {
        if segment == NONE || author.known.has(segment) {
            return Some(false);
        }
        let seen = self.seen.get(&author.event)?;
        let rank = self.markers.rank[&segment] as usize;
        let known = self.markers.order[..rank].iter().rev().copied().find(|marker| seen.nodes.contains_key(marker));
        Some(seen.head(known.unwrap_or(NONE)) == block)
    }

    /// A block with the segments that go on in it.
    fn run(&self, author: &Author, block: Id) -> Option<Vec<Id>> {
        let mut run = vec![block];
        for (_, segment) in self.list.after(author, self.list.nodes[&block]) {
            if !self.list.dead.contains(&segment) && !self.born_in(author, segment, block)? {
                break;
            }
            run.push(segment);
        }
        Some(run)
    }

    /// A block with the segments that go on in it, and with the blocks that others have moved into it.
    fn inner_run(&self, author: &Author, block: Id) -> Option<Vec<Id>> {
        let mut run = vec![block];
        // The blocks in the run that were moved there, after the block itself.
        let mut places = vec![block];
        for (_, segment) in self.list.after(author, self.list.nodes[&block]) {
            if !self.list.dead.contains(&segment) && !self.born_in(author, segment, block)? {
                let last = self.list.last.get(&segment);
                if last.is_some_and(|(by, behind)| !author.known.has(*by) && places.contains(behind)) {
                    places.push(segment);
                } else {
                    let is_unknown = segment != NONE && !author.known.has(segment);
                    let is_split =
                        places.len() > 1 && is_unknown && { run.contains(&self.nearest(self.markers.place[&segment])) };
                    if !is_split {
                        break;
                    }
                }
            }
            run.push(segment);
        }
        Some(run)
    }

    /// Takes a run out and puts it behind an entry, in a block.
    fn put(&mut self, author: &Author, run: &[Id], before: Node, block: Id) -> Option<()> {
        for segment in run {
            self.list.take_out(self.list.nodes[segment]);
        }
        let mut at = before;
        for (node, segment) in self.list.after(author, before) {
            if !self.list.dead.contains(&segment) && !self.born_in(author, segment, block)? {
                break;
            }
            at = node;
        }
        for segment in run {
            let node = self.list.nodes[segment];
            self.list.put_after(at, node);
            at = node;
        }
        Some(())
    }
}
