//! Marks: which elements they cover when they are made, and what later insertions take over from them.

use super::*;

/// In what part of a mark's interval an element lies. The part is in the upper bits of the mark's number in `Span::place`.
const PART: Id = 0b11 << 62;
/// Covered elements; what comes in after the last one is treated as the mark's end says.
const BODY: Id = 0;
/// Covered elements after which everything up to the next marker is covered too.
const OPEN: Id = 0b01 << 62;
/// What came in after the last covered element.
const ZONE: Id = 0b10 << 62;

impl Window {
    pub(super) fn mark(&mut self, step: &mut Step<'_>, id: Id, first: u64, last: u64, mark: Mark) {
        if first > last || self.element(step, first).is_none() || self.element(step, last).is_none() {
            return;
        }
        let (start, end) = (mark.start, mark.end);
        self.marks.add(id, mark);
        self.line(line_of(id)).hits.push((seq_of(id), Hit::Mark));
        let stretches = self.stretches(step, first as u32, last as u32);
        let count = stretches.len();
        for (i, (first, last)) in stretches.into_iter().enumerate() {
            let start = if i == 0 { start } else { Start::Before };
            let end = if i + 1 == count { end } else { End::Open };
            self.mark_stretch(step, id, (first, last), start, end);
        }
    }

    /// Marks what lies between two elements of the sequence.
    fn mark_stretch(&mut self, step: &mut Step<'_>, id: Id, (first, last): (Id, Id), start: Start, end: End) {
        let (from, to) = (self.tree.place_of(first), self.tree.place_of(last));
        let body = id | if end == End::Open { OPEN } else { BODY };
        // Elements between the ends of the interval and the covered ones are all unknown to the mark's author.
        let mut lead = Vec::new();
        if start == Start::After {
            let mut cursor = self.tree.locate(first);
            if cursor.offset == 0 {
                while let Some(previous) = self.tree.previous_span(cursor) {
                    let Some(span) = self.tree.span(previous).filter(|span| !span.prep.there) else { break };
                    lead.push(span.id..span.end());
                    cursor = previous;
                }
            }
        }
        for range in lead {
            self.cover(step, id, body, range, true);
        }
        let mut element = Some(first);
        let mut left = (to + 1).saturating_sub(from);
        while left > 0 {
            let Some(now) = element else { break };
            let cursor = self.tree.locate(now);
            let Some(span) = self.tree.span(cursor) else { break };
            let len = left.min(span.len - cursor.offset);
            self.cover(step, id, body, now..now + Id::from(len), true);
            left -= len;
            element = self.element_after(now + Id::from(len) - 1);
        }
        if end == End::Closed {
            return;
        }
        while let Some(now) = element {
            let span = *self.tree.get(now);
            if span.prep.there && (end == End::Grows || (span.marker && span.prep.is_shown())) {
                break;
            }
            let left = if now == span.id { span.left } else { now - 1 };
            let covered = end == End::Open || (!span.marker && self.zone_covers(id, left));
            let part = if end == End::Open { body } else { id | ZONE };
            self.cover(step, id, part, now..span.end(), covered);
            element = self.element_after(span.end() - 1);
        }
    }

    /// In the zone of a growing mark an element shares the fate of its left origin.
    fn zone_covers(&self, mark: Id, left: Id) -> bool {
        if left == NONE {
            return true;
        }
        let left = self.tree.get(left);
        if !self.marks.contains(left.place, mark | ZONE) {
            return true;
        }
        !left.marker && self.marks.contains(left.cover, mark)
    }

    /// Elements that follow each other in one span come to lie in a part of a mark's interval, covered or not.
    fn cover(&mut self, step: &mut Step<'_>, mark: Id, part: Id, range: Range<Id>, covered: bool) {
        let cursor = self.tree.locate(range.start);
        let Some(span) = self.tree.span(cursor).copied() else { return };
        let len = (range.end - range.start) as u32;
        let place = self.marks.with(span.place, part);
        let cover = if covered { self.marks.with(span.cover, mark) } else { span.cover };
        let shown_at = self.tree.before(cursor).effect.shown() + cursor.offset + 1;
        self.tree.update_span(cursor, len, |span| (span.cover, span.place) = (cover, place));
        if !covered || !span.is_shown() {
            return;
        }
        if self.disordered {
            self.stale |= step.page.is_some();
            return;
        }
        let style = self.marks.style(cover);
        self.draw_step(step, |page| page.restyle(shown_at, shown_at + len - 1, |_| style.clone()));
    }

