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

/// Where a mark's interval begins.
#[derive(Clone, Copy)]
enum Begin {
    /// Right before an element.
    At(Id),
    /// Right after one, or after HEAD.
    Behind(Id),
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
        let begin = if start == Start::Before { Begin::At(s) } else { Begin::Behind(before) };
        for stretch in self.stretches(step, begin, t, end) {
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

    /// What lies in a mark's interval, without its zone: up to the last covered element or further, in the order in which the
    /// author of the entry in hand has the segments.
    fn stretches(&mut self, step: &Step<'_>, begin: Begin, last: Id, end: End) -> Vec<Stretch> {
        let total = self.tree.total().len;
        let last = self.tree.place_of(last);
        let from = match begin {
            Begin::At(element) => self.tree.place_of(element),
            Begin::Behind(NONE) => 0,
            Begin::Behind(element) => self.tree.place_of(element) + 1,
        };
        if !self.disordered {
            let is_end = |span: &Span| span.marker && span.prep.is_shown();
            let places = match end {
                End::Open => from..self.next_place(last, is_end).unwrap_or(total),
                End::Closed | End::Grows => from..last + 1,
            };
            let part = if end == End::Open { OPEN } else { BODY };
            return vec![Stretch { places, part }];
        }
        // The author's segments, in the order of the sequence, with the places where they begin.
        let mut starts: Vec<(u32, Id)> = vec![(0, NONE)];
        let mut place = 0;
        for span in self.tree.spans() {
            if span.marker && span.prep.there {
                starts.push((place, span.id));
            }
            place += span.len;
        }
        let index_of: FxHashMap<Id, usize> = starts.iter().enumerate().map(|(i, &(_, id))| (id, i)).collect();
        // HEAD is before place 0, and so in the first segment also where that is empty.
        let segment_of = |place: u32| starts.partition_point(|&(start, id)| id == NONE || start <= place) - 1;
        let first_segment = match begin {
            Begin::At(_) => segment_of(from),
            Begin::Behind(NONE) => 0,
            Begin::Behind(_) => segment_of(from - 1),
        };
        let last_segment = segment_of(last);
        let list = self.layouts.at(&self.tree, &self.prep);
        let shown = self.shown_markers(step);
        let mut stretches = Vec::new();
        let segments = list.segments().map(|segment| index_of[&segment]);
        let mut is_over = false;
        for i in segments.skip_while(|&i| i != first_segment) {
            let (start, segment) = starts[i];
            // An open end goes on through segments that aren't shown as blocks of their own.
            if is_over && (end != End::Open || shown.contains(&segment)) {
                break;
            }
            let start = if i == first_segment { from } else { start };
            let after = starts.get(i + 1).map_or(total, |next| next.0);
            is_over |= i == last_segment;
            stretches.push(match end {
                End::Closed | End::Grows if is_over => Stretch { places: start..last + 1, part: BODY },
                _ => Stretch { places: start..after, part: OPEN },
            });
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
    fn shown_markers(&self, step: &Step<'_>) -> FxHashSet<Id> {
        let pieces = self.seen(step).into_iter().flat_map(|page| page.pieces(1, page.len()));
        pieces.filter(|piece| matches!(piece.kind, Kind::Marker(_))).map(|piece| piece.id).collect()
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
