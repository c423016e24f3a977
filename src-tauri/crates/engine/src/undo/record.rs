//! What is noted of an event, before it is applied, for undoing it.

use std::collections::BTreeMap;

use super::{Replaced, Step, Why};
use crate::document::{Document, ElementId};
use crate::event::{Event, Insertion, Target};
use crate::ids::ReplicaId;

/// Notes what events do to blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recorder {
    /// Blocks that are removed: what stood after each (none for the end of the page), and the removal's seq.
    removed: BTreeMap<ElementId, (Option<ElementId>, u64)>,
    /// The other way.
    before: BTreeMap<Option<ElementId>, ElementId>,
    /// For a shown block, the first of the removed ones right before it, as far as that is known.
    first: BTreeMap<Option<ElementId>, Option<ElementId>>,
    /// The last event that may have changed the order of shown and of hidden blocks.
    pub reordered: u64,
}

impl Recorder {
    pub fn of<'a>(steps: impl Iterator<Item = &'a Step>, reordered: u64) -> Self {
        let mut recorder = Recorder { reordered, ..Recorder::default() };
        for step in steps {
            if let Step::Remove { block, next, seq, shown: false, .. } = step {
                recorder.note_removed(*block, *next, *seq);
            }
        }
        recorder
    }

    pub fn note_removed(&mut self, block: ElementId, next: Option<ElementId>, seq: u64) {
        self.note_shown(block);
        self.removed.insert(block, (next, seq));
        self.before.insert(next, block);
    }

    /// A removed block is there again.
    pub fn note_shown(&mut self, block: ElementId) {
        let Some((next, _)) = self.removed.remove(&block) else { return };
        if self.before.get(&next) == Some(&block) {
            self.before.remove(&next);
        }
        self.first.clear();
    }

    /// A block that was removed, by which event, and what stood after it.
    pub fn removed(&self, block: ElementId) -> Option<(u64, Option<ElementId>)> {
        self.removed.get(&block).map(|&(next, seq)| (seq, next))
    }

    /// A block, or the first of those after it that isn't removed or is kept in mind.
    pub fn stood_before(&self, next: Option<ElementId>, is_kept: impl Fn(ElementId) -> bool) -> Option<ElementId> {
        let mut next = next;
        for _ in 0..self.removed.len() {
            match next.filter(|block| !is_kept(*block)).and_then(|block| self.removed.get(&block)) {
                Some((after, _)) => next = *after,
                None => break,
            }
        }
        next
    }

    /// The block that was removed right before another one, or at the end of the page.
    pub fn removed_before(&self, block: Option<ElementId>) -> Option<ElementId> {
        self.before.get(&block).copied()
    }

    /// What will undo an event, other than to cancel it. Positions where the event does nothing have nothing to undo.
    pub fn step(
        &mut self,
        document: &Document,
        replaced: &Replaced,
        replica: ReplicaId,
        event: &Event,
    ) -> Option<Step> {
        let page = document.page();
        let element = |at: u32| page.element(at).map(|(id, _)| document.element_id(id));
        let marker = |at: u64| u32::try_from(at).ok().filter(|&at| page.is_marker(at));
        let block_at = |at: u32| element(at).map(|marker| replaced.block(marker));
        let seq = document.next_seq()?;
        match event {
            Event::Insert { at, what: Insertion::Marker(_) } => {
                let at = u32::try_from(*at).unwrap_or(u32::MAX).min(page.len());
                let marker = ElementId { replica, seq };
                let block = replaced.block(marker);
                if block != marker {
                    self.reordered = seq;
                }
                let why = match (block == marker, page.chars_after(at)) {
                    (false, _) => Why::Again,
                    (true, 0) => Why::New,
                    (true, _) => Why::Split,
                };
                Some(Step::Marker { block, from: block_at(page.marker_before(at)), anchor: block_at(at), why })
            }
            Event::Join { at } => {
                let at = marker(*at)?;
                let attributes = page.block(page.block_of(at))?.attributes().clone();
                Some(Step::Join { block: block_at(at)?, anchor: block_at(at - 1), attributes })
            }
            Event::Remove { at } => {
                let at = marker(*at)?;
                let (marker, block) = (element(at)?, block_at(at)?);
                let next = self.first_removed(page.marker_after(at).and_then(block_at));
                let next = next.filter(|next| *next != block);
                self.note_removed(block, next, seq);
                Some(Step::Remove { block, marker, next, seq, shown: false })
            }
            Event::Register { target: Target::Marker(at), key, value } => {
                let at = marker(*at)?;
                let was = page.block(page.block_of(at))?.attributes().get(key).cloned();
                let (key, is) = (key.clone(), value.clone());
                Some(Step::Register { block: block_at(at)?, marker: element(at)?, key, was, is })
            }
            Event::Move { first, count, .. } => {
                let at = marker(*first)?;
                let after = std::iter::successors(Some(at), |&at| page.marker_after(at));
                let blocks: Vec<ElementId> =
                    after.take(usize::try_from(*count).unwrap_or(usize::MAX)).filter_map(block_at).collect();
                let behind = block_at(page.marker_before(at - 1));
                self.reordered = seq;
                (blocks.len() as u64 == *count).then_some(Step::Move { blocks, behind, seq })
            }
            _ => None,
        }
    }

    /// The first of the hidden blocks that stand right before a shown one, or at the end; itself where there are none.
    pub fn first_removed(&mut self, shown: Option<ElementId>) -> Option<ElementId> {
        let mut first = self.first.get(&shown).copied().unwrap_or(shown);
        let mut left = self.removed.len();
        while let Some(before) = self.removed_before(first).filter(|_| left > 0) {
            (first, left) = (Some(before), left - 1);
        }
        self.first.insert(shown, first);
        first
    }
}
