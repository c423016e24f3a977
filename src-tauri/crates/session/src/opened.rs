//! An open document: what the window shows, what it was sent, and what waits for its next barrier.
//!
//! The document here stands at the version that the window shows, so that the window's edits are always applied where
//! they were made. What others wrote waits until the window asks for a patch. As long as the window hasn't said
//! whether it has applied one, the document before it is kept; if the window drops the patch because its
//! writer typed meanwhile, that document comes back and the records wait again.

use std::collections::BTreeMap;

use inkfold_engine::patch::between;
use inkfold_engine::undo::{Reverted, Selection};
use inkfold_engine::{Document, EditError, Page, Place, Record, ReplicaId, Side, Target, UndoStack, Value};
use inkfold_store::{Storage, UndoRow, Versions};
use tokio::sync::oneshot;

use crate::convert::patch_out;
use crate::error::SessionError;
use crate::wire::{self, Edit, Locked, Patch, Point, Undo, Undone};

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, SessionError>>;

/// A window's question for a patch, held until its edits have arrived.
pub(crate) struct Ask {
    pub patch: u32,
    pub counter: u32,
    pub reply: Reply<Option<Patch>>,
}

/// What came before its turn.
pub(crate) enum Early {
    Edit(Edit, Reply<()>),
    Undo(Undo, Reply<Undone>),
}

struct Unconfirmed {
    number: u32,
    /// The document without the patch, and the records that made it.
    before: Document,
    records: Vec<Record>,
    title: String,
}

pub(crate) struct Opened {
    pub document: Document,
    pub undo: UndoStack,
    /// Rows of what can be undone that aren't stored yet, beside those that the stack tells of.
    rows: Vec<UndoRow>,
    /// The last undo's counter and answer, for a window that asks again.
    undone: Option<(u32, Undone)>,
    /// The number of the last patch that the window is known to have applied.
    confirmed: u32,
    unconfirmed: Option<Unconfirmed>,
    /// The greatest number that was ever given to a patch.
    last_number: u32,
    /// What others wrote and the window hasn't seen.
    incoming: Vec<Record>,
    /// The last edit that was applied, and edits that came before their turn.
    pub counter: u32,
    pub early: BTreeMap<u32, Early>,
    pub asks: Vec<Ask>,
    /// An edit didn't fit: the window and the document no longer show the same page, so nothing that the window says
    /// means what its writer meant. It has to open the document again.
    is_lost: bool,
    /// The title that the window was told last.
    told_title: String,
    /// A new title or place that waits until the window has settled its last patch.
    pub deferred: Vec<(&'static str, Option<Value>)>,
}

impl Opened {
    /// With what this replica can undo, as it was stored.
    pub fn new(document: Document, replica: ReplicaId, undo: &[(u64, Vec<u8>)]) -> Self {
        let told_title = title(&document);
        let stored = undo.iter().map(|(number, row)| (*number, row.as_slice()));
        let (undo, rows) = match UndoStack::from_rows(replica, stored) {
            Ok(stack) => (stack, Vec::new()),
            Err(error) => {
                tracing::warn!("what could be undone is not readable and is dropped: {error}");
                (UndoStack::new(replica), undo.iter().map(|(number, _)| (*number, None)).collect())
            }
        };
        Opened {
            document,
            undo,
            rows,
            undone: None,
            confirmed: 0,
            unconfirmed: None,
            last_number: 0,
            incoming: Vec::new(),
            counter: 0,
            early: BTreeMap::new(),
            asks: Vec::new(),
            is_lost: false,
            told_title,
            deferred: Vec::new(),
        }
    }

    /// Takes nothing more from the window, and tells it so wherever it waits for an answer.
    pub fn lose(&mut self) {
        self.is_lost = true;
        for early in std::mem::take(&mut self.early).into_values() {
            let _ = match early {
                Early::Edit(_, reply) => reply.send(Err(SessionError::OutOfStep)).map_err(drop),
                Early::Undo(_, reply) => reply.send(Err(SessionError::OutOfStep)).map_err(drop),
            };
        }
        for ask in std::mem::take(&mut self.asks) {
            let _ = ask.reply.send(Err(SessionError::OutOfStep));
        }
    }

    /// Whether nothing more is taken from the window.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The window names the last patch that it has applied: settles whether it took the one that it was sent.
    pub fn settle(&mut self, patch: u32) -> Result<(), SessionError> {
        match self.unconfirmed.take() {
            Some(sent) if patch == sent.number => {
                self.confirmed = patch;
                Ok(())
            }
            Some(sent) if patch == self.confirmed => {
                self.document = sent.before;
                self.told_title = sent.title;
                self.incoming.splice(0..0, sent.records);
                Ok(())
            }
            None if patch == self.confirmed => Ok(()),
            unconfirmed => {
                self.unconfirmed = unconfirmed;
                Err(SessionError::OutOfStep)
            }
        }
    }

    /// Whether it isn't known which version the window shows.
    pub fn is_unsettled(&self) -> bool {
        self.unconfirmed.is_some()
    }

    /// Records that others wrote.
    pub fn receive(&mut self, records: impl IntoIterator<Item = Record>) {
        self.incoming.extend(records);
    }

    pub fn has_news(&self) -> bool {
        !self.incoming.is_empty() || title(&self.document) != self.told_title
    }

