//! The page: the document as people see it, blocks of text under marks.
//!
//! A page is cheap to clone: blocks and groups of blocks are shared until one of them is changed. Positions count
//! elements as FORMAT.md defines them; [`Page::position`] and [`Page::point`] translate to block and UTF-16 offset.

use std::sync::Arc;

use crate::event::{Attributes, OBJECT};
use crate::history::Lv;

/// Blocks a group holds before it is divided: a position is found by adding up groups, then blocks.
const GROUP: usize = 64;

/// A block as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The marker's event; none for the implied leading paragraph.
    pub(crate) marker: Option<Lv>,
    pub(crate) attributes: Arc<Attributes>,
    /// The marker was removed: the block is shown only as long as it has text.
    pub(crate) removed: bool,
    pub(crate) text: String,
    pub(crate) chars: u32,
    pub(crate) runs: Vec<Run>,
}

/// Consecutive elements under one set of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub id: Lv,
    pub len: u32,
    pub marks: Arc<Attributes>,
}

impl Block {
    pub(crate) fn new(marker: Option<Lv>, attributes: Arc<Attributes>) -> Self {
        Block { marker, attributes, removed: false, text: String::new(), chars: 0, runs: Vec::new() }
    }

    /// Kind, indent and whatever else is set on the block.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The text; an inline object is U+FFFC.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Length of the text in UTF-16 code units.
    pub fn utf16_len(&self) -> usize {
        if self.text.len() == self.chars as usize { self.text.len() } else { self.text.encode_utf16().count() }
    }

    /// Whether this is the paragraph that is implied where text stands before any marker.
    pub fn is_implied(&self) -> bool {
        self.marker.is_none()
    }

    /// Whether somebody has removed this block, so that only its text keeps it: it goes when that is deleted.
    pub fn is_removed(&self) -> bool {
        self.removed
    }

    /// Stretches of text under one set of marks, in order; neighbours differ.
    pub fn inlines(&self) -> Vec<(&str, &Attributes)> {
        let mut out: Vec<(&str, &Attributes)> = Vec::new();
        let (mut from, mut to) = (0, 0);
        let mut chars = self.text.char_indices();
        let mut current: Option<&Attributes> = None;
        for run in &self.runs {
            if let Some(marks) = current
                && *marks != *run.marks
            {
                out.push((&self.text[from..to], marks));
                from = to;
            }
            current = Some(&run.marks);
            to = chars.nth(run.len as usize - 1).map_or(to, |(at, c)| at + c.len_utf8());
        }
        if let Some(marks) = current {
            out.push((&self.text[from..to], marks));
        }
        out
    }

    /// The marks of the character at an offset, in scalars.
    pub fn marks_at(&self, offset: u32) -> Option<&Attributes> {
        let mut left = offset;
        for run in &self.runs {
            if left < run.len {
                return Some(&run.marks);
            }
            left -= run.len;
        }
        None
    }

    pub(crate) fn elements(&self) -> u32 {
        self.chars + u32::from(self.marker.is_some())
    }

    fn byte_of(&self, offset: u32) -> usize {
        if self.text.len() == self.chars as usize {
            return offset as usize;
        }
        self.text.char_indices().nth(offset as usize).map_or(self.text.len(), |(at, _)| at)
    }

    /// Index of the run that begins at an offset; a run that the offset lies in is divided.
    fn run_at(&mut self, offset: u32) -> usize {
        let mut left = offset;
        for i in 0..self.runs.len() {
            if left == 0 {
                return i;
            }
            let run = &mut self.runs[i];
            if left < run.len {
                let rest = Run { id: run.id + left, len: run.len - left, marks: run.marks.clone() };
                run.len = left;
                self.runs.insert(i + 1, rest);
                return i + 1;
            }
            left -= run.len;
        }
        self.runs.len()
    }

    fn merge_at(&mut self, i: usize) {
        if i > 0 && i < self.runs.len() {
            let (before, after) = self.runs.split_at_mut(i);
            let (last, next) = (&mut before[i - 1], &after[0]);
            if last.id + last.len == next.id && last.marks == next.marks {
                last.len += next.len;
                self.runs.remove(i);
            }
        }
    }

    fn insert(&mut self, offset: u32, run: Run, text: &str) {
        let at = self.byte_of(offset);
        self.text.insert_str(at, text);
        self.chars += run.len;
        let i = self.run_at(offset);
        self.runs.insert(i, run);
        self.merge_at(i + 1);
        self.merge_at(i);
    }

