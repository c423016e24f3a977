//! Acknowledgements and presences: what is written is read, and anything else is refused with a reason.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use common::{FILES, WORKSPACE, Writer, folder, holdings, spot};
use inkfold_engine::codec::Writer as Bytes;
use inkfold_engine::{ElementId, Place, RecordId, ReplicaId, Side, WorkspaceId};
use inkfold_folder::acknowledgement::MAX_NAMED_FILES;
use inkfold_folder::kind::MAGIC;
use inkfold_folder::presence::MAX_NAME_CHARS;
use inkfold_folder::scan::scan;
use inkfold_folder::segment::MAX_NUMBER;
use inkfold_folder::signed::MAX_COUNTER;
use inkfold_folder::{
    Acknowledgement, FileContent, FileKind, Head, Holdings, Identity, Memory, Presence, Publisher, Refusal,
    RelativePath, ShortHash, Spot, Verdict,
};

fn ada() -> Identity {
    Identity::from_seed([1; 32], WORKSPACE)
}

fn acknowledgement() -> Vec<u8> {
    Acknowledgement::encode(&ada(), 3, 1_800_000_000_000, &holdings()).unwrap()
}

fn presence() -> Vec<u8> {
    Presence::encode(&ada(), 7, "Ada", Some(&spot()))
}

/// Reads a file of whichever kind and says only why not.
fn refusal(kind: FileKind, bytes: &[u8], workspace: &WorkspaceId) -> Option<Refusal> {
    match kind {
        FileKind::Acknowledgement => Acknowledgement::parse(bytes, workspace).err(),
        _ => Presence::parse(bytes, workspace).err(),
    }
}

#[test]
fn what_is_written_is_read() {
    let read = Acknowledgement::parse(&acknowledgement(), &WORKSPACE).unwrap();
    assert_eq!((read.replica, read.key), (ada().replica(), ada().public_key()));
    assert_eq!((read.counter, read.written, read.holdings), (3, 1_800_000_000_000, holdings()));
    // Times far away and no holdings are fine.
    for written in [i64::MIN, 0, i64::MAX] {
        let bytes = Acknowledgement::encode(&ada(), MAX_COUNTER, written, &Holdings::default()).unwrap();
        assert_eq!(Acknowledgement::parse(&bytes, &WORKSPACE).map(|read| read.written), Ok(written));
    }

    let element = |replica: u8, seq| Some(ElementId { replica: ReplicaId([replica; 16]), seq });
    let places = [
        Place { element: None, side: Side::After },
        Place { element: None, side: Side::Before },
        Place { element: element(3, 0), side: Side::After },
        Place { element: element(4, u64::MAX), side: Side::Before },
    ];
    for (anchor, head) in places.iter().flat_map(|anchor| places.iter().map(move |head| (*anchor, *head))) {
        let spot = Spot { anchor, head, ..spot() };
        let read = Presence::parse(&Presence::encode(&ada(), 1, "Ada", Some(&spot)), &WORKSPACE).unwrap();
        assert_eq!((read.spot, read.name.as_str()), (Some(spot), "Ada"));
    }
    // A name is written as far as it can stand there.
    let names = [("", String::new()), ("A\nd\u{7}a", "Ada".into()), (&"ü".repeat(300), "ü".repeat(MAX_NAME_CHARS))];
    for (name, expected) in names {
        let read = Presence::parse(&Presence::encode(&ada(), 1, name, None), &WORKSPACE).unwrap();
        assert_eq!((read.name, read.spot), (expected, None));
    }
}

