//! What text, deletions, joins and removes do to the sequence and to the page.

use super::*;

impl Window {
    pub(super) fn insert(&mut self, step: &mut Step<'_>, id: Id, at: u64, what: &Insertion) {
        let at = u32::try_from(at).unwrap_or(u32::MAX).min(self.shown_len(step));
        let left = if at == 0 { NONE } else { self.element(step, u64::from(at)).map_or(NONE, |(left, _)| left) };
        let is_marker = matches!(what, Insertion::Marker(_));
        let (cursor, right) = self.integrate(step.history, left, id, is_marker);
        let (cover, place) = self.inherit(step, cursor, left, at, is_marker);
        let mut object = [0; 4];
        let (text, len) = match what {
            Insertion::Text(text) => (text.as_str(), text.chars().count() as u32),
            Insertion::Marker(_) | Insertion::Object(_) => (&*OBJECT.encode_utf8(&mut object), 1),
        };
        let (prep, effect) = (State::NEW, State::NEW);
        let span = Span { id, len, left, right, marker: is_marker, prep, effect, cover, place };
        let cursor = self.tree.insert(cursor, span);
        let shown_before = if step.at_head || self.stale || self.disordered {
            at
        } else {
            // A span that took the new one in lies before it, shown as far as the new one is.
            self.tree.before(cursor).effect.shown() + cursor.offset
        };
        let style = self.marks.style(cover);
        if let Insertion::Marker(attributes) = what {
            self.markers.insert(id, Marker { attributes: attributes.clone(), ..Marker::default() });
            self.layouts.add(step.history.order_key(id), BlockEvent { id, what: Change::Insert(id) });
            let start = BlockStart { attributes: attributes.clone(), removed: false, style };
            let item = Item::marker(id, Arc::new(start));
            self.draw_step(step, |page| page.insert(shown_before, item, MARKER_TEXT));
        } else {
            let item = Item::text(id, len, style);
            self.draw_step(step, |page| page.insert(shown_before, item, text));
        }
        self.touch(step, id);
    }

    pub(super) fn delete(&mut self, step: &mut Step<'_>, id: Id, at: u64, left: u32, backward: bool) {
        let (mut id, mut at, mut left) = (id, at, left);
        while left > 0 {
            let Some((element, is_marker)) = self.element(step, at) else {
                // What is past the end hits nothing, and the last block can have gone with its last character.
                let past = at.saturating_sub(u64::from(self.shown_len(step))).min(u64::from(left)) as u32;
                if !backward || past == 0 {
                    return;
                }
                (at, id, left) = (at - u64::from(past), id + Id::from(past), left - past);
                continue;
            };
            if is_marker {
                // The next one backward is another element, the next one forward is the same marker again.
                if !backward {
                    return;
                }
                (at, id, left) = (at - 1, id + 1, left - 1);
                continue;
            }
            let cursor = self.tree.locate(element);
            let Some(span) = self.tree.span(cursor).copied() else { return };
            let len = left.min(if backward { cursor.offset + 1 } else { span.len - cursor.offset });
            let target = if backward { element - Id::from(len - 1) } else { element };
            let deletion = Deletion { seq: seq_of(id), len, target, backward };
            self.line(line_of(id)).deletions.push(deletion);
            self.change_elements(step, target..target + Id::from(len), |span| {
                span.prep.gone += 1;
                span.effect.gone += 1;
            });
            let first = if backward { at - u64::from(len - 1) } else { at } as u32;
            self.change_sight(first - 1, |page| page.delete(first, len));
            (id, left) = (id + Id::from(len), left - len);
            if backward {
                at -= u64::from(len);
            }
        }
    }

    /// Changes characters and draws what this shows or hides.
    pub(super) fn change_elements(&mut self, step: &mut Step<'_>, range: Range<Id>, mut change: impl FnMut(&mut Span)) {
        let mut id = range.start;
        while let Some(next) = self.tree.next_element(id, range.end) {
            let cursor = self.tree.locate(next);
            let Some(span) = self.tree.span(cursor).copied() else { return };
            let len = ((range.end - next) as u32).min(span.len - cursor.offset);
            self.tree.update_span(cursor, len, &mut change);
            let (was_shown, is_shown) = (span.effect.is_shown(), self.tree.get(next).effect.is_shown());
            if was_shown != is_shown {
                let cursor = self.tree.locate(next);
                let before = self.tree.before(cursor).effect.shown();
                // In a span that is shown, its elements before this one are shown too.
                let before = if is_shown { before + cursor.offset } else { before };
                if is_shown {
                    let style = self.marks.style(span.cover);
                    let text = self.text_of(step.history, next, len);
                    self.draw_step(step, |page| page.insert(before, Item::text(next, len, style), &text));
                } else {
                    self.draw_step(step, |page| page.delete(before + 1, len));
                }
            }
            self.touch(step, next);
            id = next + Id::from(len);
        }
    }

