//! The elements of a page in a persistent B-tree: a clone is one pointer, and a change copies only the path to it where
//! somebody else holds the old one. Indices count elements from 0, ranges are half open.

use std::ops::Range;
use std::sync::Arc;

use super::style::{BlockStart, Style, same};
use crate::history::Id;

/// A leaf is divided when it is larger.
const LEAF_BYTES: usize = 1024;
const LEAF_ITEMS: usize = 32;
const FANOUT: usize = 16;
/// Stands for a marker in a leaf's text.
pub(crate) const MARKER: char = '\n';
pub(crate) const MARKER_TEXT: &str = "\n";

/// Elements that follow each other on the page and in their writer's events, all alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub id: Id,
    pub len: u32,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Characters and inline objects.
    Text(Style),
    /// A block's marker; one element.
    Marker(Arc<BlockStart>),
}

impl Item {
    pub fn text(id: Id, len: u32, style: Style) -> Self {
        Item { id, len, kind: Kind::Text(style) }
    }

    pub fn marker(id: Id, start: Arc<BlockStart>) -> Self {
        Item { id, len: 1, kind: Kind::Marker(start) }
    }

    pub fn is_marker(&self) -> bool {
        matches!(self.kind, Kind::Marker(_))
    }

    pub fn style(&self) -> &Style {
        match &self.kind {
            Kind::Text(style) => style,
            Kind::Marker(start) => &start.style,
        }
    }

    fn split_off(&mut self, at: u32) -> Item {
        let rest = Item { id: self.id + Id::from(at), len: self.len - at, kind: self.kind.clone() };
        self.len = at;
        rest
    }

    pub fn continues_with(&self, next: &Item) -> bool {
        match (&self.kind, &next.kind) {
            (Kind::Text(a), Kind::Text(b)) => self.id + Id::from(self.len) == next.id && same(a, b),
            _ => false,
        }
    }
}

/// What is counted for every subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pub elements: u32,
    pub markers: u32,
    pub bytes: u32,
    pub utf16: u32,
}

impl Sum {
    fn of_text(text: &str, elements: u32, markers: u32) -> Self {
        let bytes = text.len() as u32;
        let utf16 = if bytes == elements { bytes } else { text.chars().map(|c| c.len_utf16() as u32).sum() };
        Sum { elements, markers, bytes, utf16 }
    }

    fn add(&mut self, other: Sum) {
        self.elements += other.elements;
        self.markers += other.markers;
        self.bytes += other.bytes;
        self.utf16 += other.utf16;
    }

    fn take(&mut self, other: Sum) {
        self.elements -= other.elements;
        self.markers -= other.markers;
        self.bytes -= other.bytes;
        self.utf16 -= other.utf16;
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Leaf {
    pub text: String,
    pub items: Vec<Item>,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Leaf),
    Inner(Vec<Child>),
}

#[derive(Debug, Clone)]
struct Child {
    sum: Sum,
    node: Arc<Node>,
}

/// A persistent sequence of elements with their text.
#[derive(Debug, Clone)]
pub(crate) struct Rope {
    root: Child,
}

impl Default for Rope {
    fn default() -> Self {
        Rope { root: Child { sum: Sum::default(), node: Arc::new(Node::Leaf(Leaf::default())) } }
    }
}

impl Leaf {
    fn byte_of(&self, offset: u32, elements: u32) -> usize {
        if self.text.len() == elements as usize {
            return offset as usize;
        }
        self.text.char_indices().nth(offset as usize).map_or(self.text.len(), |(at, _)| at)
    }

    /// The item that holds element `offset`, and the element's place in it.
    fn locate(&self, offset: u32) -> Option<(usize, u32)> {
        let mut left = offset;
        for (i, item) in self.items.iter().enumerate() {
            if left < item.len {
                return Some((i, left));
            }
            left -= item.len;
        }
        None
    }

    /// Index of the item that begins at an offset; an item that the offset lies in is divided.
    fn boundary(&mut self, offset: u32) -> usize {
        match self.locate(offset) {
            None => self.items.len(),
            Some((i, 0)) => i,
            Some((i, within)) => {
                let rest = self.items[i].split_off(within);
                self.items.insert(i + 1, rest);
                i + 1
            }
        }
    }

