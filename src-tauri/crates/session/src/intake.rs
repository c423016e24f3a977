//! On its way in: what a scan finds goes into the store several files at a time, and in steps so short that no window waits
//! for long. A folder with a million events is read no otherwise than one with a new key in it.
//!
//! The carrier's thread gathers files ([`Feed`]); the workspace's thread finds out what they build on, and keeps their
//! records a step at a time ([`Intake`]), so that whatever a window asks for meanwhile comes in between. A file is called
//! taken once all its records are durable.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use inkfold_engine::codec::canonical_size_at_most;
use inkfold_engine::{DocumentId, Record, RecordId};
use inkfold_folder::scan::Content as FileContent;
use inkfold_folder::segment::{Header, Together};
use inkfold_folder::{
    Branches, Checkpoint, FileHash, HeadSignature, LookupFailed, NewFile, Pending, Place, Segment, Taker, Unresolved,
    Verdict, resolve_together,
};
use inkfold_store::{Batch, Signature};

use crate::branches::StoreBranches;
use crate::carrier::Home;
use crate::error::SessionError;
use crate::wire;
use crate::workspace::Workspace;

/// So many files are taken in together.
const GATHERED_FILES: usize = 128;
/// And of so much memory: what that comes to is resolved and kept in a few hundredths of a second.
const GATHERED_WEIGHT: usize = 256 << 10;
/// A step keeps so many records at most, of so many bytes.
const STEP_RECORDS: usize = 256;
const STEP_BYTES: usize = 256 << 10;
/// Fewer files than this, of fewer bytes, are read before anybody could see how far that is.
const WORTH_SHOWING_FILES: usize = 100;
const WORTH_SHOWING_BYTES: u64 = 512 << 10;

/// Whether somebody wants the reading to stop.
#[derive(Clone, Default)]
pub(crate) struct Halt(Arc<AtomicBool>);

impl Halt {
    pub fn set(&self, is_halted: bool) {
        self.0.store(is_halted, Ordering::Relaxed);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far reading the folder has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    files: usize,
    files_read: usize,
    bytes: u64,
    bytes_read: u64,
    bytes_kept: u64,
}

impl Reading {
    /// For people: reading a file is half of the work, keeping what is in it the other half.
    pub fn for_people(&self, is_stopped: bool) -> wire::Reading {
        let done = u128::from(self.bytes_read) + u128::from(self.bytes_kept);
        let percent = done.saturating_mul(50).checked_div(self.bytes.into()).unwrap_or(0).min(100);
        wire::Reading {
            files: u32::try_from(self.files).unwrap_or(u32::MAX),
            read: u32::try_from(self.files_read).unwrap_or(u32::MAX),
            percent: percent as u32,
            stopped: is_stopped,
        }
    }
}

/// What has to be known of a file whose records are being kept.
struct Source {
    header: Header,
    last_id: RecordId,
    signature: HeadSignature,
    hash: FileHash,
}

/// Verified records that aren't all durable yet, and the files that they come from.
#[derive(Default)]
pub(crate) struct Intake {
    records: VecDeque<Record>,
    sources: Vec<Source>,
    /// Records of these that were new.
    came: Vec<RecordId>,
    /// The files' bytes, and how many records there were.
    bytes: u64,
    count: usize,
}

impl Intake {
    fn add(&mut self, segments: Vec<Segment>, records: Vec<Record>) {
        self.bytes += segments.iter().map(|segment| segment.size() as u64).sum::<u64>();
        self.count += records.len();
        self.records.extend(records);
        self.sources.extend(segments.into_iter().map(|segment| Source {
            header: segment.header().clone(),
            last_id: segment.last_id(),
            signature: segment.signature(),
            hash: segment.hash(),
        }));
    }

    /// The records of the next step.
    fn step(&mut self) -> Vec<Record> {
        let (mut step, mut bytes) = (Vec::new(), 0);
        while step.len() < STEP_RECORDS && bytes < STEP_BYTES {
            let Some(record) = self.records.pop_front() else { break };
            bytes += canonical_size_at_most(record.content());
            step.push(record);
        }
        step
    }

