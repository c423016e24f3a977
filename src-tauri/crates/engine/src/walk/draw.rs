//! Drawing the page from the sequence.

use super::*;

impl Window {
    /// What is shown, in order, at one of the two versions.
    pub(super) fn pieces(&self, layout: Option<&List>, view: View) -> Vec<Piece> {
        let piece = |span: &Span| Piece { id: span.id, len: span.len, marker: span.marker, cover: span.cover };
        let Some(layout) = layout else {
            return self.tree.spans().filter(|span| span.at(view).is_shown()).map(piece).collect();
        };
        let mut segments: FxHashMap<Id, Vec<Piece>> = FxHashMap::default();
        let mut pieces_of_markers: FxHashMap<Id, Piece> = FxHashMap::default();
        let mut segment = NONE;
        for span in self.tree.spans().filter(|span| span.at(view).there) {
            if span.marker {
                segment = span.id;
                pieces_of_markers.insert(segment, piece(span));
            } else if span.at(view).is_live() {
                segments.entry(segment).or_default().push(piece(span));
            }
        }
        let mut out: Vec<Piece> = Vec::new();
        for entry in layout.segments() {
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

    /// The page of everything folded.
    pub(super) fn draw(&mut self, history: &History) -> Page {
        let layout = self.disordered.then(|| self.layouts.all(&self.tree));
        let pieces = self.pieces(layout.as_ref(), View::Effect);
        let items: Vec<(Item, String)> = pieces
            .into_iter()
            .map(|piece| {
                let style = self.marks.style(piece.cover);
                if piece.marker {
                    let removed = self.removed.contains(&piece.id);
                    let start = BlockStart { attributes: self.attributes(piece.id), removed, style };
                    (Item::marker(piece.id, Arc::new(start)), "\n".to_owned())
                } else {
                    (Item::text(piece.id, piece.len, style), self.text_of(history, piece.id, piece.len))
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