    fn merge_at(&mut self, i: usize) {
        if i > 0 && i < self.items.len() && self.items[i - 1].continues_with(&self.items[i]) {
            let next = self.items.remove(i);
            self.items[i - 1].len += next.len;
        }
    }

    fn insert(&mut self, offset: u32, items: &[Item], text: &str, elements: u32) {
        let at = self.byte_of(offset, elements);
        self.text.insert_str(at, text);
        let mut items = items;
        // Typing goes on at the end of an item: nothing is divided, and if it is all, nothing comes in.
        let (mut i, mut left) = (0, offset);
        while i < self.items.len() && left > self.items[i].len {
            left -= self.items[i].len;
            i += 1;
        }
        if let (Some(last), Some(first)) = (self.items.get_mut(i), items.first())
            && left == last.len
            && last.continues_with(first)
        {
            last.len += first.len;
            items = &items[1..];
            left = last.len;
        }
        if items.is_empty() {
            return;
        }
        if i < self.items.len() && left > 0 {
            if left < self.items[i].len {
                let rest = self.items[i].split_off(left);
                self.items.insert(i + 1, rest);
            }
            i += 1;
        }
        self.items.splice(i..i, items.iter().cloned());
        self.merge_at(i + items.len());
    }

    fn push(&mut self, item: Item, text: &str) {
        self.text.push_str(text);
        match self.items.last_mut() {
            Some(last) if last.continues_with(&item) => last.len += item.len,
            _ => self.items.push(item),
        }
    }

    fn remove(&mut self, range: Range<u32>, elements: u32) -> Sum {
        let (from, to) = (self.byte_of(range.start, elements), self.byte_of(range.end, elements));
        let (first, end) = (self.boundary(range.start), self.boundary(range.end));
        let markers = self.items[first..end].iter().filter(|item| item.is_marker()).count() as u32;
        let gone = Sum::of_text(&self.text[from..to], range.end - range.start, markers);
        self.text.replace_range(from..to, "");
        self.items.drain(first..end);
        self.merge_at(first);
        gone
    }

    fn sum(&self) -> Sum {
        let elements = self.items.iter().map(|item| item.len).sum();
        let markers = self.items.iter().filter(|item| item.is_marker()).count() as u32;
        Sum::of_text(&self.text, elements, markers)
    }

    /// The second half, if the leaf is too large.
    fn split(&mut self, elements: u32) -> Option<Leaf> {
        if self.items.len() <= LEAF_ITEMS && self.text.len() <= LEAF_BYTES {
            return None;
        }
        let middle = if self.items.len() > LEAF_ITEMS {
            self.items[..self.items.len() / 2].iter().map(|item| item.len).sum()
        } else {
            elements / 2
        };
        let at = self.byte_of(middle, elements);
        let i = self.boundary(middle);
        let items = self.items.split_off(i);
        Some(Leaf { text: self.text.split_off(at), items })
    }
}

/// The first characters of a text that take at least so many bytes, if it is longer: how many, and their bytes.
fn cut(text: &str, bytes: usize) -> Option<(u32, usize)> {
    let cut = (bytes..text.len()).find(|&at| text.is_char_boundary(at))?;
    Some((text[..cut].chars().count() as u32, cut))
}

impl Child {
    fn leaf(leaf: Leaf) -> Self {
        Child { sum: leaf.sum(), node: Arc::new(Node::Leaf(leaf)) }
    }

    fn inner(children: Vec<Child>) -> Self {
        let mut sum = Sum::default();
        for child in &children {
            sum.add(child.sum);
        }
        Child { sum, node: Arc::new(Node::Inner(children)) }
    }

    fn insert(&mut self, at: u32, items: &[Item], text: &str, sum: Sum) -> Option<Child> {
        let elements = self.sum.elements;
        self.sum.add(sum);
        let sibling = match Arc::make_mut(&mut self.node) {
            Node::Leaf(leaf) => {
                leaf.insert(at, items, text, elements);
                Child::leaf(leaf.split(self.sum.elements)?)
            }
            Node::Inner(children) => {
                let mut at = at;
                let mut i = 0;
                while i + 1 < children.len() && at > children[i].sum.elements {
                    at -= children[i].sum.elements;
                    i += 1;
                }
                let sibling = children[i].insert(at, items, text, sum)?;
                children.insert(i + 1, sibling);
                if children.len() <= FANOUT {
                    return None;
                }
                Child::inner(children.split_off(FANOUT / 2))
            }
        };
        self.sum.take(sibling.sum);
        Some(sibling)
    }

