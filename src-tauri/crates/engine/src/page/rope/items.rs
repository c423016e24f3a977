//! A walk over a rope's items.

use super::Rope;
use super::leaf::{Kind, Leaf};
use super::node::{Child, Node};
use crate::history::Id;

impl Rope {
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