    /// Which marks cover an element that comes in at a cursor right after position `at`, and in which marks' intervals it
    /// lies.
    pub(super) fn inherit(
        &mut self,
        step: &Step<'_>,
        cursor: Cursor,
        left: Id,
        at: u32,
        is_marker: bool,
    ) -> (SetId, SetId) {
        if self.marks.is_empty() {
            return (SetId::EMPTY, SetId::EMPTY);
        }
        let cover_of = |element: Option<Id>| element.map_or(SetId::EMPTY, |id| self.tree.get(id).cover);
        let left_cover = cover_of((left != NONE).then_some(left));
        let right_cover = cover_of(self.element(step, u64::from(at) + 1).map(|(id, _)| id));
        let mut cover = self.marks.taken_over(left_cover, right_cover, is_marker, &self.prep);
        let before = if cursor.offset > 0 { self.tree.span(cursor).copied() } else { None };
        let after = match before {
            Some(span) if cursor.offset < span.len => Some(span),
            Some(_) => self.tree.next_span(cursor).and_then(|cursor| self.tree.span(cursor)).copied(),
            None => self.tree.span(cursor).copied(),
        };
        let place_of = |span: Option<Span>| span.map_or(SetId::EMPTY, |span| span.place);
        let (before, after) = (place_of(before), place_of(after));
        let mut parts: BTreeMap<Id, (Option<Id>, Option<Id>)> = BTreeMap::new();
        for part in self.marks.members(before) {
            parts.entry(part & !PART).or_default().0 = Some(part & PART);
        }
        for part in self.marks.members(after) {
            parts.entry(part & !PART).or_default().1 = Some(part & PART);
        }
        let mut place = SetId::EMPTY;
        for (mark, sides) in parts {
            let (start, end) = (self.marks.get(mark).start, self.marks.get(mark).end);
            let part = match sides {
                (Some(BODY), Some(BODY)) => BODY,
                (Some(OPEN), _) => OPEN,
                (Some(ZONE), _) => ZONE,
                (Some(BODY), _) if end == End::Grows => ZONE,
                (None, Some(part)) if part != ZONE && start == Start::After => part,
                _ => continue,
            };
            place = self.marks.with(place, mark | part);
            let is_covered = part != ZONE || (!is_marker && self.zone_covers(mark, left));
            if is_covered && !self.prep.has(mark) {
                cover = self.marks.with(cover, mark);
            }
        }
        (cover, place)
    }

    /// Divides a range of shown positions into stretches of the sequence, from element to element, with nothing else
    /// shown in between.
    fn stretches(&self, step: &Step<'_>, first: u32, last: u32) -> Vec<(Id, Id)> {
        let element = |at: u32| self.element(step, u64::from(at)).map_or(NONE, |(id, _)| id);
        if !self.disordered {
            return vec![(element(first), element(last))];
        }
        let mut out: Vec<(Id, Id)> = Vec::new();
        // Where the stretch ends in the sequence, and the characters shown up to there.
        let mut end = (0, 0);
        for at in first..=last {
            let id = element(at);
            let cursor = self.tree.locate(id);
            let is_marker = self.tree.get(id).marker;
            let before = self.tree.before(cursor);
            let place = before.len + cursor.offset;
            let chars = before.prep.chars + if is_marker { 0 } else { cursor.offset };
            match out.last_mut() {
                Some(stretch) if place > end.0 && chars == end.1 => stretch.1 = id,
                _ => out.push((id, id)),
            }
            end = (place, chars + u32::from(!is_marker));
        }
        out
    }
}
