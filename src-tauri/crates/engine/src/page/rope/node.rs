//! A rope's nodes, which count what is below them.

use std::ops::Range;
use std::sync::Arc;

use super::leaf::{Item, LEAF_BYTES, LEAF_ITEMS, Leaf, MARKER, Sum};

pub(super) const FANOUT: usize = 16;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Leaf(Leaf),
    Inner(Vec<Child>),
}

#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) sum: Sum,
    pub(super) node: Arc<Node>,
}

impl Child {
    pub(super) fn leaf(leaf: Leaf) -> Self {
        Child { sum: leaf.sum(), node: Arc::new(Node::Leaf(leaf)) }
    }

    pub(super) fn inner(children: Vec<Child>) -> Self {
        let mut sum = Sum::default();
        for child in &children {
            sum.add(child.sum);
        }
        Child { sum, node: Arc::new(Node::Inner(children)) }
    }

    pub(super) fn insert(&mut self, at: u32, items: &[Item], text: &str, sum: Sum) -> Option<Child> {
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

    pub(super) fn remove(&mut self, range: Range<u32>) {
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

    pub(super) fn change(&mut self, range: Range<u32>, change: &mut impl FnMut(&mut Item)) -> Option<Child> {
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

    pub(super) fn assert_invariants(&self) -> usize {
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
pub(super) fn fuse(children: &mut Vec<Child>, i: usize) {
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
