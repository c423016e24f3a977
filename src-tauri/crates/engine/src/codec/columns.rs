//! A block of records as columns: what segment files hold, before compression. Neighbouring records differ in little,
//! so a column of one property compresses far better than a row of all.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::bytes::{DecodeError, Reader, Writer};
use super::canonical::check_place;
use super::runs::{RunColumns, RunReader, RunWriter};
use crate::ids::{DocumentId, ReplicaId, WorkspaceId};
use crate::record::{Content, Events, READ_FEATURES};

/// A parent as a file names it: record `number` on the branch that ends in the file's tip `tip`. A fork that turns up
/// later can't make it ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParentRef {
    /// Index into the file's table of tips.
    pub tip: u32,
    /// The parent's number on that branch.
    pub number: u64,
}

/// A record as a block holds it: parents not yet looked up, previous records implied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordParts {
    /// What the record says.
    pub content: Content,
    /// Its parents.
    pub parents: Vec<ParentRef>,
}

/// What the records of a block have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The author.
    pub replica: ReplicaId,
    /// Number of the first record; the others follow without a gap.
    pub first_number: u64,
}

/// How much a block may hold, so that nobody allocates for a lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLimits {
    /// The greatest number of records.
    pub records: usize,
    /// The greatest number of runs of events of all records together.
    pub runs: usize,
}

/// The columns with an entry a record, in the order in which they are written; those of the runs follow.
#[derive(Debug, Clone, Default)]
struct Columns<T> {
    documents: T,
    document_index: T,
    features: T,
    seqs: T,
    times: T,
    parents: T,
    event_counts: T,
}

impl<T> Columns<T> {
    fn in_order(&self) -> [&T; 7] {
        let Columns { documents, document_index, features, seqs, times, parents, event_counts } = self;
        [documents, document_index, features, seqs, times, parents, event_counts]
    }

    fn in_order_mut(&mut self) -> [&mut T; 7] {
        let Columns { documents, document_index, features, seqs, times, parents, event_counts } = self;
        [documents, document_index, features, seqs, times, parents, event_counts]
    }
}

/// The last number that was named on each tip: parents are written as distances from it.
#[derive(Debug, Clone, Default)]
struct LastParents(Vec<u64>);

impl LastParents {
    /// A file has at most so many tips.
    const MAX_TIPS: u32 = 1 << 16;

    fn on(&mut self, tip: u32) -> &mut u64 {
        let index = tip as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        &mut self.0[index]
    }
}

/// Puts records into blocks. Kept from block to block, it needs no new memory.
#[derive(Debug, Clone, Default)]
pub struct BlockWriter {
    columns: Columns<Writer>,
    runs: RunWriter,
    /// Each document's index and the end of its last record.
    documents: FxHashMap<DocumentId, (u64, u64)>,
    last_parents: LastParents,
    last_time: i64,
    records: u64,
}

impl BlockWriter {
    /// Takes a record: the next one of a replica, whose numbers follow each other.
    pub fn record(&mut self, content: &Content, parents: &[ParentRef]) {
        let columns = &mut self.columns;
        let next_index = self.documents.len() as u64;
        let (index, end_seq) = self.documents.entry(content.document).or_insert_with(|| {
            columns.documents.raw(&content.document.0);
            (next_index, 0)
        });
        let event_count = content.events.count();
        columns.document_index.uint(*index);
        columns.features.uint(content.events.features());
        columns.seqs.int(content.first_seq.wrapping_sub(*end_seq) as i64);
        // A forger's seqs may be anything; readers refuse what no writer could have sealed.
        *end_seq = content.first_seq.wrapping_add(event_count);
        columns.times.int(content.time.wrapping_sub(self.last_time));
        self.last_time = content.time;
        columns.parents.uint(parents.len() as u64);
        for parent in parents {
            let last = self.last_parents.on(parent.tip);
            columns.parents.uint(u64::from(parent.tip));
            columns.parents.int(parent.number.wrapping_sub(*last) as i64);
            *last = parent.number;
        }
        columns.event_counts.uint(event_count);
        match &content.events {
            Events::Known(known) => self.runs.record(known),
            Events::Unknown { bytes, .. } => self.runs.unknown(bytes),
        }
        self.records += 1;
    }

