//! The event graph: a document's records in an order in which parents come first, and those that can't be placed yet.
//!
//! A replica's records of a document are a *line*; a fork begins another line. An event is known in this process by
//! its line and its seq, so what a replica wrote one after another stays together however it arrived, and a version is
//! a count for each line.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Range;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::event::{self, Attributes, Event, FEATURE_CANCEL, Insertion, OBJECT, push_run};
use crate::ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
use crate::record::{Events, FOLDED_FEATURES, Record};

mod index;
mod known;
mod past;

use index::Index;
pub(crate) use known::Known;
pub(crate) use past::Past;

/// An event in this process: its line in the upper half, its seq in the lower. Never written down, never shown to
/// another replica.
pub(crate) type Id = u64;
/// Index of an entry in its history.
pub(crate) type EntryIx = u32;
/// Entries in ascending order.
pub(crate) type Entries = SmallVec<[EntryIx; 2]>;

/// No event: HEAD as a left origin, the end as a right origin.
pub(crate) const NONE: Id = Id::MAX;

/// The line of the entry that stands for what a snapshot holds. No event is on it.
pub(crate) const PAST_LINE: u32 = 0;

pub(crate) fn id_of(line: u32, seq: u32) -> Id {
    Id::from(line) << 32 | Id::from(seq)
}

pub(crate) fn line_of(id: Id) -> u32 {
    (id >> 32) as u32
}

pub(crate) fn seq_of(id: Id) -> u32 {
    id as u32
}

/// Stands for the id of the open record, which is known only when the record is sealed.
pub const OPEN: RecordId = RecordId([0xff; 32]);

/// What decides between block-level events, marks and registers: the greatest wins.
pub(crate) type OrderKey = (u64, ReplicaId, RecordId, u32);

/// A record in the graph, or the open one.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub id: RecordId,
    pub line: u32,
    pub first_seq: u32,
    /// How many events.
    pub len: u32,
    /// Lamport of the first event.
    pub lamport: u64,
    /// All parents, the implied one included, ascending.
    pub parents: Entries,
    pub runs: Runs,
}

/// Where an entry's events are.
#[derive(Debug, Clone)]
pub(crate) enum Runs {
    Sealed(Record),
    Open(Box<event::Runs>),
    /// What a snapshot holds stands for its events.
    Snapshot,
}

impl Entry {
    pub fn runs(&self) -> &[Event] {
        match &self.runs {
            Runs::Sealed(record) => record.events().runs(),
            Runs::Open(runs) => runs,
            Runs::Snapshot => &[],
        }
    }

    pub fn first(&self) -> Id {
        id_of(self.line, self.first_seq)
    }

    /// The seq after the last event.
    pub fn end_seq(&self) -> u32 {
        self.first_seq + self.len
    }

    fn last_lamport(&self) -> u64 {
        (self.lamport + u64::from(self.len)).saturating_sub(1)
    }
}

/// What a replica wrote in this document, up to a fork.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub replica: ReplicaId,
    pub entries: Vec<EntryIx>,
    /// The line that this one forks off, and from which seq on.
    before: Option<u32>,
    first_seq: u32,
    /// Where a snapshot left off: the last record that it holds, and the seq after it.
    pub tip: Option<Tip>,
}

impl Line {
    fn new(replica: ReplicaId) -> Self {
        Line { replica, entries: Vec::new(), before: None, first_seq: 0, tip: None }
    }
}

/// The last record of a line that a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tip {
    pub record: RecordId,
    pub end_seq: u32,
}

/// Why a record is kept without being folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unfolded {
    /// It holds events that this version can't fold.
    NeedsNewerVersion,
    /// It holds events that its document doesn't allow (anything but registers and cancels in document zero).
    NotAllowedHere,
    /// It doesn't go on where its replica's previous record ended.
    BrokenSequence,
    /// It builds on a record that isn't folded.
    FollowsUnfolded,
}

