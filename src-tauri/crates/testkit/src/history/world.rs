//! Simulated replicas of one document, which write properly chained records.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use inkfold_engine::event::{Event, Target, Value};
use inkfold_engine::ids::{DocumentId, RecordId, ReplicaId, WorkspaceId};
use inkfold_engine::record::{Content, Events, Record};

use super::choose::{self, Kind};
use super::plan::Plan;
use super::undo::UndoStack;
use crate::edit::Edit;
use crate::model::Model;
use crate::page::Page;

/// The workspace of all generated histories.
pub const WORKSPACE: WorkspaceId = WorkspaceId([0x77; 16]);
/// The document that a history is about.
pub const DOCUMENT: DocumentId = DocumentId([0xd1; 16]);
/// Another document, in which replicas write now and then, so that their numbers have gaps in the first.
pub const ELSEWHERE: DocumentId = DocumentId([0xd2; 16]);

/// All records that were written, with the model of the document.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The document's records in the order in which they were written.
    pub records: Vec<Record>,
    /// Records of another document.
    pub elsewhere: Vec<Record>,
    /// The model of all records.
    pub model: Model,
    by_id: BTreeMap<RecordId, Record>,
}

impl World {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// A record of the document.
    pub fn record(&self, id: RecordId) -> &Record {
        &self.by_id[&id]
    }

    /// A record with all its ancestors.
    pub fn with_ancestors(&self, id: RecordId) -> BTreeSet<RecordId> {
        let mut found = BTreeSet::new();
        let mut left = vec![id];
        while let Some(id) = left.pop() {
            if found.insert(id) {
                left.extend(self.record(id).all_parents());
            }
        }
        found
    }
}

/// How many events runs stand for.
pub fn count(runs: &[Event]) -> u64 {
    runs.iter().map(Event::count).sum()
}

/// A replica: what it knows and where its chain of records is.
#[derive(Debug, Clone)]
pub struct Replica {
    /// Who it is.
    pub id: ReplicaId,
    /// The records that it has, each with all its ancestors.
    pub known: BTreeSet<RecordId>,
    /// Its last record in the workspace.
    previous: RecordId,
    number: u64,
    here: Option<Record>,
    last_elsewhere: Option<Record>,
    /// What it can undo.
    pub undo: UndoStack,
}

impl Replica {
    /// A replica that knows nothing yet.
    pub fn new(id: ReplicaId) -> Self {
        let (known, undo) = (BTreeSet::new(), UndoStack::default());
        Replica { id, known, previous: RecordId::NONE, number: 0, here: None, last_elsewhere: None, undo }
    }

    /// The same replica as it was right after one of its records: a copy of its folder that goes on by itself.
    pub fn restored(world: &World, record: &Record) -> Self {
        let chain = std::iter::successors(Some(record), |record| record.previous_here().map(|id| world.record(id)));
        let mut edits: Vec<_> = chain.map(|record| record.content().first_seq..record.end_seq()).collect();
        edits.reverse();
        let mut undo = UndoStack::default();
        for edit in edits {
            undo.did(edit);
        }
        Replica {
            id: record.replica(),
            known: world.with_ancestors(record.id()),
            previous: record.id(),
            number: record.number(),
            here: Some(record.clone()),
            last_elsewhere: None,
            undo,
        }
    }

    /// Takes in all that another replica knows.
    pub fn learn(&mut self, other: &Replica) {
        self.known.extend(&other.known);
    }

    /// Its own last record of the document.
    pub fn last_record(&self) -> Option<&Record> {
        self.here.as_ref()
    }

    /// The seq of its next event in the document.
    pub fn next_seq(&self) -> u64 {
        self.here.as_ref().map_or(0, Record::end_seq)
    }

    /// The page as this replica sees it.
    pub fn page(&self, world: &World) -> Page {
        world.model.page(self.known.iter().copied())
    }

    /// The page after events that aren't sealed yet.
    pub fn page_after(&self, world: &World, runs: &[Event]) -> Page {
        if runs.is_empty() {
            return self.page(world);
        }
        let trial = self.seal(world, runs.to_vec());
        let mut model = world.model.clone();
        model.add(&trial);
        model.page(self.known.iter().copied().chain([trial.id()]))
    }

