//! Replicas that edit one document as the bytes say.

#[path = "../../crates/engine/tests/common/mod.rs"]
mod common;

use std::collections::BTreeSet;

use common::as_model;
use inkfold_engine::event::{End, Start, Target};
use inkfold_engine::{Attributes, Content, Document, Event, Events, Insertion, Record, RecordId, ReplicaId, Value};
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::model;

/// So many steps are taken, whatever the bytes go on to say.
const MAX_STEPS: usize = 120;
/// The model is slow: longer histories are only held against themselves.
const MAX_RECORDS_OF_MODEL: usize = 30;
const MAX_EVENTS_OF_MODEL: u64 = 200;

/// A group of steps, so that a fuzzer can be asked for some only: `INKFOLD_FUZZ_KINDS=text,blocks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Blocks,
    Marks,
    Moves,
    Cancels,
}

impl Kind {
    const ALL: [(&str, Kind); 5] = [
        ("text", Kind::Text),
        ("blocks", Kind::Blocks),
        ("marks", Kind::Marks),
        ("moves", Kind::Moves),
        ("cancels", Kind::Cancels),
    ];

    fn asked_for() -> Vec<Kind> {
        let asked = std::env::var("INKFOLD_FUZZ_KINDS").unwrap_or_default();
        let is_asked = |name: &str| asked.is_empty() || asked.split(',').any(|asked| asked == name);
        Kind::ALL.iter().filter(|(name, _)| is_asked(name)).map(|(_, kind)| *kind).collect()
    }

    fn of(event: &Event) -> Kind {
        match event {
            Event::Insert { what: Insertion::Marker(_), .. } | Event::Join { .. } | Event::Remove { .. } => {
                Kind::Blocks
            }
            Event::Insert { .. } | Event::Delete { .. } => Kind::Text,
            Event::Register { target: Target::Marker(_), .. } => Kind::Blocks,
            Event::Mark { .. } | Event::Register { .. } => Kind::Marks,
            Event::Move { .. } => Kind::Moves,
            Event::Cancel { .. } => Kind::Cancels,
        }
    }
}

/// Every step is two bytes and some more; the replicas edit, hear from each other, and in the end know everything. Their
/// documents are sound at any time; all of them, and a document that gets the records in another order, show the same;
/// and it is what the model shows.
pub fn history(data: &[u8]) {
    let kinds = Kind::asked_for();
    let mut input = Input(data);
    let mut replicas: Vec<Replica> = (1..=2 + input.below(3) as u8).map(Replica::new).collect();
    for _ in 0..MAX_STEPS {
        if input.0.is_empty() {
            break;
        }
        step(&mut input, &mut replicas, &kinds);
    }
    replicas.iter_mut().for_each(Replica::seal);

    let mut records: Vec<Record> = Vec::new();
    let mut seen = BTreeSet::new();
    for replica in &replicas {
        records.extend(replica.document.records().filter(|record| seen.insert(record.id())).cloned());
    }
    let mut first = Document::new(WORKSPACE, DOCUMENT);
    first.absorb(records.iter().cloned());
    let expected = as_model(&first);
    let fits = records.len() <= MAX_RECORDS_OF_MODEL
        && records.iter().map(|record| record.events().count()).sum::<u64>() <= MAX_EVENTS_OF_MODEL;
    if fits {
        let model = model::fold(&records);
        assert_eq!(expected.text(), model.text(), "{records:#?}");
        assert_eq!(expected, model, "{records:#?}");
    }
    for replica in &mut replicas {
        replica.document.absorb(records.iter().cloned());
        replica.document.assert_invariants();
        assert_eq!(as_model(&replica.document), expected, "{records:#?}");
    }
    let mut backwards = Document::new(WORKSPACE, DOCUMENT);
    records.sort_by_key(|record| std::cmp::Reverse(record.id()));
    for record in &records {
        backwards.absorb([record.clone()]);
        backwards.assert_invariants();
    }
    assert_eq!(as_model(&backwards), expected, "{records:#?}");
}

/// The bytes, each of which chooses something; zeros when they are used up.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`, which may be as small as 1.
    fn below(&mut self, end: u64) -> u64 {
        u64::from(self.byte()) % end
    }
}

struct Replica {
    id: ReplicaId,
    document: Document,
    /// The open record's parents and events.
    parents: Vec<RecordId>,
    events: Vec<Event>,
    first_seq: u64,
    number: u64,
    previous: Option<RecordId>,
}

impl Replica {
    fn new(name: u8) -> Self {
        Replica {
            id: ReplicaId([name; 16]),
            document: Document::new(WORKSPACE, DOCUMENT),
            parents: Vec::new(),
            events: Vec::new(),
            first_seq: 0,
            number: 0,
            previous: None,
        }
    }

    fn apply(&mut self, event: Event) {
        if !self.document.is_open() {
            self.first_seq = self.document.last_of(self.id).1;
            let version = self.document.version();
            self.parents = self.document.begin(self.id, &version).expect("the version is the document's own");
        }
        self.document.apply(&event).expect("a record is open, and the text is plain");
        self.document.assert_invariants();
        self.events.push(event);
    }

