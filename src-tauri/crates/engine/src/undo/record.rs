//! What is noted of an event, before it is applied, for undoing it.

use std::collections::BTreeMap;

use super::{Replaced, Step};
use crate::document::{Document, ElementId};
use crate::event::{Event, Insertion, Target};
use crate::ids::ReplicaId;

/// Notes what events do to blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recorder {
    /// Blocks that were removed, by the block that stood after each; with the seq of the removal.
    removed_before: BTreeMap<ElementId, (ElementId, u64)>,
    /// The other way.
    next: BTreeMap<ElementId, ElementId>,
    /// For a shown block, the first of the removed ones right before it, as far as that is known.
    first: BTreeMap<ElementId, ElementId>,
}

impl Recorder {
    pub fn of<'a>(steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut recorder = Recorder::default();
        for step in steps {
            if let Step::Remove { block, next: Some(next), seq, .. } = step {
                recorder.note_removed((*block, *seq), *next);
            }
        }
        recorder
    }

    fn note_removed(&mut self, (block, seq): (ElementId, u64), next: ElementId) {
        if let Some(before) = self.next.insert(block, next)
            && self.removed_before.get(&before).is_some_and(|(removed, _)| *removed == block)
        {
            self.removed_before.remove(&before);
        }
        self.removed_before.insert(next, (block, seq));
    }

    /// The block that was removed right before another one, and by which event. It may be shown again.
    pub fn removed_before(&self, block: ElementId) -> Option<(ElementId, u64)> {
        self.removed_before.get(&block).copied()
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
                let block = replaced.block(ElementId { replica, seq });
                let split = page.chars_after(at) > 0;
                Some(Step::Marker { block, from: block_at(page.marker_before(at)), split })
            }
            Event::Join { at } => {
                let at = marker(*at)?;
                let attributes = page.block(page.block_of(at))?.attributes().clone();
                Some(Step::Join { block: block_at(at)?, anchor: block_at(at - 1), attributes })
            }
            Event::Remove { at } => {
                let at = marker(*at)?;
                let (marker, block) = (element(at)?, block_at(at)?);
                let next = page.marker_after(at).and_then(block_at);
                let next = next.map(|next| self.first_removed(next)).filter(|next| *next != block);
                if let Some(next) = next {
                    self.note_removed((block, seq), next);
                }
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
                (blocks.len() as u64 == *count).then_some(Step::Move { blocks, behind, seq })
            }
            _ => None,
        }
    }

    /// The first of the hidden blocks that stand right before a shown one; itself where there are none.
    fn first_removed(&mut self, shown: ElementId) -> ElementId {
        let mut first = self.first.get(&shown).copied().unwrap_or(shown);
        let mut left = self.removed_before.len();
        while let Some((before, _)) = self.removed_before(first).filter(|_| left > 0) {
            (first, left) = (before, left - 1);
        }
        self.first.insert(shown, first);
        first
    }
}
