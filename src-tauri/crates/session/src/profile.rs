//! The data directory of an installation: one database a workspace, which workspace was shown last, and a lock so that
//! one process at a time writes here.
//!
//! ```text
//! <data>/lock                            held by the one process that writes
//! <data>/profile.json                    which workspace was shown last
//! <data>/workspaces/<id>/inkfold.db      a workspace's store
//! <data>/workspaces/<id>/blobs/          its images and attachments
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use inkfold_engine::WorkspaceId;
use inkfold_store::{SqliteStore, Storage};
use serde::{Deserialize, Serialize};

use crate::blobs::LocalBlobs;
use crate::error::SessionError;
use crate::reading::setting_text;
use crate::wire::WorkspaceInfo;
use crate::workspace::setting;

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
            Err(TryLockError::Error(source)) => Err(SessionError::Files { path, source }),
        }
    }

    fn database(&self, id: &WorkspaceId) -> PathBuf {
        self.data.join("workspaces").join(id.to_string()).join("inkfold.db")
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
            ids.extend(id.filter(|id| self.database(id).exists()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Opens a workspace's store, or makes it.
    ///
    /// # Errors
    /// The database can't be used.
    pub fn store(&self, id: WorkspaceId) -> Result<SqliteStore, SessionError> {
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

    /// The workspace meant by an id, the beginning of one, or a name; without one the only one.
    ///
    /// # Errors
    /// There is none, or several could be meant.
    pub fn choose(&self, wanted: Option<&str>) -> Result<WorkspaceId, SessionError> {
        let mut named = Vec::new();
        for id in self.workspaces()? {
            named.push((id, Profile::info(&self.store(id)?)?.name));
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