/// What became of records that were handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// How many became part of the document, those that had waited included.
    pub folded: usize,
    /// How many were there already.
    pub known: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub workspace: WorkspaceId,
    pub document: DocumentId,
    pub entries: Vec<Entry>,
    index: Index,
    /// Entries that no entry follows, ascending.
    pub heads: Entries,
    pub lines: Vec<Line>,
    /// What isn't loaded; then entry 0 stands for it.
    pub past: Option<Past>,
    /// Counts k of first entries that are a critical version: every later entry follows all their heads. Ascending.
    critical: Vec<EntryIx>,
    /// The heads of critical versions that have not just the one, entry k − 1.
    critical_heads: FxHashMap<EntryIx, Entries>,
    /// How many critical versions are critical no more.
    pub struck_out: u64,
    /// The lines of records that were here before the past was loaded, so that no event's id changes.
    reserved: FxHashMap<RecordId, u32>,
    waiting: FxHashMap<RecordId, Waiting>,
    /// Some of them wait for what a snapshot stands for.
    pub needs_past: bool,
    /// Waiting records by a parent that they lack.
    wanted: FxHashMap<RecordId, Vec<RecordId>>,
    unfolded: BTreeMap<RecordId, (Record, Unfolded)>,
}

#[derive(Debug, Clone)]
struct Waiting {
    record: Record,
    missing: usize,
}

impl History {
    pub fn new(workspace: WorkspaceId, document: DocumentId) -> Self {
        let base = Line::new(ReplicaId::default());
        History { workspace, document, lines: vec![base], critical: vec![0], ..History::default() }
    }

    pub fn len(&self) -> EntryIx {
        self.entries.len() as EntryIx
    }

    pub fn entry(&self, ix: EntryIx) -> &Entry {
        &self.entries[ix as usize]
    }

    pub fn index_of(&self, id: &RecordId) -> Option<EntryIx> {
        match self.entries.last() {
            // Most records go on where the last one ended.
            Some(last) if last.id == *id => Some(self.len() - 1),
            _ => self.index.get(&self.entries, id),
        }
    }

    /// The entry that holds an event; none for one that isn't loaded.
    pub fn entry_of(&self, id: Id) -> Option<EntryIx> {
        let line = self.lines.get(line_of(id) as usize)?;
        let place = line.entries.partition_point(|&ix| self.entry(ix).end_seq() <= seq_of(id));
        let &ix = line.entries.get(place)?;
        (self.entry(ix).first_seq <= seq_of(id)).then_some(ix)
    }

    /// The seq with which a line begins, and the line that it forks off.
    pub fn start_of(&self, line: u32) -> (u32, Option<u32>) {
        let line = &self.lines[line as usize];
        (line.first_seq, line.before)
    }

    /// Ranges of a replica's own seqs, as they are on the chain of a record: where the replica has forked, what came before
    /// the fork is on another line. What isn't there yet is left out.
    pub fn own_ranges(&self, id: Id, ranges: &[(u64, u64)]) -> Vec<Range<Id>> {
        // The lines of the chain, from the last, each with the seqs that the chain has on it.
        let mut chain: Vec<(u32, Range<u32>)> = Vec::new();
        let (mut line, mut end) = (line_of(id), seq_of(id));
        loop {
            let (first, before) = self.start_of(line);
            chain.push((line, first..end));
            match before {
                Some(before) => (line, end) = (before, first),
                None => break,
            }
        }
        let mut own = Vec::new();
        for &(from, to) in ranges {
            for (line, seqs) in chain.iter().rev() {
                let start = u64::from(seqs.start).max(from);
                let end = u64::from(seqs.end).min(to);
                if start < end {
                    own.push(id_of(*line, start as u32)..id_of(*line, end as u32));
                }
            }
        }
        own
    }

