//! A history whose beginning isn't loaded: a snapshot stands for it. As long as all that comes follows the whole of the
//! snapshot, nothing of what came before is needed.

use super::*;

/// What stands for a history that isn't loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Past {
    /// The snapshot's version, ascending.
    pub heads: Vec<RecordId>,
    /// The greatest Lamport of its events.
    pub lamport: u64,
    /// The attributes of the inline objects that it shows.
    pub objects: BTreeMap<Id, Attributes>,
}

impl Line {
    /// A line as a snapshot names it.
    pub fn of_past(replica: ReplicaId, fork: (Option<u32>, u32), tip: Tip) -> Self {
        Line { before: fork.0, first_seq: fork.1, tip: Some(tip), ..Line::new(replica) }
    }

    /// The line that this one forks off, and the seq that it begins with.
    pub fn fork(&self) -> (Option<u32>, u32) {
        (self.before, self.first_seq)
    }
}

impl History {
    /// A history whose beginning a snapshot stands for. Lines are numbered from 1, as the snapshot's events name them.
    pub fn after(workspace: WorkspaceId, document: DocumentId, past: Past, lines: Vec<Line>) -> Self {
        let mut history = History::new(workspace, document);
        if past.heads.is_empty() {
            return history;
        }
        history.entries.push(Entry {
            id: RecordId::NONE,
            line: PAST_LINE,
            first_seq: 0,
            len: 0,
            lamport: past.lamport + 1,
            parents: Entries::new(),
            runs: Runs::Snapshot,
        });
        history.lines[PAST_LINE as usize].entries.push(0);
        history.heads.push(0);
        history.critical = vec![1];
        history.lines.extend(lines);
        let tips = history.lines.iter().filter_map(|line| Some(line.tip?.record));
        history.index = Index::of_past(tips.chain(past.heads.iter().copied()));
        history.past = Some(past);
        history
    }

    /// The last record of a line, and the seq after it.
    pub fn tip_of(&self, line: u32) -> Option<Tip> {
        let line = &self.lines[line as usize];
        match line.entries.last() {
            Some(&ix) => Some(Tip { record: self.entry(ix).id, end_seq: self.entry(ix).end_seq() }),
            None => line.tip,
        }
    }

    /// How many of these events, from the first, are only in a snapshot.
    pub fn past_part(&self, id: Id, len: u32) -> u32 {
        let tip = self.lines.get(line_of(id) as usize).and_then(|line| line.tip);
        tip.map_or(0, |tip| tip.end_seq.saturating_sub(seq_of(id)).min(len))
    }

    /// The greatest Lamport of all events here.
    pub fn last_lamport(&self) -> u64 {
        self.heads.iter().map(|&head| self.entry(head).last_lamport()).max().unwrap_or(0)
    }

    /// The attributes of the inline object that an event inserted.
    pub fn object(&self, id: Id) -> Option<&Attributes> {
        let Some(ix) = self.entry_of(id) else { return self.past.as_ref()?.objects.get(&id) };
        let entry = self.entry(ix);
        let mut first = entry.first();
        for run in entry.runs() {
            match run {
                Event::Insert { what: Insertion::Object(attributes), .. } if first == id => return Some(attributes),
                _ => first += run.count(),
            }
        }
        None
    }

    /// Whether a record, all of whose parents are here, builds on a part of what isn't loaded and not on all of it, or
    /// cancels what is there.
    pub(super) fn forks_the_past(&self, record: &Record) -> bool {
        let Some(past) = &self.past else { return false };
        let reaches_back = |run: &Event| match run {
            Event::Cancel { ranges, .. } => self.is_past(record.replica(), ranges),
            _ => false,
        };
        if record.events().runs().iter().any(reaches_back) {
            return true;
        }
        let is_loaded = |id: RecordId| self.index_of(&id).is_some_and(|ix| ix > 0);
        let all: SmallVec<[RecordId; 4]> = record.all_parents().collect();
        !all.iter().any(|&id| is_loaded(id)) && !past.heads.iter().all(|head| all.contains(head))
    }

    /// Whether ranges of a replica's seqs begin with events that aren't loaded.
    pub fn is_past(&self, replica: ReplicaId, ranges: &[(u64, u64)]) -> bool {
        let own = self.lines.iter().filter(|line| line.replica == replica);
        let end = own.filter_map(|line| line.tip).map(|tip| tip.end_seq).max().unwrap_or(0);
        ranges.first().is_some_and(|range| range.0 < u64::from(end))
    }

    /// Keeps a record whose parents are known by name only.
    pub(super) fn wait_for_past(&mut self, record: Record) {
        self.needs_past = true;
        self.waiting.insert(record.id(), Waiting { record, missing: usize::MAX });
    }

    /// The same history with its past loaded, and of how many entries that is. Events keep their ids. None if the
    /// records aren't all of the past.
    pub fn with_past(&self, past: impl IntoIterator<Item = Record>) -> Option<(History, EntryIx)> {
        let past: Vec<Record> = past.into_iter().collect();
        let mut history = self.emptied(None);
        history.reserved = self.lines_of(&past);
        for record in past {
            if history.reserved.contains_key(&record.id()) {
                history.insert(record);
            }
        }
        let loaded = history.len();
        let is_here = |id: &RecordId| history.index_of(id).is_some();
        let mut tips = self.lines.iter().filter_map(|line| line.tip);
        if !tips.all(|tip| is_here(&tip.record)) || !self.past.iter().flat_map(|past| &past.heads).all(is_here) {
            return None;
        }
        for entry in &self.entries {
            if let Runs::Sealed(record) = &entry.runs {
                history.reserved.insert(entry.id, entry.line);
                history.insert(record.clone());
            }
        }
        for record in
            self.waiting.values().map(|waiting| &waiting.record).chain(self.unfolded().map(|(record, _)| record))
        {
            history.insert(record.clone());
        }
        Some((history, loaded))
    }

    /// This history's lines without its entries, after a past or from the beginning.
    pub fn emptied(&self, past: Option<&Past>) -> History {
        let lines = self.lines.iter().skip(1).map(|line| Line {
            entries: Vec::new(),
            tip: line.tip.filter(|_| past.is_some()),
            ..line.clone()
        });
        match past {
            Some(past) => History::after(self.workspace, self.document, past.clone(), lines.collect()),
            None => {
                let mut history = History::new(self.workspace, self.document);
                history.lines.extend(lines);
                history
            }
        }
    }

    /// Takes in a record whose parents are here, on a line that is here already.
    pub fn keep(&mut self, record: &Record, line: u32) {
        self.reserved.insert(record.id(), line);
        self.insert(record.clone());
    }

    /// On which of the lines here the records of the past lie: from each line's tip back to where it begins.
    fn lines_of(&self, past: &[Record]) -> FxHashMap<RecordId, u32> {
        let by_id: FxHashMap<RecordId, &Record> = past.iter().map(|record| (record.id(), record)).collect();
        let mut lines = FxHashMap::default();
        for (number, line) in self.lines.iter().enumerate() {
            let mut next = line.tip.map(|tip| tip.record);
            while let Some(record) = next.and_then(|id| by_id.get(&id)) {
                if record.content().first_seq < u64::from(line.first_seq) {
                    break;
                }
                lines.insert(record.id(), number as u32);
                next = record.previous_here();
            }
        }
        lines
    }
}
