//! The tracker's sequence: spans of elements in document order, in a B-tree whose nodes count what lies below them, with
//! an index from element to leaf. Everything is addressed by number in two arenas; nothing is ever taken out.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use crate::history::Id;
use crate::marks::SetId;

const LEAF_SPANS: usize = 24;
const INNER_CHILDREN: usize = 24;
const NO_NODE: u32 = u32::MAX;

/// Elements that one replica inserted as one run and that are in the same state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub id: Id,
    pub len: u32,
    /// Left origin of the first element; each other one's is the element before it.
    pub left: Id,
    /// Right origin of all elements.
    pub right: Id,
    pub marker: bool,
    /// The state at the prepare version and at the effect version.
    pub prep: State,
    pub effect: State,
    /// The marks that cover these elements.
    pub cover: SetId,
    /// The marks in whose interval these elements lie.
    pub place: SetId,
}

/// What became of elements at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// They were inserted.
    pub there: bool,
    /// Their insertion is cancelled.
    pub void: bool,
    /// A removed marker whose run shows nothing.
    pub hidden: bool,
    /// How many deletions (of a marker: joins) count.
    pub gone: u32,
}

impl State {
    /// Just inserted.
    pub const NEW: State = State { there: true, void: false, hidden: false, gone: 0 };

    /// Visible; of a marker: live, shown or hidden.
    pub fn is_live(&self) -> bool {
        self.there && !self.void && self.gone == 0
    }

    pub fn is_shown(&self) -> bool {
        self.is_live() && !self.hidden
    }
}

/// At which of its two versions the tracker is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Prepare,
    Effect,
}

impl Span {
    pub fn end(&self) -> Id {
        self.id + Id::from(self.len)
    }

    pub fn at(&self, view: View) -> &State {
        match view {
            View::Prepare => &self.prep,
            View::Effect => &self.effect,
        }
    }

    pub fn at_mut(&mut self, view: View) -> &mut State {
        match view {
            View::Prepare => &mut self.prep,
            View::Effect => &mut self.effect,
        }
    }

    pub fn is_shown(&self) -> bool {
        self.effect.is_shown()
    }

    fn sum(&self) -> Sum {
        let count = |state: &State| {
            let live = u32::from(state.is_live());
            if self.marker {
                Count { chars: 0, markers: live * u32::from(!state.hidden), live }
            } else {
                Count { chars: live * self.len, markers: 0, live: 0 }
            }
        };
        Sum { len: self.len, prep: count(&self.prep), effect: count(&self.effect) }
    }

    /// The part from `at` on; this span keeps the part before.
    fn split_off(&mut self, at: u32) -> Span {
        let mut rest = *self;
        rest.id += Id::from(at);
        rest.len -= at;
        rest.left = rest.id - 1;
        self.len = at;
        rest
    }

    /// Whether `next`, which follows in the sequence, is one run with this span.
    fn continues_with(&self, next: &Span) -> bool {
        !self.marker
            && !next.marker
            && next.id == self.end()
            && next.left == self.end() - 1
            && next.right == self.right
            && next.prep == self.prep
            && next.effect == self.effect
            && next.cover == self.cover
            && next.place == self.place
    }
}

/// What is counted for every subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    /// Elements, of whatever state.
    pub len: u32,
    pub prep: Count,
    pub effect: Count,
}

/// What there is at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    /// Visible characters and objects.
    pub chars: u32,
    /// Shown markers.
    pub markers: u32,
    /// Live markers, shown or hidden.
    pub live: u32,
}

impl Count {
    pub fn shown(&self) -> u32 {
        self.chars + self.markers
    }

    fn zip(self, other: Count, f: impl Fn(u32, u32) -> u32) -> Count {
        Count {
            chars: f(self.chars, other.chars),
            markers: f(self.markers, other.markers),
            live: f(self.live, other.live),
        }
    }
}

impl Sum {
    pub fn at(&self, view: View) -> &Count {
        match view {
            View::Prepare => &self.prep,
            View::Effect => &self.effect,
        }
    }

