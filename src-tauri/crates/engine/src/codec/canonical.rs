//! The canonical bytes of a record: what its id is a hash of. One form for one meaning.

use super::bytes::{DecodeError, Reader, Writer};
use crate::event::{Attributes, Deletion, End, Event, Insertion, Runs, Start, Target, Value, check_text};
use crate::ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
use crate::record::{Content, Events, MAX_EVENTS, READ_FEATURES};

/// The canonical bytes of a record's content: every field but the parents, and no index into any table.
pub fn canonical_bytes(content: &Content) -> Vec<u8> {
    let mut out = Writer::default();
    write_canonical(&mut out, content);
    out.0
}

/// Appends the canonical bytes of a record's content.
pub fn write_canonical(out: &mut Writer, content: &Content) {
    out.uint(content.events.features());
    out.raw(&content.workspace.0);
    out.raw(&content.document.0);
    out.raw(&content.replica.0);
    out.uint(content.number);
    out.uint(content.first_seq);
    out.int(content.time);
    out.uint(content.events.count());
    match &content.events {
        Events::Known(runs) => runs.iter().for_each(|run| write_event(out, run)),
        Events::Unknown { bytes, .. } => out.raw(bytes),
    }
}

/// A bound of the size of the canonical bytes, which costs less than writing them.
pub fn canonical_size_at_most(content: &Content) -> usize {
    const NUMBER: usize = 10;
    let value = |value: &Value| match value {
        Value::Flag(_) | Value::Number(_) => 3 * NUMBER,
        Value::Text(text) => 2 * NUMBER + text.len(),
        Value::Unknown { bytes, .. } => 2 * NUMBER + bytes.len(),
    };
    let keyed = |key: &str, set: Option<&Value>| NUMBER + key.len() + set.map_or(1, value);
    let event = |event: &Event| match event {
        Event::Insert { what: Insertion::Text(text), .. } => text.len(),
        Event::Insert { what: Insertion::Marker(attributes) | Insertion::Object(attributes), .. } => {
            attributes.iter().map(|(key, value)| keyed(key, Some(value))).sum()
        }
        Event::Mark { key, value, .. } => NUMBER + keyed(key, value.as_ref()),
        Event::Register { key, value, .. } => RecordId::LEN + keyed(key, value.as_ref()),
        Event::Cancel { ranges, .. } => 2 * NUMBER * ranges.len(),
        Event::Delete { .. } | Event::Join { .. } | Event::Remove { .. } | Event::Move { .. } => NUMBER,
    };
    let events = match &content.events {
        Events::Known(runs) => runs.iter().map(|run| 1 + 2 * NUMBER + event(run)).sum(),
        Events::Unknown { bytes, .. } => bytes.len(),
    };
    WorkspaceId::LEN + DocumentId::LEN + ReplicaId::LEN + 5 * NUMBER + events
}

/// Reads what [`canonical_bytes`] wrote.
///
/// # Errors
/// Anything that `canonical_bytes` could not have written.
pub fn decode_canonical(bytes: &[u8]) -> Result<Content, DecodeError> {
    let mut reader = Reader(bytes);
    let features = reader.uint()?;
    let workspace = WorkspaceId(reader.array()?);
    let document = DocumentId(reader.array()?);
    let replica = ReplicaId(reader.array()?);
    let number = reader.uint()?;
    let first_seq = reader.uint()?;
    let time = reader.int()?;
    let count = reader.uint()?;
    check_place(number, first_seq, count)?;
    let events = if features & !READ_FEATURES == 0 {
        let mut runs = Runs::new();
        while !reader.0.is_empty() {
            let run = read_event(&mut reader)?;
            if runs.last().is_some_and(|last| last.goes_on(&run)) {
                return Err(DecodeError("runs of events that should have been one"));
            }
            runs.push(run);
        }
        let events = Events::Known(runs);
        if events.count() != count || events.features() != features {
            return Err(DecodeError("a record whose counts or features are not those of its events"));
        }
        events
    } else {
        Events::Unknown { features, count, bytes: reader.0.to_vec() }
    };
    Ok(Content { workspace, document, replica, number, first_seq, time, events })
}

