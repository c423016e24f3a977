//! A block of records as columns: what segment files hold, before compression. Neighbouring records differ in little,
//! so a column of one property compresses far better than a row of all.

use super::bytes::{DecodeError, Reader, Writer};
use super::canonical::{boundary_byte, boundary_from_byte, check_delete, check_place, kind, read_event, write_event};
use crate::event::{Event, Insertion, check_text, push_run};
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

/// The columns, in the order in which they are written; text comes last.
#[derive(Default)]
struct Columns {
    documents: Writer,
    document_index: Writer,
    features: Writer,
    seqs: Writer,
    times: Writer,
    parents: Writer,
    run_counts: Writer,
    kinds: Writer,
    positions: Writer,
    lengths: Writer,
    payloads: Writer,
    text: Writer,
}

impl Columns {
    fn in_order(self) -> [Writer; 12] {
        [
            self.documents,
            self.document_index,
            self.features,
            self.seqs,
            self.times,
            self.parents,
            self.run_counts,
            self.kinds,
            self.positions,
            self.lengths,
            self.payloads,
            self.text,
        ]
    }
}

/// Where the writer's cursor stands after each run: positions are written as distances from it.
struct Cursor(u64);

impl Cursor {
    fn step(&mut self, out: &mut Writer, at: u64, after: u64) {
        out.int(at as i64 - self.0 as i64);
        self.0 = after;
    }

    fn read(&self, reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
        let at = (self.0 as i64).checked_add(reader.int()?).ok_or(DecodeError("a position out of range"))?;
        match u64::try_from(at) {
            Ok(at) if at <= u64::from(u32::MAX) => Ok(at),
            _ => Err(DecodeError("a position out of range")),
        }
    }
}

/// Writes records whose numbers follow each other, all of the header's workspace and replica.
pub fn encode_block(header: &BlockHeader, records: &[RecordParts]) -> Vec<u8> {
    let mut columns = Columns::default();
    let mut documents: Vec<(DocumentId, u64)> = Vec::new();
    let (mut cursor, mut last_time, mut last_parents) = (Cursor(0), 0i64, Vec::<u64>::new());
    for (i, RecordParts { content, parents }) in records.iter().enumerate() {
        debug_assert_eq!(content.number, header.first_number + i as u64);
        debug_assert_eq!((content.workspace, content.replica), (header.workspace, header.replica));
        let index = documents.iter().position(|(id, _)| *id == content.document).unwrap_or_else(|| {
            documents.push((content.document, 0));
            columns.documents.raw(&content.document.0);
            documents.len() - 1
        });
        columns.document_index.uint(index as u64);
        columns.features.uint(content.events.features());
        columns.seqs.int(content.first_seq.wrapping_sub(documents[index].1) as i64);
        documents[index].1 = content.first_seq + content.events.count();
        columns.times.int(content.time.wrapping_sub(last_time));
        last_time = content.time;
        columns.parents.uint(parents.len() as u64);
        for parent in parents {
            let tip = parent.tip as usize;
            if last_parents.len() <= tip {
                last_parents.resize(tip + 1, 0);
            }
            columns.parents.uint(u64::from(parent.tip));
            columns.parents.int(parent.number.wrapping_sub(last_parents[tip]) as i64);
            last_parents[tip] = parent.number;
        }
        match &content.events {
            Events::Known(runs) => {
                columns.run_counts.uint(runs.len() as u64);
                for run in runs {
                    write_run(&mut columns, &mut cursor, run);
                }
            }
            Events::Unknown { count, bytes, .. } => {
                columns.run_counts.uint(*count);
                columns.payloads.bytes(bytes);
            }
        }
    }
    let mut out = Writer::default();
    out.uint(records.len() as u64);
    for column in columns.in_order() {
        out.bytes(&column.0);
    }
    out.0
}

