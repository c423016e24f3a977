//! Cancels: own events that don't count any more, or count again.

use super::*;

/// Which events are cancelled, and by what.
#[derive(Debug, Clone, Default)]
pub(super) struct Cancels {
    /// The cancel events that name events of a line, by that line, in their order.
    by_line: FxHashMap<u32, Vec<CancelEvent>>,
    /// The cancelled events at the prepare and at the effect version.
    off_prep: RangeSet,
    off: RangeSet,
}

#[derive(Debug, Clone)]
struct CancelEvent {
    order: OrderKey,
    id: Id,
    range: Range<Id>,
    on: bool,
}

/// Ranges of events that don't touch.
#[derive(Debug, Clone, Default)]
struct RangeSet(BTreeMap<Id, Id>);

impl RangeSet {
    fn contains(&self, id: Id) -> bool {
        self.0.range(..=id).next_back().is_some_and(|(_, &end)| id < end)
    }

    /// Divides a range into stretches that are in the set and that aren't.
    fn pieces(&self, range: Range<Id>) -> Vec<(Range<Id>, bool)> {
        let mut pieces = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let inside = self.0.range(..=at).next_back().filter(|&(_, &end)| at < end).map(|(_, &end)| end);
            let end = match inside {
                Some(end) => end,
                None => self.0.range(at..).next().map_or(range.end, |(&start, _)| start),
            };
            let end = end.min(range.end);
            pieces.push((at..end, inside.is_some()));
            at = end;
        }
        pieces
    }

    fn set(&mut self, range: Range<Id>, inside: bool) {
        let mut merged = range.clone();
        let touching: Vec<(Id, Id)> = self
            .0
            .range(..=range.end)
            .rev()
            .take_while(|&(_, &end)| end >= range.start)
            .map(|(&start, &end)| (start, end))
            .collect();
        for (start, end) in touching {
            self.0.remove(&start);
            if inside {
                merged = merged.start.min(start)..merged.end.max(end);
                continue;
            }
            if start < range.start {
                self.0.insert(start, range.start.min(end));
            }
            if end > range.end {
                self.0.insert(range.end.max(start), end);
            }
        }
        if inside {
            self.0.insert(merged.start, merged.end);
        }
    }
}

impl Cancels {
    fn off(&self, view: View) -> &RangeSet {
        match view {
            View::Prepare => &self.off_prep,
            View::Effect => &self.off,
        }
    }

    pub fn is_off(&self, id: Id, view: View) -> bool {
        self.off(view).contains(id)
    }

    /// The elements that deletions hit which aren't cancelled.
    pub fn counting(&self, line: u32, deletion: Deletion, view: View) -> Vec<Range<Id>> {
        let first = id_of(line, deletion.seq);
        let pieces = self.off(view).pieces(first..first + Id::from(deletion.len));
        pieces.into_iter().filter(|(_, off)| !off).map(|(range, _)| deletion.targets(first, range)).collect()
    }

    /// Divides a range of events into stretches that are cancelled at a version and that aren't. `in_version` says
    /// which cancel events are in it.
    fn decide(&self, range: &Range<Id>, in_version: impl Fn(Id) -> bool) -> Vec<(Range<Id>, bool)> {
        let events: Vec<&CancelEvent> = self
            .by_line
            .get(&line_of(range.start))
            .into_iter()
            .flatten()
            .filter(|event| event.range.start < range.end && range.start < event.range.end && in_version(event.id))
            .collect();
        let mut cuts: Vec<Id> = vec![range.start, range.end];
        cuts.extend(events.iter().flat_map(|event| [event.range.start, event.range.end]));
        cuts.retain(|cut| range.start <= *cut && *cut <= range.end);
        cuts.sort_unstable();
        cuts.dedup();
        let is_off =
            |id: Id| events.iter().rev().find(|event| event.range.contains(&id)).is_some_and(|event| !event.on);
        cuts.windows(2).map(|cut| (cut[0]..cut[1], is_off(cut[0]))).collect()
    }
}

impl Deletion {
    /// The elements that a part of the deletions hit; `first` is the event of the first.
    fn targets(&self, first: Id, events: Range<Id>) -> Range<Id> {
        if self.backward {
            let last = self.target + Id::from(self.len);
            last - (events.end - first)..last - (events.start - first)
        } else {
            self.target + (events.start - first)..self.target + (events.end - first)
        }
    }
}

impl Window {
    pub(super) fn cancel(&mut self, step: &mut Step<'_>, id: Id, ranges: &[(u64, u64)], on: bool) {
        let ranges = step.history.own_ranges(id, ranges);
        let order = step.history.order_key(id);
        for range in &ranges {
            let events = self.cancels.by_line.entry(line_of(range.start)).or_default();
            let place = events.partition_point(|event| event.order < order);
            events.insert(place, CancelEvent { order, id, range: range.clone(), on });
        }
        self.line(line_of(id)).hits.push((seq_of(id), Hit::Cancel(ranges.clone())));
        let mut touched = Vec::new();
        self.turn_cancel(&ranges, (&(id..id + 1), true), &mut touched);
        for id in touched {
            self.refresh_around(id, View::Prepare);
        }
        // What this shows and hides isn't where the entry's positions say.
        let at_head = std::mem::take(&mut step.at_head);
        for range in ranges {
            for (range, off) in self.cancels.decide(&range, |_| true) {
                self.switch_effect(step, range, off);
            }
        }
        step.at_head = at_head;
    }

