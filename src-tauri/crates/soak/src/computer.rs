//! A computer: a disk, a profile and the program, which is started again whenever the power has failed.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use inkfold_engine::{Event, Insertion, RecordId, ReplicaId};
use inkfold_folder::{FileHash, Segment};
use inkfold_session::wire::{FileReport, Status};
use inkfold_session::{Installation, SessionError};
use inkfold_store::{MemoryStore, Storage};
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Disk, Endless, PowerCut, ROOT, Touched};
use inkfold_testkit::folder::faults::Tally;
use inkfold_testkit::folder::watcher::SystemWatcher;

use crate::kept::Kept;
use crate::surroundings::Drawn;

/// Why a computer can't go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// A panic, or an error where there must be none.
    Panic(String),
    /// It went round in circles.
    Hang,
}

/// What a computer begins with.
pub struct Parts {
    /// Its disk.
    pub disk: Disk,
    /// Its clock.
    pub clock: VirtualClock,
    /// Its profile.
    pub store: MemoryStore,
    /// Where its chance comes from.
    pub seed: u64,
    /// Where faults are counted.
    pub tally: Tally,
}

/// A computer with the program on it.
pub struct Computer {
    /// Its disk.
    pub disk: Disk,
    /// Its clock.
    pub clock: VirtualClock,
    /// Its profile.
    pub store: Kept,
    /// What its system tells of changes.
    pub watcher: SystemWatcher,
    /// Every id that it has written under.
    pub ids: BTreeSet<ReplicaId>,
    /// What it has put into the folder.
    pub wrote: BTreeSet<FileHash>,
    /// So many times it has looked through the folder.
    pub scans: u64,
    rng: Rng,
    /// None only while it is being started.
    program: Option<Installation<Disk>>,
    /// Another process on the same profile, where locks don't work.
    second: Option<Installation<Disk>>,
    /// The profile has been written by another process than the program that runs.
    is_doubled: bool,
}

impl Computer {
    /// Starts the program on a profile.
    ///
    /// # Errors
    /// It doesn't start.
    pub fn start(parts: Parts) -> Result<Self, Failure> {
        let Parts { disk, clock, store, seed, tally } = parts;
        let mut rng = Rng::with_seed(seed);
        let watcher = SystemWatcher::new(disk.clone(), rng.u64(..), tally);
        let (store, ids) = (Kept::new(store), BTreeSet::new());
        let (wrote, program, second, is_doubled) = (BTreeSet::new(), None, None, false);
        let mut computer =
            Computer { disk, clock, store, watcher, ids, wrote, scans: 0, rng, program, second, is_doubled };
        computer.program = Some(computer.begin(computer.store.clone())?);
        Ok(computer)
    }

    /// Another process on what a store keeps, with this computer's disk and clock.
    fn begin(&mut self, store: Kept) -> Result<Installation<Disk>, Failure> {
        let surroundings = Arc::new(Drawn::new(self.clock.clone(), self.rng.u64(..)));
        let started = Installation::start(Box::new(store), PathBuf::from(ROOT), self.disk.clone(), surroundings);
        let started = started.map_err(|error| Failure::Panic(format!("it doesn't start: {error}")))?;
        self.ids.insert(started.replica());
        Ok(started)
    }

    /// Lets the program do something. A power cut ends its run; the next one begins at once. True where that was so.
    ///
    /// # Errors
    /// It failed where it must not.
    pub fn work(
        &mut self,
        work: impl FnOnce(&mut Installation<Disk>) -> Result<(), SessionError>,
    ) -> Result<bool, Failure> {
        let is_second = self.second.is_some() && self.rng.bool();
        let acting = if is_second { &mut self.second } else { &mut self.program };
        let Some(installation) = acting.as_mut() else { return Ok(false) };
        let outcome = guarded(installation, work);
        self.ids.insert(installation.replica());
        match outcome {
            Ok(Ok(())) => Ok(false),
            // Of two processes on one profile one may be told that its window has to be opened again.
            Ok(Err(_)) if self.is_doubled => Ok(false),
            Ok(Err(error)) => Err(Failure::Panic(error.to_string())),
            Err(Stop::Power) => {
                self.restart(None)?;
                Ok(true)
            }
            Err(Stop::Failure(failure)) => Err(failure),
        }
    }

    /// The carrier wakes if the system tells something or if it is time.
    ///
    /// # Errors
    /// It failed where it must not.
    pub fn wake(&mut self) -> Result<(), Failure> {
        self.listen();
        let mut scans = false;
        self.work(|installation| {
            installation.tick();
            scans = installation.carry();
            Ok(())
        })?;
        self.scans += u64::from(scans);
        Ok(())
    }

    /// The program hears what the system tells.
    pub fn listen(&mut self) {
        let events = self.watcher.events();
        for process in self.program.iter_mut().chain(&mut self.second) {
            events.iter().for_each(|event| process.report(event));
        }
    }

    /// How long the carrier sleeps from now on.
    pub fn due_in(&self) -> Duration {
        let processes = self.program.iter().chain(&self.second);
        processes.map(Installation::due_in).min().unwrap_or(Duration::MAX)
    }

    /// Ends the run as it stands, with every process, and begins another, on the same profile or on another one.
    ///
    /// # Errors
    /// It doesn't start.
    pub fn restart(&mut self, profile: Option<MemoryStore>) -> Result<(), Failure> {
        (self.program, self.second, self.is_doubled) = (None, None, false);
        if let Some(profile) = profile {
            self.store.replace(profile);
        }
        self.watcher.start_again();
        self.program = Some(self.begin(self.store.clone())?);
        Ok(())
    }

