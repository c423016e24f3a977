//! Records: immutable runs of events of one replica, the unit of commit, replication and verification.

use std::sync::Arc;

use crate::codec;
use crate::event::{Event, FEATURE_CANCEL, FEATURE_MOVE, normalise};
use crate::ids::{DocumentId, RecordId, ReplicaId, WorkspaceId};

/// The features that this version folds into a document.
pub const FOLDED_FEATURES: u64 = FEATURE_CANCEL | FEATURE_MOVE;
/// The features whose events this version can read, folded or not.
pub const READ_FEATURES: u64 = FEATURE_CANCEL | FEATURE_MOVE;
/// The greatest size of a record's canonical bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// The greatest number of events in a record: a deletion is a few bytes however long it is, and the local versions that
/// events take are not endless.
pub const MAX_EVENTS: u64 = 1 << 24;

/// What a record says, before it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The document; [`DocumentId::WORKSPACE`] for the workspace's own data.
    pub document: DocumentId,
    /// Who wrote it.
    pub replica: ReplicaId,
    /// Counts the replica's records over the whole workspace, from 1.
    pub number: u64,
    /// How many events the replica had in this document before this record.
    pub first_seq: u64,
    /// When it was sealed, in milliseconds since 1970 by the author's clock. Shown to people, never used to merge.
    pub time: i64,
    /// The events.
    pub events: Events,
}

/// The events of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Events {
    /// Runs of events, normalised: no two neighbours could be one run.
    Known(Vec<Event>),
    /// Events of kinds that this version doesn't know, kept as they came.
    Unknown {
        /// The record's feature bits, some of them outside [`READ_FEATURES`].
        features: u64,
        /// How many events there are.
        count: u64,
        /// Their canonical bytes.
        bytes: Vec<u8>,
    },
}

impl Events {
    /// The events as normalised runs.
    pub fn from_runs(runs: impl IntoIterator<Item = Event>) -> Self {
        Events::Known(normalise(runs))
    }

    /// How many events there are; each inserted or deleted element counts.
    pub fn count(&self) -> u64 {
        match self {
            Events::Known(runs) => runs.iter().map(Event::count).sum(),
            Events::Unknown { count, .. } => *count,
        }
    }

    /// The feature bits that these events need.
    pub fn features(&self) -> u64 {
        match self {
            Events::Known(runs) => runs.iter().fold(0, |bits, run| bits | run.feature()),
            Events::Unknown { features, .. } => *features,
        }
    }

    /// The runs, where they are known.
    pub fn runs(&self) -> &[Event] {
        match self {
            Events::Known(runs) => runs,
            Events::Unknown { .. } => &[],
        }
    }
}

/// An immutable, sealed record. Cloning is cheap.
///
/// Its id is the BLAKE3 hash of the id of the replica's previous record ([`RecordId::NONE`] for number 1), the
/// parents' ids in ascending order, and the canonical bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Record(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    id: RecordId,
    previous: RecordId,
    previous_here: Option<RecordId>,
    parents: Vec<RecordId>,
    content: Content,
}

impl Record {
    /// Seals a record.
    ///
    /// `previous` is the replica's previous record in the workspace ([`RecordId::NONE`] for number 1) and
    /// `previous_here` its previous record in this document: an implied parent, which `parents` leaves out.
    pub fn seal(
        content: Content,
        previous: RecordId,
        previous_here: Option<RecordId>,
        mut parents: Vec<RecordId>,
    ) -> Self {
        parents.sort_unstable();
        parents.dedup();
        let id = Self::hash(&content, &previous, &parents);
        Self::with_id(id, content, previous, previous_here, parents)
    }

    /// A record under an id that is taken on trust, with its parents ascending: to tell what hashing costs.
    pub fn with_id(
        id: RecordId,
        content: Content,
        previous: RecordId,
        previous_here: Option<RecordId>,
        parents: Vec<RecordId>,
    ) -> Self {
        Record(Arc::new(Inner { id, previous, previous_here, parents, content }))
    }

    fn hash(content: &Content, previous: &RecordId, parents: &[RecordId]) -> RecordId {
        // In one piece: small pieces one by one take longer to hash. Most records fit.
        let mut out = codec::Writer(Vec::with_capacity(1000));
        out.raw(&previous.0);
        for parent in parents {
            out.raw(&parent.0);
        }
        codec::write_canonical(&mut out, content);
        RecordId(*blake3::hash(&out.0).as_bytes())
    }

    /// The record's id.
    pub fn id(&self) -> RecordId {
        self.0.id
    }

    /// The replica's previous record in the workspace; [`RecordId::NONE`] for number 1.
    pub fn previous(&self) -> RecordId {
        self.0.previous
    }

    /// The replica's previous record in this document, an implied parent.
    pub fn previous_here(&self) -> Option<RecordId> {
        self.0.previous_here
    }

    /// The parents in ascending order, without the implied one: the author's version when this was written.
    pub fn parents(&self) -> &[RecordId] {
        &self.0.parents
    }

    /// All parents, the implied one first.
    pub fn all_parents(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.0.previous_here.into_iter().chain(self.0.parents.iter().copied())
    }

    /// What the record says.
    pub fn content(&self) -> &Content {
        &self.0.content
    }

    /// The document.
    pub fn document(&self) -> DocumentId {
        self.0.content.document
    }

    /// Who wrote it.
    pub fn replica(&self) -> ReplicaId {
        self.0.content.replica
    }

    /// The record's place in its replica's chain, from 1.
    pub fn number(&self) -> u64 {
        self.0.content.number
    }

    /// The events.
    pub fn events(&self) -> &Events {
        &self.0.content.events
    }

    /// The first seq after this record.
    pub fn end_seq(&self) -> u64 {
        self.0.content.first_seq.saturating_add(self.0.content.events.count())
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.0.id)
            .field("parents", &self.0.parents)
            .field("content", &self.0.content)
            .finish_non_exhaustive()
    }
}
