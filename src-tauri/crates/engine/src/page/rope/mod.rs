//! The elements of a page in a persistent B-tree: a clone is one pointer, and a change copies only the path to it where
//! somebody else holds the old one. Indices count elements from 0, ranges are half open.

mod items;
mod leaf;
mod node;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use items::{Items, Piece};
pub(crate) use leaf::{Item, Kind, MARKER_TEXT, Sum};
use leaf::{LEAF_BYTES, LEAF_ITEMS, Leaf, cut};
use node::{Child, FANOUT, Node};

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

impl Rope {
    /// A rope of these items in order, with their text, in leaves that have room to grow.
    pub fn of<S: AsRef<str>>(items: impl IntoIterator<Item = (Item, S)>) -> Self {
        const BYTES: usize = LEAF_BYTES * 3 / 4;
        let mut nodes: Vec<Child> = Vec::new();
        let mut leaf = Leaf::with_room();
        for (mut item, text) in items {
            let mut text = text.as_ref();
            loop {
                if leaf.items.len() >= LEAF_ITEMS * 3 / 4 || leaf.text.len() >= BYTES {
                    nodes.push(Child::leaf(leaf.take()));
                }
                let room = BYTES - leaf.text.len();
                let Some((chars, bytes)) = cut(text, room).filter(|(chars, _)| *chars < item.len) else { break };
                let rest = item.split_off(chars);
                leaf.push(std::mem::replace(&mut item, rest), &text[..bytes]);
                text = &text[bytes..];
            }
            leaf.push(item, text);
        }
        nodes.push(Child::leaf(leaf.take()));
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
        self.shrink();
    }

    /// Takes levels off the top that hold one child only.
    fn shrink(&mut self) {
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
