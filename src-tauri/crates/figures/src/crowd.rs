//! A folder as a team leaves it after a long time: many documents, a few people who write in all of them, often two in one at the
//! same time. Written by the engine and the folder's own code, from a seed.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use fastrand::Rng;
use inkfold_engine::{
    Document, DocumentId, End, Event, Insertion, Record, RecordId, Start, Target, Value, WorkspaceId,
};
use inkfold_folder::{HeldRecords, Identity, RealClock, RealFileSystem, RelativePath, encode_all, genesis};

/// The workspace that such a folder holds.
pub const WORKSPACE: WorkspaceId = WorkspaceId([9; 16]);
/// So many words are in use, the first of them most often.
const WORDS: usize = 3_000;
/// A record holds what is typed up to a pause of a second.
const WORDS_A_RECORD: std::ops::RangeInclusive<u32> = 5..=13;
/// Somebody who writes in a document goes on there for so many records.
const RECORDS_A_SITTING: std::ops::RangeInclusive<u32> = 2..=10;
/// In so many of a hundred sittings somebody else writes in the document meanwhile.
const TOGETHER: u32 = 30;
/// So many files of a tier have become one of the next.
const FAN: usize = 8;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    pub documents: usize,
    pub replicas: usize,
    pub events: u64,
    /// The small files that were published have not been merged yet.
    pub is_small: bool,
}

/// What was made.
#[derive(Debug, Default)]
pub struct Made {
    pub records: usize,
    pub events: u64,
    pub files: usize,
    pub bytes: u64,
}

struct Writer {
    identity: Identity,
    records: Vec<Record>,
    /// How many records each file holds that was published.
    flushes: Vec<usize>,
}

impl Crowd {
    /// Makes the folder.
    pub fn make(self, root: &Path) -> Result<Made, Box<dyn Error>> {
        let mut rng = Rng::with_seed(7);
        let words = words(&mut rng);
        genesis::create(&RealFileSystem, &RealClock::default(), root, WORKSPACE, "Crowd")?;
        let mut writers: Vec<Writer> = (0..self.replicas)
            .map(|_| {
                let identity = Identity::from_seed(std::array::from_fn(|_| rng.u8(..)), WORKSPACE);
                Writer { identity, records: Vec::new(), flushes: Vec::new() }
            })
            .collect();
        let mut made = Made::default();
        let mut time = 1_700_000_000_000;
        let mut zero = Document::new(WORKSPACE, DocumentId::WORKSPACE);
        for (i, writer) in writers.iter_mut().enumerate() {
            let key = format!("person/{}", writer.identity.replica());
            let value = Some(Value::Text(format!("Person {}", i + 1)));
            let person = Event::Register { target: Target::Workspace, key, value };
            made.events += writer.write(&mut zero, time, |document| Ok(document.apply(&person)?))?;
        }
        let mut documents: Vec<Document> = (0..self.documents)
            .map(|_| Document::new(WORKSPACE, DocumentId(std::array::from_fn(|_| rng.u8(..)))))
            .collect();
        let mut sitting = 0;
        while made.events < self.events {
            // Everybody's first, then wherever there is something to be said.
            let at = if sitting < documents.len() { sitting } else { rng.usize(..documents.len()) };
            sitting += 1;
            let document = &mut documents[at];
            let first = rng.usize(..writers.len());
            if document.page().is_empty() {
                let title = format!("Document {at}");
                made.events += writers[first].write(document, time, |document| begin(document, title))?;
            }
            let second = (first + rng.usize(1..writers.len().max(2))) % writers.len();
            let mut aside = (rng.u32(..100) < TOGETHER && second != first).then(|| document.clone());
            for _ in 0..rng.u32(RECORDS_A_SITTING) {
                time += rng.i64(1_000..8_000);
                made.events += writers[first].write(document, time, |document| type_on(document, &mut rng, &words))?;
            }
            writers[first].flush();
            if let Some(aside) = &mut aside {
                for _ in 0..rng.u32(RECORDS_A_SITTING) {
                    made.events +=
                        writers[second].write(aside, time, |document| type_on(document, &mut rng, &words))?;
                }
                let written = writers[second].unflushed().to_vec();
                document.absorb(written);
                writers[second].flush();
            }
        }
        drop(documents);
        let mut held = HeldRecords::default();
        for record in writers.iter().flat_map(|writer| &writer.records) {
            held.insert(record.clone());
        }
        made.records = held.len();
        for writer in &writers {
            writer.publish(root, &held, self.is_small, &mut made)?;
        }
        Ok(made)
    }
}