/// Reads what [`encode_block`] wrote.
///
/// # Errors
/// Anything that `encode_block` could not have written; counts are checked against the bytes left before allocating.
pub fn decode_block(header: &BlockHeader, bytes: &[u8]) -> Result<Vec<RecordParts>, DecodeError> {
    let mut reader = Reader(bytes);
    let count = reader.count(1)?;
    let mut column = || reader.bytes().map(Reader);
    let (document_ids, mut document_index, mut features) = (column()?, column()?, column()?);
    let (mut seqs, mut times, mut parents, mut run_counts) = (column()?, column()?, column()?, column()?);
    let mut runs = RunReader {
        kinds: column()?,
        positions: column()?,
        lengths: column()?,
        payloads: column()?,
        text: column()?,
        cursor: Cursor(0),
    };
    reader.finish()?;
    if document_ids.0.len() % DocumentId::LEN != 0 {
        return Err(DecodeError("a table of documents that is cut short"));
    }
    let mut documents: Vec<(DocumentId, u64)> =
        document_ids.0.chunks_exact(DocumentId::LEN).filter_map(DocumentId::from_slice).map(|id| (id, 0)).collect();
    let (mut last_time, mut last_parents) = (0i64, Vec::<u64>::new());
    if document_index.0.len() < count {
        return Err(DecodeError("a count larger than what follows"));
    }
    let mut records = Vec::with_capacity(count);
    for i in 0..count {
        let number = header.first_number.checked_add(i as u64).ok_or(DecodeError("a number out of range"))?;
        let index = usize::try_from(document_index.uint()?).unwrap_or(usize::MAX);
        let (document, next_seq) = documents.get_mut(index).ok_or(DecodeError("a document that isn't in the table"))?;
        let features = features.uint()?;
        let first_seq = next_seq.wrapping_add(seqs.int()? as u64);
        let time = last_time.wrapping_add(times.int()?);
        last_time = time;
        let parent_count = parents.count(2)?;
        let mut parent_refs = Vec::with_capacity(parent_count);
        for _ in 0..parent_count {
            let tip = u32::try_from(parents.uint()?).map_err(|_| DecodeError("a tip out of range"))?;
            // A file has at most as many tips as bytes for them; 65,536 branches are more than any folder holds.
            if tip > 0xffff {
                return Err(DecodeError("a tip out of range"));
            }
            if last_parents.len() <= tip as usize {
                last_parents.resize(tip as usize + 1, 0);
            }
            let number = last_parents[tip as usize].wrapping_add(parents.int()? as u64);
            last_parents[tip as usize] = number;
            parent_refs.push(ParentRef { tip, number });
        }
        let run_count = run_counts.uint()?;
        let events = if features & !READ_FEATURES == 0 {
            runs.take(run_count, features)?
        } else {
            Events::Unknown { features, count: run_count, bytes: runs.payloads.bytes()?.to_vec() }
        };
        let event_count = events.count();
        check_place(number, first_seq, event_count)?;
        *next_seq = first_seq + event_count;
        records.push(RecordParts {
            content: Content {
                workspace: header.workspace,
                document: *document,
                replica: header.replica,
                number,
                first_seq,
                time,
                events,
            },
            parents: parent_refs,
        });
    }
    for column in [document_index, seqs, times, parents, run_counts] {
        column.finish()?;
    }
    runs.finish()?;
    Ok(records)
}

fn write_run(columns: &mut Columns, cursor: &mut Cursor, run: &Event) {
    match run {
        Event::Insert { at, what: Insertion::Text(text) } => {
            columns.kinds.byte(kind::TEXT);
            let len = text.chars().count() as u64;
            cursor.step(&mut columns.positions, *at, at + len);
            columns.lengths.uint(len);
            columns.text.raw(text.as_bytes());
        }
        Event::Delete { at, len, backward } => {
            columns.kinds.byte(if *backward { kind::DELETE_BACKWARD } else { kind::DELETE });
            let after = if *backward { at - len } else { at - 1 };
            cursor.step(&mut columns.positions, *at, after);
            columns.lengths.uint(*len);
        }
        Event::Join { at } => {
            columns.kinds.byte(kind::JOIN);
            cursor.step(&mut columns.positions, *at, at.saturating_sub(1));
        }
        Event::Remove { at } => {
            columns.kinds.byte(kind::REMOVE);
            cursor.step(&mut columns.positions, *at, at.saturating_sub(1));
        }
        Event::Mark { first, last, start, end, .. } => {
            columns.kinds.byte(kind::MARK);
            cursor.step(&mut columns.positions, *first, *last);
            columns.lengths.uint(last - first);
            columns.kinds.byte(boundary_byte(*start, *end));
            write_payload(columns, run);
        }
        Event::Insert { at, what } => {
            columns.kinds.byte(if matches!(what, Insertion::Marker(_)) { kind::MARKER } else { kind::OBJECT });
            cursor.step(&mut columns.positions, *at, at + 1);
            write_payload(columns, run);
        }
        Event::Register { .. } | Event::Cancel { .. } | Event::Move { .. } => {
            columns.kinds.byte(match run {
                Event::Register { .. } => kind::REGISTER,
                Event::Cancel { .. } => kind::CANCEL,
                _ => kind::MOVE,
            });
            write_payload(columns, run);
        }
    }
}

/// Rare events go whole, in canonical form, into the payload column: they are small and alike, so compression finds
/// what repeats. Numbers that other columns hold are zero there.
fn write_payload(columns: &mut Columns, run: &Event) {
    let mut plain = run.clone();
    match &mut plain {
        Event::Insert { at, .. } => *at = 0,
        Event::Mark { first, last, .. } => (*first, *last) = (1, 1),
        _ => {}
    }
    write_event(&mut columns.payloads, &plain);
}

/// Takes runs off the columns that hold them.
struct RunReader<'a> {
    kinds: Reader<'a>,
    positions: Reader<'a>,
    lengths: Reader<'a>,
    payloads: Reader<'a>,
    text: Reader<'a>,
    cursor: Cursor,
}

