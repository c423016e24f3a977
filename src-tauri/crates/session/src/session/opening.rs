//! Opening, showing, making, joining and leaving workspaces.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use inkfold_engine::WorkspaceId;
use inkfold_folder::{RealClock, RealFileSystem, genesis};
use inkfold_store::{Batch, Storage};
use tokio::sync::{OwnedMutexGuard, broadcast};

use super::{Current, Session, Shared};
use crate::carrier::FirstScan;
use crate::error::SessionError;
use crate::health::ShownBlobs;
use crate::profile::Profile;
use crate::reading;
use crate::recovery::{self, Salvage};
use crate::sharing::check_apart;
use crate::wire::{Start, WorkspaceInfo};
use crate::witness::Witness;
use crate::workspace::{Workspace, setting};

impl Session {
    /// The workspaces here; opens the one shown last, if none is open.
    ///
    /// # Errors
    /// A database can't be used.
    pub async fn start(&self) -> Result<Start, SessionError> {
        let ids = self.0.profile.workspaces()?;
        if self.current().is_none()
            && let Some(id) = self.shown_last(&ids)
        {
            self.show(id, FirstScan::AtOnce).await?;
            self.0.profile.set_current(id)?;
        }
        let mut workspaces = Vec::new();
        for id in ids {
            let current = self.current().as_ref().filter(|current| current.id == id).map(Current::info);
            workspaces.push(match current {
                Some(info) => info,
                None => self.0.profile.info_at_least(id),
            });
        }
        let current = self.current().as_ref().map(|current| current.id.to_string());
        let document = match self.handle() {
            Ok(handle) => {
                handle.ask(|workspace| reading::setting_text(&*workspace.store, setting::LAST_DOCUMENT)).await?
            }
            Err(_) => None,
        };
        Ok(Start { workspaces, current, document })
    }

    fn shown_last(&self, ids: &[WorkspaceId]) -> Option<WorkspaceId> {
        self.0.profile.current().filter(|id| ids.contains(id)).or(ids.first().copied())
    }

    /// Shows a workspace: an id, the beginning of one, or a name.
    ///
    /// # Errors
    /// There is none such, or its database can't be used.
    pub async fn open_workspace(&self, workspace: String) -> Result<Start, SessionError> {
        let id = self.0.profile.choose(Some(&workspace))?;
        self.show(id, FirstScan::AtOnce).await?;
        self.0.profile.set_current(id)?;
        self.start().await
    }

    /// Opens the workspace meant by `wanted`, or the only one, without keeping in mind that it was shown.
    ///
    /// # Errors
    /// As [`Profile::choose`].
    pub async fn choose_workspace(&self, wanted: Option<&str>) -> Result<(), SessionError> {
        let id = self.0.profile.choose(wanted)?;
        self.show(id, FirstScan::AtOnce).await
    }

    async fn show(&self, id: WorkspaceId, first_scan: FirstScan) -> Result<(), SessionError> {
        let _turn = self.0.turn.lock().await;
        if self.current().as_ref().is_some_and(|current| current.id == id) {
            return Ok(());
        }
        self.leave().await?;
        self.begin(id, first_scan, Salvage::WithFolder).await
    }

    /// Starts a workspace's thread, where none runs.
    async fn begin(&self, id: WorkspaceId, first_scan: FirstScan, how: Salvage) -> Result<(), SessionError> {
        let blobs = self.0.profile.blobs(id)?;
        let (profile, facts, events) = (self.0.profile.clone(), self.0.facts.clone(), self.0.events.clone());
        let around = self.0.around.clone();
        // A lost database is rebuilt here, which takes a while.
        let begun = tokio::task::spawn_blocking(move || {
            let start = || {
                let (store, witness) = recovery::open(&profile, id, facts.clone(), how)?;
                let info = Arc::new(Mutex::new(Profile::info(&store)?));
                let (handle, thread) = Workspace::start(
                    Box::new(store),
                    blobs.clone(),
                    events.clone(),
                    first_scan,
                    witness,
                    around.clone(),
                )?;
                Ok::<_, SessionError>(Current {
                    id,
                    info,
                    handle,
                    blobs: blobs.clone(),
                    shown: ShownBlobs::default(),
                    thread: Some(thread),
                })
            };
            match start() {
                // Only reading the rows has shown it.
                Err(error) if error.is_loss() => {
                    Witness::open(facts.clone(), profile.directory(&id), [0; 16]).note_damage()?;
                    start()
                }
                begun => begun,
            }
        });
        let begun = begun.await.map_err(|_| SessionError::Closing)??;
        *self.current() = Some(begun);
        Ok(())
    }

    /// Begins a new database for a workspace whose own is lost and that has no folder, with what can be read of the old one,
    /// which stays where it was put aside. Without a name, for the workspace that was shown last.
    ///
    /// # Errors
    /// There is no such workspace, or it can't be stored.
    pub async fn salvage(&self, workspace: Option<String>) -> Result<(), SessionError> {
        let id = match workspace {
            Some(workspace) => self.0.profile.choose(Some(&workspace))?,
            None => self.shown_last(&self.workspaces()?).ok_or(SessionError::NoWorkspace)?,
        };
        let _turn = self.0.turn.lock().await;
        if self.current().as_ref().is_some_and(|current| current.id == id) {
            return Ok(());
        }
        self.leave().await?;
        self.begin(id, FirstScan::AtOnce, Salvage::Asked).await
    }

