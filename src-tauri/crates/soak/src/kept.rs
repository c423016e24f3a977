//! What a computer has stored: a store in memory that outlives the program, that two programs may have open, and whose
//! content can be set back below a program that runs.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inkfold_engine::{DocumentId, Event, Record, RecordId, ReplicaId, WorkspaceId};
use inkfold_store::{
    AcknowledgementRow, Batch, Committed, Counts, DocumentCard, Ends, FileFact, Link, MemoryStore, OpenRecord,
    OpenStart, OutboxFile, PendingFile, Result, Signature, SnapshotMark, Storage, StoreError, Tip, UndoRow,
};

/// A store. Clones are the same store.
#[derive(Clone)]
pub struct Kept(Arc<Mutex<MemoryStore>>, Arc<AtomicBool>);

impl Kept {
    /// Keeps what a store holds.
    pub fn new(store: MemoryStore) -> Self {
        Kept(Arc::new(Mutex::new(store)), Arc::default())
    }

    /// All that is kept now.
    pub fn copy(&self) -> MemoryStore {
        self.lock().clone()
    }

    /// From now on this is kept, whoever has it open.
    pub fn replace(&self, store: MemoryStore) {
        *self.lock() = store;
    }

    /// From now on nothing can be stored any more, or it can again.
    pub fn refuse(&self, is_refusing: bool) {
        self.1.store(is_refusing, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, MemoryStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes each question on to the store in memory.
macro_rules! pass_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Storage for Kept {
            fn commit(&mut self, batch: &Batch) -> Result<Committed> {
                if self.1.load(Ordering::Relaxed) {
                    return Err(StoreError::Conflict("a batch that is refused".into()));
                }
                self.lock().commit(batch)
            }

            fn append_undoable(
                &mut self,
                start: &OpenStart,
                time: i64,
                events: &[Event],
                undo: &[UndoRow],
            ) -> Result<()> {
                self.lock().append_undoable(start, time, events, undo)
            }

            $(fn $name(&self, $($argument: $type),*) -> $answer {
                self.lock().$name($($argument),*)
            })*
        }
    };
}

pass_on! {
    fn workspace() -> WorkspaceId;
    fn undo_rows(document: &DocumentId, replica: &ReplicaId) -> Result<Vec<(u64, Vec<u8>)>>;
    fn open() -> Result<Option<OpenRecord>>;
    fn setting(key: &str) -> Result<Option<Vec<u8>>>;
    fn record(id: &RecordId) -> Result<Option<Record>>;
    fn link(id: &RecordId) -> Result<Option<Link>>;
    fn records(document: &DocumentId) -> Result<Vec<Record>>;
    fn records_at_places(document: &DocumentId, places: Range<u64>) -> Result<Vec<(u64, Record)>>;
    fn snapshots(document: &DocumentId) -> Result<Vec<SnapshotMark>>;
    fn snapshot_before(document: &DocumentId, place: u64) -> Result<Option<SnapshotMark>>;
    fn snapshot(document: &DocumentId, place: u64) -> Result<Option<Vec<u8>>>;
    fn records_of(replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Record>>;
    fn stream(replica: &ReplicaId, document: &DocumentId) -> Result<Vec<Record>>;
    fn stream_end(replica: &ReplicaId, document: &DocumentId) -> Result<u64>;
    fn latest(replica: &ReplicaId, document: &DocumentId, number: u64) -> Result<Option<Tip>>;
    fn records_at(replica: &ReplicaId, number: u64) -> Result<Vec<RecordId>>;
    fn first_fork(replica: &ReplicaId) -> Result<Option<u64>>;
    fn ends(replica: &ReplicaId) -> Result<Ends>;
    fn replicas() -> Result<Vec<ReplicaId>>;
    fn documents() -> Result<Vec<DocumentId>>;
    fn key(replica: &ReplicaId) -> Result<Option<[u8; 32]>>;
    fn signature(record: &RecordId) -> Result<Option<Signature>>;
    fn signatures(replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Signature>>;
    fn acknowledgements() -> Result<Vec<AcknowledgementRow>>;
    fn outbox() -> Result<Vec<String>>;
    fn outbox_file(name: &str) -> Result<Option<OutboxFile>>;
    fn queued_to(replica: &ReplicaId) -> Result<u64>;
    fn fact(path: &[u8]) -> Result<Option<FileFact>>;
    fn facts() -> Result<Vec<(Vec<u8>, FileFact)>>;
    fn pending() -> Result<Vec<([u8; 32], PendingFile)>>;
    fn cards() -> Result<Vec<(DocumentId, DocumentCard)>>;
    fn counts() -> Result<Counts>;
}
