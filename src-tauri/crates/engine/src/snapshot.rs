//! Snapshots: a document as it stands, which opens without its history. A cache of this installation and no part of the
//! format: what a later engine can't read is made again from the records.
//!
//! It isn't compressed: it is read whenever a document is opened, and most of it is the text that is then in memory anyway.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::codec::canonical::{
    boundary_byte, boundary_from_byte, read_attributes, read_event, read_value, write_attributes, write_event,
    write_value,
};
use crate::codec::{DecodeError, Reader, Writer};
use crate::event::{Attributes, Event, OBJECT, Target, check_text};
use crate::fold::Registers;
use crate::history::{History, Id, Line, Past, Tip, id_of, line_of, seq_of};
use crate::ids::{DocumentId, RecordId, ReplicaId, WorkspaceId};
use crate::page::Page;
use crate::page::rope::{Item, Kind, MARKER_TEXT};
use crate::page::style::{BlockStart, Held, Style};

/// The version of snapshots. It goes up with everything that changes what a snapshot holds or how an engine folds.
pub const ENGINE: u64 = 1;
const CHECKSUM: usize = 8;

/// What a snapshot holds.
pub(crate) struct Snapshot {
    pub history: History,
    pub page: Page,
    pub registers: Registers,
    /// Records that were here without being folded: they waited, or can't be folded.
    pub beside: Vec<RecordId>,
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let hash = blake3::hash(bytes);
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hash.as_bytes()[..CHECKSUM]);
    sum
}

/// Writes a document down whose open record is sealed. `heads` is its version.
pub(crate) fn write(history: &History, heads: &[RecordId], page: &Page, registers: &Registers) -> Vec<u8> {
    let mut out = Writer::default();
    out.uint(ENGINE);
    out.raw(&history.workspace.0);
    out.raw(&history.document.0);
    out.uint(history.last_lamport());
    write_ids(&mut out, heads);
    let beside: Vec<RecordId> =
        history.waiting().map(|record| record.id()).chain(history.unfolded().map(|(record, _)| record.id())).collect();
    write_ids(&mut out, &beside);
    write_lines(&mut out, history);
    out.uint(registers.len() as u64);
    for ((target, key), value) in registers.iter() {
        let target = match target {
            Target::Marker(_) => continue,
            Target::Document => Target::Document,
            Target::Workspace => Target::Workspace,
            Target::Thread(thread) => Target::Thread(*thread),
        };
        write_event(&mut out, &Event::Register { target, key: key.clone(), value: Some(value.clone()) });
    }
    write_page(&mut out, history, page);
    let sum = checksum(&out.0);
    out.raw(&sum);
    out.0
}

/// Reads what [`write`] wrote.
pub(crate) fn read(bytes: &[u8]) -> Result<Snapshot, DecodeError> {
    let body = bytes.len().checked_sub(CHECKSUM).ok_or(DecodeError("a snapshot that is cut short"))?;
    let (body, sum) = bytes.split_at(body);
    let mut reader = Reader(body);
    if reader.uint()? != ENGINE {
        return Err(DecodeError("a snapshot of another engine"));
    }
    if checksum(body) != sum {
        return Err(DecodeError("a snapshot that was changed"));
    }
    let workspace = WorkspaceId(reader.array()?);
    let document = DocumentId(reader.array()?);
    let lamport = reader.uint()?;
    let heads = read_ids(&mut reader)?;
    let beside = read_ids(&mut reader)?;
    let lines = read_lines(&mut reader)?;
    let mut registers = BTreeMap::new();
    for _ in 0..reader.count(3)? {
        let Event::Register { target, key, value: Some(value) } = read_event(&mut reader)? else {
            return Err(DecodeError("a snapshot with a foreign register"));
        };
        let target = match target {
            Target::Marker(_) => return Err(DecodeError("a snapshot with a foreign register")),
            Target::Document => Target::Document,
            Target::Workspace => Target::Workspace,
            Target::Thread(thread) => Target::Thread(thread),
        };
        registers.insert((target, key), value);
    }
    let ends: Vec<u32> = lines.iter().map(|line| line.tip.map_or(0, |tip| tip.end_seq)).collect();
    let (page, objects) = read_page(&mut reader, &ends)?;
    reader.finish()?;
    let history = History::after(workspace, document, Past { heads, lamport, objects }, lines);
    Ok(Snapshot { history, page, registers: Arc::new(registers), beside })
}

fn write_ids(out: &mut Writer, ids: &[RecordId]) {
    out.uint(ids.len() as u64);
    ids.iter().for_each(|id| out.raw(&id.0));
}