    pub(super) fn join(&mut self, step: &mut Step<'_>, id: Id, at: u64) {
        let Some((marker, true)) = self.element(step, at) else { return };
        let at = at as u32;
        let anchor = self.element(step, u64::from(at) - 1).map_or(NONE, |(element, _)| element);
        let into = self.block_of(step, at - 1);
        let what = Change::Join { marker, anchor, into, author: self.layouts.author(id, self.prep.clone()) };
        self.layouts.add(step.history.order_key(id), BlockEvent { id, what });
        self.line(line_of(id)).hits.push((seq_of(id), Hit::Join(marker)));
        let cursor = self.tree.locate(marker);
        let counts = self.tree.before(cursor);
        let was_shown = self.tree.get(marker).is_shown();
        let passes_hidden = |live: u32| {
            let previous = self.tree.find(live, |sum| sum.prep.live).and_then(|cursor| self.tree.span(cursor));
            previous.is_some_and(|span| span.prep.hidden)
        };
        if !self.disordered && passes_hidden(counts.prep.live) {
            self.disordered = true;
        }
        self.tree.update(marker..marker + 1, |span| {
            span.prep.gone += 1;
            span.effect.gone += 1;
        });
        self.note_hidden(marker);
        if was_shown || self.disordered {
            let shown_at = if step.at_head { at } else { counts.effect.shown() + 1 };
            self.draw_step(step, |page| page.join(shown_at));
        }
        self.touch(step, marker);
    }

    pub(super) fn remove(&mut self, step: &mut Step<'_>, id: Id, at: u64) {
        let Some((marker, true)) = self.element(step, at) else { return };
        self.line(line_of(id)).hits.push((seq_of(id), Hit::Remove(marker)));
        let cursor = self.tree.locate(marker);
        let shown_at = if step.at_head { at as u32 } else { self.tree.before(cursor).effect.shown() + 1 };
        let was_shown = self.tree.get(marker).is_shown();
        self.count_remove(marker, View::Prepare, true);
        self.count_remove(marker, View::Effect, true);
        if was_shown || self.disordered {
            self.draw_step(step, |page| page.remove(shown_at));
        }
        // The page has hidden the block already if it is empty, so nothing is stale.
        let stale = self.stale;
        self.touch(step, marker);
        self.stale = stale;
    }

    pub(super) fn move_blocks(&mut self, step: &mut Step<'_>, id: Id, first: u64, count: u64, to: u64) {
        let Some((blocks, block)) = self.moved(step, first, count, to) else { return };
        let what = Change::Move { blocks, to: block, author: self.layouts.author(id, self.prep.clone()) };
        self.layouts.add(step.history.order_key(id), BlockEvent { id, what });
        self.disordered = true;
        self.draw_step(step, |page| page.move_blocks(first, count, to));
    }

    /// The markers of the blocks that a move takes along, and that of the block that they go behind.
    fn moved(&self, step: &Step<'_>, first: u64, count: u64, to: u64) -> Option<(Vec<Id>, Id)> {
        let marker = |at: u64| self.element(step, at).filter(|(_, is_marker)| *is_marker).map(|(marker, _)| marker);
        let to = if to == 0 { NONE } else { marker(to)? };
        let first_block = marker(first)?;
        let count = usize::try_from(count).ok().filter(|&count| count > 0)?;
        let blocks: Vec<Id> = if let Some(page) = self.seen(step) {
            let after = std::iter::successors(u32::try_from(first).ok(), |&at| page.marker_after(at));
            after.take(count).filter_map(|at| Some(page.element(at)?.0)).collect()
        } else {
            let before = self.tree.before(self.tree.locate(first_block)).prep.markers;
            let nth = |i: usize| {
                let cursor = self.tree.find(before + 1 + u32::try_from(i).ok()?, |sum| sum.prep.markers)?;
                self.tree.span(cursor).map(|span| span.id)
            };
            (0..count).map_while(nth).collect()
        };
        (blocks.len() == count).then_some((blocks, to))
    }

    /// Does to the page what was done to the sequence, unless the page must be drawn again anyway.
    pub(super) fn draw_step(&mut self, step: &mut Step<'_>, draw: impl FnOnce(&mut Page)) {
        let Some(page) = &mut step.page else { return };
        self.stale |= self.disordered;
        if !self.stale {
            draw(page);
        }
    }
}