    /// Appends the block of the records that were taken, and begins another one.
    pub fn finish(&mut self, out: &mut Writer) {
        out.uint(self.records);
        for column in self.columns.in_order_mut().into_iter().chain(self.runs.finish().in_order_mut()) {
            out.bytes(&column.0);
            column.0.clear();
        }
        self.documents.clear();
        self.last_parents.0.clear();
        (self.last_time, self.records) = (0, 0);
    }
}

/// Writes records whose numbers follow each other, all of the header's workspace and replica.
pub fn encode_block(header: &BlockHeader, records: &[RecordParts]) -> Vec<u8> {
    let (mut block, mut out) = (BlockWriter::default(), Writer::default());
    for (i, RecordParts { content, parents }) in records.iter().enumerate() {
        debug_assert_eq!(content.number, header.first_number + i as u64);
        debug_assert_eq!((content.workspace, content.replica), (header.workspace, header.replica));
        block.record(content, parents);
    }
    block.finish(&mut out);
    out.0
}

/// Takes records off a block.
#[derive(Debug)]
struct BlockReader<'a> {
    header: BlockHeader,
    columns: Columns<Reader<'a>>,
    runs: RunReader<'a>,
    /// The documents, each with the end of its last record so far.
    documents: SmallVec<[(DocumentId, u64); 1]>,
    documents_used: usize,
    last_parents: LastParents,
    last_time: i64,
    count: usize,
    taken: usize,
}

impl<'a> BlockReader<'a> {
    /// Begins to read what [`encode_block`] wrote.
    ///
    /// # Errors
    /// The block holds more than the limits, or is cut short; verified before anything is allocated.
    fn new(header: &BlockHeader, bytes: &'a [u8], limits: BlockLimits) -> Result<Self, DecodeError> {
        let mut reader = Reader(bytes);
        let count = usize::try_from(reader.uint()?).unwrap_or(usize::MAX);
        if count > limits.records {
            return Err(DecodeError("more records than allowed"));
        }
        let mut column = || reader.bytes().map(Reader);
        let columns = Columns {
            documents: column()?,
            document_index: column()?,
            features: column()?,
            seqs: column()?,
            times: column()?,
            parents: column()?,
            event_counts: column()?,
        };
        let run_columns = RunColumns {
            tokens: column()?,
            positions: column()?,
            lengths: column()?,
            payloads: column()?,
            text: column()?,
        };
        reader.finish()?;
        if count > columns.event_counts.0.len() {
            return Err(DecodeError("a count larger than what follows"));
        }
        Ok(BlockReader {
            header: *header,
            documents: read_documents(columns.documents.0)?,
            columns,
            runs: RunReader::new(run_columns, limits.runs)?,
            documents_used: 0,
            last_parents: LastParents::default(),
            last_time: 0,
            count,
            taken: 0,
        })
    }

    /// Takes the next record; none after the last one.
    ///
    /// # Errors
    /// Anything that `encode_block` could not have written.
    fn record(&mut self) -> Result<Option<RecordParts>, DecodeError> {
        if self.taken == self.count {
            self.check_end()?;
            return Ok(None);
        }
        let columns = &mut self.columns;
        let number = self.header.first_number.checked_add(self.taken as u64);
        let number = number.ok_or(DecodeError("a number out of range"))?;
        let index = usize::try_from(columns.document_index.uint()?).unwrap_or(usize::MAX);
        if index > self.documents_used {
            return Err(DecodeError("documents that aren't in the order of their use"));
        }
        self.documents_used = self.documents_used.max(index + 1);
        let document = self.documents.get_mut(index);
        let (document, end_seq) = document.ok_or(DecodeError("a document that isn't in the table"))?;
        let features = columns.features.uint()?;
        let first_seq = end_seq.wrapping_add(columns.seqs.int()? as u64);
        let time = self.last_time.wrapping_add(columns.times.int()?);
        self.last_time = time;
        let parents = read_parents(&mut columns.parents, &mut self.last_parents)?;
        let event_count = columns.event_counts.uint()?;
        check_place(number, first_seq, event_count)?;
        *end_seq = first_seq + event_count;
        let events = if features & !READ_FEATURES == 0 {
            let events = Events::Known(self.runs.record(event_count)?);
            if events.features() != features {
                return Err(DecodeError("a record whose features are not those of its events"));
            }
            events
        } else {
            Events::Unknown { features, count: event_count, bytes: self.runs.unknown()?.to_vec() }
        };
        let BlockHeader { workspace, replica, .. } = self.header;
        let content = Content { workspace, document: *document, replica, number, first_seq, time, events };
        self.taken += 1;
        Ok(Some(RecordParts { content, parents }))
    }

