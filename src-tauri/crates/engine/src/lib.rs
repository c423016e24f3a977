//! The CRDT that every Inkfold replica folds its logs with.
#![deny(missing_docs)]

pub mod codec;
pub mod event;
pub mod ids;
pub mod record;

pub use event::{Attributes, End, Event, Insertion, Start, Target, Value};
pub use ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
pub use record::{Content, Events, Record};