    fn remove(&mut self, range: Range<u32>) {
        let elements = self.sum.elements;
        match Arc::make_mut(&mut self.node) {
            Node::Leaf(leaf) => self.sum.take(leaf.remove(range, elements)),
            Node::Inner(children) => {
                let mut start = 0;
                let mut touched = None;
                let mut i = 0;
                while i < children.len() && start < range.end {
                    let len = children[i].sum.elements;
                    let (from, to) =
                        (range.start.saturating_sub(start), range.end.min(start + len).saturating_sub(start));
                    start += len;
                    if from >= to {
                        i += 1;
                    } else if to - from == len {
                        self.sum.take(children[i].sum);
                        children.remove(i);
                        touched.get_or_insert(i);
                    } else {
                        let before = children[i].sum;
                        children[i].remove(from..to);
                        self.sum.take(before);
                        self.sum.add(children[i].sum);
                        touched.get_or_insert(i);
                        i += 1;
                    }
                }
                if let Some(i) = touched {
                    fuse(children, i);
                    fuse(children, i.wrapping_sub(1));
                }
            }
        }
    }

    fn change(&mut self, range: Range<u32>, change: &mut impl FnMut(&mut Item)) -> Option<Child> {
        let elements = self.sum.elements;
        let sibling = match Arc::make_mut(&mut self.node) {
            Node::Leaf(leaf) => {
                let (first, end) = (leaf.boundary(range.start), leaf.boundary(range.end));
                leaf.items[first..end].iter_mut().for_each(&mut *change);
                for i in (first..=end).rev() {
                    leaf.merge_at(i);
                }
                Child::leaf(leaf.split(elements)?)
            }
            Node::Inner(children) => {
                let (mut start, mut i) = (0, 0);
                while i < children.len() && start < range.end {
                    let len = children[i].sum.elements;
                    let (from, to) =
                        (range.start.saturating_sub(start), range.end.min(start + len).saturating_sub(start));
                    start += len;
                    if from < to
                        && let Some(sibling) = children[i].change(from..to, change)
                    {
                        i += 1;
                        children.insert(i, sibling);
                    }
                    i += 1;
                }
                if children.len() <= FANOUT {
                    return None;
                }
                Child::inner(children.split_off(children.len() / 2))
            }
        };
        self.sum.take(sibling.sum);
        Some(sibling)
    }

