//! The session: what the window and the command line ask for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use inkfold_engine::{DocumentId, Value, WorkspaceId};
use inkfold_folder::{RealClock, RealFileSystem, genesis};
use inkfold_store::{Batch, Storage};
use tokio::sync::{OwnedMutexGuard, broadcast, oneshot};

use crate::blobs::{self, LocalBlobs, OpenBlob, Uploads};
use crate::carrier::FirstScan;
use crate::error::SessionError;
use crate::health::{self, ShownBlobs};
use crate::opened::Ask;
use crate::profile::Profile;
use crate::reading;
use crate::recovery::{self, Salvage};
use crate::sharing::check_apart;
use crate::welcome;
use crate::wire::{
    self, BlobInfo, BlobState, DocumentInfo, Edit, Health, Opened, Patch, Present, Start, Status, Undo, Undone,
    WorkspaceInfo,
};
use crate::witness::{Facts, Witness};
use crate::workspace::{Handle, Workspace, setting};

/// How many events a slow listener may fall behind before it misses some; it asks for the state then.
const EVENTS: usize = 256;
/// How long closing waits for the shared folder.
const PATIENCE: Duration = Duration::from_secs(5);

/// One running installation. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    profile: Profile,
    /// Where the installation lives.
    facts: Facts,
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
        let lock = profile.lock()?;
        let (events, _) = broadcast::channel(EVENTS);
        Ok(Session(Arc::new(Shared {
            profile,
            facts,
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

    pub(crate) fn note_info(&self, info: WorkspaceInfo) {
        if let Some(current) = self.current().as_ref() {
            *current.info.lock().unwrap_or_else(PoisonError::into_inner) = info;
        }
    }

    pub(crate) fn handle(&self) -> Result<Handle, SessionError> {
        self.current().as_ref().map(|current| current.handle.clone()).ok_or(SessionError::NoWorkspace)
    }

    // ---- workspaces

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
        // A lost database is rebuilt here, which takes a while.
        let begun = tokio::task::spawn_blocking(move || {
            let start = || {
                let (store, witness) = recovery::open(&profile, id, facts.clone(), how)?;
                let info = Arc::new(Mutex::new(Profile::info(&store)?));
                let (handle, thread) =
                    Workspace::start(Box::new(store), blobs.clone(), events.clone(), first_scan, witness)?;
                Ok::<_, SessionError>(Current { id, info, handle, blobs: blobs.clone(), shown: ShownBlobs::default(), thread: Some(thread) })
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
        let id = WorkspaceId(crate::surroundings::Around::real().random()?);
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

    // ---- documents

    /// All documents, newest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn documents(&self) -> Result<Vec<DocumentInfo>, SessionError> {
        self.handle()?.ask(|workspace| workspace.documents()).await
    }

    /// Makes an empty document.
    ///
    /// # Errors
    /// It can't be stored.
    pub async fn create_document(&self, title: String) -> Result<DocumentInfo, SessionError> {
        self.make_document(title, Vec::new()).await
    }

    /// Makes the document that shows a newcomer around.
    ///
    /// # Errors
    /// It can't be stored.
    pub async fn create_welcome(&self) -> Result<DocumentInfo, SessionError> {
        self.make_document(welcome::TITLE.into(), welcome::blocks()).await
    }

    async fn make_document(&self, title: String, blocks: Vec<wire::Block>) -> Result<DocumentInfo, SessionError> {
        let handle = self.handle()?;
        let id = handle.ask(move |workspace| workspace.create_document(&title, blocks)).await?;
        let documents = self.documents().await?;
        let found = documents.into_iter().find(|info| info.id == id.to_string());
        found.ok_or_else(|| SessionError::NoDocument(id.to_string()))
    }

    /// Gives a document another title.
    ///
    /// # Errors
    /// There is no such document, or it can't be stored.
    pub async fn rename_document(&self, document: String, title: String) -> Result<(), SessionError> {
        self.set_register(document, "title", Some(Value::Text(title))).await
    }

    /// Puts a document in the trash, or takes it out.
    ///
    /// # Errors
    /// There is no such document, or it can't be stored.
    pub async fn set_trashed(&self, document: String, trashed: bool) -> Result<(), SessionError> {
        self.set_register(document, "trashed", Some(Value::Flag(trashed))).await
    }

    async fn set_register(
        &self,
        document: String,
        key: &'static str,
        value: Option<Value>,
    ) -> Result<(), SessionError> {
        let id = parse(&document)?;
        self.handle()?
            .ask(move |workspace| {
                if !workspace.store.documents()?.contains(&id) {
                    return Err(SessionError::NoDocument(document));
                }
                workspace.set_register(id, key, value)
            })
            .await
    }

    /// Opens a document in a window.
    ///
    /// # Errors
    /// There is no such document, or it can't be read.
    pub async fn open_document(&self, document: String) -> Result<Opened, SessionError> {
        let id = parse(&document)?;
        self.handle()?.ask(move |workspace| workspace.open_document(id)).await
    }

    /// The window shows the document no longer.
    ///
    /// # Errors
    /// It can't be stored.
    pub async fn close_document(&self, document: String) -> Result<(), SessionError> {
        let id = parse(&document)?;
        self.handle()?.ask(move |workspace| workspace.close_document(id)).await
    }

    /// Takes an edit; answers when it is durable.
    ///
    /// # Errors
    /// It can't be stored now, or doesn't fit the page.
    pub async fn edit(&self, edit: Edit) -> Result<(), SessionError> {
        self.handle()?.ask_later(move |workspace, reply| workspace.edit(edit, reply)).await
    }

    /// Takes back what the writer of a window did last, or does it again; answers when it is done, before it is durable.
    ///
    /// # Errors
    /// The document isn't open, or the window is out of step.
    pub async fn undo(&self, undo: Undo) -> Result<Undone, SessionError> {
        self.handle()?.ask_later(move |workspace, reply| workspace.undo(undo, reply)).await
    }

    /// What others did since a patch; none if nothing.
    ///
    /// # Errors
    /// The document isn't open, or the window is out of step.
    pub async fn next_patch(&self, document: String, patch: u32, counter: u32) -> Result<Option<Patch>, SessionError> {
        let id = parse(&document)?;
        self.handle()?.ask_later(move |workspace, reply| workspace.ask_patch(id, Ask { patch, counter, reply })).await
    }

    /// The page as an open document's window should show it now. Tests hold the window against it.
    ///
    /// # Errors
    /// The document isn't open.
    pub async fn window_page(&self, document: String) -> Result<Vec<wire::Block>, SessionError> {
        let id = parse(&document)?;
        self.handle()?.ask(move |workspace| workspace.window_page(id)).await
    }

    /// Where the person at a window is, in a document that it has open.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn present(&self, document: String, selection: wire::Selection) -> Result<(), SessionError> {
        let id = parse(&document)?;
        self.handle()?
            .ask(move |workspace| {
                workspace.present(id, selection);
                Ok(())
            })
            .await
    }

    /// Who is in a document at the moment, with their places in one that a window has open, where it stands after this
    /// patch and this edit.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn presences(&self, document: String, patch: u32, counter: u32) -> Result<Vec<Present>, SessionError> {
        let id = parse(&document)?;
        self.handle()?.ask(move |workspace| Ok(workspace.presences(Some((id, patch, counter))))).await
    }

    /// Whether others may see where the person here is.
    ///
    /// # Errors
    /// It can't be stored.
    pub async fn share_presence(&self, shared: bool) -> Result<(), SessionError> {
        self.handle()?.ask(move |workspace| workspace.share_presence(shared)).await
    }

    /// The state of the workspace.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn status(&self) -> Result<Status, SessionError> {
        let told = |workspace: &mut Workspace| {
            workspace.tell_status();
            Ok(workspace.status())
        };
        self.handle()?.ask(told).await
    }

    /// How the workspace and its shared folder stand.
    ///
    /// # Errors
    /// No workspace is open, or its database can't be read.
    pub async fn health(&self) -> Result<Health, SessionError> {
        let mut health = self.handle()?.ask(|workspace| workspace.health()).await?;
        let (profile, blobs, shown) = (self.0.profile.clone(), self.blobs()?, self.shown_blobs()?);
        // Every document is looked into, which nobody should wait for who writes.
        let counts = move || health::count_blobs(&profile.store(blobs.workspace())?, &blobs, &shown);
        health.blobs = aside(counts).await?;
        Ok(health)
    }

    // ---- images and attachments

    fn blobs(&self) -> Result<LocalBlobs, SessionError> {
        self.current().as_ref().map(|current| current.blobs.clone()).ok_or(SessionError::NoWorkspace)
    }

    fn shown_blobs(&self) -> Result<ShownBlobs, SessionError> {
        self.current().as_ref().map(|current| current.shown.clone()).ok_or(SessionError::NoWorkspace)
    }

    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        // Nothing that holds this lock can leave it half done.
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the content of a file as a blob; it is durable on this device when this returns, and published as the folder
    /// takes it.
    ///
    /// # Errors
    /// It is too large, or can't be read or stored.
    pub async fn add_blob(&self, path: PathBuf) -> Result<BlobInfo, SessionError> {
        let blobs = self.blobs()?;
        let info = aside(move || blobs.add(&path)).await?;
        self.blob_added()?;
        Ok(info)
    }

    fn blob_added(&self) -> Result<(), SessionError> {
        self.handle()?.send(|workspace| {
            if let Some(courier) = &workspace.exchange.courier {
                // Till the courier knows better: the words don't count as published before what they show.
                workspace.exchange.outstanding_blobs += 1;
                courier.added();
            }
        })
    }

    /// Begins to take content that a window hands over piece by piece; its number.
    ///
    /// # Errors
    /// Nothing can be stored.
    pub async fn begin_blob(&self) -> Result<u32, SessionError> {
        let blobs = self.blobs()?;
        self.uploads().begin(blobs)
    }

    /// Takes the next piece. Pieces are handed over one after the other.
    ///
    /// # Errors
    /// There is no such upload, it became too large, or it can't be stored; it is over then.
    pub async fn append_blob(&self, number: u32, piece: Vec<u8>) -> Result<(), SessionError> {
        let mut upload = self.uploads().take(number)?;
        let upload = aside(move || upload.append(&piece).map(|()| upload)).await?;
        self.uploads().put(number, upload);
        Ok(())
    }

    /// Makes a blob of all pieces.
    ///
    /// # Errors
    /// As [`Self::add_blob`], or there is no such upload.
    pub async fn finish_blob(&self, number: u32) -> Result<BlobInfo, SessionError> {
        let upload = self.uploads().take(number)?;
        let info = aside(move || upload.finish()).await?;
        self.blob_added()?;
        Ok(info)
    }

    /// Where a blob is. One that isn't here is looked for in the folder, and an event says what came of it.
    ///
    /// # Errors
    /// No workspace is open, or it is no hash.
    pub async fn blob(&self, hash: String) -> Result<BlobState, SessionError> {
        let (blobs, hash) = (self.blobs()?, blobs::parse(&hash)?);
        if blobs.path(&hash).is_some() {
            return Ok(BlobState::Here);
        }
        self.handle()?
            .ask(move |workspace| match &workspace.exchange.courier {
                Some(courier) => {
                    courier.want(hash);
                    Ok(BlobState::Coming)
                }
                None => Ok(BlobState::Absent),
            })
            .await
    }

    /// The content of a blob that is here.
    ///
    /// # Errors
    /// It isn't here, or can't be read.
    pub async fn read_blob(&self, hash: String) -> Result<OpenBlob, SessionError> {
        let (blobs, hash) = (self.blobs()?, blobs::parse(&hash)?);
        aside(move || blobs.read(&hash)).await
    }

    /// Saves the content of a blob that is here as a file of the user's own.
    ///
    /// # Errors
    /// It isn't here, or the file can't be written.
    pub async fn save_blob(&self, hash: String, path: PathBuf) -> Result<(), SessionError> {
        let blob = self.read_blob(hash).await?;
        aside(move || {
            let copied = File::create(&path).and_then(|mut file| std::io::copy(&mut blob.content(), &mut file));
            copied.map(|_| ()).map_err(SessionError::files(path))
        })
        .await
    }

    /// Stops reading the shared folder; what has come in stays. Nothing is read or published any more until it is to go on.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn stop_reading(&self) -> Result<(), SessionError> {
        self.halt(true).await
    }

    /// Lets reading the shared folder go on.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn go_on_reading(&self) -> Result<(), SessionError> {
        self.halt(false).await
    }

    async fn halt(&self, is_halted: bool) -> Result<(), SessionError> {
        let job = move |workspace: &mut Workspace| {
            workspace.exchange.halt(is_halted);
            Ok(workspace.tell_status())
        };
        self.handle()?.ask(job).await
    }

    /// Scans the folder once, and publishes everything that isn't there yet. Does nothing without a folder.
    ///
    /// # Errors
    /// Something can't be stored.
    pub async fn sync(&self) -> Result<(), SessionError> {
        let handle = self.handle()?;
        // What came in may be what others waited for, so the folder is looked at before and after.
        for _ in 0..2 {
            let scanned = handle
                .ask(|workspace| {
                    workspace.flush()?;
                    Ok(workspace.exchange.carrier.as_ref().map(|carrier| carrier.scan()))
                })
                .await?;
            if let Some(scanned) = scanned {
                let _ = scanned.await;
            }
            if let Some(carried) = handle.ask(|workspace| Ok(carried(workspace))).await? {
                let _ = carried.await;
            }
        }
        Ok(())
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

    /// Publishes what isn't in the folder yet, as far as the folder takes it in a few seconds.
    ///
    /// # Errors
    /// What was written could not be stored.
    pub async fn publish(&self) -> Result<(), SessionError> {
        let published_in = self
            .handle()?
            .ask(|workspace| {
                workspace.flush()?;
                let exchange = &workspace.exchange;
                let scanned =
                    exchange.carrier.as_ref().filter(|_| !exchange.is_published()).map(|carrier| carrier.scan());
                Ok(scanned.zip(carried(workspace)))
            })
            .await?;
        let published = async |(scanned, carried): (oneshot::Receiver<()>, oneshot::Receiver<()>)| {
            let _ = tokio::join!(scanned, carried);
        };
        if let Some(waiting) = published_in
            && tokio::time::timeout(PATIENCE, published(waiting)).await.is_err()
        {
            tracing::warn!("the shared folder doesn't answer; what isn't there yet follows at the next start");
        }
        Ok(())
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

/// Does work that waits for a disk where nobody is kept waiting by it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SessionError> + Send + 'static,
) -> Result<T, SessionError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SessionError::Closing)?
}

/// When the blobs added here are in the folder, or could not be put there.
fn carried(workspace: &mut Workspace) -> Option<oneshot::Receiver<()>> {
    workspace.exchange.courier.as_ref().map(|courier| courier.finish())
}

fn parse(document: &str) -> Result<DocumentId, SessionError> {
    document.parse().map_err(|_| SessionError::NoDocument(document.to_owned()))
}
