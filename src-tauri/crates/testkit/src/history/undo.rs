//! What a writer has done, for undoing it.

use std::ops::Range;

use inkfold_engine::event::Event;

/// The edits of a writer, each by the seqs of its events, latest last.
///
/// Undo here is nothing but a cancel of all of an edit's events. It doesn't undo block structure: a person's undo writes
/// the opposite events for that.
#[derive(Debug, Clone, Default)]
pub struct UndoStack {
    done: Vec<Range<u64>>,
    undone: Vec<Range<u64>>,
}

impl UndoStack {
    /// An edit was made. What was undone before can't be done again.
    pub fn did(&mut self, seqs: Range<u64>) {
        if !seqs.is_empty() {
            self.done.push(seqs);
            self.undone.clear();
        }
    }

    /// Cancels the last edit that isn't undone.
    pub fn undo(&mut self) -> Option<Event> {
        let seqs = self.done.pop()?;
        self.undone.push(seqs.clone());
        Some(Event::Cancel { ranges: vec![(seqs.start, seqs.end)], on: false })
    }

    /// Lets the edit that was undone last count again.
    pub fn redo(&mut self) -> Option<Event> {
        let seqs = self.undone.pop()?;
        self.done.push(seqs.clone());
        Some(Event::Cancel { ranges: vec![(seqs.start, seqs.end)], on: true })
    }
}
