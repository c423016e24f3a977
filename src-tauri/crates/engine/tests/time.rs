//! A document through time.

mod common;

use common::seeds;
use inkfold_engine::diff::TextDiff;
use inkfold_engine::event::{End, Start};
use inkfold_engine::{Content, Document, EditError, Event, Events, Insertion, Record, RecordId, ReplicaId, Value};
use inkfold_testkit::history::{DOCUMENT, History, Plan, WORKSPACE};

fn check_every_version(plan: &Plan) {
    let history = History::generate(plan);
    let mut document = Document::new(WORKSPACE, DOCUMENT);
    document.absorb(history.records.iter().cloned());
    let short = Document::open(&document.snapshot()).expect("it was just written").document;
    assert_eq!(document.checkout(&document.version()).expect("it is here").page().text(), document.page().text());
    assert_eq!(short.checkout(&short.version()).expect("it is here").page().text(), document.page().text());
    for record in &history.records {
        let version = [record.id()];
        let then = document.checkout(&version).expect("the record is here");
        then.assert_invariants();
        let expected = history.world.model.document(history.world.with_ancestors(record.id()));
        assert_eq!(common::as_model(&then), expected, "{plan:?} at {:?}", record.id());
        assert_eq!(then.version(), version);
        if !document.version().contains(&record.id()) {
            assert!(matches!(short.checkout(&version), Err(EditError::NeedsHistory | EditError::UnknownVersion)));
        }

        // What is different says what both pages are.
        let new_text = |diff: &[TextDiff]| {
            diff.iter()
                .map(|text| match text {
                    TextDiff::Kept { text, .. } | TextDiff::Inserted { text, .. } => text.as_str(),
                    TextDiff::Deleted { .. } => "",
                })
                .collect::<String>()
        };
        let diff = document.diff(&version, &document.version()).expect("both are here");
        let shown: Vec<_> = diff.iter().filter_map(|block| Some((block.new?, new_text(&block.text)))).collect();
        let expected: Vec<_> = document.page().blocks().map(|block| block.text().to_owned()).enumerate().collect();
        assert_eq!(shown, expected);
        let mut gone: Vec<usize> = diff.iter().filter_map(|block| block.old).collect();
        gone.sort_unstable();
        assert_eq!(gone, (0..then.page().block_count()).collect::<Vec<_>>(), "each old block is told of once");
        let nothing = document.diff(&version, &version).expect("it is here");
        assert!(nothing.iter().all(inkfold_engine::diff::BlockDiff::is_same), "{nothing:?}");
    }
}

fn run(plan: impl Fn(u64) -> Plan) {
    seeds(400).for_each(|seed| check_every_version(&plan(seed)));
}

/// Each version is what it was when it was the last.
mod versions {
    use super::*;

    common::for_every_plan!(run);
}

/// A writer of small records.
struct Author {
    replica: ReplicaId,
    document: Document,
    last: Option<RecordId>,
    number: u64,
}

impl Author {
    fn new(name: u8) -> Self {
        Author { replica: ReplicaId([name; 16]), document: Document::new(WORKSPACE, DOCUMENT), last: None, number: 0 }
    }

    fn write(&mut self, time: i64, events: &[Event]) -> Record {
        let version = self.document.version();
        let parents = self.document.begin(self.replica, &version).expect("nothing is open");
        let first_seq = self.document.last_of(self.replica).1;
        for event in events {
            self.document.apply(event).expect("a good event");
        }
        self.number += 1;
        let content = Content {
            workspace: WORKSPACE,
            document: DOCUMENT,
            replica: self.replica,
            number: self.number,
            first_seq,
            time,
            events: Events::from_runs(events.iter().cloned()),
        };
        let record = Record::seal(content, self.last.unwrap_or(RecordId::NONE), self.last, parents);
        self.document.seal(record.clone()).expect("it is the open one");
        self.last = Some(record.id());
        record
    }
}

fn text(at: u64, text: &str) -> Event {
    Event::Insert { at, what: Insertion::Text(text.into()) }
}

fn marker(at: u64) -> Event {
    Event::Insert { at, what: Insertion::Marker(Default::default()) }
}

