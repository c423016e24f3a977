//! Segment files, sealed and signed like good ones: a fuzzer can't guess a hash.

use std::sync::LazyLock;

use inkfold_engine::codec::{BlockHeader, BlockLimits, Reader, RecordParts, Writer, decode_block};
use inkfold_engine::{Content, DocumentId, Event, Events, Insertion, Record, RecordId, ReplicaId, WorkspaceId};
use inkfold_folder::FileKind;
use inkfold_folder::kind::{FORMAT_VERSION, MAGIC};
use inkfold_folder::segment::{MAX_RECORDS, MAX_RUNS, Tip};
use inkfold_folder::{Branches, EncodeError, HeldRecords, Identity, Segment, Signer, encode_segment};

const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);

/// A segment file: what is sound comes out as records that can be written, read and resolved again. The bytes are either
/// the file as it is, or what it is made of, with blocks before compression, so that what is behind the hash,
/// the checksums and the compression is reached.
pub fn segment(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let file = match first {
        // Half of a file's bytes are its hash and signature, which are made good.
        0 => seal(rest.to_vec()),
        1 => rest.to_vec(),
        _ => match made_of(first, rest) {
            Some(file) => file,
            None => return,
        },
    };
    let Ok(segment) = Segment::parse(&file, &WORKSPACE) else { return };
    for branches in [&*HELD, &HeldRecords::default()] {
        let Ok(records) = segment.resolve(branches) else { continue };
        let header = segment.header();
        assert_eq!(records.first().map(Record::number), Some(header.first));
        assert_eq!(records.last().map(Record::id), Some(segment.last_id()));
        assert_eq!(records.len() as u64, header.last - header.first + 1);
        // The file's own records are what its later ones build on.
        let mut known = branches.clone();
        for record in &records {
            known.insert(record.clone());
        }
        let signer = Signer::Held { key: header.key, signature: segment.signature() };
        match encode_segment(signer, &records, &known) {
            Ok(again) => {
                let again = Segment::parse(&again.bytes, &WORKSPACE).expect("what is written can be read");
                assert_eq!(again.resolve(branches).expect("it builds on the same"), records);
            }
            // Two of its tips lie on one branch, which only somebody who holds them can tell.
            Err(EncodeError::ParentsNotMinimal(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Whose files these are.
static AUTHOR: LazyLock<Identity> = LazyLock::new(|| Identity::from_seed([1; 32], WORKSPACE));
/// Records that are there already.
static HELD: LazyLock<HeldRecords> = LazyLock::new(held);

fn record(replica: ReplicaId, number: u64, previous: RecordId, parents: Vec<RecordId>) -> Record {
    let text = Event::Insert { at: 0, what: Insertion::Text("a".into()) };
    let content = Content {
        workspace: WORKSPACE,
        document: DocumentId([(number % 2) as u8; 16]),
        replica,
        number,
        first_seq: (number - 1) / 2,
        time: 0,
        events: Events::from_runs([text]),
    };
    Record::seal(content, previous, None, parents)
}

/// Some records of another author's with a fork, and the first of the author's own.
fn held() -> HeldRecords {
    let mut held = HeldRecords::default();
    let other = ReplicaId([9; 16]);
    let mut previous = RecordId::NONE;
    for number in 1..5 {
        let record = record(other, number, previous, Vec::new());
        previous = record.id();
        held.insert(record);
    }
    let first = held.iter().find(|record| record.number() == 1).map(Record::id).unwrap_or(RecordId::NONE);
    let fork = record(other, 2, first, vec![previous]);
    held.insert(fork);
    held.insert(record(AUTHOR.replica(), 1, RecordId::NONE, Vec::new()));
    held
}

/// A file put together from parts.
fn made_of(flags: u8, data: &[u8]) -> Option<Vec<u8>> {
    let mut input = Reader(data);
    let there: Vec<&Record> = {
        let mut records: Vec<&Record> = HELD.iter().collect();
        records.sort_by_key(|record| record.id());
        records
    };
    let own = there.iter().find(|record| record.replica() == AUTHOR.replica())?;
    // The first records, or those after the one that is there.
    let (first, before) = if flags & 4 == 0 { (1, RecordId::NONE) } else { (2, own.id()) };
    let mut tips = Vec::new();
    for _ in 0..flags >> 3 & 3 {
        let index = usize::from(input.byte().ok()?);
        tips.push(match there.get(index) {
            Some(record) => Tip { replica: record.replica(), number: record.number(), id: record.id() },
            None => Tip { replica: ReplicaId([9; 16]), number: 1 + index as u64 % 5, id: RecordId([index as u8; 32]) },
        });
    }
    tips.sort_unstable();
    let mut blocks = Vec::new();
    while let Ok(block) = input.bytes() {
        blocks.push(block);
    }
    blocks.push(input.0);
    blocks.retain(|block| !block.is_empty());

    let mut records: Vec<RecordParts> = Vec::new();
    let limits = BlockLimits { records: MAX_RECORDS as usize, runs: MAX_RUNS };
    for block in &blocks {
        let first_number = first + records.len() as u64;
        let header = BlockHeader { workspace: WORKSPACE, replica: AUTHOR.replica(), first_number };
        records.extend(decode_block(&header, block, limits).into_iter().flatten());
    }
    let last = first + (records.len() as u64).max(1) - 1;
    let last_id = last_id(&records, before, &tips, own);

    let mut out = Writer::default();
    out.raw(&MAGIC);
    out.byte(FileKind::Segment.byte());
    out.uint(FORMAT_VERSION);
    out.uint(0);
    out.uint(0);
    out.raw(&WORKSPACE.0);
    out.raw(&AUTHOR.replica().0);
    out.raw(&AUTHOR.public_key().0);
    out.uint(first);
    out.uint(last);
    out.raw(&before.0);
    out.uint(tips.len() as u64);
    for tip in &tips {
        out.raw(&tip.replica.0);
        out.uint(tip.number);
        out.raw(&tip.id.0);
    }
    for block in blocks {
        let frame = zstd::bulk::compress(block, 1).ok()?;
        out.uint(frame.len() as u64);
        out.raw(&blake3::hash(&frame).as_bytes()[..8]);
        out.raw(&frame);
    }
    out.uint(0);
    out.uint(last - first + 1);
    out.raw(&last_id.0);
    out.raw(blake3::hash(&out.0).as_bytes());
    out.raw(&AUTHOR.sign_head(last, &last_id).0);
    Some(out.0)
}

/// The id of the last record, if all can be told.
fn last_id(records: &[RecordParts], before: RecordId, tips: &[Tip], own: &Record) -> RecordId {
    let mut previous = before;
    let mut lines = std::collections::HashMap::new();
    if before == own.id() {
        lines.insert(own.document(), own.id());
    }
    for parts in records {
        let parent = |parent: &inkfold_engine::codec::ParentRef| {
            let tip = tips.get(parent.tip as usize)?;
            HELD.record_at(&tip.id, parent.number).ok().flatten()
        };
        let parents = parts.parents.iter().filter_map(parent).collect();
        let here = lines.get(&parts.content.document).copied();
        let record = Record::seal(parts.content.clone(), previous, here, parents);
        previous = record.id();
        lines.insert(record.document(), previous);
    }
    previous
}

/// A file with its end made good: the hash, and the signature under the record that it says is the last.
fn seal(mut file: Vec<u8>) -> Vec<u8> {
    const SEAL: usize = 32 + 64;
    let Some(body) = file.len().checked_sub(SEAL).filter(|body| *body >= 32) else { return file };
    let mut last_id = RecordId::NONE;
    last_id.0.copy_from_slice(&file[body - 32..body]);
    // Magic, kind, version, cipher, key epoch, workspace, author and key come before the numbers.
    let mut header = Reader(file.get(MAGIC.len() + 4 + 64..).unwrap_or_default());
    let last = header.uint().and_then(|_| header.uint()).unwrap_or_default();
    let hash = blake3::hash(&file[..body]);
    file[body..body + 32].copy_from_slice(hash.as_bytes());
    file[body + 32..].copy_from_slice(&AUTHOR.sign_head(last, &last_id).0);
    file
}
