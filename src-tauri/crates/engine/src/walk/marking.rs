//! Marks: which elements they cover when they are made, and what later insertions take over from them.

use super::*;

/// In what part of a mark's interval an element lies. The part is in the upper bits of the mark's number in `Span::place`.
const PART: Id = 0b11 << 62;
/// In the interval; what comes in after the last such element is treated as the mark's end says.
const BODY: Id = 0;
/// In the interval, as is all that comes in after it in its segment.
const OPEN: Id = 0b01 << 62;
/// What came in after the last covered element.
const ZONE: Id = 0b10 << 62;
/// Not in the interval, but what comes in after it is.
const LEAD: Id = 0b11 << 62;

/// A stretch of the sequence that lies in a mark's interval, by places.
struct Stretch {
    places: Range<u32>,
    part: Id,
}

impl Window {
    pub(super) fn mark(&mut self, step: &mut Step<'_>, id: Id, first: u64, last: u64, mark: Mark) {
        let element = |at: u64| self.element(step, at).map(|(id, _)| id);
        let (Some(s), Some(t)) = (element(first), element(last)) else { return };
        if first > last {
            return;
        }
        let before = element(first - 1).unwrap_or(NONE);
        let (start, end) = (mark.start, mark.end);
        self.marks.add(id, mark);
        self.line(line_of(id)).hits.push((seq_of(id), Hit::Mark));
        if start == Start::After {
            if before == NONE {
                self.leads.push(id);
            } else {
                let place = self.tree.place_of(before);
                self.cover(step, id, &Stretch { places: place..place + 1, part: LEAD }, false);
            }
        }
        let begin = match start {
            Start::Before => self.tree.place_of(s),
            Start::After if before == NONE => 0,
            Start::After => self.tree.place_of(before) + 1,
        };
        for stretch in self.stretches(step, begin, self.tree.place_of(t), end) {
            self.cover(step, id, &stretch, true);
        }
        if end == End::Grows {
            let mut next = self.element_after(t);
            while let Some(now) = next {
                let span = *self.tree.get(now);
                if span.prep.there {
                    break;
                }
                let left = if now == span.id { span.left } else { now - 1 };
                let covered = !span.marker && self.zone_covers(id, left);
                let place = self.tree.place_of(now);
                let places = place..place + (span.end() - now) as u32;
                self.cover(step, id, &Stretch { places, part: ZONE }, covered);
                next = self.element_after(span.end() - 1);
            }
        }
    }

    /// What lies in a mark's interval, without its zone: from a place in the sequence to that of the last covered element,
    /// in the order in which the author of the entry in hand has the segments.
    fn stretches(&mut self, step: &Step<'_>, from: u32, last: u32, end: End) -> Vec<Stretch> {
        let total = self.tree.total().len;
        if !self.disordered {
            let is_end = |span: &Span| span.marker && span.prep.is_shown();
            let places = match end {
                End::Open => from..self.next_place(last, is_end).unwrap_or(total),
                End::Closed | End::Grows => from..last + 1,
            };
            let part = if end == End::Open { OPEN } else { BODY };
            return vec![Stretch { places, part }];
        }
        // The author's segments, each with its extent in the sequence.
        let mut ends: FxHashMap<Id, u32> = FxHashMap::default();
        let (mut segment, mut place) = (NONE, 0);
        let mut starts: FxHashMap<Id, u32> = FxHashMap::from_iter([(NONE, 0)]);
        for span in self.tree.spans() {
            if span.marker && span.prep.there {
                ends.insert(segment, place);
                segment = span.id;
                starts.insert(segment, place);
            }
            place += span.len;
        }
        ends.insert(segment, place);
        let list = self.layouts.at(&self.tree, &self.prep);
        let shown: Vec<Id> = self.shown_markers(step);
        let mut stretches = Vec::new();
        let (mut begun, mut ended) = (false, false);
        for segment in list.segments() {
            let extent = starts[&segment]..ends[&segment];
            if ended {
                // An open end goes on through segments that aren't shown as blocks of their own.
                if end != End::Open || shown.contains(&segment) {
                    break;
                }
                stretches.push(Stretch { places: extent, part: OPEN });
                continue;
            }
            let mut start = extent.start;
            if !begun {
                // A place at the very end is behind a segment's last element.
                if !(extent.contains(&from) || (from == extent.end && from > extent.start && !is_start(&starts, from)))
                {
                    continue;
                }
                (begun, start) = (true, from);
            }
            ended = (start..extent.end).contains(&last) || (start > last && extent.contains(&last));
            let stretch = match (ended, end) {
                (true, End::Closed | End::Grows) => Stretch { places: start..last + 1, part: BODY },
                _ => Stretch { places: start..extent.end, part: OPEN },
            };
            stretches.push(stretch);
        }
        stretches
    }

    /// The place of the first span after a place that is as wanted.
    fn next_place(&self, after: u32, wanted: impl Fn(&Span) -> bool) -> Option<u32> {
        let mut cursor = self.tree.find(after + 1, |sum| sum.len)?;
        let mut place = after - cursor.offset;
        loop {
            place += self.tree.span(cursor)?.len;
            cursor = self.tree.next_span(cursor)?;
            if wanted(self.tree.span(cursor)?) {
                return Some(place);
            }
        }
    }

    /// The markers that the author of the entry in hand sees.
    fn shown_markers(&self, step: &Step<'_>) -> Vec<Id> {
        match (&step.shown, self.seen(step)) {
            (Some(pieces), _) => pieces.iter().filter(|piece| piece.marker).map(|piece| piece.id).collect(),
            (None, Some(page)) => page.blocks().filter_map(|block| block.marker).collect(),
            (None, None) => Vec::new(),
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

    /// Elements come to lie in a part of a mark's interval, covered or not.
    fn cover(&mut self, step: &mut Step<'_>, mark: Id, stretch: &Stretch, covered: bool) {
        let Range { mut start, end } = stretch.places;
        while start < end {
            let Some(cursor) = self.tree.find(start + 1, |sum| sum.len) else { return };
            let Some(span) = self.tree.span(cursor).copied() else { return };
            let len = (span.len - cursor.offset).min(end - start);
            let place = self.marks.with(span.place, mark | stretch.part);
            let cover = if covered { self.marks.with(span.cover, mark) } else { span.cover };
            let shown_at = self.tree.before(cursor).effect.shown() + cursor.offset + 1;
            self.tree.update_span(cursor, len, |span| (span.cover, span.place) = (cover, place));
            start += len;
            if !covered || !span.is_shown() {
                continue;
            }
            if self.disordered {
                self.stale |= step.page.is_some();
                continue;
            }
            let style = self.marks.style(cover);
            self.draw_step(step, |page| page.restyle(shown_at, shown_at + len - 1, |_| style.clone()));
        }
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
        if cursor == self.tree.start() {
            for &mark in &self.leads {
                parts.entry(mark).or_default().0 = Some(LEAD);
            }
        }
        for (mark, sides) in parts {
            let part = match sides {
                (Some(LEAD | OPEN), _) => OPEN,
                (Some(ZONE), _) => ZONE,
                (Some(BODY), Some(BODY)) => BODY,
                (Some(BODY), _) if self.marks.get(mark).end == End::Grows => ZONE,
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
}

fn is_start(starts: &FxHashMap<Id, u32>, place: u32) -> bool {
    starts.values().any(|&start| start == place)
}
