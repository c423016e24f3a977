//! Every file of a shared folder: verified, and held against what a store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use inkfold_engine::{Record, ReplicaId};
use inkfold_folder::blob::{BlobError, BlobFiles, hash_blob};
use inkfold_folder::{
    Acknowledgement, FileContent, FileHash, FileSystem, Identity, LookupFailed, Memory, Pending, RealClock,
    RealFileSystem, Refusal, RootState, ScanRequest, Segment, Unresolved, Verdict, scan::scan,
};
use inkfold_store::{Chain, Storage, StoreError};
use serde::Serialize;

use super::found::Found;
use crate::acknowledging::holds;
use crate::blobs::LocalBlobs;
use crate::error::SessionError;
use crate::exchange::Waiting;
use crate::health::count;
use crate::people::Names;
use crate::reading::{setting_text, shown_blobs};
use crate::rescue::{Span, uncovered};
use crate::surroundings::Around;
use crate::wire::{FileReport, Peer, PersonHealth, PlaceReport, Unpublished, WaitingFile};
use crate::workspace::{own_replicas, setting};

/// What a shared folder holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FolderCheck {
    /// Where it is.
    pub path: String,
    /// How it stands itself, as a code that never changes; `root/ready` where all is well.
    pub root: String,
    /// Sound files of records, copies counted once.
    pub files: u64,
    /// Bytes of all files that were looked at.
    pub bytes: u64,
    /// Sound files that only make joining faster.
    pub checkpoints: u64,
    /// Sound acknowledgements and presences.
    pub signs: u64,
    /// Records that are in the folder and not in the store yet. Nothing is wrong with that.
    pub new: u64,
    /// Images and attachments.
    pub blobs: BlobCheck,
    /// What isn't in the folder yet of what was written here. Nothing is wrong with that.
    pub unpublished: Unpublished,
    /// Records of others that are held here and that no file holds.
    pub unheld: u64,
    /// Everybody else.
    pub people: Vec<PersonHealth>,
    /// Files that wait for others.
    pub waiting: Vec<WaitingFile>,
    /// Files that can't be used.
    pub refused: Vec<FileReport>,
    /// Places that could not be looked at.
    pub places: Vec<PlaceReport>,
    /// What else is wrong, in plain words.
    pub findings: Vec<String>,
}

/// The images and attachments of a shared folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BlobCheck {
    /// Files of them in the folder.
    pub in_folder: u64,
    /// How many are on this device.
    pub here: u64,
    /// Hashes of those that a document shows and that are neither here nor in the folder.
    pub missing: Vec<String>,
    /// Whether the files' contents were verified.
    pub verified: bool,
}

impl FolderCheck {
    /// Whether nobody has to do anything.
    pub fn is_well(&self) -> bool {
        let is_whole = self.waiting.is_empty() && self.refused.is_empty() && self.places.is_empty();
        is_whole && self.findings.is_empty() && self.blobs.missing.is_empty()
    }
}

/// Reads and verifies the whole shared folder of a store's workspace; none if it has no folder. What is new there is
/// not taken in. Images and attachments are read only where `reads_blobs` says so: they may be large, or far away.
///
/// # Errors
/// The store can't be read.
pub fn folder(store: &dyn Storage, blobs: &LocalBlobs, reads_blobs: bool) -> Result<Option<FolderCheck>, SessionError> {
    let Some(root) = setting_text(store, setting::FOLDER)?.map(PathBuf::from) else { return Ok(None) };
    let own = store.setting(setting::IDENTITY)?.map(|bytes| Identity::from_bytes(&bytes)).transpose()?;
    let own = own.map(|identity| identity.replica()).unwrap_or_default();
    let mut check = Reader::new(store)?.read(&root, &own)?;
    check.path = root.display().to_string();
    look_at_blobs(store, blobs, &root, reads_blobs, &mut check)?;
    people(store, &own, &mut check)?;
    Ok(Some(check))
}

/// Takes in a folder beside what a store holds.
struct Reader<'a> {
    store: &'a dyn Storage,
    found: Found<'a>,
    names: Names,
    pending: Pending,
    paths: BTreeMap<FileHash, PathBuf>,
    spans: BTreeMap<ReplicaId, Vec<Span>>,
    check: FolderCheck,
}

impl<'a> Reader<'a> {
    fn new(store: &'a dyn Storage) -> Result<Self, SessionError> {
        Ok(Reader {
            store,
            found: Found::new(store)?,
            names: Names::read(store)?,
            pending: Pending::default(),
            paths: BTreeMap::new(),
            spans: BTreeMap::new(),
            check: FolderCheck::default(),
        })
    }

