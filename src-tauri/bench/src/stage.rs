//! A trace with what each peer made of it, prepared once and only where a row asks for it.

use std::cell::OnceCell;

use inkfold_engine::Document;
use inkfold_testkit::replay::{Replay, Sealing};

use crate::case::Case;
use crate::kept::Kept;
use crate::ours::{Files, Message, Ours, SEAL_AFTER};
use crate::peer::{Stored, write};
use crate::peers::{Automerge, Dt, Loro, Yrs};

/// A stored document of a peer.
pub struct Saved<P: Stored> {
    /// The whole history, smallest.
    pub bytes: Vec<u8>,
    /// The whole history, quickest.
    pub updates: Vec<u8>,
    /// The version in the middle, and its text.
    pub half: (P::Version, String),
}

/// What a peer made of a trace.
pub struct Made<P: Stored> {
    updates: OnceCell<Vec<P::Update>>,
    saved: OnceCell<Saved<P>>,
}

impl<P: Stored> Default for Made<P> {
    fn default() -> Self {
        Made { updates: OnceCell::new(), saved: OnceCell::new() }
    }
}

impl<P: Stored> Made<P> {
    /// What each transaction sends to others.
    pub fn updates(&self, case: &Case) -> &[P::Update] {
        self.updates.get_or_init(|| write::<P>(case).updates)
    }

    /// The stored document.
    pub fn saved(&self, case: &Case) -> &Saved<P> {
        self.saved.get_or_init(|| {
            let middle = case.transactions.len() / 2;
            let mut doc = P::keeping(0);
            let half = |doc: &mut P::Doc| (P::version(doc), P::text(doc));
            let half = if case.is_sequential() && !P::STORES_UPDATES {
                let (before, after) = case.transactions.split_at(middle);
                before.chunks(SEAL_AFTER).for_each(|transactions| P::edit(&mut doc, transactions));
                let half = half(&mut doc);
                after.chunks(SEAL_AFTER).for_each(|transactions| P::edit(&mut doc, transactions));
                half
            } else {
                let updates = self.updates(case);
                let mut reader = P::keeping(998);
                P::receive_all(&mut reader, updates[..middle].iter());
                let half = half(&mut reader);
                P::receive_all(&mut reader, updates[middle..].iter());
                doc = reader;
                half
            };
            Saved { bytes: P::save(&mut doc), updates: P::save_updates(&mut doc), half }
        })
    }
}

/// A trace on the stage.
pub struct Stage {
    /// The trace.
    pub case: Case,
    /// Diamond-types.
    pub dt: Made<Dt>,
    /// Yrs.
    pub yrs: Made<Yrs>,
    /// Loro.
    pub loro: Made<Loro>,
    /// Automerge.
    pub automerge: Made<Automerge>,
    messages: OnceCell<Vec<Message>>,
    files: OnceCell<Files>,
    kept: OnceCell<Kept>,
}

impl Stage {
    /// A stage for a trace.
    pub fn new(case: Case) -> Self {
        Stage {
            case,
            dt: Made::default(),
            yrs: Made::default(),
            loro: Made::default(),
            automerge: Made::default(),
            messages: OnceCell::new(),
            files: OnceCell::new(),
            kept: OnceCell::new(),
        }
    }

    /// Our records, one for each transaction.
    pub fn messages(&self) -> &[Message] {
        self.messages.get_or_init(|| write::<Ours<true>>(&self.case).updates)
    }

    /// Our stored document, sealed as the app seals it.
    pub fn files(&self) -> &Files {
        self.files.get_or_init(|| self.files_sealed_after(SEAL_AFTER))
    }

    /// Our document in a database of this device.
    pub fn kept(&self) -> &Kept {
        self.kept.get_or_init(|| Kept::of(&self.replayed(SEAL_AFTER).records))
    }

    /// Our stored document with at most so many transactions in a record.
    pub fn files_sealed_after(&self, transactions: usize) -> Files {
        Files::of(&self.replayed(transactions)).expect("it can be stored")
    }

    fn replayed(&self, transactions: usize) -> Replay {
        let trace = self.case.trace.as_ref().expect("rows of stored documents are about real traces");
        let replay = trace.replay(Sealing::After(transactions)).expect("it was replayed before");
        let mut document = Document::new(inkfold_testkit::history::WORKSPACE, inkfold_testkit::history::DOCUMENT);
        document.absorb(replay.records.iter().cloned());
        assert_eq!(document.page().text(), self.case.end, "our own history ends as the trace says");
        replay
    }
}
