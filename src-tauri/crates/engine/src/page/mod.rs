//! The page: the document as people see it, blocks of text under marks.
//!
//! A page is cheap to clone: what is the same in two of them is shared. Positions count elements as FORMAT.md defines them;
//! [`Page::position`] and [`Page::point`] translate to block and UTF-16 offset.

pub(crate) mod block;
mod edit;
pub(crate) mod lookup;
pub(crate) mod rope;
pub(crate) mod style;

use std::ops::Range;
use std::sync::Arc;

pub use block::Block;
use rope::{Item, Kind, Rope};
use style::BlockStart;

use crate::event::Attributes;
use crate::history::Id;

/// The document as shown at one version.
#[derive(Debug, Clone, Default)]
pub struct Page {
    rope: Rope,
    /// Something on it may have a style.
    styled: bool,
    /// A marker on it may be a removed one.
    removals: bool,
}

impl Page {
    /// How many elements are shown, markers included.
    pub fn len(&self) -> u32 {
        self.rope.sum().elements
    }

    /// Whether nothing is shown, not even a marker.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the page begins with a paragraph that has no marker: text before any marker, or nothing at all.
    fn head_is_shown(&self) -> bool {
        !self.rope.get(0).is_some_and(|(item, _)| item.is_marker())
    }

    /// How many blocks are shown; never none.
    pub fn block_count(&self) -> usize {
        self.rope.sum().markers as usize + usize::from(self.head_is_shown())
    }