    /// The greatest records that it knows, without its own previous one.
    fn frontier(&self, world: &World) -> Vec<RecordId> {
        let mut frontier = self.known.clone();
        for id in &self.known {
            for parent in world.record(*id).all_parents() {
                frontier.remove(&parent);
            }
        }
        frontier.into_iter().filter(|id| self.here.as_ref().is_none_or(|here| here.id() != *id)).collect()
    }

    /// The record of these events, which isn't written yet. There must be events.
    pub fn seal(&self, world: &World, runs: Vec<Event>) -> Record {
        let content = Content {
            workspace: WORKSPACE,
            document: DOCUMENT,
            replica: self.id,
            number: self.number + 1,
            first_seq: self.next_seq(),
            time: 1_700_000_000_000 + 1000 * world.records.len() as i64,
            events: Events::from_runs(runs),
        };
        Record::seal(content, self.previous, self.here.as_ref().map(Record::id), self.frontier(world))
    }

    /// Writes a record at what the replica knows. There must be events.
    pub fn write(&mut self, world: &mut World, runs: Vec<Event>) -> Record {
        let record = self.seal(world, runs);
        (self.previous, self.number) = (record.id(), record.number());
        self.here = Some(record.clone());
        self.known.insert(record.id());
        // A restored replica that does the same as it did before writes the very same record.
        if world.by_id.insert(record.id(), record.clone()).is_none() {
            world.model.add(&record);
            world.records.push(record.clone());
        }
        record
    }

    /// The events of a random step as a plan has them, after events that aren't sealed yet; none where the page has nothing for
    /// it. They are the replica's: what it can undo is up to date with them.
    pub fn step(&mut self, rng: &mut Rng, plan: &Plan, world: &World, runs: &[Event]) -> Vec<Event> {
        let Some(kind) = plan.draw(rng) else { return Vec::new() };
        let seq = self.next_seq() + count(runs);
        match kind {
            Kind::Undo => self.undo.undo().into_iter().collect(),
            Kind::Redo => self.undo.redo().into_iter().collect(),
            Kind::Cancel => vec![choose::cancel(rng, seq)],
            _ => {
                let known: Vec<RecordId> = match kind {
                    Kind::Register => self.known.iter().copied().collect(),
                    _ => Vec::new(),
                };
                let page = self.page_after(world, runs);
                let events = choose::events(rng, kind, &page, plan.longest_text, &known);
                self.undo.did(seq..seq + count(&events));
                events
            }
        }
    }

    /// Writes edits, each on the page that the one before left, as one record; none if there are no events.
    pub fn edit(&mut self, world: &mut World, edits: &[Edit]) -> Option<Record> {
        let mut runs = Vec::new();
        for edit in edits {
            let seq = self.next_seq() + count(&runs);
            match edit {
                Edit::Undo => runs.extend(self.undo.undo()),
                Edit::Redo => runs.extend(self.undo.redo()),
                _ => {
                    let events = edit.events(&self.page_after(world, &runs));
                    self.undo.did(seq..seq + count(&events));
                    runs.extend(events);
                }
            }
        }
        (!runs.is_empty()).then(|| self.write(world, runs))
    }

    /// Writes a record in another document.
    pub fn write_elsewhere(&mut self, world: &mut World) {
        let run = Event::Register {
            target: Target::Document,
            key: "title".into(),
            value: Some(Value::Number(self.number as i64)),
        };
        let content = Content {
            workspace: WORKSPACE,
            document: ELSEWHERE,
            replica: self.id,
            number: self.number + 1,
            first_seq: self.last_elsewhere.as_ref().map_or(0, Record::end_seq),
            time: 1_700_000_000_000,
            events: Events::from_runs([run]),
        };
        let here = self.last_elsewhere.as_ref().map(Record::id);
        let record = Record::seal(content, self.previous, here, Vec::new());
        (self.previous, self.number) = (record.id(), record.number());
        self.last_elsewhere = Some(record.clone());
        world.elsewhere.push(record);
    }
}
