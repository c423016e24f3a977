//! The events that undo a group.

use std::collections::BTreeSet;

use super::{Group, Step, UndoStack, Why};
use crate::document::{Document, EditError, ElementId, Standing};
use crate::event::{Attributes, Event, Insertion, Target, Value};
use crate::history::Id;

/// A cancel names at most so many ranges; a group with more of them is undone by several.
const RANGES: usize = 4096;

/// Undoes a group; gives what takes that back.
///
/// # Errors
/// As [`Document::apply`]; only before anything was changed.
pub(super) fn revert(
    stack: &mut UndoStack,
    document: &mut Document,
    group: &Group,
    number: u64,
    events: &mut Vec<Event>,
) -> Result<Group, EditError> {
    let next = document.next_seq().ok_or(EditError::Order)?;
    if !fits(stack, document, group, next) {
        return Err(EditError::NotHere);
    }
    // Where hidden blocks and text are is in the history only.
    let is_structure = |step: &Step| !matches!(step, Step::Register { .. });
    let needs_all = !document.has_history() && group.steps.iter().any(is_structure);
    if needs_all || document.cancels_the_past(&group.off) || document.cancels_the_past(&group.on) {
        return Err(EditError::NeedsHistory);
    }
    let (off, on) = (group.on.clone(), group.off.clone());
    let (before, after) = (group.after, group.before);
    let inverse = Group { number, off, on, before, after, first: next, end: next, ..Group::default() };
    let mut turn = Turn { stack, document, inverse, events, near: 0, shown_again: Vec::new(), hide_again: Vec::new() };
    // First what can be cancelled: a removed block can be named again only when it is shown.
    turn.cancel(&group.off, false)?;
    turn.cancel(&group.on, true)?;
    for step in group.steps.iter().rev() {
        turn.undo(step)?;
    }
    for block in turn.shown_again {
        turn.stack.recorder.note_shown(block);
    }
    turn.inverse.steps.extend(turn.hide_again);
    Ok(turn.inverse)
}

/// Whether a document has all that a group names, when an own event with this seq comes next.
fn fits(stack: &UndoStack, document: &Document, group: &Group, next: u64) -> bool {
    let mut is_here = true;
    for step in &group.steps {
        step.each_block(&mut |element| {
            let marker = element.map(|element| stack.replaced.marker(element));
            is_here &= marker.is_none_or(|marker| document.id_of(marker).is_some());
        });
    }
    is_here
        && group.off.iter().chain(&group.on).all(|range| range.1 <= next)
        && group.steps.iter().filter_map(Step::seq).all(|seq| seq < next)
}

/// An undo at work.
struct Turn<'a> {
    stack: &'a mut UndoStack,
    document: &'a mut Document,
    /// What takes it back.
    inverse: Group,
    events: &'a mut Vec<Event>,
    /// A position around which the next block will be.
    near: u32,
    /// Removed blocks that this shows, and the steps that take that back: the first ones, so that the blocks are hidden where they
    /// stand, wherever they have to be brought here.
    shown_again: Vec<ElementId>,
    hide_again: Vec<Step>,
}

