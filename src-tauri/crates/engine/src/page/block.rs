//! Blocks, put together from a page's elements for whoever reads them.

use super::rope::{Items, Kind};
use super::style::{BlockStart, Style, attributes, same};
use crate::event::Attributes;
use crate::history::Id;

/// A block as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The marker's event; none for the implied leading paragraph.
    pub(crate) marker: Option<Id>,
    pub(crate) attributes: Attributes,
    pub(crate) removed: bool,
    pub(crate) text: String,
    pub(crate) runs: Vec<Run>,
}

/// Consecutive elements under one set of marks.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub id: Id,
    pub len: u32,
    pub style: Style,
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.len == other.len && attributes(&self.style) == attributes(&other.style)
    }
}

impl Eq for Run {}

impl Block {
    pub(crate) fn implied() -> Self {
        Block { marker: None, attributes: Attributes::new(), removed: false, text: String::new(), runs: Vec::new() }
    }

    fn new(marker: Id, start: &BlockStart) -> Self {
        Block { marker: Some(marker), attributes: start.attributes.clone(), removed: start.removed, ..Block::implied() }
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
        self.text.encode_utf16().count()
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
            let marks = attributes(&run.style);
            if let Some(before) = current
                && before != marks
            {
                out.push((&self.text[from..to], before));
                from = to;
            }
            current = Some(marks);
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
                return Some(attributes(&run.style));
            }
            left -= run.len;
        }
        None
    }
}

/// The blocks of a page's items; the first items belong to the implied paragraph if they come before a marker.
pub(super) fn blocks(items: Items<'_>, implied: bool) -> impl Iterator<Item = Block> + '_ {
    let mut items = items.peekable();
    let mut implied = implied;
    std::iter::from_fn(move || {
        let mut block = if std::mem::take(&mut implied) {
            Block::implied()
        } else {
            let piece = items.next()?;
            match piece.kind {
                Kind::Marker(start) => Block::new(piece.id, start),
                Kind::Text(_) => unreachable!("the caller begins at a block"),
            }
        };
        while let Some(piece) = items.next_if(|piece| matches!(piece.kind, Kind::Text(_))) {
            let Kind::Text(style) = piece.kind else { break };
            block.text.push_str(piece.text);
            match block.runs.last_mut() {
                Some(last) if last.id + Id::from(last.len) == piece.id && same(&last.style, style) => {
                    last.len += piece.len;
                }
                _ => block.runs.push(Run { id: piece.id, len: piece.len, style: style.clone() }),
            }
        }
        Some(block)
    })
}