/// Numbers and seqs stay far below the top of their range, so that sums of them can't overflow.
pub(super) fn check_place(number: u64, first_seq: u64, count: u64) -> Result<(), DecodeError> {
    const TOP: u64 = 1 << 48;
    if number == 0 || number > TOP || first_seq > TOP || count > MAX_EVENTS {
        return Err(DecodeError("a record number, seq or count out of range"));
    }
    if count == 0 {
        return Err(DecodeError("a record without events"));
    }
    Ok(())
}

/// The kinds' numbers in canonical bytes.
pub(super) mod kind {
    use crate::event::{Event, Insertion};

    pub const TEXT: u8 = 0;
    pub const MARKER: u8 = 1;
    pub const OBJECT: u8 = 2;
    pub const DELETE: u8 = 3;
    pub const DELETE_BACKWARD: u8 = 4;
    pub const JOIN: u8 = 5;
    pub const REMOVE: u8 = 6;
    pub const MARK: u8 = 7;
    pub const REGISTER: u8 = 8;
    pub const CANCEL: u8 = 9;
    pub const MOVE: u8 = 10;

    pub fn of(event: &Event) -> u8 {
        match event {
            Event::Insert { what: Insertion::Text(_), .. } => TEXT,
            Event::Insert { what: Insertion::Marker(_), .. } => MARKER,
            Event::Insert { what: Insertion::Object(_), .. } => OBJECT,
            Event::Delete { backward: false, .. } => DELETE,
            Event::Delete { backward: true, .. } => DELETE_BACKWARD,
            Event::Join { .. } => JOIN,
            Event::Remove { .. } => REMOVE,
            Event::Mark { .. } => MARK,
            Event::Register { .. } => REGISTER,
            Event::Cancel { .. } => CANCEL,
            Event::Move { .. } => MOVE,
        }
    }
}

pub(crate) fn write_event(out: &mut Writer, event: &Event) {
    out.byte(kind::of(event));
    match event {
        Event::Insert { at, what: Insertion::Text(text) } => {
            out.uint(*at);
            out.text(text);
        }
        Event::Delete { at, len, .. } => {
            out.uint(*at);
            out.uint(*len);
        }
        Event::Insert { at, .. } | Event::Join { at } | Event::Remove { at } => out.uint(*at),
        Event::Mark { first, last, .. } => {
            out.uint(*first);
            out.uint(*last);
        }
        Event::Register { .. } | Event::Cancel { .. } | Event::Move { .. } => {}
    }
    write_fields(out, event);
}

/// What an event says besides its place: blocks keep this part of rare events as it is.
pub(super) fn write_fields(out: &mut Writer, event: &Event) {
    match event {
        Event::Insert { what: Insertion::Marker(attributes) | Insertion::Object(attributes), .. } => {
            write_attributes(out, attributes);
        }
        Event::Mark { start, end, key, value, .. } => {
            out.byte(boundary_byte(*start, *end));
            out.text(key);
            write_option(out, value.as_ref());
        }
        Event::Register { target, key, value } => {
            write_target(out, target);
            out.text(key);
            write_option(out, value.as_ref());
        }
        Event::Cancel { ranges, on } => {
            out.byte(u8::from(*on));
            out.uint(ranges.len() as u64);
            let mut last = 0;
            for &(first, end) in ranges {
                out.uint(first - last);
                out.uint(end - first);
                last = end;
            }
        }
        Event::Move { first, count, to } => {
            out.uint(*first);
            out.uint(*count);
            out.uint(*to);
        }
        Event::Insert { .. } | Event::Delete { .. } | Event::Join { .. } | Event::Remove { .. } => {}
    }
}

