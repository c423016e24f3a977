//! What a stranger's or a broken file can do: be refused with a reason, and nothing else.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::time::Duration;

use common::{WORKSPACE, Writer, document, folder, parse};
use inkfold_engine::codec::{BlockHeader, ParentRef, RecordParts, Writer as Bytes, encode_block};
use inkfold_engine::record::Content;
use inkfold_engine::{Event, Events, Insertion, Record, RecordId, ReplicaId, WorkspaceId};
use inkfold_folder::kind::MAGIC;
use inkfold_folder::segment::{MAX_NUMBER, Tip};
use inkfold_folder::{
    Checkpoint, HeldRecords, Identity, Refusal, Segment, SegmentFile, Signer, Unresolved, encode_segment,
};

/// A file put together by hand, sealed and signed like a good one.
struct Raw {
    version: u64,
    kind: u8,
    workspace: WorkspaceId,
    author: ReplicaId,
    numbers: (u64, u64),
    before: RecordId,
    cipher: (u64, u64),
    tips: Vec<Tip>,
    blocks: Vec<Vec<u8>>,
    count: u64,
    last_id: RecordId,
    tail: Vec<u8>,
}

fn ada() -> Identity {
    Identity::from_seed([1; 32], WORKSPACE)
}

fn record_parts(number: u64, first_seq: u64, text: &str) -> RecordParts {
    let text = Event::Insert { at: 0, what: Insertion::Text(text.into()) };
    RecordParts {
        content: Content {
            workspace: WORKSPACE,
            document: document(1),
            replica: ada().replica(),
            number,
            first_seq,
            time: 0,
            events: Events::from_runs([text]),
        },
        parents: vec![],
    }
}

fn block(parts: &[RecordParts]) -> Vec<u8> {
    let header = BlockHeader { workspace: WORKSPACE, replica: ada().replica(), first_number: parts[0].content.number };
    zstd::bulk::compress(&encode_block(&header, parts), 3).unwrap()
}

fn raw() -> Raw {
    let parts = record_parts(1, 0, "Hello");
    let record = Record::seal(parts.content.clone(), RecordId::NONE, None, vec![]);
    Raw {
        version: 1,
        kind: b'S',
        workspace: WORKSPACE,
        author: ada().replica(),
        numbers: (1, 1),
        before: RecordId::NONE,
        cipher: (0, 0),
        tips: vec![],
        blocks: vec![block(&[parts])],
        count: 1,
        last_id: record.id(),
        tail: vec![],
    }
}

impl Raw {
    fn bytes(&self) -> Vec<u8> {
        let mut out = Bytes::default();
        out.raw(&MAGIC);
        out.byte(self.kind);
        out.uint(self.version);
        out.uint(self.cipher.0);
        out.uint(self.cipher.1);
        out.raw(&self.workspace.0);
        out.raw(&self.author.0);
        out.raw(&ada().public_key().0);
        out.uint(self.numbers.0);
        out.uint(self.numbers.1);
        out.raw(&self.before.0);
        out.uint(self.tips.len() as u64);
        for tip in &self.tips {
            out.raw(&tip.replica.0);
            out.uint(tip.number);
            out.raw(&tip.id.0);
        }
        for frame in &self.blocks {
            out.uint(frame.len() as u64);
            out.raw(&blake3::hash(frame).as_bytes()[..8]);
            out.raw(frame);
        }
        out.uint(0);
        out.uint(self.count);
        out.raw(&self.last_id.0);
        out.raw(&self.tail);
        let hash = blake3::hash(&out.0);
        out.raw(hash.as_bytes());
        out.raw(&ada().sign_head(self.numbers.1, &self.last_id).0);
        out.0
    }
}

fn tip(i: u8, number: u64) -> Tip {
    Tip { replica: ReplicaId([i; 16]), number, id: RecordId([i; 32]) }
}

/// A change to a raw file, and the code of the refusal that it has to meet.
type Case = (&'static str, fn(&mut Raw), &'static str);

