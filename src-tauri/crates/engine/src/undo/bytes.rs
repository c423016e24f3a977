//! An undo stack as rows of a table, so that an edit writes only what it changes.

use std::collections::BTreeMap;

use super::{Group, Selection, Step, UndoStack, Why};
use crate::codec::{DecodeError, Reader, Writer, read_attributes, read_option, write_attributes, write_option};
use crate::document::{ElementId, Place, Side};
use crate::ids::ReplicaId;

/// Rows by their number; none for those that go.
pub type Rows = Vec<(u64, Option<Vec<u8>>)>;

/// The row of what is known of blocks; all others are groups.
pub(super) const BLOCKS: u64 = 0;
const VERSION: u8 = 2;
/// Groups' numbers stay below.
const NUMBERS: u64 = 1 << 62;
/// All rows together are at most so long; the oldest groups go. A single group may be longer.
const BYTES: usize = 16 << 20;

impl UndoStack {
    /// The rows that aren't as they were when they were asked for last.
    pub fn changed_rows(&mut self) -> Rows {
        let mut rows: BTreeMap<u64, Option<Vec<u8>>> = BTreeMap::new();
        loop {
            for number in std::mem::take(&mut self.stale) {
                let row = self.row(number);
                match &row {
                    Some(row) => self.sizes.insert(number, row.len()),
                    None => self.sizes.remove(&number),
                };
                rows.insert(number, row);
            }
            let bytes: usize = self.sizes.values().sum();
            if bytes <= BYTES || self.done.len() < 2 {
                return rows.into_iter().collect();
            }
            self.forget(self.done.len().div_ceil(4));
        }
    }

    /// All rows, as they are.
    pub fn rows(&self) -> Vec<(u64, Vec<u8>)> {
        let groups = self.done.iter().chain(&self.undone).map(|group| group.number);
        let numbers = std::iter::once(BLOCKS).chain(groups);
        numbers.filter_map(|number| Some((number, self.row(number)?))).collect()
    }

    fn row(&self, number: u64) -> Option<Vec<u8>> {
        let mut out = Bytes { writer: Writer::default(), replica: self.replica };
        out.writer.byte(VERSION);
        if number == BLOCKS {
            let markers = &self.replaced.markers;
            out.writer.uint(self.recorder.reordered);
            out.writer.uint(markers.len() as u64);
            for (&block, markers) in markers {
                out.element(Some(block));
                out.writer.uint(markers.len() as u64);
                // They are always own.
                markers.iter().for_each(|marker| out.writer.uint(marker.seq));
            }
            return (!markers.is_empty() || self.recorder.reordered > 0).then_some(out.writer.0);
        }
        // Both lists ascend by number: whatever comes in is the latest.
        let found = |list: &[Group]| list.binary_search_by_key(&number, |group| group.number).ok();
        let (undone, group) = match (found(&self.done), found(&self.undone)) {
            (Some(i), _) => (false, &self.done[i]),
            (None, Some(i)) => (true, &self.undone[i]),
            (None, None) => return None,
        };
        out.writer.byte(u8::from(undone));
        out.group(group);
        Some(out.writer.0)
    }

    /// Reads what [`Self::rows`] and [`Self::changed_rows`] gave.
    ///
    /// # Errors
    /// The bytes aren't an undo stack of this version.
    pub fn from_rows<'a>(
        replica: ReplicaId,
        rows: impl IntoIterator<Item = (u64, &'a [u8])>,
    ) -> Result<Self, DecodeError> {
        let mut stack = UndoStack::new(replica);
        for (number, bytes) in rows {
            let mut input = Input { reader: Reader(bytes), replica };
            if input.reader.byte()? != VERSION {
                return Err(DecodeError("an undo stack of another version"));
            }
            stack.sizes.insert(number, bytes.len());
            if number == BLOCKS {
                stack.recorder.reordered = input.reader.uint()?;
                for _ in 0..input.reader.count(2)? {
                    let block = input.known_element()?;
                    for _ in 0..input.reader.count(1)? {
                        let marker = ElementId { replica, seq: input.reader.uint()? };
                        if stack.replaced.block.contains_key(&marker) {
                            return Err(DecodeError("a marker of two blocks"));
                        }
                        stack.replaced.put(block, marker);
                    }
                }
            } else {
                if number >= NUMBERS {
                    return Err(DecodeError("a number too large"));
                }
                let list = if input.flag()? { &mut stack.undone } else { &mut stack.done };
                list.push(Group { number, ..input.group()? });
                stack.next = stack.next.max(number + 1);
            }
            input.reader.finish()?;
        }
        stack.done.sort_by_key(|group| group.number);
        stack.undone.sort_by_key(|group| group.number);
        stack.note_removed();
        Ok(stack)
    }
}

struct Bytes {
    writer: Writer,
    replica: ReplicaId,
}

impl Bytes {
    fn element(&mut self, element: Option<ElementId>) {
        match element {
            None => self.writer.byte(0),
            Some(ElementId { replica, seq }) => {
                let is_own = replica == self.replica;
                self.writer.byte(if is_own { 1 } else { 2 });
                if !is_own {
                    self.writer.raw(replica.as_bytes());
                }
                self.writer.uint(seq);
            }
        }
    }

    fn place(&mut self, place: Place) {
        self.writer.byte(u8::from(place.side == Side::After));
        self.element(place.element);
    }

    fn selection(&mut self, selection: Option<Selection>) {
        self.writer.byte(u8::from(selection.is_some()));
        if let Some(Selection { anchor, head }) = selection {
            self.place(anchor);
            self.place(head);
        }
    }