    fn assert_invariants(&self) -> usize {
        match &*self.node {
            Node::Leaf(leaf) => {
                assert_eq!(self.sum, leaf.sum());
                assert_eq!(leaf.text.chars().count() as u32, self.sum.elements);
                let mut chars = leaf.text.chars();
                for item in &leaf.items {
                    assert!(item.len > 0 && (item.len == 1 || !item.is_marker()));
                    for _ in 0..item.len {
                        let c = chars.next();
                        assert_eq!(c == Some(MARKER), item.is_marker(), "markers and only markers are line feeds");
                    }
                }
                1
            }
            Node::Inner(children) => {
                assert!(!children.is_empty() && children.len() <= FANOUT);
                let mut sum = Sum::default();
                let heights: Vec<usize> = children.iter().map(Child::assert_invariants).collect();
                assert!(heights.windows(2).all(|pair| pair[0] == pair[1]), "all leaves are equally deep");
                for child in children {
                    sum.add(child.sum);
                }
                assert_eq!(self.sum, sum);
                heights[0] + 1
            }
        }
    }
}

/// Makes one of two neighbours that are both small, so that deleting leaves no long rows of nearly empty nodes behind.
fn fuse(children: &mut Vec<Child>, i: usize) {
    if i.checked_add(1).is_none_or(|next| next >= children.len()) {
        return;
    }
    let fits = match (&*children[i].node, &*children[i + 1].node) {
        (Node::Leaf(a), Node::Leaf(b)) => {
            a.items.len() + b.items.len() <= LEAF_ITEMS / 2 && a.text.len() + b.text.len() <= LEAF_BYTES / 2
        }
        (Node::Inner(a), Node::Inner(b)) => a.len() + b.len() <= FANOUT / 2,
        _ => false,
    };
    if !fits {
        return;
    }
    let next = children.remove(i + 1);
    children[i].sum.add(next.sum);
    match (Arc::make_mut(&mut children[i].node), Arc::unwrap_or_clone(next.node)) {
        (Node::Leaf(a), Node::Leaf(b)) => {
            let seam = a.items.len();
            a.text.push_str(&b.text);
            a.items.extend(b.items);
            a.merge_at(seam);
        }
        (Node::Inner(a), Node::Inner(b)) => a.extend(b),
        _ => unreachable!("nodes beside each other are of one kind"),
    }
}

impl Rope {
    /// A rope of these items in order, with their text, in leaves that have room to grow.
    pub fn of<S: AsRef<str>>(items: impl IntoIterator<Item = (Item, S)>) -> Self {
        const BYTES: usize = LEAF_BYTES * 3 / 4;
        let mut nodes: Vec<Child> = Vec::new();
        let mut leaf = Leaf::default();
        for (mut item, text) in items {
            let mut text = text.as_ref();
            loop {
                if leaf.items.len() >= LEAF_ITEMS * 3 / 4 || leaf.text.len() >= BYTES {
                    nodes.push(Child::leaf(std::mem::take(&mut leaf)));
                }
                let room = BYTES - leaf.text.len();
                let Some((chars, bytes)) = cut(text, room).filter(|(chars, _)| *chars < item.len) else { break };
                let rest = item.split_off(chars);
                leaf.push(std::mem::replace(&mut item, rest), &text[..bytes]);
                text = &text[bytes..];
            }
            leaf.push(item, text);
        }
        nodes.push(Child::leaf(leaf));
        while nodes.len() > 1 {
            let mut children = nodes.into_iter();
            let mut level = Vec::new();
            loop {
                let node: Vec<Child> = children.by_ref().take(FANOUT * 3 / 4).collect();
                if node.is_empty() {
                    break;
                }
                level.push(Child::inner(node));
            }
            nodes = level;
        }
        Rope { root: nodes.remove(0) }
    }

    pub fn sum(&self) -> Sum {
        self.root.sum
    }

    /// Puts elements in before element `at`.
    pub fn insert(&mut self, mut at: u32, items: &[Item], mut text: &str) {
        debug_assert!(at <= self.root.sum.elements);
        if text.len() <= LEAF_BYTES {
            return self.insert_piece(at, items, text);
        }
        // A long text comes in leaf by leaf.
        for item in items {
            let mut item = item.clone();
            loop {
                let mut cut = text.len().min(LEAF_BYTES / 2);
                while !text.is_char_boundary(cut) {
                    cut += 1;
                }
                let (chars, cut) = match text[..cut].chars().count() as u32 {
                    chars if chars < item.len => (chars, cut),
                    _ => {
                        let end = text.char_indices().nth(item.len as usize).map_or(text.len(), |(at, _)| at);
                        (item.len, end)
                    }
                };
                let rest = (chars < item.len).then(|| item.split_off(chars));
                self.insert_piece(at, std::slice::from_ref(&item), &text[..cut]);
                text = &text[cut..];
                at += chars;
                match rest {
                    Some(rest) => item = rest,
                    None => break,
                }
            }
        }
    }

    fn insert_piece(&mut self, at: u32, items: &[Item], text: &str) {
        let elements = items.iter().map(|item| item.len).sum();
        let markers = items.iter().filter(|item| item.is_marker()).count() as u32;
        let sibling = self.root.insert(at, items, text, Sum::of_text(text, elements, markers));
        self.grow(sibling);
    }

    /// Puts a level on top where the root was divided.
    fn grow(&mut self, sibling: Option<Child>) {
        if let Some(sibling) = sibling {
            let first = std::mem::replace(&mut self.root, sibling.clone());
            self.root = Child::inner(vec![first, sibling]);
        }
    }

    pub fn remove(&mut self, range: Range<u32>) {
        if range.is_empty() {
            return;
        }
        if range == (0..self.root.sum.elements) {
            *self = Rope::default();
            return;
        }
        self.root.remove(range);
        loop {
            let only = match &*self.root.node {
                Node::Inner(children) if children.len() == 1 => children[0].clone(),
                _ => return,
            };
            self.root = only;
        }
    }

