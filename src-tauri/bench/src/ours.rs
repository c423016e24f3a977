//! Ours: the engine as the app uses it. Whatever the engine learns, it is used for it here and nowhere else in this package.

use inkfold_engine::codec::{Reader, Writer, decode_canonical, write_canonical};
use inkfold_engine::{Content, Document, Event, Insertion, Record, RecordId, ReplicaId, Target, Typing};
use inkfold_folder::{HeldRecords, Segment, resolve_together};
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::replay::Replay;

use crate::case::{Step, Transaction};
use crate::measure::timed;
use crate::peer::Peer;

/// So many transactions make the app seal a record.
pub const SEAL_AFTER: usize = 100;
/// So many bytes of text make it seal one, too.
pub const SEAL_BYTES: usize = 64 << 10;

/// A record on its way to others.
#[derive(Debug, Clone)]
pub struct Message {
    sealed: Box<[u8]>,
    id: RecordId,
    parents: usize,
    previous_here: Option<RecordId>,
}

/// A writer and the document in its hands.
#[derive(Debug, Clone)]
pub struct Author {
    /// The document.
    pub document: Document,
    replica: ReplicaId,
    number: u64,
    previous: RecordId,
    /// The last record as it travels.
    sealed: Writer,
}

/// Ascending with the number of the writer, so that runs repeat and everybody breaks ties alike.
fn replica(writer: usize) -> ReplicaId {
    let mut id = [1; 16];
    id[..8].copy_from_slice(&(writer as u64).to_be_bytes());
    ReplicaId(id)
}

/// Whoever writes first.
const ROOT: usize = u32::MAX as usize;

impl Author {
    /// A writer with an empty document, not even a block in it.
    fn nobody(writer: usize) -> Self {
        Author::of(Document::new(WORKSPACE, DOCUMENT), writer)
    }

    /// A writer with a document of one block.
    pub fn new(writer: usize) -> Self {
        let mut root = Self::nobody(ROOT);
        let marker = Event::Insert { at: 0, what: Insertion::Marker(Default::default()) };
        let record = root.write::<true>(|typing| typing.apply(&marker).expect("a marker fits"));
        let mut author = Self::nobody(writer);
        author.document.absorb([record]);
        author
    }

    /// A new writer of a document.
    pub fn of(document: Document, writer: usize) -> Self {
        let replica = replica(writer);
        Author { document, replica, number: 0, previous: RecordId::NONE, sealed: Writer::default() }
    }

    /// A record is begun that builds on everything here.
    pub fn begin(&mut self) {
        self.document.begin_here(self.replica).expect("everything here is folded");
    }

