#![allow(clippy::unwrap_used)]
//! Writers who exchange records through a folder, with everything in memory but the folder.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use inkfold_engine::record::Content;
use inkfold_engine::{
    DocumentId, ElementId, Event, Events, Insertion, Place, Record, RecordId, ReplicaId, Side, WorkspaceId,
};
use inkfold_folder::scan::scan;
use inkfold_folder::{
    Clock, Head, HeldRecords, Holdings, Identity, Memory, NewFile, Pending, Publisher, RealClock, RealFileSystem,
    Refusal, ScanReport, ScanRequest, Segment, SegmentFile, ShortHash, Signer, Spot, Unresolved, Verdict,
    encode_segment, genesis,
};

pub const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
pub const FILES: RealFileSystem = RealFileSystem;

/// A clock that is ahead of the files' times by as much as a test likes, and never waits.
pub struct TestClock {
    ahead: AtomicI64,
    slept: AtomicI64,
}

impl TestClock {
    pub fn new() -> Self {
        Self { ahead: AtomicI64::new(0), slept: AtomicI64::new(0) }
    }

    pub fn advance(&self, duration: Duration) {
        self.ahead.fetch_add(duration.as_nanos() as i64, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.slept.load(Ordering::Relaxed) as u64)
    }

    fn wall_nanos(&self) -> i64 {
        RealClock::default().wall_nanos() + self.ahead.load(Ordering::Relaxed)
    }

    fn sleep(&self, duration: Duration) {
        self.slept.fetch_add(duration.as_nanos() as i64, Ordering::Relaxed);
    }
}

pub fn document(i: u8) -> DocumentId {
    DocumentId([i; 16])
}

/// A folder with a genesis file.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    genesis::create(&FILES, &TestClock::new(), folder.path(), WORKSPACE, "Team notes").unwrap();
    folder
}

/// One replica: its key, the records it holds and what it remembers of the folder.
pub struct Writer {
    pub identity: Identity,
    pub held: HeldRecords,
    pub memory: Memory,
    pub pending: Pending,
    pub clock: TestClock,
    /// Own records in order.
    pub chain: Vec<Record>,
    heads: BTreeMap<DocumentId, BTreeSet<RecordId>>,
    flushed: usize,
}

impl Writer {
    pub fn new(seed: u8) -> Self {
        Self {
            identity: Identity::from_seed([seed; 32], WORKSPACE),
            held: HeldRecords::default(),
            memory: Memory::default(),
            pending: Pending::default(),
            clock: TestClock::new(),
            chain: Vec::new(),
            heads: BTreeMap::new(),
            flushed: 0,
        }
    }

    pub fn write(&mut self, document: DocumentId, text: &str) -> Record {
        let text = Event::Insert { at: 0, what: Insertion::Text(text.into()) };
        self.write_events(document, Events::from_runs([text]))
    }

    pub fn write_events(&mut self, document: DocumentId, events: Events) -> Record {
        let before = self.chain.iter().rev().find(|record| record.document() == document);
        let mut parents = self.heads.get(&document).cloned().unwrap_or_default();
        if let Some(before) = before {
            parents.remove(&before.id());
        }
        let content = Content {
            workspace: WORKSPACE,
            document,
            replica: self.identity.replica(),
            number: self.chain.len() as u64 + 1,
            first_seq: before.map_or(0, Record::end_seq),
            time: 1_800_000_000_000 + self.chain.len() as i64,
            events,
        };
        let previous = self.chain.last().map_or(RecordId::NONE, Record::id);
        let record = Record::seal(content, previous, before.map(Record::id), parents.into_iter().collect());
        self.chain.push(record.clone());
        self.hold(record.clone());
        record
    }

    fn hold(&mut self, record: Record) {
        if self.held.insert(record.clone()) {
            let heads = self.heads.entry(record.document()).or_default();
            for parent in record.all_parents() {
                heads.remove(&parent);
            }
            heads.insert(record.id());
        }
    }

    /// The file that a flush would publish.
    pub fn segment(&mut self) -> SegmentFile {
        let records = &self.chain[self.flushed..];
        self.flushed = self.chain.len();
        encode_segment(Signer::Own(&self.identity), records, &self.held).unwrap()
    }

    pub fn publish(&self, root: &Path, segment: &SegmentFile) {
        let publisher = Publisher::new(&FILES, &self.clock, root);
        publisher.publish(&segment.path(&self.identity.replica()), &segment.bytes).unwrap();
    }

    pub fn flush(&mut self, root: &Path) -> SegmentFile {
        let segment = self.segment();
        self.publish(root, &segment);
        segment
    }

