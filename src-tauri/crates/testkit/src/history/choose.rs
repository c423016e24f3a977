//! Which edit comes next.

use fastrand::Rng;
use inkfold_engine::Attributes;
use inkfold_engine::event::{End, Event, Insertion, SOFT_BREAK, Start, Target, Value};
use inkfold_engine::ids::{EventId, RecordId};

use crate::edit::{Edit, Place};
use crate::page::{Page, PageBlock};

/// What a replica may do in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Types a run of characters.
    Type,
    /// Presses backspace some times.
    Backspace,
    /// Presses the delete key some times.
    DeleteForward,
    /// Deletes a range, over blocks too.
    DeleteRange,
    /// Presses Enter: anywhere, often at the start or the end of a block.
    Enter,
    /// Joins a block to the one before.
    Join,
    /// Removes a block, its elements too.
    RemoveWithText,
    /// Removes a block and leaves its elements.
    RemoveOnly,
    /// Marks a range as an editor does.
    Mark,
    /// Marks any two positions with any start and end.
    RawMark,
    /// Sets an attribute of a block.
    Attribute,
    /// Sets a register of the document or of a thread.
    Register,
    /// Puts in an inline object.
    Object,
    /// Writes an event whose position may be of the wrong kind or past the end.
    Hostile,
    /// Moves some blocks that stand next to each other.
    MoveRun,
    /// Drags a block to another place, often to a near one.
    MoveOne,
    /// Writes a move whose positions may be of the wrong kind, past the end, or within its own blocks.
    HostileMove,
    /// Cancels its last edit, whatever that was.
    Undo,
    /// Takes back the last undo.
    Redo,
    /// Cancels or restores any of its earlier events, and some that aren't there yet.
    Cancel,
}

fn below(rng: &mut Rng, end: usize) -> usize {
    rng.usize(..end)
}

fn place(rng: &mut Rng, blocks: &[PageBlock]) -> Place {
    let block = below(rng, blocks.len());
    let len = blocks[block].len();
    let offset = match rng.u8(..4) {
        0 => 0,
        1 => len,
        _ => below(rng, len + 1),
    };
    Place { block, offset }
}

/// Two places in order; close together more often than not.
fn range(rng: &mut Rng, blocks: &[PageBlock]) -> (Place, Place) {
    let first = place(rng, blocks);
    let mut second = place(rng, blocks);
    if rng.bool() {
        second.block = (first.block + below(rng, 3)).min(blocks.len() - 1);
        second.offset = second.offset.min(blocks[second.block].len());
    }
    (first.min(second), first.max(second))
}

/// A block with a marker that is shown.
fn marked(rng: &mut Rng, blocks: &[PageBlock]) -> Option<usize> {
    let candidates: Vec<usize> = (0..blocks.len()).filter(|&block| blocks[block].id.is_some()).collect();
    (!candidates.is_empty()).then(|| candidates[below(rng, candidates.len())])
}

fn text(rng: &mut Rng, longest: usize) -> String {
    const UNUSUAL: [char; 8] = ['é', 'ß', '漢', 'ع', '🙂', '\u{301}', SOFT_BREAK, '\t'];
    let len = 1 + below(rng, longest);
    let scalar = |rng: &mut Rng| match rng.u8(..20) {
        0 => UNUSUAL[below(rng, UNUSUAL.len())],
        1 | 2 => ' ',
        _ => rng.lowercase(),
    };
    (0..len).map(|_| scalar(rng)).collect()
}

fn attributes(rng: &mut Rng) -> Attributes {
    let mut attributes = Attributes::new();
    if rng.bool() {
        attributes.insert("kind".into(), kind_of_block(rng));
    }
    if rng.u8(..8) == 0 {
        attributes.insert("checked".into(), Value::Flag(rng.bool()));
    }
    attributes
}

fn kind_of_block(rng: &mut Rng) -> Value {
    Value::Text(["heading", "item", "code", "quote"][below(rng, 4)].into())
}

