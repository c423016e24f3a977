//! Removed markers, which hide when their runs show nothing and come back when they do.

use super::*;

impl Window {
    /// Something changed at an element: a removed marker whose run holds it, or is cut by it, may show or hide.
    pub(super) fn touch(&mut self, step: &Step<'_>, id: Id) {
        if self.disordered {
            return;
        }
        self.refresh_around(id, View::Prepare);
        if self.refresh_around(id, View::Effect) && !step.at_head {
            self.stale |= step.page.is_some();
        }
    }

    /// Hides or shows again the removed markers whose runs an element's change may have emptied or filled; tells
    /// whether any turned.
    pub(super) fn refresh_around(&mut self, id: Id, view: View) -> bool {
        let removed = match view {
            View::Prepare => &self.removed_prep,
            View::Effect => &self.removed,
        };
        if removed.is_empty() {
            return false;
        }
        let live = |sum: &Sum| sum.at(view).live;
        let cursor = self.tree.locate(id);
        let is_marker = self.tree.span(cursor).is_some_and(|span| span.marker);
        let before = live(&self.tree.before(cursor));
        let mut heads: Vec<Id> = Vec::new();
        if let Some(span) = self.tree.find(before, live).and_then(|cursor| self.tree.span(cursor)) {
            heads.push(span.id);
        }
        if is_marker {
            heads.push(id);
        }
        let heads: Vec<Id> = heads.into_iter().filter(|head| removed.contains(head)).collect();
        // Each one is looked at, also after one has turned.
        let turned = heads.into_iter().map(|head| self.refresh(head, view)).collect::<Vec<_>>();
        turned.contains(&true)
    }

    /// Hides a removed marker if its run shows nothing, or shows it; tells whether it turned.
    fn refresh(&mut self, marker: Id, view: View) -> bool {
        let state = *self.tree.get(marker).at(view);
        if !state.is_live() {
            return false;
        }
        let live = |sum: &Sum| sum.at(view).live;
        let before = self.tree.before(self.tree.locate(marker));
        let next = self.tree.find(live(&before) + 2, live);
        let end = next.map_or_else(|| self.tree.total(), |cursor| self.tree.before(cursor));
        let hide = end.at(view).chars == before.at(view).chars;
        if hide != state.hidden {
            self.tree.update(marker..marker + 1, |span| span.at_mut(view).hidden = hide);
            self.note_hidden(marker);
        }
        hide != state.hidden
    }
}