    fn zip(self, other: Sum, f: impl Fn(u32, u32) -> u32 + Copy) -> Sum {
        Sum {
            len: f(self.len, other.len),
            prep: self.prep.zip(other.prep, f),
            effect: self.effect.zip(other.effect, f),
        }
    }

    fn plus(self, other: Sum) -> Sum {
        self.zip(other, u32::wrapping_add)
    }

    fn minus(self, other: Sum) -> Sum {
        self.zip(other, u32::wrapping_sub)
    }
}

/// A place in the sequence: before element `offset` of a span. `offset` equal to the span's length is right after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub leaf: u32,
    pub span: usize,
    pub offset: u32,
}

#[derive(Debug, Clone)]
struct Leaf {
    parent: u32,
    previous: u32,
    next: u32,
    spans: Vec<Span>,
}

#[derive(Debug, Clone)]
struct Inner {
    parent: u32,
    leaves: bool,
    children: Vec<(u32, Sum)>,
}

/// The leaf in which an element was found last: the next one is often near it. Only a guess, which any thread may change.
#[derive(Debug, Default)]
struct Lately(AtomicU32);

impl Clone for Lately {
    fn clone(&self) -> Self {
        Lately(AtomicU32::new(self.0.load(Relaxed)))
    }
}

/// The sequence.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    leaves: Vec<Leaf>,
    inner: Vec<Inner>,
    root: u32,
    index: BTreeMap<Id, u32>,
    lately: Lately,
}

impl Default for Tree {
    fn default() -> Self {
        Tree {
            leaves: vec![Leaf { parent: 0, previous: NO_NODE, next: NO_NODE, spans: Vec::new() }],
            inner: vec![Inner { parent: NO_NODE, leaves: true, children: vec![(0, Sum::default())] }],
            root: 0,
            index: BTreeMap::new(),
            lately: Lately::default(),
        }
    }
}

impl Tree {
    /// A sequence of these spans in order.
    pub fn of(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut tree = Tree { leaves: Vec::new(), inner: Vec::new(), ..Tree::default() };
        let mut index: Vec<(Id, u32)> = Vec::new();
        let mut sums: Vec<(u32, Sum)> = Vec::new();
        let mut spans = spans.into_iter().peekable();
        while spans.peek().is_some() || sums.is_empty() {
            let leaf = tree.leaves.len() as u32;
            let spans: Vec<Span> = spans.by_ref().take(LEAF_SPANS * 3 / 4).collect();
            index.extend(spans.iter().map(|span| (span.id, leaf)));
            sums.push((leaf, spans.iter().fold(Sum::default(), |sum, span| sum.plus(span.sum()))));
            tree.leaves.push(Leaf { parent: 0, previous: leaf.wrapping_sub(1), next: leaf + 1, spans });
        }
        if let Some(last) = tree.leaves.last_mut() {
            last.next = NO_NODE;
        }
        index.sort_unstable();
        tree.index = index.into_iter().collect();
        let mut leaves = true;
        loop {
            let mut level: Vec<(u32, Sum)> = Vec::new();
            for children in sums.chunks(INNER_CHILDREN * 3 / 4) {
                let node = tree.inner.len() as u32;
                for &(child, _) in children {
                    if leaves {
                        tree.leaves[child as usize].parent = node;
                    } else {
                        tree.inner[child as usize].parent = node;
                    }
                }
                level.push((node, children.iter().fold(Sum::default(), |sum, (_, child)| sum.plus(*child))));
                tree.inner.push(Inner { parent: NO_NODE, leaves, children: children.to_vec() });
            }
            (sums, leaves) = (level, false);
            if let [(root, _)] = sums[..] {
                tree.root = root;
                return tree;
            }
        }
    }

    pub fn total(&self) -> Sum {
        let children = &self.inner[self.root as usize].children;
        children.iter().fold(Sum::default(), |sum, (_, child)| sum.plus(*child))
    }

    pub fn start(&self) -> Cursor {
        Cursor { leaf: 0, span: 0, offset: 0 }
    }

