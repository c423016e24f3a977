//! An open document: what the window shows, what it was sent, and what waits for its next barrier.
//!
//! The document here stands at the version that the window shows, so that the window's edits are always applied where
//! they were made. What others wrote waits until the window asks for a patch. As long as the window hasn't said
//! whether it has applied one, the document before it is kept; if the window drops the patch because its
//! writer typed meanwhile, that document comes back and the records wait again.

use std::collections::BTreeMap;

use inkfold_engine::{Document, Record, Target, Value};
use tokio::sync::oneshot;

use crate::convert::patch_out;
use crate::error::SessionError;
use crate::wire::{Edit, Locked, Patch};

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, SessionError>>;

/// A window's question for a patch, held until its edits have arrived.
pub(crate) struct Ask {
    pub patch: u32,
    pub counter: u32,
    pub reply: Reply<Option<Patch>>,
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
    /// The number of the last patch that the window is known to have applied.
    confirmed: u32,
    unconfirmed: Option<Unconfirmed>,
    /// The greatest number that was ever given to a patch.
    last_number: u32,
    /// What others wrote and the window hasn't seen.
    incoming: Vec<Record>,
    /// The last edit that was applied, and edits that came before their turn.
    pub counter: u32,
    pub early: BTreeMap<u32, (Edit, Reply<()>)>,
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
    pub fn new(document: Document) -> Self {
        let told_title = title(&document);
        Opened {
            document,
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
        for (_, reply) in std::mem::take(&mut self.early).into_values() {
            let _ = reply.send(Err(SessionError::OutOfStep));
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

    /// The next patch; none if there is nothing new. The document must be settled and have no open record.
    pub fn next_patch(&mut self) -> Option<Patch> {
        if !self.has_news() {
            return None;
        }
        let before = self.document.clone();
        let records = std::mem::take(&mut self.incoming);
        let was_locked = self.document.is_locked();
        let (_, patch) = self.document.merge(records.iter().cloned());
        let title = title(&self.document);
        if patch.is_empty() && title == self.told_title && was_locked == self.document.is_locked() {
            // Nothing that the window shows has changed, so what it shows is this version.
            return None;
        }
        self.last_number += 1;
        let told = std::mem::replace(&mut self.told_title, title.clone());
        self.unconfirmed = Some(Unconfirmed { number: self.last_number, before, records, title: told });
        Some(Patch {
            document: self.document.id().to_string(),
            number: self.last_number,
            changes: patch_out(&patch),
            title,
            locked: locked(&self.document),
        })
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
