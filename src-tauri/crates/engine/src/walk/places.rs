//! Where elements are that the page doesn't show.

use rustc_hash::FxHashSet;

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
        let list = self.layouts.at(&self.tree, &self.effect);
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
            let is_shown = span.effect.is_live() && !(span.marker && self.removed.contains(&span.id) && !has_text());
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

    /// The first elements of the spans after a marker in the sequence, shown or not, up to the next marker of a block that
    /// was neither joined nor removed.
    pub fn segment(&self, marker: Id) -> impl Iterator<Item = Id> + '_ {
        let first = self.tree.find_element(marker).and_then(|cursor| self.tree.next_span(cursor));
        let after = std::iter::successors(first, |&cursor| self.tree.next_span(cursor));
        let spans = after.filter_map(|cursor| self.tree.span(cursor));
        let run = spans.take_while(|span| !self.divides(span));
        run.filter(|span| !span.marker).map(|span| span.id)
    }

    /// The last element of those after one (HEAD for none) in its block that only events of one line hide, up to one of some markers, or
    /// up to the next one where none of those follows: the element, its insertion if that is cancelled, and its deletions.
    pub fn last_hidden(&mut self, after: Option<Id>, ends: &[Id], line: u32) -> Option<(Id, Option<Id>, Vec<Id>)> {
        let in_block = self.segments_with(after.map_or(NONE, |after| self.segment_of(after)));
        let first = match after {
            None => Some(self.tree.start()),
            Some(after) => {
                let cursor = self.tree.find_element(after)?;
                let len = self.tree.span(cursor)?.len;
                match cursor.offset + 1 < len {
                    true => Some(cursor),
                    false => self.tree.next_span(cursor),
                }
            }
        };
        let after = std::iter::successors(first, |&cursor| self.tree.next_span(cursor));
        let after = after.filter_map(|cursor| self.tree.span(cursor));
        let mut spans: Vec<&Span> = after.take_while(|span| !ends.contains(&span.id) && !self.divides(span)).collect();
        let next = spans.last().and_then(|last| self.element_after(last.end() - 1));
        let follows = spans.is_empty() || next.is_some_and(|next| ends.contains(&next));
        if !follows && let Some(marker) = spans.iter().position(|span| span.marker) {
            spans.truncate(marker);
        }
        spans.retain(|span| !span.marker && in_block.contains(&self.segment_of(span.id)));
        spans.into_iter().rev().filter(|span| !span.effect.is_live()).find_map(|span| {
            let element = span.end() - 1;
            let insertion = span.effect.void.then_some(element);
            let deletions = self.deletions_of(element, line);
            let is_own = insertion.is_none_or(|insertion| line_of(insertion) == line);
            (is_own && deletions.len() == span.effect.gone as usize).then_some((element, insertion, deletions))
        })
    }

    /// The marker of the segment that an element is in; [`NONE`] for HEAD's.
    fn segment_of(&self, element: Id) -> Id {
        let cursors = std::iter::successors(self.tree.find_element(element), |&cursor| self.tree.previous_span(cursor));
        cursors.filter_map(|cursor| self.tree.span(cursor)).find(|span| span.marker).map_or(NONE, |span| span.id)
    }

    /// The segments of the block that one of them is in.
    fn segments_with(&mut self, segment: Id) -> FxHashSet<Id> {
        let order: Vec<Id> = if self.disordered {
            self.layouts.at(&self.tree, &self.effect).segments().collect()
        } else {
            std::iter::once(NONE).chain(self.tree.spans().filter(|span| span.marker).map(|span| span.id)).collect()
        };
        let is_live = |segment: &Id| *segment == NONE || self.tree.get(*segment).effect.is_live();
        let runs = order.chunk_by(|_, next| !is_live(next));
        runs.filter(|run| run.contains(&segment)).flatten().copied().collect()
    }

    /// Whether a span is the marker of a block that was neither joined nor removed.
    fn divides(&self, span: &Span) -> bool {
        span.marker && span.effect.is_live() && !self.removed.contains(&span.id)
    }

    /// The deletions of a line that hit an element and count.
    fn deletions_of(&self, element: Id, line: u32) -> Vec<Id> {
        let log = self.lines.get(line as usize).map(|log| &log.deletions[..]).unwrap_or_default();
        let hits = log.iter().filter(|hit| (hit.target..hit.target + Id::from(hit.len)).contains(&element));
        let events = hits.map(|hit| {
            let nth = (element - hit.target) as u32;
            id_of(line, hit.seq + if hit.backward { hit.len - 1 - nth } else { nth })
        });
        events.filter(|event| !self.cancels.is_off(*event, View::Effect)).collect()
    }
}
