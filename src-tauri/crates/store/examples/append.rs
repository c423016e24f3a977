//! How long a key takes until it is durable. `cargo run --release -p inkfold-store --example append [directory]`
//!
//! Types 5,000 keys, sealing every 100, and shows percentiles; then how long ingest, reading and opening take for
//! 100,000 records.

use std::time::{Duration, Instant};

use inkfold_engine::{Content, DocumentId, Event, Events, Insertion, Record, RecordId, ReplicaId, WorkspaceId};
use inkfold_store::{Batch, Chain, OutboxFile, SqliteStore, Storage};

fn insert(at: u64, text: &str) -> Event {
    Event::Insert { at, what: Insertion::Text(text.into()) }
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what}: p50 {:?}, p99 {:?}, max {:?} of {}", at(0.5), at(0.99), at(1.0), times.len());
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = match std::env::args_os().nth(1) {
        Some(directory) => tempfile::TempDir::new_in(directory)?,
        None => tempfile::TempDir::new()?,
    };
    let path = directory.path().join("store.db");
    let (workspace, me, paper) = (WorkspaceId([1; 16]), ReplicaId([2; 16]), DocumentId([3; 16]));
    let mut store = SqliteStore::open(&path, workspace)?;

    let (mut appends, mut seals) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let start = store.start(&me, &paper, &[])?;
        for key in 0..100 {
            let event = [insert(start.first_seq + key, "x")];
            let begun = Instant::now();
            store.append_open(&start, 0, &event)?;
            appends.push(begun.elapsed());
        }
        let begun = Instant::now();
        let record = store.open()?.ok_or("nothing is open")?.seal(workspace, 0);
        let number = record.number();
        let file =
            OutboxFile { name: number.to_string(), replica: me, first: number, last: number, bytes: vec![7; 300] };
        store.commit(&Batch { seal: Some(record), outbox: vec![file], ..Batch::default() })?;
        seals.push(begun.elapsed());
    }
    show("append_open", appends);
    show("seal and queue", seals);

    let mut records: Vec<Record> = Vec::new();
    for number in 1..=100_000 {
        let content = Content {
            workspace,
            document: paper,
            replica: ReplicaId([4; 16]),
            number,
            first_seq: records.last().map_or(0, Record::end_seq),
            time: 0,
            events: Events::from_runs([insert(number, "a few words at a time ")]),
        };
        let previous = records.last().map(Record::id);
        records.push(Record::seal(content, previous.unwrap_or(RecordId::NONE), previous, vec![]));
    }
    let begun = Instant::now();
    for chunk in records.chunks(1_000) {
        store.commit(&Batch::of_records(chunk.iter().cloned()))?;
    }
    println!("ingest of 100,000 records, 1,000 a batch: {:?}", begun.elapsed());
    let begun = Instant::now();
    println!("read back: {} in {:?}", store.records(&paper)?.len(), begun.elapsed());
    let begun = Instant::now();
    println!("tips: {} in {:?}", store.tips(&ReplicaId([4; 16]))?.len(), begun.elapsed());
    let begun = Instant::now();
    println!("documents: {} in {:?}", store.documents()?.len(), begun.elapsed());
    let begun = Instant::now();
    println!("counts: {} records in {:?}", store.counts()?.records, begun.elapsed());
    drop(store);
    println!("file: {} MiB", std::fs::metadata(&path)?.len() >> 20);
    let begun = Instant::now();
    SqliteStore::open(&path, workspace)?;
    println!("open, with its check: {:?}", begun.elapsed());
    Ok(())
}
