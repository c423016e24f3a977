//! A computer: a disk, a profile and the program, which is started again whenever the power has failed.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkfold_engine::ReplicaId;
use inkfold_folder::Segment;
use inkfold_session::wire::FileReport;
use inkfold_session::{Installation, SessionError};
use inkfold_store::Storage;
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Disk, Endless, PowerCut, ROOT, Touched};

use crate::surroundings::Drawn;

/// Why a computer can't go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// A panic, or an error where there must be none.
    Panic(String),
    /// It went round in circles.
    Hang,
}

/// A computer with the program on it.
pub struct Computer {
    pub disk: Disk,
    pub clock: VirtualClock,
    /// Every id that it has written under.
    pub ids: BTreeSet<ReplicaId>,
    surroundings: Arc<Drawn>,
    /// None only while it is being started.
    installation: Option<Installation<Disk>>,
}

impl Computer {
    /// Starts the program on a profile.
    pub fn start(disk: Disk, clock: VirtualClock, store: Box<dyn Storage>, seed: u64) -> Result<Self, Failure> {
        let surroundings = Arc::new(Drawn::new(clock.clone(), seed));
        let mut computer = Computer { disk, clock, ids: BTreeSet::new(), surroundings, installation: None };
        computer.boot(store)?;
        Ok(computer)
    }

    fn boot(&mut self, store: Box<dyn Storage>) -> Result<(), Failure> {
        let started = Installation::start(store, PathBuf::from(ROOT), self.disk.clone(), self.surroundings.clone());
        let installation = started.map_err(|error| Failure::Panic(format!("it doesn't start: {error}")))?;
        self.ids.insert(installation.replica());
        self.installation = Some(installation);
        Ok(())
    }

    /// Lets the program do something. A power cut ends its run; the next one begins at once. True where that was so.
    pub fn work(
        &mut self,
        work: impl FnOnce(&mut Installation<Disk>) -> Result<(), SessionError>,
    ) -> Result<bool, Failure> {
        let Some(installation) = self.installation.as_mut() else { return Ok(false) };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(installation)));
        self.ids.insert(installation.replica());
        match outcome {
            Ok(Ok(())) => Ok(false),
            Ok(Err(error)) => Err(Failure::Panic(error.to_string())),
            Err(payload) if payload.is::<PowerCut>() => {
                self.restart(None)?;
                Ok(true)
            }
            Err(payload) if payload.is::<Endless>() => Err(Failure::Hang),
            Err(payload) => {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
                Err(Failure::Panic(text.unwrap_or("a panic").to_owned()))
            }
        }
    }

    /// Ends the run as it stands and begins another, on the same profile or on another one.
    pub fn restart(&mut self, profile: Option<Box<dyn Storage>>) -> Result<(), Failure> {
        let Some(installation) = self.installation.take() else { return Ok(()) };
        let store = installation.stop();
        self.boot(profile.unwrap_or(store))
    }

    /// Looks into the store.
    pub fn look<T>(&self, look: impl FnOnce(&dyn Storage) -> T) -> Option<T> {
        self.installation.as_ref().map(|installation| installation.look(look))
    }

    /// The files that it can't use, and why.
    pub fn unused(&self) -> Vec<FileReport> {
        self.installation.as_ref().map(Installation::unused).unwrap_or_default()
    }

    /// The id it writes under now.
    pub fn replica(&self) -> ReplicaId {
        self.installation.as_ref().map(Installation::replica).unwrap_or_default()
    }

    /// Whether these are the bytes of a segment of this computer's records.
    fn has_written(&self, bytes: &[u8]) -> bool {
        let workspace = self.look(|store| store.workspace());
        let segment = workspace.and_then(|workspace| Segment::parse(bytes, &workspace).ok());
        segment.is_some_and(|segment| self.ids.contains(&segment.header().author))
    }

    /// Paths that the program has changed since the last call although they are not its own.
    pub fn strays(&self) -> Vec<PathBuf> {
        let data = Path::new("inkfold-data");
        let own: Vec<PathBuf> = self.ids.iter().map(|id| data.join(id.to_string())).collect();
        let said = |directory: &str, id: &ReplicaId, extension| data.join(directory).join(format!("{id}.{extension}"));
        let replaced: Vec<PathBuf> =
            self.ids.iter().flat_map(|id| [said("acks", id, "ina"), said("presence", id, "inp")]).collect();
        let mut strays = Vec::new();
        for Touched { path, removed } in self.disk.take_touched() {
            let is_own = path == data || own.iter().any(|own| path.starts_with(own));
            let is_temporary = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('~'));
            // Among everybody's small files only its own, and what it writes before they have their name.
            let is_among = ["acks", "presence"].map(|directory| data.join(directory));
            if replaced.contains(&path)
                || is_among.iter().any(|directory| path == *directory || (is_temporary && path.parent() == Some(directory)))
            {
                continue;
            }
            // Of what lies in its directory it may take away only what it has put there itself, or could have.
            let is_theirs = removed.is_some_and(|bytes| !is_temporary && !self.has_written(&bytes));
            if !is_own || is_theirs {
                strays.push(path);
            }
        }
        strays
    }
}