#[test]
fn a_file_cut_anywhere_or_with_any_bit_flipped_is_refused() {
    for (kind, bytes) in [(FileKind::Acknowledgement, acknowledgement()), (FileKind::Presence, presence())] {
        assert_eq!(refusal(kind, &bytes, &WORKSPACE), None);
        for cut in 0..bytes.len() {
            assert_eq!(refusal(kind, &bytes[..cut], &WORKSPACE), Some(Refusal::Incomplete), "cut at {cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(refusal(kind, &flipped, &WORKSPACE).is_some(), "bit {bit}");
        }
        assert_eq!(refusal(kind, &[&bytes[..], &[0]].concat(), &WORKSPACE), Some(Refusal::Incomplete));
        let other = WorkspaceId([9; 16]);
        assert_eq!(refusal(kind, &bytes, &other), Some(Refusal::OtherWorkspace(WORKSPACE)));
    }
}

/// A file that is well sealed, whatever it says.
fn forged(kind: FileKind, from: &[u8], context: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    use ed25519_dalek::{Signer, SigningKey};
    let mut bytes = from[..from.len() - 96].to_vec();
    change(&mut bytes);
    let hash = *blake3::hash(&bytes).as_bytes();
    let key = SigningKey::from_bytes(&[1; 32]);
    bytes.extend(hash);
    bytes.extend(key.sign(&[context, &hash].concat()).to_bytes());
    assert!(from.starts_with(&[&MAGIC[..], &[kind.byte()]].concat()));
    bytes
}

const ACKNOWLEDGES: &[u8] = b"inkfold acknowledgement\n";
const PRESENT: &[u8] = b"inkfold presence\n";

#[test]
fn well_signed_lies_are_refused_each_with_its_reason() {
    // Up to the counter both kinds are the same; what comes after it is written anew.
    let head = MAGIC.len() + 4 + 16 + 16 + 32;
    let body = |write: &dyn Fn(&mut Bytes)| {
        let mut out = Bytes::default();
        write(&mut out);
        out.0
    };
    let record = |out: &mut Bytes, number: u64| {
        out.uint(number);
        out.raw(&[number as u8; 32]);
    };
    type Body<'a> = &'a dyn Fn(&mut Bytes);
    let acknowledgements: [(&str, Body, &str); 14] = [
        ("nothing held", &|out| out.raw(&[1, 0, 0, 0]), ""),
        ("counter zero", &|out| out.raw(&[0, 0, 0, 0]), "file/malformed"),
        (
            "the top of the counters",
            &|out| {
                out.uint(u64::MAX);
                out.raw(&[0, 0, 0]);
            },
            "file/malformed",
        ),
        ("a longer form", &|out| out.raw(&[0x81, 0, 0, 0, 0]), "file/malformed"),
        ("cut short", &|out| out.raw(&[1, 0]), "file/malformed"),
        ("bytes after the end", &|out| out.raw(&[1, 0, 0, 0, 0]), "file/malformed"),
        (
            "replicas without number",
            &|out| {
                out.raw(&[1, 0]);
                out.uint(u64::MAX);
            },
            "file/malformed",
        ),
        (
            "a replica without heads",
            &|out| {
                out.raw(&[1, 0, 1]);
                out.raw(&[7; 16]);
                out.raw(&[0; 40]);
            },
            "file/malformed",
        ),
        (
            "number zero",
            &|out| {
                out.raw(&[1, 0, 1]);
                out.raw(&[7; 16]);
                out.uint(1);
                record(out, 0);
                out.uint(0);
            },
            "file/malformed",
        ),
        (
            "a number past the top",
            &|out| {
                out.raw(&[1, 0, 1]);
                out.raw(&[7; 16]);
                out.uint(1);
                record(out, MAX_NUMBER + 1);
                out.uint(0);
            },
            "file/malformed",
        ),
        (
            "heads out of order",
            &|out| {
                out.raw(&[1, 0, 1]);
                out.raw(&[7; 16]);
                out.uint(2);
                record(out, 2);
                record(out, 2);
                out.uint(0);
            },
            "file/malformed",
        ),
        (
            "replicas out of order",
            &|out| {
                out.raw(&[1, 0, 2]);
                for replica in [8, 7] {
                    out.raw(&[replica; 16]);
                    out.uint(1);
                    record(out, 2);
                }
                out.uint(0);
            },
            "file/malformed",
        ),
        (
            "files out of order",
            &|out| {
                out.raw(&[1, 0, 0, 2]);
                out.raw(&[3; 20]);
            },
            "file/malformed",
        ),
        (
            "files without number",
            &|out| {
                out.raw(&[1, 0, 0]);
                out.uint(MAX_NAMED_FILES as u64 + 1);
                out.raw(&vec![0; 10 * (MAX_NAMED_FILES + 1)]);
            },
            "file/bomb",
        ),
    ];
    for (what, write, code) in acknowledgements {
        let bytes = forged(FileKind::Acknowledgement, &acknowledgement(), ACKNOWLEDGES, |bytes| {
            bytes.truncate(head);
            bytes.extend(body(write));
        });
        let refused = refusal(FileKind::Acknowledgement, &bytes, &WORKSPACE);
        assert_eq!(refused.map_or("", |refusal| refusal.code()), code, "{what}");
    }

    let at = |out: &mut Bytes, places: &[u8]| {
        out.raw(&[1, 1, b'A']);
        out.byte(places.len() as u8);
        out.raw(&[5; 16]);
        for place in places {
            out.byte(*place);
            if place & 2 != 0 {
                out.raw(&[7; 16]);
                out.uint(1);
            }
        }
    };
    let presences: [(&str, Body, &str); 11] = [
        ("nowhere", &|out| out.raw(&[1, 1, b'A', 0]), ""),
        ("a caret", &|out| at(out, &[2]), ""),
        ("a selection", &|out| at(out, &[2, 0]), ""),
        ("counter zero", &|out| out.raw(&[0, 1, b'A', 0]), "file/malformed"),
        ("a name of control characters", &|out| out.raw(&[1, 1, 7, 0]), "file/malformed"),
        ("a name that isn't text", &|out| out.raw(&[1, 1, 0xff, 0]), "file/malformed"),
        (
            "a name without end",
            &|out| {
                out.uint(1);
                out.text(&"a".repeat(MAX_NAME_CHARS + 1));
                out.byte(0);
            },
            "file/malformed",
        ),
        ("a selection of nothing", &|out| at(out, &[2, 2]), "file/malformed"),
        ("three places", &|out| at(out, &[2, 0, 1]), "file/malformed"),
        ("a place of no known kind", &|out| at(out, &[4]), "file/malformed"),
        (
            "bytes after the end",
            &|out| {
                at(out, &[0]);
                out.byte(0);
            },
            "file/malformed",
        ),
    ];
    for (what, write, code) in presences {
        let bytes = forged(FileKind::Presence, &presence(), PRESENT, |bytes| {
            bytes.truncate(head);
            bytes.extend(body(write));
        });
        let refused = refusal(FileKind::Presence, &bytes, &WORKSPACE);
        assert_eq!(refused.map_or("", |refusal| refusal.code()), code, "{what}");
    }
}

#[test]
fn forged_newer_and_foreign_ones_are_refused() {
    type Case = (&'static str, &'static [u8], fn(&mut Vec<u8>), &'static str);
    let table: [Case; 6] = [
        ("as it is", ACKNOWLEDGES, |_| {}, ""),
        ("signed as something else", PRESENT, |_| {}, "file/bad-signature"),
        ("another replica's id", ACKNOWLEDGES, |bytes| bytes[32] ^= 1, "file/wrong-key"),
        ("another's key", ACKNOWLEDGES, |bytes| bytes[52] ^= 1, "file/wrong-key"),
        ("newer", ACKNOWLEDGES, |bytes| bytes[9] = 2, "file/newer-format"),
        ("another workspace's", ACKNOWLEDGES, |bytes| bytes[12] ^= 1, "file/other-workspace"),
    ];
    for (what, context, change, code) in table {
        let bytes = forged(FileKind::Acknowledgement, &acknowledgement(), context, change);
        let refused = refusal(FileKind::Acknowledgement, &bytes, &WORKSPACE);
        assert_eq!(refused.map_or("", |refusal| refusal.code()), code, "{what}");
    }
    // Well signed by somebody, with the id and the key of somebody else.
    let ben = Acknowledgement::encode(&Identity::from_seed([2; 32], WORKSPACE), 3, 0, &holdings()).unwrap();
    let bytes = forged(FileKind::Acknowledgement, &ben, ACKNOWLEDGES, |_| {});
    assert_eq!(refusal(FileKind::Acknowledgement, &bytes, &WORKSPACE), Some(Refusal::BadSignature));
    // One kind is never taken for the other.
    assert_eq!(refusal(FileKind::Presence, &acknowledgement(), &WORKSPACE), Some(Refusal::UnknownKind(b'A')));
}

#[test]
fn more_than_a_file_may_hold_is_not_written() {
    let heads = |replicas: u64| -> BTreeMap<ReplicaId, BTreeSet<Head>> {
        let id = |i: u64| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&i.to_be_bytes());
            ReplicaId(id)
        };
        (0..replicas).map(|i| (id(i), [Head { number: MAX_NUMBER, id: RecordId([1; 32]) }].into())).collect()
    };
    let files = (0..2 * MAX_NAMED_FILES as u32).map(|i| {
        let mut hash = [0; ShortHash::LEN];
        hash[..4].copy_from_slice(&i.to_be_bytes());
        ShortHash(hash)
    });
    let many = Holdings { heads: heads(10_000), files: files.collect() };
    let read = Acknowledgement::parse(&Acknowledgement::encode(&ada(), 1, 0, &many).unwrap(), &WORKSPACE).unwrap();
    assert_eq!((read.holdings.heads, read.holdings.files.len()), (many.heads, MAX_NAMED_FILES));
    assert!(Acknowledgement::encode(&ada(), 1, 0, &Holdings { heads: heads(30_000), ..Holdings::default() }).is_err());
}