    /// The first entry of the events that an event at the end of an entry cancels.
    fn first_cancelled(&self, ix: EntryIx, event: &Event) -> Option<EntryIx> {
        let Event::Cancel { ranges, .. } = event else { return None };
        let entry = self.entry(ix);
        let own = self.own_ranges(entry.first() + Id::from(entry.len), ranges);
        own.iter().filter_map(|range| self.entry_of(range.start)).min()
    }

    /// Strikes out the versions between a cancel event and what it cancels: whoever folds it must begin before both.
    fn mark_cancel(&mut self, ix: EntryIx, event: &Event) {
        let Some(first) = self.first_cancelled(ix, event) else { return };
        let last = self.critical.pop();
        while let Some(&k) = self.critical.last().filter(|&&k| k > first) {
            self.strike_out(k);
        }
        self.critical.extend(last);
    }

    /// The last critical version, after the first `k` entries, isn't one any more.
    fn strike_out(&mut self, k: EntryIx) {
        self.critical.pop();
        self.critical_heads.remove(&k);
        self.struck_out += 1;
    }

    /// The characters that were inserted as these elements.
    pub fn text_of(&self, id: Id, len: u32) -> String {
        let mut out = String::new();
        let (mut id, end) = (id, id + Id::from(len));
        while let Some(ix) = (id < end).then(|| self.entry_of(id)).flatten() {
            let entry = self.entry(ix);
            let mut first = entry.first();
            for run in entry.runs() {
                let after = first + run.count();
                if id < after && id < end {
                    let take = end.min(after) - id;
                    match run {
                        Event::Insert { what: Insertion::Text(text), .. } => {
                            out.extend(text.chars().skip((id - first) as usize).take(take as usize));
                        }
                        _ => out.extend((0..take).map(|_| OBJECT)),
                    }
                    id += take;
                }
                first = after;
            }
        }
        out
    }

    pub fn replica_of(&self, id: Id) -> ReplicaId {
        self.lines[line_of(id) as usize].replica
    }

    /// The event as everybody knows it; none for what is only in a snapshot.
    pub fn event_id(&self, id: Id) -> Option<EventId> {
        let entry = self.entry(self.entry_of(id)?);
        let is_loaded = !matches!(entry.runs, Runs::Snapshot);
        is_loaded.then(|| EventId { record: entry.id, offset: seq_of(id) - entry.first_seq })
    }

    /// What isn't loaded comes before all that is.
    pub fn order_key(&self, id: Id) -> OrderKey {
        let Some(entry) = self.entry_of(id).map(|ix| self.entry(ix)).filter(|entry| entry.line != PAST_LINE) else {
            return (0, ReplicaId::default(), RecordId::NONE, 0);
        };
        let offset = seq_of(id) - entry.first_seq;
        (entry.lamport + u64::from(offset), self.replica_of(id), entry.id, offset)
    }

    /// (replica, seq): the tie between siblings; where both are equal, the record's id decides.
    pub fn tie(&self, id: Id) -> (ReplicaId, u32) {
        (self.replica_of(id), seq_of(id))
    }

    /// The id of the record that holds an event.
    pub fn record_of(&self, id: Id) -> RecordId {
        self.entry_of(id).map_or(RecordId::NONE, |ix| self.entry(ix).id)
    }

    pub fn is_critical(&self, count: EntryIx) -> bool {
        // Most versions are critical, so there is little to look through: as many entries come before the place as there are
        // counts, at most, and so many after it.
        let Some(&last) = self.critical.last().filter(|&&last| last >= count) else { return false };
        let end = self.critical.len().min(count as usize + 1);
        let start = self.critical.len().saturating_sub(1 + (last - count) as usize);
        self.critical[start..end].binary_search(&count).is_ok()
    }

    pub fn waiting(&self) -> impl Iterator<Item = &Record> {
        self.waiting.values().map(|waiting| &waiting.record)
    }

