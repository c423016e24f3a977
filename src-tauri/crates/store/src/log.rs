//! The operations on replicas' logs: commit, read, replay, converge.
//!
//! A replica's *stream* of a document is the run of its events there, numbered by seq from 0. Its *log* is that
//! stream as kept here: the sealed records one after another and, for this installation's own replica, the events of
//! the open record.

use inkfold_engine::{DocumentId, Event, Insertion, RecordId, ReplicaId};

use crate::chain::Chain;
use crate::error::Result;
use crate::state::State;
use crate::storage::Storage;

/// What kind of event an entry of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text comes in.
    Text,
    /// A block marker comes in.
    Marker,
    /// An inline object comes in.
    Object,
    /// Elements go.
    Delete,
    /// A block's text flows to the block before.
    Join,
    /// A block is hidden.
    Remove,
    /// A mark is set or taken away.
    Mark,
    /// A register is set.
    Register,
    /// Own events are cancelled or count again.
    Cancel,
    /// Blocks move.
    Move,
    /// Events that this version doesn't know.
    Unknown,
}

impl Kind {
    /// The kind of an event.
    pub fn of(event: &Event) -> Self {
        match event {
            Event::Insert { what: Insertion::Text(_), .. } => Kind::Text,
            Event::Insert { what: Insertion::Marker(_), .. } => Kind::Marker,
            Event::Insert { what: Insertion::Object(_), .. } => Kind::Object,
            Event::Delete { .. } => Kind::Delete,
            Event::Join { .. } => Kind::Join,
            Event::Remove { .. } => Kind::Remove,
            Event::Mark { .. } => Kind::Mark,
            Event::Register { .. } => Kind::Register,
            Event::Cancel { .. } => Kind::Cancel,
            Event::Move { .. } => Kind::Move,
        }
    }

    /// Its name: lowercase, never translated.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Marker => "marker",
            Kind::Object => "object",
            Kind::Delete => "delete",
            Kind::Join => "join",
            Kind::Remove => "remove",
            Kind::Mark => "mark",
            Kind::Register => "register",
            Kind::Cancel => "cancel",
            Kind::Move => "move",
            Kind::Unknown => "unknown",
        }
    }
}

/// An entry of a replica's log: a run of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The seq of the run's first event.
    pub seq: u64,
    /// How many events the run stands for.
    pub count: u64,
    /// What kind of event it is.
    pub kind: Kind,
    /// The record's author time; for the open record, the time of the append.
    pub time: i64,
    /// The record's number, or the one that the open record will have.
    pub number: u64,
    /// The record; none for the open one.
    pub record: Option<RecordId>,
    /// The event; none for events that this version doesn't know.
    pub event: Option<Event>,
}

/// Operations on replicas' logs. Every [`Storage`] has them.
///
/// # Errors
/// All fail as the storage does.
pub trait Log: Storage {
    /// Appends one operation to a replica's stream of a document, made at the version `parents`. It is durable when
    /// this returns, as part of the open record.
    ///
    /// # Errors
    /// [`StoreError::Open`](crate::StoreError::Open) where a record of another document, replica or version is
    /// open: it has to be sealed before.
    fn commit_operation(
        &mut self,
        replica: &ReplicaId,
        document: &DocumentId,
        parents: &[RecordId],
        time: i64,
        operation: Event,
    ) -> Result<()> {
        self.commit_operations(replica, document, parents, time, &[operation])
    }

    /// Appends several operations to a replica's stream of a document at once: all of them are kept, or none. No
    /// operations are nothing.
    ///
    /// # Errors
    /// As [`Self::commit_operation`].
    fn commit_operations(
        &mut self,
        replica: &ReplicaId,
        document: &DocumentId,
        parents: &[RecordId],
        time: i64,
        operations: &[Event],
    ) -> Result<()> {
        if operations.is_empty() {
            return Ok(());
        }
        let start = self.start(replica, document, parents)?;
        self.append_open(&start, time, operations)
    }

    /// A replica's log of a document, in ascending order of record number. A forked replica's log lists its branches
    /// by record id at each number; what is open comes after what is sealed.
    fn read_log(&self, replica: &ReplicaId, document: &DocumentId) -> Result<Vec<LogEntry>> {
        let mut log = Vec::new();
        for record in self.stream(replica, document)? {
            let content = record.content();
            let (time, number) = (content.time, content.number);
            let mut seq = content.first_seq;
            let runs = record.events().runs();
            for event in runs {
                log.push(LogEntry {
                    seq,
                    count: event.count(),
                    kind: Kind::of(event),
                    time,
                    number,
                    record: Some(record.id()),
                    event: Some(event.clone()),
                });
                seq += event.count();
            }
            if runs.is_empty() {
                let count = record.event_count();
                let record = Some(record.id());
                log.push(LogEntry { seq, count, kind: Kind::Unknown, time, number, record, event: None });
            }
        }
        if let Some(open) =
            self.open()?.filter(|open| open.start.replica == *replica && open.start.document == *document)
        {
            for run in &open.runs {
                let mut seq = run.seq;
                for event in &run.events {
                    log.push(LogEntry {
                        seq,
                        count: event.count(),
                        kind: Kind::of(event),
                        time: run.time,
                        number: open.number,
                        record: None,
                        event: Some(event.clone()),
                    });
                    seq += event.count();
                }
            }
        }
        Ok(log)
    }

    /// The operations of a replica's log alone, in the order of the log. Those that this version doesn't know are
    /// left out.
    fn operations(&self, replica: &ReplicaId, document: &DocumentId) -> Result<Vec<Event>> {
        Ok(self.read_log(replica, document)?.into_iter().filter_map(|entry| entry.event).collect())
    }

    /// The seq of a replica's last event in a document, open or sealed; none if there is no event. A forked
    /// replica's is the greatest of its branches.
    fn last_seq(&self, replica: &ReplicaId, document: &DocumentId) -> Result<Option<u64>> {
        let sealed = self.stream_end(replica, document)?;
        let open = self.open()?.filter(|open| open.start.replica == *replica && open.start.document == *document);
        let end = open.map_or(0, |open| open.end_seq()).max(sealed);
        Ok(end.checked_sub(1))
    }

    /// Replays one replica's log of a document into a state: its sealed records, every branch of them. What is open
    /// has no identity yet and is left out; seal it first.
    fn replay(&self, replica: &ReplicaId, document: &DocumentId) -> Result<State> {
        Ok(State::of(*document, self.stream(replica, document)?))
    }

    /// Joins the replays of a set of replicas. The same for any order of them, and for any that are named twice.
    fn converge(&self, replicas: &[ReplicaId], document: &DocumentId) -> Result<State> {
        let mut state = State::new(*document);
        for replica in replicas {
            state.join(&self.replay(replica, document)?);
        }
        Ok(state)
    }
}

impl<S: Storage + ?Sized> Log for S {}