    /// The next patch; none if there is nothing new. The document must be settled and have no open record. Its history is loaded
    /// if what came in needs it.
    pub fn next_patch(&mut self, store: &dyn Storage) -> Result<Option<Patch>, SessionError> {
        // Another process may have sealed what is open here.
        if self.is_lost || self.document.is_open() {
            self.lose();
            return Err(SessionError::OutOfStep);
        }
        if !self.has_news() {
            return Ok(None);
        }
        let was_locked = self.document.is_locked();
        let mut merged = self.document.clone();
        let (_, mut patch) = merged.merge(self.incoming.iter().cloned());
        if merged.needs_history() {
            // Into the document as it was, too: if the window drops the patch, it need not be read again.
            store.load_history(&mut self.document)?;
            merged = self.document.clone();
            patch = merged.merge(self.incoming.iter().cloned()).1;
        }
        let before = std::mem::replace(&mut self.document, merged);
        let records = std::mem::take(&mut self.incoming);
        let title = title(&self.document);
        if patch.is_empty() && title == self.told_title && was_locked == self.document.is_locked() {
            // Nothing that the window shows has changed, so what it shows is this version.
            return Ok(None);
        }
        self.last_number += 1;
        let told = std::mem::replace(&mut self.told_title, title.clone());
        self.unconfirmed = Some(Unconfirmed { number: self.last_number, before, records, title: told });
        Ok(Some(Patch {
            document: self.document.id().to_string(),
            number: self.last_number,
            changes: patch_out(&patch),
            title,
            locked: locked(&self.document),
        }))
    }

    /// Whether the window shows the document as it stands here when it has applied this patch and done this edit.
    pub fn is_at(&self, patch: u32, counter: u32) -> bool {
        let shown = self.unconfirmed.as_ref().map_or(self.confirmed, |sent| sent.number);
        !self.is_lost && shown == patch && self.counter == counter
    }

    /// Where a place is on the page, if it is here.
    pub fn point(&mut self, place: &Place) -> Option<Point> {
        let at = self.document.position(place)?;
        let (block, offset) = self.document.page().point(at)?;
        Some(Point { block: block as u32, offset: offset as u32 })
    }

    /// Where a selection of the window is.
    pub fn selection(&self, selection: Option<wire::Selection>) -> Option<Selection> {
        let place = |point: Point| {
            let at = self.document.page().position(point.block as usize, point.offset as usize)?;
            Some(self.document.place(at, Side::After))
        };
        let wire::Selection { anchor, head } = selection?;
        Some(Selection { anchor: place(anchor)?, head: place(head)? })
    }

    /// Takes back what the writer did last, or does it again, in the open record.
    pub fn revert(&mut self, redo: bool) -> Result<Reverted, EditError> {
        if redo { self.undo.redo(&mut self.document) } else { self.undo.undo(&mut self.document) }
    }

    /// Answers an undo that led from a page to the present one. It stands, whatever the window does, so what it shows from now on is the
    /// page with this patch.
    pub fn undone(&mut self, counter: u32, before: &Page, selection: Option<(u32, u32)>) -> Undone {
        let changes = patch_out(&between(before, self.document.page()));
        let point = |at: u32| {
            let (block, offset) = self.document.page().point(at)?;
            Some(Point { block: block as u32, offset: offset as u32 })
        };
        let selection =
            selection.and_then(|(anchor, head)| Some(wire::Selection { anchor: point(anchor)?, head: point(head)? }));
        let patch = (!changes.is_empty()).then(|| {
            self.last_number += 1;
            self.confirmed = self.last_number;
            Patch {
                document: self.document.id().to_string(),
                number: self.last_number,
                changes,
                title: self.told_title.clone(),
                locked: locked(&self.document),
            }
        });
        let undone = Undone { patch, selection, undo: self.undo.can_undo(), redo: self.undo.can_redo() };
        self.undone = Some((counter, undone.clone()));
        undone
    }

    /// The answer that an undo with this counter got.
    pub fn answered(&self, counter: u32) -> Option<Undone> {
        self.undone.as_ref().filter(|(answered, _)| *answered == counter).map(|(_, undone)| undone.clone())
    }

    /// What has changed of what can be undone since this was asked last.
    pub fn undo_rows(&mut self) -> Vec<UndoRow> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.extend(self.undo.changed_rows());
        rows
    }

    /// The number of the last patch that the window was sent and can still take.
    pub fn last_patch(&self) -> u32 {
        self.unconfirmed.as_ref().map_or(self.confirmed, |sent| sent.number)
    }

    /// The number of the patch that the window begins with.
    pub fn first_patch(&self) -> u32 {
        self.confirmed
    }
}

/// A document's title; empty where it has none.
pub(crate) fn title(document: &Document) -> String {
    match document.register(Target::Document, "title") {
        Some(Value::Text(title)) => title.clone(),
        _ => String::new(),
    }
}

/// Whether a document lies in the trash.
pub(crate) fn is_trashed(document: &Document) -> bool {
    matches!(document.register(Target::Document, "trashed"), Some(Value::Flag(true)))
}

/// Why a document can't be written, if so.
pub(crate) fn locked(document: &Document) -> Option<Locked> {
    document.is_locked().then_some(Locked::NeedsNewerVersion)
}