    /// Records that the waiting ones need and that aren't here.
    pub fn missing(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.wanted.keys().filter(|id| !self.waiting.contains_key(id)).copied()
    }

    pub fn unfolded(&self) -> impl Iterator<Item = (&Record, Unfolded)> {
        self.unfolded.values().map(|(record, why)| (record, *why))
    }

    pub fn contains(&self, id: &RecordId) -> bool {
        self.index_of(id).is_some()
            || (!self.waiting.is_empty() && self.waiting.contains_key(id))
            || (!self.unfolded.is_empty() && self.unfolded.contains_key(id))
    }

    /// Takes a record in; false if it was here already.
    pub fn insert(&mut self, record: Record) -> bool {
        if self.contains(&record.id()) {
            return false;
        }
        match self.parents_of(&record) {
            Some(_) if self.forks_the_past(&record) => self.wait_for_past(record),
            Some(parents) => {
                let id = record.id();
                self.take_in(record, parents);
                self.take_in_those_who_waited(id);
            }
            None => {
                let is_missing = |id: &RecordId| self.index_of(id).is_none() && !self.unfolded.contains_key(id);
                let missing: BTreeSet<RecordId> = record.all_parents().filter(is_missing).collect();
                for id in &missing {
                    self.wanted.entry(*id).or_default().push(record.id());
                }
                self.waiting.insert(record.id(), Waiting { record, missing: missing.len() });
            }
        }
        true
    }

    /// The entries of all parents, as far as they are folded; none if one isn't here at all.
    fn parents_of(&self, record: &Record) -> Option<Entries> {
        let mut parents = Entries::new();
        for id in record.all_parents() {
            match self.index_of(&id) {
                Some(ix) => parents.push(ix),
                None if self.unfolded.contains_key(&id) => {}
                None => return None,
            }
        }
        Some(parents)
    }

    /// Takes in a record all of whose parents are here.
    fn take_in(&mut self, record: Record, parents: Entries) {
        let own = record.previous_here().and_then(|id| self.own(record.replica(), &id));
        match self.why_unfolded(&record, own) {
            Some(why) => {
                self.unfolded.insert(record.id(), (record, why));
            }
            None => self.admit(record, parents, own),
        }
    }

    /// Takes in what had waited for a record alone, and so on.
    fn take_in_those_who_waited(&mut self, id: RecordId) {
        let mut come: Vec<RecordId> = if self.wanted.is_empty() { return } else { vec![id] };
        while let Some(id) = come.pop() {
            for child in self.wanted.remove(&id).unwrap_or_default() {
                let Some(waiting) = self.waiting.get_mut(&child) else { continue };
                waiting.missing -= 1;
                if waiting.missing > 0 {
                    continue;
                }
                let Some(Waiting { record, .. }) = self.waiting.remove(&child) else { continue };
                match self.parents_of(&record) {
                    Some(parents) if !self.forks_the_past(&record) => {
                        self.take_in(record, parents);
                        come.push(child);
                    }
                    _ => self.wait_for_past(record),
                }
            }
        }
    }

    fn why_unfolded(&self, record: &Record, own: Option<Own>) -> Option<Unfolded> {
        if !self.unfolded.is_empty() && record.all_parents().any(|id| self.unfolded.contains_key(&id)) {
            return Some(Unfolded::FollowsUnfolded);
        }
        if record.features() & !FOLDED_FEATURES != 0 || matches!(record.events(), Events::Unknown { .. }) {
            return Some(Unfolded::NeedsNewerVersion);
        }
        let allowed = |run: &Event| matches!(run, Event::Register { .. } | Event::Cancel { .. });
        if self.document == DocumentId::WORKSPACE && !record.events().runs().iter().all(allowed) {
            return Some(Unfolded::NotAllowedHere);
        }
        let expected = match record.previous_here() {
            None => Some(0),
            Some(_) => match own {
                Some(Own::Entry(ix)) => Some(self.entry(ix).end_seq()),
                Some(Own::Tip(line)) => self.lines[line as usize].tip.as_ref().map(|tip| tip.end_seq),
                None => None,
            },
        };
        let end = record.end_seq();
        let fits = expected.map(u64::from) == Some(record.content().first_seq) && end < u64::from(u32::MAX);
        (!fits).then_some(Unfolded::BrokenSequence)
    }

