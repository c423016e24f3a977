//! The storage trait: what a backend has to do.

use std::ops::Range;

use inkfold_engine::{DocumentId, Event, Record, RecordId, ReplicaId, WorkspaceId};

use crate::batch::{
    AcknowledgementRow, Batch, Committed, Counts, DocumentCard, FileFact, OutboxFile, PendingFile, Signature,
    SnapshotMark,
};
use crate::error::Result;
use crate::open::{OpenRecord, OpenStart};

/// A row of what a writer can undo: its number, and its bytes, which only the engine knows; none forgets it.
pub type UndoRow = (u64, Option<Vec<u8>>);

/// A record in its replica's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tip {
    /// Its number.
    pub number: u64,
    /// The record.
    pub record: RecordId,
}

/// How a record hangs in its replica's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Who wrote it.
    pub replica: ReplicaId,
    /// Its place in the chain, from 1.
    pub number: u64,
    /// The document.
    pub document: DocumentId,
    /// The record before it in the chain; [`RecordId::NONE`] for number 1.
    pub previous: RecordId,
    /// The first seq after it.
    pub end_seq: u64,
    /// Whether all records before it in the chain are here.
    pub rooted: bool,
    /// Where it stands among all records here, in the order in which they came in, from 1.
    pub place: u64,
}

/// The ends of a replica's chain, in ascending order of number and id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// Rooted records that no record here follows: one for a replica that wrote one line, more for a forked one.
    pub tips: Vec<Tip>,
    /// Records whose chain has a gap.
    pub loose: Vec<Tip>,
}

/// Where the records of one workspace are kept by one installation.
///
/// Calls block. A call that returns `Ok` has made its changes durable as far as the backend can; one that returns
/// an error has changed nothing. What is derived from these calls stands in [`Chain`](crate::Chain) and
/// [`Log`](crate::Log), so that backends can't disagree about it.
pub trait Storage: Send {
    /// The workspace whose records these are.
    fn workspace(&self) -> WorkspaceId;

    /// Makes all changes of a batch, or none. An empty batch writes nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`](crate::StoreError::Refused) for a record that belongs to another workspace, is too
    /// large, contradicts itself or the records here; [`StoreError::Open`](crate::StoreError::Open) where
    /// `seal` isn't the open record; [`StoreError::Conflict`](crate::StoreError::Conflict) for other contents
    /// under a known name; or the backend's own.
    fn commit(&mut self, batch: &Batch) -> Result<Committed>;

    /// Appends events to the open record, and opens it if there is none. No events are nothing.
    ///
    /// # Errors
    /// As [`Self::append_undoable`].
    fn append_open(&mut self, start: &OpenStart, time: i64, events: &[Event]) -> Result<()> {
        self.append_undoable(start, time, events, &[])
    }

    /// Appends events to the open record, and with them changes rows of what its writer can undo in the document. Rows of the
    /// replicas that wrote under this roof before go.
    ///
    /// # Errors
    /// [`StoreError::Open`](crate::StoreError::Open) where another record is open, `start` isn't where the replica
    /// stands, or the record would be too large; [`StoreError::Forked`](crate::StoreError::Forked) where the
    /// replica must not write any more; or the backend's own.
    fn append_undoable(&mut self, start: &OpenStart, time: i64, events: &[Event], undo: &[UndoRow]) -> Result<()>;

    /// What a replica can undo in a document, in ascending order of number.
    fn undo_rows(&self, document: &DocumentId, replica: &ReplicaId) -> Result<Vec<(u64, Vec<u8>)>>;

    /// The open record with all that was appended.
    ///
    /// # Errors
    /// The backend's own, or a damaged row. The same goes for all that follow.
    fn open(&self) -> Result<Option<OpenRecord>>;

    /// A setting.
    fn setting(&self, key: &str) -> Result<Option<Vec<u8>>>;

    /// A sealed record.
    fn record(&self, id: &RecordId) -> Result<Option<Record>>;

    /// How a sealed record hangs in its chain.
    fn link(&self, id: &RecordId) -> Result<Option<Link>>;

