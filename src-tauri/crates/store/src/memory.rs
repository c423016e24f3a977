//! A store in memory: the dumbest one that is correct, for tests and for documents that are never kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use inkfold_engine::record::MAX_RECORD_BYTES;
use inkfold_engine::{DocumentId, Event, Record, RecordId, ReplicaId, WorkspaceId, event};

use crate::batch::{
    AcknowledgementRow, Batch, Committed, Counts, DocumentCard, FileFact, OutboxFile, PendingFile, Signature, Snapshot,
    SnapshotMark,
};
use crate::check::{check_record, check_seal};
use crate::error::{Result, StoreError};
use crate::open::{OpenRecord, OpenRun, OpenStart, run_bytes};
use crate::storage::{Ends, Link, Storage, Tip, UndoRow};

/// A [`Storage`] that forgets everything when it is dropped.
///
/// It derives on every call what [`SqliteStore`](crate::SqliteStore) keeps in columns, and is what that one is tested
/// against.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    workspace: WorkspaceId,
    settings: BTreeMap<String, Vec<u8>>,
    open: Option<OpenRecord>,
    /// The size of the open record's appends.
    open_bytes: usize,
    /// In the order in which they came in.
    records: Vec<Record>,
    by_id: HashMap<RecordId, usize>,
    by_replica: BTreeMap<ReplicaId, BTreeSet<(u64, RecordId)>>,
    /// The records whose chain is here from the first record on.
    rooted: HashSet<RecordId>,
    keys: BTreeMap<ReplicaId, [u8; 32]>,
    signatures: BTreeMap<(ReplicaId, u64, RecordId), [u8; 64]>,
    acknowledgements: BTreeMap<ReplicaId, AcknowledgementRow>,
    outbox: Vec<OutboxFile>,
    queued: BTreeMap<ReplicaId, u64>,
    facts: BTreeMap<Vec<u8>, FileFact>,
    pending: BTreeMap<[u8; 32], PendingFile>,
    cards: BTreeMap<DocumentId, DocumentCard>,
    undo: BTreeMap<(DocumentId, ReplicaId, u64), Vec<u8>>,
    snapshots: BTreeMap<(DocumentId, u64), Snapshot>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(workspace: WorkspaceId) -> Self {
        MemoryStore {
            workspace,
            settings: BTreeMap::new(),
            open: None,
            open_bytes: 0,
            records: Vec::new(),
            by_id: HashMap::new(),
            by_replica: BTreeMap::new(),
            rooted: HashSet::new(),
            keys: BTreeMap::new(),
            signatures: BTreeMap::new(),
            acknowledgements: BTreeMap::new(),
            outbox: Vec::new(),
            queued: BTreeMap::new(),
            facts: BTreeMap::new(),
            pending: BTreeMap::new(),
            cards: BTreeMap::new(),
            undo: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        }
    }

    /// A replica's records, in ascending order of number and id.
    fn chain(&self, replica: &ReplicaId) -> impl Iterator<Item = &Record> + use<'_> {
        self.numbers(replica, 0..u64::MAX)
    }

    /// Those of a replica's records that have these numbers, in ascending order of number and id.
    fn numbers(&self, replica: &ReplicaId, numbers: Range<u64>) -> impl Iterator<Item = &Record> + use<'_> {
        let bounds = (numbers.start, RecordId::NONE)..(numbers.end.max(numbers.start), RecordId::NONE);
        let chain = self.by_replica.get(replica).map(|chain| chain.range(bounds));
        chain.into_iter().flatten().map(|(_, id)| &self.records[self.by_id[id]])
    }

    /// Marks a record as rooted if the one before it is, and then all that follow it.
    fn root(&mut self, record: &Record) {
        let hangs = |record: &Record| match self.by_id.get(&record.previous()) {
            None => record.number() == 1,
            Some(&place) => {
                self.rooted.contains(&record.previous()) && self.records[place].number() + 1 == record.number()
            }
        };
        let mut found = if hangs(record) { vec![record.clone()] } else { Vec::new() };
        while let Some(record) = found.pop() {
            self.rooted.insert(record.id());
            let next = self.numbers(&record.replica(), record.number() + 1..record.number() + 2);
            found.extend(next.filter(|next| next.previous() == record.id()).cloned());
        }
    }

    fn add(&mut self, record: &Record, added: &mut Vec<RecordId>) -> Result<()> {
        if self.by_id.contains_key(&record.id()) {
            return Ok(());
        }
        check_record(self, record)?;
        self.by_id.insert(record.id(), self.records.len());
        self.by_replica.entry(record.replica()).or_default().insert((record.number(), record.id()));
        self.records.push(record.clone());
        self.root(record);
        added.push(record.id());
        Ok(())
    }

    fn note_undo(&mut self, start: &OpenStart, rows: &[UndoRow]) {
        if !rows.is_empty() {
            self.undo.retain(|(document, replica, _), _| *document != start.document || *replica == start.replica);
        }
        for (number, row) in rows {
            put(&mut self.undo, &(start.document, start.replica, *number), row);
        }
    }

    fn apply(&mut self, batch: &Batch) -> Result<Committed> {
        let mut committed = Committed::default();
        for (key, value) in &batch.settings {
            put(&mut self.settings, key, value);
        }
        if let Some(record) = &batch.seal {
            check_seal(self, self.open.as_ref(), record)?;
            self.add(record, &mut committed.added)?;
            self.open = None;
            self.open_bytes = 0;
        }
        for record in &batch.records {
            self.add(record, &mut committed.added)?;
        }
        for (replica, key) in &batch.keys {
            if self.keys.entry(*replica).or_insert(*key) != key {
                return Err(StoreError::Conflict(format!("the key of replica {replica}")));
            }
        }
        for Signature { replica, number, record, bytes } in &batch.signatures {
            self.signatures.entry((*replica, *number, *record)).or_insert(*bytes);
        }
        for row in &batch.acknowledgements {
            let best = self.acknowledgements.get(&row.replica);
            if best.is_none_or(|best| best.counter < row.counter) {
                self.acknowledgements.insert(row.replica, row.clone());
            }
        }
        self.outbox.retain(|file| !batch.outbox_done.contains(&file.name));
        for file in &batch.outbox {
            match self.outbox.iter().find(|queued| queued.name == file.name) {
                None => self.outbox.push(file.clone()),
                Some(queued) if queued == file => {}
                Some(_) => return Err(StoreError::Conflict(format!("the file {}", file.name))),
            }
            let queued = self.queued.entry(file.replica).or_default();
            *queued = file.last.max(*queued);
        }
        for (path, fact) in &batch.facts {
            put(&mut self.facts, path, fact);
        }
        for (hash, pending) in &batch.pending {
            put(&mut self.pending, hash, pending);
        }
        for (document, card) in &batch.cards {
            put(&mut self.cards, document, card);
        }
        for change in &batch.snapshots {
            self.snapshots.retain(|(of, place), _| *of != change.document || change.kept.contains(place));
            let added = change.added.iter().cloned();
            self.snapshots.extend(added.map(|snapshot| ((change.document, snapshot.mark.place), snapshot)));
        }
        Ok(committed)
    }
}

