//! Marks: which elements they cover when they are made, and what later insertions take over from them.

use super::*;

impl Walk {
    pub(super) fn mark(&mut self, step: &mut Step<'_>, lv: Lv, first: u64, last: u64, mut mark: Mark) {
        let (Some((first, _)), Some((last, _))) = (self.element(step, first), self.element(step, last)) else { return };
        let (from, to) = (self.tree.place_of(first), self.tree.place_of(last));
        if from > to {
            return;
        }
        mark.last = last;
        let (start, end) = (mark.start, mark.end);
        self.marks.add(lv, mark);
        // Elements between the ends of the interval and the covered ones are all unknown to the mark's author.
        let mut lead = Vec::new();
        if start == Start::After {
            let mut cursor = self.tree.locate(first);
            if cursor.offset == 0 {
                while let Some(previous) = self.tree.previous_span(cursor) {
                    let Some(span) = self.tree.span(previous).filter(|span| span.prep == 0) else { break };
                    lead.push(span.id..span.end());
                    cursor = previous;
                }
            }
        }
        for range in lead {
            self.cover(step, lv, range, |_| true);
        }
        let mut element = Some(first);
        let mut left = to - from + 1;
        while left > 0 {
            let Some(lv_now) = element else { break };
            let cursor = self.tree.locate(lv_now);
            let Some(span) = self.tree.span(cursor) else { break };
            let len = left.min(span.len - cursor.offset);
            self.cover(step, lv, lv_now..lv_now + len, |_| true);
            left -= len;
            element = self.element_after(lv_now + len - 1);
        }
        if end == End::Closed {
            return;
        }
        while let Some(lv_now) = element {
            let span = *self.tree.get(lv_now);
            if span.prep != 0 && (end == End::Grows || span.marker) {
                break;
            }
            let left = if lv_now == span.id { span.left } else { lv_now - 1 };
            let covered = end == End::Open || (!span.marker && self.zone_covers(lv, to, left));
            self.cover(step, lv, lv_now..span.end(), |_| covered);
            element = self.element_after(span.end() - 1);
        }
    }

    /// In the zone of a growing mark an element shares the fate of its left origin.
    pub(super) fn zone_covers(&self, mark: Lv, last_place: u32, left: Lv) -> bool {
        if left == NONE || self.tree.place_of(left) <= last_place {
            return true;
        }
        let left = self.tree.get(left);
        !left.marker && self.marks.contains(left.cover, mark)
    }

    /// Elements that follow each other in one span come to lie in a mark's interval, covered or not.
    pub(super) fn cover(
        &mut self,
        step: &mut Step<'_>,
        mark: Lv,
        range: std::ops::Range<Lv>,
        covers: impl Fn(&Span) -> bool,
    ) {
        let cursor = self.tree.locate(range.start);
        let Some(span) = self.tree.span(cursor).copied() else { return };
        let len = range.end - range.start;
        let place = self.marks.with(span.place, mark);
        let covered = covers(&span);
        let cover = if covered { self.marks.with(span.cover, mark) } else { span.cover };
        let shown_at = self.tree.before(cursor).shown() + cursor.offset + 1;
        self.tree.update_span(cursor, len, |span| (span.cover, span.place) = (cover, place));
        if covered && !span.marker && span.is_shown() {
            if self.disordered {
                self.stale = true;
                return;
            }
            let marks = self.marks.shown(cover);
            self.draw_step(step, |page| page.set_marks(shown_at, len, &marks));
        }
    }

    /// Which marks cover an element that comes in at a cursor, and in which marks' intervals it lies.
    pub(super) fn inherit(
        &mut self,
        history: &History,
        at: Cursor,
        left: Lv,
        right: Lv,
        is_marker: bool,
    ) -> (SetId, SetId) {
        if self.marks.is_empty() {
            return (SetId::default(), SetId::default());
        }
        let before = if at.offset > 0 { self.tree.span(at).copied() } else { None };
        let after = match before {
            Some(span) if at.offset < span.len => Some(span),
            Some(_) => self.tree.next_span(at).and_then(|cursor| self.tree.span(cursor)).copied(),
            None => self.tree.span(at).copied(),
        };
        let members = |marks: &Marks, set: Option<SetId>| set.map(|set| marks.members(set).clone());
        let (place_before, place_after) = (before.map(|span| span.place), after.map(|span| span.place));
        let mut places: Vec<Lv> = Vec::new();
        let candidates: BTreeSet<Lv> = [place_before, place_after]
            .into_iter()
            .filter_map(|set| members(&self.marks, set))
            .flat_map(|set| set.to_vec())
            .collect();
        for &mark in &candidates {
            let inside = |set: Option<SetId>| set.is_some_and(|set| self.marks.contains(set, mark));
            let found = self.marks.get(mark);
            let lies_inside = match (inside(place_before), inside(place_after)) {
                (true, true) => true,
                (true, false) => found.end != End::Closed,
                (false, true) => found.start == Start::After,
                (false, false) => false,
            };
            if lies_inside {
                places.push(mark);
            }
        }
        let origin = |lv: Lv| (lv != NONE).then(|| *self.tree.get(lv));
        let (left_span, right_span) = (origin(left), origin(right));
        let cover_of = |span: Option<Span>, mark: Lv| span.is_some_and(|span| self.marks.contains(span.cover, mark));
        let by_origins: BTreeSet<Lv> = [left_span, right_span]
            .into_iter()
            .flatten()
            .flat_map(|span| self.marks.members(span.cover).to_vec())
            .collect();
        let mut covers: Vec<Lv> = Vec::new();
        for mark in by_origins.into_iter().filter(|&mark| knows(history, &self.known, mark)) {
            let found = self.marks.get(mark);
            let is_covered = match (cover_of(left_span, mark), cover_of(right_span, mark)) {
                (true, true) => true,
                (true, false) => found.end == End::Open || (found.end == End::Grows && !is_marker),
                (false, true) => found.start == Start::After && !is_marker,
                (false, false) => false,
            };
            if is_covered {
                covers.push(mark);
            }
        }
        let place_here = before.map_or(0, |span| self.tree.place_of(span.id + at.offset - 1) + 1);
        for &mark in places.iter().filter(|&&mark| !knows(history, &self.known, mark)) {
            let found = self.marks.get(mark);
            let last_place = self.tree.place_of(found.last);
            let in_zone = found.end == End::Grows && place_here > last_place;
            if !in_zone || (!is_marker && self.zone_covers(mark, last_place, left)) {
                covers.push(mark);
            }
        }
        (self.marks.set(covers), self.marks.set(places))
    }
}