    pub(crate) fn push(&mut self, run: Run, text: &str) {
        self.insert(self.chars, run, text);
    }

    fn delete(&mut self, offset: u32, len: u32) {
        let (from, to) = (self.byte_of(offset), self.byte_of(offset + len));
        self.text.replace_range(from..to, "");
        self.chars -= len;
        let first = self.run_at(offset);
        let end = self.run_at(offset + len);
        self.runs.drain(first..end);
        self.merge_at(first);
    }

    fn split(&mut self, offset: u32, marker: Lv, attributes: Arc<Attributes>) -> Block {
        let at = self.byte_of(offset);
        let i = self.run_at(offset);
        let rest = Block {
            marker: Some(marker),
            attributes,
            removed: false,
            text: self.text.split_off(at),
            chars: self.chars - offset,
            runs: self.runs.split_off(i),
        };
        self.chars = offset;
        rest
    }

    fn append(&mut self, mut other: Block) {
        let i = self.runs.len();
        self.text.push_str(&other.text);
        self.chars += other.chars;
        self.runs.append(&mut other.runs);
        self.merge_at(i);
    }

    fn mark(&mut self, offset: u32, len: u32, marks: &Arc<Attributes>) {
        let first = self.run_at(offset);
        let end = self.run_at(offset + len);
        for run in &mut self.runs[first..end] {
            run.marks = marks.clone();
        }
        for i in (first..=end).rev() {
            self.merge_at(i);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    blocks: Vec<Arc<Block>>,
    elements: u32,
}

impl Group {
    fn new(blocks: Vec<Arc<Block>>) -> Self {
        let elements = blocks.iter().map(|block| block.elements()).sum();
        Group { blocks, elements }
    }
}

/// Where a block is: the group and the place in it. Holds until the page changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    group: usize,
    block: usize,
    /// Elements before the block.
    before: u32,
}

/// The document as shown at one version. The first block inside is always HEAD's, shown only if it has text or nothing
/// else is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    groups: Vec<Arc<Group>>,
}

impl Default for Page {
    fn default() -> Self {
        Page::from_blocks(vec![Arc::new(Block::new(None, Arc::default()))])
    }
}