#[test]
fn a_scan_hands_over_each_once_under_whatever_name_and_again_when_it_was_replaced() {
    let folder = folder();
    let mut late = Writer::new(9);
    let publisher = Publisher::new(&FILES, &late.clock, folder.path());
    let ada = ada().replica();
    publisher.publish(&RelativePath::acknowledgement(&ada), &acknowledgement()).unwrap();
    publisher.publish(&RelativePath::presence(&ada), &presence()).unwrap();
    // A service's copies of the same.
    fs::write(folder.path().join("inkfold-data/acks/x (conflicted copy).ina"), acknowledgement()).unwrap();
    fs::write(folder.path().join("a presence.txt"), presence()).unwrap();

    let mut memory = Memory::default();
    let (request, clock) = (late.request(), &late.clock);
    let mut look = || {
        let mut found = Vec::new();
        let report = scan(&FILES, clock, folder.path(), &request, &mut memory, &mut |new| {
            found.push(match new.content {
                FileContent::Acknowledgement(acknowledgement) => ('a', acknowledgement.counter),
                FileContent::Presence(presence) => ('p', presence.counter),
                _ => panic!("there are no records here"),
            });
            Verdict::Taken
        });
        assert!(report.complete && report.refused.is_empty(), "{:?}", report.refused);
        assert!(report.present.is_empty(), "only records are what a folder must not lose");
        found.sort_unstable();
        found
    };
    assert_eq!(look(), [('a', 3), ('p', 7)]);
    assert_eq!(look(), []);
    let again = Presence::encode(&Identity::from_seed([1; 32], WORKSPACE), 8, "Ada", None);
    publisher.publish(&RelativePath::presence(&ada), &again).unwrap();
    assert_eq!(look(), [('p', 8)]);
    assert_eq!(late.sync(folder.path()).refused.len(), 0);
}