#[test]
fn what_changed_is_told_by_block() {
    let mut anna = Author::new(1);
    let old =
        anna.write(0, &[marker(0), text(1, "one"), marker(4), text(5, "two"), marker(8), text(9, "three"), marker(14)]);
    let new = anna.write(
        1,
        &[
            Event::Move { first: 9, count: 1, to: 0 },
            Event::Delete { at: 8, len: 1, backward: false },
            text(9, "ly"),
            Event::Mark {
                first: 13,
                last: 14,
                start: Start::Before,
                end: End::Grows,
                key: "bold".into(),
                value: Some(Value::Flag(true)),
            },
            Event::Register {
                target: inkfold_engine::Target::Marker(1),
                key: "kind".into(),
                value: Some(Value::Text("quote".into())),
            },
            Event::Remove { at: 16 },
        ],
    );
    let diff = anna.document.diff(&[old.id()], &[new.id()]).expect("both are here");
    let told: Vec<String> = diff
        .iter()
        .map(|block| {
            let text = block.text.iter().map(|text| match text {
                TextDiff::Kept { text, changes } if changes.is_empty() => text.clone(),
                TextDiff::Kept { text, changes } => {
                    format!("{text}{{{}}}", changes.keys().cloned().collect::<String>())
                }
                TextDiff::Inserted { text, .. } => format!("+{text}+"),
                TextDiff::Deleted { text, .. } => format!("-{text}-"),
            });
            let moved = if block.moved { " moved" } else { "" };
            let keys: Vec<_> = block.attributes.keys().collect();
            format!("{:?}>{:?}{moved} {keys:?} {}", block.old, block.new, text.collect::<String>())
        })
        .collect();
    let expected = [
        "Some(2)>Some(0) moved [\"kind\"] three",
        "Some(0)>Some(1) [] -o-ne+ly+",
        "Some(1)>Some(2) [] tw{bold}o",
        "Some(3)>None [] ",
    ];
    assert_eq!(told, expected);
}

#[test]
fn blame_names_the_writer_and_the_time_of_each_run() {
    let (mut anna, mut ben) = (Author::new(1), Author::new(2));
    let first = anna.write(10, &[marker(0), text(1, "Hello")]);
    ben.document.absorb([first]);
    let second = ben.write(20, &[text(3, "ppp"), text(8, "!")]);
    anna.document.absorb([second]);
    anna.write(30, &[text(1, "> ")]);
    let told = |document: &Document| -> Vec<(u32, u8, Option<i64>)> {
        document.blame(0).iter().map(|run| (run.len, run.replica.0[0], run.time)).collect()
    };
    assert_eq!(anna.document.page().text(), "> Hepppll!o");
    let expected =
        [(2, 1, Some(30)), (2, 1, Some(10)), (3, 2, Some(20)), (2, 1, Some(10)), (1, 2, Some(20)), (1, 1, Some(10))];
    assert_eq!(told(&anna.document), expected);
    let mut opened = Document::open(&anna.document.snapshot()).expect("it was just written").document;
    let by_writer = [(4, 1, None), (3, 2, None), (2, 1, None), (1, 2, None), (1, 1, None)];
    assert_eq!(told(&opened), by_writer, "a snapshot says who, not when");
    opened.load_history(anna.document.records().cloned()).expect("it is all there");
    assert_eq!(told(&opened), expected);
}

#[test]
fn sessions_of_writing_end_with_a_pause() {
    let (mut anna, mut ben) = (Author::new(1), Author::new(2));
    let mut records = vec![anna.write(1_000, &[marker(0), text(1, "Hello")])];
    records.push(anna.write(2_000, &[Event::Delete { at: 6, len: 2, backward: true }]));
    ben.document.absorb(records.iter().cloned());
    records.push(ben.write(2_500, &[text(4, "p")]));
    anna.document.absorb([records[2].clone()]);
    records.push(anna.write(60_000, &[text(5, "!")]));
    let told: Vec<_> = anna
        .document
        .sessions(10_000)
        .expect("the history is here")
        .into_iter()
        .map(|s| (s.replica.0[0], s.from, s.to, s.inserted, s.deleted, s.others, s.version))
        .collect();
    let expected = [
        (1, 1_000, 2_000, 5, 2, 1, vec![records[1].id()]),
        (2, 2_500, 2_500, 1, 0, 0, vec![records[2].id()]),
        (1, 60_000, 60_000, 1, 0, 0, vec![records[3].id()]),
    ];
    assert_eq!(told, expected);
    let opened = Document::open(&anna.document.snapshot()).expect("it was just written").document;
    assert_eq!(opened.sessions(10_000), Err(EditError::NeedsHistory));
}
