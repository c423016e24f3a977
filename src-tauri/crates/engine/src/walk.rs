//! The walk: folds entries of the history, one after another, into the sequence and the page.
//!
//! After Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker" (EuroSys 2025): every element has a state at
//! the *prepare* version, at which the positions of the entry in hand count, and one at the *effect* version,
//! which is everything folded so far. Before an entry is folded the prepare version is moved to its parents: what it
//! has too much is retreated, what it lacks is advanced. Siblings are ordered as in FugueMax (Weidner and Kleppmann,
//! "The Art of the Fugue", 2023).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::event::{Attributes, End, Event, Insertion, OBJECT, Start, Target, Value};
use crate::history::{EntryIx, History, Lv, OrderKey};
use crate::layout::{BlockEvent, Join, Layout, Layouts, knows};
use crate::marks::{Mark, Marks, SetId};
use crate::page::{Block, Page, Run};
use crate::tree::{Cursor, NONE, Span, Sum, Tree};

/// A register and what it belongs to.
pub(crate) type RegisterKey = (Target<Lv>, String);

/// The state of the walk: the whole history, folded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    tree: Tree,
    marks: Marks,
    markers: FxHashMap<Lv, Marker>,
    /// Which elements deletions hit, in the order of the events.
    deletions: Vec<Deletion>,
    /// Which markers joins and removes hit.
    hits: FxHashMap<Lv, Lv>,
    registers: BTreeMap<RegisterKey, (OrderKey, Option<Value>)>,
    /// The prepare version: its heads, and how many entries of each line it has.
    prepare: Vec<EntryIx>,
    known: Vec<u32>,
    /// The heads of the effect version.
    effect: Vec<EntryIx>,
    /// Live markers with a remove that counts, at the prepare and at the effect version.
    removed_prep: BTreeSet<Lv>,
    removed: BTreeSet<Lv>,
    layouts: Layouts,
    /// A join has passed a hidden block: the order of blocks is no longer that of the sequence.
    disordered: bool,
    /// The page doesn't show the effect version and must be drawn again.
    stale: bool,
}

#[derive(Debug, Clone)]
struct Marker {
    attributes: Arc<Attributes>,
    stamps: BTreeMap<String, OrderKey>,
    removes_prep: u32,
    removes: u32,
}

/// `len` delete events from `event` on hit `len` elements from `target` on, in the same or the opposite order.
#[derive(Debug, Clone, Copy)]
struct Deletion {
    event: Lv,
    len: u32,
    target: Lv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Prepare,
    Effect,
}

/// Elements that are shown one after another.
#[derive(Debug, Clone, Copy)]
struct Piece {
    id: Lv,
    len: u32,
    marker: bool,
    cover: SetId,
}

/// An entry in hand.
struct Step<'a> {
    history: &'a History,
    page: &'a mut Page,
    /// The entry knows everything folded so far, so its positions are the page's.
    at_head: bool,
    /// What is shown at the prepare version, in order; only where the sequence alone doesn't say it.
    shown: Option<Vec<Piece>>,
}

impl Walk {
    pub fn register(&self, key: &RegisterKey) -> Option<&Value> {
        self.registers.get(key)?.1.as_ref()
    }

    pub fn registers(&self) -> impl Iterator<Item = (&RegisterKey, &Value)> {
        self.registers.iter().filter_map(|(key, (_, value))| Some((key, value.as_ref()?)))
    }

    /// Folds an entry, all of whose parents are folded.
    pub fn fold(&mut self, history: &History, ix: EntryIx, page: &mut Page) {
        let entry = history.entry(ix);
        self.begin(history, ix);
        let mut lv = entry.start;
        for run in entry.runs() {
            self.event(history, ix, lv, run, page);
            lv += run.count() as u32;
        }
    }

    /// Moves the prepare version to an entry's parents, and then lets it have the entry.
    pub fn begin(&mut self, history: &History, ix: EntryIx) {
        let entry = history.entry(ix);
        let parents = history.minimal(entry.parents.iter().copied());
        if self.prepare != parents {
            let (retreat, advance) = history.difference(&self.prepare, &parents);
            for &ix in &retreat {
                self.turn(history, ix, false);
            }
            for &ix in &advance {
                self.turn(history, ix, true);
            }
        }
        if self.effect == parents {
            self.effect.clear();
        } else {
            self.effect.retain(|head| !entry.parents.contains(head));
        }
        self.effect.push(ix);
        self.know(history, ix, true);
        self.prepare = vec![ix];
    }