    /// The sealed records of a document, in the order in which they came in.
    fn records(&self, document: &DocumentId) -> Result<Vec<Record>>;

    /// Those of a document's records that have these places, with them, in ascending order.
    fn records_at_places(&self, document: &DocumentId, places: Range<u64>) -> Result<Vec<(u64, Record)>>;

    /// The snapshots of a document that can be used, in ascending order of place. Damaged ones and those of another engine are passed
    /// over.
    fn snapshots(&self, document: &DocumentId) -> Result<Vec<SnapshotMark>>;

    /// The last of them before a place. Looks at no others.
    fn snapshot_before(&self, document: &DocumentId, place: u64) -> Result<Option<SnapshotMark>>;

    /// The bytes of the snapshot of a document that was taken at a place. The store doesn't look into them.
    fn snapshot(&self, document: &DocumentId, place: u64) -> Result<Option<Vec<u8>>>;

    /// The records of a replica with these numbers, in ascending order of number and id.
    fn records_of(&self, replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Record>>;

    /// The records of a replica in a document, in ascending order of number and id.
    fn stream(&self, replica: &ReplicaId, document: &DocumentId) -> Result<Vec<Record>>;

    /// The greatest end of a replica's seqs in a document among sealed records; 0 where there are none.
    fn stream_end(&self, replica: &ReplicaId, document: &DocumentId) -> Result<u64>;

    /// The last of a replica's records in a document whose number is at most `number`; the one with the greatest id
    /// where there are several with its number. Which branch it is on is left open; see
    /// [`Chain::previous_here`](crate::Chain::previous_here).
    fn latest(&self, replica: &ReplicaId, document: &DocumentId, number: u64) -> Result<Option<Tip>>;

    /// The ids of a replica's records with one number, ascending. More than one: the replica is forked.
    fn records_at(&self, replica: &ReplicaId, number: u64) -> Result<Vec<RecordId>>;

    /// The lowest number at which a replica has more than one record.
    fn first_fork(&self, replica: &ReplicaId) -> Result<Option<u64>>;

    /// The ends of a replica's chain.
    fn ends(&self, replica: &ReplicaId) -> Result<Ends>;

    /// The replicas of the records here, ascending.
    fn replicas(&self) -> Result<Vec<ReplicaId>>;

    /// The documents of the records here and of the open one, ascending.
    fn documents(&self) -> Result<Vec<DocumentId>>;

    /// A replica's public key.
    fn key(&self, replica: &ReplicaId) -> Result<Option<[u8; 32]>>;

    /// The signature of a record.
    fn signature(&self, record: &RecordId) -> Result<Option<Signature>>;

    /// The signatures of a replica's records with these numbers, in ascending order of number and record id.
    fn signatures(&self, replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Signature>>;

    /// What replicas say that they hold, in ascending order of replica.
    fn acknowledgements(&self) -> Result<Vec<AcknowledgementRow>>;

    /// The names of the files to publish, in the order in which they were queued.
    fn outbox(&self) -> Result<Vec<String>>;

    /// A file to publish.
    fn outbox_file(&self, name: &str) -> Result<Option<OutboxFile>>;

    /// The greatest record number of a replica that was ever queued; 0 for none. What comes after it is in no file
    /// of this installation yet.
    fn queued_to(&self, replica: &ReplicaId) -> Result<u64>;

    /// What is known of the file at a path.
    fn fact(&self, path: &[u8]) -> Result<Option<FileFact>>;

    /// What is known of all files, in ascending order of path.
    fn facts(&self) -> Result<Vec<(Vec<u8>, FileFact)>>;

    /// The files that can't be used yet, in ascending order of hash.
    fn pending(&self) -> Result<Vec<([u8; 32], PendingFile)>>;

    /// What lists show, in ascending order of document.
    fn cards(&self) -> Result<Vec<(DocumentId, DocumentCard)>>;

    /// How much is here.
    fn counts(&self) -> Result<Counts>;
}
