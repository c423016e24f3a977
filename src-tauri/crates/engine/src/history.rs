//! The event graph: a document's records in an order in which parents come first, and those that can't be placed yet.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rustc_hash::FxHashMap;

use crate::event::Event;
use crate::ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
use crate::record::{Events, FOLDED_FEATURES, Record};

/// Local version: the dense index of an event in this process. Never written down, never shown to another replica.
pub(crate) type Lv = u32;
/// Index of an entry in its history.
pub(crate) type EntryIx = u32;

/// Stands for the id of the open record, which is known only when the record is sealed.
pub const OPEN: RecordId = RecordId([0xff; 32]);

/// What decides between block-level events, marks and registers: the greatest wins.
pub(crate) type OrderKey = (u64, ReplicaId, RecordId, u32);

/// A record in the graph, or the open one.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub id: RecordId,
    pub replica: ReplicaId,
    pub first_seq: u64,
    pub start: Lv,
    pub end: Lv,
    /// Lamport of the first event.
    pub lamport: u64,
    /// All parents, the implied one included, ascending.
    pub parents: Vec<EntryIx>,
    /// The replica's records in this document form a line; a fork begins a new one. Which line this is,
    /// and its place on it.
    pub line: u32,
    pub place: u32,
    pub runs: Runs,
}

/// Where an entry's events are.
#[derive(Debug, Clone)]
pub(crate) enum Runs {
    Sealed(Record),
    Open(Vec<Event>),
}

impl Entry {
    pub fn runs(&self) -> &[Event] {
        match &self.runs {
            Runs::Sealed(record) => record.events().runs(),
            Runs::Open(runs) => runs,
        }
    }
}