    fn ranges(&mut self, ranges: &[(u64, u64)]) {
        self.writer.uint(ranges.len() as u64);
        let mut last = 0;
        for &(from, to) in ranges {
            self.writer.uint(from - last);
            self.writer.uint(to - from);
            last = to;
        }
    }

    fn group(&mut self, group: &Group) {
        self.ranges(&group.off);
        self.ranges(&group.on);
        self.selection(group.before);
        self.selection(group.after);
        self.writer.uint(group.steps.len() as u64);
        for step in &group.steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Marker { block, from, anchor, why } => {
                self.writer.byte(match why {
                    Why::New => 0,
                    Why::Split => 1,
                    Why::Again => 7,
                });
                self.element(Some(*block));
                self.element(*from);
                self.element(*anchor);
            }
            Step::Join { block, anchor, attributes } => {
                self.writer.byte(2);
                self.element(Some(*block));
                self.element(*anchor);
                write_attributes(&mut self.writer, attributes);
            }
            Step::Remove { block, marker, next, seq, shown } => {
                self.writer.byte(3 + u8::from(*shown));
                self.element(Some(*block));
                self.element(Some(*marker));
                self.element(*next);
                self.writer.uint(*seq);
            }
            Step::Register { block, marker, key, was, is } => {
                self.writer.byte(5);
                self.element(Some(*block));
                self.element(Some(*marker));
                self.writer.text(key);
                write_option(&mut self.writer, was.as_ref());
                write_option(&mut self.writer, is.as_ref());
            }
            Step::Move { blocks, behind, seq } => {
                self.writer.byte(6);
                self.writer.uint(blocks.len() as u64);
                for &block in blocks {
                    self.element(Some(block));
                }
                self.element(*behind);
                self.writer.uint(*seq);
            }
        }
    }
}

struct Input<'a> {
    reader: Reader<'a>,
    replica: ReplicaId,
}

impl Input<'_> {
    fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.reader.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError("neither yes nor no")),
        }
    }

    fn element(&mut self) -> Result<Option<ElementId>, DecodeError> {
        let replica = match self.reader.byte()? {
            0 => return Ok(None),
            1 => self.replica,
            2 => {
                let replica = ReplicaId(self.reader.array()?);
                if replica == self.replica {
                    return Err(DecodeError("an own element in the form of a foreign one"));
                }
                replica
            }
            _ => return Err(DecodeError("an element of an unknown form")),
        };
        Ok(Some(ElementId { replica, seq: self.reader.uint()? }))
    }

    fn known_element(&mut self) -> Result<ElementId, DecodeError> {
        self.element()?.ok_or(DecodeError("an element is missing"))
    }

    fn place(&mut self) -> Result<Place, DecodeError> {
        let side = if self.flag()? { Side::After } else { Side::Before };
        Ok(Place { element: self.element()?, side })
    }

    fn selection(&mut self) -> Result<Option<Selection>, DecodeError> {
        Ok(match self.flag()? {
            true => Some(Selection { anchor: self.place()?, head: self.place()? }),
            false => None,
        })
    }

    fn ranges(&mut self) -> Result<Vec<(u64, u64)>, DecodeError> {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        let mut last = 0u64;
        for i in 0..self.reader.count(2)? {
            let (gap, len) = (self.reader.uint()?, self.reader.uint()?);
            if len == 0 || (gap == 0 && i > 0) {
                return Err(DecodeError("ranges that are empty or touch"));
            }
            let from = last.checked_add(gap).ok_or(DecodeError("a seq too large"))?;
            last = from.checked_add(len).ok_or(DecodeError("a seq too large"))?;
            ranges.push((from, last));
        }
        Ok(ranges)
    }

    fn group(&mut self) -> Result<Group, DecodeError> {
        let (off, on) = (self.ranges()?, self.ranges()?);
        let (before, after) = (self.selection()?, self.selection()?);
        let count = self.reader.count(2)?;
        let steps = (0..count).map(|_| self.step()).collect::<Result<_, _>>()?;
        // Nothing more comes into it.
        Ok(Group { off, on, steps, before, after, first: u64::MAX, end: u64::MAX, ..Group::default() })
    }

    fn step(&mut self) -> Result<Step, DecodeError> {
        Ok(match self.reader.byte()? {
            kind @ (0 | 1 | 7) => {
                let why = [Why::New, Why::Split].get(usize::from(kind)).copied().unwrap_or(Why::Again);
                let (block, from, anchor) = (self.known_element()?, self.element()?, self.element()?);
                Step::Marker { block, from, anchor, why }
            }
            2 => Step::Join {
                block: self.known_element()?,
                anchor: self.element()?,
                attributes: read_attributes(&mut self.reader)?,
            },
            kind @ (3 | 4) => Step::Remove {
                block: self.known_element()?,
                marker: self.known_element()?,
                next: self.element()?,
                seq: self.reader.uint()?,
                shown: kind == 4,
            },
            5 => Step::Register {
                block: self.known_element()?,
                marker: self.known_element()?,
                key: self.reader.text()?.to_owned(),
                was: read_option(&mut self.reader)?,
                is: read_option(&mut self.reader)?,
            },
            6 => {
                let count = self.reader.count(2)?;
                let blocks = (0..count).map(|_| self.known_element()).collect::<Result<_, _>>()?;
                Step::Move { blocks, behind: self.element()?, seq: self.reader.uint()? }
            }
            _ => return Err(DecodeError("a step of an unknown kind")),
        })
    }
}