    /// A second process begins on the profile.
    ///
    /// # Errors
    /// It doesn't start.
    pub fn start_second(&mut self) -> Result<(), Failure> {
        self.is_doubled = true;
        self.second = Some(self.begin(self.store.clone())?);
        Ok(())
    }

    /// Whether there is one.
    pub fn has_second(&self) -> bool {
        self.second.is_some()
    }

    /// The machine goes on for a while, as `live` says, and is then set back to the state in which it is now: its memory,
    /// and its profile unless `keeps_profile`. What lies in the shared folder stays.
    ///
    /// # Errors
    /// It failed where it must not.
    pub fn dream(
        &mut self,
        keeps_profile: bool,
        mut live: impl FnMut(&mut Installation<Disk>) -> Result<(), SessionError>,
    ) -> Result<(), Failure> {
        self.is_doubled |= keeps_profile;
        let later = if keeps_profile { self.store.clone() } else { Kept::new(self.store.copy()) };
        // No process can be copied, but one that begins with the same profile is none the wiser.
        let mut process = self.begin(later)?;
        match guarded(&mut process, &mut live) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Failure::Panic(error.to_string())),
            Err(Stop::Power) => {}
            Err(Stop::Failure(failure)) => return Err(failure),
        }
        self.ids.insert(process.replica());
        Ok(())
    }

    /// Looks into the store.
    pub fn look<T>(&self, look: impl FnOnce(&dyn Storage) -> T) -> T {
        look(&self.store)
    }

    /// All records that it holds.
    pub fn held(&self) -> BTreeSet<RecordId> {
        let replicas = self.store.replicas().unwrap_or_default();
        let records = replicas.iter().flat_map(|id| self.store.records_of(id, 0..u64::MAX).unwrap_or_default());
        records.map(|record| record.id()).collect()
    }

    /// All that was ever written in what it holds, be it shown or not, one writing after another.
    pub fn written(&self) -> String {
        let mut text = String::new();
        let replicas = self.store.replicas().unwrap_or_default();
        for record in replicas.iter().flat_map(|id| self.store.records_of(id, 0..u64::MAX).unwrap_or_default()) {
            for event in record.events().runs() {
                if let Event::Insert { what: Insertion::Text(inserted), .. } = event {
                    text.push_str(inserted);
                }
                text.push('\n');
            }
        }
        text
    }

    /// What its status line says.
    pub fn status(&self) -> Option<Status> {
        self.program.as_ref().map(Installation::status)
    }

    /// The files that it can't use, and why.
    pub fn unused(&self) -> Vec<FileReport> {
        self.program.as_ref().map(Installation::unused).unwrap_or_default()
    }

    /// The id it writes under now.
    pub fn replica(&self) -> ReplicaId {
        self.program.as_ref().map(Installation::replica).unwrap_or_default()
    }

    /// Whether the program may take these bytes away: a segment of this computer's records, one of others' as it could have
    /// published it, or a file that it has put there.
    fn may_remove(&self, path: &Path, bytes: &[u8]) -> bool {
        let segment = Segment::parse(bytes, &self.store.workspace()).ok();
        let is_named = |segment: &Segment| path.file_name().is_some_and(|name| name == segment.name().as_str());
        segment.is_some_and(|segment| self.ids.contains(&segment.header().author) || is_named(&segment))
            || self.wrote.contains(&FileHash::of(bytes))
    }

    /// Whether the program may write there: its own directory, its own files among everybody's, and what is known by its
    /// content.
    fn may_write(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix("inkfold-data") else { return false };
        let mut parts = below.iter().map(|part| part.to_string_lossy());
        let (Some(directory), file) = (parts.next(), parts.next()) else { return true };
        let is_own = |name: &str| self.ids.iter().any(|id| id.to_string() == name);
        let is_temporary = |name: &str| name.starts_with('~');
        match (&*directory, file) {
            ("acks" | "presence" | "blobs" | "checkpoints", None) => true,
            ("acks" | "presence", Some(name)) => is_temporary(&name) || is_own(name.split('.').next().unwrap_or("")),
            ("blobs" | "checkpoints", Some(_)) => true,
            (directory, _) => is_own(directory),
        }
    }

    /// Paths that the program has changed since the last call although they are not its own.
    pub fn strays(&mut self) -> Vec<PathBuf> {
        let mut strays = Vec::new();
        for Touched { path, removed } in self.disk.take_touched() {
            if removed.is_none() {
                self.wrote.extend(self.disk.bytes(&path).map(|bytes| FileHash::of(&bytes)));
            }
            let is_temporary = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('~'));
            // Its small files are replaced and taken away by their name alone.
            let is_small =
                ["acks", "presence"].iter().any(|name| path.starts_with(Path::new("inkfold-data").join(name)));
            // Of what lies in its directory it may take away only what it has put there itself, or could have.
            let is_theirs = removed.is_some_and(|bytes| !is_temporary && !is_small && !self.may_remove(&path, &bytes));
            if !self.may_write(&path) || is_theirs {
                strays.push(path);
            }
        }
        strays
    }
}

/// What ended a piece of work before its time.
enum Stop {
    Power,
    Failure(Failure),
}

/// Works, and catches what unwinds.
fn guarded<T>(
    installation: &mut Installation<Disk>,
    work: impl FnOnce(&mut Installation<Disk>) -> T,
) -> Result<T, Stop> {
    let payload = match catch_unwind(AssertUnwindSafe(|| work(installation))) {
        Ok(done) => return Ok(done),
        Err(payload) => payload,
    };
    if payload.is::<PowerCut>() {
        return Err(Stop::Power);
    }
    if payload.is::<Endless>() {
        return Err(Stop::Failure(Failure::Hang));
    }
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    Err(Stop::Failure(Failure::Panic(text.unwrap_or("a panic").to_owned())))
}
