//! What a position means: the elements that are shown at the prepare version.

use super::*;

impl Walk {
    /// How many elements are shown.
    pub(super) fn shown_len(&self, step: &Step<'_>) -> u32 {
        match &step.shown {
            Some(pieces) => pieces.iter().map(|piece| piece.len).sum(),
            None if step.at_head => step.page.len(),
            None => self.tree.total().prep(),
        }
    }

    /// The element shown at a position (from 1), and whether it is a marker.
    pub(super) fn element(&self, step: &Step<'_>, at: u64) -> Option<(Lv, bool)> {
        let at = u32::try_from(at).ok()?;
        if step.at_head {
            return step.page.element(at);
        }
        let Some(pieces) = &step.shown else {
            let cursor = self.tree.find(at, Sum::prep)?;
            let span = self.tree.span(cursor)?;
            return Some((span.id + cursor.offset, span.marker));
        };
        let mut left = at.checked_sub(1)?;
        for piece in pieces {
            if left < piece.len {
                return Some((piece.id + left, piece.marker));
            }
            left -= piece.len;
        }
        None
    }

    /// The marker of the block that the element at a position is shown in; [`NONE`] for HEAD's.
    pub(super) fn block_of(&self, step: &Step<'_>, at: u32) -> Lv {
        if step.at_head {
            return step.page.marker_of(at).unwrap_or(NONE);
        }
        let Some(pieces) = &step.shown else {
            let Some(cursor) = self.tree.find(at, Sum::prep) else { return NONE };
            let Some(span) = self.tree.span(cursor) else { return NONE };
            let markers = self.tree.before(cursor).prep_markers + u32::from(span.marker);
            let marker = self.tree.find(markers, |sum| sum.prep_markers);
            return marker.and_then(|cursor| self.tree.span(cursor)).map_or(NONE, |span| span.id);
        };
        let mut left = at;
        let mut marker = NONE;
        for piece in pieces {
            if left == 0 {
                break;
            }
            if piece.marker {
                marker = piece.id;
            }
            left -= left.min(piece.len);
        }
        marker
    }
}
