//! Large pages of ours: many blocks, many marks, a paste and its deletion; and what a single edit costs on them.

use inkfold_engine::{Document, End, Event, Insertion, Start, Typing, Value};
use std::hint::black_box;

use crate::growth::Phase;
use crate::measure::timed;
use crate::ours::{Author, Message, SEAL_AFTER, SEAL_BYTES};

/// A block's text.
const BLOCK: &str = "forty characters are about half a line..";

fn marker(at: u32) -> Event {
    Event::Insert { at: at.into(), what: Insertion::Marker(Default::default()) }
}

fn bold(first: u32, last: u32, key: &str) -> Event {
    let (first, last, key) = (u64::from(first), u64::from(last), key.to_owned());
    Event::Mark { first, last, start: Start::Before, end: End::Grows, key, value: Some(Value::Flag(true)) }
}

fn apply(typing: &mut Typing<'_>, event: &Event) {
    typing.apply(event).expect("it fits the page");
}

/// Somebody hears everything one by one.
fn hear(phases: &mut Vec<Phase>, name: &'static str, reader: &mut Author, messages: &[Message], author: &Author) {
    let ((), seconds) = timed(|| messages.iter().for_each(|message| reader.hear::<true>(message)));
    assert_eq!(reader.document.page().len(), author.document.page().len(), "both see the same");
    phases.push((name, false, seconds));
}

/// What single edits cost on a page as it is: a key, a key of somebody else's, and one of somebody who didn't know the last
/// record.
fn singles(phases: &mut Vec<Phase>, author: &mut Author) {
    const TIMES: u32 = 20;
    let middle = author.document.page().len() / 2;
    let (snapshot, seconds) = timed(|| author.document.snapshot());
    phases.push(("take a snapshot", false, seconds));
    let (opened, seconds) = timed(|| Document::open(&snapshot).expect("our own snapshot").document);
    phases.push(("open a snapshot", false, seconds));
    assert_eq!(opened.page().len(), author.document.page().len(), "it shows the same");
    let mut other = Author::of(author.document.clone(), 500);
    let mut late = Author::of(author.document.clone(), 501);
    let (_, seconds) = timed(|| (0..TIMES).for_each(|i| drop(author.write::<true>(|typing| key(typing, middle + i)))));
    phases.push(("a key, sealed", true, seconds / f64::from(TIMES)));
    let mut newer = Author::of(other.document.clone(), 502);
    let foreign: Vec<_> = (0..TIMES).map(|i| newer.write::<true>(|typing| key(typing, middle + i))).collect();
    let ((), seconds) =
        timed(|| foreign.into_iter().for_each(|record| drop(black_box(other.document.merge([record])))));
    phases.push(("a foreign key with patch", true, seconds / f64::from(TIMES)));
    let first = late.write::<true>(|typing| key(typing, middle));
    let second = late.write::<true>(|typing| key(typing, middle + 1));
    let (_, seconds) = timed(|| author.document.absorb([first]));
    phases.push(("a late key", true, seconds));
    let (_, seconds) = timed(|| author.document.absorb([second]));
    phases.push(("the next late key", true, seconds));
}

fn key(typing: &mut Typing<'_>, at: u32) {
    typing.insert(at, "x").expect("plain text");
}

/// A document of so many blocks.
pub fn blocks(count: usize) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut author = Author::new(0);
    let mut reader = Author::new(1);
    let mut at = 1;
    let (messages, seconds) = timed(|| {
        let records = count / SEAL_AFTER;
        let write = |_| {
            author.send::<true>(|typing| {
                for _ in 0..SEAL_AFTER {
                    typing.insert(at, BLOCK).expect("plain text");
                    at += BLOCK.len() as u32;
                    apply(typing, &marker(at));
                    at += 1;
                }
            })
        };
        (0..records).map(write).collect::<Vec<_>>()
    });
    phases.push(("build", false, seconds));
    hear(&mut phases, "hear one by one", &mut reader, &messages, &author);
    singles(&mut phases, &mut author);
    let page = author.document.page();
    let last = page.marker_position(page.block_count() - 1).expect("it has blocks");
    let first = page.marker_position(0).expect("it has blocks");
    let mut before = Author::of(author.document.clone(), 503);
    let move_block = |author: &mut Author, first: u32, to: u32| {
        let event = Event::Move { first: first.into(), count: 1, to: to.into() };
        timed(|| author.write::<true>(|typing| apply(typing, &event)))
    };
    let (moved, seconds) = move_block(&mut author, first, last);
    phases.push(("a move", true, seconds));
    let (_, seconds) = move_block(&mut author, first, last / 2 / 41 * 41 + 1);
    phases.push(("the next move", true, seconds));
    let (_, seconds) = timed(|| author.write::<true>(|typing| key(typing, 2)));
    phases.push(("a key after the moves", true, seconds));
    // Somebody typed while a block was moved: both orders of the two.
    let late = before.write::<true>(|typing| key(typing, last / 2));
    let (_, seconds) = timed(|| author.document.absorb([late]));
    phases.push(("a late key after the moves", true, seconds));
    let (_, seconds) = timed(|| before.document.absorb([moved]));
    phases.push(("a late move", true, seconds));
    let all = bold(2, author.document.page().len(), "bold");
    let (_, seconds) = timed(|| author.write::<true>(|typing| apply(typing, &all)));
    phases.push(("mark all", false, seconds));
    let (_, seconds) = timed(|| author.document.page().text());
    phases.push(("text", false, seconds));
    phases
}