impl Writer {
    /// Writes a record; says how many events it has.
    fn write(
        &mut self,
        document: &mut Document,
        time: i64,
        write: impl FnOnce(&mut Document) -> Result<(), Box<dyn Error>>,
    ) -> Result<u64, Box<dyn Error>> {
        document.begin_here(self.identity.replica())?;
        write(document)?;
        let previous = self.records.last().map_or(RecordId::NONE, Record::id);
        let number = self.records.len() as u64 + 1;
        let record = document.seal_with(number, time, |content, previous_here, parents| {
            Record::seal(content, previous, previous_here, parents)
        })?;
        let events = record.event_count();
        self.records.push(record);
        Ok(events)
    }

    fn unflushed(&self) -> &[Record] {
        &self.records[self.flushes.iter().sum()..]
    }

    fn flush(&mut self) {
        let records = self.unflushed().len();
        self.flushes.push(records);
    }

    fn publish(&self, root: &Path, held: &HeldRecords, is_small: bool, made: &mut Made) -> Result<(), Box<dyn Error>> {
        let replica = self.identity.replica();
        let mut start = 0;
        for records in if is_small { self.flushes.clone() } else { merged(&self.flushes) } {
            for file in encode_all(&self.identity, &self.records[start..start + records], held)? {
                let path = RelativePath::segment(&replica, &file.name()).below(root);
                if let Some(directory) = path.parent() {
                    std::fs::create_dir_all(directory)?;
                }
                made.files += 1;
                made.bytes += file.bytes.len() as u64;
                std::fs::write(path, file.bytes)?;
            }
            start += records;
        }
        Ok(())
    }
}

/// How many records the files hold that are left when eight of a tier have always become one of the next.
fn merged(flushes: &[usize]) -> Vec<usize> {
    let (mut left, mut files) = (flushes, Vec::new());
    let mut tier = FAN.pow(flushes.len().max(1).ilog(FAN));
    while !left.is_empty() {
        while left.len() < tier {
            tier /= FAN;
        }
        let (parts, rest) = left.split_at(tier);
        files.push(parts.iter().sum());
        left = rest;
    }
    files.retain(|records| *records > 0);
    files
}

fn words(rng: &mut Rng) -> Vec<String> {
    let mut word = || {
        let letters = (0..rng.usize(2..=9)).map(|_| rng.lowercase());
        letters.chain([' ']).collect()
    };
    (0..WORDS).map(|_| word()).collect()
}

fn begin(document: &mut Document, title: String) -> Result<(), Box<dyn Error>> {
    let attributes = BTreeMap::from([("kind".to_owned(), Value::Text("paragraph".into()))]);
    document.apply(&Event::Insert { at: 0, what: Insertion::Marker(attributes) })?;
    let value = Some(Value::Text(title));
    Ok(document.apply(&Event::Register { target: Target::Document, key: "title".into(), value })?)
}

/// What somebody types at some place until a pause.
fn type_on(document: &mut Document, rng: &mut Rng, words: &[String]) -> Result<(), Box<dyn Error>> {
    // Mostly at the end.
    let len = document.page().len();
    let mut at = u64::from(if rng.u8(..4) == 0 { rng.u32(1..=len) } else { len });
    for _ in 0..rng.u32(WORDS_A_RECORD) {
        match rng.u8(..40) {
            0 => {
                document.apply(&Event::Insert { at, what: Insertion::Marker(BTreeMap::new()) })?;
                at += 1;
            }
            1 if !document.page().is_marker(at as u32) => {
                document.apply(&Event::Delete { at, len: 1, backward: false })?;
                at -= 1;
            }
            2 if !document.page().is_marker(at as u32) => {
                let (start, end, key) = (Start::Before, End::Grows, "bold".to_owned());
                document.apply(&Event::Mark {
                    first: at,
                    last: at,
                    start,
                    end,
                    key,
                    value: Some(Value::Flag(true)),
                })?;
            }
            _ => {
                // As in a language: the second word is half as frequent as the first, and so on.
                let word = &words[(words.len() as f64).powf(rng.f64()) as usize - 1];
                document.apply(&Event::Insert { at, what: Insertion::Text(word.as_str().into()) })?;
                at += word.chars().count() as u64;
            }
        }
    }
    Ok(())
}
