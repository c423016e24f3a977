//! The page: what somebody sees, each element with its position.

use std::ops::Range;

use inkfold_engine::event::OBJECT;
use inkfold_engine::ids::EventId;

/// What is shown at a version, in order. The first element has position 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The elements.
    pub shown: Vec<Shown>,
}

/// An element of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The event that inserted it.
    pub id: EventId,
    /// What it is.
    pub what: What,
    /// Where it stands in the sequence: a number that grows along it. The page's order can be another one.
    pub place: usize,
}

/// What an element of a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A block begins.
    Marker {
        /// Somebody removed the block; it is shown because it has text.
        removed: bool,
    },
    /// A character.
    Character(char),
    /// An inline object.
    Object,
}

/// A block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageBlock {
    /// The position of its marker; 0 for the implied leading paragraph.
    pub marker: u64,
    /// The marker; none for the implied leading paragraph.
    pub id: Option<EventId>,
    /// Somebody removed it.
    pub removed: bool,
    /// Its elements, by their index in [`Page::shown`]. An offset `o` in the block is right after position
    /// `marker + o`.
    pub elements: Range<usize>,
}

impl PageBlock {
    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The position that an insertion at an offset comes after.
    pub fn position(&self, offset: usize) -> u64 {
        self.marker + offset as u64
    }
}

impl Page {
    /// The blocks; an empty page has one, the implied leading paragraph.
    pub fn blocks(&self) -> Vec<PageBlock> {
        let mut blocks = Vec::new();
        for (index, shown) in self.shown.iter().enumerate() {
            match shown.what {
                What::Marker { removed } => {
                    let elements = index + 1..index + 1;
                    blocks.push(PageBlock { marker: index as u64 + 1, id: Some(shown.id), removed, elements });
                }
                _ => {
                    if blocks.is_empty() {
                        blocks.push(PageBlock { marker: 0, id: None, removed: false, elements: 0..0 });
                    }
                    if let Some(block) = blocks.last_mut() {
                        block.elements.end = index + 1;
                    }
                }
            }
        }
        if blocks.is_empty() {
            blocks.push(PageBlock { marker: 0, id: None, removed: false, elements: 0..0 });
        }
        blocks
    }

    /// The text form: one scalar an element, blocks joined by line feeds.
    pub fn text(&self) -> String {
        let scalar = |shown: &Shown| match shown.what {
            What::Marker { .. } => '\n',
            What::Character(c) => c,
            What::Object => OBJECT,
        };
        let text: String = self.shown.iter().map(scalar).collect();
        match text.strip_prefix('\n') {
            Some(rest) => rest.to_owned(),
            None => text,
        }
    }
}
