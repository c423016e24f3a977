//! Drawing the page from the sequence.

use super::*;

impl Window {
    /// What is shown, in order, at one of the two versions, and which live markers aren't. Without a list, the order is that of
    /// the sequence.
    pub(super) fn shown(&self, list: Option<&List>, view: View) -> (Vec<Span>, FxHashSet<Id>) {
        let Some(list) = list else {
            return (
                self.tree.spans().filter(|span| span.at(view).is_shown()).copied().collect(),
                FxHashSet::default(),
            );
        };
        let mut segments: FxHashMap<Id, Vec<Span>> = FxHashMap::default();
        let mut segment = NONE;
        for span in self.tree.spans().filter(|span| span.at(view).there) {
            if span.marker {
                segment = span.id;
            }
            if span.marker || span.at(view).is_live() {
                segments.entry(segment).or_default().push(*span);
            }
        }
        let mut shown: Vec<Span> = Vec::new();
        for segment in list.segments() {
            let spans = segments.remove(&segment).unwrap_or_default();
            let is_dead = list.dead.contains(&segment);
            shown.extend(spans.into_iter().filter(|span| !(span.marker && is_dead)));
        }
        let removed = if view == View::Effect { &self.removed } else { &self.removed_prep };
        let mut hidden = FxHashSet::default();
        for i in 0..shown.len() {
            let is_empty = shown.get(i + 1).is_none_or(|next| next.marker);
            if shown[i].marker && is_empty && removed.contains(&shown[i].id) {
                hidden.insert(shown[i].id);
            }
        }
        shown.retain(|span| !(span.marker && hidden.contains(&span.id)));
        (shown, hidden)
    }

    /// The page of everything folded.
    pub(super) fn draw(&mut self, history: &History) -> Page {
        let list = self.disordered.then(|| self.layouts.at(&self.tree, &self.effect));
        let (shown, _) = self.shown(list.as_deref(), View::Effect);
        let items: Vec<(Item, String)> = shown
            .into_iter()
            .map(|span| {
                let style = self.marks.style(span.cover);
                if span.marker {
                    let removed = self.removed.contains(&span.id);
                    let start = BlockStart { attributes: self.attributes(span.id), removed, style };
                    (Item::marker(span.id, Arc::new(start)), MARKER_TEXT.to_owned())
                } else {
                    (Item::text(span.id, span.len, style), self.text_of(history, span.id, span.len))
                }
            })
            .collect();
        Page::of(items)
    }

    /// The characters that were inserted as these elements.
    pub(super) fn text_of(&self, history: &History, id: Id, len: u32) -> String {
        // A run can go on where a snapshot ended.
        let past = history.past_part(id, len);
        let mut text = if past > 0 { self.base.origin.text_of(id, past) } else { String::new() };
        if past < len {
            text.push_str(&history.text_of(id + Id::from(past), len - past));
        }
        text
    }

    /// Panics where the sequence is damaged or the page doesn't show it.
    pub fn assert_invariants(&self, history: &History, page: &Page) {
        self.tree.assert_invariants();
        assert!(!self.stale, "the page was drawn again where it had to be");
        let drawn = self.clone().draw(history);
        let plain = |page: &Page| page.blocks().collect::<Vec<_>>();
        assert_eq!(plain(page), plain(&drawn), "the page shows what was folded");
    }
}
