//! The list L and its fold, by the letter of FORMAT.md, section 4. [`NONE`] stands for HEAD.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Author, Hidden, Layouts, Markers, Need};
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
        self.segments_from(NONE)
    }

    /// The segments as they stand, from one on.
    pub fn segments_from(&self, segment: Id) -> impl Iterator<Item = Id> + '_ {
        let mut node = self.nodes.get(&segment).copied().unwrap_or(END);
        std::iter::from_fn(move || {
            let entry = self.entries.get(node as usize)?;
            node = entry.next;
            Some(entry.segment)
        })
        .flatten()
    }

    /// The last entry at or before a segment that is HEAD or live.
    pub fn head(&self, segment: Id) -> Id {
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
    fn after<'a>(
        &'a self,
        hidden: &'a Hidden,
        author: &'a Author,
        node: Node,
    ) -> impl Iterator<Item = (Node, Id)> + 'a {
        let mut next = self.entries[node as usize].next;
        let mut is_hidden = false;
        std::iter::from_fn(move || {
            loop {
                let node = next;
                let entry = self.entries.get(node as usize)?;
                next = entry.next;
                let Some(segment) = entry.segment else { continue };
                if !self.dead.contains(&segment) {
                    is_hidden = author.known.has(segment) && hidden.was(segment, author.time);
                }
                if !is_hidden {
                    return Some((node, segment));
                }
            }
        })
    }
}

/// Events being folded into a list. Where a step fails, a head in the list that the event's author saw is needed first.
pub(super) struct Fold<'a> {
    pub list: List,
    layouts: &'a Layouts,
    tree: &'a Tree,
    markers: &'a Markers,
    /// The markers folded so far, by their place in the sequence.
    folded: BTreeMap<u32, Id>,
    /// For the event in hand, the nearest known predecessors in the sequence of markers that its author didn't know.
    nearest_known: RefCell<(Id, FxHashMap<Id, Id>)>,
}

