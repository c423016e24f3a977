//! Records that a program could only have written in order to do harm, or in a very long life: nothing panics or takes forever,
//! and everybody still sees the same.

mod common;

use std::collections::BTreeMap;

use inkfold_engine::event::{Attributes, End, Event, Insertion, Start, Target, Value};
use inkfold_engine::ids::{RecordId, ReplicaId};
use inkfold_engine::{Content, Document, Events, Record};
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{DOCUMENT, Replica, WORKSPACE, World};

fn replica(name: u8) -> Replica {
    Replica::new(ReplicaId([name; 16]))
}

fn place(block: usize, offset: usize) -> Place {
    Place { block, offset }
}

/// Each kind of event at this position and with this count.
fn events(at: u64, count: u64) -> Vec<Event> {
    let value = Some(Value::Flag(true));
    vec![
        Event::Insert { at, what: Insertion::Text("x".into()) },
        Event::Insert { at, what: Insertion::Object(Attributes::new()) },
        Event::Insert { at, what: Insertion::Marker(Attributes::new()) },
        Event::Delete { at: at.max(1), len: count.clamp(1, 9), backward: false },
        Event::Delete { at: at.max(10), len: count.clamp(2, 9), backward: true },
        Event::Join { at },
        Event::Remove { at },
        Event::Mark {
            first: 1,
            last: at.max(1),
            start: Start::After,
            end: End::Grows,
            key: "bold".into(),
            value: value.clone(),
        },
        Event::Mark {
            first: at.max(1),
            last: u64::MAX,
            start: Start::Before,
            end: End::Open,
            key: "code".into(),
            value: value.clone(),
        },
        Event::Register { target: Target::Marker(at), key: "kind".into(), value },
        Event::Move { first: at, count, to: 0 },
        Event::Move { first: 1, count, to: at },
        Event::Cancel { ranges: vec![(at.min(1 << 48), at.min(1 << 48).saturating_add(count.max(1)))], on: false },
        Event::Cancel { ranges: vec![(0, u64::MAX)], on: at.is_multiple_of(2) },
    ]
}

#[test]
fn no_position_is_too_strange() {
    let end = 12;
    let places = [
        0,
        1,
        2,
        4,
        end - 1,
        end,
        end + 1,
        u64::from(u32::MAX) - 1,
        u64::from(u32::MAX),
        1 << 32,
        u64::MAX - 1,
        u64::MAX,
    ];
    for (i, at) in places.into_iter().enumerate() {
        for count in [0, 1, 3, u64::from(u32::MAX), u64::MAX] {
            let mut world = World::new();
            let [mut first, mut mover, mut writer] = [1, 2, 3].map(replica);
            let start = ["abc", "def", "ghi"].into_iter().enumerate().flat_map(|(block, text)| {
                let at = place(block.saturating_sub(1), if block == 0 { 0 } else { 3 });
                let enter = Edit::Enter { at, attributes: Attributes::new() };
                [enter, Edit::Type { at: place(block, 0), text: text.into() }]
            });
            first.edit(&mut world, &start.collect::<Vec<_>>());
            mover.learn(&first);
            // Some see it all, some beside a move, some beside an edit.
            writer.learn(&first);
            match i % 3 {
                0 => {}
                1 => drop(mover.edit(&mut world, &[Edit::Move { first: 2, last: 2, gap: 0 }])),
                _ => drop(mover.edit(&mut world, &[Edit::Remove { block: 1, with_text: true }])),
            }
            for event in events(at, count) {
                writer.write(&mut world, vec![event]);
            }
            writer.write(&mut world, events(at, count));
            for save_often in [false, true] {
                let mut document = Document::new(WORKSPACE, DOCUMENT);
                if save_often {
                    document.save_often();
                }
                for record in &world.records {
                    common::merge(&mut document, std::slice::from_ref(record), "hostile");
                }
                common::assert_same(&document, &world.records, &format!("at {at}, {count} of them"));
            }
        }
    }
}

/// Records of a few replicas, written without a model, which would be too slow.
#[derive(Default)]
struct Chains {
    records: Vec<Record>,
    last: BTreeMap<u8, Record>,
}

impl Chains {
    /// A record of a replica that has these records, by index, and its own.
    fn write(&mut self, name: u8, parents: &[usize], runs: Vec<Event>) {
        let before = self.last.get(&name);
        let content = Content {
            workspace: WORKSPACE,
            document: DOCUMENT,
            replica: ReplicaId([name; 16]),
            number: before.map_or(1, |record| record.number() + 1),
            first_seq: before.map_or(0, Record::end_seq),
            time: 0,
            events: Events::from_runs(runs),
        };
        let own = before.map(Record::id);
        let parents = parents.iter().map(|&index| self.records[index].id()).filter(|id| Some(*id) != own).collect();
        let record = Record::seal(content, own.unwrap_or(RecordId::NONE), own, parents);
        self.records.push(record.clone());
        self.last.insert(name, record);
    }
}

/// A document of blocks of two letters.
fn blocks(count: u64) -> Vec<Event> {
    let block = |block: u64| {
        let marker = Event::Insert { at: block * 3, what: Insertion::Marker(Attributes::new()) };
        [marker, Event::Insert { at: block * 3 + 1, what: Insertion::Text("ab".into()) }]
    };
    (0..count).flat_map(block).collect()
}

/// Two who always know all but the other's last record: no version is known to all, and what each block-level event means depends
/// on what was seen at the one before, thousands of steps back. The stack is a small one.
#[test]
fn long_entangled_histories() {
    let run = || {
        let mut world = Chains::default();
        world.write(1, &[], blocks(40));
        for step in 1..1200 {
            let at = 1 + (step * 7 % 30) * 3;
            let event = match step % 5 {
                0 | 1 => Event::Move { first: at, count: 1 + step % 2, to: 1 + (step * 11 % 30) * 3 },
                2 => Event::Insert { at: at + 1, what: Insertion::Marker(Attributes::new()) },
                3 => Event::Join { at: at.max(4) },
                _ => Event::Remove { at },
            };
            let seen = world.records.len().saturating_sub(2);
            world.write(1 + (step % 2) as u8, &[seen], vec![event]);
        }
        let mut document = Document::new(WORKSPACE, DOCUMENT);
        document.absorb(world.records.iter().cloned());
        let mut backwards = Document::new(WORKSPACE, DOCUMENT);
        backwards.absorb(world.records.iter().rev().cloned());
        assert_eq!(common::as_model(&document), common::as_model(&backwards));
        document.assert_invariants();
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("a thread").join().expect("it ends well");
}