    /// Fails unless the records have used up everything.
    fn check_end(&self) -> Result<(), DecodeError> {
        if self.documents_used != self.documents.len() {
            return Err(DecodeError("a document without records"));
        }
        let [_, rest @ ..] = self.columns.in_order();
        rest.into_iter().try_for_each(|column| column.finish())?;
        self.runs.check_end()
    }
}

/// Reads what [`encode_block`] wrote.
///
/// # Errors
/// Anything that `encode_block` could not have written, or more than the limits; verified before anything is allocated.
pub fn decode_block(header: &BlockHeader, bytes: &[u8], limits: BlockLimits) -> Result<Vec<RecordParts>, DecodeError> {
    let mut reader = BlockReader::new(header, bytes, limits)?;
    let mut records = Vec::with_capacity(reader.count);
    while let Some(record) = reader.record()? {
        records.push(record);
    }
    Ok(records)
}

/// The documents of a block, each with the end of its last record so far.
fn read_documents(bytes: &[u8]) -> Result<SmallVec<[(DocumentId, u64); 1]>, DecodeError> {
    let (ids, rest) = bytes.as_chunks::<{ DocumentId::LEN }>();
    if !rest.is_empty() {
        return Err(DecodeError("a table of documents that is cut short"));
    }
    if ids.len() > 1 {
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(DecodeError("a document twice in the table"));
        }
    }
    Ok(ids.iter().map(|id| (DocumentId(*id), 0)).collect())
}

fn read_parents(column: &mut Reader<'_>, last_parents: &mut LastParents) -> Result<Vec<ParentRef>, DecodeError> {
    let count = column.count(2)?;
    let mut parents = Vec::with_capacity(count);
    for _ in 0..count {
        let tip = u32::try_from(column.uint()?).ok().filter(|tip| *tip < LastParents::MAX_TIPS);
        let tip = tip.ok_or(DecodeError("a tip out of range"))?;
        let last = last_parents.on(tip);
        *last = last.wrapping_add(column.int()? as u64);
        parents.push(ParentRef { tip, number: *last });
    }
    Ok(parents)
}

#[cfg(test)]
mod tests {
    use super::super::canonical::{canonical_bytes, decode_canonical};
    use super::*;
    use crate::event::{Attributes, End, Event, Insertion, Start, Target, Value};
    use crate::ids::{EventId, RecordId};

    const LIMITS: BlockLimits = BlockLimits { records: 100, runs: 100 };

    fn every_kind() -> Vec<Event> {
        let kind = Attributes::from([("kind".into(), Value::Text("heading1".into()))]);
        vec![
            Event::Insert { at: 0, what: Insertion::Marker(kind) },
            Event::Insert { at: 1, what: Insertion::Text("Grüße 🙂 \u{2028}".into()) },
            Event::Insert { at: 3, what: Insertion::Object(Attributes::new()) },
            Event::Delete { at: 9, len: 4, backward: true },
            Event::Delete { at: 2, len: 3, backward: false },
            Event::Join { at: 7 },
            Event::Remove { at: 9 },
            Event::Mark {
                first: 2,
                last: 4,
                start: Start::Before,
                end: End::Grows,
                key: "bold".into(),
                value: Some(Value::Flag(true)),
            },
            Event::Mark { first: 3, last: 3, start: Start::After, end: End::Open, key: "link".into(), value: None },
            Event::Register { target: Target::Marker(1), key: "indent".into(), value: Some(Value::Number(-3)) },
            Event::Register { target: Target::Document, key: "title".into(), value: None },
            Event::Register {
                target: Target::Thread(EventId { record: RecordId([3; 32]), offset: 9 }),
                key: "reply/1".into(),
                value: Some(Value::Unknown { tag: 77, bytes: vec![1, 2, 3] }),
            },
            Event::Cancel { ranges: vec![(0, 3), (5, 9)], on: false },
            Event::Move { first: 4, count: 2, to: 0 },
        ]
    }