    pub fn span(&self, cursor: Cursor) -> Option<&Span> {
        self.leaves[cursor.leaf as usize].spans.get(cursor.span)
    }

    /// The span that holds an element, and the element's place in it.
    pub fn locate(&self, id: Id) -> Cursor {
        self.find_element(id).expect("every element of the walk is in the sequence")
    }

    /// As [`Self::locate`]; none where the event inserted nothing.
    pub fn find_element(&self, id: Id) -> Option<Cursor> {
        let lately = self.lately.0.load(Relaxed);
        if let Some(cursor) = self.find_in_leaf(lately, id) {
            return Some(cursor);
        }
        let (_, &leaf) = self.index.range(..=id).next_back()?;
        self.lately.0.store(leaf, Relaxed);
        self.find_in_leaf(leaf, id)
    }

    fn find_in_leaf(&self, leaf: u32, id: Id) -> Option<Cursor> {
        let spans = &self.leaves.get(leaf as usize)?.spans;
        let span = spans.iter().position(|span| span.id <= id && id < span.end())?;
        Some(Cursor { leaf, span, offset: (id - spans[span].id) as u32 })
    }

    pub fn get(&self, id: Id) -> &Span {
        let cursor = self.locate(id);
        &self.leaves[cursor.leaf as usize].spans[cursor.span]
    }

    /// The first cursor at which `count` of a sum reaches `wanted` (from 1): the element itself.
    pub fn find(&self, wanted: u32, count: impl Fn(&Sum) -> u32) -> Option<Cursor> {
        let mut left = wanted.checked_sub(1)?;
        let mut node = self.root;
        loop {
            let inner = &self.inner[node as usize];
            let mut found = None;
            for (child, sum) in &inner.children {
                let here = count(sum);
                if left < here {
                    found = Some(*child);
                    break;
                }
                left -= here;
            }
            let child = found?;
            if !inner.leaves {
                node = child;
                continue;
            }
            for (i, span) in self.leaves[child as usize].spans.iter().enumerate() {
                let here = count(&span.sum());
                if left < here {
                    return Some(Cursor { leaf: child, span: i, offset: left });
                }
                left -= here;
            }
            return None;
        }
    }

    /// What lies before a span.
    pub fn before(&self, cursor: Cursor) -> Sum {
        let leaf = &self.leaves[cursor.leaf as usize];
        let mut sum = leaf.spans[..cursor.span].iter().fold(Sum::default(), |sum, span| sum.plus(span.sum()));
        let (mut child, mut node) = (cursor.leaf, leaf.parent);
        while node != NO_NODE {
            let inner = &self.inner[node as usize];
            for (other, child_sum) in &inner.children {
                if *other == child {
                    break;
                }
                sum = sum.plus(*child_sum);
            }
            (child, node) = (node, inner.parent);
        }
        sum
    }

    /// The place of an element in the whole sequence, from 0.
    pub fn place_of(&self, id: Id) -> u32 {
        let cursor = self.locate(id);
        self.before(cursor).len + cursor.offset
    }

    pub fn next_span(&self, cursor: Cursor) -> Option<Cursor> {
        let leaf = &self.leaves[cursor.leaf as usize];
        if cursor.span + 1 < leaf.spans.len() {
            return Some(Cursor { span: cursor.span + 1, offset: 0, ..cursor });
        }
        (leaf.next != NO_NODE).then_some(Cursor { leaf: leaf.next, span: 0, offset: 0 })
    }

    pub fn previous_span(&self, cursor: Cursor) -> Option<Cursor> {
        if cursor.span > 0 {
            return Some(Cursor { span: cursor.span - 1, offset: 0, ..cursor });
        }
        let previous = self.leaves[cursor.leaf as usize].previous;
        (previous != NO_NODE).then(|| Cursor {
            leaf: previous,
            span: self.leaves[previous as usize].spans.len() - 1,
            offset: 0,
        })
    }

    /// How many spans there are.
    pub fn span_count(&self) -> usize {
        self.index.len()
    }

