//! The runs of a block's records in columns, as if they were one record's: what goes on over the end of a record, like text
//! that was typed on, is one run, and each record takes as many events as it has. `FORMAT.md` section 7 has the table.

use super::bytes::{DecodeError, Reader, Writer, unzigzag, zigzag};
use super::canonical::{kind, read_fields, write_fields};
use crate::event::{Deletion, Event, Insertion, Runs, check_text, push_run};

/// The greatest position: a document can't hold more elements.
const MAX_POSITION: u64 = u32::MAX as u64;
/// More events than the records of a block can have, and far below where sums overflow.
const MAX_LENGTH: u64 = 1 << 48;

/// A run's first byte: its kind in two bits, its place in two, its size in four.
mod token {
    pub const TEXT: u8 = 0;
    pub const DELETE: u8 = 1;
    pub const DELETE_BACKWARD: u8 = 2;
    /// The size is the kind's number in canonical bytes.
    pub const OTHER: u8 = 3;

    pub const PLACE_SHIFT: u8 = 2;
    /// Places below this are distances from the cursor, zigzagged; this one says that the distance is in a column.
    pub const FAR: u8 = 3;

    pub const SIZE_SHIFT: u8 = 4;
    /// Sizes below this are lengths less one; this one says that the length is in a column.
    pub const LONG: u8 = 15;
}

/// The columns that hold runs.
#[derive(Debug, Clone, Default)]
pub(super) struct RunColumns<T> {
    pub tokens: T,
    pub positions: T,
    pub lengths: T,
    pub payloads: T,
    pub text: T,
}

impl<T> RunColumns<T> {
    fn in_order(&self) -> [&T; 5] {
        let RunColumns { tokens, positions, lengths, payloads, text } = self;
        [tokens, positions, lengths, payloads, text]
    }

    /// The columns in the order in which they are written.
    pub fn in_order_mut(&mut self) -> [&mut T; 5] {
        let RunColumns { tokens, positions, lengths, payloads, text } = self;
        [tokens, positions, lengths, payloads, text]
    }
}

/// A run that later events of the block may go on from.
#[derive(Debug, Clone, Copy)]
enum Open {
    Text { at: u64, len: u64 },
    Delete(Deletion),
}

/// Puts runs into columns.
#[derive(Debug, Clone, Default)]
pub(super) struct RunWriter {
    columns: RunColumns<Writer>,
    cursor: u64,
    open: Option<Open>,
}

impl RunWriter {
    /// Appends a record's runs.
    pub fn record(&mut self, runs: &[Event]) {
        for run in runs {
            self.run(run);
        }
    }

    /// Appends the events of a record in a form that isn't known.
    pub fn unknown(&mut self, bytes: &[u8]) {
        self.columns.payloads.bytes(bytes);
    }

    /// The columns, complete. They are emptied for another block, before which the cursor goes back.
    pub fn finish(&mut self) -> &mut RunColumns<Writer> {
        self.close();
        self.cursor = 0;
        &mut self.columns
    }

    fn run(&mut self, run: &Event) {
        match run {
            Event::Insert { at, what: Insertion::Text(text) } => {
                let more = text.chars().count() as u64;
                self.columns.text.raw(text.as_bytes());
                match &mut self.open {
                    Some(Open::Text { at: first, len }) if *first + *len == *at => *len += more,
                    _ => self.begin(Open::Text { at: *at, len: more }),
                }
            }
            &Event::Delete { at, len, backward } => {
                let run = Deletion { at, len, backward };
                let rest = match &mut self.open {
                    Some(Open::Delete(open)) => open.absorb(run),
                    _ => Some(run),
                };
                if let Some(rest) = rest {
                    self.begin(Open::Delete(rest));
                }
            }
            Event::Insert { at, .. } => self.other(run, Some((*at, at + 1))),
            Event::Join { at } | Event::Remove { at } => self.other(run, Some((*at, at.saturating_sub(1)))),
            Event::Mark { first, last, .. } => {
                self.other(run, Some((*first, *last)));
                self.columns.lengths.uint(last - first);
            }
            Event::Register { .. } | Event::Cancel { .. } | Event::Move { .. } => self.other(run, None),
        }
    }