/// A document with so many marks, each on ten characters, on blocks of forty.
pub fn marks(count: usize) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut author = Author::new(0);
    author.write::<true>(|typing| {
        let mut at = 1;
        for _ in 0..count / 4 {
            typing.insert(at, BLOCK).expect("plain text");
            at += BLOCK.len() as u32;
            apply(typing, &marker(at));
            at += 1;
        }
    });
    let mut reader = Author::of(author.document.clone(), 1);
    let mut rng = fastrand::Rng::with_seed(3);
    let (messages, seconds) = timed(|| {
        let write = |_| {
            author.send::<true>(|typing| {
                for i in 0..SEAL_AFTER {
                    let first = 2 + 41 * rng.u32(..count as u32 / 4) + rng.u32(..30);
                    apply(typing, &bold(first, first + 9, ["bold", "italic", "code", "strike"][i % 4]));
                }
            })
        };
        (0..count / SEAL_AFTER).map(write).collect::<Vec<_>>()
    });
    phases.push(("build", false, seconds));
    hear(&mut phases, "hear one by one", &mut reader, &messages, &author);
    singles(&mut phases, &mut author);
    let mut before = Author::of(author.document.clone(), 503);
    let late = before.write::<true>(|typing| apply(typing, &bold(2, 1 + 41 * count as u32 / 8, "underline")));
    let all = bold(2, author.document.page().len(), "bold");
    let (_, seconds) = timed(|| author.write::<true>(|typing| apply(typing, &all)));
    phases.push(("mark all", false, seconds));
    let (_, seconds) = timed(|| author.document.absorb([late]));
    phases.push(("a late mark on half of it", false, seconds));
    phases
}

/// So many bytes pasted, in blocks of so many, and deleted again.
pub fn paste(bytes: usize, block: usize) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut author = Author::new(0);
    let mut reader = Author::new(1);
    // A record takes so much; a longer block is pasted in parts.
    let part: String = "pasted text and more of it, ".chars().cycle().take(block.min(SEAL_BYTES)).collect();
    let parts = bytes.div_ceil(part.len());
    let is_lines = block <= SEAL_BYTES;
    let a_record = (SEAL_BYTES / part.len()).max(1);
    let mut at = 1;
    let (messages, seconds) = timed(|| {
        let write = |first: usize| {
            author.send::<true>(|typing| {
                for _ in first..(first + a_record).min(parts) {
                    typing.insert(at, &part).expect("plain text");
                    at += part.len() as u32;
                    if is_lines {
                        apply(typing, &marker(at));
                        at += 1;
                    }
                }
            })
        };
        (0..parts).step_by(a_record).map(write).collect::<Vec<_>>()
    });
    phases.push(("paste", false, seconds));
    hear(&mut phases, "hear one by one", &mut reader, &messages, &author);
    singles(&mut phases, &mut author);
    let mut before = Author::of(author.document.clone(), 503);
    let mut reader = Author::of(author.document.clone(), 504);
    let late = before.write::<true>(|typing| key(typing, 5));
    let (messages, seconds) = timed(|| delete_all(&mut author));
    phases.push(("delete all", false, seconds));
    hear(&mut phases, "hear the deletion", &mut reader, &messages, &author);
    let (_, seconds) = timed(|| author.write::<true>(|typing| key(typing, 1)));
    phases.push(("a key on the empty page", true, seconds));
    let (_, seconds) = timed(|| author.document.absorb([late]));
    phases.push(("a key from before it", true, seconds));
    phases
}

/// Everything goes but the first block's marker, as the app writes it: block after block, sealed after so many events.
fn delete_all(author: &mut Author) -> Vec<Message> {
    const RUNS: usize = 2000;
    let mut messages = Vec::new();
    while author.document.page().len() > 1 {
        let page = author.document.page();
        // Each block's characters, and whether a marker follows.
        let blocks: Vec<u32> = page.blocks().take(RUNS).map(|block| block.text().chars().count() as u32).collect();
        let count = page.block_count();
        messages.push(author.send::<true>(|typing| {
            for (i, chars) in blocks.iter().enumerate() {
                typing.delete(2, *chars, false);
                if i + 1 < count {
                    apply(typing, &Event::Join { at: 2 });
                }
            }
        }));
    }
    messages
}
