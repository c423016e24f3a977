//! Automerge: a document with one text object, made by nobody in particular.

use ::automerge::transaction::{CommitOptions, Transactable};
use ::automerge::{ActorId, AutoCommit, ChangeHash, ObjId, ObjType, ROOT, ReadDoc};
use std::sync::OnceLock;

use crate::case::Transaction;
use crate::peer::{Peer, Stored};

/// Automerge in a contest.
pub struct Automerge;

/// Its replica.
pub struct Replica {
    doc: AutoCommit,
    text: ObjId,
}

fn load(bytes: &[u8], writer: usize) -> Replica {
    let doc = AutoCommit::load(bytes).expect("automerge wrote it").with_actor(actor(writer as u64 + 1));
    let (_, text) = doc.get(ROOT, "text").expect("a map").expect("the text object");
    Replica { doc, text }
}

fn actor(number: u64) -> ActorId {
    ActorId::from(number.to_be_bytes())
}

/// A document with an empty text.
fn base() -> &'static [u8] {
    static BASE: OnceLock<Vec<u8>> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut doc = AutoCommit::new().with_actor(actor(0));
        doc.put_object(ROOT, "text", ObjType::Text).expect("a map");
        doc.commit_with(CommitOptions::default().with_time(0));
        doc.save()
    })
}

fn apply(replica: &mut Replica, edit: &Transaction) {
    for (at, deleted, inserted) in &edit.patches {
        replica.doc.splice_text(&replica.text, *at, *deleted as isize, inserted).expect("the trace's text");
    }
}

impl Peer for Automerge {
    type Doc = Replica;
    type Update = Vec<u8>;

    fn doc(writer: usize) -> Replica {
        load(base(), writer)
    }

    fn edit(replica: &mut Replica, transactions: &[Transaction]) {
        transactions.iter().for_each(|edit| apply(replica, edit));
        replica.doc.commit();
    }

    fn publish(replica: &mut Replica, edit: &Transaction) -> Vec<u8> {
        apply(replica, edit);
        replica.doc.commit();
        replica.doc.get_last_local_change().map(|change| change.raw_bytes().to_vec()).unwrap_or_default()
    }

    fn receive(replica: &mut Replica, update: &Vec<u8>) {
        replica.doc.load_incremental(update).expect("automerge wrote it");
    }

    fn receive_all<'a>(replica: &mut Replica, updates: impl Iterator<Item = &'a Vec<u8>>) {
        let updates: Vec<u8> = updates.flatten().copied().collect();
        if !updates.is_empty() {
            Self::receive(replica, &updates);
        }
    }

    fn text(replica: &Replica) -> String {
        replica.doc.text(&replica.text).expect("the text object")
    }
}

impl Stored for Automerge {
    type Version = Vec<ChangeHash>;

    fn save(replica: &mut Replica) -> Vec<u8> {
        replica.doc.save()
    }

    fn open(bytes: &[u8]) -> Replica {
        load(bytes, 999)
    }

    fn version(replica: &mut Replica) -> Vec<ChangeHash> {
        replica.doc.get_heads()
    }

    fn text_at(bytes: &[u8], version: &Vec<ChangeHash>) -> String {
        let replica = load(bytes, 999);
        replica.doc.text_at(&replica.text, version).expect("a version of it")
    }
}
