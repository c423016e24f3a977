//! The open record: what was typed since the last record was sealed, durable key by key.

use inkfold_engine::codec::{canonical_bytes, decode_canonical};
use inkfold_engine::event::{Runs, normalise};
use inkfold_engine::record::MAX_RECORD_BYTES;
use inkfold_engine::{Content, DocumentId, Event, Events, Record, RecordId, ReplicaId, WorkspaceId};

use crate::chain::Chain;
use crate::error::{Result, StoreError};
use crate::storage::Storage;

/// What an open record begins with and never changes while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenStart {
    /// The document.
    pub document: DocumentId,
    /// The writer: this installation's current replica.
    pub replica: ReplicaId,
    /// The version that the events were made at, without `previous_here`, which is implied.
    pub parents: Vec<RecordId>,
    /// The replica's previous record in this document.
    pub previous_here: Option<RecordId>,
    /// How many events the replica has in this document before this record.
    pub first_seq: u64,
}

/// The events of one append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// The seq of its first event.
    pub seq: u64,
    /// When it was appended.
    pub time: i64,
    /// Its events, normalised.
    pub events: Runs,
}

impl OpenRun {
    /// The first seq after it.
    pub fn end_seq(&self) -> u64 {
        self.seq + self.events.iter().map(Event::count).sum::<u64>()
    }
}

/// The record that isn't sealed yet. There is at most one in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRecord {
    /// What it began with; the parents in ascending order.
    pub start: OpenStart,
    /// The number that it will have.
    pub number: u64,
    /// The replica's previous record in the workspace. It is settled when the record is opened, so that a fork that
    /// comes in meanwhile doesn't change which branch the record goes on.
    pub previous: RecordId,
    /// What was appended so far; never empty.
    pub runs: Vec<OpenRun>,
}

impl OpenRecord {
    /// All events so far, normalised.
    pub fn events(&self) -> Runs {
        normalise(self.runs.iter().flat_map(|run| run.events.iter().cloned()))
    }

    /// The first seq after the last event.
    pub fn end_seq(&self) -> u64 {
        self.runs.last().map_or(self.start.first_seq, OpenRun::end_seq)
    }

    /// When something was appended last. Sealed at that time, copies of one open record become the same record.
    pub fn time(&self) -> i64 {
        self.runs.last().map_or(0, |run| run.time)
    }

    /// The record that this becomes when it is sealed at `time`. Pure: hand it to
    /// [`Batch::seal`](crate::Batch::seal), together with whatever is made from it.
    pub fn seal(&self, workspace: WorkspaceId, time: i64) -> Record {
        let content = Content {
            workspace,
            document: self.start.document,
            replica: self.start.replica,
            number: self.number,
            first_seq: self.start.first_seq,
            time,
            events: Events::Known(self.events()),
        };
        Record::seal(content, self.previous, self.start.previous_here, self.start.parents.clone())
    }
}

impl OpenStart {
    /// The same with its parents in ascending order and each once.
    pub(crate) fn sorted(&self) -> OpenStart {
        let mut start = self.clone();
        start.parents.sort_unstable();
        start.parents.dedup();
        start
    }

    /// Checks that the replica may write this now; gives the record's number and previous record.
    pub(crate) fn check<S: Storage + ?Sized>(&self, store: &S) -> Result<(u64, RecordId)> {
        let (number, previous) = match store.line_end(&self.replica)? {
            None => (1, RecordId::NONE),
            Some(tip) => (tip.number + 1, tip.record),
        };
        let expected = if number == 1 { None } else { store.previous_here(&previous, &self.document)? };
        let first_seq = match &expected {
            None => 0,
            Some(id) => store.end_seq_of(id)?,
        };
        if self.previous_here != expected || self.first_seq != first_seq {
            return Err(StoreError::Open("it doesn't follow the replica's previous record of the document"));
        }
        for parent in &self.parents {
            match store.link(parent)? {
                Some(link) if link.document == self.document && Some(*parent) != expected => {}
                Some(_) => return Err(StoreError::Open("a parent belongs elsewhere or is implied already")),
                None => return Err(StoreError::Open("a parent isn't here")),
            }
        }
        Ok((number, previous))
    }
}

/// The bytes that an append is kept as: the canonical bytes of a record that consists of it alone.
pub(crate) fn run_bytes(workspace: WorkspaceId, start: &OpenStart, number: u64, run: &OpenRun) -> Result<Vec<u8>> {
    let content = Content {
        workspace,
        document: start.document,
        replica: start.replica,
        number,
        first_seq: run.seq,
        time: run.time,
        events: Events::Known(run.events.clone()),
    };
    let bytes = canonical_bytes(&content);
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(StoreError::Open("it would be larger than a record may be"));
    }
    match decode_canonical(&bytes) {
        Ok(read) if read == content => Ok(bytes),
        _ => Err(StoreError::Open("it holds an event that can't be written down")),
    }
}

/// Reads what [`run_bytes`] wrote, as the append that begins at `seq`.
pub(crate) fn run_from_bytes(
    workspace: WorkspaceId,
    start: &OpenStart,
    number: u64,
    seq: u64,
    bytes: &[u8],
) -> Result<OpenRun, String> {
    let content = decode_canonical(bytes).map_err(|error| error.to_string())?;
    let Events::Known(events) = content.events else {
        return Err("it holds events of unknown kinds".into());
    };
    let here = (content.workspace, content.document, content.replica, content.number, content.first_seq);
    if here != (workspace, start.document, start.replica, number, seq) {
        return Err("it belongs elsewhere".into());
    }
    Ok(OpenRun { seq, time: content.time, events })
}
