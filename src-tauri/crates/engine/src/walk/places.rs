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

    /// The spans from the one with an element on, or from the first, in the order of their blocks, shown or not.
    fn spans_from(&mut self, element: Option<Id>) -> Option<impl Iterator<Item = &Span>> {
        let cursor = match element {
            Some(element) => self.tree.find_element(element)?,
            None => self.tree.start(),
        };
        let list = self.disordered.then(|| self.layouts.at(&self.tree, &self.effect));
        let tree = &self.tree;
        let after = move |cursor| {
            let cursors = std::iter::successors(Some(cursor), |&cursor| tree.next_span(cursor));
            cursors.filter_map(|cursor| tree.span(cursor))
        };
        // In the sequence everything follows; in a list of segments, the rest of the element's own one and then the next.
        let (is_list, is_head) = (list.is_some(), element.is_none());
        let is_own = move |nth: usize, span: &Span| !span.marker || (nth == 0 && !is_head);
        let own = after(cursor).enumerate().take_while(move |(nth, span)| !is_list || is_own(*nth, span));
        let next = list.into_iter().flat_map(move |list| {
            let before = std::iter::successors(Some(cursor).filter(|_| !is_head), |&cursor| tree.previous_span(cursor));
            let marker = before.filter_map(|cursor| tree.span(cursor)).find(|span| span.marker);
            let segments: Vec<Id> = list.segments_from(marker.map_or(NONE, |span| span.id)).skip(1).collect();
            segments.into_iter().filter_map(move |segment| tree.find_element(segment)).flat_map(move |cursor| {
                after(cursor).enumerate().take_while(|(nth, span)| *nth == 0 || !span.marker).map(|(_, span)| span)
            })
        });
        Some(own.map(|(_, span)| span).chain(next))
    }

    /// How much is shown before an element where blocks have moved, and whether it is shown itself.
    fn shown_before_in_list(&mut self, id: Id) -> (u32, bool) {
        let spans: Vec<Span> = self.spans_from(None).into_iter().flatten().copied().collect();
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
        let after = self.spans_from(Some(marker)).into_iter().flatten().skip(1);
        let block = after.take_while(|span| !(span.marker && span.effect.is_live()));
        block.filter(|span| !span.marker).map(|span| span.id).collect()
    }

    /// The last element of those after one (HEAD for none) in its block that only events of one line hide, up to a marker, or
    /// up to the next one where that doesn't follow: the element, its insertion if that is cancelled, and its deletions.
    pub fn last_hidden(&mut self, after: Option<Id>, end: Option<Id>, line: u32) -> Option<(Id, Option<Id>, Vec<Id>)> {
        let is_end = |span: &&Span| Some(span.id) == end;
        // What comes after an element in its own span is as visible as it is.
        let is_past =
            |span: &&Span| after.is_none_or(|after| after + 1 < span.end() || !(span.id..span.end()).contains(&after));
        let mut left = self.spans_from(after)?.filter(is_past).peekable();
        let mut block: Vec<&Span> = Vec::new();
        let divides = |span: &&Span| is_end(span) || (span.marker && span.effect.is_live());
        while let Some(span) = left.next_if(|span| !divides(span)) {
            block.push(span);
        }
        let end = match left.any(|span| is_end(&span)) {
            true => block.len(),
            false => block.iter().position(|span| span.marker).unwrap_or(block.len()),
        };
        let block: Vec<Span> = block[..end].iter().map(|span| **span).collect();
        drop(left);
        block.iter().rev().filter(|span| !span.marker && !span.effect.is_live()).find_map(|span| {
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
