//! What each kind of event does to the sequence and to the page.

use super::*;

impl Walk {
    pub(super) fn insert(&mut self, step: &mut Step<'_>, lv: Lv, at: u64, what: &Insertion) {
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

    pub(super) fn delete(&mut self, step: &mut Step<'_>, mut lv: Lv, at: u64, mut left: u32, backward: bool) {
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

    pub(super) fn join(&mut self, step: &mut Step<'_>, lv: Lv, at: u64) {
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

    pub(super) fn remove(&mut self, step: &mut Step<'_>, lv: Lv, at: u64) {
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

    pub(super) fn set_register(
        &mut self,
        step: &mut Step<'_>,
        lv: Lv,
        target: &Target<u64>,
        key: &str,
        value: Option<&Value>,
    ) {
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
    pub(super) fn shown_place(&self, step: &Step<'_>, marker: Lv) -> u32 {
        if self.disordered {
            step.page.find_marker(marker).unwrap_or(0)
        } else {
            self.tree.before(self.tree.locate(marker)).shown() + 1
        }
    }

    /// Does to the page what was done to the sequence, unless the page must be drawn again anyway.
    pub(super) fn draw_step(&mut self, step: &mut Step<'_>, draw: impl FnOnce(&mut Page)) {
        if self.disordered && !step.at_head {
            self.stale = true;
        }
        if !self.stale {
            draw(step.page);
        }
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