impl<'a> Fold<'a> {
    /// Begins with the markers that stand there at first.
    pub fn new(layouts: &'a Layouts, tree: &'a Tree, markers: &'a Markers) -> Self {
        let base = &layouts.base;
        let mut list = List::default();
        list.entries.push(Entry { segment: Some(NONE), previous: END, next: END });
        list.nodes.insert(NONE, 0);
        let mut folded = Vec::with_capacity(base.len());
        let mut last = 0;
        for &marker in base {
            last = list.insert_after(last, Some(marker));
            folded.push((markers.place[&marker], marker));
        }
        let folded = folded.into_iter().collect();
        Fold { list, layouts, tree, markers, folded, nearest_known: RefCell::new((NONE, FxHashMap::default())) }
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

    pub fn join(&mut self, author: &Arc<Author>, marker: Id, anchor: Id, into: Id) -> Result<(), Need> {
        if self.list.dead.contains(&marker) || !self.list.nodes.contains_key(&marker) {
            return Ok(());
        }
        let run = self.run(author, marker)?;
        let before = if anchor == NONE { NONE } else { self.nearest(self.tree.place_of(anchor) + 1) };
        if run.contains(&before) {
            return Ok(());
        }
        self.put(author, &run, self.list.nodes[&before], into)?;
        self.list.dead.insert(marker);
        Ok(())
    }

    pub fn move_blocks(&mut self, author: &Arc<Author>, blocks: &[Id], to: Id) -> Result<(), Need> {
        let mut run = self.runs(author, blocks, true)?;
        if run.contains(&to) {
            run = self.runs(author, blocks, false)?;
        }
        if run.is_empty() || run.contains(&to) {
            return Ok(());
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
        Ok(())
    }

    /// What goes with a move: the runs of its live blocks, inner ones of all but the last if `inner`.
    fn runs(&self, author: &Arc<Author>, blocks: &[Id], inner: bool) -> Result<Vec<Id>, Need> {
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
        Ok(runs)
    }

    /// Where a move goes: its destination, or the ghost of that, if it was moved away as the last of its blocks.
    fn destination(&self, author: &Arc<Author>, to: Id) -> Node {
        let here = self.list.nodes[&to];
        if self.list.dead.contains(&to) {
            return here;
        }
        let moves = self.list.moves.get(&to).map(Vec::as_slice).unwrap_or_default();
        let known = moves.iter().rposition(|taken| author.known.has(taken.by));
        let unknown = &moves[known.map_or(0, |known| known + 1)..];
        unknown.iter().find(|taken| taken.as_last).map_or(here, |taken| taken.ghost)
    }

    /// Whether a segment is unknown to an author, and was born in a block, which was shown to the author.
    fn born_in(&self, author: &Arc<Author>, segment: Id, block: Id) -> Result<bool, Need> {
        if segment == NONE || author.known.has(segment) {
            return Ok(false);
        }
        let known = self.nearest_known(author, segment);
        if known == block {
            return Ok(true);
        }
        match self.layouts.heads.get(&(author.event, known)) {
            Some(&head) => Ok(head == block),
            None => Err(Need { author: author.clone(), segment: known }),
        }
    }

    /// The nearest predecessor in the sequence that the author knew, of a marker that the author didn't.
    fn nearest_known(&self, author: &Author, segment: Id) -> Id {
        let mut memory = self.nearest_known.borrow_mut();
        if memory.0 != author.event {
            *memory = (author.event, FxHashMap::default());
        }
        let rank = self.markers.rank[&segment] as usize;
        let mut found = NONE;
        for &marker in self.markers.order[..rank].iter().rev() {
            if author.known.has(marker) {
                found = marker;
                break;
            }
            if let Some(&known) = memory.1.get(&marker) {
                found = known;
                break;
            }
        }
        memory.1.insert(segment, found);
        found
    }

    /// A block with the segments that go on in it.
    fn run(&self, author: &Arc<Author>, block: Id) -> Result<Vec<Id>, Need> {
        let mut run = vec![block];
        for (_, segment) in self.list.after(&self.layouts.hidden, author, self.list.nodes[&block]) {
            if !self.list.dead.contains(&segment) && !self.born_in(author, segment, block)? {
                break;
            }
            run.push(segment);
        }
        Ok(run)
    }

    /// A block with the segments that go on in it, and with the blocks that others have moved into it.
    fn inner_run(&self, author: &Arc<Author>, block: Id) -> Result<Vec<Id>, Need> {
        let mut run = vec![block];
        let mut in_run = FxHashSet::from_iter([block]);
        // The blocks in the run that were moved there, after the block itself.
        let mut places = FxHashSet::from_iter([block]);
        for (_, segment) in self.list.after(&self.layouts.hidden, author, self.list.nodes[&block]) {
            if !self.list.dead.contains(&segment) && !self.born_in(author, segment, block)? {
                let last = self.list.last.get(&segment);
                if last.is_some_and(|(by, behind)| !author.known.has(*by) && places.contains(behind)) {
                    places.insert(segment);
                } else {
                    let is_unknown = segment != NONE && !author.known.has(segment);
                    let is_split = places.len() > 1 && is_unknown && {
                        in_run.contains(&self.nearest(self.markers.place[&segment]))
                    };
                    if !is_split {
                        break;
                    }
                }
            }
            in_run.insert(segment);
            run.push(segment);
        }
        Ok(run)
    }

    /// Takes a run out and puts it behind an entry, in a block.
    fn put(&mut self, author: &Arc<Author>, run: &[Id], before: Node, block: Id) -> Result<(), Need> {
        for segment in run {
            self.list.take_out(self.list.nodes[segment]);
        }
        let mut at = before;
        for (node, segment) in self.list.after(&self.layouts.hidden, author, before) {
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
        Ok(())
    }
}
