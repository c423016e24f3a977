//! Edits as somebody makes them on a page, and the events that they are written as.

use inkfold_engine::Attributes;
use inkfold_engine::event::{End, Event, Insertion, Start, Target, Value};

use crate::page::Page;

/// A place between elements: a block and how many of its elements are before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The block, from 0.
    pub block: usize,
    /// The offset in it.
    pub offset: usize,
}

/// An edit on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Characters are typed.
    Type {
        /// Where.
        at: Place,
        /// The characters.
        text: String,
    },
    /// An inline object is put in.
    Object {
        /// Where.
        at: Place,
        /// Its attributes.
        attributes: Attributes,
    },
    /// Backspace, pressed `count` times within a block.
    Backspace {
        /// Where the cursor is at first.
        at: Place,
        /// How often; at most the offset.
        count: usize,
    },
    /// What is between two places goes. If they are in two blocks, the first keeps its marker, the last joins it and
    /// those between are removed.
    Delete {
        /// The beginning.
        from: Place,
        /// The end.
        to: Place,
    },
    /// A block is split. At its start (unless it is empty) the new block comes before it, so that it keeps its
    /// identity.
    Enter {
        /// Where.
        at: Place,
        /// The new block's attributes.
        attributes: Attributes,
    },
    /// A block's text flows to the block before it.
    Join {
        /// The block; its marker must be shown.
        block: usize,
    },
    /// A block is removed.
    Remove {
        /// The block; its marker must be shown.
        block: usize,
        /// Its elements go as well.
        with_text: bool,
    },
    /// A mark is set on what is between two places.
    Mark {
        /// The beginning.
        from: Place,
        /// The end.
        to: Place,
        /// The start's side.
        start: Start,
        /// The end's reach.
        end: End,
        /// What is marked.
        key: String,
        /// The value; none takes the mark away.
        value: Option<Value>,
    },
    /// A register of a block is set.
    Attribute {
        /// The block; its marker must be shown.
        block: usize,
        /// Which register.
        key: String,
        /// The value.
        value: Option<Value>,
    },
    /// Blocks that stand next to each other move.
    Move {
        /// The first of them; all their markers must be shown.
        first: usize,
        /// The last of them.
        last: usize,
        /// Before which block of the page as it is they go; the number of blocks stands for the end. Nothing goes before
        /// the implied leading paragraph.
        gap: usize,
    },
    /// The writer's last edit, if it isn't undone, is cancelled as far as it can be: block structure stays. Only the
    /// writer knows what it was; see [`Replica::edit`](crate::history::Replica::edit).
    Undo,
    /// What was undone last counts again.
    Redo,
}

impl Edit {
    /// The events that write this edit down on a page; none for undo and redo.
    ///
    /// # Panics
    /// If the page has no such place, or no marker where one is needed.
    pub fn events(&self, page: &Page) -> Vec<Event> {
        let blocks = page.blocks();
        let position = |at: &Place| {
            assert!(at.offset <= blocks[at.block].len(), "{at:?} isn't on the page");
            blocks[at.block].position(at.offset)
        };
        let marker = |block: usize| {
            assert!(blocks[block].id.is_some(), "the implied paragraph has no marker");
            blocks[block].marker
        };
        match self {
            Edit::Type { at, text } => vec![insert(position(at), Insertion::Text(text.as_str().into()))],
            Edit::Object { at, attributes } => vec![insert(position(at), Insertion::Object(attributes.clone()))],
            Edit::Backspace { at, count } => {
                assert!(*count <= at.offset, "a backspace stays within its block");
                vec![Event::Delete { at: position(at), len: *count as u64, backward: true }]
            }
            Edit::Delete { from, to } if from.block == to.block => delete(position(from), to.offset - from.offset),
            Edit::Delete { from, to } => {
                let (first, last) = (&blocks[from.block], &blocks[to.block]);
                let mut events = Vec::new();
                // From the end, so that the positions before stay as they are; the flag first, so that a marker is
                // hidden with its last character and not before.
                for block in blocks[from.block + 1..to.block].iter().rev() {
                    events.push(Event::Remove { at: block.marker });
                    events.extend(delete(block.marker, block.len()));
                }
                events.push(Event::Join { at: first.position(first.len()) + 1 });
                assert!(to.offset <= last.len(), "{to:?} isn't on the page");
                events.extend(delete(position(from), first.len() - from.offset + to.offset));
                events
            }
            Edit::Enter { at, attributes } => {
                let block = &blocks[at.block];
                let before_block = at.offset == 0 && !block.is_empty() && block.id.is_some();
                let position = if before_block { block.marker - 1 } else { position(at) };
                vec![insert(position, Insertion::Marker(attributes.clone()))]
            }
            Edit::Join { block } => vec![Event::Join { at: marker(*block) }],
            Edit::Remove { block, with_text } => {
                let mut events = vec![Event::Remove { at: marker(*block) }];
                if *with_text {
                    events.extend(delete(marker(*block), blocks[*block].len()));
                }
                events
            }
            Edit::Mark { from, to, start, end, key, value } => {
                let (first, last) = (position(from) + 1, position(to));
                if first > last {
                    return Vec::new();
                }
                vec![Event::Mark { first, last, start: *start, end: *end, key: key.clone(), value: value.clone() }]
            }
            Edit::Attribute { block, key, value } => {
                let target = Target::Marker(marker(*block));
                vec![Event::Register { target, key: key.clone(), value: value.clone() }]
            }
            Edit::Move { first, last, gap } => {
                assert!(first <= last && *last < blocks.len() && *gap <= blocks.len(), "{self:?} isn't on the page");
                let to = match gap.checked_sub(1) {
                    Some(before) => blocks[before].marker,
                    None => {
                        assert!(blocks[0].id.is_some(), "the implied paragraph is always the first");
                        0
                    }
                };
                vec![Event::Move { first: marker(*first), count: (last - first + 1) as u64, to }]
            }
            Edit::Undo | Edit::Redo => Vec::new(),
        }
    }
}

fn insert(at: u64, what: Insertion) -> Event {
    Event::Insert { at, what }
}

/// Deletes `count` elements after a position.
fn delete(after: u64, count: usize) -> Vec<Event> {
    match count {
        0 => Vec::new(),
        _ => vec![Event::Delete { at: after + 1, len: count as u64, backward: false }],
    }
}