pub(crate) fn read_event(reader: &mut Reader<'_>) -> Result<Event, DecodeError> {
    match reader.byte()? {
        kind::TEXT => {
            let at = read_position(reader)?;
            let text = reader.text()?;
            check_text(text).map_err(|_| DecodeError("text with a character that a document can't hold"))?;
            if text.is_empty() {
                return Err(DecodeError("an empty insertion"));
            }
            Ok(Event::Insert { at, what: Insertion::Text(text.into()) })
        }
        kind @ (kind::DELETE | kind::DELETE_BACKWARD) => {
            let (at, len, backward) = (read_position(reader)?, reader.uint()?, kind == kind::DELETE_BACKWARD);
            let run = Deletion { at, len, backward };
            check_deletion(&run)?;
            Ok(run.event())
        }
        kind::MARK => {
            let (first, last) = (read_position(reader)?, read_position(reader)?);
            read_fields(kind::MARK, (first, last), reader)
        }
        kind @ (kind::MARKER | kind::OBJECT | kind::JOIN | kind::REMOVE) => {
            let at = read_position(reader)?;
            read_fields(kind, (at, at), reader)
        }
        kind => read_fields(kind, (0, 0), reader),
    }
}

/// Reads what [`write_fields`] wrote. The place is (`at`, `at`), for a mark (`first`, `last`), and otherwise not looked at.
pub(super) fn read_fields(kind: u8, place: (u64, u64), reader: &mut Reader<'_>) -> Result<Event, DecodeError> {
    let (at, last) = place;
    let event = match kind {
        kind::MARKER => Event::Insert { at, what: Insertion::Marker(read_attributes(reader)?) },
        kind::OBJECT => Event::Insert { at, what: Insertion::Object(read_attributes(reader)?) },
        kind::JOIN => Event::Join { at },
        kind::REMOVE => Event::Remove { at },
        kind::MARK => {
            if at == 0 || last < at {
                return Err(DecodeError("a mark on an empty range"));
            }
            let (start, end) = boundary_from_byte(reader.byte()?)?;
            let key = reader.text()?.to_owned();
            Event::Mark { first: at, last, start, end, key, value: read_option(reader)? }
        }
        kind::REGISTER => {
            let target = read_target(reader)?;
            let key = reader.text()?.to_owned();
            Event::Register { target, key, value: read_option(reader)? }
        }
        kind::CANCEL => {
            let on = match reader.byte()? {
                0 => false,
                1 => true,
                _ => return Err(DecodeError("a switch that is neither on nor off")),
            };
            let count = reader.count(2)?;
            let mut ranges = Vec::with_capacity(count);
            let mut last = 0u64;
            for i in 0..count {
                let first = last.checked_add(reader.uint()?).ok_or(DecodeError("a range past the end"))?;
                let end = first.checked_add(reader.uint()?).ok_or(DecodeError("a range past the end"))?;
                if end == first || (i > 0 && first == last) || end > 1 << 50 {
                    return Err(DecodeError("ranges that are empty or touch"));
                }
                ranges.push((first, end));
                last = end;
            }
            if ranges.is_empty() {
                return Err(DecodeError("a cancel of nothing"));
            }
            Event::Cancel { ranges, on }
        }
        kind::MOVE => {
            let (first, count, to) = (read_position(reader)?, reader.uint()?, read_position(reader)?);
            if first == 0 || count == 0 || count > u64::from(u32::MAX) {
                return Err(DecodeError("a move of nothing"));
            }
            Event::Move { first, count, to }
        }
        _ => return Err(DecodeError("an event of an unknown kind")),
    };
    Ok(event)
}

/// Positions stay below 2^32: a document can't hold more elements.
fn read_position(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let at = reader.uint()?;
    if at > u64::from(u32::MAX) { Err(DecodeError("a position out of range")) } else { Ok(at) }
}

fn check_deletion(run: &Deletion) -> Result<(), DecodeError> {
    if run.at == 0
        || run.len == 0
        || run.len > u64::from(u32::MAX)
        || (run.backward && (run.len > run.at || run.len == 1))
    {
        return Err(DecodeError("a deletion of nothing"));
    }
    Ok(())
}

pub(crate) fn boundary_byte(start: Start, end: End) -> u8 {
    let start = match start {
        Start::Before => 0,
        Start::After => 1,
    };
    let end = match end {
        End::Closed => 0,
        End::Grows => 1,
        End::Open => 2,
    };
    start << 2 | end
}

