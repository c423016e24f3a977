//! Blobs in a folder that services and strangers have been at.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use common::{FILES, TestClock, WORKSPACE, folder};
use inkfold_engine::{ReplicaId, WorkspaceId};
use inkfold_folder::blob::{BlobError, BlobFiles, BlobHeader, MAX_BLOB_BYTES, copy_blob, write_blob};
use inkfold_folder::fs::Facts;
use inkfold_folder::{FileHash, FileSystem, Published, Publisher, RelativePath};

const CONTENT: &[u8] = &[42; 300];

fn header(size: u64) -> BlobHeader {
    BlobHeader { workspace: WORKSPACE, media_type: "image/png".into(), size }
}

fn blob(content: &[u8]) -> (FileHash, Vec<u8>) {
    let mut bytes = Vec::new();
    let hash = write_blob(&header(content.len() as u64), &mut &*content, &mut bytes).unwrap();
    assert_eq!(hash, FileHash::of(&bytes));
    (hash, bytes)
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let (hash, bytes) = blob(b"abc");
    let expected: &[u8] = &[b"\x89INK\0\r\n\x1aB\x01\0\0".as_slice(), &[7; 16], b"\x09image/png\x03abc"].concat();
    assert_eq!(bytes, expected);
    assert_eq!(RelativePath::blob(&hash).as_str(), format!("inkfold-data/blobs/{}.inb", &hash.to_string()[..16]));
    assert_eq!(hash.to_string().parse(), Ok(hash));
}

fn code(result: Result<BlobHeader, BlobError>) -> &'static str {
    match result {
        Ok(_) => "taken",
        Err(BlobError::Refused(refusal)) => refusal.code(),
        Err(BlobError::Stopped) => "stopped",
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn only_the_bytes_that_the_hash_names_are_taken() {
    let (hash, bytes) = blob(CONTENT);
    let (_, other) = blob(&[43; 300]);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        bytes
    };
    let lie = |size: u64| [&header(size).to_bytes()[..], CONTENT].concat();
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("as it was written", bytes.clone(), "taken"),
        ("empty", vec![], "file/incomplete"),
        ("cut in the magic", bytes[..5].to_vec(), "file/incomplete"),
        ("cut in the header", bytes[..20].to_vec(), "file/incomplete"),
        ("cut in the content", bytes[..bytes.len() - 1].to_vec(), "file/incomplete"),
        ("laid out, not filled", vec![0; bytes.len()], "file/incomplete"),
        ("one byte too many", with(&|b| b.push(0)), "file/malformed"),
        ("one bit turned", with(&|b| *b.last_mut().unwrap() ^= 1), "file/wrong-content"),
        ("another blob in its place", other, "file/wrong-content"),
        ("a length that lies", lie(1 << 20), "file/incomplete"),
        ("a length that is too great", lie(MAX_BLOB_BYTES + 1), "file/too-large"),
        ("a length of all bits", lie(u64::MAX), "file/too-large"),
        ("no file of ours", b"%PDF-1.7 and more of that kind".to_vec(), "file/not-ours"),
        ("a segment", with(&|b| b[8] = b'S'), "file/unknown-kind"),
        ("a newer format", with(&|b| b[9] = 2), "file/newer-format"),
        ("encrypted", with(&|b| b[10] = 1), "file/encrypted"),
        ("another workspace's", with(&|b| b[12] ^= 1), "file/other-workspace"),
        ("no media type", with(&|b| b[29] = b'\n'), "file/malformed"),
    ];
    for (what, bytes, expected) in table {
        let mut copy = Vec::new();
        let result = copy_blob(&mut &*bytes, &mut copy, &WORKSPACE, &hash, &|| false);
        assert_eq!(code(result), expected, "{what}");
        assert!(copy.len() <= bytes.len(), "{what}");
    }
}

/// A source that would go on for ever.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0 += into.len() as u64;
        into.fill(7);
        Ok(into.len())
    }
}

#[test]
fn no_more_is_read_than_the_header_promises_and_a_stop_is_heard() {
    let mut endless = Endless(0);
    let mut start = Cursor::new(header(1 << 20).to_bytes());
    let (hash, _) = blob(CONTENT);
    let result = copy_blob(&mut start.by_ref().chain(&mut endless), &mut io::sink(), &WORKSPACE, &hash, &|| false);
    assert_eq!(code(result), "file/malformed");
    assert!(endless.0 <= (1 << 20) + (128 << 10), "{}", endless.0);

    let mut endless = Endless(0);
    let mut start = Cursor::new(header(MAX_BLOB_BYTES).to_bytes());
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let result = copy_blob(&mut start.by_ref().chain(&mut endless), &mut io::sink(), &WORKSPACE, &hash, &stop);
    assert_eq!(code(result), "stopped");
    assert!(endless.0 <= 4 * (64 << 10));
}

