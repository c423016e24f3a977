//! The session: what the window and the command line ask for.

mod blobs;
mod documents;
mod opening;
mod presence;
mod sync;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use inkfold_engine::{DocumentId, WorkspaceId};
use tokio::sync::{OwnedMutexGuard, broadcast};

use crate::blobs::{LocalBlobs, Uploads};
use crate::error::SessionError;
use crate::health::ShownBlobs;
use crate::profile::Profile;
use crate::surroundings::{Around, Surroundings};
use crate::wire::{self, WorkspaceInfo};
use crate::witness::Facts;
use crate::workspace::Handle;

/// How many events a slow listener may fall behind before it misses some; it asks for the state then.
const EVENTS: usize = 256;

/// One running installation. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    profile: Profile,
    /// Where the installation lives.
    facts: Facts,
    around: Around,
    /// Held as long as this process may write.
    lock: Arc<File>,
    events: broadcast::Sender<wire::Event>,
    current: Mutex<Option<Current>>,
    uploads: Mutex<Uploads>,
    /// Held while a workspace is opened or left: two threads on one store would write as one replica twice.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The turn of the session that this one is a guest of, for as long as it has a workspace open beside it.
    visit: Option<OwnedMutexGuard<()>>,
}

struct Current {
    id: WorkspaceId,
    /// Guests have the same one.
    info: Arc<Mutex<WorkspaceInfo>>,
    handle: Handle,
    blobs: LocalBlobs,
    shown: ShownBlobs,
    /// None where the workspace belongs to the session that this one is a guest of.
    thread: Option<JoinHandle<()>>,
}

impl Current {
    fn info(&self) -> WorkspaceInfo {
        // Whoever holds this lock only copies or replaces the value.
        self.info.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The lock must not be free before the thread that writes has ended.
        let current = self.current.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Current { handle, thread: Some(thread), .. }) = current {
            let _ = handle.send(|workspace| workspace.stop());
            let _ = thread.join();
        }
    }
}

impl Session {
    /// Opens a data directory for writing.
    ///
    /// # Errors
    /// Another process has it, or it can't be used.
    pub fn open(data: impl Into<PathBuf>) -> Result<Self, SessionError> {
        let profile = Profile::open(data)?;
        let facts = Facts::here(profile.data());
        Self::open_as(profile, facts)
    }

    /// As [`Self::open`], where the installation lives at another place than it seems: a simulation of two machines on one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_as(profile: Profile, facts: Facts) -> Result<Self, SessionError> {
        Self::open_around(profile, facts, Around::real())
    }

    /// As [`Self::open_as`], with another clock and another chance than the computer's own.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        profile: Profile,
        facts: Facts,
        surroundings: Arc<dyn Surroundings>,
    ) -> Result<Self, SessionError> {
        Self::open_around(profile, facts, Around(surroundings))
    }

    fn open_around(profile: Profile, facts: Facts, around: Around) -> Result<Self, SessionError> {
        let lock = profile.lock()?;
        let (events, _) = broadcast::channel(EVENTS);
        Ok(Session(Arc::new(Shared {
            profile,
            facts,
            around,
            lock: Arc::new(lock),
            events,
            current: Mutex::new(None),
            uploads: Mutex::default(),
            turn: Arc::default(),
            visit: None,
        })))
    }

    /// What happens, from now on.
    pub fn events(&self) -> broadcast::Receiver<wire::Event> {
        self.0.events.subscribe()
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        // Nothing that holds this lock can leave it half done.
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The workspace that is open.
    pub(crate) fn info(&self) -> Result<WorkspaceInfo, SessionError> {
        self.current().as_ref().map(Current::info).ok_or(SessionError::NoWorkspace)
    }

    pub(crate) fn profile(&self) -> &Profile {
        &self.0.profile
    }

    pub(crate) fn note_info(&self, info: WorkspaceInfo) {
        if let Some(current) = self.current().as_ref() {
            *current.info.lock().unwrap_or_else(PoisonError::into_inner) = info;
        }
    }

    pub(crate) fn handle(&self) -> Result<Handle, SessionError> {
        self.current().as_ref().map(|current| current.handle.clone()).ok_or(SessionError::NoWorkspace)
    }

    /// The workspaces here.
    ///
    /// # Errors
    /// The data directory can't be read.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceId>, SessionError> {
        self.0.profile.workspaces()
    }

    /// Whether the workspace that is open has a folder.
    pub fn is_shared(&self) -> bool {
        self.current().as_ref().is_some_and(|current| current.info().folder.is_some())
    }

    /// Where the data is.
    pub fn data(&self) -> &Path {
        self.0.profile.data()
    }
}

/// Does work that waits for a disk where nobody is kept waiting by it.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SessionError> + Send + 'static,
) -> Result<T, SessionError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SessionError::Closing)?
}

fn parse(document: &str) -> Result<DocumentId, SessionError> {
    document.parse().map_err(|_| SessionError::NoDocument(document.to_owned()))
}
