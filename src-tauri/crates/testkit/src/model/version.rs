//! Versions, written out: which events somebody had seen.

/// A record, by the order in which the model took it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordIndex(pub usize);

/// An event: a record and the offset in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventAt {
    pub record: RecordIndex,
    pub offset: u32,
}

/// A set of events that holds all ancestors of its events: whole records, and the first events of one more.
#[derive(Debug, Clone, Default)]
pub(super) struct Version {
    /// Indexed by record; records past the end aren't held.
    whole: Vec<bool>,
    /// The events before this one in the record that is being written are held too.
    before: Option<EventAt>,
}

impl Version {
    /// Adds a whole record. The caller adds its ancestors too.
    pub fn add(&mut self, record: RecordIndex) {
        if self.whole.len() <= record.0 {
            self.whole.resize(record.0 + 1, false);
        }
        self.whole[record.0] = true;
    }

    /// Adds what another version holds as whole records.
    pub fn add_all(&mut self, other: &Version) {
        for (record, _) in other.whole.iter().enumerate().filter(|(_, held)| **held) {
            self.add(RecordIndex(record));
        }
    }

    /// The version of an event of a record with these ancestors: the ancestors and the events before it.
    pub fn of(ancestors: &Version, event: EventAt) -> Self {
        Version { whole: ancestors.whole.clone(), before: Some(event) }
    }

    /// Whether the whole record is held.
    pub fn holds_record(&self, record: RecordIndex) -> bool {
        self.whole.get(record.0).copied().unwrap_or(false)
    }

    /// Whether the event is held.
    pub fn holds(&self, event: EventAt) -> bool {
        self.holds_record(event.record)
            || self.before.is_some_and(|end| end.record == event.record && event.offset < end.offset)
    }
}
