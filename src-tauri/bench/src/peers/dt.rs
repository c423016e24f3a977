//! Diamond-types 1.0, the newest that the registry has.

use diamond_types::AgentId;
use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH, EncodeOptions};
use diamond_types::list::remote_ids::RemoteId;
use diamond_types::list::{ListCRDT, OpLog};

use crate::case::Transaction;
use crate::peer::{Peer, Stored};

/// Diamond-types in a contest.
pub struct Dt;

/// Its replica.
pub struct Replica {
    list: ListCRDT,
    agent: AgentId,
}

fn replica(mut list: ListCRDT, writer: usize) -> Replica {
    let agent = list.get_or_create_agent_id(&format!("{writer:04}"));
    Replica { list, agent }
}

fn apply(replica: &mut Replica, edit: &Transaction) {
    for (at, deleted, inserted) in &edit.patches {
        if *deleted > 0 {
            replica.list.delete_without_content(replica.agent, *at..at + deleted);
        }
        if !inserted.is_empty() {
            replica.list.insert(replica.agent, *at, inserted);
        }
    }
}

impl Peer for Dt {
    type Doc = Replica;
    type Update = Vec<u8>;

    fn doc(writer: usize) -> Replica {
        replica(ListCRDT::new(), writer)
    }

    fn edit(replica: &mut Replica, transactions: &[Transaction]) {
        transactions.iter().for_each(|edit| apply(replica, edit));
    }

    fn publish(replica: &mut Replica, edit: &Transaction) -> Vec<u8> {
        let before = replica.list.oplog.local_version();
        apply(replica, edit);
        let options = EncodeOptions { compress_content: false, ..ENCODE_PATCH };
        replica.list.oplog.encode_from(options, &before)
    }

    fn receive(replica: &mut Replica, update: &Vec<u8>) {
        replica.list.merge_data_and_ff(update).expect("dt wrote it");
    }

    fn receive_all<'a>(replica: &mut Replica, updates: impl Iterator<Item = &'a Vec<u8>>) {
        for update in updates {
            replica.list.oplog.decode_and_add(update).expect("dt wrote it");
        }
        let version = replica.list.oplog.local_version();
        replica.list.branch.merge(&replica.list.oplog, &version);
    }

    fn text(replica: &Replica) -> String {
        replica.list.branch.content().to_string()
    }
}

impl Stored for Dt {
    type Version = Vec<RemoteId>;

    fn save(replica: &mut Replica) -> Vec<u8> {
        replica.list.oplog.encode(ENCODE_FULL)
    }

    fn open(bytes: &[u8]) -> Replica {
        replica(ListCRDT::load_from(bytes).expect("dt wrote it"), 999)
    }

    fn version(replica: &mut Replica) -> Vec<RemoteId> {
        replica.list.oplog.remote_version().into_vec()
    }

    fn text_at(bytes: &[u8], version: &Vec<RemoteId>) -> String {
        let oplog = OpLog::load_from(bytes).expect("dt wrote it");
        let version = oplog.remote_to_local_version(version.iter());
        oplog.checkout(&version).content().to_string()
    }
}