    fn know(&mut self, history: &History, ix: EntryIx, is_known: bool) {
        let entry = history.entry(ix);
        self.known.resize(history.line_count(), 0);
        self.known[entry.line as usize] = entry.place + u32::from(is_known);
    }

    /// Folds one run of the entry that was begun.
    pub fn event(&mut self, history: &History, ix: EntryIx, lv: Lv, run: &Event, page: &mut Page) {
        let at_head = self.effect == [ix] && !self.stale;
        let mut step = Step { history, page, at_head, shown: None };
        if self.disordered && !at_head {
            let layout = self.layouts.at(history, &self.tree, &self.known);
            step.shown = Some(self.pieces(Some(&layout), View::Prepare));
        }
        match run {
            Event::Insert { at, what } => self.insert(&mut step, lv, *at, what),
            Event::Delete { at, len, backward } => self.delete(&mut step, lv, *at, *len as u32, *backward),
            Event::Join { at } => self.join(&mut step, lv, *at),
            Event::Remove { at } => self.remove(&mut step, lv, *at),
            Event::Mark { first, last, start, end, key, value } => {
                let mark = Mark {
                    last: NONE,
                    start: *start,
                    end: *end,
                    key: key.clone(),
                    value: value.clone(),
                    order: history.order_key(lv),
                };
                self.mark(&mut step, lv, *first, *last, mark);
            }
            Event::Register { target, key, value } => self.set_register(&mut step, lv, target, key, value.as_ref()),
            // Records with these are not folded by this version.
            Event::Cancel { .. } | Event::Move { .. } => {}
        }
    }

    /// Draws the page again if it doesn't show everything that was folded.
    pub fn settle(&mut self, history: &History, page: &mut Page) {
        if std::mem::take(&mut self.stale) {
            *page = self.draw(history, Some(page));
        }
    }

    // ---- positions at the prepare version

    /// How many elements are shown.
    fn shown_len(&self, step: &Step<'_>) -> u32 {
        match &step.shown {
            Some(pieces) => pieces.iter().map(|piece| piece.len).sum(),
            None if step.at_head => step.page.len(),
            None => self.tree.total().prep(),
        }
    }

    /// The element shown at a position (from 1), and whether it is a marker.
    fn element(&self, step: &Step<'_>, at: u64) -> Option<(Lv, bool)> {
        let at = u32::try_from(at).ok()?;
        if step.at_head {
            return step.page.element(at);
        }
        let Some(pieces) = &step.shown else {
            let cursor = self.tree.find(at, Sum::prep)?;
            let span = self.tree.span(cursor)?;
            return Some((span.id + cursor.offset, span.marker));
        };
        let mut left = at.checked_sub(1)?;
        for piece in pieces {
            if left < piece.len {
                return Some((piece.id + left, piece.marker));
            }
            left -= piece.len;
        }
        None
    }

    /// The marker of the block that the element at a position is shown in; [`NONE`] for HEAD's.
    fn block_of(&self, step: &Step<'_>, at: u32) -> Lv {
        if step.at_head {
            return step.page.marker_of(at).unwrap_or(NONE);
        }
        let Some(pieces) = &step.shown else {
            let Some(cursor) = self.tree.find(at, Sum::prep) else { return NONE };
            let Some(span) = self.tree.span(cursor) else { return NONE };
            let markers = self.tree.before(cursor).prep_markers + u32::from(span.marker);
            let marker = self.tree.find(markers, |sum| sum.prep_markers);
            return marker.and_then(|cursor| self.tree.span(cursor)).map_or(NONE, |span| span.id);
        };
        let mut left = at;
        let mut marker = NONE;
        for piece in pieces {
            if left == 0 {
                break;
            }
            if piece.marker {
                marker = piece.id;
            }
            left -= left.min(piece.len);
        }
        marker
    }