fn put<K: Ord + Clone, V: Clone>(map: &mut BTreeMap<K, V>, key: &K, value: &Option<V>) {
    match value {
        Some(value) => map.insert(key.clone(), value.clone()),
        None => map.remove(key),
    };
}

impl Storage for MemoryStore {
    fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed> {
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        // All or nothing, in the plainest way: change a copy.
        let mut next = self.clone();
        let committed = next.apply(batch)?;
        *self = next;
        Ok(committed)
    }

    fn append_undoable(&mut self, start: &OpenStart, time: i64, events: &[Event], undo: &[UndoRow]) -> Result<()> {
        let events = event::normalise(events.iter().cloned());
        if events.is_empty() {
            self.note_undo(start, undo);
            return Ok(());
        }
        let start = start.sorted();
        let (number, previous, seq) = match &self.open {
            Some(open) if open.start == start => (open.number, open.previous, open.end_seq()),
            Some(_) => return Err(StoreError::Open("another record is open")),
            None => {
                let (number, previous) = start.check(self)?;
                (number, previous, start.first_seq)
            }
        };
        let run = OpenRun { seq, time, events };
        let bytes = self.open_bytes + run_bytes(self.workspace, &start, number, &run)?.len();
        if bytes > MAX_RECORD_BYTES {
            return Err(StoreError::Open("it would be larger than a record may be"));
        }
        self.open_bytes = bytes;
        self.note_undo(&start, undo);
        self.open.get_or_insert(OpenRecord { start, number, previous, runs: Vec::new() }).runs.push(run);
        Ok(())
    }

