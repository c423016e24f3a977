//! Edits through the engine's own door, each at what its writer knows, while records of others come in: the page is the
//! model's after each of them.

mod common;

use std::collections::BTreeSet;

use common::{as_model, assert_equal, document, merge, seeds};
use fastrand::Rng;
use inkfold_engine::event::{Event, Insertion};
use inkfold_engine::ids::{EventId, RecordId, ReplicaId};
use inkfold_engine::{Document, OPEN, Record, Target};
use inkfold_testkit::history::{Plan, Replica, World};
use inkfold_testkit::model;

/// Somebody with a document, which can be ahead of what the edits know.
struct Writer {
    replica: Replica,
    document: Document,
    here: BTreeSet<RecordId>,
}

impl Writer {
    fn new(name: u8, save_often: bool) -> Self {
        let replica = Replica::new(ReplicaId([name; 16]));
        Writer { replica, document: document(save_often), here: BTreeSet::new() }
    }

    /// Takes in what somebody else has; whoever looks at the document sees it at once, or goes on with what was there before.
    fn hear(&mut self, rng: &mut Rng, world: &World, news: &BTreeSet<RecordId>, what: &str) {
        let mut records: Vec<Record> = news.difference(&self.here).map(|id| world.record(*id).clone()).collect();
        rng.shuffle(&mut records);
        merge(&mut self.document, &records, what);
        self.here.extend(news);
        if rng.u8(..3) > 0 {
            self.replica.known.clone_from(&self.here);
        }
    }

    /// Writes a record, an edit after the other.
    fn write(&mut self, rng: &mut Rng, plan: &Plan, world: &mut World, what: &str) {
        let known: Vec<RecordId> = self.replica.known.iter().copied().collect();
        if rng.u8(..8) == 0 {
            self.document.begin(self.replica.id, &known).expect("the version is known");
            self.document.abandon();
        }
        let mut runs: Vec<Event> = Vec::new();
        let mut parents = None;
        for _ in 0..1 + rng.usize(..plan.edits_per_record.max(1)) {
            let events = self.replica.step(rng, plan, world, &runs);
            if events.is_empty() {
                continue;
            }
            if parents.is_none() {
                parents = Some(self.document.begin(self.replica.id, &known).expect("the version is known"));
            }
            self.apply(rng, &events);
            runs.extend(events);
            self.document.assert_invariants();
            if rng.bool() {
                let open = self.replica.seal(world, runs.clone());
                let mut model = world.model.clone();
                model.add(&open);
                let expected = model.document(self.here.iter().copied().chain([open.id()]));
                assert_equal(
                    &with_open_as(open.id(), as_model(&self.document)),
                    &expected,
                    &format!("{what}: {runs:?}"),
                );
            }
        }
        let Some(parents) = parents else { return };
        let record = self.replica.write(world, runs);
        assert_eq!(parents, record.parents(), "{what}");
        self.document.seal(record.clone()).expect("it holds what was written");
        self.here.insert(record.id());
    }

    /// Applies the events of an edit, one by one or as a burst.
    fn apply(&mut self, rng: &mut Rng, events: &[Event]) {
        if rng.bool() {
            for event in events {
                self.document.apply(event).expect("nothing hinders it");
            }
            return;
        }
        let mut typing = self.document.typing().expect("a record is open");
        for event in events {
            match event {
                Event::Insert { at, what: Insertion::Text(text) } => {
                    // Key by key.
                    for (at, key) in (*at as u32..).zip(text.chars()) {
                        typing.insert(at, key.encode_utf8(&mut [0; 4])).expect("it is text");
                    }
                }
                Event::Delete { at, len, backward } => typing.delete(*at as u32, *len as u32, *backward),
                _ => typing.apply(event).expect("nothing hinders it"),
            }
        }
    }

    fn assert_same(&self, world: &World, what: &str) {
        assert_equal(&as_model(&self.document), &world.model.document(self.here.iter().copied()), what);
    }
}

/// The document with the id that the open record will have.
fn with_open_as(id: RecordId, mut document: model::Document) -> model::Document {
    let rename = |event: &mut EventId| {
        if event.record == OPEN {
            event.record = id;
        }
    };
    for block in &mut document.blocks {
        block.marker.iter_mut().for_each(rename);
        block.elements.iter_mut().for_each(|element| rename(&mut element.id));
    }
    let registers = std::mem::take(&mut document.registers).into_iter().map(|((mut target, key), value)| {
        if let Target::Thread(event) | Target::Marker(event) = &mut target {
            rename(event);
        }
        ((target, key), value)
    });
    document.registers = registers.collect();
    document
}

fn check(plan: &Plan, save_often: bool) {
    let mut rng = Rng::with_seed(plan.seed);
    let mut world = World::new();
    let mut writers: Vec<Writer> = (1..=plan.replicas.min(4) as u8).map(|name| Writer::new(name, save_often)).collect();
    for step in 0..plan.steps {
        let what = format!("{plan:?}, step {step}");
        let actor = rng.usize(..writers.len());
        if rng.u8(..3) > 0 {
            let other = rng.usize(..writers.len());
            let news = match rng.bool() {
                true => writers[other].here.clone(),
                false => rng.choice(&world.records).map(|record| world.with_ancestors(record.id())).unwrap_or_default(),
            };
            writers[actor].hear(&mut rng, &world, &news, &what);
        } else if rng.u8(..4) == 0 {
            // All is seen now.
            let here = writers[actor].here.clone();
            writers[actor].replica.known = here;
        }
        writers[actor].write(&mut rng, plan, &mut world, &what);
        writers[actor].document.assert_invariants();
        writers[actor].assert_same(&world, &what);
    }
    let all: BTreeSet<RecordId> = world.records.iter().map(Record::id).collect();
    for writer in &mut writers {
        writer.hear(&mut rng, &world, &all, &format!("{plan:?}, in the end"));
        writer.assert_same(&world, &format!("{plan:?}, in the end"));
    }
}

fn run(plan: impl Fn(u64) -> Plan) {
    seeds(400).for_each(|seed| check(&plan(seed), seed % 2 == 1));
}

common::for_every_plan!(run);