    // ---- events

    fn insert(&mut self, step: &mut Step<'_>, lv: Lv, at: u64, what: &Insertion) {
        let at = u32::try_from(at).unwrap_or(u32::MAX).min(self.shown_len(step));
        let left = if at == 0 { NONE } else { self.element(step, u64::from(at)).map_or(NONE, |(left, _)| left) };
        let is_marker = matches!(what, Insertion::Marker(_));
        let (cursor, right) = self.integrate(step.history, left, lv, is_marker);
        let (cover, place) = self.inherit(step.history, cursor, left, right, is_marker);
        let len = match what {
            Insertion::Text(text) => text.chars().count() as u32,
            Insertion::Marker(_) | Insertion::Object(_) => 1,
        };
        let span = Span {
            id: lv,
            len,
            left,
            right,
            prep: 1,
            gone: 0,
            marker: is_marker,
            hidden_prep: false,
            hidden: false,
            cover,
            place,
        };
        let cursor = self.tree.insert(cursor, span);
        let shown_before = if step.at_head || self.stale || self.disordered {
            at
        } else {
            // A span that took the new one in lies before it, shown as far as the new one is.
            self.tree.before(cursor).shown() + cursor.offset
        };
        if let Insertion::Marker(attributes) = what {
            let attributes = Arc::new(attributes.clone());
            let marker =
                Marker { attributes: attributes.clone(), stamps: BTreeMap::new(), removes_prep: 0, removes: 0 };
            self.markers.insert(lv, marker);
            let event = BlockEvent { lv, marker: lv, join: None };
            self.layouts.add(step.history.order_key(lv), event);
            self.draw_step(step, |page| page.insert_marker(shown_before, lv, attributes));
        } else {
            let object = OBJECT.to_string();
            let text = if let Insertion::Text(text) = what { text } else { &object };
            let marks = self.marks.shown(cover);
            self.draw_step(step, |page| page.insert_text(shown_before, Run { id: lv, len, marks }, text));
        }
        self.touch(step, lv);
    }

    fn delete(&mut self, step: &mut Step<'_>, mut lv: Lv, at: u64, mut left: u32, backward: bool) {
        let mut at = at;
        if backward {
            // What is past the end hits nothing.
            let past = at.saturating_sub(u64::from(self.shown_len(step))).min(u64::from(left)) as u32;
            (at, lv, left) = (at - u64::from(past), lv + past, left - past);
        }
        while left > 0 {
            let Some((element, is_marker)) = self.element(step, at) else { return };
            if is_marker {
                // The next one backward is another element, the next one forward is the same marker again.
                if !backward {
                    return;
                }
                (at, lv, left) = (at - 1, lv + 1, left - 1);
                continue;
            }
            let mut cursor = self.tree.locate(element);
            let Some(span) = self.tree.span(cursor).copied() else { return };
            let len = left.min(if backward { cursor.offset + 1 } else { span.len - cursor.offset });
            if backward {
                cursor.offset -= len - 1;
            }
            let target = span.id + cursor.offset;
            let was_shown = span.is_shown();
            let from = if step.at_head {
                (if backward { at as u32 - len } else { at as u32 - 1 }) + 1
            } else {
                self.tree.before(cursor).shown() + cursor.offset + 1
            };
            self.tree.update_span(cursor, len, |span| {
                span.prep += 1;
                span.gone += 1;
            });
            self.deletions.push(Deletion { event: lv, len, target });
            if let Some(pieces) = &mut step.shown {
                hide(pieces, target, len, &self.removed_prep);
            }
            if was_shown {
                self.draw_step(step, |page| page.delete(from, len));
            }
            self.touch(step, target);
            (lv, left) = (lv + len, left - len);
            if backward {
                at -= u64::from(len);
            }
        }
    }

