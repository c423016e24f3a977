//! What stands at a position.

use super::*;

impl Window {
    /// How many elements are shown at the version of the entry in hand.
    pub(super) fn shown_len(&self, step: &Step<'_>) -> u32 {
        self.seen(step).map_or_else(|| self.tree.total().prep.shown(), Page::len)
    }

    /// What the author of the entry in hand sees, where there is a page of it; else the sequence says it.
    pub(super) fn seen<'a>(&'a self, step: &'a Step<'_>) -> Option<&'a Page> {
        match self.disordered {
            true => self.sight.as_ref(),
            false => step.page.as_deref().filter(|_| step.at_head && !self.stale),
        }
    }

    /// The element shown at a position (from 1), and whether it is a marker.
    pub(super) fn element(&self, step: &Step<'_>, at: u64) -> Option<(Id, bool)> {
        let at = u32::try_from(at).ok()?;
        if let Some(page) = self.seen(step) {
            return page.element(at);
        }
        let cursor = self.tree.find(at, |sum| sum.prep.shown())?;
        let span = self.tree.span(cursor)?;
        Some((span.id + Id::from(cursor.offset), span.marker))
    }

    /// The marker of the block that the element at a position is shown in; [`NONE`] for HEAD's.
    pub(super) fn block_of(&self, step: &Step<'_>, at: u32) -> Id {
        if let Some(page) = self.seen(step) {
            return page.element(page.marker_before(at)).map_or(NONE, |(marker, _)| marker);
        }
        let Some(cursor) = self.tree.find(at, |sum| sum.prep.shown()) else { return NONE };
        let Some(span) = self.tree.span(cursor) else { return NONE };
        let markers = self.tree.before(cursor).prep.markers + u32::from(span.marker);
        let marker = self.tree.find(markers, |sum| sum.prep.markers);
        marker.and_then(|cursor| self.tree.span(cursor)).map_or(NONE, |span| span.id)
    }
}
