//! Typing: edits one after another, for which the page is drawn only when a run of them ends.

use super::{Document, EditError};
use crate::event::{Event, Insertion, check_text};
use crate::history::EntryIx;

/// A burst of edits to the open record. Nothing else can look at the document meanwhile, so a run of keys costs the page no
/// more than one; when this is dropped, the page shows everything.
///
/// ```
/// use inkfold_engine::{Document, DocumentId, ReplicaId, WorkspaceId};
///
/// let mut document = Document::new(WorkspaceId([1; 16]), DocumentId([2; 16]));
/// document.begin(ReplicaId([3; 16]), &[])?;
/// let mut typing = document.typing()?;
/// typing.insert(0, "Hell")?;
/// typing.insert(4, "p")?;
/// typing.delete(5, 1, true);
/// typing.insert(4, "o")?;
/// drop(typing);
/// assert_eq!(document.page().text(), "Hello");
/// # Ok::<(), inkfold_engine::EditError>(())
/// ```
#[derive(Debug)]
pub struct Typing<'a> {
    document: &'a mut Document,
    entry: EntryIx,
    /// The run that is being written; it isn't in the record yet.
    run: Run,
}

#[derive(Debug)]
enum Run {
    None,
    /// The document's `typed`, from the position `next - count` on.
    Text {
        next: u32,
        count: u32,
    },
    Delete {
        at: u32,
        len: u32,
        backward: bool,
    },
}

impl Document {
    /// Begins a burst of edits to the open record.
    ///
    /// # Errors
    /// No record is open.
    pub fn typing(&mut self) -> Result<Typing<'_>, EditError> {
        let entry = self.open_entry()?;
        Ok(Typing { document: self, entry, run: Run::None })
    }
}

impl Typing<'_> {
    /// Text comes in right after element `at`; past the end, at the end.
    ///
    /// # Errors
    /// The text holds what a document can't.
    #[inline]
    pub fn insert(&mut self, at: u32, text: &str) -> Result<(), EditError> {
        let is_plain_key = matches!(text.as_bytes(), [b' '..=b'~']);
        if !is_plain_key {
            check_text(text)?;
        }
        let more = if is_plain_key { 1 } else { text.chars().count() as u32 };
        match &mut self.run {
            Run::Text { next, count } if *next == at => {
                self.document.typed.push_str(text);
                *next += more;
                *count += more;
            }
            _ if more > 0 => {
                self.end_run();
                self.document.typed.push_str(text);
                self.run = Run::Text { next: at.saturating_add(more), count: more };
            }
            _ => {}
        }
        Ok(())
    }

    /// `len` characters go: `at`, the one that is then there, …; backward `at`, `at - 1`, ….
    #[inline]
    pub fn delete(&mut self, at: u32, len: u32, backward: bool) {
        let backward = backward && len > 1;
        match &mut self.run {
            Run::Delete { at: first, len: run, backward: direction } if len == 1 => {
                if *first == at && (!*direction || *run == 1) {
                    (*run, *direction) = (*run + 1, false);
                    return;
                }
                if at > 0 && first.checked_sub(*run) == Some(at) && (*direction || *run == 1) {
                    (*run, *direction) = (*run + 1, true);
                    return;
                }
            }
            _ if len == 0 => return,
            _ => {}
        }
        self.end_run();
        self.run = Run::Delete { at, len, backward };
    }

    /// Any other edit.
    ///
    /// # Errors
    /// As [`Document::apply`].
    pub fn apply(&mut self, event: &Event) -> Result<(), EditError> {
        self.draw();
        self.document.apply(event)
    }

    /// The run that is being written is complete: it goes into the record, and is folded.
    fn end_run(&mut self) {
        let (event, count) = match std::mem::replace(&mut self.run, Run::None) {
            Run::None => return,
            Run::Text { next, count } => {
                let at = u64::from(next.saturating_sub(count));
                let text = self.document.typed.as_str().into();
                self.document.typed.clear();
                (Event::Insert { at, what: Insertion::Text(text) }, count)
            }
            Run::Delete { at, len, backward } => {
                (Event::Delete { at: u64::from(at), len: u64::from(len), backward }, len)
            }
        };
        let Document { history, fold, .. } = &mut *self.document;
        if fold.is_linear() {
            fold.event(history, self.entry, &event, count);
            history.extend_open(event);
        } else {
            // The tracker reads what it folds.
            history.extend_open(event.clone());
            fold.event(history, self.entry, &event, count);
        }
    }

    fn draw(&mut self) {
        self.end_run();
        let Document { history, fold, .. } = &mut *self.document;
        fold.settle(history);
    }
}

impl Drop for Typing<'_> {
    fn drop(&mut self) {
        self.draw();
    }
}
