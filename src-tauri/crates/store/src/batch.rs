//! What goes into a store in one piece: the batch, and the things that it consists of.

use inkfold_engine::{DocumentId, Record, RecordId, ReplicaId};

/// Changes that become durable together or not at all.
///
/// The fields are applied in the order in which they stand here, whatever order they were filled in.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Settings; none removes one.
    pub settings: Vec<(String, Option<Vec<u8>>)>,
    /// The open record, sealed by [`OpenRecord::seal`](crate::OpenRecord::seal). It is kept, and no record is open
    /// any more.
    pub seal: Option<Record>,
    /// Further sealed records, own and foreign. Those that are here already are passed over.
    pub records: Vec<Record>,
    /// Public keys of replicas.
    pub keys: Vec<(ReplicaId, [u8; 32])>,
    /// Signatures of records.
    pub signatures: Vec<Signature>,
    /// What replicas say that they hold. Of a replica's the one with the greatest counter stays; others are passed over.
    pub acknowledgements: Vec<AcknowledgementRow>,
    /// Names of files that are published and leave the outbox.
    pub outbox_done: Vec<String>,
    /// Files to publish, after those that are already waiting.
    pub outbox: Vec<OutboxFile>,
    /// What is known of files of the shared folder, by path; none forgets one.
    pub facts: Vec<(Vec<u8>, Option<FileFact>)>,
    /// Files that can't be used yet, by the hash of their bytes; none forgets one.
    pub pending: Vec<([u8; 32], Option<PendingFile>)>,
    /// What lists show of documents; none forgets one.
    pub cards: Vec<(DocumentId, Option<DocumentCard>)>,
    /// Snapshots of documents.
    pub snapshots: Vec<SnapshotChange>,
}

impl Batch {
    /// A batch of records and nothing else.
    pub fn of_records(records: impl IntoIterator<Item = Record>) -> Self {
        Batch { records: records.into_iter().collect(), ..Batch::default() }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        let Batch {
            settings,
            seal,
            records,
            keys,
            signatures,
            acknowledgements,
            outbox_done,
            outbox,
            facts,
            pending,
            cards,
            snapshots,
        } = self;
        settings.is_empty()
            && seal.is_none()
            && records.is_empty()
            && keys.is_empty()
            && signatures.is_empty()
            && acknowledgements.is_empty()
            && outbox_done.is_empty()
            && outbox.is_empty()
            && facts.is_empty()
            && pending.is_empty()
            && cards.is_empty()
            && snapshots.is_empty()
    }
}

/// What a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The records that were not here before, in the order in which they came in.
    pub added: Vec<RecordId>,
}

/// A signature over (workspace, replica, number, record id). The store keeps it and doesn't verify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Who signed.
    pub replica: ReplicaId,
    /// The record's number.
    pub number: u64,
    /// The record.
    pub record: RecordId,
    /// The signature.
    pub bytes: [u8; 64],
}

/// What a replica says that it holds. The store keeps its bytes and doesn't read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgementRow {
    /// Who says so.
    pub replica: ReplicaId,
    /// Rises with each acknowledgement of the replica.
    pub counter: u64,
    /// Since when that is known here, in milliseconds since 1970, for people.
    pub since: i64,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A file to be published in the shared folder, with its exact bytes, so that a retry is identical to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxFile {
    /// Its name. Names are made from contents, so one name never stands for two files.
    pub name: String,
    /// Whose records it holds.
    pub replica: ReplicaId,
    /// Number of the first record in it.
    pub first: u64,
    /// Number of the last record in it.
    pub last: u64,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What was seen of a file that was read, so that it need not be read again as long as nothing differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFact {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last modification, in the folder's own unit.
    pub modified: i64,
    /// Time of the last change of the entry, in the folder's own unit.
    pub changed: i64,
    /// The file's number in its file system; 0 where there is none.
    pub inode: u64,
    /// Hash of the bytes.
    pub hash: [u8; 32],
    /// The records in it, where that is what it holds.
    pub stretch: Option<Stretch>,
}

/// A stretch of a replica's chain, by its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Whose records.
    pub replica: ReplicaId,
    /// Number of the first.
    pub first: u64,
    /// Number of the last.
    pub last: u64,
    /// The last.
    pub record: RecordId,
}

/// A file that can't be used yet, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingFile {
    /// Where it was seen last.
    pub path: Vec<u8>,
    /// Why it isn't used.
    pub reason: String,
}

/// What a list shows of a document without opening it. A cache: it can be thrown away at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCard {
    /// The title.
    pub title: String,
    /// Whether the document is in the trash.
    pub trashed: bool,
    /// When it was edited last, in milliseconds since 1970.
    pub edited: i64,
}

/// What a document was when its records up to a place had come in, without its bytes. A cache: it can be thrown away at any
/// time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotMark {
    /// The place of the last record that is in it. All of the document's records up to there are, and no others.
    pub place: u64,
    /// How many events these records have.
    pub events: u64,
    /// The version that they make, ascending.
    pub version: Vec<RecordId>,
    /// Whether it is kept for looking back, or only until there is a newer one.
    pub is_lasting: bool,
}

/// A snapshot of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is of.
    pub mark: SnapshotMark,
    /// What only its writer reads.
    pub bytes: Vec<u8>,
}

/// What becomes of a document's snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotChange {
    /// The document.
    pub document: DocumentId,
    /// The places of those that stay; all others go.
    pub kept: Vec<u64>,
    /// New ones.
    pub added: Vec<Snapshot>,
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sealed records.
    pub records: u64,
    /// Records that don't hang together with their replica's first record yet.
    pub loose: u64,
    /// Events in the open record.
    pub open_events: u64,
    /// Files to publish.
    pub outbox: u64,
    /// Their bytes.
    pub outbox_bytes: u64,
    /// Files that can't be used yet.
    pub pending: u64,
}
