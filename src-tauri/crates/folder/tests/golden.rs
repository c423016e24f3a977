//! Golden bytes: what was once written stays readable, and stays what is written.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{WORKSPACE, holdings, parse, spot};
use inkfold_engine::RecordId;
use inkfold_folder::Checkpoint;
use inkfold_folder::{Acknowledgement, Identity, Presence};

const NAMES: [&str; 3] = ["segment-1", "segment-2", "segment-3"];

fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn segments_are_the_bytes_that_they_were() {
    let (ada, _, files) = common::conversation();
    let mut ids = String::new();
    for (name, file) in NAMES.iter().zip(&files) {
        let golden = fs::read(golden(&format!("{name}.ink"))).unwrap();
        let segment = parse(&golden).unwrap();
        let records = segment.resolve(&ada.held).unwrap();
        assert!(records.iter().all(|record| ada.held.contains(&record.id())), "{name}");
        assert_eq!((segment.last_id(), segment.signature()), (file.last_id, file.signature), "{name}");
        assert_eq!(segment.header(), &file.header, "{name}");
        // Another version of zstd may compress otherwise, which would be no change of the format: make the files anew
        // then, after a look at what has changed.
        assert_eq!(file.bytes, golden, "{name}");
        ids.extend(records.iter().map(|record| format!("{}\n", record.id())));
    }
    assert_eq!(ids, fs::read_to_string(golden("records.txt")).unwrap());
    assert_ne!(files[0].last_id, RecordId::NONE);
}

fn ada() -> Identity {
    Identity::from_seed([1; 32], WORKSPACE)
}

/// The small signed files, with their names.
fn signed() -> [(&'static str, Vec<u8>); 2] {
    let acknowledgement = Acknowledgement::encode(&ada(), 3, 1_800_000_000_000, &holdings()).unwrap();
    [("acknowledgement.ina", acknowledgement), ("presence.inp", Presence::encode(&ada(), 7, "Ada", Some(&spot())))]
}

#[test]
fn signed_files_are_the_bytes_that_they_were() {
    for (name, bytes) in signed() {
        assert_eq!(bytes, fs::read(golden(name)).unwrap(), "{name}");
    }
}

fn checkpoint() -> Vec<u8> {
    let (_, _, files) = common::conversation();
    let files: Vec<&[u8]> = files.iter().map(|file| file.bytes.as_slice()).collect();
    Checkpoint::encode(&common::WORKSPACE, &files).unwrap()
}

#[test]
fn checkpoints_are_the_bytes_that_they_were() {
    let golden = fs::read(golden("checkpoint.inc")).unwrap();
    assert_eq!(golden, checkpoint());
    let (_, _, files) = common::conversation();
    let checkpoint = Checkpoint::parse(&golden, &common::WORKSPACE).unwrap();
    assert_eq!(checkpoint.hashes().collect::<Vec<_>>(), files.iter().map(|file| file.hash).collect::<Vec<_>>());
    for (segment, file) in checkpoint.segments().zip(&files) {
        let segment = segment.unwrap();
        assert_eq!((segment.header(), segment.last_id()), (&file.header, file.last_id));
    }
}

/// Writes the golden files: `cargo test -p inkfold-folder --test golden -- --ignored`.
#[test]
#[ignore = "overwrites the golden files"]
fn write_golden_files() {
    let (ada, _, files) = common::conversation();
    let mut ids = String::new();
    for (name, file) in NAMES.iter().zip(&files) {
        fs::write(golden(&format!("{name}.ink")), &file.bytes).unwrap();
        let records = parse(&file.bytes).unwrap().resolve(&ada.held).unwrap();
        ids.extend(records.iter().map(|record| format!("{}\n", record.id())));
    }
    fs::write(golden("records.txt"), ids).unwrap();
    fs::write(golden("checkpoint.inc"), checkpoint()).unwrap();
    for (name, bytes) in signed() {
        fs::write(golden(name), bytes).unwrap();
    }
}
