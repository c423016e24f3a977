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

    /// All spans in the order of their blocks, shown or not.
    fn spans_in_order(&mut self) -> Vec<Span> {
        if !self.disordered {
            return self.tree.spans().copied().collect();
        }
        let list = self.layouts.at(&self.tree, &self.effect);
        let mut segments: FxHashMap<Id, Vec<Span>> = FxHashMap::default();
        let mut segment = NONE;
        for span in self.tree.spans() {
            if span.marker {
                segment = span.id;
            }
            segments.entry(segment).or_default().push(*span);
        }
        list.segments().flat_map(|entry| segments.remove(&entry).unwrap_or_default()).collect()
    }

    /// How much is shown before an element where blocks have moved, and whether it is shown itself.
    fn shown_before_in_list(&mut self, id: Id) -> (u32, bool) {
        let spans = self.spans_in_order();
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

    /// The first elements of the spans of a marker's block, shown or not.
    pub fn text_of_block(&mut self, marker: Id) -> Vec<Id> {
        let spans = self.spans_in_order();
        let after = spans.iter().skip_while(|span| span.id != marker).skip(1);
        let block = after.take_while(|span| !(span.marker && span.effect.is_live()));
        block.filter(|span| !span.marker).map(|span| span.id).collect()
    }

    /// The last element of those after one (HEAD for none) in its block that only events of one line hide, up to a marker, or
    /// up to the next one where that doesn't follow: the element, its insertion if that is cancelled, and its deletions.
    pub fn last_hidden(&mut self, after: Option<Id>, end: Option<Id>, line: u32) -> Option<(Id, Option<Id>, Vec<Id>)> {
        let spans = self.spans_in_order();
        let mut left = &spans[..];
        if let Some(after) = after {
            let at = spans.iter().position(|span| span.id <= after && after < span.end())?;
            // What comes after it in its own span is as visible as it is.
            left = &spans[at + usize::from(after + 1 == spans[at].end())..];
        }
        let block = left.iter().take_while(|span| !(span.marker && span.effect.is_live()));
        let block: Vec<&Span> = block.collect();
        let is_end = |span: &Span| Some(span.id) == end;
        let end = match left.iter().position(is_end) {
            Some(end) => end.min(block.len()),
            None => block.iter().position(|span| span.marker).unwrap_or(block.len()),
        };
        block[..end].iter().rev().filter(|span| !span.marker && !span.effect.is_live()).find_map(|span| {
            let element = span.end() - 1;
            let insertion = span.effect.void.then_some(element);
            let deletions = self.deletions_of(element, line);
            let is_own = insertion.is_none_or(|insertion| line_of(insertion) == line);
            (is_own && deletions.len() == span.effect.gone as usize).then_some((element, insertion, deletions))
        })
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