    /// Changes the items of a range, which are divided at its edges; their lengths stay.
    pub fn change(&mut self, range: Range<u32>, mut change: impl FnMut(&mut Item)) {
        if !range.is_empty() {
            let sibling = self.root.change(range, &mut change);
            self.grow(sibling);
        }
    }

    /// The item that holds an element, and the element's place in it.
    pub fn get(&self, at: u32) -> Option<(&Item, u32)> {
        if at >= self.root.sum.elements {
            return None;
        }
        let (mut child, mut at) = (&self.root, at);
        loop {
            match &*child.node {
                Node::Leaf(leaf) => {
                    let (i, within) = leaf.locate(at)?;
                    return Some((&leaf.items[i], within));
                }
                Node::Inner(children) => {
                    let mut i = 0;
                    while at >= children[i].sum.elements {
                        at -= children[i].sum.elements;
                        i += 1;
                    }
                    child = &children[i];
                }
            }
        }
    }

    /// What is before element `at`.
    pub fn prefix(&self, at: u32) -> Sum {
        let mut sum = Sum::default();
        let (mut child, mut at) = (&self.root, at.min(self.root.sum.elements));
        loop {
            if at == child.sum.elements {
                sum.add(child.sum);
                return sum;
            }
            match &*child.node {
                Node::Leaf(leaf) => {
                    let text = &leaf.text[..leaf.byte_of(at, child.sum.elements)];
                    let (mut markers, mut left) = (0, at);
                    for item in &leaf.items {
                        if left == 0 {
                            break;
                        }
                        markers += u32::from(item.is_marker());
                        left -= left.min(item.len);
                    }
                    sum.add(Sum::of_text(text, at, markers));
                    return sum;
                }
                Node::Inner(children) => {
                    let mut i = 0;
                    while at >= children[i].sum.elements {
                        at -= children[i].sum.elements;
                        sum.add(children[i].sum);
                        i += 1;
                    }
                    child = &children[i];
                }
            }
        }
    }

    /// The element that is the marker number `n`, from 0.
    pub fn marker(&self, n: u32) -> Option<u32> {
        if n >= self.root.sum.markers {
            return None;
        }
        let (mut child, mut n, mut at) = (&self.root, n, 0);
        loop {
            match &*child.node {
                Node::Leaf(leaf) => {
                    for item in &leaf.items {
                        if item.is_marker() {
                            if n == 0 {
                                return Some(at);
                            }
                            n -= 1;
                        }
                        at += item.len;
                    }
                    return None;
                }
                Node::Inner(children) => {
                    let mut i = 0;
                    while n >= children[i].sum.markers {
                        n -= children[i].sum.markers;
                        at += children[i].sum.elements;
                        i += 1;
                    }
                    child = &children[i];
                }
            }
        }
    }

    /// How many elements end at or before `utf16` code units from the start (a marker is one), and whether one ends there.
    pub fn at_utf16(&self, utf16: u32) -> (u32, bool) {
        let (mut child, mut left, mut at) = (&self.root, utf16, 0);
        if left > child.sum.utf16 {
            return (child.sum.elements, false);
        }
        loop {
            if left == child.sum.utf16 {
                return (at + child.sum.elements, true);
            }
            match &*child.node {
                Node::Leaf(leaf) => {
                    if leaf.text.len() == child.sum.elements as usize {
                        return (at + left, true);
                    }
                    for c in leaf.text.chars() {
                        let units = c.len_utf16() as u32;
                        if left < units {
                            break;
                        }
                        left -= units;
                        at += 1;
                    }
                    return (at, left == 0);
                }
                Node::Inner(children) => {
                    let mut i = 0;
                    while left >= children[i].sum.utf16 {
                        left -= children[i].sum.utf16;
                        at += children[i].sum.elements;
                        i += 1;
                    }
                    child = &children[i];
                }
            }
        }
    }