pub(crate) fn boundary_from_byte(byte: u8) -> Result<(Start, End), DecodeError> {
    let start = match byte >> 2 {
        0 => Start::Before,
        1 => Start::After,
        _ => return Err(DecodeError("a mark with an unknown boundary")),
    };
    let end = match byte & 3 {
        0 => End::Closed,
        1 => End::Grows,
        2 => End::Open,
        _ => return Err(DecodeError("a mark with an unknown boundary")),
    };
    Ok((start, end))
}

fn write_target(out: &mut Writer, target: &Target<u64>) {
    match target {
        Target::Marker(at) => {
            out.byte(0);
            out.uint(*at);
        }
        Target::Document => out.byte(1),
        Target::Workspace => out.byte(2),
        Target::Thread(event) => {
            out.byte(3);
            out.raw(&event.record.0);
            out.uint(u64::from(event.offset));
        }
    }
}

fn read_target(reader: &mut Reader<'_>) -> Result<Target<u64>, DecodeError> {
    Ok(match reader.byte()? {
        0 => Target::Marker(read_position(reader)?),
        1 => Target::Document,
        2 => Target::Workspace,
        3 => Target::Thread(EventId {
            record: RecordId(reader.array()?),
            offset: u32::try_from(reader.uint()?).map_err(|_| DecodeError("an offset out of range"))?,
        }),
        _ => return Err(DecodeError("a register of an unknown thing")),
    })
}

pub(crate) fn write_attributes(out: &mut Writer, attributes: &Attributes) {
    out.uint(attributes.len() as u64);
    for (key, value) in attributes {
        out.text(key);
        write_value(out, value);
    }
}

pub(crate) fn read_attributes(reader: &mut Reader<'_>) -> Result<Attributes, DecodeError> {
    let count = reader.count(3)?;
    let mut attributes = Attributes::new();
    for _ in 0..count {
        let key = reader.text()?.to_owned();
        if attributes.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(DecodeError("attributes out of order"));
        }
        attributes.insert(key, read_value(reader)?);
    }
    Ok(attributes)
}

pub(crate) fn write_option(out: &mut Writer, value: Option<&Value>) {
    match value {
        None => out.uint(0),
        Some(value) => write_value(out, value),
    }
}

pub(crate) fn read_option(reader: &mut Reader<'_>) -> Result<Option<Value>, DecodeError> {
    match reader.0.first() {
        Some(0) => {
            reader.byte()?;
            Ok(None)
        }
        _ => read_value(reader).map(Some),
    }
}

/// A value is its type's number and its bytes with their length, so that an unknown type can be kept. 0 is no value.
pub(crate) fn write_value(out: &mut Writer, value: &Value) {
    let mut bytes = Writer::default();
    match value {
        Value::Flag(on) => {
            out.uint(1);
            bytes.byte(u8::from(*on));
        }
        Value::Number(number) => {
            out.uint(2);
            bytes.int(*number);
        }
        Value::Text(text) => {
            out.uint(3);
            bytes.raw(text.as_bytes());
        }
        Value::Unknown { tag, bytes: unknown } => {
            out.uint(*tag);
            bytes.raw(unknown);
        }
    }
    out.bytes(&bytes.0);
}

pub(crate) fn read_value(reader: &mut Reader<'_>) -> Result<Value, DecodeError> {
    let tag = reader.uint()?;
    let bytes = reader.bytes()?;
    Ok(match tag {
        0 => return Err(DecodeError("a missing value")),
        1 => match bytes {
            [0] => Value::Flag(false),
            [1] => Value::Flag(true),
            _ => return Err(DecodeError("a flag that is neither on nor off")),
        },
        2 => {
            let mut inner = Reader(bytes);
            let number = inner.int()?;
            inner.finish()?;
            Value::Number(number)
        }
        3 => Value::Text(std::str::from_utf8(bytes).map_err(|_| DecodeError("text that is not UTF-8"))?.to_owned()),
        tag => Value::Unknown { tag, bytes: bytes.to_vec() },
    })
}