    /// A replica's previous record.
    fn own(&self, replica: ReplicaId, previous: &RecordId) -> Option<Own> {
        match self.index_of(previous)? {
            0 if self.past.is_some() => {
                let is_it = |line: &Line| line.tip.is_some_and(|tip| tip.record == *previous);
                let line = self.lines.iter().position(is_it)? as u32;
                (self.lines[line as usize].replica == replica).then_some(Own::Tip(line))
            }
            ix => (self.lines[self.entry(ix).line as usize].replica == replica).then_some(Own::Entry(ix)),
        }
    }

    fn admit(&mut self, record: Record, parents: Entries, own: Option<Own>) {
        let (id, replica, first_seq) = (record.id(), record.replica(), record.content().first_seq as u32);
        let len = record.event_count() as u32;
        let cancels = record.features() & FEATURE_CANCEL != 0;
        let ix = self.push(id, replica, (first_seq, len), parents, own, Runs::Sealed(record));
        if let (true, Some(record)) = (cancels, self.record(ix).cloned()) {
            record.events().runs().iter().for_each(|event| self.mark_cancel(ix, event));
        }
    }

    /// The line that goes on after a replica's own record; a new one where it forks or begins.
    fn line_after(&mut self, id: RecordId, replica: ReplicaId, own: Option<Own>) -> u32 {
        if let Some(&line) = self.reserved.get(&id) {
            return line;
        }
        match own {
            Some(Own::Entry(ix)) if self.lines[self.entry(ix).line as usize].entries.last() == Some(&ix) => {
                self.entry(ix).line
            }
            Some(Own::Tip(line)) if self.lines[line as usize].entries.is_empty() => line,
            _ => {
                let (before, first_seq) = match own {
                    Some(Own::Entry(ix)) => (Some(self.entry(ix).line), self.entry(ix).end_seq()),
                    Some(Own::Tip(line)) => {
                        (Some(line), self.lines[line as usize].tip.as_ref().map_or(0, |tip| tip.end_seq))
                    }
                    None => (None, 0),
                };
                self.lines.push(Line { before, first_seq, ..Line::new(replica) });
                self.lines.len() as u32 - 1
            }
        }
    }

    fn push(
        &mut self,
        id: RecordId,
        replica: ReplicaId,
        (first_seq, len): (u32, u32),
        mut parents: Entries,
        own: Option<Own>,
        runs: Runs,
    ) -> EntryIx {
        parents.sort_unstable();
        parents.dedup();
        let ix = self.len();
        let lamport = 1 + parents.iter().map(|&parent| self.entry(parent).last_lamport()).max().unwrap_or(0);
        let line = self.line_after(id, replica, own);
        self.lines[line as usize].entries.push(ix);
        self.mark_critical(ix, &parents);
        raise_heads(&mut self.heads, &parents, ix);
        self.entries.push(Entry { id, line, first_seq, len, lamport, parents, runs });
        self.index.insert(&id, ix);
        ix
    }

    /// Strikes out the versions that a new entry doesn't follow, and notes the one that it completes.
    fn mark_critical(&mut self, ix: EntryIx, parents: &[EntryIx]) {
        // The entry follows all of the first k entries if it follows their heads. It can't where one of them comes
        // after all its parents.
        let reach = parents.last().map_or(0, |last| last + 1);
        let has_all = |heads: &[EntryIx]| heads.iter().all(|head| parents.contains(head));
        while let Some(&k) = self.critical.last() {
            let follows = match self.critical_heads.get(&k) {
                _ if k > reach => false,
                _ if k < reach => true,
                // That of everything so far, whose heads are noted only once it turns out to stay critical.
                _ if k == ix => has_all(&self.heads),
                Some(heads) => has_all(heads),
                None => true,
            };
            if follows {
                if k == ix && self.heads.len() > 1 {
                    self.critical_heads.insert(k, self.heads.clone());
                }
                break;
            }
            self.strike_out(k);
        }
        self.critical.push(ix + 1);
    }

