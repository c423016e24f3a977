//! What eight hours of steady typing write to the shared folder, in virtual time, by the session's own code.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use inkfold_engine::{DocumentId, Page, WorkspaceId};
use inkfold_folder::{Segment, genesis};
use inkfold_session::wire::{Attrs, Change, Inline, Point};
use inkfold_session::{Installation, SessionError};
use inkfold_soak::surroundings::Drawn;
use inkfold_store::MemoryStore;
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Disk, ROOT};
use serde_json::{Value, json};

const WORKSPACE: WorkspaceId = WorkspaceId([9; 16]);
/// Four keys a second.
const KEY: Duration = Duration::from_millis(250);
/// Every so many keys the other one, if there is one, writes a few.
const OTHER: u64 = 240;
/// Every so many keys somebody looks at what is in the folder.
const LOOK: u64 = 4;

type Files = BTreeMap<PathBuf, Arc<[u8]>>;

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
    let (mut known, mut written, mut made) = (Files::new(), 0, 0);
    let mut first_time = Figures::default();
    let keys = hours * 3600 * 4;
    for key in 0..keys {
        clock.advance(KEY);
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
        if key % LOOK == 0 {
            let files: Files = disk.files().into_iter().collect();
            for (path, bytes) in files.iter().filter(|(path, bytes)| known.get(*path) != Some(*bytes)) {
                (written, made) = (written + bytes.len(), made + 1);
                first_time.note(bytes);
                if let Some(other) = &mut other {
                    // The system tells both of each other's files.
                    if path.starts_with(Path::new("inkfold-data").join(writer.replica().to_string())) {
                        other.exchange();
                    } else {
                        writer.exchange();
                    }
                }
            }
            known = files;
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
    let size = |files: &[Arc<[u8]>]| files.iter().map(|bytes| bytes.len()).sum::<usize>();
    Ok(json!({
        "keys": keys,
        "records": records,
        "files written": made,
        "bytes written": written,
        "bytes of files that brought something new": first_time.bytes,
        "written, as a multiple of these": written as f64 / first_time.bytes.max(1) as f64,
        "at the end": { "files": left.len(), "bytes": size(&left) },
        "a day later": { "files": later.len(), "bytes": size(&later) },
    }))
}

/// Files whose records no file before them held: what was written before anything is merged.
#[derive(Default)]
struct Figures {
    seen: BTreeSet<(inkfold_engine::ReplicaId, u64)>,
    bytes: usize,
}

impl Figures {
    fn note(&mut self, bytes: &[u8]) {
        let Ok(segment) = Segment::parse(bytes, &WORKSPACE) else { return };
        let header = segment.header();
        if self.seen.insert((header.author, header.last)) {
            self.bytes += bytes.len();
        }
    }
}

/// A letter at the end of the page; now and then a new paragraph.
fn letter(page: &Page, key: u64) -> Vec<Change> {
    let block = page.block_count().saturating_sub(1);
    let at = Point { block: block as u32, offset: page.utf16_len(block).unwrap_or(0) as u32 };
    if key % 400 == 399 {
        return vec![Change::Split { at, attrs: Attrs::new() }];
    }
    let text = b"etaoin shrdlu cmfwyp"[(key as usize * 7 + key as usize / 11) % 20] as char;
    vec![Change::Splice { from: at, to: at, insert: vec![Inline { text: text.into(), marks: Attrs::new() }] }]
}