    fn join(&mut self, step: &mut Step<'_>, lv: Lv, at: u64) {
        let Some((marker, true)) = self.element(step, at) else { return };
        let at = at as u32;
        let anchor = self.element(step, u64::from(at) - 1).map_or(NONE, |(element, _)| element);
        let before = self.block_of(step, at - 1);
        let join = Join { anchor, before, known: self.known.clone().into() };
        self.layouts.add(step.history.order_key(lv), BlockEvent { lv, marker, join: Some(join) });
        self.hits.insert(lv, marker);
        let cursor = self.tree.locate(marker);
        let counts = self.tree.before(cursor);
        let was_shown = self.tree.get(marker).is_shown();
        let passes_hidden = |live: u32| {
            let previous = self.tree.find(live, |sum| sum.prep_live).and_then(|cursor| self.tree.span(cursor));
            previous.is_some_and(|span| span.hidden_prep)
        };
        if !self.disordered && passes_hidden(counts.prep_live) {
            self.disordered = true;
            self.stale |= !step.at_head;
        }
        self.tree.update(marker..marker + 1, |span| {
            span.prep += 1;
            span.gone += 1;
        });
        if was_shown || self.disordered {
            let shown_at = if step.at_head { at } else { counts.shown() + 1 };
            self.draw_step(step, |page| page.join(shown_at));
        }
        self.touch(step, marker);
    }

    fn remove(&mut self, step: &mut Step<'_>, lv: Lv, at: u64) {
        let Some((marker, true)) = self.element(step, at) else { return };
        self.hits.insert(lv, marker);
        let shown_at = if step.at_head { at as u32 } else { self.tree.before(self.tree.locate(marker)).shown() + 1 };
        let was_shown = self.tree.get(marker).is_shown();
        let state = self.markers.get_mut(&marker).expect("a marker of the sequence has its attributes");
        state.removes_prep += 1;
        state.removes += 1;
        self.removed_prep.insert(marker);
        self.removed.insert(marker);
        if was_shown || self.disordered {
            self.draw_step(step, |page| page.remove(shown_at));
        }
        // The page has hidden the block already if it is empty, so nothing is stale.
        let stale = self.stale;
        self.touch(step, marker);
        self.stale = stale;
    }