    /// A session for one piece of work in a workspace, whatever is shown here meanwhile: in the one that is shown, or
    /// in another that is opened beside it, whose folder is read once it is synced: until then the document is as it was
    /// here, and so are its positions. Close it when the work is done; until then nothing else is opened here.
    ///
    /// # Errors
    /// The workspace's database can't be used.
    pub async fn visit(&self, id: WorkspaceId) -> Result<Session, SessionError> {
        let turn = self.0.turn.clone().lock_owned().await;
        let shown = self.current().as_ref().filter(|current| current.id == id).map(|current| Current {
            id,
            info: current.info.clone(),
            handle: current.handle.clone(),
            blobs: current.blobs.clone(),
            shown: current.shown.clone(),
            thread: None,
        });
        if shown.is_some() {
            return Ok(self.guest(shown, None));
        }
        let guest = self.guest(None, Some(turn));
        guest.show(id, FirstScan::WhenAsked).await?;
        Ok(guest)
    }

    /// A session in which a workspace can be made or joined without showing it. Close it, as with [`Self::visit`].
    pub async fn beside(&self) -> Session {
        let turn = self.0.turn.clone().lock_owned().await;
        self.guest(None, Some(turn))
    }

    fn guest(&self, current: Option<Current>, visit: Option<OwnedMutexGuard<()>>) -> Session {
        Session(Arc::new(Shared {
            profile: self.0.profile.clone(),
            facts: self.0.facts.clone(),
            around: self.0.around.clone(),
            lock: self.0.lock.clone(),
            // Who listens to this session hears of the workspace that it shows, and of no other.
            events: broadcast::channel(1).0,
            current: Mutex::new(current),
            uploads: Mutex::default(),
            turn: Arc::default(),
            visit,
        }))
    }

    /// Makes a workspace: on this device only, or in a folder that others can join.
    ///
    /// # Errors
    /// The folder holds a workspace already, or can't be written.
    pub async fn create_workspace(
        &self,
        name: String,
        person: String,
        folder: Option<PathBuf>,
    ) -> Result<WorkspaceInfo, SessionError> {
        let id = WorkspaceId(self.0.around.random()?);
        if let Some(root) = &folder {
            std::fs::create_dir_all(root).map_err(SessionError::files(root))?;
            check_apart(root, self.data())?;
            genesis::create(&RealFileSystem, &RealClock::default(), root, id, &name)?;
        }
        self.add(id, name, person, folder).await
    }

    /// Joins the workspace that a folder holds.
    ///
    /// # Errors
    /// There is none or more than one, or it is here already.
    pub async fn join_workspace(&self, folder: PathBuf, person: String) -> Result<WorkspaceInfo, SessionError> {
        let found = genesis::find(&RealFileSystem, &folder).map_err(SessionError::files(&folder))?;
        let genesis = match <[_; 1]>::try_from(found.workspaces) {
            Ok([(_, genesis)]) => genesis,
            Err(none) if none.is_empty() => return Err(SessionError::NoWorkspaceThere(folder)),
            Err(_) => return Err(SessionError::SeveralWorkspacesThere(folder)),
        };
        if self.0.profile.workspaces()?.contains(&genesis.workspace) {
            return Err(SessionError::Known);
        }
        self.add(genesis.workspace, genesis.name, person, Some(folder)).await
    }

    pub(crate) async fn add(
        &self,
        id: WorkspaceId,
        name: String,
        person: String,
        folder: Option<PathBuf>,
    ) -> Result<WorkspaceInfo, SessionError> {
        let mut store = self.0.profile.make(id)?;
        let folder = match folder {
            // The folder is kept as it is now, not as seen from wherever a later process starts.
            Some(folder) => Some(std::path::absolute(&folder).map_err(SessionError::files(folder))?),
            None => None,
        };
        let text = |key: &str, text: &str| (key.to_owned(), Some(text.as_bytes().to_vec()));
        let mut settings = vec![text(setting::NAME, &name), text(setting::PERSON, &person)];
        settings.extend(folder.as_ref().map(|folder| text(setting::FOLDER, &folder.to_string_lossy())));
        store.commit(&Batch { settings, ..Batch::default() })?;
        let info = Profile::info(&store)?;
        drop(store);
        self.show(id, FirstScan::AtOnce).await?;
        if self.0.visit.is_none() {
            self.0.profile.set_current(id)?;
        }
        let handle = self.handle()?;
        // Who writes under this replica's id is the workspace's own data, for everyone to see.
        handle
            .ask(move |workspace| {
                workspace.introduce()?;
                // At once: from this the others learn that somebody is here, and don't wait for a pause any longer.
                workspace.flush()
            })
            .await?;
        Ok(info)
    }

    /// Seals, flushes, publishes what the folder takes in a few seconds, and stops.
    ///
    /// # Errors
    /// What was written could not be stored; the session goes on.
    pub async fn close(&self) -> Result<(), SessionError> {
        let _turn = self.0.turn.lock().await;
        self.leave().await
    }

    /// As [`Self::close`], for who has the turn.
    async fn leave(&self) -> Result<(), SessionError> {
        if self.current().is_none() {
            return Ok(());
        }
        self.publish().await?;
        let Some(Current { handle, thread, .. }) = self.current().take() else { return Ok(()) };
        if let Some(thread) = thread {
            handle.send(|workspace| workspace.stop())?;
            // The thread has been told to stop and only finishes its last job.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        Ok(())
    }
}
