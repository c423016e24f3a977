//! What the tests share: backends, hand-made records, and authors that write and exchange them.

use std::path::PathBuf;

use inkfold_engine::{
    Content, Document, DocumentId, Event, Events, Insertion, Record, RecordId, ReplicaId, WorkspaceId,
};
use inkfold_store::{Batch, Log, MemoryStore, OpenStart, SqliteStore, Storage};
use tempfile::TempDir;

pub const WORKSPACE: WorkspaceId = WorkspaceId([9; 16]);

pub fn replica(n: u8) -> ReplicaId {
    ReplicaId([n; 16])
}

pub fn document(n: u8) -> DocumentId {
    DocumentId([n; 16])
}

pub fn insert(at: u64, text: &str) -> Event {
    Event::Insert { at, what: Insertion::Text(text.into()) }
}

pub fn marker(at: u64) -> Event {
    Event::Insert { at, what: Insertion::Marker(Default::default()) }
}

/// A kind of store to be tested.
pub struct Backend {
    directory: Option<TempDir>,
}

impl Backend {
    pub fn memory() -> Self {
        Backend { directory: None }
    }

    pub fn sqlite() -> Self {
        Backend { directory: Some(TempDir::new().unwrap()) }
    }

    /// As [`Self::sqlite`], where possible on a file system in memory: for tests with thousands of commits.
    pub fn fast_sqlite() -> Self {
        let fast = PathBuf::from("/dev/shm");
        let directory = if fast.is_dir() { TempDir::new_in(fast) } else { TempDir::new() };
        Backend { directory: Some(directory.unwrap()) }
    }

    /// Opens the store with this name; a new one, or in a directory the one that was closed before.
    pub fn store(&self, name: &str) -> Box<dyn Storage> {
        self.store_of(name, WORKSPACE)
    }

    /// The same of another workspace.
    pub fn store_of(&self, name: &str, workspace: WorkspaceId) -> Box<dyn Storage> {
        match &self.directory {
            None => Box::new(MemoryStore::new(workspace)),
            Some(directory) => Box::new(SqliteStore::open(&directory.path().join(name), workspace).unwrap()),
        }
    }

    pub fn keeps(&self) -> bool {
        self.directory.is_some()
    }
}

/// Runs each function over both backends, as two tests.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod memory { $(#[test] fn $name() { super::$name(&crate::support::Backend::memory()); })+ }
        mod sqlite { $(#[test] fn $name() { super::$name(&crate::support::Backend::sqlite()); })+ }
    };
}
pub(crate) use on_both;

/// What a hand-made record says.
pub struct Made<'a> {
    pub replica: ReplicaId,
    pub document: DocumentId,
    pub previous: Option<&'a Record>,
    pub previous_here: Option<&'a Record>,
    pub parents: Vec<RecordId>,
    pub text: &'a str,
}

/// A record that inserts text.
pub fn made(made: Made<'_>) -> Record {
    let content = Content {
        workspace: WORKSPACE,
        document: made.document,
        replica: made.replica,
        number: made.previous.map_or(1, |record| record.number() + 1),
        first_seq: made.previous_here.map_or(0, Record::end_seq),
        time: 1_000,
        events: Events::from_runs([insert(0, made.text)]),
    };
    let previous = made.previous.map_or(RecordId::NONE, Record::id);
    Record::seal(content, previous, made.previous_here.map(Record::id), made.parents)
}

/// A replica's record in document 1 after another one there.
pub fn next(replica: ReplicaId, previous: Option<&Record>, text: &str) -> Record {
    made(Made { replica, document: document(1), previous, previous_here: previous, parents: vec![], text })
}

/// A line of records of one replica in document 1, one for each text.
pub fn line(replica: ReplicaId, texts: &[&str]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for text in texts {
        records.push(next(replica, records.last(), text));
    }
    records
}

/// Where a new replica's first record of a document starts.
pub fn beginning(replica: ReplicaId, document: DocumentId) -> OpenStart {
    OpenStart { document, replica, parents: vec![], previous_here: None, first_seq: 0 }
}

/// Seals the open record.
pub fn seal(store: &mut dyn Storage, time: i64) -> Record {
    let record = store.open().unwrap().unwrap().seal(WORKSPACE, time);
    store.commit(&Batch { seal: Some(record.clone()), ..Batch::default() }).unwrap();
    record
}

/// An installation: a store and the document that its user sees.
pub struct Author {
    pub replica: ReplicaId,
    pub store: Box<dyn Storage>,
    pub page: Document,
    clock: i64,
}

impl Author {
    pub fn new(backend: &Backend, n: u8) -> Self {
        let store = backend.store(&format!("author {n}"));
        Author { replica: replica(n), store, page: Document::new(WORKSPACE, document(1)), clock: i64::from(n) * 1_000 }
    }

    /// Does something to the document. Goes on with the open record, or begins one at what is seen now.
    pub fn edit(&mut self, event: Event) {
        self.clock += 1;
        let parents = match self.store.open().unwrap() {
            Some(open) => open.start.parents,
            None => {
                let seen = self.page.version();
                self.page.begin(self.replica, &seen).unwrap()
            }
        };
        self.page.apply(&event).unwrap();
        self.store.commit_operation(&self.replica, &document(1), &parents, self.clock, event).unwrap();
    }

    /// Types text at the end of the page.
    pub fn write(&mut self, text: &str) {
        let end = u64::from(self.page.page().len());
        self.edit(insert(end, text));
    }

    /// Seals what is open, if anything is.
    pub fn seal(&mut self) {
        if self.store.open().unwrap().is_some() {
            self.clock += 1;
            let record = seal(&mut *self.store, self.clock);
            self.page.seal(record).unwrap();
        }
    }

    /// All sealed records here.
    pub fn records(&self) -> Vec<Record> {
        self.store.records(&document(1)).unwrap()
    }

    /// Takes in what came.
    pub fn receive(&mut self, records: Vec<Record>) {
        self.seal();
        self.store.commit(&Batch::of_records(records.clone())).unwrap();
        self.page.absorb(records);
    }
}