    /// How much of the files' bytes so many records stand for.
    fn share(&self, records: usize) -> u64 {
        (self.bytes * records as u64).checked_div(self.count as u64).unwrap_or(0)
    }
}

/// Takes what a scan finds to the workspace.
pub(crate) struct Feed<'a, H> {
    home: &'a H,
    halt: Halt,
    gathered: Vec<(PathBuf, Segment)>,
    weight: usize,
    /// Files that came in as parts of a checkpoint.
    taken: HashSet<FileHash>,
}

impl<'a, H: Home> Feed<'a, H> {
    pub fn new(home: &'a H, halt: Halt) -> Self {
        Feed { home, halt, gathered: Vec::new(), weight: 0, taken: HashSet::new() }
    }

    fn gather(&mut self, path: PathBuf, segment: Segment) {
        self.weight += segment.weight();
        self.gathered.push((path, segment));
        if self.gathered.len() >= GATHERED_FILES || self.weight >= GATHERED_WEIGHT {
            self.hand_over();
        }
    }

    /// Takes in the segments of a checkpoint as if each were a file of its own; those files need not be looked into then.
    fn take_checkpoint(&mut self, path: &Path, checkpoint: &Checkpoint) -> Verdict {
        let mut refused = None;
        let hashes: Vec<FileHash> = checkpoint.hashes().collect();
        let known = self.home.ask(move |workspace| {
            let is_known = |hash: &FileHash| workspace.exchange.coverage.author(hash).is_some();
            hashes.into_iter().filter(is_known).collect::<HashSet<FileHash>>()
        });
        let known = known.unwrap_or_default();
        for segment in checkpoint.segments_but(|hash| known.contains(hash)) {
            match segment {
                Ok(segment) => self.gather(path.to_owned(), segment),
                Err(refusal) => refused = Some(refusal),
            }
        }
        self.hand_over();
        let hashes: Vec<FileHash> = checkpoint.hashes().collect();
        let outcome = self.home.ask(move |workspace| {
            let (taken, others): (Vec<_>, Vec<_>) =
                hashes.into_iter().partition(|hash| workspace.exchange.coverage.author(hash).is_some());
            (taken, others.iter().all(|hash| workspace.exchange.is_waiting(hash)))
        });
        let (taken, is_all) = outcome.unwrap_or_default();
        self.taken.extend(taken);
        match refused {
            Some(refusal) => Verdict::Refused(refusal),
            None if is_all => Verdict::Taken,
            None => Verdict::Later,
        }
    }

    /// Hands over what is gathered, and returns when all of it is durable, waits, or has turned out to be of no use.
    fn hand_over(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        let is_large = std::mem::take(&mut self.weight) > 2 * GATHERED_WEIGHT;
        if gathered.is_empty() {
            return;
        }
        if is_large {
            // What takes long is worked out on this thread; only what is looked up is asked for.
            let segments: Vec<&Segment> = gathered.iter().map(|(_, segment)| segment).collect();
            let together = resolve_together(&segments, &Asked(self.home));
            let _ = self.home.ask(move |workspace| workspace.take_resolved(gathered, together));
        } else {
            let _ = self.home.ask(move |workspace| {
                let segments: Vec<&Segment> = gathered.iter().map(|(_, segment)| segment).collect();
                let together = resolve_together(&segments, &StoreBranches(&*workspace.store));
                workspace.take_resolved(gathered, together);
            });
        }
        self.keep();
    }

    /// A step at a time, as long as there is something to be kept.
    fn keep(&self) {
        while self.home.ask(Workspace::keep_some).unwrap_or(false) {}
    }

    /// Hands over the rest, and tries what waits: merged files of people who wrote to each other come in only together.
    pub fn finish(mut self) {
        self.hand_over();
        // Once more, since what comes in may be what others wait for.
        for _ in 0..2 {
            let Ok(Some(mut pending)) = self.home.ask(Workspace::lend_pending) else { return };
            let settlement = pending.settle(&Asked(self.home));
            let _ = self.home.ask(move |workspace| {
                workspace.exchange.return_pending(pending);
                match settlement {
                    Ok(settlement) => {
                        for (hash, verdict) in settlement.refused {
                            workspace.settle(hash, verdict);
                        }
                        workspace.exchange.intake.add(settlement.taken, settlement.records);
                    }
                    Err(error) => tracing::warn!("files that wait could not be looked up: {error}"),
                }
            });
            self.keep();
        }
    }
}