fn read_ids(reader: &mut Reader<'_>) -> Result<Vec<RecordId>, DecodeError> {
    (0..reader.count(RecordId::LEN)?).map(|_| Ok(RecordId(reader.array()?))).collect()
}

fn write_lines(out: &mut Writer, history: &History) {
    out.uint(history.lines.len() as u64 - 1);
    for (number, line) in (0..).zip(&history.lines).skip(1) {
        let (before, first_seq) = line.fork();
        let tip = history.tip_of(number).unwrap_or(Tip { record: RecordId::NONE, end_seq: first_seq });
        out.raw(&line.replica.0);
        out.uint(before.map_or(0, u64::from));
        out.uint(u64::from(first_seq));
        out.raw(&tip.record.0);
        out.uint(u64::from(tip.end_seq - first_seq));
    }
}

fn read_lines(reader: &mut Reader<'_>) -> Result<Vec<Line>, DecodeError> {
    let count = reader.count(ReplicaId::LEN + RecordId::LEN + 3)?;
    let mut lines = Vec::with_capacity(count);
    for number in 1..=count as u64 {
        let replica = ReplicaId(reader.array()?);
        let before = reader.uint()?;
        let first_seq = small(reader)?;
        let record = RecordId(reader.array()?);
        let end_seq = first_seq.checked_add(small(reader)?).ok_or(OUT_OF_RANGE)?;
        if before >= number {
            return Err(DecodeError("a line that forks off a later one"));
        }
        let before = (before > 0).then_some(before as u32);
        lines.push(Line::of_past(replica, (before, first_seq), Tip { record, end_seq }));
    }
    Ok(lines)
}

const OUT_OF_RANGE: DecodeError = DecodeError("a number out of range");

fn small(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    u32::try_from(reader.uint()?).map_err(|_| OUT_OF_RANGE)
}

/// Things that many elements have in common: each is written once and named by its number, from 1.
#[derive(Default)]
struct Table {
    numbers: FxHashMap<Vec<u8>, u64>,
    bytes: Writer,
}

impl Table {
    fn number(&mut self, entry: Writer) -> u64 {
        let next = self.numbers.len() as u64 + 1;
        let bytes = &mut self.bytes;
        *self.numbers.entry(entry.0).or_insert_with_key(|entry| {
            bytes.raw(entry);
            next
        })
    }

    fn write(&self, out: &mut Writer) {
        out.uint(self.numbers.len() as u64);
        out.raw(&self.bytes.0);
    }
}

/// The columns of a page's items.
#[derive(Default)]
struct Columns {
    /// The number of a style or of a block's start, twice, and one more for the latter.
    what: Writer,
    /// How far an item's line and seq are from where the item before ended.
    ids: Writer,
    /// Of text alone.
    lens: Writer,
    text: Writer,
}

fn write_page(out: &mut Writer, history: &History, page: &Page) {
    let (mut styles, mut starts, mut columns) = (Table::default(), Table::default(), Columns::default());
    let mut objects = BTreeMap::new();
    let (mut count, mut expected) = (0, id_of(1, 0));
    for piece in page.pieces(1, page.len()) {
        count += 1;
        match piece.kind {
            Kind::Text(style) => {
                columns.what.uint(style_number(&mut styles, style) << 1);
                columns.lens.uint(u64::from(piece.len));
                columns.text.raw(piece.text.as_bytes());
                for (i, _) in piece.text.chars().enumerate().filter(|(_, c)| *c == OBJECT) {
                    let id = piece.id + i as Id;
                    objects.extend(history.object(id).map(|attributes| (id, attributes)));
                }
            }
            Kind::Marker(start) => {
                let mut entry = Writer::default();
                entry.byte(u8::from(start.removed));
                entry.uint(style_number(&mut styles, &start.style));
                write_attributes(&mut entry, &start.attributes);
                columns.what.uint(starts.number(entry) << 1 | 1);
            }
        }
        columns.ids.int(i64::from(line_of(piece.id)) - i64::from(line_of(expected)));
        columns.ids.int(i64::from(seq_of(piece.id)) - i64::from(seq_of(expected)));
        expected = piece.id + Id::from(piece.len);
    }
    out.uint(objects.len() as u64);
    for (id, attributes) in objects {
        out.uint(id);
        write_attributes(out, attributes);
    }
    styles.write(out);
    starts.write(out);
    out.uint(count);
    for column in [columns.what, columns.ids, columns.lens, columns.text] {
        out.bytes(&column.0);
    }
}

