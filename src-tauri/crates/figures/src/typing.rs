//! What eight hours of steady typing write to the shared folder, in virtual time, by the session's own code.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use inkfold_engine::{DocumentId, Page, ReplicaId, WorkspaceId};
use inkfold_folder::{HeldRecords, Segment, genesis, merge_segments, resolve_together};
use inkfold_session::wire::{Attrs, Change, Inline, Point};
use inkfold_session::{Installation, SessionError};
use inkfold_soak::surroundings::Drawn;
use inkfold_store::MemoryStore;
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Disk, ROOT, Touched};
use serde_json::{Value, json};

const WORKSPACE: WorkspaceId = WorkspaceId([9; 16]);
/// Four keys a second, more or less.
const KEY_MILLISECONDS: std::ops::Range<u64> = 100..400;
/// Every so many keys the other one, if there is one, writes a few.
const OTHER: u64 = 240;
/// Every so many keys somebody looks at what is in the folder.
const LOOK: u64 = 4;

/// Types for so long, alone or with another one at work.
pub fn type_for(hours: u64, is_alone: bool) -> Result<Value, Box<dyn Error>> {
    let clock = VirtualClock::default();
    let disk = Disk::new(Default::default(), 1, clock.clone(), Default::default());
    disk.set_most_calls(u64::MAX);
    genesis::create(&disk, &clock, Path::new(ROOT), WORKSPACE, "Notes")?;
    let start = |seed| -> Result<_, SessionError> {
        let surroundings = Arc::new(Drawn::new(clock.clone(), seed));
        Installation::start(Box::new(MemoryStore::new(WORKSPACE)), PathBuf::from(ROOT), disk.clone(), surroundings)
    };
    let mut writer = start(1)?;
    let mut other = if is_alone { None } else { Some(start(2)?) };
    let (mine, theirs) = (DocumentId([1; 16]), DocumentId([2; 16]));
    let mut written = Written::default();
    let mut most = 0;
    let keys = hours * 3600 * 4;
    for key in 0..keys {
        clock.advance(Duration::from_millis(Rng::with_seed(key).u64(KEY_MILLISECONDS)));
        writer.type_in(mine, |page| letter(page, key))?;
        writer.tick();
        writer.carry();
        if let Some(other) = &mut other {
            if key % OTHER < 8 {
                other.type_in(theirs, |page| letter(page, key))?;
            }
            other.tick();
            other.carry();
        }
        let touched = if key % LOOK == 0 { disk.take_touched() } else { Vec::new() };
        for Touched { path, .. } in touched {
            let Some(bytes) = disk.bytes(&path).filter(|_| !is_temporary(&path)) else { continue };
            written.note(&bytes);
            // The system tells both of each other's files.
            let is_mine = path.starts_with(Path::new("inkfold-data").join(writer.replica().to_string()));
            match &mut other {
                Some(other) if is_mine => other.exchange(),
                Some(_) => writer.exchange(),
                None => {}
            }
        }
        if key % 1_000 == 0 {
            most = most.max(disk.files().len());
        }
    }
    writer.flush()?;
    for _ in 0..4 {
        clock.advance(Duration::from_secs(60));
        writer.tick();
        writer.exchange();
    }
    let left: Vec<Arc<[u8]>> = disk.files().into_iter().map(|(_, bytes)| bytes).collect();
    // A day later what is covered has gone.
    clock.advance(Duration::from_secs(25 * 3600));
    for _ in 0..4 {
        clock.advance(Duration::from_secs(60));
        writer.tick();
        writer.exchange();
    }
    let later: Vec<Arc<[u8]>> = disk.files().into_iter().map(|(_, bytes)| bytes).collect();
    let records = writer.look(|store| store.counts().map(|counts| counts.records))?;
    let log = logs(&later)?;
    let size = |files: &[Arc<[u8]>]| files.iter().map(|bytes| bytes.len()).sum::<usize>();
    Ok(json!({
        "keys": keys,
        "records": records,
        "most files at a time": most,
        "bytes of the log": log,
        "written": {
            "files": written.files,
            "bytes": written.bytes(),
            "bytes of new records": written.new,
            "bytes of merged files": written.merged,
            "bytes of acknowledgements, presences and checkpoints": written.others,
            "as a multiple of the log": written.bytes() as f64 / log.max(1) as f64,
        },
        "at the end": { "files": left.len(), "bytes": size(&left) },
        "a day later": { "files": later.len(), "bytes": size(&later) },
    }))
}

/// How many bytes all segments come to when those of each replica are one file.
fn logs(files: &[Arc<[u8]>]) -> Result<usize, Box<dyn Error>> {
    let mut held = HeldRecords::default();
    let mut logs: BTreeMap<ReplicaId, Vec<Segment>> = BTreeMap::new();
    let segments: Vec<Segment> = files.iter().filter_map(|bytes| Segment::parse(bytes, &WORKSPACE).ok()).collect();
    for record in resolve_together(&segments.iter().collect::<Vec<_>>(), &held)?.records {
        held.insert(record);
    }
    for segment in segments {
        logs.entry(segment.header().author).or_default().push(segment);
    }
    let mut bytes = 0;
    for segments in logs.into_values() {
        bytes += merge_segments(&segments, &held)?.bytes.len();
    }
    Ok(bytes)
}

/// What was written to the folder.
#[derive(Default)]
struct Written {
    files: usize,
    /// Bytes of segments whose last record was in none before.
    new: usize,
    /// Bytes of other segments.
    merged: usize,
    others: usize,
    seen: BTreeSet<(ReplicaId, u64)>,
}

impl Written {
    fn note(&mut self, bytes: &[u8]) {
        self.files += 1;
        let kind = match Segment::parse(bytes, &WORKSPACE) {
            Ok(segment) if self.seen.insert((segment.header().author, segment.header().last)) => &mut self.new,
            Ok(_) => &mut self.merged,
            Err(_) => &mut self.others,
        };
        *kind += bytes.len();
    }

    fn bytes(&self) -> usize {
        self.new + self.merged + self.others
    }
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('~'))
}

/// A letter at the end of the page; now and then a new paragraph.
fn letter(page: &Page, key: u64) -> Vec<Change> {
    let block = page.block_count().saturating_sub(1);
    let at = Point { block: block as u32, offset: page.utf16_len(block).unwrap_or(0) as u32 };
    if key % 400 == 399 {
        return vec![Change::Split { at, attrs: Attrs::new() }];
    }
    // As often as in English, but in any order: what can't be guessed is what a log has to hold.
    let letters = b"      eeeeetttaaaooiinnsshhrrdlucmfwypvbgk";
    let text = letters[Rng::with_seed(!key).usize(..letters.len())] as char;
    vec![Change::Splice { from: at, to: at, insert: vec![Inline { text: text.into(), marks: Attrs::new() }] }]
}