    fn parts() -> (BlockHeader, Vec<RecordParts>) {
        let header = BlockHeader { workspace: WorkspaceId([1; 16]), replica: ReplicaId([2; 16]), first_number: 5 };
        let mut lists: Vec<Events> = every_kind().into_iter().map(|event| Events::from_runs([event])).collect();
        lists.push(Events::from_runs(every_kind()));
        lists.push(Events::Unknown { features: 1 << 40, count: 12, bytes: vec![9; 30] });
        let records = lists
            .into_iter()
            .enumerate()
            .map(|(i, events)| RecordParts {
                content: Content {
                    workspace: header.workspace,
                    document: DocumentId([(i % 3) as u8; 16]),
                    replica: header.replica,
                    number: 5 + i as u64,
                    first_seq: 1000 - 7 * i as u64,
                    time: 1_700_000_000_000 - 60_000 * i as i64,
                    events,
                },
                parents: (0..i % 3).map(|tip| ParentRef { tip: tip as u32, number: 40 - i as u64 }).collect(),
            })
            .collect();
        (header, records)
    }

    #[test]
    fn blocks_and_canonical_bytes_survive() {
        let (header, records) = parts();
        let bytes = encode_block(&header, &records);
        assert_eq!(decode_block(&header, &bytes, LIMITS).as_ref(), Ok(&records));
        for record in &records {
            let canonical = canonical_bytes(&record.content);
            assert_eq!(decode_canonical(&canonical).as_ref(), Ok(&record.content));
        }
    }

    /// Bytes that were written once must be read, and written, in the same way for ever. If this fails, the format has
    /// changed: that needs a new format version and a reader for the old one.
    #[test]
    fn the_bytes_hold_still() {
        let content = Content {
            workspace: WorkspaceId([1; 16]),
            document: DocumentId([2; 16]),
            replica: ReplicaId([3; 16]),
            number: 300,
            first_seq: 7,
            time: 1_700_000_000_000,
            events: Events::from_runs(every_kind()),
        };
        let golden = include_str!("../../tests/golden/record.hex");
        let canonical = canonical_bytes(&content);
        let hex: String = canonical.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, golden.trim());
        let record = crate::Record::seal(content, RecordId([4; 32]), None, vec![RecordId([6; 32]), RecordId([5; 32])]);
        assert_eq!(record.id().to_string(), include_str!("../../tests/golden/record.id").trim());
    }

    #[test]
    fn damaged_bytes_are_an_error_or_another_record_but_never_a_panic() {
        let (header, records) = parts();
        let bytes = encode_block(&header, &records);
        for cut in 0..bytes.len() {
            assert!(decode_block(&header, &bytes[..cut], LIMITS).is_err(), "cut at {cut}");
        }
        let canonical: Vec<_> = records.iter().map(|record| canonical_bytes(&record.content)).collect();
        for (i, bit) in (0..bytes.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
            let mut damaged = bytes.clone();
            damaged[i] ^= 1 << bit;
            // What still decodes must encode to the very same bytes, so that one meaning has one form.
            if let Ok(records) = decode_block(&header, &damaged, LIMITS) {
                assert_eq!(encode_block(&header, &records), damaged);
                for record in records {
                    assert_eq!(decode_canonical(&canonical_bytes(&record.content)), Ok(record.content));
                }
            }
        }
        for bytes in &canonical {
            for (i, bit) in (0..bytes.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
                let mut damaged = bytes.clone();
                damaged[i] ^= 1 << bit;
                if let Ok(content) = decode_canonical(&damaged) {
                    assert_eq!(canonical_bytes(&content), damaged);
                }
            }
        }
    }
}