    fn read(mut self, root: &Path, own: &ReplicaId) -> Result<FolderCheck, SessionError> {
        let request = ScanRequest { workspace: self.store.workspace(), replica: *own };
        let mut failed = None;
        let mut memory = Memory::default();
        let report = scan(&RealFileSystem, &RealClock::default(), root, &request, &mut memory, &mut |new| {
            let taken = match new.content {
                FileContent::Segment(segment) => self.take(segment, &new.path),
                // Each segment in it is as good as in a file of its own.
                FileContent::Checkpoint(checkpoint) => {
                    let segments = checkpoint.segments().map(|segment| match segment {
                        Ok(segment) => self.take(segment, &new.path),
                        Err(refusal) => Ok(Verdict::Refused(refusal)),
                    });
                    segments.reduce(worse).unwrap_or(Ok(Verdict::Taken)).map(|verdict| match verdict {
                        // What waits in it is told by itself.
                        Verdict::Waiting => Verdict::Taken,
                        verdict => verdict,
                    })
                }
                // They are sound in themselves, and hold no records.
                FileContent::Acknowledgement(_) | FileContent::Presence(_) => {
                    self.check.signs += 1;
                    Ok(Verdict::Taken)
                }
            };
            taken.unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Verdict::Later
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        self.settle()?;
        let FolderCheck { refused, places, findings, .. } = &mut self.check;
        refused.extend(report.refused.iter().map(|file| FileReport::refused(&file.path, &file.refusal)));
        refused.sort_by(|a, b| a.path.cmp(&b.path));
        places.extend(
            report.trouble.iter().map(|trouble| PlaceReport {
                path: trouble.path.display().to_string(),
                message: trouble.message.clone(),
            }),
        );
        if report.root != RootState::Ready {
            findings.push(report.root.message());
        }
        self.check.root = report.root.code().into();
        (self.check.files, self.check.bytes) = (report.present.len() as u64, report.bytes);
        self.check.checkpoints = report.checkpoints.len() as u64;
        self.check.new = self.found.len();
        if report.complete && report.root.is_usable() {
            self.look_for_gaps(own)?;
        }
        Ok(self.check)
    }

    /// Resolves all that waits together, and tells what waits still.
    fn settle(&mut self) -> Result<(), SessionError> {
        loop {
            let settlement = self.pending.settle(&self.found).map_err(lookup)?;
            for (hash, verdict) in settlement.refused {
                if let Verdict::Refused(refusal) = verdict {
                    self.refuse(&hash, &refusal);
                }
            }
            if settlement.taken.is_empty() {
                break;
            }
            settlement.taken.iter().for_each(|segment| self.note_span(segment));
            self.keep(settlement.records)?;
        }
        let now = Around::real().now();
        for (segment, record) in self.pending.iter() {
            let waiting = Waiting {
                path: self.path(&segment.hash()),
                author: segment.header().author,
                record: *record,
                awaited: segment.place_of(record),
                since: now,
            };
            self.check.waiting.push(WaitingFile::of(waiting, |id| self.names.who(id)));
        }
        self.check.waiting.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    fn take(&mut self, segment: Segment, path: &Path) -> Result<Verdict, SessionError> {
        Ok(match segment.resolve(&self.found) {
            Ok(records) => {
                self.note_span(&segment);
                self.keep(records)?;
                Verdict::Taken
            }
            Err(Unresolved::Pending(record)) => {
                self.paths.insert(segment.hash(), path.to_owned());
                let place = path.display().to_string();
                if !self.pending.put(segment, record) {
                    self.check.findings.push(format!("{place}: too much waits for changes that have not arrived yet"));
                }
                Verdict::Waiting
            }
            Err(Unresolved::Refused(refusal)) => Verdict::Refused(refusal),
            Err(Unresolved::Lookup(error)) => return Err(lookup(error)),
        })
    }

    fn keep(&mut self, records: Vec<Record>) -> Result<(), SessionError> {
        let mut came = Vec::new();
        for record in &records {
            if self.found.note(record)? {
                came.push(record.id());
            }
        }
        for segment in self.pending.release(&came) {
            let hash = segment.hash();
            let path = self.paths.get(&hash).cloned().unwrap_or_default();
            if let Verdict::Refused(refusal) = self.take(segment, &path)? {
                self.refuse(&hash, &refusal);
            }
        }
        Ok(())
    }

    fn note_span(&mut self, segment: &Segment) {
        let header = segment.header();
        let span = Span { author: header.author, first: header.first, last: header.last, last_id: segment.last_id() };
        self.spans.entry(header.author).or_default().push(span);
    }

    /// What is held here and no file holds.
    fn look_for_gaps(&mut self, current: &ReplicaId) -> Result<(), SessionError> {
        for replica in self.store.replicas()? {
            let mut missing = 0;
            for tip in self.store.tips(&replica)? {
                let spans = self.spans.get(&replica).into_iter().flatten();
                let gaps = uncovered(self.store, spans, &replica, &tip)?;
                missing += gaps.into_iter().map(|gap| gap.end - gap.start).sum::<u64>();
            }
            if replica == *current {
                self.check.unpublished.records = missing + u64::from(self.store.open()?.is_some());
            } else if missing > 0 {
                self.check.unheld += missing;
                let whose = self.names.who(&replica).in_words();
                self.check.findings.push(format!(
                    "{missing} records of {whose} are here and in no file of the folder. Keep Inkfold running: they are \
                     published again within a day."
                ));
            }
        }
        self.check.unpublished.files = count(self.store.outbox()?.len());
        Ok(())
    }

    fn refuse(&mut self, hash: &FileHash, refusal: &Refusal) {
        self.check.refused.push(FileReport::refused(Path::new(&self.path(hash)), refusal));
    }

    fn path(&self, hash: &FileHash) -> String {
        self.paths.get(hash).map_or_else(|| hash.h16(), |path| path.display().to_string())
    }
}

/// Of two verdicts the one that says more.
fn worse(a: Result<Verdict, SessionError>, b: Result<Verdict, SessionError>) -> Result<Verdict, SessionError> {
    match (a, b) {
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(Verdict::Refused(refusal)), _) | (_, Ok(Verdict::Refused(refusal))) => Ok(Verdict::Refused(refusal)),
        (a, _) => a,
    }
}

fn look_at_blobs(
    store: &dyn Storage,
    blobs: &LocalBlobs,
    root: &Path,
    reads: bool,
    check: &mut FolderCheck,
) -> Result<(), SessionError> {
    // A folder that can't be listed has none; why that is so is said already.
    let listed = BlobFiles::list(&RealFileSystem, root).unwrap_or_default();
    let shown = shown_blobs(store)?;
    let is_missing = |hash: &&FileHash| blobs.path(hash).is_none() && !listed.may_have(hash);
    check.blobs = BlobCheck {
        in_folder: listed.len() as u64,
        here: blobs.count().unwrap_or(0) as u64,
        missing: shown.iter().filter(is_missing).map(FileHash::to_string).collect(),
        verified: reads,
    };
    let own = blobs.own().unwrap_or_default();
    check.unpublished.blobs = count(own.iter().filter(|(hash, size)| !listed.has(hash, *size)).count());
    for file in listed.iter().filter(|_| reads) {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let opened = RealFileSystem.open(&root.join(&file.path)).map_err(BlobError::Read);
        match opened.and_then(|mut from| hash_blob(&mut *from, &store.workspace())) {
            Ok(hash) if name.contains(&hash.h16()) => {}
            Ok(_) => check.refused.push(FileReport::refused(&file.path, &Refusal::WrongContent)),
            Err(BlobError::Refused(refusal)) => check.refused.push(FileReport::refused(&file.path, &refusal)),
            Err(error) => {
                check.places.push(PlaceReport { path: file.path.display().to_string(), message: error.to_string() });
            }
        }
    }
    Ok(())
}

/// Who else there is, as far as the store says it.
fn people(store: &dyn Storage, current: &ReplicaId, check: &mut FolderCheck) -> Result<(), SessionError> {
    let names = Names::read(store)?;
    let mut own = own_replicas(store)?;
    own.insert(*current);
    let mut heard = BTreeMap::new();
    for row in store.acknowledgements()? {
        // One that can't be read says only that it came.
        let said = Acknowledgement::parse(&row.bytes, &store.workspace()).ok();
        heard.insert(row.replica, (row.since, said.map(|said| said.holdings)));
    }
    let mut ends = Vec::new();
    for id in &own {
        ends.extend(store.tips(id)?.into_iter().map(|tip| (*id, tip)));
    }
    let is_all_sealed = store.open()?.is_none();
    let all: BTreeSet<ReplicaId> = store.replicas()?.into_iter().chain(heard.keys().copied()).collect();
    for replica in all.into_iter().filter(|replica| !own.contains(replica) && !names.gone.contains(replica)) {
        let (since, holdings) = heard.remove(&replica).map_or((None, None), |(since, said)| (Some(since), said));
        let has_all = holdings.is_some_and(|said| ends.iter().all(|(id, tip)| holds(store, &said, id, tip)));
        let who = names.who(&replica);
        check.people.push(PersonHealth {
            awaited: count(check.waiting.iter().filter(|file| file.awaited.replica == who.replica).count()),
            peer: Peer {
                reached: since.filter(|_| has_all && is_all_sealed),
                replica: who.replica,
                person: who.person,
                device: who.device,
            },
            seen: since,
        });
    }
    check.people.sort_by(|PersonHealth { peer: a, .. }, PersonHealth { peer: b, .. }| {
        (&a.person, &a.device, &a.replica).cmp(&(&b.person, &b.device, &b.replica))
    });
    Ok(())
}

/// Only the store is asked, so only its errors come back.
fn lookup(error: LookupFailed) -> SessionError {
    match error.0.downcast::<StoreError>() {
        Ok(error) => SessionError::Store(*error),
        Err(other) => SessionError::NotSaved(other.to_string()),
    }
}
