//! The sequence S as the tree of the FugueMax paper: every element is a node, S is its in-order walk.

use std::cmp::{Ordering, Reverse};

use inkfold_engine::Attributes;
use inkfold_engine::ids::{EventId, RecordId, ReplicaId};

use super::version::{EventAt, RecordIndex, Version};

/// An element of S, by the order in which the model took it in; so an element's origins come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Element(pub usize);

/// The place before everything, the root of the tree.
pub(super) const HEAD: Element = Element(0);

/// What an element is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Head,
    Character(char),
    Object(Attributes),
    Marker(Attributes),
}

/// Where an element comes from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub at: EventAt,
    pub id: EventId,
    pub replica: ReplicaId,
    pub seq: u64,
    /// The element shown left of it when it was made.
    pub left: Element,
    /// The next element of S after `left` when it was made.
    pub right: Option<Element>,
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    origin: Origin,
    left_children: Vec<Element>,
    right_children: Vec<Element>,
}

#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The in-order walk, HEAD first.
    order: Vec<Element>,
    /// For each element its index in `order`.
    place: Vec<usize>,
}

impl Default for Tree {
    fn default() -> Self {
        let origin = Origin {
            at: EventAt { record: RecordIndex(usize::MAX), offset: 0 },
            id: EventId { record: RecordId::NONE, offset: 0 },
            replica: ReplicaId::default(),
            seq: 0,
            left: HEAD,
            right: None,
        };
        let head = Node { kind: Kind::Head, origin, left_children: Vec::new(), right_children: Vec::new() };
        Tree { nodes: vec![head], order: vec![HEAD], place: vec![0] }
    }
}

impl Tree {
    pub fn kind(&self, x: Element) -> &Kind {
        &self.nodes[x.0].kind
    }

    pub fn origin(&self, x: Element) -> &Origin {
        &self.nodes[x.0].origin
    }

    pub fn is_marker(&self, x: Element) -> bool {
        matches!(self.kind(x), Kind::Marker(_))
    }

    /// Where an element stands in S; HEAD is at 0.
    pub fn place(&self, x: Element) -> usize {
        self.place[x.0]
    }

    /// S, HEAD first.
    pub fn order(&self) -> &[Element] {
        &self.order
    }

    /// All elements but HEAD, each after its origins.
    pub fn elements(&self) -> impl Iterator<Item = Element> + use<> {
        (1..self.nodes.len()).map(Element)
    }

    pub fn is_in(&self, x: Element, version: &Version) -> bool {
        x == HEAD || version.holds(self.origin(x).at)
    }

    /// The elements of a version after `x` in S.
    pub fn after<'a>(&'a self, x: Element, version: &'a Version) -> impl Iterator<Item = Element> + 'a {
        self.order[self.place(x) + 1..].iter().copied().filter(|&y| self.is_in(y, version))
    }

    /// Hangs elements that come in one right of the other into the tree, as an author at `version` does: the first
    /// between the origins in `origin`, which belongs to the first. Gives back the first.
    pub fn insert(&mut self, version: &Version, mut origin: Origin, kinds: Vec<Kind>) -> Element {
        let first = Element(self.nodes.len());
        for (i, kind) in kinds.into_iter().enumerate() {
            let x = Element(self.nodes.len());
            // The second and later ones hang below the one before, which nobody else can know yet.
            let left_is_free =
                i > 0 || !self.nodes[origin.left.0].right_children.iter().any(|&y| self.is_in(y, version));
            let node = Node { kind, origin: origin.clone(), left_children: Vec::new(), right_children: Vec::new() };
            self.nodes.push(node);
            if left_is_free {
                let mut siblings = std::mem::take(&mut self.nodes[origin.left.0].right_children);
                siblings.push(x);
                siblings.sort_by(|&x, &y| self.right_side(x, y));
                self.nodes[origin.left.0].right_children = siblings;
            } else {
                // The left origin has a right child in the version, so something follows it there.
                let right = origin.right.expect("an element with right children has a next one");
                let mut siblings = std::mem::take(&mut self.nodes[right.0].left_children);
                siblings.push(x);
                siblings.sort_by(|&x, &y| self.tie(x, y));
                self.nodes[right.0].left_children = siblings;
            }
            origin.left = x;
            origin.id.offset += 1;
            origin.at.offset += 1;
            origin.seq += 1;
        }
        self.walk();
        first
    }

    /// Right children of one parent: the one with the right origin further right comes first, none is furthest.
    fn right_side(&self, x: Element, y: Element) -> Ordering {
        let right = |x: Element| Reverse(self.origin(x).right.map_or(usize::MAX, |right| self.place(right)));
        right(x).cmp(&right(y)).then_with(|| self.tie(x, y))
    }

    fn tie(&self, x: Element, y: Element) -> Ordering {
        let key = |x: Element| {
            let origin = self.origin(x);
            (self.is_marker(x), origin.replica, origin.seq, origin.id.record)
        };
        key(x).cmp(&key(y))
    }

    /// Writes S down anew: an element's left children with all below them, itself, its right children.
    fn walk(&mut self) {
        self.order.clear();
        // An explicit stack, since a typed text is a path as deep as it is long.
        let mut stack = vec![(HEAD, false)];
        while let Some((x, left_done)) = stack.pop() {
            if left_done {
                self.order.push(x);
                continue;
            }
            let node = &self.nodes[x.0];
            stack.extend(node.right_children.iter().rev().map(|&y| (y, false)));
            stack.push((x, true));
            stack.extend(node.left_children.iter().rev().map(|&y| (y, false)));
        }
        self.place.resize(self.nodes.len(), 0);
        for (place, x) in self.order.iter().enumerate() {
            self.place[x.0] = place;
        }
    }
}
