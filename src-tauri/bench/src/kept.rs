//! A document as the app keeps it on this device: records and snapshots in the store's database.

use inkfold_engine::{Document, Record, RecordId};
use inkfold_store::{Batch, SqliteStore, Storage, Versions};
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use tempfile::TempDir;

/// So many records come before the app takes another snapshot.
const KEEP_AFTER: usize = 64;

/// A database file with one document.
pub struct Kept {
    directory: TempDir,
    first: RecordId,
    half: (RecordId, String),
}

impl Kept {
    /// Keeps these records as the app does while they are written. They are in an order in which parents come first.
    pub fn of(records: &[Record]) -> Self {
        let directory = TempDir::new().expect("there is room for a file");
        let kept = Kept { directory, first: records[0].id(), half: half(records) };
        let mut store = kept.store();
        for records in records.chunks(KEEP_AFTER) {
            store.commit(&Batch::of_records(records.iter().cloned())).expect("they are sound");
            store.keep_snapshots(&DOCUMENT).expect("there is room for them");
        }
        kept
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.directory.path().join("store.db"), WORKSPACE).expect("our own database")
    }

    /// The store as it is in a running app that has looked at another version, and nowhere near what is asked for next: its
    /// statements are prepared, and what it reads comes from the file.
    pub fn running(&self) -> SqliteStore {
        let store = self.store();
        store.document_at(&DOCUMENT, &[self.first]).expect("our own database").expect("a version");
        store
    }

    /// The document, as one opens it to write in it.
    pub fn open(store: &SqliteStore) -> Document {
        store.open_document(&DOCUMENT).expect("our own database").expect("a document").document
    }

    /// The text when half of the records were written.
    pub fn text_at_half(&self, store: &SqliteStore) -> String {
        let document = store.document_at(&DOCUMENT, &[self.half.0]).expect("our own database");
        document.expect("a version").page().text()
    }

    /// What it has to be.
    pub fn half(&self) -> &str {
        &self.half.1
    }

    /// How many bytes the newest snapshot has, and all keyframes together.
    pub fn snapshot_bytes(&self) -> (usize, usize) {
        let store = self.store();
        let marks = store.snapshots(&DOCUMENT).expect("our own database");
        let (mut newest, mut keyframes) = (0, 0);
        for mark in marks {
            let bytes = store.snapshot(&DOCUMENT, mark.place).expect("our own database").map_or(0, |bytes| bytes.len());
            *(if mark.is_lasting { &mut keyframes } else { &mut newest }) += bytes;
        }
        (newest, keyframes)
    }
}

/// The record in the middle and the text at its version.
fn half(records: &[Record]) -> (RecordId, String) {
    let mut document = Document::new(WORKSPACE, DOCUMENT);
    document.absorb(records.iter().cloned());
    let middle = records[records.len() / 2].id();
    let text = document.checkout(&[middle]).expect("it is one of them").page().text();
    (middle, text)
}
