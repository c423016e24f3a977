//! What a scan costs that finds nothing new, and what strangers' files cost.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use inkfold_engine::{Content, DocumentId, Event, Events, Insertion, Record, RecordId, WorkspaceId};
use inkfold_folder::scan::scan;
use inkfold_folder::{
    Clock, HeldRecords, Identity, Memory, NewFile, RealClock, RealFileSystem, RelativePath, ScanRequest, Signer,
    Verdict, encode_segment, genesis,
};
use serde_json::{Value, json};

use crate::measure::{milliseconds, peak_memory, processor_time};

const WORKSPACE: WorkspaceId = WorkspaceId([9; 16]);

/// A clock that is ahead, so that files that were just made don't count as ones that may still change unseen.
struct Later(RealClock);

impl Clock for Later {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall_nanos(&self) -> i64 {
        self.0.wall_nanos() + 60_000_000_000
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }
}

/// Scans a folder of so many segments again and again.
pub fn unchanged(files: u64) -> Result<Value, Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let root = scratch.path();
    let clock = Later(RealClock::default());
    genesis::create(&RealFileSystem, &clock, root, WORKSPACE, "Many files")?;
    let identities: Vec<Identity> = (1..=5).map(|i| Identity::from_seed([i; 32], WORKSPACE)).collect();
    for identity in &identities {
        write_segments(root, identity, files / identities.len() as u64)?;
    }
    let mut memory = Memory::default();
    let request = ScanRequest { workspace: WORKSPACE, replica: identities[0].replica() };
    let mut times = Vec::new();
    for _ in 0..6 {
        let before = processor_time();
        let report = scan(&RealFileSystem, &clock, root, &request, &mut memory, &mut |_: NewFile| Verdict::Taken);
        times.push(json!({
            "processor milliseconds": milliseconds(processor_time() - before),
            "files": report.files,
            "read": report.read,
            "handed over": report.handed_over,
        }));
    }
    Ok(json!({ "scans": times, "peak memory": peak_memory() }))
}

/// Files of one record each.
fn write_segments(root: &Path, identity: &Identity, files: u64) -> Result<(), Box<dyn Error>> {
    let replica = identity.replica();
    let directory = root.join("inkfold-data").join(replica.to_string());
    std::fs::create_dir_all(&directory)?;
    let (mut previous, mut here) = (RecordId::NONE, None);
    for number in 1..=files {
        let text = Event::Insert { at: 0, what: Insertion::Text("x".into()) };
        let content = Content {
            workspace: WORKSPACE,
            document: DocumentId([1; 16]),
            replica,
            number,
            first_seq: number - 1,
            time: 0,
            events: Events::Known([text].into_iter().collect()),
        };
        let record = Record::seal(content, previous, here, Vec::new());
        (previous, here) = (record.id(), Some(record.id()));
        let file = encode_segment(Signer::Own(identity), &[record], &HeldRecords::default())?;
        std::fs::write(RelativePath::segment(&replica, &file.name()).below(root), file.bytes)?;
    }
    Ok(())
}