    fn mark(&mut self, step: &mut Step<'_>, lv: Lv, first: u64, last: u64, mut mark: Mark) {
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
    fn zone_covers(&self, mark: Lv, last_place: u32, left: Lv) -> bool {
        if left == NONE || self.tree.place_of(left) <= last_place {
            return true;
        }
        let left = self.tree.get(left);
        !left.marker && self.marks.contains(left.cover, mark)
    }

    /// Elements that follow each other in one span come to lie in a mark's interval, covered or not.
    fn cover(&mut self, step: &mut Step<'_>, mark: Lv, range: std::ops::Range<Lv>, covers: impl Fn(&Span) -> bool) {
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

    fn set_register(&mut self, step: &mut Step<'_>, lv: Lv, target: &Target<u64>, key: &str, value: Option<&Value>) {
        let order = step.history.order_key(lv);
        let target = match target {
            Target::Marker(at) => match self.element(step, *at) {
                Some((marker, true)) => Target::Marker(marker),
                _ => return,
            },
            Target::Document => Target::Document,
            Target::Workspace => Target::Workspace,
            Target::Thread(id) => Target::Thread(*id),
        };
        let Target::Marker(marker) = target else {
            let register = self.registers.entry((target, key.to_owned())).or_insert((order, None));
            if order >= register.0 {
                *register = (order, value.cloned());
            }
            return;
        };
        let state = self.markers.get_mut(&marker).expect("a marker of the sequence has its attributes");
        if state.stamps.get(key).is_some_and(|stamp| *stamp > order) {
            return;
        }
        state.stamps.insert(key.to_owned(), order);
        let attributes = Arc::make_mut(&mut state.attributes);
        match value {
            Some(value) => attributes.insert(key.to_owned(), value.clone()),
            None => attributes.remove(key),
        };
        let attributes = state.attributes.clone();
        if self.disordered && !step.at_head {
            self.stale = true;
        } else if self.disordered || self.tree.get(marker).is_shown() {
            // At head the marker's place on the page is the one that the event gave.
            let shown_at = self.shown_place(step, marker);
            self.draw_step(step, |page| page.set_attributes(shown_at, attributes));
        }
    }

    /// The position on the page of a shown marker.
    fn shown_place(&self, step: &Step<'_>, marker: Lv) -> u32 {
        if self.disordered {
            step.page.find_marker(marker).unwrap_or(0)
        } else {
            self.tree.before(self.tree.locate(marker)).shown() + 1
        }
    }

    /// Does to the page what was done to the sequence, unless the page must be drawn again anyway.
    fn draw_step(&mut self, step: &mut Step<'_>, draw: impl FnOnce(&mut Page)) {
        if self.disordered && !step.at_head {
            self.stale = true;
        }
        if !self.stale {
            draw(step.page);
        }
    }

    // ---- the sequence

    /// Where an element with this left origin comes in, and its right origin.
    fn integrate(&self, history: &History, left: Lv, lv: Lv, is_marker: bool) -> (Cursor, Lv) {
        let mut cursor = self.tree.start();
        if left != NONE {
            cursor = self.tree.locate(left);
            cursor.offset += 1;
            let Some(span) = self.tree.span(cursor) else { return (cursor, NONE) };
            if cursor.offset < span.len {
                return (cursor, span.id + cursor.offset);
            }
        }
        let here = cursor;
        let following =
            move |cursor: Cursor| if cursor.offset == 0 { Some(cursor) } else { self.tree.next_span(cursor) };
        // The right origin is the first element that the author knew, deleted or not.
        let mut next = following(cursor).filter(|&cursor| self.tree.span(cursor).is_some());
        let first = next;
        let mut right = NONE;
        while let Some(cursor) = next {
            let Some(span) = self.tree.span(cursor) else { break };
            if span.prep != 0 {
                right = span.id;
                break;
            }
            next = self.tree.next_span(cursor);
        }
        if next == first {
            return (here, right);
        }
        // Concurrent siblings and their descendants lie in between. Places count from 1 here, HEAD is 0.
        let place = |lv: Lv| if lv == NONE { 0 } else { u64::from(self.tree.place_of(lv)) + 1 };
        let right_place = |lv: Lv| if lv == NONE { u64::MAX } else { place(lv) };
        let (my_left, my_right) = (place(left), right_place(right));
        let tie = (is_marker, history.tie(lv));
        let (mut target, mut scanning) = (here, false);
        let mut other = first;
        while let Some(cursor) = other {
            let Some(span) = self.tree.span(cursor).filter(|span| span.prep == 0) else { break };
            match place(span.left).cmp(&my_left) {
                Ordering::Less => break,
                Ordering::Greater => {}
                Ordering::Equal if span.right == right => {
                    if tie < (span.marker, history.tie(span.id)) {
                        break;
                    }
                    scanning = false;
                }
                Ordering::Equal => scanning = right_place(span.right) < my_right,
            }
            if !scanning {
                target = Cursor { offset: span.len, ..cursor };
            }
            other = self.tree.next_span(cursor);
        }
        (target, right)
    }

    fn element_after(&self, lv: Lv) -> Option<Lv> {
        let cursor = self.tree.locate(lv);
        let span = self.tree.span(cursor)?;
        if cursor.offset + 1 < span.len {
            return Some(lv + 1);
        }
        self.tree.next_span(cursor).and_then(|cursor| self.tree.span(cursor)).map(|span| span.id)
    }

    /// Which marks cover an element that comes in at a cursor, and in which marks' intervals it lies.
    fn inherit(&mut self, history: &History, at: Cursor, left: Lv, right: Lv, is_marker: bool) -> (SetId, SetId) {
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

    // ---- the prepare version

    /// Advances an entry's events at the prepare version, or retreats them.
    fn turn(&mut self, history: &History, ix: EntryIx, advance: bool) {
        let entry = history.entry(ix);
        self.know(history, ix, advance);
        let mut touched: Vec<Lv> = Vec::new();
        let watch = !self.disordered && !self.removed_prep.is_empty();
        // What came last is retreated first: a deletion before the insertion that it hit.
        let runs = entry.runs();
        let mut lv = if advance { entry.start } else { entry.end };
        for i in 0..runs.len() {
            let run = if advance { &runs[i] } else { &runs[runs.len() - 1 - i] };
            let count = run.count() as u32;
            if !advance {
                lv -= count;
            }
            match run {
                Event::Insert { .. } => self.tree.update(lv..lv + count, |span| {
                    span.prep = u32::from(advance);
                    if watch {
                        touched.push(span.id);
                    }
                }),
                Event::Delete { .. } => {
                    let first = self.deletions.partition_point(|deletion| deletion.event < lv);
                    for i in first..self.deletions.len() {
                        let Deletion { event, len, target, .. } = self.deletions[i];
                        if event >= lv + count {
                            break;
                        }
                        self.tree.update(target..target + len, |span| {
                            span.prep = if advance { span.prep + 1 } else { span.prep - 1 };
                            if watch {
                                touched.push(span.id);
                            }
                        });
                    }
                }
                Event::Join { .. } | Event::Remove { .. } => {
                    if let Some(&marker) = self.hits.get(&lv) {
                        touched.push(marker);
                        if matches!(run, Event::Join { .. }) {
                            self.tree.update(marker..marker + 1, |span| {
                                span.prep = if advance { span.prep + 1 } else { span.prep - 1 };
                            });
                        } else {
                            self.count_remove(marker, advance);
                        }
                    }
                }
                _ => {}
            }
            if advance {
                lv += count;
            }
        }
        if !self.disordered {
            for lv in touched {
                self.refresh_around(lv, View::Prepare);
            }
        }
    }

    fn count_remove(&mut self, marker: Lv, advance: bool) {
        let state = self.markers.get_mut(&marker).expect("a marker of the sequence has its attributes");
        state.removes_prep = if advance { state.removes_prep + 1 } else { state.removes_prep - 1 };
        if state.removes_prep > 0 {
            self.removed_prep.insert(marker);
        } else {
            self.removed_prep.remove(&marker);
            self.tree.update(marker..marker + 1, |span| span.hidden_prep = false);
        }
    }

    // ---- removed markers

    /// Something changed at an element: a removed marker whose run holds it, or is cut by it, may show or hide.
    fn touch(&mut self, step: &Step<'_>, lv: Lv) {
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
    fn refresh_around(&mut self, lv: Lv, view: View) -> bool {
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
        heads.into_iter().fold(false, |turned, head| self.refresh(head, view) || turned)
    }

    /// Hides a removed marker if its run shows nothing, or shows it; tells whether it turned.
    fn refresh(&mut self, marker: Lv, view: View) -> bool {
        let span = *self.tree.get(marker);
        let is_live = if view == View::Prepare { span.prep == 1 } else { span.gone == 0 };
        if !is_live {
            return false;
        }
        let (live, chars): (fn(&Sum) -> u32, fn(&Sum) -> u32) = match view {
            View::Prepare => (|sum| sum.prep_live, |sum| sum.prep_chars),
            View::Effect => (|sum| sum.live, |sum| sum.chars),
        };
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

    // ---- drawing

    /// What is shown, in order, at one of the two versions.
    fn pieces(&self, layout: Option<&Layout>, view: View) -> Vec<Piece> {
        let exists = |span: &Span| view == View::Effect || span.prep != 0;
        let live = |span: &Span| if view == View::Effect { span.gone == 0 } else { span.prep == 1 };
        let piece = |span: &Span| Piece { id: span.id, len: span.len, marker: span.marker, cover: span.cover };
        let Some(layout) = layout else {
            let hidden = |span: &Span| if view == View::Effect { span.hidden } else { span.hidden_prep };
            return self.tree.spans().filter(|span| live(span) && !hidden(span)).map(piece).collect();
        };
        let mut segments: FxHashMap<Lv, Vec<Piece>> = FxHashMap::default();
        let mut pieces_of_markers: FxHashMap<Lv, Piece> = FxHashMap::default();
        let mut segment = NONE;
        for span in self.tree.spans().filter(|span| exists(span)) {
            if span.marker {
                segment = span.id;
                pieces_of_markers.insert(segment, piece(span));
            } else if live(span) {
                segments.entry(segment).or_default().push(piece(span));
            }
        }
        let mut out: Vec<Piece> = Vec::new();
        for &entry in &layout.list {
            if entry != NONE && !layout.dead.contains(&entry) {
                out.push(pieces_of_markers[&entry]);
            }
            out.extend(segments.remove(&entry).into_iter().flatten());
        }
        let removed = if view == View::Effect { &self.removed } else { &self.removed_prep };
        let mut kept: Vec<Piece> = Vec::with_capacity(out.len());
        for (i, piece) in out.iter().enumerate() {
            let is_empty = out.get(i + 1).is_none_or(|next| next.marker);
            if !(piece.marker && is_empty && removed.contains(&piece.id)) {
                kept.push(*piece);
            }
        }
        kept
    }

    /// The page of everything folded. Blocks that are the same as in `old` are shared with it.
    pub fn draw(&mut self, history: &History, old: Option<&Page>) -> Page {
        let layout = self.disordered.then(|| self.layouts.all(history, &self.tree));
        let mut blocks = vec![Block::new(None, Arc::default())];
        for piece in self.pieces(layout.as_ref(), View::Effect) {
            if piece.marker {
                let mut block = Block::new(Some(piece.id), self.markers[&piece.id].attributes.clone());
                block.removed = self.removed.contains(&piece.id);
                blocks.push(block);
            } else if let Some(block) = blocks.last_mut() {
                let marks = self.marks.shown(piece.cover);
                block.push(Run { id: piece.id, len: piece.len, marks }, &text_of(history, piece.id, piece.len));
            }
        }
        let shared: FxHashMap<Option<Lv>, Arc<Block>> =
            old.into_iter().flat_map(Page::all).map(|block| (block.marker, block.clone())).collect();
        let blocks = blocks.into_iter().map(|block| match shared.get(&block.marker) {
            Some(old) if **old == block => old.clone(),
            _ => Arc::new(block),
        });
        Page::from_blocks(blocks.collect())
    }

    /// Panics where the sequence is damaged or the page doesn't show it.
    pub fn assert_invariants(&self, history: &History, page: &Page) {
        self.tree.assert_invariants();
        page.assert_invariants();
        assert!(!self.stale, "the page was drawn again where it had to be");
        let drawn = self.clone().draw(history, None);
        let content = |page: &Page| {
            page.all()
                .map(|block| (block.marker, block.attributes.clone(), block.removed, block.text.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(content(page), content(&drawn), "the page shows what was folded");
        let marks = |page: &Page| {
            page.blocks()
                .map(|block| block.inlines().into_iter().map(|(t, m)| (t.to_owned(), m.clone())).collect())
                .collect::<Vec<Vec<_>>>()
        };
        assert_eq!(marks(page), marks(&drawn), "the page shows the marks");
    }
}

/// Takes elements out of what is shown, and the marker of a removed block that this empties.
fn hide(pieces: &mut Vec<Piece>, id: Lv, len: u32, removed: &BTreeSet<Lv>) {
    let Some(i) = pieces.iter().position(|piece| piece.id <= id && id < piece.id + piece.len) else { return };
    let piece = pieces[i];
    let before = Piece { len: id - piece.id, ..piece };
    let after = Piece { id: id + len, len: piece.id + piece.len - id - len, ..piece };
    pieces.splice(i..=i, [before, after].into_iter().filter(|piece| piece.len > 0));
    if let Some(marker) = i.checked_sub(1).and_then(|before| pieces.get(before))
        && marker.marker
        && removed.contains(&marker.id)
        && pieces.get(i).is_none_or(|next| next.marker)
    {
        pieces.remove(i - 1);
    }
}

/// The characters that were inserted as these elements.
pub(crate) fn text_of(history: &History, id: Lv, len: u32) -> String {
    let mut out = String::new();
    let (mut lv, end) = (id, id + len);
    while lv < end {
        let entry = history.entry(history.entry_of(lv));
        let mut run_start = entry.start;
        for run in entry.runs() {
            let run_end = run_start + run.count() as u32;
            if lv < run_end && lv < end {
                let take = end.min(run_end) - lv;
                match run {
                    Event::Insert { what: Insertion::Text(text), .. } => {
                        out.extend(text.chars().skip((lv - run_start) as usize).take(take as usize));
                    }
                    _ => out.extend((0..take).map(|_| OBJECT)),
                }
                lv += take;
            }
            run_start = run_end;
        }
    }
    out
}
