//! Being killed in the middle of typing. A second process types and tells of each key that the store acknowledged;
//! it is killed without warning, and every key that it told of must be there.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inkfold_store::{Batch, Chain, Log, OutboxFile, SqliteStore, Storage};
use tempfile::TempDir;

use crate::support::*;

const DATABASE: &str = "INKFOLD_STORE_CRASH_TEST";

/// Not a test of its own: what the second process runs. It types until it is killed, and seals every tenth key.
#[test]
fn typist() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else { return };
    let mut store = SqliteStore::open(&path, WORKSPACE).unwrap();
    let (me, paper) = (replica(1), document(1));
    // Each line is "key <seq>" or "sealed <number>". The test harness has its own idea of standard output.
    let mut out = std::fs::File::options().append(true).open(path.with_extension("told")).unwrap();
    loop {
        let seq = store.last_seq(&me, &paper).unwrap().map_or(0, |last| last + 1);
        let parents: Vec<_> = store.tips(&me).unwrap().iter().map(|tip| tip.record).collect();
        store.commit_operation(&me, &paper, &parents, seq as i64, insert(seq, "x")).unwrap();
        writeln!(out, "key {seq}").unwrap();
        if seq % 10 == 9 {
            let record = store.open().unwrap().unwrap().seal(WORKSPACE, seq as i64);
            let number = record.number();
            let file = OutboxFile {
                name: number.to_string(),
                replica: me,
                first: number,
                last: number,
                bytes: record.id().0.to_vec(),
            };
            let batch = Batch { seal: Some(record), outbox: vec![file], ..Batch::default() };
            store.commit(&batch).unwrap();
            writeln!(out, "sealed {number}").unwrap();
        }
        println!("told");
    }
}

/// Runs the typist until it has told of so many keys more, and kills it.
fn type_and_kill(path: &Path, keys: usize) {
    let mut typist = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::typist", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(typist.stdout.take().unwrap()).lines();
    let seen = told.map_while(Result::ok).filter(|line| line.ends_with("told")).take(keys).count();
    // On Unix this is SIGKILL.
    typist.kill().unwrap();
    typist.wait().unwrap();
    assert_eq!(seen, keys, "the typist ended by itself");
}

#[test]
fn every_acknowledged_key_survives_a_kill() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("store.db");
    std::fs::write(path.with_extension("told"), "").unwrap();
    for keys in [3, 17, 1, 40, 26] {
        type_and_kill(&path, keys);
        let store = SqliteStore::open_existing(&path).unwrap();
        let told = std::fs::read_to_string(path.with_extension("told")).unwrap();
        let last = |what: &str| told.lines().rev().find_map(|line| line.strip_prefix(what)?.parse::<u64>().ok());
        // At most one key can have become durable without having been told of.
        let last_key = last("key ").unwrap();
        let last_seq = store.last_seq(&replica(1), &document(1)).unwrap().unwrap();
        assert!((last_key..=last_key + 1).contains(&last_seq), "{last_seq} of {last_key}");
        let log = store.read_log(&replica(1), &document(1)).unwrap();
        let mut next = 0;
        for entry in &log {
            assert_eq!(entry.seq, next, "without a gap");
            next += entry.count;
        }
        assert_eq!(next, last_seq + 1);
        // Sealed and queued go together, and what is open begins where the sealed part ends.
        let numbers: Vec<u64> =
            store.records(&document(1)).unwrap().iter().map(inkfold_engine::Record::number).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert!(numbers.len() as u64 >= last("sealed ").unwrap_or(0));
        let queued: Vec<String> = numbers.iter().map(u64::to_string).collect();
        assert_eq!(store.outbox().unwrap(), queued);
        if let Some(open) = store.open().unwrap() {
            assert_eq!(open.start.first_seq, 10 * numbers.len() as u64);
            assert_eq!(open.number, numbers.len() as u64 + 1);
        }
    }
}