fn attribute(rng: &mut Rng) -> (String, Option<Value>) {
    match rng.u8(..4) {
        0 => ("kind".into(), rng.bool().then(|| kind_of_block(rng))),
        1 => ("kind".into(), Some(kind_of_block(rng))),
        2 => ("indent".into(), Some(Value::Number(rng.i64(-1..6)))),
        _ => ("checked".into(), rng.bool().then_some(Value::Flag(true))),
    }
}

/// A mark as editors make it: its key, value, and where it grows.
fn mark(rng: &mut Rng) -> (String, Option<Value>, Start, End) {
    let on = rng.u8(..4) > 0;
    match rng.u8(..6) {
        0 | 1 => ("bold".into(), on.then_some(Value::Flag(true)), Start::Before, End::Grows),
        2 => ("italic".into(), on.then_some(Value::Flag(true)), Start::Before, End::Grows),
        3 => ("code".into(), on.then_some(Value::Flag(true)), Start::Before, End::Closed),
        4 => {
            let url = Value::Text(format!("https://example.org/{}", rng.u8(..3)));
            ("link".into(), on.then_some(url), Start::Before, End::Closed)
        }
        _ => (format!("comment/{}", rng.u8(..3)), Some(Value::Flag(true)), Start::Before, End::Closed),
    }
}

fn boundary(rng: &mut Rng) -> (Start, End) {
    let start = if rng.bool() { Start::Before } else { Start::After };
    (start, [End::Closed, End::Grows, End::Open][below(rng, 3)])
}

/// Where a run of blocks could go: any gap that isn't beside it, or one of the nearest.
fn gap(rng: &mut Rng, blocks: &[PageBlock], first: usize, last: usize) -> Option<usize> {
    let least = usize::from(blocks[0].id.is_none());
    let mut gaps: Vec<usize> = (least..=blocks.len()).filter(|gap| *gap < first || *gap > last + 1).collect();
    if rng.bool() {
        gaps.retain(|&gap| gap + 2 >= first && gap <= last + 3);
    }
    rng.choice(&gaps).copied()
}

/// An edit of a kind on a page; none where the page has nothing for it, or the kind is no edit of a person.
pub fn random_edit(rng: &mut Rng, kind: Kind, page: &Page, longest_text: usize) -> Option<Edit> {
    let blocks = page.blocks();
    let edit = match kind {
        Kind::Type => Edit::Type { at: place(rng, &blocks), text: text(rng, longest_text) },
        Kind::Object => Edit::Object { at: place(rng, &blocks), attributes: attributes(rng) },
        Kind::Backspace => {
            let at = place(rng, &blocks);
            let most = at.offset.min(6);
            Edit::Backspace { at, count: 1 + below(rng, (most > 0).then_some(most)?) }
        }
        Kind::DeleteForward => {
            let from = place(rng, &blocks);
            let most = (blocks[from.block].len() - from.offset).min(6);
            let offset = from.offset + 1 + below(rng, (most > 0).then_some(most)?);
            Edit::Delete { from, to: Place { offset, ..from } }
        }
        Kind::DeleteRange => {
            let (from, to) = range(rng, &blocks);
            Edit::Delete { from, to }
        }
        Kind::Enter => Edit::Enter { at: place(rng, &blocks), attributes: attributes(rng) },
        Kind::Join => {
            let block = marked(rng, &blocks)?;
            // To join the first block is allowed and makes it the implied paragraph, but few do it.
            if block == 0 && rng.u8(..4) > 0 {
                return None;
            }
            Edit::Join { block }
        }
        Kind::RemoveWithText => Edit::Remove { block: marked(rng, &blocks)?, with_text: true },
        Kind::RemoveOnly => Edit::Remove { block: marked(rng, &blocks)?, with_text: false },
        Kind::Attribute => {
            let (key, value) = attribute(rng);
            Edit::Attribute { block: marked(rng, &blocks)?, key, value }
        }
        Kind::Mark => {
            let (from, to) = range(rng, &blocks);
            let (key, value, start, end) = mark(rng);
            Edit::Mark { from, to, start, end, key, value }
        }
        Kind::MoveRun => {
            let first = marked(rng, &blocks)?;
            let last = (first + below(rng, 3)).min(blocks.len() - 1);
            Edit::Move { first, last, gap: gap(rng, &blocks, first, last)? }
        }
        Kind::MoveOne => {
            let block = marked(rng, &blocks)?;
            Edit::Move { first: block, last: block, gap: gap(rng, &blocks, block, block)? }
        }
        Kind::Undo => Edit::Undo,
        Kind::Redo => Edit::Redo,
        Kind::RawMark | Kind::Register | Kind::Hostile | Kind::HostileMove | Kind::Cancel => return None,
    };
    Some(edit)
}

