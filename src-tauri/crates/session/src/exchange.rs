//! The exchange with the shared folder, as the workspace's thread sees it: what isn't published yet, what came in, what
//! waits and what was refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkfold_engine::{RecordId, ReplicaId};
use inkfold_folder::{FileHash, Pending, RelativePath, RootState, ScanReport, Segment, Verdict};
use inkfold_store::{Batch, Storage, StoreError};

use crate::blobs::courier::Courier;
use crate::carrier::{Carrier, Parcel};
use crate::checkpoints::Checkpoints;
use crate::error::SessionError;
use crate::intake::{Halt, Intake, Reading};
use crate::rescue::Coverage;
use crate::surroundings::{Around, Moment};
use crate::upkeep::OwnFiles;
use crate::wire::{FileReport, FolderTrouble, PlaceReport};
use crate::workspace::Workspace;

/// A file that builds on a record that has not arrived.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub path: String,
    pub author: ReplicaId,
    pub record: RecordId,
    /// Whose record that is, and its number, where the file says it.
    pub awaited: Option<(ReplicaId, u64)>,
    /// When it was found, in milliseconds since 1970.
    pub since: i64,
}

/// What the last scan saw of the folder, for people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// When the last one of the whole folder ended, in milliseconds since 1970.
    pub whole: Option<i64>,
    pub files: usize,
    pub bytes: u64,
    pub checkpoints: usize,
    pub places: Vec<PlaceReport>,
}

/// What this run knows of the exchange.
pub(crate) struct Exchange {
    around: Around,
    /// Counts the folders that this run has had.
    pub turn: u64,
    /// The folder has become another one, and not everything that is held here is in it yet.
    pub has_moved: bool,
    pub carrier: Option<Carrier>,
    pub courier: Option<Courier>,
    /// Since when there are events that no file of this installation holds.
    pub first_unflushed: Option<Moment>,
    pub last_key: Option<Moment>,
    pub last_flush: Option<Moment>,
    /// When another replica's records came in last.
    pub last_other: Option<Moment>,
    /// Files in the outbox.
    pub outbox: usize,
    pub trouble: Option<FolderTrouble>,
    /// What waits for others; none while it is being looked at by who finds files.
    pending: Option<Pending>,
    /// What waited when it was given away.
    lent: Vec<Waiting>,
    /// What has come in and isn't all durable yet.
    pub intake: Intake,
    /// How far reading the folder has come, where that takes long.
    pub reading: Option<Reading>,
    /// Whether somebody has stopped it.
    pub halt: Halt,
    /// Where files were found, and when first.
    paths: BTreeMap<FileHash, (PathBuf, i64)>,
    /// What the last scan saw.
    pub seen: Seen,
    refused: Vec<FileReport>,
    /// Files that only pretend to be a blob that somebody wants to see.
    pub refused_blobs: BTreeMap<FileHash, Vec<FileReport>>,
    /// How many blobs that were added here are not in the folder.
    pub outstanding_blobs: usize,
    /// Files that turned out to be of no use since the last scan ended.
    useless: Vec<FileReport>,
    pub own_files: OwnFiles,
    pub checkpoints: Checkpoints,
    /// What the files hold.
    pub coverage: Coverage,
}

impl Exchange {
    pub fn new(carrier: Option<Carrier>, around: Around) -> Self {
        Exchange {
            around,
            turn: 0,
            has_moved: false,
            carrier,
            courier: None,
            first_unflushed: None,
            last_key: None,
            last_flush: None,
            last_other: None,
            outbox: 0,
            trouble: None,
            pending: Some(Pending::default()),
            lent: Vec::new(),
            intake: Intake::default(),
            reading: None,
            halt: Halt::default(),
            paths: BTreeMap::new(),
            seen: Seen::default(),
            refused: Vec::new(),
            refused_blobs: BTreeMap::new(),
            outstanding_blobs: 0,
            useless: Vec::new(),
            own_files: OwnFiles::default(),
            checkpoints: Checkpoints::default(),
            coverage: Coverage::default(),
        }
    }