/// Why a record is kept without being folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unfolded {
    /// It holds events that this version can't fold.
    NeedsNewerVersion,
    /// It holds events that its document doesn't allow (anything but registers in document zero).
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
    by_id: FxHashMap<RecordId, EntryIx>,
    /// Entries that no entry follows, ascending.
    pub heads: Vec<EntryIx>,
    /// The last entry of each line.
    lines: Vec<EntryIx>,
    waiting: FxHashMap<RecordId, Waiting>,
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
        History { workspace, document, ..History::default() }
    }

    pub fn end(&self) -> Lv {
        self.entries.last().map_or(0, |entry| entry.end)
    }

    pub fn entry(&self, ix: EntryIx) -> &Entry {
        &self.entries[ix as usize]
    }

    pub fn index_of(&self, id: &RecordId) -> Option<EntryIx> {
        self.by_id.get(id).copied()
    }

    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    pub fn entry_of(&self, lv: Lv) -> EntryIx {
        self.entries.partition_point(|entry| entry.end <= lv) as EntryIx
    }

    pub fn event_id(&self, lv: Lv) -> EventId {
        let entry = self.entry(self.entry_of(lv));
        EventId { record: entry.id, offset: lv - entry.start }
    }

    pub fn order_key(&self, lv: Lv) -> OrderKey {
        let entry = self.entry(self.entry_of(lv));
        let offset = lv - entry.start;
        (entry.lamport + u64::from(offset), entry.replica, entry.id, offset)
    }

    /// (replica, seq, record id): the last part of the tie between siblings.
    pub fn tie(&self, lv: Lv) -> (ReplicaId, u64, RecordId) {
        let entry = self.entry(self.entry_of(lv));
        (entry.replica, entry.first_seq + u64::from(lv - entry.start), entry.id)
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
        self.by_id.contains_key(id) || self.waiting.contains_key(id) || self.unfolded.contains_key(id)
    }

    /// Takes a record in; gives the entries that can be folded now, in an order in which one branch is
    /// finished before the next is begun.
    pub fn insert(&mut self, record: Record, folded: &mut Vec<EntryIx>) -> bool {
        if self.contains(&record.id()) {
            return false;
        }
        let missing: BTreeSet<RecordId> =
            record.all_parents().filter(|id| !self.by_id.contains_key(id) && !self.unfolded.contains_key(id)).collect();
        if !missing.is_empty() {
            for id in &missing {
                self.wanted.entry(*id).or_default().push(record.id());
            }
            self.waiting.insert(record.id(), Waiting { record, missing: missing.len() });
            return true;
        }
        let mut ready = vec![record];
        while let Some(record) = ready.pop() {
            let id = record.id();
            match self.why_unfolded(&record) {
                Some(why) => {
                    self.unfolded.insert(id, (record, why));
                }
                None => folded.push(self.admit(record)),
            }
            for child in self.wanted.remove(&id).unwrap_or_default() {
                let Some(waiting) = self.waiting.get_mut(&child) else { continue };
                waiting.missing -= 1;
                if waiting.missing == 0 {
                    ready.extend(self.waiting.remove(&child).map(|waiting| waiting.record));
                }
            }
        }
        true
    }

    fn why_unfolded(&self, record: &Record) -> Option<Unfolded> {
        if record.all_parents().any(|id| self.unfolded.contains_key(&id)) {
            return Some(Unfolded::FollowsUnfolded);
        }
        if record.events().features() & !FOLDED_FEATURES != 0 || matches!(record.events(), Events::Unknown { .. }) {
            return Some(Unfolded::NeedsNewerVersion);
        }
        let only_registers = || record.events().runs().iter().all(|run| matches!(run, Event::Register { .. }));
        if self.document == DocumentId::WORKSPACE && !only_registers() {
            return Some(Unfolded::NotAllowedHere);
        }
        let expected = match record.previous_here() {
            None => Some(0),
            Some(previous) => self.index_of(&previous).and_then(|ix| {
                let entry = self.entry(ix);
                (entry.replica == record.replica()).then(|| entry.first_seq + u64::from(entry.end - entry.start))
            }),
        };
        let fits_in_memory = u64::from(self.end()) + record.events().count() < u64::from(u32::MAX) / 2;
        (expected != Some(record.content().first_seq) || !fits_in_memory).then_some(Unfolded::BrokenSequence)
    }

    fn admit(&mut self, record: Record) -> EntryIx {
        let parents: Vec<EntryIx> = record.all_parents().filter_map(|id| self.index_of(&id)).collect();
        let own_parent = record.previous_here().and_then(|id| self.index_of(&id));
        let (id, replica, first_seq) = (record.id(), record.replica(), record.content().first_seq);
        let count = record.events().count() as u32;
        self.push(id, replica, first_seq, count, parents, own_parent, Runs::Sealed(record))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of an entry, known only to the two callers")]
    fn push(
        &mut self,
        id: RecordId,
        replica: ReplicaId,
        first_seq: u64,
        count: u32,
        mut parents: Vec<EntryIx>,
        own_parent: Option<EntryIx>,
        runs: Runs,
    ) -> EntryIx {
        parents.sort_unstable();
        parents.dedup();
        let ix = self.entries.len() as EntryIx;
        let lamport = 1 + parents.iter().map(|&parent| self.last_lamport(parent)).max().unwrap_or(0);
        let (line, place) = match own_parent.map(|parent| self.entry(parent)) {
            Some(parent) if self.entry(self.lines[parent.line as usize]).id == parent.id => {
                (parent.line, parent.place + 1)
            }
            _ => {
                self.lines.push(ix);
                (self.lines.len() as u32 - 1, 0)
            }
        };
        self.lines[line as usize] = ix;
        self.heads.retain(|head| !parents.contains(head));
        self.heads.push(ix);
        let start = self.end();
        self.entries.push(Entry {
            id,
            replica,
            first_seq,
            start,
            end: start + count,
            lamport,
            parents,
            line,
            place,
            runs,
        });
        self.by_id.insert(id, ix);
        ix
    }

    fn last_lamport(&self, ix: EntryIx) -> u64 {
        let entry = self.entry(ix);
        entry.lamport + u64::from(entry.end - entry.start) - 1
    }

    /// Begins the open record.
    pub fn begin(
        &mut self,
        replica: ReplicaId,
        first_seq: u64,
        parents: Vec<EntryIx>,
        own: Option<EntryIx>,
    ) -> EntryIx {
        self.push(OPEN, replica, first_seq, 0, parents, own, Runs::Open(Vec::new()))
    }

    /// The open record's entry.
    pub fn open(&self) -> Option<EntryIx> {
        self.by_id.get(&OPEN).copied()
    }

    /// Appends a run to the open record; gives its first local version.
    pub fn extend_open(&mut self, run: &Event) -> Lv {
        let entry = self.entries.last_mut().expect("the open record is the last entry");
        let first = entry.end;
        entry.end += run.count() as u32;
        match &mut entry.runs {
            Runs::Open(runs) => crate::event::push_run(runs, run.clone()),
            Runs::Sealed(_) => unreachable!("only the open record grows"),
        }
        first
    }

    /// The open record becomes this sealed one.
    pub fn seal(&mut self, record: Record) {
        let Some(ix) = self.by_id.remove(&OPEN) else { return };
        self.by_id.insert(record.id(), ix);
        let entry = &mut self.entries[ix as usize];
        entry.id = record.id();
        entry.runs = Runs::Sealed(record);
    }

    /// Whether a replica has two branches in this document.
    pub fn is_forked(&self, replica: ReplicaId) -> bool {
        self.lines.iter().filter(|&&ix| self.entry(ix).replica == replica).count() > 1
    }

    /// The last entry of a replica on its longest line, which its next record follows.
    pub fn last_of(&self, replica: ReplicaId) -> Option<EntryIx> {
        let own = self.lines.iter().copied().filter(|&ix| self.entry(ix).replica == replica);
        own.max_by_key(|&ix| (self.entry(ix).first_seq + u64::from(self.entry(ix).end - self.entry(ix).start), ix))
    }

    /// The frontier of a set of entries: those that no other member descends from, ascending.
    pub fn minimal(&self, set: impl IntoIterator<Item = EntryIx>) -> Vec<EntryIx> {
        let mut members: Vec<EntryIx> = set.into_iter().collect();
        members.sort_unstable();
        members.dedup();
        if members.len() < 2 {
            return members;
        }
        let lowest = members[0];
        let mut heap: BinaryHeap<EntryIx> = BinaryHeap::new();
        let mut covered = BTreeSet::new();
        for &member in &members {
            heap.extend(&self.entry(member).parents);
        }
        while let Some(ix) = heap.pop() {
            if ix < lowest {
                break;
            }
            if covered.insert(ix) {
                heap.extend(&self.entry(ix).parents);
            }
        }
        members.retain(|member| !covered.contains(member));
        members
    }

    /// What two versions (sets of entries with all their ancestors) don't share: only in `a`, descending, and only in
    /// `b`, ascending.
    pub fn difference(&self, a: &[EntryIx], b: &[EntryIx]) -> (Vec<EntryIx>, Vec<EntryIx>) {
        const A: u8 = 1;
        const B: u8 = 2;
        let mut heap: BinaryHeap<(EntryIx, u8)> = BinaryHeap::new();
        heap.extend(a.iter().map(|&ix| (ix, A)));
        heap.extend(b.iter().map(|&ix| (ix, B)));
        let (mut only_a, mut only_b) = (Vec::new(), Vec::new());
        let mut one_sided = heap.len();
        while one_sided > 0 {
            let Some((ix, mut side)) = heap.pop() else { break };
            one_sided -= usize::from(side != A | B);
            while let Some(&(next, next_side)) = heap.peek() {
                if next != ix {
                    break;
                }
                heap.pop();
                one_sided -= usize::from(next_side != A | B);
                side |= next_side;
            }
            match side {
                A => only_a.push(ix),
                B => only_b.push(ix),
                _ => {}
            }
            for &parent in &self.entry(ix).parents {
                heap.push((parent, side));
                one_sided += usize::from(side != A | B);
            }
        }
        only_b.reverse();
        (only_a, only_b)
    }
}
