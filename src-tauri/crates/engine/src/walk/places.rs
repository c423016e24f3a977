//! Where elements are that the page doesn't show.

use super::*;
use crate::document::Standing;

impl Window {
    /// Where an element is; `None` where the event inserted nothing.
    pub fn standing(&mut self, id: Id) -> Option<Standing> {
        let cursor = self.tree.find_element(id)?;
        let span = *self.tree.span(cursor)?;
        let (before, is_shown) = if self.disordered {
            self.shown_before_in_list(id)
        } else {
            let before = self.tree.before(cursor).effect.shown();
            (before + if span.is_shown() { cursor.offset } else { 0 }, span.is_shown())
        };
        Some(match (is_shown, span.marker && span.effect.is_live()) {
            (true, _) => Standing::Shown(before + 1),
            (false, true) => Standing::Hidden(before),
            (false, false) => Standing::Gone(before),
        })
    }

    /// How much is shown before an element where blocks have moved, and whether it is shown itself.
    fn shown_before_in_list(&mut self, id: Id) -> (u32, bool) {
        let list = self.layouts.all(&self.tree);
        let mut segments: FxHashMap<Id, Vec<Span>> = FxHashMap::default();
        let mut segment = NONE;
        for span in self.tree.spans() {
            if span.marker {
                segment = span.id;
            }
            segments.entry(segment).or_default().push(*span);
        }
        let spans: Vec<Span> = list.segments().flat_map(|entry| segments.remove(&entry).unwrap_or_default()).collect();
        let mut before = 0;
        for (i, span) in spans.iter().enumerate() {
            let has_text = || {
                let run = spans[i + 1..].iter().take_while(|next| !(next.marker && next.effect.is_live()));
                run.clone().any(|next| !next.marker && next.effect.is_live())
            };
            let is_shown =
                span.effect.is_live() && !(span.marker && self.removed.contains(&span.id) && !has_text());
            if span.id <= id && id < span.end() {
                return (before + if is_shown { (id - span.id) as u32 } else { 0 }, is_shown);
            }
            before += if is_shown { span.len } else { 0 };
        }
        (before, false)
    }

    /// The markers before one in the sequence, the nearest first, and whether each was joined.
    pub fn markers_before(&self, marker: Id) -> Vec<(Id, bool)> {
        let Some(cursor) = self.tree.find_element(marker) else { return Vec::new() };
        let before = std::iter::successors(self.tree.previous_span(cursor), |&cursor| self.tree.previous_span(cursor));
        let spans = before.filter_map(|cursor| self.tree.span(cursor));
        spans.filter(|span| span.marker).map(|span| (span.id, !span.effect.is_live())).collect()
    }
}