    fn seal(&mut self) {
        if !self.document.is_open() {
            return;
        }
        self.number += 1;
        let content = Content {
            workspace: WORKSPACE,
            document: DOCUMENT,
            replica: self.id,
            number: self.number,
            first_seq: self.first_seq,
            time: 0,
            events: Events::from_runs(std::mem::take(&mut self.events)),
        };
        let parents = std::mem::take(&mut self.parents);
        let record = Record::seal(content, self.previous.unwrap_or(RecordId::NONE), self.previous, parents);
        self.previous = Some(record.id());
        self.document.seal(record).expect("it is the open record");
    }

    fn hear(&mut self, records: impl IntoIterator<Item = Record>) {
        self.seal();
        // The patch is made too: it is to be made of any two pages.
        self.document.merge(records);
        self.document.assert_invariants();
    }
}

fn step(input: &mut Input<'_>, replicas: &mut [Replica], kinds: &[Kind]) {
    let who = input.below(replicas.len() as u64) as usize;
    match input.below(16) {
        0 => replicas[who].seal(),
        1 | 2 => {
            // All that another one has, or a part of it.
            let other = input.below(replicas.len() as u64) as usize;
            let part = input.byte();
            replicas[other].seal();
            let count = replicas[other].document.records().count();
            let take = if part < 128 { count } else { usize::from(part - 128).min(count) };
            let records: Vec<Record> = replicas[other].document.records().take(take).cloned().collect();
            replicas[who].hear(records);
        }
        choice => {
            let event = event(input, choice, &replicas[who]);
            if event.count() > 0 && kinds.contains(&Kind::of(&event)) {
                replicas[who].apply(event);
            }
        }
    }
}

/// An event on a replica's page. Positions are of any kind and up to a few past the end; what no writer could write down
/// at all isn't among them.
fn event(input: &mut Input<'_>, choice: u64, replica: &Replica) -> Event {
    let page = replica.document.page();
    let end = u64::from(page.len()) + 1 + input.below(16) / 14;
    match choice {
        3..=5 => Event::Insert { at: input.below(end), what: Insertion::Text(text(input).into()) },
        6 => Event::Delete { at: 1 + input.below(end), len: 1 + input.below(6), backward: false },
        7 => {
            let at = 1 + input.below(end);
            let len = (1 + input.below(6)).min(at);
            Event::Delete { at, len, backward: len > 1 }
        }
        8 => Event::Insert { at: input.below(end), what: Insertion::Marker(attributes(input)) },
        9 => match input.below(2) {
            0 => Event::Join { at: marker(input, replica, end) },
            _ => Event::Remove { at: marker(input, replica, end) },
        },
        10 | 11 => {
            let first = 1 + input.below(end);
            let last = first + input.below(8);
            let how = input.byte();
            let start = if how & 1 == 0 { Start::Before } else { Start::After };
            let end = [End::Closed, End::Grows, End::Open, End::Grows][usize::from(how >> 1 & 3)];
            let key = ["bold", "link", "comment/1"][usize::from(how >> 3) % 3].to_owned();
            let value = (how < 192).then_some(Value::Flag(true));
            Event::Mark { first, last, start, end, key, value }
        }
        12 => {
            let target = match input.below(4) {
                0 => Target::Document,
                _ => Target::Marker(marker(input, replica, end)),
            };
            let value = Some(input.byte()).filter(|value| *value < 200).map(|value| Value::Number(value.into()));
            Event::Register { target, key: "indent".to_owned(), value }
        }
        13 => Event::Move {
            first: marker(input, replica, end).max(1),
            count: 1 + input.below(3),
            to: match input.below(4) {
                0 => 0,
                _ => marker(input, replica, end),
            },
        },
        14 => {
            let next = replica.document.last_of(replica.id).1;
            let first = next.saturating_sub(input.below(next + 1));
            let ranges = vec![(first, first + 1 + input.below(5))];
            Event::Cancel { ranges, on: input.below(3) == 0 }
        }
        _ => Event::Insert { at: input.below(end), what: Insertion::Object(attributes(input)) },
    }
}

/// The position of a shown marker, now and then any other.
fn marker(input: &mut Input<'_>, replica: &Replica, end: u64) -> u64 {
    let page = replica.document.page();
    let choice = input.byte();
    if choice >= 224 {
        return u64::from(choice) % end;
    }
    page.marker_position(usize::from(choice) % page.block_count()).unwrap_or(0).into()
}

fn text(input: &mut Input<'_>) -> String {
    const SCALARS: [char; 16] =
        ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', ' ', '\t', 'ß', '漢', '🙂', '\u{2028}'];
    let choice = input.byte();
    (0..=choice >> 6).map(|i| SCALARS[usize::from(choice.wrapping_add(i)) % SCALARS.len()]).collect()
}

fn attributes(input: &mut Input<'_>) -> Attributes {
    let choice = input.byte();
    let kind = ["heading", "item"][usize::from(choice % 2)];
    if choice < 128 { Attributes::new() } else { Attributes::from([("kind".into(), Value::Text(kind.into()))]) }
}