    /// Begins the open record of a replica after its last record here, which is among the parents.
    pub fn begin(&mut self, replica: ReplicaId, parents: Entries) -> EntryIx {
        let own = self.last_of(replica);
        let first_seq = self.end_seq_of(replica);
        self.push(OPEN, replica, (first_seq, 0), parents, own, Runs::Open(Box::default()))
    }

    /// The open record's entry.
    pub fn open(&self) -> Option<EntryIx> {
        let last = self.entries.last()?;
        matches!(last.runs, Runs::Open(_)).then(|| self.len() - 1)
    }

    /// What the open record says; its runs are taken out, and [`Self::seal`] puts a record in their place.
    pub fn take_open(&mut self) -> Option<OpenRecord> {
        let ix = self.open()?;
        let entry = &mut self.entries[ix as usize];
        let Runs::Open(runs) = &mut entry.runs else { return None };
        let events = std::mem::take(&mut **runs);
        let (line, first_seq, parents) = (entry.line, entry.first_seq.into(), entry.parents.clone());
        let line = &self.lines[line as usize];
        let before = line.entries.len().checked_sub(2).map(|last| self.entry(line.entries[last]).id);
        let previous_here = before.or(line.tip.map(|tip| tip.record));
        let parents = self.named(&self.minimal(parents), previous_here);
        Some(OpenRecord { replica: line.replica, first_seq, previous_here, parents, events })
    }

    /// The records of entries, but for one of them, ascending: parents as a record names them.
    pub fn named(&self, entries: &[EntryIx], but: Option<RecordId>) -> Vec<RecordId> {
        let mut named = Vec::new();
        for &ix in entries {
            match &self.past {
                Some(past) if ix == 0 => named.extend(past.heads.iter().filter(|id| Some(**id) != but)),
                _ if Some(self.entry(ix).id) == but => {}
                _ => named.push(self.entry(ix).id),
            }
        }
        named.sort_unstable();
        named
    }

    /// Adds an event to the open record.
    pub fn extend_open(&mut self, event: Event) {
        let Some(ix) = self.open() else { return };
        self.mark_cancel(ix, &event);
        let entry = &mut self.entries[ix as usize];
        entry.len += event.count() as u32;
        if let Runs::Open(runs) = &mut entry.runs {
            push_run(runs, event);
        }
    }

    /// The open record becomes this sealed one.
    pub fn seal(&mut self, record: Record) {
        let Some(ix) = self.open() else { return };
        self.index.remove(&OPEN, ix);
        self.index.insert(&record.id(), ix);
        let entry = &mut self.entries[ix as usize];
        entry.id = record.id();
        entry.runs = Runs::Sealed(record);
    }

    /// Whether a replica has two branches in this document.
    pub fn is_forked(&self, replica: ReplicaId) -> bool {
        self.lines.iter().skip(1).filter(|line| line.replica == replica).count() > 1
    }

    fn end_of_line(&self, line: u32) -> u32 {
        let line = &self.lines[line as usize];
        let tip = || line.tip.as_ref().map_or(0, |tip| tip.end_seq);
        line.entries.last().map_or_else(tip, |&ix| self.entry(ix).end_seq())
    }

    /// The line of a replica that is longest.
    fn longest_line(&self, replica: ReplicaId) -> Option<u32> {
        let own = (1..self.lines.len() as u32).filter(|&line| self.lines[line as usize].replica == replica);
        own.max_by_key(|&line| (self.end_of_line(line), self.lines[line as usize].entries.last().copied()))
    }

