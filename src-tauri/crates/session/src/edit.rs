//! What the writer did, as events: a change of the wire becomes the events that mean it, whoever else writes at the same
//! time.

use std::collections::BTreeMap;

use inkfold_engine::{Attributes, Document, EditError, End, Event, Insertion, Page, Start, Target, UndoStack, Value};

use crate::convert::{attrs_in, value_in};
use crate::wire::{Attrs, Block, Change, Inline, Point};

/// A change that doesn't fit the page it was made on.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It names a place that isn't there.
    #[error("a change names a place that the page doesn't have")]
    Place,
    /// The engine refused it.
    #[error(transparent)]
    Engine(#[from] EditError),
}

/// Applies changes to a document whose record is open, and notes the events that they became.
pub struct Author<'a> {
    document: &'a mut Document,
    /// Where it is noted how to undo them.
    undo: Option<&'a mut UndoStack>,
    /// The events, in order.
    pub events: Vec<Event>,
}

impl<'a> Author<'a> {
    /// For a document whose record is open.
    pub fn new(document: &'a mut Document) -> Self {
        Author { document, undo: None, events: Vec::new() }
    }

    /// The same, for what its writer can undo.
    pub fn undoable(document: &'a mut Document, undo: &'a mut UndoStack) -> Self {
        Author { document, undo: Some(undo), events: Vec::new() }
    }

    /// The page as it is after what was applied so far.
    pub fn page(&self) -> &Page {
        self.document.page()
    }

    /// Applies one event.
    ///
    /// # Errors
    /// The engine refuses it; nothing was changed.
    pub fn event(&mut self, event: Event) -> Result<(), ChangeError> {
        match &mut self.undo {
            Some(undo) => undo.apply(self.document, &event)?,
            None => self.document.apply(&event)?,
        }
        self.events.push(event);
        Ok(())
    }

    /// Applies one change.
    ///
    /// # Errors
    /// It doesn't fit the page. Events that came before the misfit stay applied and noted.
    pub fn change(&mut self, change: &Change) -> Result<(), ChangeError> {
        match change {
            Change::Splice { from, to, insert } => {
                self.delete(*from, *to)?;
                let at = self.position(*from)?;
                self.insert_inlines(at, insert)
            }
            Change::Split { at, attrs } => {
                if at.offset == 0 {
                    self.keep_block(at.block)?;
                }
                let at = self.position(*at)?;
                self.insert_marker(at, attrs_in(attrs))
            }
            Change::Join { block } => self.join(*block),
            Change::Insert { block, blocks } => {
                if *block == 0 {
                    self.make_real(0)?;
                }
                let at = match block.checked_sub(1) {
                    None => 0,
                    Some(before) => self.end_of(before)?,
                };
                self.new_blocks(at, blocks)
            }
            Change::Remove { block, count } => {
                for block in (*block..block.saturating_add(*count)).rev() {
                    self.remove(block)?;
                }
                Ok(())
            }
            Change::Set { block, attrs } => self.set(*block, attrs),
            Change::Mark { from, to, key, value } => {
                let (first, last) = (self.position(*from)? + 1, self.position(*to)?);
                self.mark(first, last, key, value.as_ref().map(value_in))
            }
        }
    }

    /// Puts whole blocks in after a position: the end of a block, or 0.
    ///
    /// # Errors
    /// Their text holds what a document can't.
    pub fn new_blocks(&mut self, mut at: u32, blocks: &[Block]) -> Result<(), ChangeError> {
        for block in blocks {
            self.insert_marker(at, attrs_in(&block.attrs))?;
            at += 1;
            self.insert_inlines(at, &block.content)?;
            at += block.content.iter().map(|inline| scalars(&inline.text)).sum::<u32>();
        }
        Ok(())
    }

    /// Puts text in after a position, line feeds as markers of blocks like the one that they stand in.
    ///
    /// # Errors
    /// The text holds what a document can't.
    pub fn insert_text(&mut self, at: u32, text: &str) -> Result<(), ChangeError> {
        self.lines(at, text, Self::attributes_at)
    }