impl<H: Home> Taker for Feed<'_, H> {
    fn begin(&mut self, files: usize, bytes: u64) {
        let is_worth = files >= WORTH_SHOWING_FILES || bytes >= WORTH_SHOWING_BYTES;
        let reading = is_worth.then_some(Reading { files, files_read: 0, bytes, bytes_read: 0, bytes_kept: 0 });
        let _ = self.home.ask(move |workspace| workspace.exchange.reading = reading);
    }

    fn goes_on(&mut self) -> bool {
        !self.halt.is_set()
    }

    fn has_taken(&self, hash: &FileHash) -> bool {
        self.taken.contains(hash)
    }

    fn take(&mut self, new: NewFile) -> Verdict {
        match new.content {
            FileContent::Segment(segment) => {
                self.gather(new.path, segment);
                // What becomes of it is said when it is known.
                Verdict::Waiting
            }
            FileContent::Checkpoint(checkpoint) => self.take_checkpoint(&new.path, &checkpoint),
            // What is said of records may be about those that are gathered.
            FileContent::Acknowledgement(said) => {
                self.hand_over();
                let taken = self.home.ask(|workspace| workspace.take_acknowledgement(said));
                taken.unwrap_or_else(Err).unwrap_or_else(|error| {
                    tracing::warn!(
                        code = error.code(),
                        "an acknowledgement could not be stored; it is read again later"
                    );
                    Verdict::Later
                })
            }
            FileContent::Presence(presence) => {
                let _ = self.home.ask(move |workspace| workspace.take_presence(new.hash, presence));
                Verdict::Taken
            }
        }
    }
}

/// Answers about records that the workspace's thread gives.
struct Asked<'a, H>(&'a H);

impl<H: Home> Asked<'_, H> {
    fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&StoreBranches<'_>) -> Result<T, LookupFailed> + Send + 'static,
    ) -> Result<T, LookupFailed> {
        let answer = self.home().ask(move |workspace| look(&StoreBranches(&*workspace.store)));
        answer.map_err(|error| LookupFailed(Box::new(error)))?
    }

    fn home(&self) -> &H {
        self.0
    }
}

impl<H: Home> Branches for Asked<'_, H> {
    fn place(&self, record: &RecordId) -> Result<Option<Place>, LookupFailed> {
        let record = *record;
        self.ask(move |branches| branches.place(&record))
    }

    fn record_at(&self, tip: &RecordId, number: u64) -> Result<Option<RecordId>, LookupFailed> {
        let tip = *tip;
        self.ask(move |branches| branches.record_at(&tip, number))
    }

    fn previous_here(&self, tip: &RecordId, document: &DocumentId) -> Result<Option<(RecordId, u64)>, LookupFailed> {
        let (tip, document) = (*tip, *document);
        self.ask(move |branches| branches.previous_here(&tip, &document))
    }
}

impl Workspace {
    /// What files that were resolved together came to.
    fn take_resolved(&mut self, files: Vec<(PathBuf, Segment)>, together: Result<Together, LookupFailed>) {
        if let Some(reading) = &mut self.exchange.reading {
            reading.files_read += files.len();
            reading.bytes_read += files.iter().map(|(_, segment)| segment.size() as u64).sum::<u64>();
        }
        let found = match together {
            Ok(together) => together,
            Err(error) => {
                tracing::warn!("files could not be looked up; they are read again later: {error}");
                return files.iter().for_each(|(_, segment)| self.settle(segment.hash(), Verdict::Later));
            }
        };
        let mut segments = Vec::new();
        for (path, segment) in files {
            self.exchange.note_path(segment.hash(), path);
            segments.push(segment);
        }
        self.sort_out(segments, found);
    }

