//! The shared folder of a workspace: sharing one that was on this device only, moving, and leaving.

use std::path::{Path, PathBuf};

use inkfold_engine::WorkspaceId;
use inkfold_folder::layout::DATA_DIRECTORY;
use inkfold_folder::{FileSystem, RealClock, RealFileSystem, genesis};

use crate::error::SessionError;
use crate::session::Session;
use crate::wire::WorkspaceInfo;

/// More entries of a folder than this are not looked at.
const MOST_ENTRIES: usize = 100_000;

impl Session {
    /// Shares the workspace that is open through a folder, or moves it there: the folder holds this workspace already, or
    /// everything that is held here is published into it. Documents stay open. What lies in the last folder stays there.
    ///
    /// # Errors
    /// The folder holds something else, is within the data directory or around it, or can't be written.
    pub async fn use_folder(&self, folder: PathBuf) -> Result<WorkspaceInfo, SessionError> {
        let info = self.info()?;
        let folder = std::path::absolute(&folder).map_err(SessionError::files(folder))?;
        if info.folder.as_deref() == folder.to_str() {
            return Ok(info);
        }
        let id: WorkspaceId = info.id.parse().map_err(|_| SessionError::NoWorkspace)?;
        let (root, name, data) = (folder.clone(), info.name.clone(), self.data().to_path_buf());
        // A folder on a network can take its time.
        let prepared = tokio::task::spawn_blocking(move || prepare(&root, id, &name, &data)).await;
        prepared.map_err(|_| SessionError::Closing)??;
        if info.folder.is_some() {
            self.publish().await?;
        }
        self.set_folder(Some(folder)).await
    }

    /// The workspace goes on on this device only. What lies in the folder stays there, for the others.
    ///
    /// # Errors
    /// What was written could not be stored.
    pub async fn leave_folder(&self) -> Result<WorkspaceInfo, SessionError> {
        self.publish().await?;
        self.set_folder(None).await
    }

    async fn set_folder(&self, folder: Option<PathBuf>) -> Result<WorkspaceInfo, SessionError> {
        let handle = self.handle()?;
        let home = handle.clone();
        let info = handle.ask(move |workspace| workspace.change_folder(folder, home)).await?;
        self.note_info(info.clone());
        Ok(info)
    }
}

/// Makes a folder one of this workspace, if it isn't yet and nothing speaks against it.
fn prepare(root: &Path, id: WorkspaceId, name: &str, data: &Path) -> Result<(), SessionError> {
    std::fs::create_dir_all(root).map_err(SessionError::files(root))?;
    check_apart(root, data)?;
    let found = genesis::find(&RealFileSystem, root).map_err(SessionError::files(root))?;
    if found.workspaces.iter().any(|(_, genesis)| genesis.workspace == id) {
        return Ok(());
    }
    let listing = RealFileSystem.list(root, MOST_ENTRIES).map_err(SessionError::files(root))?;
    let has_data = listing.entries.iter().any(|entry| entry.name.to_string_lossy().starts_with(DATA_DIRECTORY));
    if has_data && found.workspaces.is_empty() && found.refused.is_empty() {
        return Err(SessionError::UnfitFolder(
            "the folder holds documents whose .inkfold file is missing; wait until your sync service has brought it, or choose another folder",
        ));
    }
    genesis::create(&RealFileSystem, &RealClock::default(), root, id, name)?;
    Ok(())
}

/// The database is never in the shared folder: a sync service would carry halves of it about.
pub(crate) fn check_apart(root: &Path, data: &Path) -> Result<(), SessionError> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (root, data) = (whole(root), whole(data));
    if root.starts_with(&data) || data.starts_with(&root) {
        return Err(SessionError::UnfitFolder(
            "Inkfold keeps its own data in or around this folder, and that must not be shared; choose another folder",
        ));
    }
    Ok(())
}