/// The events of a step on a page; none where the page has nothing for it. `records` are those that the replica knows.
pub(super) fn events(rng: &mut Rng, kind: Kind, page: &Page, longest_text: usize, records: &[RecordId]) -> Vec<Event> {
    let len = page.shown.len() as u64;
    match kind {
        Kind::RawMark if len > 0 => {
            let (key, value, ..) = mark(rng);
            let (start, end) = boundary(rng);
            let first = rng.u64(1..=len);
            let last = rng.u64(first..=len);
            vec![Event::Mark { first, last, start, end, key, value }]
        }
        Kind::Register => {
            let target = if rng.bool() && !records.is_empty() {
                Target::Thread(EventId { record: records[below(rng, records.len())], offset: 0 })
            } else {
                Target::Document
            };
            let key = ["title", "resolved"][below(rng, 2)].into();
            let value = (rng.u8(..4) > 0).then(|| Value::Text(text(rng, 4)));
            vec![Event::Register { target, key, value }]
        }
        Kind::Hostile => vec![hostile(rng, len)],
        Kind::HostileMove => vec![hostile_move(rng, page)],
        _ => random_edit(rng, kind, page, longest_text).map_or_else(Vec::new, |edit| edit.events(page)),
    }
}

/// A cancel of events up to a few that aren't there yet, when `seq` comes next. Mostly of late ones, off more often
/// than on.
pub(super) fn cancel(rng: &mut Rng, seq: u64) -> Event {
    let end = seq + 4;
    let mut next = match rng.bool() {
        true => rng.u64(..end),
        false => seq.saturating_sub(rng.u64(1..16)),
    };
    let mut ranges = Vec::new();
    for _ in 0..rng.usize(1..4) {
        let first = next + rng.u64(..4);
        let last = first + rng.u64(..5);
        ranges.push((first, last + 1));
        // A gap of one at least.
        next = last + 2;
    }
    Event::Cancel { ranges, on: rng.u8(..3) == 0 }
}

/// A move from any block or none to any position: its blocks may be too many, its destination one of them.
fn hostile_move(rng: &mut Rng, page: &Page) -> Event {
    let end = page.shown.len() as u64 + 4;
    let blocks = page.blocks();
    let position = |rng: &mut Rng| match rng.u8(..4) {
        0 => rng.u64(..end),
        _ => blocks[below(rng, blocks.len())].marker,
    };
    let (first, to) = (position(rng).max(1), position(rng));
    Event::Move { first, count: rng.u64(1..5), to }
}

/// An event at any position up to a little past the end. What no writer could write down at all isn't among them: a mark
/// or a deletion at 0, a mark that ends before it begins, a backspace that goes on before position 1.
fn hostile(rng: &mut Rng, len: u64) -> Event {
    let end = len + 4;
    let (at, element) = (rng.u64(..end), rng.u64(1..end));
    match rng.u8(..8) {
        0 => Event::Insert { at, what: Insertion::Text(text(rng, 2).into()) },
        1 => Event::Insert { at, what: Insertion::Marker(attributes(rng)) },
        2 => Event::Delete { at: element, len: rng.u64(1..4), backward: false },
        3 => Event::Delete { at: element, len: rng.u64(1..=element.min(4)), backward: true },
        4 => Event::Join { at },
        5 => Event::Remove { at },
        6 => {
            let (start, end_side) = boundary(rng);
            let (key, value, ..) = mark(rng);
            Event::Mark { first: element, last: rng.u64(element..end), start, end: end_side, key, value }
        }
        _ => {
            let (key, value) = attribute(rng);
            Event::Register { target: Target::Marker(at), key, value }
        }
    }
}