impl Turn<'_> {
    fn cancel(&mut self, ranges: &[(u64, u64)], on: bool) -> Result<(), EditError> {
        ranges.chunks(RANGES).try_for_each(|ranges| self.emit(Event::Cancel { ranges: ranges.to_vec(), on }))
    }

    fn emit(&mut self, event: Event) -> Result<(), EditError> {
        let seq = self.document.next_seq().ok_or(EditError::Order)?;
        let step = self.stack.note(self.document, &event);
        self.document.apply(&event)?;
        self.inverse.add(seq, &event, step);
        self.events.push(event);
        Ok(())
    }

    fn undo(&mut self, step: &Step) -> Result<(), EditError> {
        match step {
            Step::Marker { block, from, anchor, why } => self.undo_marker(*block, *from, *anchor, *why),
            Step::Join { block, anchor, attributes } => self.undo_join(*block, *anchor, attributes),
            Step::Remove { block, marker, next, seq, shown } => {
                let is_other = self.stack.replaced.marker(*block) != *marker;
                if let Some(at) = self.shown(*block).filter(|_| *shown && is_other) {
                    return self.emit(Event::Remove { at: at.into() });
                }
                let (block, marker, seq) = (*block, *marker, *seq);
                let next = if *shown { self.stands_before(block, *next) } else { *next };
                let step = Step::Remove { block, marker, next, seq, shown: !shown };
                if *shown {
                    self.inverse.steps.push(step);
                    self.stack.recorder.note_removed(block, next, seq);
                } else {
                    self.hide_again.push(step);
                    self.shown_again.push(block);
                }
                // Own moves didn't take the hidden block along.
                if !shown && self.stack.recorder.reordered > seq { self.bring_removed(block, next) } else { Ok(()) }
            }
            Step::Register { block, marker, key, was, is } => {
                let (block, marker) = (*block, *marker);
                if self.stack.replaced.marker(block) == marker {
                    let (key, was, is) = (key.clone(), is.clone(), was.clone());
                    self.inverse.steps.push(Step::Register { block, marker, key, was, is });
                    return Ok(());
                }
                self.undo_register(block, key, was.as_ref(), is.as_ref())
            }
            Step::Move { blocks, behind, seq } => {
                let blocks: Vec<(ElementId, u64)> = blocks.iter().map(|&block| (block, *seq)).collect();
                let behind = match *behind {
                    Some(behind) => match self.block_of(behind) {
                        Some(Standing::Shown(at)) => self.marker(at),
                        Some(Standing::Gone(before) | Standing::Hidden(before)) => {
                            self.marker(self.document.page().marker_before(before))
                        }
                        None => return Ok(()),
                    },
                    None => None,
                };
                self.move_behind(&blocks, behind)
            }
        }
    }

    /// An inserted marker goes: with its block, or so that older text goes back to the block that it was in.
    fn undo_marker(
        &mut self,
        block: ElementId,
        from: Option<ElementId>,
        anchor: Option<ElementId>,
        why: Why,
    ) -> Result<(), EditError> {
        let Some(at) = self.shown(block) else { return Ok(()) };
        let joins = match why {
            Why::New => self.holds_older(block),
            Why::Split => self.has_older_text(at) || self.holds_older(block),
            Why::Again => true,
        };
        if !joins {
            return self.emit(Event::Remove { at: at.into() });
        }
        let before = self.marker(self.document.page().marker_before(at - 1));
        let goes_on = match from {
            None => before.is_none(),
            Some(from) => match self.block_of(from) {
                Some(Standing::Shown(from)) => before.is_some() && self.marker(from) == before,
                Some(Standing::Gone(after)) => self.marker(self.document.page().marker_before(after)) == before,
                Some(Standing::Hidden(_)) | None => false,
            },
        };
        if !goes_on {
            // With nothing to be seen it can go without being joined; whatever comes back in it shows it again.
            let is_empty = self.document.page().chars_after(at) == 0;
            return if is_empty { self.emit(Event::Remove { at: at.into() }) } else { Ok(()) };
        }
        // What was cancelled before may have stood there, unless there is something else now.
        let is_last = self.place_after(anchor) == Some(at - 1);
        self.emit(Event::Join { at: at.into() })?;
        if let Some(Step::Join { anchor: noted, .. }) = self.inverse.steps.last_mut().filter(|_| is_last) {
            *noted = anchor;
        }
        Ok(())
    }

    /// Whether a block has text that its marker's author had before, or that somebody wrote who didn't know the marker.
    fn has_older_text(&self, at: u32) -> bool {
        let page = self.document.page();
        let Some(marker) = self.marker(at) else { return false };
        let mut pieces = page.pieces(at + 1, at + page.chars_after(at));
        pieces.any(|piece| !self.document.knows(piece.id, marker))
    }

    /// What own events hide between an element and a joined block's marker belongs to the block before, and may come back with an older undo: the last of it is shown for
    /// a moment, so that a marker can come in behind it. Gives what hides it again, and its position.
    fn behind_hidden(
        &mut self,
        anchor: Option<ElementId>,
        block: ElementId,
    ) -> Result<Option<(Vec<Event>, u32)>, EditError> {
        // A new marker comes in behind what is shown, so all that is hidden from there on counts.
        let Some(at) = self.place_after(anchor) else { return Ok(None) };
        let after = self.document.page().element(at).map(|(id, _)| id);
        let Some(oldest) = self.stack.oldest() else { return Ok(None) };
        let oldest = ElementId { replica: self.stack.replica, seq: oldest };
        // The marker that the block had last; earlier ones may have gone elsewhere with what came in before them.
        let marker = self.document.id_of(self.stack.replaced.marker(block));
        let found = self.document.last_hidden(after, marker, oldest);
        let Some((element, insertion, deletions)) = found else { return Ok(None) };
        let ranges = |seqs: Vec<u64>| seqs.into_iter().map(|seq| (seq, seq + 1)).collect::<Vec<_>>();
        let (insertion, deletions) = (ranges(insertion.into_iter().collect()), ranges(deletions));
        let (mut show, mut hide) = (Vec::new(), Vec::new());
        for (ranges, on) in [(insertion, true), (deletions, false)] {
            if !ranges.is_empty() {
                show.push(Event::Cancel { ranges: ranges.clone(), on });
                hide.push(Event::Cancel { ranges, on: !on });
            }
        }
        for event in show {
            self.emit(event)?;
        }
        let at = self.find(element);
        if at.is_none() {
            for event in hide.drain(..) {
                self.emit(event)?;
            }
        }
        Ok(at.map(|at| (hide, at)))
    }

    /// Whether something in a block's own part of the sequence isn't newer than its marker. What is deleted counts: undo may bring
    /// it back, and then it belongs to the block before.
    fn holds_older(&mut self, block: ElementId) -> bool {
        let Some(marker) = self.document.id_of(self.stack.replaced.marker(block)) else { return false };
        let seq = self.stack.oldest().unwrap_or(block.seq);
        self.document.holds_older(marker, ElementId { replica: self.stack.replica, seq })
    }

    /// A new marker divides the block again where the joined text begins.
    fn undo_join(
        &mut self,
        block: ElementId,
        anchor: Option<ElementId>,
        attributes: &Attributes,
    ) -> Result<(), EditError> {
        // Where the join was void, the block is still there; or somebody else has divided it again.
        if self.shown(block).is_some() || self.is_divided(block, anchor) {
            return Ok(());
        }
        let (hide, at) = match self.behind_hidden(anchor, block)? {
            Some(found) => found,
            None => match self.place_after(anchor) {
                Some(at) => (Vec::new(), at),
                None => return Ok(()),
            },
        };
        let seq = self.document.next_seq().ok_or(EditError::Order)?;
        self.stack.replaced.put(block, ElementId { replica: self.stack.replica, seq });
        self.stack.stale.insert(super::bytes::BLOCKS);
        self.emit(Event::Insert { at: at.into(), what: Insertion::Marker(attributes.clone()) })?;
        if let Some(Step::Marker { anchor: noted, .. }) = self.inverse.steps.last_mut() {
            *noted = anchor;
        }
        for event in hide {
            self.emit(event)?;
        }
        self.near = at + 1;
        match self.stack.recorder.removed_before(Some(block)) {
            Some(removed) => self.bring_removed(removed, Some(block)),
            None => Ok(()),
        }
    }

    /// Whether somebody else's block begins between an element and where a joined block began.
    fn is_divided(&mut self, block: ElementId, anchor: Option<ElementId>) -> bool {
        let Some(Standing::Gone(before)) = self.block_of(block) else { return false };
        let Some(after) = self.place_after(anchor) else { return false };
        let page = self.document.page();
        let earlier = |at: &u32| at.checked_sub(1).map(|at| page.marker_before(at));
        let markers = std::iter::successors(Some(page.marker_before(before)), earlier);
        let mut between = markers.take_while(|&at| at > after).filter_map(|at| self.marker(at));
        between.any(|marker| self.document.element_id(marker).replica != self.stack.replica)
    }

    /// The position of a block that stood after a removed one, or of what comes after it where it was removed, too; none for the end of the
    /// page, and nothing where that isn't known.
    fn shown_from(&mut self, next: Option<ElementId>) -> Option<Option<u32>> {
        let mut next = next;
        let mut seen = BTreeSet::new();
        while let Some(following) = next {
            if let Some(at) = self.shown(following) {
                return Some(Some(at));
            }
            next = self.stack.recorder.removed(following).filter(|_| seen.insert(following))?.1;
        }
        Some(None)
    }

    /// What stands after a block that is hidden again: what was noted, unless others have moved it away.
    fn stands_before(&mut self, block: ElementId, noted: Option<ElementId>) -> Option<ElementId> {
        let Some(Standing::Hidden(before)) = self.block_of(block) else { return noted };
        let shown = self.document.page().marker_after(before);
        match self.shown_from(noted) {
            Some(expected) if expected != shown => {
                let marker = shown.and_then(|at| self.marker(at)).map(|marker| self.document.element_id(marker));
                let after = marker.map(|marker| self.stack.replaced.block(marker));
                self.stack.recorder.first_removed(after).filter(|first| *first != block)
            }
            _ => noted,
        }
    }

    /// A block that was removed is shown again where it stands in the sequence; it goes to where it stood when it was removed, before
    /// `next` or at the end, and with it those that were removed right before it.
    fn bring_removed(&mut self, block: ElementId, next: Option<ElementId>) -> Result<(), EditError> {
        let Some(before) = self.shown_from(next) else { return Ok(()) };
        let Some(at) = self.shown(block) else { return Ok(()) };
        if self.document.page().marker_after(at) == before {
            return Ok(());
        }
        let mut blocks: Vec<(ElementId, u64)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut removed = Some(block);
        while let Some(block) = removed {
            let Some((seq, _)) = self.stack.recorder.removed(block).filter(|_| seen.insert(block)) else { break };
            if self.shown(block).is_none() {
                break;
            }
            blocks.push((block, seq));
            removed = self.stack.recorder.removed_before(Some(block));
        }
        blocks.reverse();
        let page = self.document.page();
        let behind = page.marker_before(before.map_or(page.len(), |before| before - 1));
        self.move_behind(&blocks, self.marker(behind))
    }

    fn undo_register(
        &mut self,
        block: ElementId,
        key: &str,
        was: Option<&Value>,
        is: Option<&Value>,
    ) -> Result<(), EditError> {
        let Some(at) = self.shown(block) else { return Ok(()) };
        let page = self.document.page();
        let shown = page.block(page.block_of(at));
        // Whatever somebody has set since stays.
        if shown.is_none_or(|shown| shown.attributes().get(key) != is) {
            return Ok(());
        }
        let target = Target::Marker(u64::from(at));
        self.emit(Event::Register { target, key: key.to_owned(), value: was.cloned() })
    }

    /// Moves what is shown of some blocks behind another one or before all, each with the blocks after it that were born inside it
    /// unknown to an event of the writer's, given by its seq.
    fn move_behind(&mut self, blocks: &[(ElementId, u64)], behind: Option<Id>) -> Result<(), EditError> {
        let mut moving: Vec<Id> = Vec::new();
        let mut all: BTreeSet<Id> =
            blocks.iter().filter_map(|(block, _)| self.document.id_of(self.stack.replaced.marker(*block))).collect();
        for &(block, seq) in blocks {
            let Some(mut at) = self.shown(block) else { continue };
            let Some(marker) = self.marker(at) else { continue };
            let event = self.document.id_of(ElementId { replica: self.stack.replica, seq });
            moving.push(marker);
            while let (Some(next), Some(event)) = (self.document.page().marker_after(at), event) {
                let Some(inner) = self.marker(next).filter(|inner| !all.contains(inner)) else { break };
                let first = self.stack.replaced.block(self.document.element_id(inner));
                let Some(first) = self.document.id_of(first) else { break };
                if !self.document.is_born_in(first, marker, event) {
                    break;
                }
                moving.push(inner);
                all.insert(inner);
                at = next;
            }
        }
        let mut behind = behind;
        while let Some(marker) = behind.filter(|behind| all.contains(behind)) {
            let Some(at) = self.find(marker) else { return Ok(()) };
            behind = self.marker(self.document.page().marker_before(at - 1));
        }
        let mut left = &moving[..];
        while let Some(&marker) = left.first() {
            let Some(first) = self.find(marker) else { return Ok(()) };
            let shown = std::iter::successors(Some(first), |&at| self.document.page().marker_after(at));
            let count = shown.zip(left).take_while(|(at, marker)| self.marker(*at) == Some(**marker)).count();
            let to = match behind {
                Some(behind) => self.find(behind),
                None => Some(0),
            };
            let Some(to) = to.filter(|_| count > 0) else { return Ok(()) };
            if self.document.page().marker_after(to) != Some(first) {
                self.emit(Event::Move { first: first.into(), count: count as u64, to: to.into() })?;
            }
            behind = Some(left[count - 1]);
            left = &left[count..];
        }
        Ok(())
    }

    /// Where the marker of a block is shown.
    fn shown(&mut self, block: ElementId) -> Option<u32> {
        let marker = self.document.id_of(self.stack.replaced.marker(block))?;
        self.find(marker)
    }

    fn find(&mut self, element: Id) -> Option<u32> {
        let at = self.document.find(element, self.near)?;
        self.near = at;
        Some(at)
    }

    /// Where an element is; of a block, the marker that it has now.
    fn block_of(&mut self, element: ElementId) -> Option<Standing> {
        let id = self.document.id_of(self.stack.replaced.marker(element))?;
        self.document.standing(id, self.near)
    }

    /// The position right after an element, or after what is shown left of it; 0 for none.
    fn place_after(&mut self, element: Option<ElementId>) -> Option<u32> {
        let Some(element) = element else { return Some(0) };
        self.block_of(element).map(|(Standing::Shown(at) | Standing::Gone(at) | Standing::Hidden(at))| at)
    }

    /// The marker at a position; none for 0, where no marker is.
    fn marker(&self, at: u32) -> Option<Id> {
        self.document.page().element(at).filter(|(_, is_marker)| *is_marker).map(|(id, _)| id)
    }
}
