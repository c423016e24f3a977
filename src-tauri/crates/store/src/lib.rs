//! This installation's truth: what was typed and what came in, on disk or in memory.
//!
//! A store belongs to one workspace and one installation. It keeps *sealed records*, own and foreign, which never
//! change; the one *open record*, to which each key is appended and is durable at once; the *outbox* with the exact
//! bytes of the files to publish; and beside them settings, keys, signatures and what is known of the shared
//! folder's files.
//!
//! - [`Storage`] is the trait; [`SqliteStore`] and [`MemoryStore`] are its backends, held to one suite of tests.
//! - [`Batch`] is what [`Storage::commit`] applies as a whole or not at all.
//! - [`OpenRecord`] and [`OpenStart`] are the open record and where it begins.
//! - [`Chain`] answers questions about the chains of records that replicas write, forks included.
//! - [`Log`] has the operations on replicas' logs: commit, read, replay, converge.
//! - [`State`] is a document's set of records, and its join; [`Materialise`] folds it.
//! - [`Versions`] opens documents, now or as they once were, from snapshots that it keeps.
//! - [`salvage`] reads what it can of a damaged database.
//! - [`StoreError`] says what went wrong, sorted by what can be done about it.
//!
//! ```
//! use inkfold_engine::{DocumentId, Event, Insertion, ReplicaId, WorkspaceId};
//! use inkfold_store::{Batch, Log, MemoryStore, OutboxFile, Storage};
//!
//! let (document, replica) = (DocumentId([1; 16]), ReplicaId([2; 16]));
//! let mut store = MemoryStore::new(WorkspaceId([3; 16]));
//!
//! // Each key is durable when its call returns.
//! for (at, key) in ["H", "i"].into_iter().enumerate() {
//!     let event = Event::Insert { at: at as u64, what: Insertion::Text(key.into()) };
//!     store.commit_operation(&replica, &document, &[], 1_000, event)?;
//! }
//! assert_eq!(store.last_seq(&replica, &document)?, Some(1));
//!
//! // Sealing it, and keeping the file that is to be published, is one transaction.
//! let record = store.open()?.expect("two keys were typed").seal(store.workspace(), 2_000);
//! let file = OutboxFile { name: "1-1.ink".into(), replica, first: 1, last: 1, bytes: vec![0xCE, 0x00] };
//! store.commit(&Batch { seal: Some(record.clone()), outbox: vec![file], ..Batch::default() })?;
//!
//! assert_eq!(store.open()?, None);
//! assert_eq!(store.outbox()?, ["1-1.ink"]);
//! assert!(store.replay(&replica, &document)?.get(&record.id()).is_some());
//! # Ok::<(), inkfold_store::StoreError>(())
//! ```
#![deny(missing_docs)]

mod batch;
mod chain;
mod check;
mod error;
mod log;
mod materialise;
mod memory;
mod open;
mod sqlite;
mod state;
mod storage;
mod versions;

pub use batch::{
    AcknowledgementRow, Batch, Committed, Counts, DocumentCard, FileFact, OutboxFile, PendingFile, Signature, Snapshot,
    SnapshotChange, SnapshotMark, Stretch,
};
pub use chain::Chain;
pub use error::{Result, StoreError};
pub use log::{Kind, Log, LogEntry};
pub use materialise::Materialise;
pub use memory::MemoryStore;
pub use open::{OpenRecord, OpenRun, OpenStart};
pub use sqlite::{Salvaged, SqliteStore, salvage};
pub use state::State;
pub use storage::{Ends, Link, Storage, Tip, UndoRow};
pub use versions::{OpenedDocument, Versions};
