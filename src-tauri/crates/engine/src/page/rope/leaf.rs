//! What a rope's leaves hold: text, and items that say what it is.

use std::ops::Range;
use std::sync::Arc;

use super::super::style::{BlockStart, Style, same};
use crate::history::Id;

/// A leaf is divided when it is larger.
pub(super) const LEAF_BYTES: usize = 1024;
pub(super) const LEAF_ITEMS: usize = 32;
/// Stands for a marker in a leaf's text; the same as text.
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

    pub(super) fn split_off(&mut self, at: u32) -> Item {
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
    pub(super) fn of_text(text: &str, elements: u32, markers: u32) -> Self {
        let bytes = text.len() as u32;
        let utf16 = if bytes == elements { bytes } else { text.chars().map(|c| c.len_utf16() as u32).sum() };
        Sum { elements, markers, bytes, utf16 }
    }

    pub(super) fn add(&mut self, other: Sum) {
        self.elements += other.elements;
        self.markers += other.markers;
        self.bytes += other.bytes;
        self.utf16 += other.utf16;
    }

    pub(super) fn take(&mut self, other: Sum) {
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

impl Leaf {
    /// What it holds, in no more memory than that takes; this leaf keeps its own for the next.
    pub(super) fn take(&mut self) -> Leaf {
        let text = String::from(self.text.as_str());
        self.text.clear();
        Leaf { text, items: self.items.drain(..).collect() }
    }

    /// An empty leaf in which others are put together: it takes no more memory until it is full.
    pub(super) fn with_room() -> Self {
        Leaf { text: String::with_capacity(LEAF_BYTES), items: Vec::with_capacity(LEAF_ITEMS) }
    }

    pub(super) fn byte_of(&self, offset: u32, elements: u32) -> usize {
        if self.text.len() == elements as usize {
            return offset as usize;
        }
        self.text.char_indices().nth(offset as usize).map_or(self.text.len(), |(at, _)| at)
    }

    /// The item that holds element `offset`, and the element's place in it.
    pub(super) fn locate(&self, offset: u32) -> Option<(usize, u32)> {
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
    pub(super) fn boundary(&mut self, offset: u32) -> usize {
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

    pub(super) fn merge_at(&mut self, i: usize) {
        if i > 0 && i < self.items.len() && self.items[i - 1].continues_with(&self.items[i]) {
            let next = self.items.remove(i);
            self.items[i - 1].len += next.len;
        }
    }

    pub(super) fn insert(&mut self, offset: u32, items: &[Item], text: &str, elements: u32) {
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

    pub(super) fn push(&mut self, item: Item, text: &str) {
        self.text.push_str(text);
        match self.items.last_mut() {
            Some(last) if last.continues_with(&item) => last.len += item.len,
            _ => self.items.push(item),
        }
    }

    pub(super) fn remove(&mut self, range: Range<u32>, elements: u32) -> Sum {
        let (from, to) = (self.byte_of(range.start, elements), self.byte_of(range.end, elements));
        let (first, end) = (self.boundary(range.start), self.boundary(range.end));
        let markers = self.items[first..end].iter().filter(|item| item.is_marker()).count() as u32;
        let gone = Sum::of_text(&self.text[from..to], range.end - range.start, markers);
        self.text.replace_range(from..to, "");
        self.items.drain(first..end);
        self.merge_at(first);
        gone
    }

    pub(super) fn sum(&self) -> Sum {
        let elements = self.items.iter().map(|item| item.len).sum();
        let markers = self.items.iter().filter(|item| item.is_marker()).count() as u32;
        Sum::of_text(&self.text, elements, markers)
    }

    /// The second half, if the leaf is too large.
    pub(super) fn split(&mut self, elements: u32) -> Option<Leaf> {
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
pub(super) fn cut(text: &str, bytes: usize) -> Option<(u32, usize)> {
    let cut = (bytes..text.len()).find(|&at| text.is_char_boundary(at))?;
    Some((text[..cut].chars().count() as u32, cut))
}