    /// Items from element `at` on, the first one as far as it lies there, with their text.
    pub fn items_from(&self, at: u32) -> Items<'_> {
        let mut items = Items { stack: Vec::new(), leaf: None, item: 0, byte: 0, skip: 0 };
        if at >= self.root.sum.elements {
            return items;
        }
        let (mut child, mut at) = (&self.root, at);
        loop {
            match &*child.node {
                Node::Leaf(leaf) => {
                    if let Some((i, within)) = leaf.locate(at) {
                        let byte = leaf.byte_of(at, child.sum.elements);
                        (items.leaf, items.item, items.skip, items.byte) = (Some(leaf), i, within, byte);
                    }
                    return items;
                }
                Node::Inner(children) => {
                    let mut i = 0;
                    while at >= children[i].sum.elements {
                        at -= children[i].sum.elements;
                        i += 1;
                    }
                    items.stack.push((children, i + 1));
                    child = &children[i];
                }
            }
        }
    }

    /// How many elements at the start and at the end two ropes share as whole leaves.
    pub fn shared(&self, other: &Rope) -> (u32, u32) {
        if Arc::ptr_eq(&self.root.node, &other.root.node) {
            return (self.root.sum.elements, 0);
        }
        let mut prefix = 0;
        shared(&self.root, &other.root, false, &mut prefix);
        let mut suffix = 0;
        shared(&self.root, &other.root, true, &mut suffix);
        let least = self.root.sum.elements.min(other.root.sum.elements);
        (prefix, suffix.min(least - prefix.min(least)))
    }

    pub fn assert_invariants(&self) {
        self.root.assert_invariants();
    }
}

/// Adds up what two subtrees share from one end; tells whether they are wholly shared.
fn shared(a: &Child, b: &Child, from_end: bool, count: &mut u32) -> bool {
    if Arc::ptr_eq(&a.node, &b.node) {
        *count += a.sum.elements;
        return true;
    }
    match (&*a.node, &*b.node) {
        (Node::Inner(a), Node::Inner(b)) => {
            let mut i = 0;
            while let (Some(a), Some(b)) = (nth(a, i, from_end), nth(b, i, from_end)) {
                if !shared(a, b, from_end, count) {
                    return false;
                }
                i += 1;
            }
        }
        // One has grown by a level.
        (Node::Inner(children), Node::Leaf(_)) => {
            if let Some(a) = nth(children, 0, from_end) {
                shared(a, b, from_end, count);
            }
        }
        (Node::Leaf(_), Node::Inner(children)) => {
            if let Some(b) = nth(children, 0, from_end) {
                shared(a, b, from_end, count);
            }
        }
        _ => {}
    }
    false
}

fn nth(children: &[Child], i: usize, from_end: bool) -> Option<&Child> {
    if from_end { children.iter().rev().nth(i) } else { children.get(i) }
}

/// See [`Rope::items_from`].
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    stack: Vec<(&'a [Child], usize)>,
    leaf: Option<&'a Leaf>,
    item: usize,
    byte: usize,
    skip: u32,
}

/// Elements of one item, from one of them on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub id: Id,
    pub len: u32,
    pub kind: &'a Kind,
    pub text: &'a str,
}

impl<'a> Iterator for Items<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let leaf = self.leaf?;
            if let Some(item) = leaf.items.get(self.item) {
                let len = item.len - self.skip;
                let rest = &leaf.text[self.byte..];
                let last = self.item + 1 == leaf.items.len();
                let bytes = if last {
                    rest.len()
                } else if len == 1 {
                    rest.chars().next().map_or(0, char::len_utf8)
                } else {
                    rest.char_indices().nth(len as usize).map_or(rest.len(), |(at, _)| at)
                };
                let piece = Piece { id: item.id + Id::from(self.skip), len, kind: &item.kind, text: &rest[..bytes] };
                (self.item, self.byte, self.skip) = (self.item + 1, self.byte + bytes, 0);
                return Some(piece);
            }
            // To the next leaf.
            self.leaf = None;
            while let Some((children, next)) = self.stack.pop() {
                let Some(child) = children.get(next) else { continue };
                self.stack.push((children, next + 1));
                let mut child = child;
                loop {
                    match &*child.node {
                        Node::Leaf(leaf) => {
                            (self.leaf, self.item, self.byte) = (Some(leaf), 0, 0);
                            break;
                        }
                        Node::Inner(children) => {
                            self.stack.push((children, 1));
                            child = &children[0];
                        }
                    }
                }
                break;
            }
        }
    }
}