    /// Seals the open record; without hashing under an id that only looks like one.
    pub fn seal<const HASHED: bool>(&mut self) -> Record {
        if self.document.open_runs().is_empty() {
            // A record without an event isn't one.
            let key = String::from("bench/nothing");
            self.document.apply(&Event::Register { target: Target::Document, key, value: None }).expect("it is open");
        }
        self.number += 1;
        let (number, previous, replica) = (self.number, self.previous, self.replica);
        let sealed = &mut self.sealed;
        sealed.0.clear();
        let record = self.document.seal_with(number, 0, |content, previous_here, parents| {
            if HASHED {
                return Record::seal_into(sealed, content, previous, previous_here, parents);
            }
            // As even as a hash, which is what records are looked up by.
            let mut id = [0; 32];
            id.as_chunks_mut().0.copy_from_slice(&[replica.0; 2]);
            for (i, part) in id.chunks_exact_mut(8).enumerate() {
                let spread = (number * 4 + i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                part.iter_mut().zip(spread.to_be_bytes()).for_each(|(byte, spread)| *byte ^= spread);
            }
            sealed.raw(&previous.0);
            parents.iter().for_each(|parent| sealed.raw(&parent.0));
            write_canonical(sealed, &content);
            Record::with_id(RecordId(id), content, previous, previous_here, parents)
        });
        let record = record.expect("a record is open");
        self.previous = record.id();
        record
    }

    /// Writes a record.
    pub fn write<const HASHED: bool>(&mut self, edit: impl FnOnce(&mut Typing<'_>)) -> Record {
        self.begin();
        edit(&mut self.document.typing().expect("a record was begun"));
        self.seal::<HASHED>()
    }

    /// Writes a record, and it as others get it.
    pub fn send<const HASHED: bool>(&mut self, edit: impl FnOnce(&mut Typing<'_>)) -> Message {
        let record = self.write::<HASHED>(edit);
        Message {
            sealed: self.sealed.0.as_slice().into(),
            id: record.id(),
            parents: record.parents().len(),
            previous_here: record.previous_here(),
        }
    }

    /// Takes a record in that somebody sent; hashed, if its id is to be made sure of.
    pub fn hear<const HASHED: bool>(&mut self, message: &Message) {
        self.document.absorb([message.record::<HASHED>()]);
    }
}

impl Message {
    /// The record, read from its bytes.
    pub fn record<const HASHED: bool>(&self) -> Record {
        if HASHED {
            let record = Record::unseal(&self.sealed, self.parents, self.previous_here).expect("it was written by us");
            assert_eq!(record.id(), self.id, "the record is the one that was sent");
            return record;
        }
        let mut reader = Reader(&self.sealed);
        let mut id = || RecordId(reader.array().expect("it was written by us"));
        let (previous, parents) = (id(), (0..self.parents).map(|_| id()).collect());
        let content = decode_canonical(reader.0).expect("it was written by us");
        Record::with_id(self.id, content, previous, self.previous_here, parents)
    }
}

/// What a transaction does, to a page.
pub fn play(typing: &mut Typing<'_>, transaction: &Transaction) {
    for step in &transaction.steps {
        match step {
            Step::Insert(at, text) => typing.insert(*at, text).expect("plain text"),
            Step::Delete(at, count, backward) => typing.delete(*at, *count, *backward),
            Step::Other(event) => typing.apply(event).expect("a marker fits"),
        }
    }
}

/// Ours in a contest, with hashes or without.
pub struct Ours<const HASHED: bool>;

impl<const HASHED: bool> Peer for Ours<HASHED> {
    type Doc = Author;
    type Update = Message;

    fn doc(writer: usize) -> Author {
        Author::new(writer)
    }

    fn fork(doc: &Author, writer: usize) -> Option<Author> {
        Some(Author::of(doc.document.clone(), writer))
    }

    fn edit(author: &mut Author, transactions: &[Transaction]) {
        for transactions in transactions.chunks(SEAL_AFTER) {
            author.write::<HASHED>(|typing| transactions.iter().for_each(|transaction| play(typing, transaction)));
        }
    }

    fn publish(author: &mut Author, transaction: &Transaction) -> Message {
        author.send::<HASHED>(|typing| play(typing, transaction))
    }

    fn receive(author: &mut Author, message: &Message) {
        author.hear::<HASHED>(message);
    }

    fn receive_all<'a>(author: &mut Author, messages: impl Iterator<Item = &'a Message>) {
        author.document.absorb(messages.map(Message::record::<HASHED>));
    }

    fn text(author: &Author) -> String {
        author.document.page().text()
    }
}

/// All edits in one record that stays open: what the log and the page cost alone.
pub fn edit_unsealed(author: &mut Author, transactions: &[Transaction]) {
    author.begin();
    let mut typing = author.document.typing().expect("a record was begun");
    transactions.iter().for_each(|transaction| play(&mut typing, transaction));
}

/// Seconds that it takes to seal these records again, with hashing and without.
pub fn sealing<const HASHED: bool>(messages: &[Message]) -> f64 {
    let records: Vec<Record> = messages.iter().map(Message::record::<false>).collect();
    let contents: Vec<Content> = records.iter().map(|record| record.content().clone()).collect();
    let mut sealed = Vec::with_capacity(records.len());
    let ((), seconds) = timed(|| {
        sealed.extend(records.iter().zip(contents).map(|(record, content)| {
            let (previous, previous_here) = (record.previous(), record.previous_here());
            let parents = record.parents().to_vec();
            if HASHED {
                Record::seal(content, previous, previous_here, parents)
            } else {
                Record::with_id(record.id(), content, previous, previous_here, parents)
            }
        }));
    });
    seconds
}

/// A document's whole history as it is stored in the shared folder.
pub struct Files {
    files: Vec<Vec<u8>>,
}

impl Files {
    /// Stores what was replayed.
    pub fn of(replay: &Replay) -> Result<Self, String> {
        Ok(Files { files: replay.files().map_err(|error| error.to_string())? })
    }

    /// How many bytes that is.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(Vec::len).sum()
    }

    /// The records of all files, with their hashes and signatures verified.
    pub fn records(&self) -> Vec<Record> {
        let segments = self.files.iter().map(|bytes| Segment::parse(bytes, &WORKSPACE).expect("our own file"));
        let segments: Vec<Segment> = segments.collect();
        let together = resolve_together(&segments.iter().collect::<Vec<_>>(), &HeldRecords::default());
        together.expect("nothing to look up").records
    }

    /// The whole history, verified, in an empty document.
    pub fn take_in(&self) -> Document {
        let mut document = Document::new(WORKSPACE, DOCUMENT);
        document.absorb(self.records());
        document
    }
}

/// Somebody new types a character in the middle.
pub fn insert_one(document: Document) -> Author {
    let mut author = Author::of(document, 999);
    author.begin();
    // The first block's marker is an element, too.
    let middle = (author.document.page().len() - 1) / 2 + 1;
    let what = Insertion::Text("x".into());
    author.document.apply(&Event::Insert { at: middle.into(), what }).expect("plain text");
    author
}