    /// Something was written.
    pub fn typed(&mut self) {
        let now = self.around.moment();
        self.first_unflushed.get_or_insert(now);
        self.last_key = Some(now);
    }

    /// Everything written so far is in the outbox.
    pub fn flushed(&mut self) {
        self.first_unflushed = None;
        self.last_flush = Some(self.around.moment());
    }

    /// Whether everything written is in the folder.
    pub fn is_published(&self) -> bool {
        self.first_unflushed.is_none() && self.outbox == 0 && self.outstanding_blobs == 0 && !self.has_moved
    }

    fn note_seen(&mut self, report: &ScanReport) {
        let is_whole = report.complete && report.root.is_usable();
        let place = |trouble: &inkfold_folder::scan::Trouble| PlaceReport {
            path: trouble.path.display().to_string(),
            message: trouble.message.clone(),
        };
        self.seen = Seen {
            whole: if is_whole { Some(self.around.now()) } else { self.seen.whole },
            files: report.files,
            bytes: report.bytes,
            checkpoints: report.checkpoints.len(),
            places: report.trouble.iter().map(place).collect(),
        };
    }

    /// Hands the outbox to the carrier.
    pub fn publish(&mut self, store: &dyn Storage) -> Result<(), SessionError> {
        let names = store.outbox()?;
        self.outbox = names.len();
        let Some(carrier) = &self.carrier else { return Ok(()) };
        let mut parcels = Vec::new();
        for name in names {
            if let Some(file) = store.outbox_file(&name)? {
                let path = RelativePath::segment(&file.replica, &file.name);
                parcels.push(Parcel { name, path, bytes: file.bytes });
            }
        }
        carrier.publish(parcels);
        Ok(())
    }

    /// The files that aren't used, for people.
    pub fn files(&self) -> Vec<FileReport> {
        let waiting = self.waiting().into_iter().map(|file| FileReport::waiting(file.path, &file.record));
        waiting.chain(self.refused_files()).collect()
    }

    /// The files that can't be used, for people.
    pub fn refused_files(&self) -> Vec<FileReport> {
        self.refused.iter().chain(self.refused_blobs.values().flatten()).cloned().collect()
    }

    /// The files that wait, those that have waited longest first.
    pub fn waiting(&self) -> Vec<Waiting> {
        let Some(pending) = &self.pending else { return self.lent.clone() };
        let waiting = |(segment, record): (&Segment, &RecordId)| Waiting {
            path: self.path(&segment.hash()),
            author: segment.header().author,
            record: *record,
            awaited: segment.place_of(record),
            since: self.paths.get(&segment.hash()).map_or_else(|| self.around.now(), |(_, since)| *since),
        };
        let mut waiting: Vec<Waiting> = pending.iter().map(waiting).collect();
        waiting.sort_by(|a, b| (a.since, &a.path).cmp(&(b.since, &b.path)));
        waiting
    }

    /// How many files wait, and how many are of no use.
    pub fn unused(&self) -> (u32, u32) {
        let waiting = self.pending.as_ref().map_or(self.lent.len(), Pending::len);
        let refused = self.refused.len() + self.refused_blobs.values().map(Vec::len).sum::<usize>();
        (waiting as u32, refused as u32)
    }