    fn undo_rows(&self, document: &DocumentId, replica: &ReplicaId) -> Result<Vec<(u64, Vec<u8>)>> {
        let rows = self.undo.range((*document, *replica, 0)..=(*document, *replica, u64::MAX));
        Ok(rows.map(|((.., number), row)| (*number, row.clone())).collect())
    }

    fn open(&self) -> Result<Option<OpenRecord>> {
        Ok(self.open.clone())
    }

    fn setting(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.settings.get(key).cloned())
    }

    fn record(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.by_id.get(id).map(|&place| self.records[place].clone()))
    }

    fn link(&self, id: &RecordId) -> Result<Option<Link>> {
        let Some(&place) = self.by_id.get(id) else { return Ok(None) };
        let record = &self.records[place];
        Ok(Some(Link {
            replica: record.replica(),
            number: record.number(),
            document: record.document(),
            previous: record.previous(),
            end_seq: record.end_seq(),
            rooted: self.rooted.contains(id),
            place: place as u64 + 1,
        }))
    }

    fn records(&self, document: &DocumentId) -> Result<Vec<Record>> {
        Ok(self.records.iter().filter(|record| record.document() == *document).cloned().collect())
    }

    fn records_at_places(&self, document: &DocumentId, places: Range<u64>) -> Result<Vec<(u64, Record)>> {
        let placed =
            (1..).zip(&self.records).filter(|(place, record)| places.contains(place) && record.document() == *document);
        Ok(placed.map(|(place, record)| (place, record.clone())).collect())
    }

    fn snapshots(&self, document: &DocumentId) -> Result<Vec<SnapshotMark>> {
        let of_document = self.snapshots.range((*document, 0)..=(*document, u64::MAX));
        Ok(of_document.map(|(_, snapshot)| snapshot.mark.clone()).collect())
    }

    fn snapshot_before(&self, document: &DocumentId, place: u64) -> Result<Option<SnapshotMark>> {
        let before = self.snapshots.range((*document, 0)..(*document, place)).next_back();
        Ok(before.map(|(_, snapshot)| snapshot.mark.clone()))
    }

    fn snapshot(&self, document: &DocumentId, place: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.snapshots.get(&(*document, place)).map(|snapshot| snapshot.bytes.clone()))
    }

    fn records_of(&self, replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Record>> {
        Ok(self.numbers(replica, numbers).cloned().collect())
    }

    fn stream(&self, replica: &ReplicaId, document: &DocumentId) -> Result<Vec<Record>> {
        Ok(self.chain(replica).filter(|record| record.document() == *document).cloned().collect())
    }

    fn stream_end(&self, replica: &ReplicaId, document: &DocumentId) -> Result<u64> {
        let stream = self.chain(replica).filter(|record| record.document() == *document);
        Ok(stream.map(Record::end_seq).max().unwrap_or(0))
    }

    fn latest(&self, replica: &ReplicaId, document: &DocumentId, number: u64) -> Result<Option<Tip>> {
        let stream = self.chain(replica).filter(|record| record.document() == *document && record.number() <= number);
        Ok(stream.map(|record| Tip { number: record.number(), record: record.id() }).max())
    }

    fn records_at(&self, replica: &ReplicaId, number: u64) -> Result<Vec<RecordId>> {
        Ok(self.numbers(replica, number..number.saturating_add(1)).map(Record::id).collect())
    }

    fn first_fork(&self, replica: &ReplicaId) -> Result<Option<u64>> {
        let numbers: Vec<u64> = self.chain(replica).map(Record::number).collect();
        Ok(numbers.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]))
    }

    fn ends(&self, replica: &ReplicaId) -> Result<Ends> {
        let followed: BTreeSet<RecordId> =
            self.chain(replica).filter(|record| self.rooted.contains(&record.id())).map(Record::previous).collect();
        let mut ends = Ends::default();
        for record in self.chain(replica) {
            let tip = Tip { number: record.number(), record: record.id() };
            if !self.rooted.contains(&tip.record) {
                ends.loose.push(tip);
            } else if !followed.contains(&tip.record) {
                ends.tips.push(tip);
            }
        }
        Ok(ends)
    }

    fn replicas(&self) -> Result<Vec<ReplicaId>> {
        Ok(self.by_replica.keys().copied().collect())
    }

    fn documents(&self) -> Result<Vec<DocumentId>> {
        let open = self.open.iter().map(|open| open.start.document);
        let all: BTreeSet<DocumentId> = self.records.iter().map(Record::document).chain(open).collect();
        Ok(all.into_iter().collect())
    }

    fn key(&self, replica: &ReplicaId) -> Result<Option<[u8; 32]>> {
        Ok(self.keys.get(replica).copied())
    }

    fn signature(&self, record: &RecordId) -> Result<Option<Signature>> {
        let found = self.signatures.iter().find(|((_, _, signed), _)| signed == record);
        Ok(found.map(|(&(replica, number, record), &bytes)| Signature { replica, number, record, bytes }))
    }

    fn signatures(&self, replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Signature>> {
        let of_replica = self.signatures.iter().filter(|((r, n, _), _)| r == replica && numbers.contains(n));
        Ok(of_replica
            .map(|(&(replica, number, record), &bytes)| Signature { replica, number, record, bytes })
            .collect())
    }

    fn acknowledgements(&self) -> Result<Vec<AcknowledgementRow>> {
        Ok(self.acknowledgements.values().cloned().collect())
    }

    fn outbox(&self) -> Result<Vec<String>> {
        Ok(self.outbox.iter().map(|file| file.name.clone()).collect())
    }

    fn outbox_file(&self, name: &str) -> Result<Option<OutboxFile>> {
        Ok(self.outbox.iter().find(|file| file.name == name).cloned())
    }

    fn queued_to(&self, replica: &ReplicaId) -> Result<u64> {
        Ok(self.queued.get(replica).copied().unwrap_or(0))
    }

    fn fact(&self, path: &[u8]) -> Result<Option<FileFact>> {
        Ok(self.facts.get(path).copied())
    }

    fn facts(&self) -> Result<Vec<(Vec<u8>, FileFact)>> {
        Ok(self.facts.iter().map(|(path, fact)| (path.clone(), *fact)).collect())
    }

    fn pending(&self) -> Result<Vec<([u8; 32], PendingFile)>> {
        Ok(self.pending.iter().map(|(hash, pending)| (*hash, pending.clone())).collect())
    }

    fn cards(&self) -> Result<Vec<(DocumentId, DocumentCard)>> {
        Ok(self.cards.iter().map(|(document, card)| (*document, card.clone())).collect())
    }

    fn counts(&self) -> Result<Counts> {
        let mut loose = 0;
        for replica in self.by_replica.keys() {
            loose += self.ends(replica)?.loose.len() as u64;
        }
        Ok(Counts {
            records: self.records.len() as u64,
            loose,
            open_events: self.open.as_ref().map_or(0, |open| open.end_seq() - open.start.first_seq),
            outbox: self.outbox.len() as u64,
            outbox_bytes: self.outbox.iter().map(|file| file.bytes.len() as u64).sum(),
            pending: self.pending.len() as u64,
        })
    }
}
