//! The shared folder: an unordered, lossy, duplicating, untrusted bag of immutable files.
//!
//! Meaning is never derived from the order of arrival, a file's name, its times, a lock, or absence: everything a
//! reader needs is inside the file, verified by hash and signature. Files are described in `src-tauri/FORMAT.md`,
//! sections 7 and following.
//!
//! - [`Identity`]: the key pair that a replica is.
//! - [`Segment`] and [`encode_segment`]: files that carry records. [`Segment::parse`] verifies what a file says by
//!   itself, [`Segment::resolve`] what it builds on.
//! - [`Branches`]: what this crate asks about the records that are already held. It knows no store.
//! - [`Acknowledgement`] and [`Presence`]: what a replica says of itself in files that it replaces.
//! - [`genesis`]: the file that makes a folder a workspace.
//! - [`Publisher`]: writes whole files, durably, into our own directory.
//! - [`scan`](scan::scan), [`Memory`], [`Pending`]: find what is new, whatever the sync service did to it.
//! - [`blob`]: what images and attachments hold, found and verified one by one, never by a scan.
//! - [`policy`]: when to write, what to merge, what may go.
//! - [`Watcher`]: hints that a scan is worth it.
//!
//! All access to files goes through [`FileSystem`] and all time through [`Clock`]. Deliberately absent: threads, locks,
//! a database, any knowledge of documents, and any call that deletes a file which isn't our own.
//!
//! ```
//! use inkfold_engine::{DocumentId, Event, Events, Insertion, Record, RecordId, WorkspaceId, record::Content};
//! use inkfold_folder::{
//!     HeldRecords, Identity, Memory, Publisher, RealClock, RealFileSystem, ScanRequest, Signer, Verdict, encode_segment,
//!     genesis, scan::scan,
//! };
//!
//! let (files, clock) = (RealFileSystem, RealClock::default());
//! let folder = tempfile::tempdir()?;
//! let workspace = WorkspaceId([7; 16]);
//! genesis::create(&files, &clock, folder.path(), workspace, "Team notes")?;
//!
//! // Ada writes a record and publishes it.
//! let ada = Identity::generate(workspace)?;
//! let text = Event::Insert { at: 0, what: Insertion::Text("Hello".into()) };
//! let content = Content {
//!     workspace,
//!     document: DocumentId([1; 16]),
//!     replica: ada.replica(),
//!     number: 1,
//!     first_seq: 0,
//!     time: 0,
//!     events: Events::from_runs([text]),
//! };
//! let record = Record::seal(content, RecordId::NONE, None, vec![]);
//! let segment = encode_segment(Signer::Own(&ada), &[record.clone()], &HeldRecords::default())?;
//! Publisher::new(&files, &clock, folder.path()).publish(&segment.path(&ada.replica()), &segment.bytes)?;
//!
//! // Ben finds it.
//! let ben = Identity::generate(workspace)?;
//! let mut held = HeldRecords::default();
//! let request = ScanRequest { workspace, replica: ben.replica() };
//! let report = scan(&files, &clock, folder.path(), &request, &mut Memory::default(), &mut |new| {
//!     let segment = new.content.into_segment().expect("it is one");
//!     for record in segment.resolve(&held).expect("it builds on nothing") {
//!         held.insert(record);
//!     }
//!     Verdict::Taken
//! });
//! assert!(report.complete && report.root.is_usable());
//! assert!(held.contains(&record.id()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod acknowledgement;
pub mod blob;
pub mod branches;
pub mod checkpoint;
pub mod fs;
pub mod genesis;
pub mod identity;
pub mod kind;
pub mod layout;
pub mod memory;
pub mod pending;
pub mod policy;
pub mod presence;
pub mod publish;
pub mod refusal;
pub mod scan;
pub mod segment;
pub mod signed;
pub mod watch;

pub use acknowledgement::{Acknowledgement, Head, Holdings};
pub use branches::{Branches, HeldRecords, LookupFailed, Place};
pub use checkpoint::Checkpoint;
pub use fs::{Clock, FileSystem, RealClock, RealFileSystem};
pub use genesis::Genesis;
pub use identity::{HeadSignature, Identity, IdentityError, PublicKey};
pub use kind::FileKind;
pub use layout::RelativePath;
pub use memory::{Memory, Verdict};
pub use pending::Pending;
pub use presence::{Presence, Spot};
pub use publish::{PublishError, Published, Publisher};
pub use refusal::Refusal;
pub use scan::{Content as FileContent, NewFile, OwnSeen, RootState, ScanReport, ScanRequest, Taker};
pub use segment::{
    EncodeError, FileHash, Segment, SegmentFile, ShortHash, Signer, Unresolved, encode_all, encode_segment,
    merge_segments, resolve_together,
};
pub use watch::{WatchTrouble, Watcher};