impl RunReader<'_> {
    fn take(&mut self, run_count: u64, features: u64) -> Result<Events, DecodeError> {
        if run_count > self.kinds.0.len() as u64 {
            return Err(DecodeError("a count larger than what follows"));
        }
        let mut runs: Vec<Event> = Vec::with_capacity(run_count as usize);
        for i in 0..run_count as usize {
            let run = self.run()?;
            push_run(&mut runs, run);
            if runs.len() != i + 1 {
                return Err(DecodeError("runs of events that should have been one"));
            }
        }
        let events = Events::Known(runs);
        if events.features() != features {
            return Err(DecodeError("a record whose features are not those of its events"));
        }
        Ok(events)
    }

    fn run(&mut self) -> Result<Event, DecodeError> {
        let kind = self.kinds.byte()?;
        match kind {
            kind::TEXT => {
                let at = self.cursor.read(&mut self.positions)?;
                let len = self.lengths.uint()?;
                let text = self.scalars(len)?;
                check_text(&text).map_err(|_| DecodeError("text with a character that a document can't hold"))?;
                self.cursor.0 = at + len;
                Ok(Event::Insert { at, what: Insertion::Text(text) })
            }
            kind::DELETE | kind::DELETE_BACKWARD => {
                let at = self.cursor.read(&mut self.positions)?;
                let (len, backward) = (self.lengths.uint()?, kind == kind::DELETE_BACKWARD);
                check_delete(at, len, backward)?;
                self.cursor.0 = if backward { at - len } else { at - 1 };
                Ok(Event::Delete { at, len, backward })
            }
            kind::JOIN | kind::REMOVE => {
                let at = self.cursor.read(&mut self.positions)?;
                self.cursor.0 = at.saturating_sub(1);
                Ok(if kind == kind::JOIN { Event::Join { at } } else { Event::Remove { at } })
            }
            kind::MARK => {
                let first = self.cursor.read(&mut self.positions)?;
                let last = first.checked_add(self.lengths.uint()?).ok_or(DecodeError("a position out of range"))?;
                if first == 0 || last > u64::from(u32::MAX) {
                    return Err(DecodeError("a mark on an empty range"));
                }
                self.cursor.0 = last;
                let boundary = boundary_from_byte(self.kinds.byte()?)?;
                match read_event(&mut self.payloads)? {
                    Event::Mark { first: 1, last: 1, start, end, key, value } if (start, end) == boundary => {
                        Ok(Event::Mark { first, last, start, end, key, value })
                    }
                    _ => Err(DecodeError("columns that don't fit each other")),
                }
            }
            kind::MARKER | kind::OBJECT => {
                let at = self.cursor.read(&mut self.positions)?;
                self.cursor.0 = at + 1;
                match read_event(&mut self.payloads)? {
                    Event::Insert { at: 0, what } if matches!(what, Insertion::Marker(_)) == (kind == kind::MARKER) => {
                        Ok(Event::Insert { at, what })
                    }
                    _ => Err(DecodeError("columns that don't fit each other")),
                }
            }
            kind::REGISTER | kind::CANCEL | kind::MOVE => {
                let event = read_event(&mut self.payloads)?;
                let fits = matches!(
                    (kind, &event),
                    (kind::REGISTER, Event::Register { .. })
                        | (kind::CANCEL, Event::Cancel { .. })
                        | (kind::MOVE, Event::Move { .. })
                );
                if fits { Ok(event) } else { Err(DecodeError("columns that don't fit each other")) }
            }
            _ => Err(DecodeError("an event of an unknown kind")),
        }
    }

    fn scalars(&mut self, len: u64) -> Result<String, DecodeError> {
        if len == 0 || len > self.text.0.len() as u64 {
            return Err(DecodeError("text that is cut short"));
        }
        // A scalar takes at most four bytes, so only so many need to be looked at.
        let window = self.text.0.len().min(len as usize * 4);
        let mut bytes = 0;
        for _ in 0..len {
            bytes += match self.text.0[..window].get(bytes) {
                Some(0x00..=0x7f) => 1,
                Some(0xc2..=0xdf) => 2,
                Some(0xe0..=0xef) => 3,
                Some(0xf0..=0xf4) => 4,
                _ => return Err(DecodeError("text that is not UTF-8")),
            };
        }
        let text = std::str::from_utf8(self.text.raw(bytes)?).map_err(|_| DecodeError("text that is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn finish(self) -> Result<(), DecodeError> {
        for column in [self.kinds, self.positions, self.lengths, self.payloads, self.text] {
            column.finish()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::canonical::{canonical_bytes, decode_canonical};
    use super::*;
    use crate::event::{Attributes, End, Start, Target, Value};
    use crate::ids::{EventId, RecordId};

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
        assert_eq!(decode_block(&header, &bytes).as_ref(), Ok(&records));
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
            assert!(decode_block(&header, &bytes[..cut]).is_err(), "cut at {cut}");
        }
        let canonical: Vec<_> = records.iter().map(|record| canonical_bytes(&record.content)).collect();
        for (i, bit) in (0..bytes.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
            let mut damaged = bytes.clone();
            damaged[i] ^= 1 << bit;
            // What still decodes must encode to the very same bytes, so that one meaning has one form.
            if let Ok(records) = decode_block(&header, &damaged) {
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