    /// The last record of a replica on its longest line, which its next record follows.
    pub fn last_of(&self, replica: ReplicaId) -> Option<Own> {
        let line = self.longest_line(replica)?;
        Some(match self.lines[line as usize].entries.last() {
            Some(&ix) => Own::Entry(ix),
            None => Own::Tip(line),
        })
    }

    /// The seq of a replica's next event.
    pub fn end_seq_of(&self, replica: ReplicaId) -> u32 {
        self.longest_line(replica).map_or(0, |line| self.end_of_line(line))
    }

    /// An event of a replica on its longest line; none where the replica has written nothing with this seq.
    pub fn element(&self, replica: ReplicaId, seq: u64) -> Option<Id> {
        let line = self.longest_line(replica)?;
        let end = id_of(line, self.end_of_line(line));
        self.own_ranges(end, &[(seq, seq.checked_add(1)?)]).first().map(|range| range.start)
    }

    /// The record id of what [`Self::last_of`] gives, and its entry.
    pub fn own_record(&self, own: Own) -> (RecordId, EntryIx) {
        match own {
            Own::Entry(ix) => (self.entry(ix).id, ix),
            Own::Tip(line) => (self.lines[line as usize].tip.as_ref().map_or(RecordId::NONE, |tip| tip.record), 0),
        }
    }

    /// The frontier of a set of entries: those that no other member descends from, ascending.
    pub fn minimal(&self, set: impl IntoIterator<Item = EntryIx>) -> Entries {
        let mut members: Entries = set.into_iter().collect();
        members.sort_unstable();
        members.dedup();
        if members.len() < 2 {
            return members;
        }
        let lowest = members[0];
        let mut heap: BinaryHeap<EntryIx> = BinaryHeap::new();
        for &member in &members {
            heap.extend(&self.entry(member).parents);
        }
        let mut last = None;
        while let Some(ix) = heap.pop() {
            if ix < lowest {
                break;
            }
            if last != Some(ix) {
                last = Some(ix);
                members.retain(|member| *member != ix);
                heap.extend(&self.entry(ix).parents);
            }
        }
        members
    }

    /// The heads of the first entries.
    pub fn heads_of_first(&self, count: EntryIx) -> Entries {
        let mut is_head = vec![true; count as usize];
        for parent in self.entries[..count as usize].iter().flat_map(|entry| &entry.parents) {
            is_head[*parent as usize] = false;
        }
        (0..count).filter(|&ix| is_head[ix as usize]).collect()
    }

    /// How many events of each line the first entries have.
    pub fn known_to_first(&self, count: EntryIx) -> Known {
        let end_of = |line: &Line| {
            let tip = line.tip.as_ref().map_or(0, |tip| tip.end_seq);
            let before = line.entries.partition_point(|&ix| ix < count);
            before.checked_sub(1).map_or(tip, |last| self.entry(line.entries[last]).end_seq())
        };
        Known::new(&self.lines.iter().map(end_of).collect::<Vec<u32>>())
    }
}

/// A new entry, the last one, follows some of the heads, which are ascending.
pub(crate) fn raise_heads(heads: &mut Entries, parents: &[EntryIx], ix: EntryIx) {
    for parent in parents {
        if let Ok(place) = heads.binary_search(parent) {
            heads.remove(place);
        }
    }
    heads.push(ix);
}

/// What an open record says.
#[derive(Debug)]
pub(crate) struct OpenRecord {
    pub replica: ReplicaId,
    pub first_seq: u64,
    pub previous_here: Option<RecordId>,
    /// The other parents, ascending.
    pub parents: Vec<RecordId>,
    pub events: event::Runs,
}

/// The last record of a replica: loaded, or in the past, by its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Entry(EntryIx),
    Tip(u32),
}