#[test]
fn well_signed_lies_are_refused_each_with_its_reason() {
    assert!(parse(&raw().bytes()).is_ok_and(|segment| segment.resolve(&HeldRecords::default()).is_ok()));
    let table: &[Case] = &[
        ("newer format", |raw| raw.version = 2, "file/newer-format"),
        ("a format before the first", |raw| raw.version = 0, "file/malformed"),
        ("much newer format", |raw| raw.version = u64::MAX, "file/newer-format"),
        ("another kind", |raw| raw.kind = b'A', "file/unknown-kind"),
        ("another workspace", |raw| raw.workspace = WorkspaceId([9; 16]), "file/other-workspace"),
        ("another author", |raw| raw.author = ReplicaId([9; 16]), "file/wrong-key"),
        ("a cipher", |raw| raw.cipher.0 = 1, "file/encrypted"),
        ("a key epoch", |raw| raw.cipher.1 = 1, "file/encrypted"),
        ("number zero", |raw| raw.numbers = (0, 1), "file/malformed"),
        ("numbers backwards", |raw| raw.numbers = (2, 1), "file/malformed"),
        ("the top of the range", |raw| raw.numbers = (u64::MAX, u64::MAX), "file/malformed"),
        ("past the top", |raw| raw.numbers = (MAX_NUMBER + 1, MAX_NUMBER + 1), "file/malformed"),
        ("all numbers there are", |raw| raw.numbers = (1, MAX_NUMBER), "file/bomb"),
        ("a first record with one before", |raw| raw.before = RecordId([1; 32]), "file/malformed"),
        ("a later one without", |raw| raw.numbers = (2, 2), "file/malformed"),
        ("a count that lies", |raw| raw.count = 2, "file/malformed"),
        ("numbers that lie", |raw| raw.numbers = (1, 2), "file/malformed"),
        ("numbers and count that lie", |raw| (raw.numbers, raw.count) = ((1, 2), 2), "file/malformed"),
        ("no blocks", |raw| raw.blocks.clear(), "file/malformed"),
        ("a block too many", |raw| raw.blocks.push(raw.blocks[0].clone()), "file/malformed"),
        ("a block of nothing", |raw| raw.blocks.push(zstd::bulk::compress(&[], 3).unwrap()), "file/malformed"),
        ("no zstd", |raw| raw.blocks[0] = vec![1, 2, 3], "file/malformed"),
        ("no columns", |raw| raw.blocks[0] = zstd::bulk::compress(&[255; 40], 3).unwrap(), "file/malformed"),
        ("bytes after the end", |raw| raw.tail = vec![0; 9], "file/malformed"),
        ("a tip that nobody names", |raw| raw.tips = vec![tip(1, 1)], "file/malformed"),
        ("tips out of order", |raw| raw.tips = vec![tip(2, 1), tip(1, 1)], "file/malformed"),
        ("a tip twice", |raw| raw.tips = vec![tip(1, 1), tip(1, 1)], "file/malformed"),
        ("a tip past the top", |raw| raw.tips = vec![tip(1, u64::MAX)], "file/malformed"),
        (
            "a parent without a tip",
            |raw| {
                let mut parts = record_parts(1, 0, "Hello");
                parts.parents = vec![ParentRef { tip: 3, number: 1 }];
                raw.blocks = vec![block(&[parts])];
            },
            "file/malformed",
        ),
        (
            "a parent past its tip",
            |raw| {
                let mut parts = record_parts(1, 0, "Hello");
                parts.parents = vec![ParentRef { tip: 0, number: 2 }];
                (raw.tips, raw.blocks) = (vec![tip(1, 1)], vec![block(&[parts])]);
            },
            "file/malformed",
        ),
        (
            "two parents on one branch",
            |raw| {
                let mut parts = record_parts(1, 0, "Hello");
                parts.parents = vec![ParentRef { tip: 0, number: 2 }, ParentRef { tip: 0, number: 1 }];
                (raw.tips, raw.blocks) = (vec![tip(1, 2)], vec![block(&[parts])]);
            },
            "file/malformed",
        ),
        (
            "a zstd bomb",
            |raw| raw.blocks[0] = zstd::stream::encode_all(&vec![0; 32 << 20][..], 1).unwrap(),
            "file/bomb",
        ),
        (
            "a frame that asks for much memory",
            |raw| raw.blocks[0] = zstd::bulk::compress(&vec![0; 32 << 20], 19).unwrap(),
            "file/malformed",
        ),
        (
            "bombs below the bound, but many",
            |raw| {
                let count = 40u64;
                let text = "a".repeat(1_000_000);
                let blocks =
                    (1..=count).map(|i| block(&[record_parts(2 * i - 1, 0, &text), record_parts(2 * i, 0, &text)]));
                raw.blocks = blocks.collect();
                (raw.numbers, raw.count) = ((1, 2 * count), 2 * count);
            },
            "file/bomb",
        ),
        (
            "a record larger than a record may be",
            |raw| raw.blocks = vec![block(&[record_parts(1, 0, &"a".repeat(1 << 20))])],
            "file/record-too-large",
        ),
        (
            "runs without number, each two bytes",
            |raw| {
                let text = Event::Insert { at: 0, what: Insertion::Text("a".into()) };
                let parts = (1..=8).map(|i| {
                    let mut parts = record_parts(i, 0, "a");
                    parts.content.events = Events::Known(vec![text.clone(); 140_000].into());
                    parts
                });
                raw.blocks = vec![block(&parts.collect::<Vec<_>>())];
                (raw.numbers, raw.count) = ((1, 8), 8);
            },
            "file/malformed",
        ),
        (
            "records without number",
            |raw| {
                let parts: Vec<_> = (1..=270_000).map(|i| record_parts(i, i, "a")).collect();
                raw.blocks = parts.chunks(60_000).map(block).collect();
                (raw.numbers, raw.count) = ((1, 270_000), 270_000);
            },
            "file/bomb",
        ),
    ];
    for (what, change, code) in table {
        let mut raw = raw();
        change(&mut raw);
        let refusal = parse(&raw.bytes()).expect_err(what);
        assert_eq!(refusal.code(), *code, "{what}: {refusal}");
        assert!(refusal.to_string().len() > 30, "{what}: {refusal}");
    }
}

