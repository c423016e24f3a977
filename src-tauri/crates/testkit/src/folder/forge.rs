//! Segments put together by hand: sealed, and signed by a real key, so that what is wrong with them shows only behind the
//! signature.

use std::sync::LazyLock;

use inkfold_engine::codec::{BlockHeader, RecordParts, Writer, encode_block};
use inkfold_engine::record::Content;
use inkfold_engine::{DocumentId, Event, Events, Insertion, Record, RecordId, WorkspaceId};
use inkfold_folder::kind::{FORMAT_VERSION, FileKind, MAGIC};
use inkfold_folder::segment::MAX_NUMBER;
use inkfold_folder::{FileHash, Identity};

/// More than a block may hold once it is unpacked.
const BOMB_BYTES: usize = 32 << 20;

/// A segment of one record that its author could have written, unless something is changed.
pub struct Forged {
    /// Who signs.
    pub author: Identity,
    /// Numbers of the first and the last record, as the header has them.
    pub numbers: (u64, u64),
    /// Id of the record before the first.
    pub before: RecordId,
    /// The record.
    pub content: Content,
    /// The block, where it isn't that record.
    pub frame: Option<Vec<u8>>,
    /// How many records the footer says there are.
    pub count: u64,
}

impl Forged {
    /// A sound one, by an author made from a seed.
    pub fn new(workspace: WorkspaceId, seed: u8) -> Self {
        let author = Identity::from_seed([seed; 32], workspace);
        let text = Event::Insert { at: 0, what: Insertion::Text("stranger".into()) };
        let content = Content {
            workspace,
            document: DocumentId([1; 16]),
            replica: author.replica(),
            number: 1,
            first_seq: 0,
            time: 0,
            events: Events::from_runs([text]),
        };
        Forged { author, numbers: (1, 1), before: RecordId::NONE, content, frame: None, count: 1 }
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let last_id = Record::seal(self.content.clone(), self.before, None, Vec::new()).id();
        let mut out = Writer::default();
        out.raw(&MAGIC);
        out.byte(FileKind::Segment.byte());
        out.uint(FORMAT_VERSION);
        // No cipher, no key epoch.
        (0..2).for_each(|_| out.uint(0));
        out.raw(&self.content.workspace.0);
        out.raw(&self.author.replica().0);
        out.raw(&self.author.public_key().0);
        out.uint(self.numbers.0);
        out.uint(self.numbers.1);
        out.raw(&self.before.0);
        // No tips.
        out.uint(0);
        let frame = self.frame.clone().unwrap_or_else(|| self.block());
        out.uint(frame.len() as u64);
        out.raw(&FileHash::of(&frame).0[..8]);
        out.raw(&frame);
        out.uint(0);
        out.uint(self.count);
        out.raw(&last_id.0);
        let hash = FileHash::of(&out.0);
        out.raw(&hash.0);
        out.raw(&self.author.sign_head(self.numbers.1, &last_id).0);
        out.0
    }

    fn block(&self) -> Vec<u8> {
        let header = BlockHeader {
            workspace: self.content.workspace,
            replica: self.author.replica(),
            first_number: self.content.number,
        };
        let parts = RecordParts { content: self.content.clone(), parents: Vec::new() };
        zstd::bulk::compress(&encode_block(&header, &[parts]), 3).expect("memory takes what is written")
    }
}

/// A file of a few kilobytes that unpacks to many megabytes.
pub fn bomb(workspace: WorkspaceId, seed: u8) -> Vec<u8> {
    static FRAME: LazyLock<Vec<u8>> =
        LazyLock::new(|| zstd::stream::encode_all(&vec![0; BOMB_BYTES][..], 1).expect("memory takes what is written"));
    Forged { frame: Some(FRAME.clone()), ..Forged::new(workspace, seed) }.bytes()
}

/// A change that puts a number at the top of its range.
type ToTheTop = fn(&mut Forged);

/// Numbers at the top of their range, each in a place of its own.
pub const TOPS: &[(&str, ToTheTop)] = &[
    ("numbers past the greatest", |forged| forged.numbers = (u64::MAX, u64::MAX)),
    ("the greatest number, and nothing before it", |forged| {
        (forged.numbers, forged.before) = ((MAX_NUMBER, MAX_NUMBER), RecordId([9; 32]));
        forged.content.number = MAX_NUMBER;
    }),
    ("a count", |forged| forged.count = u64::MAX),
    ("a first seq", |forged| forged.content.first_seq = u64::MAX - 8),
    ("a time", |forged| forged.content.time = i64::MAX),
    ("a time before all times", |forged| forged.content.time = i64::MIN),
    ("a place to insert at", |forged| {
        let text = Event::Insert { at: u64::MAX - 8, what: Insertion::Text("stranger".into()) };
        forged.content.events = Events::from_runs([text]);
    }),
    ("a deletion", |forged| {
        forged.content.events = Events::from_runs([Event::Delete { at: 1, len: 1 << 18, backward: false }]);
    }),
    ("a deletion's place", |forged| {
        forged.content.events = Events::from_runs([Event::Delete { at: u64::MAX - 8, len: 1, backward: false }]);
    }),
];
