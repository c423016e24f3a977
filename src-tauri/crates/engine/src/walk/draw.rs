//! Drawing the page from the sequence.

use super::*;

impl Walk {
    /// What is shown, in order, at one of the two versions.
    pub(super) fn pieces(&self, layout: Option<&Layout>, view: View) -> Vec<Piece> {
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