    fn begin(&mut self, run: Open) {
        self.close();
        self.open = Some(run);
    }

    /// Writes the open run.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let (kind, at, len, after) = match open {
            Open::Text { at, len } => (token::TEXT, at, len, at + len),
            Open::Delete(run) if run.backward => (token::DELETE_BACKWARD, run.at, run.len, run.at - run.len),
            Open::Delete(run) => (token::DELETE, run.at, run.len, run.at - 1),
        };
        let size = (len - 1).min(token::LONG.into()) as u8;
        self.token(kind, Some((at, after)), size);
        if size == token::LONG {
            self.columns.lengths.uint(len - 1 - u64::from(token::LONG));
        }
    }

    /// Rare events' fields go as they are into a column of their own: compression finds what is alike.
    fn other(&mut self, run: &Event, places: Option<(u64, u64)>) {
        self.close();
        self.token(token::OTHER, places, kind::of(run));
        write_fields(&mut self.columns.payloads, run);
    }

    /// `places` are where the run is and where the cursor stands after it.
    fn token(&mut self, kind: u8, places: Option<(u64, u64)>, size: u8) {
        let mut place = 0;
        if let Some((at, after)) = places {
            let distance = zigzag(at as i64 - self.cursor as i64);
            place = distance.min(token::FAR.into()) as u8;
            if place == token::FAR {
                self.columns.positions.uint(distance - u64::from(token::FAR));
            }
            self.cursor = after;
        }
        self.columns.tokens.byte(kind | place << token::PLACE_SHIFT | size << token::SIZE_SHIFT);
    }
}

/// Takes runs off the columns.
#[derive(Debug)]
pub(super) struct RunReader<'a> {
    columns: RunColumns<Reader<'a>>,
    /// What is left of the text column, which `columns` doesn't hold any more.
    text: &'a str,
    cursor: u64,
    /// The last run that was read, whole, and what no record has taken of it yet.
    last: Option<Open>,
    rest: Option<Open>,
    runs_left: usize,
}

impl<'a> RunReader<'a> {
    /// Reads columns that hold at most `max_runs` runs once they are divided into records.
    pub fn new(mut columns: RunColumns<Reader<'a>>, max_runs: usize) -> Result<Self, DecodeError> {
        let text = std::mem::replace(&mut columns.text, Reader(&[]));
        let text = std::str::from_utf8(text.0).map_err(|_| DecodeError("text that is not UTF-8"))?;
        check_text(text).map_err(|_| DecodeError("text with a character that a document can't hold"))?;
        Ok(Self { columns, text, cursor: 0, last: None, rest: None, runs_left: max_runs })
    }

    /// The runs of the next record, which has so many events.
    pub fn record(&mut self, mut events: u64) -> Result<Runs, DecodeError> {
        let mut record = Runs::new();
        while events > 0 {
            if record.len() == self.runs_left {
                return Err(DecodeError("more runs of events than allowed"));
            }
            match self.rest.take() {
                Some(Open::Text { at, len }) => {
                    let count = len.min(events);
                    events -= count;
                    if len > count {
                        self.rest = Some(Open::Text { at: at + count, len: len - count });
                    }
                    let what = Insertion::Text(self.scalars(count)?.into());
                    record.push(Event::Insert { at: in_range(at)?, what });
                }
                Some(Open::Delete(run)) => {
                    let count = run.len.min(events);
                    events -= count;
                    let (part, rest) = run.split(count);
                    self.rest = (rest.len > 0).then_some(Open::Delete(rest));
                    // In a record by itself deletions can be other runs than they are after the record before.
                    push_run(&mut record, part.event());
                }
                None => {
                    if let Some(other) = self.next()? {
                        events -= 1;
                        record.push(other);
                    }
                }
            }
        }
        self.runs_left -= record.len();
        Ok(record)
    }