    /// Adds text at the end of the page; each line feed begins a paragraph.
    ///
    /// # Errors
    /// The text holds what a document can't.
    pub fn append_text(&mut self, at: u32, text: &str) -> Result<(), ChangeError> {
        self.lines(at, text, |_, _| paragraph())
    }

    fn lines(
        &mut self,
        mut at: u32,
        text: &str,
        attributes: impl Fn(&Self, u32) -> Attributes,
    ) -> Result<(), ChangeError> {
        inkfold_engine::event::check_text(&text.replace('\n', "")).map_err(EditError::from)?;
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                let attributes = attributes(self, at);
                self.insert_marker(at, attributes)?;
                at += 1;
            }
            if !line.is_empty() {
                self.event(Event::Insert { at: at.into(), what: Insertion::Text(line.into()) })?;
                at += scalars(line);
            }
        }
        Ok(())
    }

    fn attributes_at(&self, at: u32) -> Attributes {
        let block = self.page().point(at).and_then(|(block, _)| self.page().block(block));
        block.map(|block| block.attributes().clone()).unwrap_or_default()
    }

    fn position(&self, point: Point) -> Result<u32, ChangeError> {
        self.page().position(point.block as usize, point.offset as usize).ok_or(ChangeError::Place)
    }

    fn end_of(&self, block: u32) -> Result<u32, ChangeError> {
        let len = self.page().utf16_len(block as usize).ok_or(ChangeError::Place)?;
        self.page().position(block as usize, len).ok_or(ChangeError::Place)
    }

    fn insert_marker(&mut self, at: u32, attributes: Attributes) -> Result<(), ChangeError> {
        self.event(Event::Insert { at: at.into(), what: Insertion::Marker(attributes) })
    }

    /// The implied paragraph gets a marker of its own, so that something can be said of it.
    fn make_real(&mut self, block: u32) -> Result<(), ChangeError> {
        let is_implied = self.page().block(block as usize).ok_or(ChangeError::Place)?.is_implied();
        if is_implied {
            self.insert_marker(0, paragraph())?;
        }
        Ok(())
    }

    /// Deletes what stands between two places. Over several blocks the first keeps its marker, the last joins it, those
    /// between are removed.
    ///
    /// # Errors
    /// The page doesn't have the places.
    pub fn delete(&mut self, from: Point, to: Point) -> Result<(), ChangeError> {
        let (start, end) = (self.position(from)?, self.position(to)?);
        if start > end || from > to {
            return Err(ChangeError::Place);
        }
        if from.block == to.block {
            if start < end && from.offset == 0 && end == self.end_of(from.block)? {
                self.keep_block(from.block)?;
            }
            return self.delete_chars(start, end);
        }
        if from.offset == 0 {
            self.keep_block(from.block)?;
        }
        let head_of_last = end - self.position(Point { block: to.block, offset: 0 })?;
        for block in (from.block + 1..to.block).rev() {
            self.remove(block)?;
        }
        let first_end = self.end_of(from.block)?;
        // Joined before anything of the two is deleted: a removed block that only its text keeps would hide, and the
        // join would go one block too far up.
        self.join(from.block + 1)?;
        self.delete_chars(start, first_end + head_of_last)
    }

    /// A block that somebody has removed and that only its text keeps is about to be emptied by somebody who goes on
    /// working in it: it gets a marker of its own, so that it stays.
    fn keep_block(&mut self, block: u32) -> Result<(), ChangeError> {
        let found = self.page().block(block as usize).ok_or(ChangeError::Place)?;
        if !found.is_removed() {
            return Ok(());
        }
        let attributes = found.attributes().clone();
        let start = self.position(Point { block, offset: 0 })?;
        self.insert_marker(start, attributes)
    }

    fn delete_chars(&mut self, after: u32, through: u32) -> Result<(), ChangeError> {
        if after == through {
            return Ok(());
        }
        self.event(Event::Delete { at: u64::from(after) + 1, len: (through - after).into(), backward: false })
    }

    fn join(&mut self, block: u32) -> Result<(), ChangeError> {
        match self.page().marker_position(block as usize) {
            Some(at) if block > 0 && at > 0 => self.event(Event::Join { at: at.into() }),
            _ => Err(ChangeError::Place),
        }
    }

    fn remove(&mut self, block: u32) -> Result<(), ChangeError> {
        let start = self.position(Point { block, offset: 0 })?;
        let end = self.end_of(block)?;
        // The marker first, as long as its text shows it. The implied paragraph goes with its text; it has no marker.
        match self.page().marker_position(block as usize) {
            Some(at) if at > 0 => self.event(Event::Remove { at: at.into() })?,
            _ => {}
        }
        self.delete_chars(start, end)
    }

    fn set(&mut self, block: u32, attrs: &BTreeMap<String, Option<crate::wire::Value>>) -> Result<(), ChangeError> {
        self.make_real(block)?;
        let at = self.page().marker_position(block as usize).ok_or(ChangeError::Place)?;
        for (key, value) in attrs {
            let (target, value) = (Target::Marker(u64::from(at)), value.as_ref().map(value_in));
            self.event(Event::Register { target, key: key.clone(), value })?;
        }
        Ok(())
    }

    fn insert_inlines(&mut self, mut at: u32, inlines: &[Inline]) -> Result<(), ChangeError> {
        for inline in inlines {
            let start = at;
            self.insert_text(at, &inline.text)?;
            at += scalars(&inline.text);
            self.settle_marks(start, at, &inline.marks)?;
        }
        Ok(())
    }

    /// Makes inserted text look exactly as its writer saw it, where what it took over from its neighbours differs.
    fn settle_marks(&mut self, after: u32, through: u32, wanted: &Attrs) -> Result<(), ChangeError> {
        if after == through {
            return Ok(());
        }
        let shown = self.page().marks(through).clone();
        for key in shown.keys().filter(|key| !wanted.contains_key(*key)) {
            // Marks that the window doesn't know are left as they came.
            if crate::convert::value_out(&shown[key]).is_some() {
                self.mark(after + 1, through, key, None)?;
            }
        }
        for (key, value) in wanted {
            let value = value_in(value);
            if shown.get(key) != Some(&value) {
                self.mark(after + 1, through, key, Some(value))?;
            }
        }
        Ok(())
    }

    /// Sets a mark on the elements from one position to another, both inclusive; markers at the ends are left out.
    fn mark(&mut self, mut first: u32, mut last: u32, key: &str, value: Option<Value>) -> Result<(), ChangeError> {
        while first <= last && self.page().is_marker(first) {
            first += 1;
        }
        while last >= first && self.page().is_marker(last) {
            last -= 1;
        }
        if first > last {
            return Ok(());
        }
        let (start, end) = reach(key, value.is_some());
        self.event(Event::Mark { first: first.into(), last: last.into(), start, end, key: key.to_owned(), value })
    }
}

/// How far a mark reaches at its ends. Bold and its like grow with what is typed at their end. Links and comments grow
/// nowhere, so taking them away must reach to both sides.
fn reach(key: &str, sets: bool) -> (Start, End) {
    let is_closed = key == "link" || key.starts_with("comment/");
    match (is_closed, sets) {
        (true, true) => (Start::Before, End::Closed),
        (true, false) => (Start::After, End::Grows),
        (false, _) => (Start::Before, End::Grows),
    }
}

/// The attributes of a paragraph.
pub fn paragraph() -> Attributes {
    Attributes::from([("kind".to_owned(), Value::Text(crate::convert::PARAGRAPH.into()))])
}

fn scalars(text: &str) -> u32 {
    text.chars().count() as u32
}
