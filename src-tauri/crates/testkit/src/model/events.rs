//! What each event of a record does, at its own version.

use std::collections::BTreeSet;

use inkfold_engine::event::{Event, Insertion, Target};

use super::cancels::{Cancel, cancelled};
use super::layout::Layout;
use super::list::{BlockEvent, Join, Move, Sight};
use super::marks::{Mark, take_over};
use super::tree::{self, HEAD, Kind, Origin};
use super::version::{EventAt, Version};
use super::{Model, RegisterSet};

impl Model {
    /// Takes in the events of a run, each at its own version.
    pub(super) fn add_run(&mut self, at: EventAt, run: &Event) {
        let version = self.version_of(at);
        let layout = self.layout(&version);
        let shown = layout.shown();
        // Position 0 and what lies past the end is no element.
        let element = |at: u64| {
            let index = usize::try_from(at).ok()?.checked_sub(1)?;
            shown.get(index).copied()
        };
        let marker = |at: u64| element(at).filter(|&x| self.tree.is_marker(x));
        match run {
            Event::Insert { at: position, what } => {
                let left = match position {
                    0 => HEAD,
                    _ => element(*position).or(shown.last().copied()).unwrap_or(HEAD),
                };
                let right = position.checked_add(1).and_then(element);
                self.insert(at, &version, left, right, what);
            }
            Event::Delete { at: position, len, backward } => self.delete(at, *position, *len, *backward),
            Event::Join { at: position } => {
                let Some(marker) = marker(*position) else { return };
                let anchor = element(*position - 1).unwrap_or(HEAD);
                let into = match block(&layout, marker) {
                    0 => HEAD,
                    index => layout.blocks[index - 1].marker.unwrap_or(HEAD),
                };
                let sight = sight(&layout, version);
                self.add_block_event(at, BlockEvent::Join(Join { sight, marker, anchor, into }));
            }
            Event::Move { first, count, to } => {
                let to = match to {
                    0 => Some(HEAD),
                    _ => marker(*to),
                };
                let (Some(first), Some(to)) = (marker(*first), to) else { return };
                let shown = &layout.blocks[block(&layout, first)..];
                let blocks = match usize::try_from(*count) {
                    Ok(count @ 1..) if count <= shown.len() => &shown[..count],
                    _ => return,
                };
                let blocks = blocks.iter().filter_map(|block| block.marker).collect();
                let sight = sight(&layout, version);
                self.add_block_event(at, BlockEvent::Move(Move { at, sight, blocks, to }));
            }
            Event::Remove { at: position } => {
                let Some(marker) = marker(*position) else { return };
                self.removals.push((at, marker));
            }
            Event::Mark { first, last, start, end, key, value } => {
                let (Some(first), Some(last)) = (element(*first), element(*last)) else { return };
                let place = |x: tree::Element| shown.iter().position(|&y| y == x).expect("it is shown");
                if place(last) < place(first) {
                    return;
                }
                let mark = Mark {
                    at,
                    version,
                    segments: layout.list.segments().collect(),
                    first,
                    last,
                    before: place(first).checked_sub(1).map_or(HEAD, |before| shown[before]),
                    next_marker: shown[place(last) + 1..].iter().copied().find(|&x| self.tree.is_marker(x)),
                    start: *start,
                    end: *end,
                    key: key.clone(),
                    value: value.clone(),
                };
                self.marks.insert(self.order_of(at), mark);
            }
            Event::Register { target, key, value } => {
                let target = match target {
                    Target::Marker(position) => match marker(*position) {
                        Some(marker) => Target::Marker(marker),
                        None => return,
                    },
                    Target::Document => Target::Document,
                    Target::Workspace => Target::Workspace,
                    Target::Thread(thread) => Target::Thread(*thread),
                };
                let set = RegisterSet { at, target, key: key.clone(), value: value.clone() };
                self.registers.insert(self.order_of(at), set);
            }
            Event::Cancel { ranges, on } => {
                let cancel = Cancel { at, on: *on, names: self.named(at, ranges) };
                self.cancels.insert(self.order_of(at), cancel);
            }
        }
    }

    fn add_block_event(&mut self, at: EventAt, event: BlockEvent) {
        self.block_events.insert(self.order_of(at), (at, event));
    }

    /// Inserts elements behind `left`; `right` is the element shown behind that.
    fn insert(
        &mut self,
        at: EventAt,
        version: &Version,
        left: tree::Element,
        right: Option<tree::Element>,
        what: &Insertion,
    ) {
        let record = &self.records[at.record.0].record;
        let origin = Origin {
            at,
            id: self.id_of(at),
            replica: record.replica(),
            seq: record.content().first_seq + u64::from(at.offset),
            left,
            right: self.tree.after(left, version).next(),
        };
        let kinds: Vec<Kind> = match what {
            Insertion::Text(text) => text.chars().map(Kind::Character).collect(),
            Insertion::Object(attributes) => vec![Kind::Object(attributes.clone())],
            Insertion::Marker(attributes) => vec![Kind::Marker(attributes.clone())],
        };
        let is_marker = matches!(what, Insertion::Marker(_));

        let known = self.covering(|mark| version.holds(mark));
        let marks: Vec<&Mark> = known.iter().map(|covering| covering.mark).collect();
        let covering = |x: tree::Element| -> BTreeSet<EventAt> {
            known.iter().filter(|covering| covering.covers(x)).map(|covering| covering.mark.at).collect()
        };
        let off = cancelled(&self.cancels, version);
        let (mut left, right) = (covering(left), right.map(covering).unwrap_or_default());
        let mut taken_over = Vec::new();
        for _ in &kinds {
            left = take_over(&marks, |at| !off.contains(&at), &left, &right, is_marker);
            taken_over.push(left.clone());
        }
        self.taken_over.extend(taken_over);

        let first = self.tree.insert(version, origin, kinds);
        if is_marker {
            self.add_block_event(at, BlockEvent::Insertion(first));
        }
    }

    fn delete(&mut self, mut at: EventAt, mut position: u64, len: u64, backward: bool) {
        let mut shown = None;
        for _ in 0..len {
            // The page is the same as long as no event of the run had an effect.
            let page = shown.get_or_insert_with(|| self.layout(&self.version_of(at)).shown());
            let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
            match index.and_then(|index| page.get(index)) {
                Some(&x) if !self.tree.is_marker(x) => {
                    self.deletions.push((at, x));
                    shown = None;
                }
                // Nothing further will happen at this position.
                _ if !backward => return,
                _ => {}
            }
            at.offset += 1;
            if backward {
                position = position.saturating_sub(1);
            }
        }
    }
}

/// Which block a shown marker begins.
fn block(layout: &Layout, marker: tree::Element) -> usize {
    layout.blocks.iter().position(|block| block.marker == Some(marker)).expect("it is shown")
}

/// What the author of a block-level event sees on a page.
fn sight(layout: &Layout, version: Version) -> Sight {
    let shown: BTreeSet<_> = layout.blocks.iter().filter_map(|block| block.marker).collect();
    let may_hide = |x: &tree::Element| *x != HEAD && !layout.list.dead.contains(x) && !shown.contains(x);
    let hidden = layout.list.segments().filter(may_hide).collect();
    Sight { version, heads: layout.list.heads(), hidden }
}
