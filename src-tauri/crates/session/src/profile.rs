//! The data directory of an installation: one database a workspace, which workspace was shown last, and a lock so that
//! one process at a time writes here.
//!
//! ```text
//! <data>/lock                            held by the one process that writes
//! <data>/profile.json                    which workspace was shown last
//! <data>/workspaces/<id>/inkfold.db      a workspace's store
//! <data>/workspaces/<id>/blobs/          its images and attachments
//! <data>/workspaces/<id>/mirror.json     what is known of it should it be lost or set back
//! <data>/workspaces/<id>/set-aside-…/    a damaged one that was put aside
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use inkfold_engine::WorkspaceId;
use inkfold_store::{SqliteStore, Storage, StoreError};
use serde::{Deserialize, Serialize};

use crate::blobs::LocalBlobs;
use crate::error::SessionError;
use crate::reading::setting_text;
use crate::wire::WorkspaceInfo;
use crate::witness::Mirror;
use crate::workspace::setting;

/// The file name of a workspace's store.
pub(crate) const DATABASE: &str = "inkfold.db";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Saved {
    current: Option<String>,
}

/// A data directory.
#[derive(Debug, Clone)]
pub struct Profile {
    data: PathBuf,
}

impl Profile {
    /// A data directory, made if it isn't there.
    ///
    /// # Errors
    /// It can't be made.
    pub fn open(data: impl Into<PathBuf>) -> Result<Self, SessionError> {
        let data = data.into();
        let workspaces = data.join("workspaces");
        std::fs::create_dir_all(&workspaces).map_err(SessionError::files(workspaces))?;
        Ok(Profile { data })
    }

    /// The directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Takes the lock of the one process that writes; it is held until the file is dropped.
    ///
    /// # Errors
    /// [`SessionError::AlreadyRunning`] where another process holds it.
    pub fn lock(&self) -> Result<File, SessionError> {
        let path = self.data.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(SessionError::files(path.clone()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(SessionError::AlreadyRunning),
            // Without a lock nothing else keeps two apart, SQLite's own least of all.
            Err(TryLockError::Error(error)) if is_without_locks(&error) => {
                Err(SessionError::NoLocks(self.data.clone()))
            }
            Err(TryLockError::Error(source)) => Err(SessionError::Files { path, source }),
        }
    }

    /// A workspace's directory.
    pub(crate) fn directory(&self, id: &WorkspaceId) -> PathBuf {
        self.data.join("workspaces").join(id.to_string())
    }

    /// A workspace's database.
    pub(crate) fn database(&self, id: &WorkspaceId) -> PathBuf {
        self.directory(id).join(DATABASE)
    }

    /// The workspaces of this installation, by id.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceId>, SessionError> {
        let directory = self.data.join("workspaces");
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&directory).map_err(SessionError::files(&directory))? {
            let entry = entry.map_err(SessionError::files(&directory))?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<WorkspaceId>().ok());
            ids.extend(id.filter(|id| self.database(id).exists() || Mirror::read(&self.directory(id)).is_some()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Opens a workspace's store, to be read.
    ///
    /// # Errors
    /// The database isn't there, or can't be used.
    pub fn store(&self, id: WorkspaceId) -> Result<SqliteStore, SessionError> {
        let store = SqliteStore::open_existing(&self.database(&id))?;
        match store.workspace() {
            found if found == id => Ok(store),
            found => Err(StoreError::OtherWorkspace { found, expected: id }.into()),
        }
    }

    /// A workspace's images and attachments, to be looked at while somebody else may be writing there.
    pub fn known_blobs(&self, id: WorkspaceId) -> LocalBlobs {
        LocalBlobs::at(&self.directory(&id), id)
    }

    /// Opens a workspace's store, or makes it.
    ///
    /// # Errors
    /// The database can't be used.
    pub(crate) fn make(&self, id: WorkspaceId) -> Result<SqliteStore, SessionError> {
        let path = self.database(&id);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(SessionError::files(directory))?;
        }
        Ok(SqliteStore::open(&path, id)?)
    }

    /// The images and attachments of a workspace.
    ///
    /// # Errors
    /// Their directory can't be used.
    pub fn blobs(&self, id: WorkspaceId) -> Result<LocalBlobs, SessionError> {
        LocalBlobs::open(&self.data.join("workspaces").join(id.to_string()), id)
    }

    /// What people call a workspace.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn info(store: &dyn Storage) -> Result<WorkspaceInfo, SessionError> {
        Ok(WorkspaceInfo {
            id: store.workspace().to_string(),
            name: setting_text(store, setting::NAME)?.unwrap_or_default(),
            folder: setting_text(store, setting::FOLDER)?,
            person: setting_text(store, setting::PERSON)?.unwrap_or_default(),
        })
    }

    /// What people call a workspace, even where its store can't be read.
    pub(crate) fn info_at_least(&self, id: WorkspaceId) -> WorkspaceInfo {
        self.store(id).and_then(|store| Profile::info(&store)).unwrap_or_else(|_| {
            let mirror = Mirror::read(&self.directory(&id)).unwrap_or_default();
            WorkspaceInfo { id: id.to_string(), name: mirror.name, folder: mirror.folder, person: mirror.person }
        })
    }

    /// The workspace meant by an id, the beginning of one, or a name; without one the only one.
    ///
    /// # Errors
    /// There is none, or several could be meant.
    pub fn choose(&self, wanted: Option<&str>) -> Result<WorkspaceId, SessionError> {
        let mut named = Vec::new();
        for id in self.workspaces()? {
            named.push((id, self.info_at_least(id).name));
        }
        let list = |named: &[(WorkspaceId, String)]| {
            named.iter().map(|(id, name)| format!("{name} ({id})")).collect::<Vec<_>>().join(", ")
        };
        let found: Vec<(WorkspaceId, String)> = match wanted {
            None => named.clone(),
            Some(wanted) => {
                let begins =
                    |id: &WorkspaceId| !wanted.is_empty() && id.to_string().starts_with(&wanted.to_lowercase());
                named.iter().filter(|(id, name)| name == wanted || begins(id)).cloned().collect()
            }
        };
        match (found.as_slice(), wanted) {
            ([(id, _)], _) => Ok(*id),
            ([], Some(wanted)) if !named.is_empty() => {
                Err(SessionError::NoSuchWorkspace { wanted: wanted.into(), here: list(&named) })
            }
            ([], _) => Err(SessionError::NoWorkspace),
            _ => Err(SessionError::WhichWorkspace(list(&found))),
        }
    }

    /// The workspace that was shown last.
    pub fn current(&self) -> Option<WorkspaceId> {
        // A file that isn't there or was damaged costs nothing but the memory of which one it was.
        let text = std::fs::read_to_string(self.data.join("profile.json")).ok()?;
        serde_json::from_str::<Saved>(&text).ok()?.current?.parse().ok()
    }

    /// Remembers which workspace is shown.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn set_current(&self, id: WorkspaceId) -> Result<(), SessionError> {
        let path = self.data.join("profile.json");
        let text = serde_json::json!({ "current": id.to_string() }).to_string();
        let temporary = self.data.join("profile.json.tmp");
        std::fs::write(&temporary, text).map_err(SessionError::files(&temporary))?;
        std::fs::rename(&temporary, &path).map_err(SessionError::files(&path))
    }
}

fn is_without_locks(error: &std::io::Error) -> bool {
    // No lock manager answers, as on a network file system that was mounted without one.
    const NO_LOCKS: i32 = 37;
    error.kind() == std::io::ErrorKind::Unsupported
        || (cfg!(target_os = "linux") && error.raw_os_error() == Some(NO_LOCKS))
}
