//! Yrs: a doc with one text. The history-keeping flavour doesn't collect what deleted text was.

use ::yrs::block::ClientID;
use ::yrs::types::text::{Diff, YChange};
use ::yrs::updates::decoder::Decode;
use ::yrs::{
    Any, Doc, GetString, Options, Out, ReadTxn, Snapshot, StateVector, Text, TextRef, Transact, TransactionMut, Update,
};

use crate::case::Transaction;
use crate::peer::{Peer, Stored};

/// Yrs in a contest.
pub struct Yrs;

/// Its replica.
pub struct YrsDoc {
    /// The doc.
    pub doc: Doc,
    /// Its text.
    pub text: TextRef,
}

impl YrsDoc {
    /// A replica; `keeps` what deleted text was.
    pub fn new(writer: usize, keeps: bool) -> Self {
        let client_id = ClientID::new(writer as u64 + 1);
        let doc = Doc::with_options(Options { client_id, skip_gc: keeps, ..Options::default() });
        let text = doc.get_or_insert_text("text");
        YrsDoc { doc, text }
    }

    /// Takes an update of the first version in.
    pub fn take(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("yrs wrote it");
        self.doc.transact_mut().apply_update(update).expect("yrs wrote it");
    }

    /// Everything as one update of the first version.
    pub fn state(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }
}

fn apply(text: &TextRef, transaction: &mut TransactionMut<'_>, edit: &Transaction) {
    for (at, deleted, inserted) in &edit.patches {
        if *deleted > 0 {
            text.remove_range(transaction, *at as u32, *deleted as u32);
        }
        text.insert(transaction, *at as u32, inserted);
    }
}

impl Peer for Yrs {
    type Doc = YrsDoc;
    type Update = Vec<u8>;

    fn doc(writer: usize) -> YrsDoc {
        YrsDoc::new(writer, false)
    }

    fn fork(doc: &YrsDoc, writer: usize) -> Option<YrsDoc> {
        let fork = Self::doc(writer);
        fork.take(&doc.state());
        Some(fork)
    }

    fn edit(doc: &mut YrsDoc, transactions: &[Transaction]) {
        // A single transaction of all edits takes yrs fifty times as long.
        transactions.iter().for_each(|edit| apply(&doc.text, &mut doc.doc.transact_mut(), edit));
    }

    fn publish(doc: &mut YrsDoc, edit: &Transaction) -> Vec<u8> {
        let mut transaction = doc.doc.transact_mut();
        apply(&doc.text, &mut transaction, edit);
        transaction.encode_update_v1()
    }

    fn receive(doc: &mut YrsDoc, update: &Vec<u8>) {
        doc.take(update);
    }

    fn receive_all<'a>(doc: &mut YrsDoc, updates: impl Iterator<Item = &'a Vec<u8>>) {
        let mut transaction = doc.doc.transact_mut();
        for update in updates {
            transaction.apply_update(Update::decode_v1(update).expect("yrs wrote it")).expect("yrs wrote it");
        }
    }

    fn text(doc: &YrsDoc) -> String {
        doc.text.get_string(&doc.doc.transact())
    }
}

impl Stored for Yrs {
    type Version = Snapshot;

    const STORES_UPDATES: bool = true;

    fn keeping(writer: usize) -> YrsDoc {
        YrsDoc::new(writer, true)
    }

    fn save(doc: &mut YrsDoc) -> Vec<u8> {
        doc.doc.transact().encode_state_as_update_v2(&StateVector::default())
    }

    fn save_updates(doc: &mut YrsDoc) -> Vec<u8> {
        doc.state()
    }

    fn take_in(updates: &[u8]) -> YrsDoc {
        let doc = Self::doc(999);
        doc.take(updates);
        doc
    }

    fn open(bytes: &[u8]) -> YrsDoc {
        let doc = Self::doc(999);
        let update = Update::decode_v2(bytes).expect("yrs wrote it");
        doc.doc.transact_mut().apply_update(update).expect("yrs wrote it");
        doc
    }

    fn version(doc: &mut YrsDoc) -> Snapshot {
        doc.doc.transact().snapshot()
    }

    fn text_at(bytes: &[u8], version: &Snapshot) -> String {
        let whole = Self::keeping(998);
        let update = Update::decode_v2(bytes).expect("yrs wrote it");
        whole.doc.transact_mut().apply_update(update).expect("yrs wrote it");
        // A document at the snapshot can't be had: yrs can't read what it writes for one. Its text can.
        let parts = whole.text.diff_range(&mut whole.doc.transact_mut(), Some(version), None, YChange::identity);
        let text = |part: Diff<YChange>| match part.insert {
            Out::Any(Any::String(text)) => Some(text),
            _ => None,
        };
        // What was deleted since is part of the answer; what came since is not.
        parts.into_iter().filter_map(text).map(|text| text.to_string()).collect()
    }
}
