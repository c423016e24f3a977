//! A profile as a backup has it: everything that a store holds, in another store.

use inkfold_engine::ReplicaId;
use inkfold_session::SessionError;
use inkfold_store::{Batch, MemoryStore, OutboxFile, Storage};

/// What a session keeps in settings and a run can't do without.
const SETTINGS: [&str; 2] = ["identity", "own-replicas"];

/// Copies a store in which no record is open.
pub fn copy(store: &dyn Storage, own: &[ReplicaId]) -> Result<MemoryStore, SessionError> {
    let mut copy = MemoryStore::new(store.workspace());
    let mut batch = Batch::default();
    for name in SETTINGS {
        batch.settings.push((name.into(), store.setting(name)?));
    }
    // In the order in which they came in, over all documents.
    let mut placed = Vec::new();
    for document in store.documents()? {
        placed.extend(store.records_at_places(&document, 0..u64::MAX)?);
    }
    placed.sort_by_key(|(place, _)| *place);
    batch.records = placed.into_iter().map(|(_, record)| record).collect();
    let mut replicas = store.replicas()?;
    replicas.extend(own.iter().filter(|id| !replicas.contains(id)).copied().collect::<Vec<_>>());
    for replica in &replicas {
        batch.keys.extend(store.key(replica)?.map(|key| (*replica, key)));
        batch.signatures.extend(store.signatures(replica, 0..u64::MAX)?);
    }
    // How far each was queued shows only in what is queued.
    for replica in own {
        let last = store.queued_to(replica)?;
        let queued = OutboxFile { name: replica.to_string(), replica: *replica, first: 1, last, bytes: Vec::new() };
        batch.outbox.push(queued);
    }
    copy.commit(&batch)?;
    let outbox_done = own.iter().map(ReplicaId::to_string).collect();
    let mut outbox = Vec::new();
    for name in store.outbox()? {
        outbox.extend(store.outbox_file(&name)?);
    }
    copy.commit(&Batch { outbox_done, outbox, ..Batch::default() })?;
    Ok(copy)
}
