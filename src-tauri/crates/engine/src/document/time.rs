//! A document through time: as it stood at a version, who wrote what, and when people were at work on it.

use super::{Document, EditError, Version};
use crate::diff::{self, BlockDiff};
use crate::event::{Event, Insertion};
use crate::history::{EntryIx, History, Id, Runs};
use crate::ids::{RecordId, ReplicaId};
use crate::record::Record;

/// A stretch of a block's text that one record inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blame {
    /// How many scalars.
    pub len: u32,
    /// Who wrote it.
    pub replica: ReplicaId,
    /// When it was sealed, in milliseconds since 1970 by the author's clock; none as long as the history that says it isn't
    /// loaded, or the record is open.
    pub time: Option<i64>,
}

/// A stretch of time in which somebody wrote without a longer pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub replica: ReplicaId,
    /// When its first record was sealed, in milliseconds since 1970 by the author's clock.
    pub from: i64,
    /// When its last one was.
    pub to: i64,
    /// How many characters and objects were inserted.
    pub inserted: u64,
    /// How many were deleted.
    pub deleted: u64,
    /// How many other events there were: blocks divided, joined, removed and moved, marks and registers set, cancels.
    pub others: u64,
    /// The document as its writer left it.
    pub version: Version,
}

impl Session {
    fn of(record: &Record) -> Self {
        let time = record.content().time;
        let version = vec![record.id()];
        Session { replica: record.replica(), from: time, to: time, inserted: 0, deleted: 0, others: 0, version }
    }

    fn add(&mut self, record: &Record) {
        let time = record.content().time;
        (self.from, self.to) = (self.from.min(time), self.to.max(time));
        self.version = vec![record.id()];
        for run in record.events().runs() {
            match run {
                Event::Insert { what: Insertion::Text(_) | Insertion::Object(_), .. } => self.inserted += run.count(),
                Event::Delete { .. } => self.deleted += run.count(),
                _ => self.others += run.count(),
            }
        }
    }
}

impl Document {
    /// The document as somebody had it who knew these records and all that they build on, and no others.
    ///
    /// # Errors
    /// A record isn't here, or it lies in history that must be loaded first.
    pub fn checkout(&self, version: &[RecordId]) -> Result<Document, EditError> {
        let history = &self.history;
        if let Some(past) = &history.past
            && !version.iter().any(|id| history.index_of(id).is_some_and(|ix| ix > 0))
            && !past.heads.iter().all(|head| version.contains(head))
        {
            let is_here = version.iter().all(|id| history.index_of(id).is_some());
            return Err(if is_here { EditError::NeedsHistory } else { EditError::UnknownVersion });
        }
        let known: Option<Vec<EntryIx>> = version.iter().map(|id| history.index_of(id)).collect();
        let known = history.closure(&known.ok_or(EditError::UnknownVersion)?);
        let history = history.restricted(&known);
        let shared = known.iter().take_while(|&&is_known| is_known).count() as EntryIx;
        let mut fold = self.fold.resumed(&history, shared);
        fold.catch_up(&history);
        Ok(Document { history, fold, begun: None, typed: String::new() })
    }

    /// What is different at one version from another: blocks, text, marks, attributes and moves, in the order of the new page.
    ///
    /// # Errors
    /// As [`Self::checkout`].
    pub fn diff(&self, old: &[RecordId], new: &[RecordId]) -> Result<Vec<BlockDiff>, EditError> {
        Ok(diff::between(self.checkout(old)?.page(), self.checkout(new)?.page()))
    }

    /// Who wrote the text of a shown block, and when.
    pub fn blame(&self, block: usize) -> Vec<Blame> {
        let runs = self.fold.page().block(block).map_or(Vec::new(), |block| block.runs);
        let mut out: Vec<Blame> = Vec::new();
        for run in runs {
            let (mut id, end) = (run.id, run.id + Id::from(run.len));
            while id < end {
                let (len, time) = match self.history.entry_of(id).map(|ix| self.history.entry(ix)) {
                    Some(entry) => {
                        let time = match &entry.runs {
                            Runs::Sealed(record) => Some(record.content().time),
                            Runs::Open(_) | Runs::Snapshot => None,
                        };
                        (((entry.first() + Id::from(entry.len)).min(end) - id) as u32, time)
                    }
                    None => (self.history.past_part(id, (end - id) as u32).max(1), None),
                };
                let replica = self.history.replica_of(id);
                match out.last_mut() {
                    Some(last) if (last.replica, last.time) == (replica, time) => last.len += len,
                    _ => out.push(Blame { len, replica, time }),
                }
                id += Id::from(len);
            }
        }
        out
    }

    /// When people were at work on the document, the earliest first. A pause longer than `pause` milliseconds ends a session.
    ///
    /// # Errors
    /// The history must be loaded first.
    pub fn sessions(&self, pause: u64) -> Result<Vec<Session>, EditError> {
        if !self.has_history() {
            return Err(EditError::NeedsHistory);
        }
        let mut sessions: Vec<Session> = Vec::new();
        for line in &self.history.lines {
            let mut current: Option<Session> = None;
            for record in line.entries.iter().filter_map(|&ix| self.history.record(ix)) {
                // Clocks can be set back: that begins a session, too, if it is by more than a pause.
                let goes_on = |session: &Session| session.to.abs_diff(record.content().time) <= pause;
                if !current.as_ref().is_some_and(goes_on) {
                    sessions.extend(current.take());
                }
                current.get_or_insert_with(|| Session::of(record)).add(record);
            }
            sessions.extend(current);
        }
        sessions.sort_by_key(|session| (session.from, session.to, session.replica));
        Ok(sessions)
    }
}

impl History {
    /// The sealed record of an entry.
    pub fn record(&self, ix: EntryIx) -> Option<&Record> {
        match &self.entry(ix).runs {
            Runs::Sealed(record) => Some(record),
            Runs::Open(_) | Runs::Snapshot => None,
        }
    }

    /// For each entry whether it is one of these or an ancestor of one.
    pub fn closure(&self, heads: &[EntryIx]) -> Vec<bool> {
        let mut known = vec![false; self.entries.len()];
        heads.iter().for_each(|&head| known[head as usize] = true);
        for ix in (0..known.len()).rev().filter(|&ix| ix > 0) {
            if known[ix] {
                self.entries[ix].parents.iter().for_each(|&parent| known[parent as usize] = true);
            }
        }
        known
    }

    /// The history of some of the entries, in the same order, their events with the same ids.
    pub fn restricted(&self, known: &[bool]) -> History {
        let mut history = self.emptied(self.past.as_ref());
        for (entry, _) in self.entries.iter().zip(known).filter(|(_, is_known)| **is_known) {
            if let Runs::Sealed(record) = &entry.runs {
                history.keep(record, entry.line);
            }
        }
        history
    }
}