fn style_number(styles: &mut Table, style: &Style) -> u64 {
    let Some(shown) = style else { return 0 };
    let mut entry = Writer::default();
    entry.uint(shown.marks.len() as u64);
    for (key, value, held) in shown.iter() {
        entry.text(key);
        write_value(&mut entry, value);
        entry.uint(held.mark);
        entry.byte(boundary_byte(held.start, held.end));
    }
    styles.number(entry)
}

/// `ends` are the ends of the lines, from line 1.
fn read_page(reader: &mut Reader<'_>, ends: &[u32]) -> Result<(Page, BTreeMap<Id, Attributes>), DecodeError> {
    let is_event = |id: Id, len: u32| {
        let end = (line_of(id) as usize).checked_sub(1).and_then(|line| ends.get(line));
        end.is_some_and(|&end| seq_of(id).checked_add(len).is_some_and(|after| after <= end))
    };
    let mut objects = BTreeMap::new();
    for _ in 0..reader.count(2)? {
        objects.insert(reader.uint()?, read_attributes(reader)?);
    }
    let mut styles: Vec<Style> = vec![None];
    for _ in 0..reader.count(1)? {
        let mut marks = Vec::new();
        for _ in 0..reader.count(4)? {
            let (key, value, mark) = (reader.text()?.to_owned(), read_value(reader)?, reader.uint()?);
            let (start, end) = boundary_from_byte(reader.byte()?)?;
            marks.push((key, value, Held { mark, start, end }));
        }
        let fits = marks.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if marks.is_empty() || !fits || !marks.iter().all(|(.., held)| is_event(held.mark, 1)) {
            return Err(DecodeError("a snapshot with a foreign style"));
        }
        styles.push(Some(Arc::new(marks.into_iter().collect())));
    }
    let style = |number: u64| {
        let style = usize::try_from(number).ok().and_then(|number| styles.get(number));
        style.ok_or(DecodeError("a snapshot that names a style that it doesn't hold"))
    };
    let mut starts: Vec<Arc<BlockStart>> = Vec::new();
    for _ in 0..reader.count(3)? {
        let removed = reader.byte()? != 0;
        let style = style(reader.uint()?)?.clone();
        starts.push(Arc::new(BlockStart { attributes: read_attributes(reader)?, removed, style }));
    }
    let count = reader.count(3)?;
    let mut column = || reader.bytes().map(Reader);
    let (mut what, mut ids, mut lens) = (column()?, column()?, column()?);
    let mut text = reader.text()?;
    if !text.split(OBJECT).all(|part| check_text(part).is_ok()) {
        return Err(DecodeError("text with a character that a document can't hold"));
    }
    let is_plain = text.is_ascii();
    let mut expected = id_of(1, 0);
    let mut next = || {
        let number = what.uint()?;
        let mut near = |part: u32| u32::try_from(i64::from(part).wrapping_add(ids.int()?)).map_err(|_| OUT_OF_RANGE);
        let id = id_of(near(line_of(expected))?, near(seq_of(expected))?);
        let (item, cut) = if number & 1 == 1 {
            let start = usize::try_from(number >> 1).ok().and_then(|number| starts.get(number.checked_sub(1)?));
            let start = start.ok_or(DecodeError("a snapshot that names a block's start that it doesn't hold"))?;
            (Item::marker(id, Arc::clone(start)), None)
        } else {
            let len = small(&mut lens)?;
            let cut = if is_plain { Some(len as usize).filter(|&cut| cut <= text.len()) } else { byte_of(text, len) };
            let cut = cut.ok_or(DecodeError("text that is cut short"))?;
            (Item::text(id, len, style(number >> 1)?.clone()), Some(cut))
        };
        if item.len == 0 || !is_event(id, item.len) {
            return Err(DecodeError("a snapshot that shows what nobody wrote"));
        }
        expected = id + Id::from(item.len);
        let Some(cut) = cut else { return Ok((item, MARKER_TEXT)) };
        let (here, rest) = text.split_at(cut);
        text = rest;
        Ok((item, here))
    };
    let mut failure = Ok(());
    let items = (0..count).map_while(|_| next().map_err(|error| failure = Err(error)).ok());
    let page = Page::of(items);
    failure?;
    for column in [what, ids, lens, Reader(text.as_bytes())] {
        column.finish()?;
    }
    Ok((page, objects))
}

/// How many bytes so many characters take.
fn byte_of(text: &str, chars: u32) -> Option<usize> {
    let chars = chars as usize;
    let bytes = text.as_bytes().get(..chars)?;
    if bytes.is_ascii() {
        return Some(chars);
    }
    let mut ends = text.char_indices().map(|(at, _)| at).skip(chars);
    ends.next().or_else(|| (text.chars().count() == chars).then_some(text.len()))
}
