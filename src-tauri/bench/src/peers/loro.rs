//! Loro: a doc with one text.

use ::loro::{ExportMode, Frontiers, LoroDoc, LoroText, VersionVector};

use crate::case::Transaction;
use crate::peer::{Peer, Stored};

/// Loro in a contest.
pub struct Loro;

/// Its replica.
pub struct Replica {
    doc: LoroDoc,
    text: LoroText,
    /// What was published.
    sent: VersionVector,
}

fn replica(doc: LoroDoc, writer: usize) -> Replica {
    doc.set_peer_id(writer as u64 + 1).expect("nothing is uncommitted");
    let text = doc.get_text("text");
    Replica { doc, text, sent: VersionVector::default() }
}

fn apply(text: &LoroText, edit: &Transaction) {
    for (at, deleted, inserted) in &edit.patches {
        if *deleted > 0 {
            text.delete(*at, *deleted).expect("the trace's text");
        }
        if !inserted.is_empty() {
            text.insert(*at, inserted).expect("the trace's text");
        }
    }
}

impl Peer for Loro {
    type Doc = Replica;
    type Update = Vec<u8>;

    fn doc(writer: usize) -> Replica {
        replica(LoroDoc::new(), writer)
    }

    fn edit(replica: &mut Replica, transactions: &[Transaction]) {
        transactions.iter().for_each(|edit| apply(&replica.text, edit));
        replica.doc.commit();
    }

    fn publish(replica: &mut Replica, edit: &Transaction) -> Vec<u8> {
        apply(&replica.text, edit);
        replica.doc.commit();
        let update = replica.doc.export(ExportMode::updates(&replica.sent)).expect("it is all here");
        replica.sent = replica.doc.oplog_vv();
        update
    }

    fn receive(replica: &mut Replica, update: &Vec<u8>) {
        replica.doc.import(update).expect("loro wrote it");
        replica.sent = replica.doc.oplog_vv();
    }

    fn receive_all<'a>(replica: &mut Replica, updates: impl Iterator<Item = &'a Vec<u8>>) {
        let updates: Vec<Vec<u8>> = updates.cloned().collect();
        match &updates[..] {
            [] => {}
            [update] => Self::receive(replica, update),
            _ => {
                replica.doc.import_batch(&updates).expect("loro wrote it");
                replica.sent = replica.doc.oplog_vv();
            }
        }
    }

    fn text(replica: &Replica) -> String {
        replica.text.to_string()
    }
}

impl Stored for Loro {
    type Version = Frontiers;

    fn save(replica: &mut Replica) -> Vec<u8> {
        replica.doc.export(ExportMode::Snapshot).expect("it is all here")
    }

    fn save_updates(replica: &mut Replica) -> Vec<u8> {
        replica.doc.export(ExportMode::all_updates()).expect("it is all here")
    }

    fn open(bytes: &[u8]) -> Replica {
        let doc = LoroDoc::new();
        doc.import(bytes).expect("loro wrote it");
        replica(doc, 999)
    }

    fn version(replica: &mut Replica) -> Frontiers {
        replica.doc.oplog_frontiers()
    }

    fn text_at(bytes: &[u8], version: &Frontiers) -> String {
        let replica = Self::open(bytes);
        replica.doc.checkout(version).expect("a version of it");
        Self::text(&replica)
    }
}