    /// The blocks as shown; never none.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        block::blocks(self.rope.items_from(0), self.head_is_shown())
    }

    /// A block by its index as shown.
    pub fn block(&self, index: usize) -> Option<Block> {
        let range = self.block_range(index)?;
        if range.is_empty() {
            return Some(Block::implied());
        }
        block::blocks(self.rope.items_from(range.start), self.is_implied(index)).next()
    }

    /// The text form: the blocks' texts joined by line feeds.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.rope.sum().bytes as usize);
        for piece in self.rope.items_from(0) {
            out.push_str(piece.text);
        }
        if !self.head_is_shown() {
            out.remove(0);
        }
        out
    }

    /// The marks on the element at a position (from 1); none where there is no character.
    pub fn marks(&self, at: u32) -> &Attributes {
        match at.checked_sub(1).and_then(|index| self.rope.get(index)) {
            Some((Item { kind: Kind::Text(style), .. }, _)) => style::attributes(style),
            _ => style::attributes(&None),
        }
    }

    /// Whether a block's marker stands at a position (from 1).
    pub fn is_marker(&self, at: u32) -> bool {
        self.start_of(at).is_some()
    }

    /// Length of a block's text in UTF-16 code units.
    pub fn utf16_len(&self, block: usize) -> Option<usize> {
        let range = self.block_range(block)?;
        let start = range.start + u32::from(!self.is_implied(block));
        Some((self.rope.prefix(range.end).utf16 - self.rope.prefix(start).utf16) as usize)
    }

    fn is_implied(&self, index: usize) -> bool {
        index == 0 && self.head_is_shown()
    }

    /// The elements of a block, its marker included, counted from 0.
    pub(crate) fn block_range(&self, index: usize) -> Option<Range<u32>> {
        let head = u32::from(self.head_is_shown());
        let index = u32::try_from(index).ok()?;
        let start = if index < head { 0 } else { self.rope.marker(index - head)? };
        let end = self.rope.marker(index + 1 - head).unwrap_or(self.len());
        Some(start..end)
    }

    /// Index of the block that holds element `at` (from 1); the first one for 0.
    pub(crate) fn block_of(&self, at: u32) -> usize {
        let markers = self.rope.prefix(at.max(1)).markers as usize;
        (markers + usize::from(self.head_is_shown())).saturating_sub(1)
    }

    /// The element at a position (from 1) and whether it is a marker.
    pub(crate) fn element(&self, at: u32) -> Option<(Id, bool)> {
        let (item, within) = self.rope.get(at.checked_sub(1)?)?;
        Some((item.id + Id::from(within), item.is_marker()))
    }

    fn start_of(&self, at: u32) -> Option<&Arc<BlockStart>> {
        match &self.rope.get(at.checked_sub(1)?)?.0.kind {
            Kind::Marker(start) => Some(start),
            Kind::Text(_) => None,
        }
    }

    /// The position of the marker of the block that holds element `at`; 0 for the implied paragraph.
    pub(crate) fn marker_before(&self, at: u32) -> u32 {
        let markers = self.rope.prefix(at).markers;
        markers.checked_sub(1).and_then(|n| self.rope.marker(n)).map_or(0, |at| at + 1)
    }

    /// The position of the first marker after element `at`.
    pub(crate) fn marker_after(&self, at: u32) -> Option<u32> {
        self.rope.marker(self.rope.prefix(at).markers).map(|at| at + 1)
    }

    /// What stands at the positions from `first` to `last`, inclusive: runs of elements in order.
    pub(crate) fn pieces(&self, first: u32, last: u32) -> impl Iterator<Item = rope::Piece<'_>> + '_ {
        let mut left = (last + 1).saturating_sub(first);
        self.rope.items_from(first.saturating_sub(1)).map_while(move |mut piece| {
            if left == 0 {
                return None;
            }
            if piece.len > left {
                let bytes = piece.text.char_indices().nth(left as usize).map_or(piece.text.len(), |(at, _)| at);
                (piece.len, piece.text) = (left, &piece.text[..bytes]);
            }
            left -= piece.len;
            Some(piece)
        })
    }

    /// The position right after the first `utf16` code units of a block's text; of its marker for 0. An offset inside a
    /// character is taken for the one before it. `None` where there is no such block or offset.
    pub fn position(&self, block: usize, utf16: usize) -> Option<u32> {
        let range = self.block_range(block)?;
        let start = range.start + u32::from(!self.is_implied(block));
        let wanted = u64::from(self.rope.prefix(start).utf16) + utf16 as u64;
        let (at, _) = self.rope.at_utf16(u32::try_from(wanted).ok()?);
        let ends = self.rope.prefix(range.end).utf16;
        (wanted <= u64::from(ends)).then_some(at)
    }

    /// The position of a block's marker; 0 for the implied paragraph, which has none.
    pub fn marker_position(&self, block: usize) -> Option<u32> {
        let range = self.block_range(block)?;
        Some(if self.is_implied(block) { 0 } else { range.start + 1 })
    }

    /// The position right after `scalars` scalars of the text form.
    ///
    /// The text form leaves out the first shown block's marker, so positions are one ahead of it where there is one.
    pub fn position_of_scalar(&self, scalars: u32) -> Option<u32> {
        let at = scalars.checked_add(u32::from(!self.head_is_shown()))?;
        (at <= self.len()).then_some(at)
    }

    /// How many characters stand after element `at` in its block.
    pub fn chars_after(&self, at: u32) -> u32 {
        self.marker_after(at).map_or(self.len(), |next| next - 1).saturating_sub(at)
    }

    /// Block and UTF-16 offset of the place right after element `at`.
    pub fn point(&self, at: u32) -> Option<(usize, usize)> {
        if at > self.len() {
            return None;
        }
        let block = self.block_of(at);
        let start = self.block_range(block)?.start + u32::from(!self.is_implied(block));
        let utf16 = self.rope.prefix(at.max(start)).utf16 - self.rope.prefix(start).utf16;
        Some((block, utf16 as usize))
    }

    /// How many elements two pages share at their start and at their end without a look at each.
    pub(crate) fn shared(&self, other: &Page) -> (u32, u32) {
        self.rope.shared(&other.rope)
    }

    /// The blocks that hold the elements of a range counted from 0, whole; with them the index of the first.
    pub(crate) fn blocks_around(&self, range: Range<u32>) -> (usize, Vec<Block>) {
        let first = if range.start == 0 { 0 } else { self.block_of(range.start) };
        let last = self.block_of(range.end.min(self.len()));
        let start = self.block_range(first).map_or(0, |range| range.start);
        let blocks = block::blocks(self.rope.items_from(start), self.is_implied(first));
        (first, blocks.take(last + 1 - first).collect())
    }

    /// Panics where a count is wrong.
    pub(crate) fn assert_invariants(&self) {
        self.rope.assert_invariants();
        for block in self.blocks() {
            assert!(!(block.removed && block.text.is_empty()), "an empty removed block is hidden");
            let fits =
                |c: char| c == crate::event::OBJECT || crate::event::check_text(c.encode_utf8(&mut [0; 4])).is_ok();
            assert!(block.text.chars().all(fits));
        }
    }

    /// A page of these items in order, with their text.
    pub(crate) fn of<S: AsRef<str>>(items: impl IntoIterator<Item = (Item, S)>) -> Self {
        let mut page = Page::default();
        let rope = Rope::of(items.into_iter().inspect(|(item, _)| page.note(item)));
        Page { rope, ..page }
    }
}