#[test]
fn what_only_the_chain_tells_is_refused_when_it_is_resolved() {
    let mut raw_file = raw();
    raw_file.last_id = RecordId([5; 32]);
    let none = HeldRecords::default();
    let resolve = |raw: &Raw| parse(&raw.bytes()).unwrap().resolve(&none).map(|_| ());
    assert!(matches!(resolve(&raw_file), Err(Unresolved::Refused(Refusal::WrongChain))));
    raw_file.blocks = vec![block(&[record_parts(1, 7, "Hello")])];
    assert!(matches!(resolve(&raw_file), Err(Unresolved::Refused(Refusal::WrongSeq { number: 1 }))));

    // Tips and the record before that are held, but are somebody else's.
    let (_, ben, files) = common::conversation();
    let theirs = &ben.chain[0];
    let mut lie = raw();
    (lie.numbers, lie.before) = ((2, 2), theirs.id());
    lie.blocks = vec![block(&[record_parts(2, 0, "Hello")])];
    let outcome = parse(&lie.bytes()).unwrap().resolve(&ben.held);
    assert!(matches!(outcome, Err(Unresolved::Refused(Refusal::WrongPlace(_)))));
    let mut lie = raw();
    let mut parts = record_parts(1, 0, "Hello");
    parts.parents = vec![ParentRef { tip: 0, number: 1 }];
    lie.tips = vec![Tip { replica: ReplicaId([3; 16]), number: 1, id: theirs.id() }];
    lie.blocks = vec![block(&[parts])];
    let outcome = parse(&lie.bytes()).unwrap().resolve(&ben.held);
    assert!(matches!(outcome, Err(Unresolved::Refused(Refusal::WrongPlace(_)))));
    // Without them it only waits.
    let outcome = parse(&lie.bytes()).unwrap().resolve(&none);
    assert!(matches!(outcome, Err(Unresolved::Pending(id)) if id == theirs.id()));
    assert!(matches!(parse(&files[2].bytes).unwrap().resolve(&none), Err(Unresolved::Pending(_))));
}

#[test]
fn a_file_cut_anywhere_or_with_any_bit_flipped_is_refused() {
    let (_, _, files) = common::conversation();
    for SegmentFile { bytes, .. } in &files {
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]).unwrap_err(), Refusal::Incomplete, "cut at {cut}");
            let mut zeroed = bytes.clone();
            zeroed[cut..].fill(0);
            if zeroed != *bytes {
                assert!(parse(&zeroed).is_err(), "zeros from {cut}");
            }
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&flipped).is_err(), "bit {bit}");
        }
        for more in [&[0][..], &[0; 512], bytes] {
            assert_eq!(parse(&[bytes, more].concat()).unwrap_err(), Refusal::Incomplete);
        }
    }
}