    /// The events of a record in a form that isn't known.
    pub fn unknown(&mut self) -> Result<&'a [u8], DecodeError> {
        self.columns.payloads.bytes()
    }

    /// Fails unless everything was taken.
    pub fn check_end(&self) -> Result<(), DecodeError> {
        self.columns.in_order().into_iter().try_for_each(|column| column.finish())?;
        Reader(self.text.as_bytes()).finish()?;
        if self.rest.is_none() { Ok(()) } else { Err(DecodeError("more events than the records have")) }
    }

    /// Reads a run: into `rest`, or as an event if it is one of the other kinds.
    fn next(&mut self) -> Result<Option<Event>, DecodeError> {
        let token = self.columns.tokens.byte()?;
        let (place, size) = (token >> token::PLACE_SHIFT & 3, token >> token::SIZE_SHIFT);
        let run = match token & 3 {
            token::OTHER => return self.other(place, size).map(Some),
            token::TEXT => {
                let (at, len) = (self.position(place)?, self.length(size)?);
                self.cursor = at + len;
                Open::Text { at, len }
            }
            kind => {
                let (at, len) = (self.position(place)?, self.length(size)?);
                let run = Deletion { at, len, backward: kind == token::DELETE_BACKWARD };
                if at == 0 || run.backward && (len == 1 || len > at) {
                    return Err(DecodeError("a deletion of nothing"));
                }
                self.cursor = if run.backward { at - len } else { at - 1 };
                Open::Delete(run)
            }
        };
        let goes_on = match (self.last, run) {
            (Some(Open::Text { at, len }), Open::Text { at: next, .. }) => at + len == next,
            (Some(Open::Delete(last)), Open::Delete(next)) => last.goes_on(next),
            _ => false,
        };
        if goes_on {
            return Err(DecodeError("runs of events that should have been one"));
        }
        (self.last, self.rest) = (Some(run), Some(run));
        Ok(None)
    }

    fn other(&mut self, place: u8, kind: u8) -> Result<Event, DecodeError> {
        self.last = None;
        let places = match kind {
            kind::MARKER | kind::OBJECT | kind::JOIN | kind::REMOVE => {
                let at = self.position(place)?;
                let inserts = matches!(kind, kind::MARKER | kind::OBJECT);
                self.cursor = if inserts { at + 1 } else { at.saturating_sub(1) };
                (at, at)
            }
            kind::MARK => {
                let first = self.position(place)?;
                let last =
                    first.checked_add(self.columns.lengths.uint()?).ok_or(DecodeError("a length past the end"))?;
                self.cursor = in_range(last)?;
                (first, last)
            }
            kind::REGISTER | kind::CANCEL | kind::MOVE if place == 0 => (0, 0),
            _ => return Err(DecodeError("an event of an unknown kind")),
        };
        read_fields(kind, places, &mut self.columns.payloads)
    }

    fn position(&mut self, place: u8) -> Result<u64, DecodeError> {
        let bad = DecodeError("a position out of range");
        let distance = match place {
            token::FAR => self.columns.positions.uint()?.checked_add(token::FAR.into()).ok_or(bad)?,
            near => near.into(),
        };
        let at = (self.cursor as i64).checked_add(unzigzag(distance)).ok_or(bad)?;
        in_range(u64::try_from(at).map_err(|_| bad)?)
    }

    fn length(&mut self, size: u8) -> Result<u64, DecodeError> {
        let long = if size == token::LONG { self.columns.lengths.uint()? } else { 0 };
        if long >= MAX_LENGTH {
            return Err(DecodeError("a length past the end"));
        }
        Ok(long + u64::from(size) + 1)
    }

    /// Takes so many scalars off the text.
    fn scalars(&mut self, count: u64) -> Result<&'a str, DecodeError> {
        let cut_short = DecodeError("text that is cut short");
        let count = usize::try_from(count).map_err(|_| cut_short)?;
        let end = match self.text.as_bytes().get(..count) {
            Some(bytes) if bytes.is_ascii() => count,
            _ => self.text.char_indices().nth(count - 1).map(|(i, last)| i + last.len_utf8()).ok_or(cut_short)?,
        };
        let (taken, rest) = self.text.split_at(end);
        self.text = rest;
        Ok(taken)
    }
}

fn in_range(at: u64) -> Result<u64, DecodeError> {
    if at <= MAX_POSITION { Ok(at) } else { Err(DecodeError("a position out of range")) }
}
