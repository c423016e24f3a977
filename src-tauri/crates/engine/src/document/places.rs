//! Stable positions: places that stay with an element, whatever is written around it, and even when it goes.

use super::Document;
use crate::fold::Registers;
use crate::history::{EntryIx, Id, line_of, seq_of};
use crate::ids::ReplicaId;
use crate::page::Page;

/// An element of the sequence, by who inserted it. Where a replica has forked, its longest branch is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId {
    /// The writer.
    pub replica: ReplicaId,
    /// Which of the writer's events in the document inserted it.
    pub seq: u64,
}

/// To which of its two neighbours a place belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// It is right before an element.
    Before,
    /// It is right after an element.
    After,
}

/// A place between elements that stays with one of its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The neighbour; none for the beginning of the page (after nothing) and for its end (before nothing).
    pub element: Option<ElementId>,
    /// Which neighbour it is.
    pub side: Side,
}

/// Where an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is shown at this position (from 1).
    Shown(u32),
    /// It isn't shown and never needs to be again: text that was deleted, a marker that was joined. So many elements are shown
    /// before where it was.
    Gone(u32),
    /// It is the marker of a removed block that is hidden as long as it is empty. So many elements are shown before it.
    Hidden(u32),
}

impl Document {
    /// The place at a position of the page, which counts the elements before it; past the end, the end.
    pub fn place(&self, position: u32, side: Side) -> Place {
        let page = self.page();
        let position = position.min(page.len());
        let at = match side {
            Side::After => position,
            Side::Before => position + 1,
        };
        Place { element: page.element(at).map(|(id, _)| self.element_id(id)), side }
    }

    /// The position of a place on the page as it is: how many elements are before it. Where the element is gone, that is right
    /// after what is shown left of where it was. `None` where the element isn't here, or where it is gone and the history isn't loaded.
    ///
    /// What is shown is found on the page; where an element was that is gone, the tracker is asked, which may have to fold a
    /// part of the history for it.
    pub fn position(&mut self, place: &Place) -> Option<u32> {
        let Some(element) = place.element else {
            return Some(if place.side == Side::After { 0 } else { self.page().len() });
        };
        let id = self.history.element(element.replica, element.seq)?;
        Some(match (self.standing(id, 0)?, place.side) {
            (Standing::Shown(at), Side::After) => at,
            (Standing::Shown(at), Side::Before) => at - 1,
            (Standing::Gone(before) | Standing::Hidden(before), _) => before,
        })
    }

    pub(crate) fn element_id(&self, id: Id) -> ElementId {
        ElementId { replica: self.history.replica_of(id), seq: u64::from(seq_of(id)) }
    }

    pub(crate) fn id_of(&self, element: ElementId) -> Option<Id> {
        self.history.element(element.replica, element.seq)
    }

    pub(crate) fn registers_shared(&self) -> Registers {
        self.fold.registers.clone()
    }

    /// The seq that the open record's next event has.
    ///
    /// # Errors
    /// `None` where no record is open.
    pub fn next_seq(&self) -> Option<u64> {
        let begun = self.begun.as_ref().map(|(replica, _)| self.history.end_seq_of(*replica));
        begun.or_else(|| self.history.open().map(|ix| self.history.entry(ix).end_seq())).map(u64::from)
    }

    /// The position of an element that is shown. It is looked for around a position first, and then everywhere.
    pub(crate) fn find(&self, id: Id, near: u32) -> Option<u32> {
        find(self.page(), id, near)
    }

    /// Where an element is; looked for on the page around a position first. `None` where the event inserted nothing.
    pub(crate) fn standing(&mut self, id: Id, near: u32) -> Option<Standing> {
        if let Some(at) = self.find(id, near) {
            return Some(Standing::Shown(at));
        }
        let since = self.history.entry_of(id)?;
        self.fold.with_tracker(&self.history, since, |window| window.standing(id))
    }

    /// Whether an event has another one in its version.
    pub(crate) fn knows(&self, later: Id, earlier: Id) -> bool {
        if line_of(later) == line_of(earlier) {
            return seq_of(earlier) < seq_of(later);
        }
        match (self.history.entry_of(later), self.history.entry_of(earlier)) {
            (Some(later), Some(earlier)) => self.follows(later, earlier),
            // What isn't loaded comes before all that is.
            (_, earlier) => earlier.is_none(),
        }
    }

    fn follows(&self, later: EntryIx, earlier: EntryIx) -> bool {
        let mut left = std::collections::BinaryHeap::from([later]);
        let mut last = None;
        while let Some(ix) = left.pop().filter(|&ix| ix >= earlier) {
            if ix == earlier {
                return true;
            }
            if last != Some(ix) {
                left.extend(&self.history.entry(ix).parents);
            }
            last = Some(ix);
        }
        false
    }

    /// Whether there is something in a marker's block, shown or deleted by events from an own seq on, that is older than the marker
    /// or was written by somebody who didn't know it.
    pub(crate) fn holds_older(&mut self, marker: Id, since: ElementId) -> bool {
        let Some(of_marker) = self.history.entry_of(marker) else { return false };
        let since = self.id_of(since).and_then(|since| self.history.entry_of(since)).unwrap_or(of_marker);
        let since = since.min(of_marker);
        let block = self.fold.with_tracker(&self.history, since, |window| window.text_of_block(marker));
        block.into_iter().any(|element| !self.knows(element, marker))
    }

    /// The last element of those between one (HEAD for none) and a marker in its block that only own events hide: the element, its
    /// insertion's seq if that is cancelled, and its deletions' seqs. Those from an own seq on are looked at.
    pub(crate) fn last_hidden(
        &mut self,
        after: Option<Id>,
        end: Option<Id>,
        since: ElementId,
    ) -> Option<(Id, Option<u64>, Vec<u64>)> {
        let since = self.id_of(since)?;
        let (line, entry) = (line_of(since), self.history.entry_of(since)?);
        let named = [after, end].into_iter().flatten();
        let earliest = named.filter_map(|id| self.history.entry_of(id)).fold(entry, EntryIx::min);
        let found = self.fold.with_tracker(&self.history, earliest, |window| window.last_hidden(after, end, line));
        let (element, insertion, deletions) = found?;
        let seq = |id: Id| u64::from(seq_of(id));
        Some((element, insertion.map(seq), deletions.into_iter().map(seq).collect()))
    }

    /// Whether a block that the author of an event didn't know was born inside another: the marker shown before it in the
    /// sequence, as far as the author knew, is the other one or was joined to it.
    pub(crate) fn is_born_in(&mut self, marker: Id, block: Id, event: Id) -> bool {
        if self.knows(event, marker) {
            return false;
        }
        let Some(since) = self.history.entry_of(event) else { return false };
        let before = self.fold.with_tracker(&self.history, since, |window| window.markers_before(marker));
        // Joined ones are passed over, up to the first that is live.
        let known = before.into_iter().filter(|&(before, _)| before == block || self.knows(event, before));
        let mut live = known.skip_while(|&(before, is_dead)| is_dead && before != block);
        live.next().is_some_and(|(before, _)| before == block)
    }
}

fn find(page: &Page, id: Id, near: u32) -> Option<u32> {
    let is_it = |at: &u32| page.element(*at).is_some_and(|(element, _)| element == id);
    let before = near.checked_sub(1).map(|before| page.marker_before(before));
    let around = [Some(near), before, page.marker_after(near)];
    around.into_iter().flatten().find(is_it).or_else(|| page.find(id))
}