    /// The first inserted element among the events from `id` to `end`.
    pub fn next_element(&self, id: Id, end: Id) -> Option<Id> {
        if id >= end {
            return None;
        }
        match self.find_element(id) {
            Some(_) => Some(id),
            None => self.index.range(id..end).next().map(|(&next, _)| next),
        }
    }

    /// All spans in order.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        let mut leaf = 0u32;
        std::iter::from_fn(move || {
            let current = self.leaves.get(leaf as usize)?;
            leaf = current.next;
            Some(current.spans.iter())
        })
        .flatten()
    }

    /// Puts a span in at a cursor; a span that the cursor stands in is split. Gives the new span's cursor, or that
    /// of the span that took it in.
    pub fn insert(&mut self, at: Cursor, span: Span) -> Cursor {
        let spans = &mut self.leaves[at.leaf as usize].spans;
        if at.offset > 0 && spans[at.span].len == at.offset && spans[at.span].continues_with(&span) {
            let offset = spans[at.span].len;
            spans[at.span].len += span.len;
            self.adjust(at.leaf, span.sum(), Sum::default());
            return Cursor { offset, ..at };
        }
        let place = if at.offset == 0 {
            at.span
        } else {
            if at.offset < spans[at.span].len {
                let rest = spans[at.span].split_off(at.offset);
                spans.insert(at.span + 1, rest);
                self.index.insert(rest.id, at.leaf);
            }
            at.span + 1
        };
        self.leaves[at.leaf as usize].spans.insert(place, span);
        self.index.insert(span.id, at.leaf);
        self.adjust(at.leaf, span.sum(), Sum::default());
        self.split_if_full(at.leaf);
        self.locate(span.id)
    }

    /// Changes the elements among the events of `range`, wherever their spans are; spans are split at its edges.
    pub fn update(&mut self, range: Range<Id>, mut change: impl FnMut(&mut Span)) {
        let mut id = range.start;
        while id < range.end {
            let cursor = match self.find_element(id) {
                Some(cursor) => cursor,
                None => match self.index.range(id..range.end).next() {
                    Some((&next, _)) => self.locate(next),
                    None => return,
                },
            };
            let here = self.leaves[cursor.leaf as usize].spans[cursor.span].id + Id::from(cursor.offset);
            id = self.update_span(cursor, (range.end - here).min(u64::from(u32::MAX)) as u32, &mut change);
        }
    }

    /// Changes at most `max` elements from a cursor to the end of its span; gives the element after them.
    pub fn update_span(&mut self, cursor: Cursor, max: u32, mut change: impl FnMut(&mut Span)) -> Id {
        let Cursor { leaf, mut span, offset } = cursor;
        let spans = &mut self.leaves[leaf as usize].spans;
        if offset > 0 {
            let rest = spans[span].split_off(offset);
            span += 1;
            spans.insert(span, rest);
            self.index.insert(rest.id, leaf);
        }
        if max < spans[span].len {
            let rest = spans[span].split_off(max);
            spans.insert(span + 1, rest);
            self.index.insert(rest.id, leaf);
        }
        let before = spans[span].sum();
        change(&mut spans[span]);
        let (after, end) = (spans[span].sum(), spans[span].end());
        self.adjust(leaf, after, before);
        self.merge_around(leaf, span);
        self.split_if_full(leaf);
        end
    }

    fn merge_around(&mut self, leaf: u32, span: usize) {
        let spans = &mut self.leaves[leaf as usize].spans;
        for first in [span, span.wrapping_sub(1)] {
            if first < spans.len() && first + 1 < spans.len() && spans[first].continues_with(&spans[first + 1]) {
                let next = spans.remove(first + 1);
                spans[first].len += next.len;
                self.index.remove(&next.id);
            }
        }
    }

    fn adjust(&mut self, leaf: u32, plus: Sum, minus: Sum) {
        let delta = plus.minus(minus);
        if delta == Sum::default() {
            return;
        }
        let (mut child, mut node) = (leaf, self.leaves[leaf as usize].parent);
        while node != NO_NODE {
            let inner = &mut self.inner[node as usize];
            if let Some((_, sum)) = inner.children.iter_mut().find(|(other, _)| *other == child) {
                *sum = sum.plus(delta);
            }
            (child, node) = (node, inner.parent);
        }
    }

    fn split_if_full(&mut self, leaf: u32) {
        if self.leaves[leaf as usize].spans.len() <= LEAF_SPANS {
            return;
        }
        let new = self.leaves.len() as u32;
        let current = &mut self.leaves[leaf as usize];
        let spans = current.spans.split_off(LEAF_SPANS / 2);
        for span in &spans {
            self.index.insert(span.id, new);
        }
        let sum = spans.iter().fold(Sum::default(), |sum, span| sum.plus(span.sum()));
        let (parent, next) = (current.parent, current.next);
        current.next = new;
        if next != NO_NODE {
            self.leaves[next as usize].previous = new;
        }
        self.leaves.push(Leaf { parent, previous: leaf, next, spans });
        self.insert_child(parent, leaf, new, sum);
    }

    /// Puts `new`, split off from `child`, into an inner node right after it.
    fn insert_child(&mut self, node: u32, child: u32, new: u32, sum: Sum) {
        let inner = &mut self.inner[node as usize];
        let place = inner.children.iter().position(|(other, _)| *other == child).expect("a child knows its parent");
        inner.children[place].1 = inner.children[place].1.minus(sum);
        inner.children.insert(place + 1, (new, sum));
        if inner.children.len() <= INNER_CHILDREN {
            return;
        }
        let children = inner.children.split_off(INNER_CHILDREN / 2);
        let (leaves, parent) = (inner.leaves, inner.parent);
        let sibling = self.inner.len() as u32;
        let sibling_sum = children.iter().fold(Sum::default(), |sum, (_, child)| sum.plus(*child));
        for &(child, _) in &children {
            if leaves {
                self.leaves[child as usize].parent = sibling;
            } else {
                self.inner[child as usize].parent = sibling;
            }
        }
        self.inner.push(Inner { parent, leaves, children });
        if parent == NO_NODE {
            let root = self.inner.len() as u32;
            let rest =
                self.inner[node as usize].children.iter().fold(Sum::default(), |sum, (_, child)| sum.plus(*child));
            self.inner.push(Inner {
                parent: NO_NODE,
                leaves: false,
                children: vec![(node, rest), (sibling, sibling_sum)],
            });
            self.inner[node as usize].parent = root;
            self.inner[sibling as usize].parent = root;
            self.root = root;
        } else {
            self.insert_child(parent, node, sibling, sibling_sum);
        }
    }

    /// Panics where a count, a link or the index is wrong.
    pub fn assert_invariants(&self) {
        let mut seen = 0;
        let mut leaf = 0u32;
        let mut previous = NO_NODE;
        while leaf != NO_NODE {
            let current = &self.leaves[leaf as usize];
            assert_eq!(current.previous, previous, "leaves are linked both ways");
            assert!(current.spans.len() <= LEAF_SPANS);
            for span in &current.spans {
                assert!(span.len > 0, "no empty spans");
                assert_eq!(self.index.get(&span.id), Some(&leaf), "the index names each span's leaf");
                seen += 1;
            }
            let sum = current.spans.iter().fold(Sum::default(), |sum, span| sum.plus(span.sum()));
            let parent = &self.inner[current.parent as usize];
            assert!(parent.leaves && parent.children.contains(&(leaf, sum)), "a parent counts its leaf");
            (previous, leaf) = (leaf, current.next);
        }
        assert_eq!(seen, self.index.len(), "the index holds nothing else");
        for (i, inner) in self.inner.iter().enumerate() {
            if inner.parent != NO_NODE {
                let sum = inner.children.iter().fold(Sum::default(), |sum, (_, child)| sum.plus(*child));
                let parent = &self.inner[inner.parent as usize];
                assert!(!parent.leaves && parent.children.contains(&(i as u32, sum)), "a parent counts its child");
            }
        }
    }
}
