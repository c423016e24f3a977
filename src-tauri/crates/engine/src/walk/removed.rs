//! Removed markers, which hide when their runs show nothing and come back when they do.

use super::*;

impl Walk {
    /// Something changed at an element: a removed marker whose run holds it, or is cut by it, may show or hide.
    pub(super) fn touch(&mut self, step: &Step<'_>, lv: Lv) {
        if self.disordered {
            return;
        }
        self.refresh_around(lv, View::Prepare);
        if self.refresh_around(lv, View::Effect) && !step.at_head {
            self.stale = true;
        }
    }

    /// Hides or shows again the removed markers whose runs an element's change may have emptied or filled; tells
    /// whether any turned.
    pub(super) fn refresh_around(&mut self, lv: Lv, view: View) -> bool {
        let removed = match view {
            View::Prepare => &self.removed_prep,
            View::Effect => &self.removed,
        };
        if removed.is_empty() {
            return false;
        }
        let live = |sum: &Sum| if view == View::Prepare { sum.prep_live } else { sum.live };
        let cursor = self.tree.locate(lv);
        let is_marker = self.tree.span(cursor).is_some_and(|span| span.marker);
        let before = live(&self.tree.before(cursor));
        let mut heads: Vec<Lv> = Vec::new();
        if let Some(span) = self.tree.find(before, live).and_then(|cursor| self.tree.span(cursor)) {
            heads.push(span.id);
        }
        if is_marker {
            heads.push(lv);
        }
        let heads: Vec<Lv> = heads.into_iter().filter(|head| removed.contains(head)).collect();
        // Each one is looked at, also after one has turned.
        let turned = heads.into_iter().map(|head| self.refresh(head, view)).collect::<Vec<_>>();
        turned.contains(&true)
    }

    /// Hides a removed marker if its run shows nothing, or shows it; tells whether it turned.
    pub(super) fn refresh(&mut self, marker: Lv, view: View) -> bool {
        let span = *self.tree.get(marker);
        let is_live = if view == View::Prepare { span.prep == 1 } else { span.gone == 0 };
        if !is_live {
            return false;
        }
        let live = |sum: &Sum| if view == View::Prepare { sum.prep_live } else { sum.live };
        let chars = |sum: &Sum| if view == View::Prepare { sum.prep_chars } else { sum.chars };
        let before = self.tree.before(self.tree.locate(marker));
        let next = self.tree.find(live(&before) + 2, live);
        let end = next.map_or_else(|| self.tree.total(), |cursor| self.tree.before(cursor));
        let hide = chars(&end) == chars(&before);
        let was_hidden = if view == View::Prepare { span.hidden_prep } else { span.hidden };
        if hide != was_hidden {
            self.tree.update(marker..marker + 1, |span| match view {
                View::Prepare => span.hidden_prep = hide,
                View::Effect => span.hidden = hide,
            });
        }
        hide != was_hidden
    }

    /// Divides a range of shown elements, first and last position, into stretches of the sequence with nothing else
    /// shown in between.
    pub fn stretches(&self, page: &Page, first: u32, last: u32) -> Vec<(u32, u32)> {
        if !self.disordered || first > last {
            return vec![(first, last)];
        }
        let mut out: Vec<(u32, u32)> = Vec::new();
        // Where the stretch ends in the sequence, and the characters shown up to there.
        let mut end = (0, 0);
        for at in first..=last {
            let Some((element, is_marker)) = page.element(at) else { break };
            let cursor = self.tree.locate(element);
            let before = self.tree.before(cursor);
            let (place, chars) = (before.len + cursor.offset, before.chars + if is_marker { 0 } else { cursor.offset });
            match out.last_mut() {
                Some(stretch) if place > end.0 && chars == end.1 => stretch.1 = at,
                _ => out.push((at, at)),
            }
            end = (place, chars + u32::from(!is_marker));
        }
        out
    }
}
