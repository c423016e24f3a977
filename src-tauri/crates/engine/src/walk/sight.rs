//! What the author of the entry in hand sees, where the order of blocks isn't that of the sequence: a page that is put together
//! once for each version that somebody writes at, and edited as the author goes on.

use super::*;

/// What somebody saw at a version, and the live markers that weren't shown.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    version: Known,
    page: Page,
    hidden: FxHashSet<Id>,
}

/// So many are kept: those who write in turns come back to what they saw.
const SIGHTS: usize = 4;

impl Window {
    /// The prepare version will be another one.
    pub(super) fn leave(&mut self) {
        let Some(page) = self.sight.take() else { return };
        if self.left.len() == SIGHTS {
            self.left.pop_front();
        }
        let (version, hidden) = (self.prep.clone(), self.layouts.hidden.now().clone());
        self.left.push_back(Sight { version, page, hidden });
    }

    /// Puts the page together, if it is needed and not there.
    pub(super) fn look(&mut self) {
        if !self.disordered || self.sight.is_some() {
            return;
        }
        let known = self.left.iter().position(|sight| sight.version == self.prep);
        if let Some(sight) = known.and_then(|place| self.left.remove(place)) {
            self.layouts.hidden.set_all(&sight.hidden);
            self.sight = Some(sight.page);
            return;
        }
        let list = self.layouts.at(&self.tree, &self.prep);
        let (shown, hidden) = self.shown(Some(&list), View::Prepare);
        self.layouts.hidden.set_all(&hidden);
        let items = shown.into_iter().map(|span| {
            if span.marker {
                let removed = self.removed_prep.contains(&span.id);
                let start = BlockStart { removed, ..BlockStart::default() };
                (Item::marker(span.id, Arc::new(start)), MARKER_TEXT.to_owned())
            } else {
                (Item::text(span.id, span.len, None), "x".repeat(span.len as usize))
            }
        });
        self.sight = Some(Page::of(items));
    }

    /// Does to what the author sees what the author did; [`Self::delete`] does it bit by bit.
    pub(super) fn edit_sight(&mut self, id: Id, run: &Event) {
        let Some(page) = &self.sight else { return };
        // Where a removed block may have lost its last character to the event, or its text to a new block.
        let marker = match run {
            Event::Insert { at, .. } => u32::try_from(*at).unwrap_or(u32::MAX).min(page.len()),
            Event::Remove { at } => u32::try_from(*at).unwrap_or(u32::MAX),
            Event::Join { at } => u32::try_from(at.saturating_sub(1)).unwrap_or(u32::MAX),
            Event::Move { .. } => 0,
            Event::Delete { .. } | Event::Mark { .. } | Event::Register { .. } => return,
            Event::Cancel { .. } => {
                // What comes back has its place in the sequence.
                self.sight = None;
                return;
            }
        };
        self.change_sight(marker, |page| linear::apply(page, &mut Registers::default(), id, run));
    }

    /// Edits what the author sees, if it is there; the block whose marker is at a position may hide.
    pub(super) fn change_sight(&mut self, marker: u32, edit: impl FnOnce(&mut Page)) {
        let Some(page) = &mut self.sight else { return };
        let before = page.element(marker);
        edit(page);
        if let Some((id, true)) = before
            && page.element(marker).is_none_or(|(other, _)| other != id)
        {
            self.layouts.hidden.set(id, true);
        }
    }

    /// Notes whether the author of the entry in hand doesn't see a live marker, where the sequence says that.
    pub(super) fn note_hidden(&mut self, marker: Id) {
        if !self.disordered {
            let state = self.tree.get(marker).prep;
            self.layouts.hidden.set(marker, state.is_live() && state.hidden);
        }
    }
}