#[test]
fn forged_signatures_and_swapped_parts_are_refused() {
    let (ada_writer, ben, files) = common::conversation();
    // Ben signs Ada's records; Ada's key with Ben's signature.
    let forged = encode_segment(Signer::Own(&ben.identity), &ada_writer.chain[..2], &ada_writer.held);
    assert_eq!(forged.unwrap_err().code(), "segment/wrong-signer");
    let held = Signer::Held { key: ada_writer.identity.public_key(), signature: files[1].signature };
    let forged = encode_segment(held, &ada_writer.chain[..2], &ada_writer.held);
    assert_eq!(forged.unwrap_err().code(), "segment/wrong-signer");
    // One file's body under another's seal, with a hash that fits.
    let body = &files[0].bytes[..files[0].bytes.len() - 96];
    let signature = &files[1].bytes[files[1].bytes.len() - 64..];
    let swapped = [body, blake3::hash(body).as_bytes(), signature].concat();
    assert_eq!(parse(&swapped).unwrap_err(), Refusal::BadSignature);
    assert!(matches!(Segment::parse(&files[0].bytes, &WorkspaceId([9; 16])), Err(Refusal::OtherWorkspace(_))));
}

#[test]
fn bad_files_in_the_folder_are_listed_and_the_rest_goes_on() {
    let (ada_writer, ben, files) = common::conversation();
    let folder = folder();
    let root = folder.path();
    ada_writer.publish(root, &files[0]);
    let data = root.join("inkfold-data");
    let good = &files[0].bytes;
    let mut flipped = good.clone();
    flipped[100] ^= 4;
    let mut forged = good.clone();
    let end = forged.len();
    forged[end - 1] ^= 1;
    let bad: &[(&str, Vec<u8>, &str)] = &[
        ("cut.ink", good[..50].to_vec(), "file/incomplete"),
        ("flipped", flipped, "file/incomplete"),
        ("zeros.ink", vec![0; 500], "file/incomplete"),
        ("empty.ink", vec![], "file/incomplete"),
        ("text.ink", b"not a segment".to_vec(), "file/not-ours"),
        ("forged", forged, "file/bad-signature"),
        ("newer", Raw { version: 3, ..raw() }.bytes(), "file/newer-format"),
        ("lie", Raw { last_id: RecordId([5; 32]), ..raw() }.bytes(), "file/wrong-chain"),
    ];
    for (name, bytes, _) in bad {
        fs::write(data.join(name), bytes).unwrap();
    }
    // Ten gigabytes that take no space: with our magic in front, and without.
    for (name, start) in [("huge", &good[..]), ("huge.ink", b"\x89INK"), ("film.mp4", b"")] {
        fs::write(data.join(name), start).unwrap();
        fs::File::options().write(true).open(data.join(name)).unwrap().set_len(10 << 30).unwrap();
    }
    // Junk is nobody's business.
    for name in ["desktop.ini", ".DS_Store", "Thumbs.db", ".syncthing.x.ink.tmp", "~$notes.docx", ".nfs0001"] {
        fs::write(data.join(name), b"junk").unwrap();
        fs::write(root.join(name), b"junk").unwrap();
    }
    fs::create_dir(data.join("1-2-directory.ink")).unwrap();
    fs::create_dir_all(root.join("photos/inkfold-data")).unwrap();
    fs::write(root.join("photos/inkfold-data/good.ink"), &files[1].bytes).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root, data.join("loop")).unwrap();
        std::os::unix::fs::symlink(root.join("photos/inkfold-data/good.ink"), data.join("link.ink")).unwrap();
        std::os::unix::fs::symlink(root.join("photos"), root.join("inkfold-data-link")).unwrap();
        let fifo = data.join("fifo.ink");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(data.join("socket.ink")).unwrap();
    }
    let mut late = Writer::new(9);
    late.clock.advance(Duration::from_secs(10));
    for again in [false, true] {
        let report = late.sync(root);
        assert!(report.complete, "{:?}", report.trouble);
        let codes = |name: &str| {
            let path = data.strip_prefix(root).unwrap().join(name);
            report.refused.iter().find(|file| file.path == path).map(|file| (file.refusal.code(), file.again))
        };
        for (name, _, code) in bad {
            assert_eq!(codes(name), Some((*code, again)), "{name}");
        }
        assert_eq!(codes("huge"), Some(("file/too-large", again)));
        assert_eq!(codes("huge.ink"), Some(("file/not-ours", again)));
        assert_eq!(report.refused.len(), bad.len() + 2, "{:?}", report.refused);
        assert_eq!(late.held.len(), 2, "only what is in good files of the workspace's own directories");
    }
    // What arrives at last is taken.
    ben.publish(root, &files[1]);
    fs::write(data.join("cut.ink"), &files[2].bytes).unwrap();
    let report = late.sync(root);
    assert_eq!(late.held.len(), 5);
    assert_eq!(report.refused.len(), bad.len() + 1);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_listed_makes_a_scan_incomplete_and_no_more() {
    use inkfold_folder::fs::{Facts, FileSystem, Listing, RealFileSystem};
    use inkfold_folder::scan::scan;
    use std::io;
    use std::path::Path;

    /// Refuses one directory and one file, as permissions would for anybody but root.
    struct Locked(&'static str);

    impl FileSystem for Locked {
        fn is_directory(&self, path: &Path) -> io::Result<bool> {
            RealFileSystem.is_directory(path)
        }
        fn list(&self, directory: &Path, limit: usize) -> io::Result<Listing> {
            if directory.ends_with(self.0) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            RealFileSystem.list(directory, limit)
        }
        fn facts(&self, path: &Path) -> io::Result<Facts> {
            RealFileSystem.facts(path)
        }
        fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
            if path.ends_with(self.0) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            RealFileSystem.read(path, limit)
        }
        fn create_directory(&self, _: &Path) -> io::Result<()> {
            Err(io::ErrorKind::ReadOnlyFilesystem.into())
        }
        fn write_new(&self, _: &Path, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn sync_file(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
        fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
            Err(io::ErrorKind::ResourceBusy.into())
        }
        fn sync_directory(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
        fn remove_file(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
    }

    let folder = folder();
    let (ada_writer, _, files) = common::conversation();
    ada_writer.publish(folder.path(), &files[0]);
    let data = folder.path().join("inkfold-data");
    fs::create_dir(data.join("locked")).unwrap();
    let late = Writer::new(9);
    let mut held = 0;
    let mut memory = inkfold_folder::Memory::default();
    let report = scan(&Locked("locked"), &late.clock, folder.path(), &late.request(), &mut memory, &mut |_| {
        held += 1;
        inkfold_folder::Verdict::Taken
    });
    // A place that can't be read keeps nobody from publishing, unless it is in one's own directory.
    assert_eq!((held, report.complete, report.own_complete, report.trouble.len()), (1, false, true, 1));
    fs::create_dir_all(
        inkfold_folder::layout::replica_directory(folder.path(), &late.identity.replica()).join("locked"),
    )
    .unwrap();
    let take = &mut |_| inkfold_folder::Verdict::Taken;
    let report = scan(&Locked("locked"), &late.clock, folder.path(), &late.request(), &mut memory, take);
    assert_eq!((report.complete, report.own_complete, report.trouble.len()), (false, false, 2));

    let publisher = inkfold_folder::Publisher::new(&Locked("x"), &late.clock, folder.path());
    let code = |path: inkfold_folder::RelativePath| publisher.publish(&path, b"x").unwrap_err().code();
    assert_eq!(code(files[1].path(&ReplicaId([9; 16]))), "publish/read-only");
    assert_eq!(code(files[0].path(&ada_writer.identity.replica())), "publish/full");
    fs::create_dir_all(data.join(ada_writer.identity.replica().to_string()).join(files[1].name())).unwrap();
    assert_eq!(code(files[1].path(&ada_writer.identity.replica())), "publish/in-the-way");
}

#[test]
fn each_kind_is_read_as_far_as_it_may_be_large_and_attachments_not_at_all() {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    let folder = folder();
    let data = folder.path().join("inkfold-data");
    fs::create_dir_all(data.join("blobs (1)")).unwrap();
    let marked = |kind: u8, size: usize| {
        let mut bytes = [&MAGIC[..], &[kind, 0]].concat();
        bytes.resize(size, 7);
        bytes
    };
    // What lies among the attachments, or is named like one, is noted whatever it is.
    fs::write(data.join("blobs (1)/a.ink"), marked(b'S', 100)).unwrap();
    fs::write(data.join("b.inb"), marked(b'S', 200)).unwrap();
    fs::write(folder.path().join("c.INB"), marked(b'S', 300)).unwrap();
    let table = [
        ("segment.ink", b'S', 4 << 20),
        ("acknowledgement.ina", b'A', 1 << 20),
        ("presence.inp", b'P', 4 << 10),
        ("checkpoint.inc", b'C', 8 << 20),
        ("checkpoint under another name", b'C', 8 << 20),
    ];
    for (name, kind, max) in table {
        for (size, expected) in [(max, false), (max + 1, true)] {
            fs::write(data.join(name), marked(kind, size)).unwrap();
            let mut late = Writer::new(9);
            let report = late.sync(folder.path());
            let refused = report.refused.iter().find(|file| file.path.ends_with(name)).unwrap();
            assert_eq!(refused.refusal.code() == "file/too-large", expected, "{name} of {size} bytes: {refused:?}");
            let blobs = [("inkfold-data/blobs (1)/a.ink", 100), ("inkfold-data/b.inb", 200), ("c.INB", 300)];
            let blobs: BTreeMap<PathBuf, u64> = blobs.map(|(path, size)| (path.into(), size)).into();
            assert_eq!((report.blobs, report.complete), (blobs, true));
        }
    }
}

#[test]
fn a_checkpoint_is_refused_wherever_it_is_not_what_it_says() {
    let good = raw().bytes();
    let sealed = |body: &[u8]| [body, blake3::hash(body).as_bytes()].concat();
    let whole = Checkpoint::encode(&WORKSPACE, &[&good]).unwrap();
    let head = whole.len() - 32 - good.len() - 3;
    assert_eq!(whole[head], 1, "the count comes right after the head");
    let part = |count: &[u8], segments: &[&[u8]]| sealed(&[&whole[..head], count, &segments.concat()].concat());
    let length = &whole[head + 1..head + 3];
    let parsed = |bytes: &[u8]| Checkpoint::parse(bytes, &WORKSPACE).map(|checkpoint| checkpoint.hashes().count());
    assert_eq!(parsed(&part(&[1], &[length, &good])), Ok(1));

    let malformed = [
        ("nothing", part(&[0], &[])),
        ("the same twice", part(&[2], &[length, &good, length, &good])),
        ("more than it says", part(&[1], &[length, &good, length, &good])),
        ("fewer than it says", part(&[2], &[length, &good])),
        ("a count past all bounds", part(&[255, 255, 255, 255, 255, 255, 255, 255, 255, 1], &[length, &good])),
        ("a length past the end", part(&[1], &[&[255, 255, 3], &good])),
        ("a length past all bounds", part(&[1], &[&[255, 255, 255, 255, 255, 255, 255, 255, 255, 1], &good])),
    ];
    for (what, bytes) in &malformed {
        assert!(parsed(bytes).is_err(), "{what}");
    }
    for cut in 0..whole.len() {
        assert!(parsed(&whole[..cut]).is_err(), "cut at {cut}");
        let mut flipped = whole.clone();
        flipped[cut] ^= 1;
        assert!(parsed(&flipped).is_err(), "a flipped bit at {cut}");
    }
    assert_eq!(parsed(&vec![0; (8 << 20) + 1]), Err(Refusal::TooLarge { size: (8 << 20) + 1, max: 8 << 20 }));
    let elsewhere = Checkpoint::encode(&WorkspaceId([250; 16]), &[&good]).unwrap();
    assert_eq!(parsed(&elsewhere), Err(Refusal::OtherWorkspace(WorkspaceId([250; 16]))));
    // What is in it is a matter of its own: a bad segment leaves the others as they are.
    let mixed = Checkpoint::encode(&WORKSPACE, &[&good[..], b"no segment"]).unwrap();
    let outcomes: Vec<bool> =
        Checkpoint::parse(&mixed, &WORKSPACE).unwrap().segments().map(|segment| segment.is_ok()).collect();
    assert_eq!(outcomes, [true, false]);
}