fn put(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The first candidate that is the blob.
fn find(folder: &Path, hash: &FileHash) -> Option<PathBuf> {
    BlobFiles::list(&FILES, folder).unwrap().candidates(hash).into_iter().map(|file| file.path).find(|path| {
        let mut file = FILES.open(&folder.join(path)).unwrap();
        copy_blob(&mut *file, &mut io::sink(), &WORKSPACE, hash, &|| false).is_ok()
    })
}

#[test]
fn a_blob_is_found_under_what_services_make_of_its_name() {
    let (hash, bytes) = blob(CONTENT);
    let h16 = hash.h16();
    let table = [
        (format!("inkfold-data/blobs/{h16}.inb"), true),
        (format!("inkfold-data/blobs/{h16} (Anna's conflicted copy 2026-11-25).inb"), true),
        (format!("inkfold-data/blobs/{h16}.sync-conflict-20261125-120000-ABCDEFG.inb"), true),
        (format!("inkfold-data/blobs/Copy of {}.INB", h16.to_uppercase()), true),
        (format!("Inkfold-Data (1)/Blobs (1)/{h16}.inb"), true),
        ("inkfold-data/blobs/another.inb".into(), false),
        (format!("elsewhere/blobs/{h16}.inb"), false),
    ];
    for (path, found) in table {
        let folder = folder();
        put(folder.path(), &path, &bytes);
        assert_eq!(find(folder.path(), &hash).is_some(), found, "{path}");
    }
    // A damaged one of the right name, and the good one beside it.
    let folder = folder();
    put(folder.path(), &format!("inkfold-data/blobs/{h16}.inb"), &bytes[..30]);
    put(folder.path(), &format!("inkfold-data/blobs/0 {h16}.inb"), &bytes);
    std::fs::create_dir(folder.path().join(format!("inkfold-data/blobs/{h16} directory"))).unwrap();
    let files = BlobFiles::list(&FILES, folder.path()).unwrap();
    let names = files.candidates(&hash).into_iter().map(|file| file.path).collect::<Vec<_>>();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], RelativePath::blob(&hash).below(Path::new("")), "its own name comes first");
    assert_eq!(find(folder.path(), &hash), Some(names[1].clone()));
    assert_eq!(files.named(&hash).map(|file| file.facts.size), Some(30));
    assert!(files.may_hold(&hash, 30) && files.may_hold(&hash, bytes.len() as u64) && !files.may_hold(&hash, 31));
}

#[test]
fn publishing_writes_the_blob_once_and_again_where_it_is_cut() {
    let folder = folder();
    let clock = TestClock::new();
    let publisher = Publisher::new(&FILES, &clock, folder.path());
    let by = ReplicaId([3; 16]);
    let (hash, bytes) = blob(CONTENT);
    let replace = |damaged: Option<&Facts>| {
        let source = bytes.clone();
        publisher.publish_blob(&hash, bytes.len() as u64, &by, damaged, &|| Ok(Box::new(Cursor::new(source.clone()))))
    };
    let publish = || replace(None);
    let place = RelativePath::blob(&hash).below(folder.path());
    assert_eq!(publish().unwrap(), Published::Written);
    assert_eq!(std::fs::read(&place).unwrap(), bytes);
    assert_eq!(publish().unwrap(), Published::WasThere);
    std::fs::write(&place, &bytes[..10]).unwrap();
    assert_eq!(publish().unwrap(), Published::Written);
    assert_eq!(std::fs::read(&place).unwrap(), bytes);
    std::fs::write(&place, vec![1; bytes.len()]).unwrap();
    let damaged = FILES.facts(&place).unwrap();
    assert_eq!(
        replace(Some(&Facts { modified: 0, ..damaged })).unwrap(),
        Published::WasThere,
        "it is another file by now"
    );
    assert_eq!(replace(Some(&damaged)).unwrap(), Published::Written);
    assert_eq!(std::fs::read(&place).unwrap(), bytes);
    std::fs::remove_file(&place).unwrap();
    let failing = publisher.publish_blob(&hash, bytes.len() as u64, &by, None, &|| Err(io::Error::other("gone")));
    assert!(failing.is_err());
    assert!(!place.exists());
    let own = folder.path().join("inkfold-data").join(by.to_string());
    assert_eq!(std::fs::read_dir(own).unwrap().count(), 0, "no temporary file stays");
}

#[test]
fn another_workspaces_blob_is_not_ours() {
    let (hash, bytes) = blob(CONTENT);
    let result = copy_blob(&mut &*bytes, &mut io::sink(), &WorkspaceId([9; 16]), &hash, &|| false);
    assert_eq!(code(result), "file/other-workspace");
}