impl Page {
    pub(crate) fn from_blocks(blocks: Vec<Arc<Block>>) -> Self {
        debug_assert!(blocks[0].marker.is_none());
        Page { groups: blocks.chunks(GROUP / 2).map(|blocks| Arc::new(Group::new(blocks.to_vec()))).collect() }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Block>> + Clone {
        self.groups.iter().flat_map(|group| &group.blocks)
    }

    fn head_is_shown(&self) -> bool {
        let head = &self.groups[0].blocks[0];
        head.chars > 0 || (self.groups.len() == 1 && self.groups[0].blocks.len() == 1)
    }

    /// The blocks as shown; never none.
    pub fn blocks(&self) -> impl Iterator<Item = &Arc<Block>> + Clone {
        self.all().skip(usize::from(!self.head_is_shown()))
    }

    /// How many blocks are shown.
    pub fn block_count(&self) -> usize {
        self.groups.iter().map(|group| group.blocks.len()).sum::<usize>() - usize::from(!self.head_is_shown())
    }

    /// A block by its index as shown.
    pub fn block(&self, index: usize) -> Option<&Arc<Block>> {
        let spot = self.spot_of_block(index)?;
        Some(&self.groups[spot.group].blocks[spot.block])
    }

    /// How many elements are shown, markers included.
    pub fn len(&self) -> u32 {
        self.groups.iter().map(|group| group.elements).sum()
    }

    /// Whether nothing is shown, not even a marker.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text form: the blocks' texts joined by line feeds.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (i, block) in self.blocks().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            out.push_str(&block.text);
        }
        out
    }

    fn spot_of_block(&self, index: usize) -> Option<Spot> {
        let mut left = index + usize::from(!self.head_is_shown());
        let mut before = 0;
        for (i, group) in self.groups.iter().enumerate() {
            if left < group.blocks.len() {
                before += group.blocks[..left].iter().map(|block| block.elements()).sum::<u32>();
                return Some(Spot { group: i, block: left, before });
            }
            left -= group.blocks.len();
            before += group.elements;
        }
        None
    }

    /// The block that holds element `at` (from 1); HEAD's for 0.
    fn spot(&self, at: u32) -> Option<Spot> {
        let mut before = 0;
        if at == 0 {
            return Some(Spot { group: 0, block: 0, before });
        }
        for (i, group) in self.groups.iter().enumerate() {
            if at > before + group.elements {
                before += group.elements;
                continue;
            }
            for (j, block) in group.blocks.iter().enumerate() {
                if at <= before + block.elements() {
                    return Some(Spot { group: i, block: j, before });
                }
                before += block.elements();
            }
        }
        None
    }

    fn get(&self, spot: Spot) -> &Block {
        &self.groups[spot.group].blocks[spot.block]
    }

    /// Changes one block and keeps the counts.
    fn change<T>(&mut self, spot: Spot, change: impl FnOnce(&mut Block) -> T) -> T {
        let group = Arc::make_mut(&mut self.groups[spot.group]);
        let block = Arc::make_mut(&mut group.blocks[spot.block]);
        let before = block.elements();
        let result = change(block);
        group.elements = group.elements - before + block.elements();
        result
    }

    fn insert_block(&mut self, after: Spot, block: Block) {
        let group = Arc::make_mut(&mut self.groups[after.group]);
        group.elements += block.elements();
        group.blocks.insert(after.block + 1, Arc::new(block));
        if group.blocks.len() > GROUP {
            let rest = Group::new(group.blocks.split_off(GROUP / 2));
            group.elements -= rest.elements;
            self.groups.insert(after.group + 1, Arc::new(rest));
        }
    }

    fn take_block(&mut self, spot: Spot) -> Block {
        let group = Arc::make_mut(&mut self.groups[spot.group]);
        let block = group.blocks.remove(spot.block);
        group.elements -= block.elements();
        if group.blocks.is_empty() {
            self.groups.remove(spot.group);
        }
        Arc::unwrap_or_clone(block)
    }

    /// The element at a position (from 1) and whether it is a marker.
    pub(crate) fn element(&self, at: u32) -> Option<(Lv, bool)> {
        let spot = self.spot(at)?;
        let block = self.get(spot);
        let mut left = at.checked_sub(spot.before + 1)?;
        if let Some(marker) = block.marker {
            if left == 0 {
                return Some((marker, true));
            }
            left -= 1;
        }
        for run in &block.runs {
            if left < run.len {
                return Some((run.id + left, false));
            }
            left -= run.len;
        }
        None
    }

    /// The marker of the block that holds element `at`.
    pub(crate) fn marker_of(&self, at: u32) -> Option<Lv> {
        self.spot(at).and_then(|spot| self.get(spot).marker)
    }

    /// The position of a marker, looked for from the start.
    pub(crate) fn find_marker(&self, marker: Lv) -> Option<u32> {
        let mut before = 0;
        for block in self.all() {
            if block.marker == Some(marker) {
                return Some(before + 1);
            }
            before += block.elements();
        }
        None
    }

    /// Offset, within its block's text, of the place right after element `at`.
    fn offset(&self, spot: Spot, at: u32) -> u32 {
        at - spot.before - u32::from(self.get(spot).marker.is_some())
    }

    /// Text comes in right after element `at`.
    pub(crate) fn insert_text(&mut self, at: u32, run: Run, text: &str) {
        if let Some(spot) = self.spot(at) {
            let offset = self.offset(spot, at);
            self.change(spot, |block| block.insert(offset, run, text));
        }
    }

    /// `len` characters from element `at` on go; all of one block.
    pub(crate) fn delete(&mut self, at: u32, len: u32) {
        if let Some(spot) = self.spot(at) {
            let offset = self.offset(spot, at - 1);
            self.change(spot, |block| block.delete(offset, len));
            let block = self.get(spot);
            if block.removed && block.chars == 0 {
                self.take_block(spot);
            }
        }
    }

    /// A marker comes in right after element `at`.
    pub(crate) fn insert_marker(&mut self, at: u32, marker: Lv, attributes: Arc<Attributes>) {
        if let Some(spot) = self.spot(at) {
            let offset = self.offset(spot, at);
            let rest = self.change(spot, |block| block.split(offset, marker, attributes));
            let emptied = self.get(spot).removed && offset == 0;
            self.insert_block(spot, rest);
            if emptied && let Some(spot) = self.spot(at) {
                self.take_block(spot);
            }
        }
    }

    /// The marker at `at` goes; its text flows to the block before.
    pub(crate) fn join(&mut self, at: u32) {
        let (Some(spot), Some(before)) = (self.spot(at), self.spot(at - 1)) else { return };
        let block = self.take_block(spot);
        self.change(before, |first| first.append(block));
    }

    /// The marker at `at` is removed: the block goes if it is empty, and will when it is.
    pub(crate) fn remove(&mut self, at: u32) {
        let Some(spot) = self.spot(at) else { return };
        if self.get(spot).chars == 0 {
            self.take_block(spot);
        } else {
            self.change(spot, |block| block.removed = true);
        }
    }

    /// New attributes for the block whose marker is at `at`.
    pub(crate) fn set_attributes(&mut self, at: u32, attributes: Arc<Attributes>) {
        if let Some(spot) = self.spot(at) {
            self.change(spot, |block| block.attributes = attributes);
        }
    }

    /// New marks for `len` characters from element `at` on; all of one block.
    pub(crate) fn set_marks(&mut self, at: u32, len: u32, marks: &Arc<Attributes>) {
        if let Some(spot) = self.spot(at) {
            let offset = self.offset(spot, at - 1);
            self.change(spot, |block| block.mark(offset, len, marks));
        }
    }

    /// The position right after the first `utf16` code units of a block's text; of its marker for 0. An offset inside a
    /// character is taken for the one before it. `None` where there is no such block or offset.
    pub fn position(&self, block: usize, utf16: usize) -> Option<u32> {
        let spot = self.spot_of_block(block)?;
        let found = self.get(spot);
        let start = spot.before + u32::from(found.marker.is_some());
        let (mut chars, mut left) = (0, utf16);
        for c in found.text.chars() {
            if left < c.len_utf16() {
                return Some(start + chars);
            }
            left -= c.len_utf16();
            chars += 1;
        }
        (left == 0).then_some(start + chars)
    }

    /// The position of a block's marker; 0 for the implied paragraph, which has none.
    pub fn marker_position(&self, block: usize) -> Option<u32> {
        let spot = self.spot_of_block(block)?;
        Some(if self.get(spot).marker.is_some() { spot.before + 1 } else { 0 })
    }

    /// The position right after `scalars` scalars of the text form.
    ///
    /// The text form leaves out the first shown block's marker, so positions are one ahead of it where there is one.
    pub fn position_of_scalar(&self, scalars: u32) -> Option<u32> {
        let at = scalars + u32::from(!self.blocks().next()?.is_implied());
        (at <= self.len()).then_some(at)
    }

    /// How many characters stand after element `at` in its block.
    pub fn chars_after(&self, at: u32) -> u32 {
        self.spot(at).map_or(0, |spot| spot.before + self.get(spot).elements() - at)
    }

    /// Block and UTF-16 offset of the place right after element `at`.
    pub fn point(&self, at: u32) -> Option<(usize, usize)> {
        let spot = self.spot(at)?;
        let index = self.groups[..spot.group].iter().map(|group| group.blocks.len()).sum::<usize>() + spot.block;
        let offset = self.offset(spot, at.max(spot.before + u32::from(self.get(spot).marker.is_some())));
        let utf16 = self.get(spot).text.chars().take(offset as usize).map(char::len_utf16).sum();
        Some((index.saturating_sub(usize::from(!self.head_is_shown())), utf16))
    }

    /// Panics where a count is wrong.
    pub(crate) fn assert_invariants(&self) {
        for group in &self.groups {
            assert!(!group.blocks.is_empty() && group.blocks.len() <= GROUP);
            assert_eq!(group.elements, group.blocks.iter().map(|block| block.elements()).sum::<u32>());
        }
        for (i, block) in self.all().enumerate() {
            assert_eq!(block.marker.is_none(), i == 0, "only the first block is HEAD's");
            assert_eq!(block.chars as usize, block.text.chars().count());
            assert_eq!(block.chars, block.runs.iter().map(|run| run.len).sum::<u32>());
            assert!(!(block.removed && block.chars == 0), "an empty removed block is hidden");
            assert!(
                block.text.chars().all(|c| c == OBJECT || crate::event::check_text(c.encode_utf8(&mut [0; 4])).is_ok())
            );
        }
    }
}
