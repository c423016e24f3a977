//! The CRDT that every Inkfold replica folds its logs with.
//!
//! A document's state is the set of all replicas' [`Record`]s; joining two states is set union, and the [`Page`] that
//! people see is a function of the set. Records hold [`Event`]s whose positions count on the page as their author saw
//! it. [`Document`] folds them: its `history` keeps the graph of records, its `fold` applies them to the page one after
//! another, and where writers didn't know of each other, its `walk` brings their elements into one sequence. `src-tauri/FORMAT.md` says what everything means.
//!
//! The engine does no I/O and has no clock and no randomness of its own: whoever uses it passes those in.
//!
//! ```
//! use inkfold_engine::{Document, DocumentId, Event, Insertion, ReplicaId, WorkspaceId};
//!
//! let mut document = Document::new(WorkspaceId([1; 16]), DocumentId([2; 16]));
//! document.begin(ReplicaId([3; 16]), &[])?;
//! document.apply(&Event::Insert { at: 0, what: Insertion::Marker(Default::default()) })?;
//! document.apply(&Event::Insert { at: 1, what: Insertion::Text("Hello, folder".into()) })?;
//! assert_eq!(document.page().text(), "Hello, folder");
//! # Ok::<(), inkfold_engine::EditError>(())
//! ```

pub mod codec;
pub mod diff;
mod document;
pub mod event;
mod fold;
mod history;
pub mod ids;
mod layout;
mod marks;
mod page;
pub mod patch;
pub mod record;
mod snapshot;
mod tree;
mod walk;

pub use document::{Blame, Document, EditError, Opened, Session, Typing, Version};
pub use event::{Attributes, End, Event, Insertion, Start, Target, Value};
pub use history::{Admission, OPEN, Unfolded};
pub use ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
pub use page::{Block, Page};
pub use patch::Patch;
pub use record::{Content, Events, Record};