    /// Keeps apart what is to be kept, what waits, and what is of no use.
    fn sort_out(&mut self, segments: Vec<Segment>, together: Together) {
        let mut taken = Vec::new();
        for (segment, outcome) in segments.into_iter().zip(together.outcomes) {
            let hash = segment.hash();
            if let Err(error) = self.look_for_a_twin(&segment) {
                tracing::warn!(code = error.code(), "a segment could not be looked up; it is read again later");
            }
            match outcome {
                Ok(()) => taken.push(segment),
                Err(Unresolved::Pending(record)) => {
                    if !self.exchange.wait(segment, record) {
                        self.settle(hash, Verdict::Later);
                    }
                }
                Err(Unresolved::Refused(refusal)) => self.settle(hash, Verdict::Refused(refusal)),
                Err(Unresolved::Lookup(_)) => self.settle(hash, Verdict::Later),
            }
        }
        self.exchange.intake.add(taken, together.records);
    }

    /// Keeps some of what has come in; true if there is more.
    fn keep_some(&mut self) -> bool {
        let kept = self.keep_step();
        self.tell_status();
        kept.unwrap_or_else(|error| {
            tracing::warn!(code = error.code(), "files could not be stored; they are read again later");
            let intake = std::mem::take(&mut self.exchange.intake);
            intake.sources.iter().for_each(|source| self.settle(source.hash, Verdict::Later));
            false
        })
    }

    fn keep_step(&mut self) -> Result<bool, SessionError> {
        let intake = &mut self.exchange.intake;
        if intake.sources.is_empty() {
            return Ok(false);
        }
        let records = intake.step();
        let share = intake.share(records.len());
        let mut batch = Batch { records, ..Batch::default() };
        let is_last = intake.records.is_empty();
        if is_last {
            batch.keys = intake.sources.iter().map(|source| (source.header.author, source.header.key.0)).collect();
            let signature = |source: &Source| Signature {
                replica: source.header.author,
                number: source.header.last,
                record: source.last_id,
                bytes: source.signature.0,
            };
            batch.signatures = intake.sources.iter().map(signature).collect();
        }
        let added = self.store.commit(&batch)?.added;
        if let Some(reading) = &mut self.exchange.reading {
            reading.bytes_kept += share;
        }
        // Records come in in their order, so that those that were here already are left out in one go.
        let mut new = added.iter().peekable();
        let fresh: Vec<Record> =
            batch.records.into_iter().filter(|record| new.next_if_eq(&&record.id()).is_some()).collect();
        if fresh.iter().any(|record| !self.own.contains(&record.replica())) {
            self.exchange.last_other = Some(self.around.moment());
        }
        self.arrived(&fresh)?;
        self.exchange.intake.came.extend(added);
        if is_last {
            let intake = std::mem::take(&mut self.exchange.intake);
            for source in &intake.sources {
                self.exchange.coverage.note(&source.header, source.last_id, source.hash);
                self.settle(source.hash, Verdict::Taken);
            }
            let released = self.exchange.release(&intake.came);
            if !released.is_empty() {
                let segments: Vec<&Segment> = released.iter().collect();
                match resolve_together(&segments, &StoreBranches(&*self.store)) {
                    Ok(together) => self.sort_out(released, together),
                    Err(_) => released.iter().for_each(|segment| self.settle(segment.hash(), Verdict::Later)),
                }
            }
        }
        Ok(!self.exchange.intake.sources.is_empty())
    }

    /// Gives away what waits, for as long as it takes to find out which of it comes in together; none if nothing has come since
    /// the last time.
    fn lend_pending(&mut self) -> Option<Pending> {
        self.exchange.lend_pending()
    }

    /// A signed record under our id that isn't here: somebody else has written under it, a copied profile, or a database that
    /// was set back. What we wrote is handed over as our branch of the old id first; what is written from now on carries a
    /// new one.
    fn look_for_a_twin(&mut self, segment: &Segment) -> Result<(), SessionError> {
        use inkfold_store::Chain;
        if segment.header().author == self.identity.replica() && !self.store.has(&segment.last_id())? {
            self.flush()?;
            self.take_new_identity()?;
        }
        Ok(())
    }
}