    /// Whether a file waits for others.
    pub fn is_waiting(&self, hash: &FileHash) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.contains(hash))
    }

    fn path(&self, hash: &FileHash) -> String {
        self.paths.get(hash).map_or_else(|| hash.h16(), |(path, _)| path.display().to_string())
    }

    /// Where a file was found; kept as long as people may have to be told.
    pub fn note_path(&mut self, hash: FileHash, path: PathBuf) {
        let now = self.around.now();
        self.paths.entry(hash).and_modify(|(known, _)| known.clone_from(&path)).or_insert((path, now));
    }

    fn forget_paths(&mut self) {
        let pending = self.pending.as_ref();
        self.paths.retain(|hash, _| pending.is_some_and(|pending| pending.contains(hash)));
    }

    /// Keeps a file until a record comes; false where there is no room.
    pub fn wait(&mut self, segment: Segment, record: RecordId) -> bool {
        self.pending.get_or_insert_default().put(segment, record)
    }

    /// The files that waited for one of these.
    pub fn release(&mut self, came: &[RecordId]) -> Vec<Segment> {
        self.pending.as_mut().map(|pending| pending.release(came)).unwrap_or_default()
    }

    /// Gives away what waits; none if nothing has come since it was tried last.
    pub fn lend_pending(&mut self) -> Option<Pending> {
        if !self.pending.as_ref().is_some_and(Pending::is_untried) {
            return None;
        }
        self.lent = self.waiting();
        self.pending.take()
    }

    /// Takes it back. Nobody but who had it finds files that wait.
    pub fn return_pending(&mut self, pending: Pending) {
        self.lent.clear();
        self.pending = Some(pending);
    }

    /// Stops the reading of the folder, or lets it go on.
    pub fn halt(&mut self, is_halted: bool) {
        self.halt.set(is_halted);
        if let Some(carrier) = self.carrier.as_ref().filter(|_| !is_halted) {
            // Nobody waits for its end.
            drop(carrier.scan());
        }
    }

    pub fn stop(&mut self) {
        self.carrier = None;
        self.courier = None;
    }
}

impl Workspace {
    /// Says what became of a file.
    pub fn settle(&mut self, hash: FileHash, verdict: Verdict) {
        if let Verdict::Refused(refusal) = &verdict {
            let path = self.exchange.path(&hash);
            self.exchange.useless.push(FileReport::refused(Path::new(&path), refusal));
        }
        if let Some(carrier) = &self.exchange.carrier {
            carrier.settle(hash, verdict);
        }
    }

    /// A scan has ended: notes what people should know.
    pub fn scanned(&mut self, report: ScanReport) -> Result<(), SessionError> {
        self.exchange.reading = None;
        self.exchange.forget_paths();
        self.exchange.trouble = trouble(&report.root).or(report.too_many.then_some(FolderTrouble::TooManyFiles));
        if let Some(courier) = &self.exchange.courier {
            courier.folder(report.root.is_usable());
        }
        self.exchange.note_seen(&report);
        let refused = report.refused.iter().filter(|file| file.again);
        let refused = refused.map(|file| FileReport::refused(&file.path, &file.refusal));
        let useless = std::mem::take(&mut self.exchange.useless);
        self.exchange.refused = refused.chain(useless).collect();
        if report.complete && report.root.is_usable() {
            self.scanned_for_presences(&report);
            self.tell_presences();
        }
        if report.own_complete && report.root.is_usable() {
            self.scanned_for_acknowledgements(&report);
            self.keep_up(&report)?;
            self.acknowledge()?;
        }
        if report.complete && report.root.is_usable() {
            self.scanned_for_checkpoints(&report)?;
        }
        Ok(())
    }

    /// The carrier has put these files into the folder.
    pub fn published(&mut self, names: Vec<String>) -> Result<(), StoreError> {
        let done: Vec<String> = {
            let waiting = self.store.outbox()?;
            names.into_iter().filter(|name| waiting.contains(name)).collect()
        };
        for name in &done {
            let file = self.store.outbox_file(name)?;
            if file.is_some_and(|file| file.replica != self.identity.replica()) {
                self.exchange.coverage.unsettle();
            }
        }
        if !done.is_empty() {
            self.store.commit(&Batch { outbox_done: done, ..Batch::default() })?;
        }
        self.exchange.outbox = self.store.outbox()?.len();
        Ok(())
    }
}

fn trouble(root: &RootState) -> Option<FolderTrouble> {
    Some(match root {
        RootState::Ready => return None,
        RootState::Missing => FolderTrouble::Missing,
        RootState::Empty | RootState::NoGenesis => FolderTrouble::Empty,
        RootState::OtherWorkspace(_) => FolderTrouble::OtherWorkspace,
        RootState::Several(_) => FolderTrouble::SeveralWorkspaces,
        RootState::Refused(_) | RootState::Unreadable(_) => FolderTrouble::Unreadable,
    })
}