    /// Brings events at the prepare version up to date that a cancel names, which is among those that are being advanced or
    /// retreated.
    pub(super) fn turn_cancel(
        &mut self,
        ranges: &[Range<Id>],
        (turned, advance): (&Range<Id>, bool),
        touched: &mut Vec<Id>,
    ) {
        for range in ranges {
            let in_version = |cancel| if turned.contains(&cancel) { advance } else { self.prep.has(cancel) };
            for (range, off) in self.cancels.decide(range, in_version) {
                self.switch_prep(range, off, touched);
            }
        }
    }

    fn switch_prep(&mut self, range: Range<Id>, off: bool, touched: &mut Vec<Id>) {
        for (range, was_off) in self.cancels.off_prep.pieces(range) {
            if was_off == off {
                continue;
            }
            self.cancels.off_prep.set(range.clone(), off);
            self.tree.update(range.clone(), |span| {
                if !span.marker {
                    span.prep.void = off;
                    touched.push(span.id);
                }
            });
            let known = self.prep.count(line_of(range.start));
            let known = range.start..range.end.min(id_of(line_of(range.start), known)).max(range.start);
            for targets in self.hit_by(known.clone()) {
                self.count_deletion(targets, View::Prepare, !off, touched);
            }
            for (id, hit) in self.hits_of(range) {
                match hit {
                    Hit::Remove(marker) if known.contains(&id) => {
                        self.count_remove(marker, View::Prepare, !off);
                        touched.push(marker);
                    }
                    Hit::Mark => self.marks.set_void_prep(id, off),
                    _ => {}
                }
            }
        }
    }

    fn switch_effect(&mut self, step: &mut Step<'_>, range: Range<Id>, off: bool) {
        for (range, was_off) in self.cancels.off.pieces(range) {
            if was_off == off {
                continue;
            }
            self.cancels.off.set(range.clone(), off);
            self.change_elements(step, range.clone(), |span| {
                if !span.marker {
                    span.effect.void = off;
                }
            });
            for targets in self.hit_by(range.clone()) {
                self.change_elements(step, targets, |span| {
                    span.effect.gone = if off { span.effect.gone - 1 } else { span.effect.gone + 1 };
                });
            }
            for (id, hit) in self.hits_of(range) {
                match hit {
                    Hit::Remove(marker) => {
                        self.count_remove(marker, View::Effect, !off);
                        self.stale |= step.page.is_some();
                        self.touch(step, marker);
                    }
                    Hit::Mark => {
                        self.marks.set_void(id, off);
                        self.restyle(step, id);
                    }
                    Hit::Register(key) => self.show_register(step, &key),
                    Hit::Join(_) | Hit::Cancel(_) => {}
                }
            }
        }
    }

    /// The elements that the deletions among some events of a line hit.
    fn hit_by(&self, range: Range<Id>) -> Vec<Range<Id>> {
        let Some(log) = self.lines.get(line_of(range.start) as usize) else { return Vec::new() };
        let line = line_of(range.start);
        let first = log.deletions.partition_point(|deletion| id_of(line, deletion.seq + deletion.len) <= range.start);
        log.deletions[first..]
            .iter()
            .take_while(|deletion| id_of(line, deletion.seq) < range.end)
            .map(|deletion| {
                let start = id_of(line, deletion.seq);
                let end = start + Id::from(deletion.len);
                deletion.targets(start, range.start.max(start)..range.end.min(end))
            })
            .collect()
    }

    fn hits_of(&self, range: Range<Id>) -> Vec<(Id, Hit)> {
        let line = line_of(range.start);
        let Some(log) = self.lines.get(line as usize) else { return Vec::new() };
        let first = log.hits.partition_point(|(seq, _)| id_of(line, *seq) < range.start);
        let hits = log.hits[first..].iter().map(|(seq, hit)| (id_of(line, *seq), hit.clone()));
        hits.take_while(|(id, _)| *id < range.end).collect()
    }

    /// Draws a mark's elements again.
    fn restyle(&mut self, step: &mut Step<'_>, mark: Id) {
        self.stale |= self.disordered && step.page.is_some();
        let Some(page) = step.page.as_deref_mut().filter(|_| !self.stale) else { return };
        let mut shown = 0;
        for span in self.tree.spans() {
            let len = if !span.is_shown() { 0 } else { span.len };
            if len > 0 && self.marks.contains(span.cover, mark) {
                let style = self.marks.style(span.cover);
                page.restyle(shown + 1, shown + len, |_| style.clone());
            }
            shown += len;
        }
    }
}