    pub fn request(&self) -> ScanRequest {
        ScanRequest { workspace: WORKSPACE, replica: self.identity.replica() }
    }

    /// Scans, resolves and holds what can be held.
    pub fn sync(&mut self, root: &Path) -> ScanReport {
        let mut memory = std::mem::take(&mut self.memory);
        let request = self.request();
        let clock = std::mem::replace(&mut self.clock, TestClock::new());
        let mut settled = Vec::new();
        let report = scan(&FILES, &clock, root, &request, &mut memory, &mut |new: NewFile| {
            // Nothing here depends on what others say that they hold.
            new.content.into_segment().map_or(Verdict::Taken, |segment| self.take(segment, &mut settled))
        });
        let settlement = self.pending.settle(&self.held).unwrap();
        let ids: Vec<RecordId> = settlement.records.iter().map(Record::id).collect();
        settlement.records.into_iter().for_each(|record| self.hold(record));
        settled.extend(settlement.taken.iter().map(|segment| (segment.hash(), Verdict::Taken)));
        settled.extend(settlement.refused);
        for segment in self.pending.release(&ids) {
            let hash = segment.hash();
            let verdict = self.take(segment, &mut settled);
            settled.push((hash, verdict));
        }
        for (hash, verdict) in settled {
            memory.settle(&hash, verdict);
        }
        self.memory = memory;
        self.clock = clock;
        report
    }

    /// Takes in a segment and all that waited for it.
    fn take(&mut self, segment: Segment, settled: &mut Vec<(inkfold_folder::FileHash, Verdict)>) -> Verdict {
        let first = segment.hash();
        let mut verdict = Verdict::Later;
        let mut work = vec![segment];
        while let Some(segment) = work.pop() {
            let hash = segment.hash();
            let outcome = match segment.resolve(&self.held) {
                Ok(records) => {
                    let ids: Vec<RecordId> = records.iter().map(Record::id).collect();
                    records.into_iter().for_each(|record| self.hold(record));
                    work.extend(self.pending.release(&ids));
                    Verdict::Taken
                }
                Err(Unresolved::Pending(record)) => {
                    assert!(self.pending.put(segment, record));
                    Verdict::Waiting
                }
                Err(Unresolved::Refused(refusal)) => Verdict::Refused(refusal),
                Err(Unresolved::Lookup(error)) => panic!("{error}"),
            };
            if hash == first {
                verdict = outcome;
            } else {
                settled.push((hash, outcome));
            }
        }
        verdict
    }

    pub fn ids(&self) -> BTreeSet<RecordId> {
        self.held.iter().map(Record::id).collect()
    }

    pub fn directory(&self) -> PathBuf {
        Path::new("inkfold-data").join(self.identity.replica().to_string())
    }
}

/// What somebody may hold.
pub fn holdings() -> Holdings {
    let head = |number: u64, i: u8| Head { number, id: RecordId([i; 32]) };
    Holdings {
        heads: BTreeMap::from([
            (ReplicaId([1; 16]), BTreeSet::from([head(300, 1)])),
            (ReplicaId([2; 16]), BTreeSet::from([head(5, 2), head(5, 3), head(1 << 40, 1)])),
        ]),
        files: BTreeSet::from([ShortHash([1; 10]), ShortHash([9; 10])]),
    }
}

/// A selection.
pub fn spot() -> Spot {
    let element = ElementId { replica: ReplicaId([2; 16]), seq: 1000 };
    Spot {
        document: document(1),
        anchor: Place { element: None, side: Side::After },
        head: Place { element: Some(element), side: Side::After },
    }
}

/// Two writers who have written to each other: three segments, the last of which builds on the other writer's.
pub fn conversation() -> (Writer, Writer, Vec<SegmentFile>) {
    let (mut ada, mut ben) = (Writer::new(1), Writer::new(2));
    ada.write(document(1), "Hello");
    ada.write(document(2), "Groceries");
    let first = ada.segment();
    let folder = folder();
    ada.publish(folder.path(), &first);
    ben.sync(folder.path());
    ben.write(document(1), "Hi, Ada");
    let second = ben.flush(folder.path());
    ada.sync(folder.path());
    ada.write(document(1), "How are you?");
    ada.write(document(2), "bread, milk");
    let third = ada.segment();
    (ada, ben, vec![first, second, third])
}

pub fn parse(bytes: &[u8]) -> Result<Segment, Refusal> {
    Segment::parse(bytes, &WORKSPACE)
}
