//! Events of somebody who knew everything: edits of the page as it stands.

use std::sync::Arc;

use super::Registers;
use crate::event::{End, Event, Insertion, OBJECT, Target};
use crate::history::Id;
use crate::page::Page;
use crate::page::rope::Item;
use crate::page::style::{BlockStart, Held};

/// Applies a run whose first event has this id.
pub(crate) fn apply(page: &mut Page, registers: &mut Registers, id: Id, event: &Event) {
    match event {
        Event::Insert { at, what } => {
            let at = position(page, *at).unwrap_or(page.len());
            match what {
                Insertion::Text(text) => insert_text(page, id, at, text, text.chars().count() as u32),
                Insertion::Object(_) => insert_text(page, id, at, OBJECT.encode_utf8(&mut [0; 4]), 1),
                Insertion::Marker(attributes) => {
                    let style = page.style_after(at, true);
                    let start = BlockStart { attributes: attributes.clone(), removed: false, style };
                    page.insert(at, Item::marker(id, Arc::new(start)), "\n");
                }
            }
        }
        Event::Delete { at, len, backward } => delete(page, *at, *len, *backward),
        Event::Join { at } => {
            if let Some(at) = marker(page, *at) {
                page.join(at);
            }
        }
        Event::Remove { at } => {
            if let Some(at) = marker(page, *at) {
                page.remove(at);
            }
        }
        Event::Mark { first, last, start, end, key, value } => {
            let (Some(first), Some(last)) = (position(page, *first), position(page, *last)) else { return };
            if first > 0 && first <= last {
                let last = if *end == End::Open { last + page.chars_after(last) } else { last };
                let held = Held { mark: id, start: *start, end: *end };
                page.mark(first, last, key, value.as_ref().map(|value| (value, held)));
            }
        }
        Event::Register { target, key, value } => {
            let target = match target {
                Target::Marker(at) => {
                    if let Some(at) = marker(page, *at) {
                        page.set_attribute(at, key, value.as_ref());
                    }
                    return;
                }
                Target::Document => Target::Document,
                Target::Workspace => Target::Workspace,
                Target::Thread(thread) => Target::Thread(*thread),
            };
            let registers = Arc::make_mut(registers);
            match value {
                Some(value) => registers.insert((target, key.clone()), value.clone()),
                None => registers.remove(&(target, key.clone())),
            };
        }
        Event::Cancel { .. } => unreachable!("cancels reach back, the tracker folds them"),
        Event::Move { first, count, to } => page.move_blocks(*first, *count, *to),
    }
}

/// A position that the page has.
fn position(page: &Page, at: u64) -> Option<u32> {
    u32::try_from(at).ok().filter(|&at| at <= page.len())
}

/// The position of a shown marker.
fn marker(page: &Page, at: u64) -> Option<u32> {
    position(page, at).filter(|&at| page.element(at).is_some_and(|(_, is_marker)| is_marker))
}

pub(crate) fn insert_text(page: &mut Page, id: Id, at: u32, text: &str, len: u32) {
    let style = page.style_after(at, false);
    page.insert(at, Item::text(id, len, style), text);
}

pub(crate) fn delete(page: &mut Page, at: u64, len: u64, backward: bool) {
    let (mut at, mut left) = (at, len);
    while left > 0 {
        let Some(here) = position(page, at).filter(|&here| here > 0) else {
            // What is past the end hits nothing, and the last block can have gone with its last character.
            let past = at.saturating_sub(u64::from(page.len())).min(left);
            if !backward || past == 0 {
                return;
            }
            (at, left) = (at - past, left - past);
            continue;
        };
        let wanted = u32::try_from(left).unwrap_or(u32::MAX);
        let first = if backward { here.saturating_sub(wanted - 1) } else { here };
        let mut count = wanted;
        if page.chars_from(first) < wanted || first == 0 {
            // More than a run of characters: no marker may be among them.
            if page.element(here).is_some_and(|(_, is_marker)| is_marker) {
                // The next one backward is another element, the next one forward is the same marker again.
                if !backward {
                    return;
                }
                (at, left) = (at - 1, left - 1);
                continue;
            }
            count = wanted.min(if backward { here - page.marker_before(here) } else { page.chars_after(here - 1) });
        }
        page.delete(if backward { here - count + 1 } else { here }, count);
        left -= u64::from(count);
        if backward {
            at -= u64::from(count);
        }
    }
}
