//! Two people have both shared the same folder: joining the other one's workspace with copies of one's own documents, and
//! then taking one's own workspace out of the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use inkfold_engine::{ReplicaId, WorkspaceId};
use inkfold_folder::blob::BlobFiles;
use inkfold_folder::scan::scan;
use inkfold_folder::{
    FileContent, FileHash, FileSystem, Memory, RealClock, RealFileSystem, ScanRequest, Segment, Verdict, genesis,
};
use inkfold_store::Storage;

use crate::blobs::{self, LocalBlobs};
use crate::error::SessionError;
use crate::profile::Profile;
use crate::reading;
use crate::session::{Session, aside};
use crate::wire::{Block, Neighbour, Value, WorkspaceInfo};
use crate::workspace::{Workspace, own_replicas};

/// A document that is to be copied: its title and its content.
type Copied = (String, Vec<Block>);

impl Session {
    /// The other workspaces that the shared folder holds: somebody else has shared it, too.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>, SessionError> {
        let info = self.info()?;
        let Some(folder) = info.folder.map(PathBuf::from) else { return Ok(Vec::new()) };
        let profile = self.profile().clone();
        aside(move || {
            let found = genesis::find(&RealFileSystem, &folder).map_err(SessionError::files(folder))?;
            let others = found.workspaces.into_iter().map(|(file, other)| Neighbour {
                id: other.workspace.to_string(),
                mine: replicas_of_mine(&profile, other.workspace).is_some(),
                name: other.name,
                file,
            });
            Ok(others.filter(|other| other.id != info.id).collect())
        })
        .await
    }

    /// Joins another workspace that the shared folder holds, and brings copies of the documents here along: new documents with
    /// the same titles and contents, and with their images and attachments as far as those can be had. The workspace that
    /// was open stays on this device as it is, and leaves the folder.
    ///
    /// # Errors
    /// The folder holds no such workspace, or something can't be stored.
    pub async fn join_neighbour(&self, workspace: String) -> Result<WorkspaceInfo, SessionError> {
        let info = self.info()?;
        let folder = info.folder.clone().map(PathBuf::from).ok_or(SessionError::NoWorkspace)?;
        let other = self.neighbours().await?.into_iter().find(|other| other.id == workspace);
        let other = other.ok_or_else(|| SessionError::NoWorkspaceThere(folder.clone()))?;
        let mut copies = self.handle()?.ask(|workspace| workspace.copies()).await?;
        let (from, root) = (self.blobs()?, folder.clone());
        self.leave_folder().await?;
        let id = other.id.parse().map_err(|_| SessionError::NoWorkspace)?;
        let joined = if self.workspaces()?.contains(&id) {
            self.open_workspace(other.id).await?;
            self.info()?
        } else {
            self.add(id, other.name, info.person, Some(folder)).await?
        };
        let to = self.blobs()?;
        let copies = aside(move || bring_blobs(&mut copies, &from, &to, &root).map(|()| copies)).await?;
        self.blob_added()?;
        self.handle()?
            .ask(|workspace| {
                for (title, blocks) in copies {
                    workspace.create_document(&title, blocks)?;
                }
                workspace.flush()
            })
            .await?;
        Ok(joined)
    }

    /// Takes the file away by which the shared folder is also one of the workspaces of this device, in which nobody else has
    /// written and which has left the folder: others then see one workspace in it. The workspace's other files stay, and
    /// so does everything on this device.
    ///
    /// # Errors
    /// It isn't such a workspace, or not everything that was brought into the one that is open is in the folder yet.
    pub async fn take_out_neighbour(&self, workspace: String) -> Result<(), SessionError> {
        let info = self.info()?;
        let root = info.folder.map(PathBuf::from).ok_or(SessionError::NoWorkspace)?;
        let id: WorkspaceId = workspace.parse().map_err(|_| SessionError::NoWorkspaceThere(root.clone()))?;
        if workspace == info.id {
            return Err(SessionError::FileStays(OTHERS));
        }
        self.publish().await?;
        if !self.handle()?.ask(|workspace| Ok(workspace.exchange.is_published())).await? {
            return Err(SessionError::FileStays(
                "what you brought along is not in the shared folder yet; try again when the status line says that it is",
            ));
        }
        let profile = self.profile().clone();
        aside(move || {
            let own = replicas_of_mine(&profile, id).ok_or(SessionError::FileStays(OTHERS))?;
            if !is_only_by(&root, id, &own) {
                return Err(SessionError::FileStays(OTHERS));
            }
            genesis::take_out(&RealFileSystem, &root, &id).map(|_| ()).map_err(SessionError::files(root))
        })
        .await?;
        self.sync().await
    }
}

const OTHERS: &str = "others may be using that workspace, so its file stays; move the .inkfold file with their consent";

/// Under which ids a workspace was written that is on this device only and in which nobody else has written; none where it is
/// another one.
fn replicas_of_mine(profile: &Profile, id: WorkspaceId) -> Option<BTreeSet<ReplicaId>> {
    if !profile.workspaces().ok()?.contains(&id) {
        return None;
    }
    let store = profile.store(id).ok()?;
    let own = own_replicas(&store).ok()?;
    let is_mine =
        Profile::info(&store).ok()?.folder.is_none() && store.replicas().ok()?.iter().all(|by| own.contains(by));
    is_mine.then_some(own)
}

/// Whether everything of a workspace that a folder holds is by these replicas.
fn is_only_by(root: &Path, workspace: WorkspaceId, own: &BTreeSet<ReplicaId>) -> bool {
    let mut is_only = true;
    let request = ScanRequest { workspace, replica: ReplicaId::default() };
    let mut memory = Memory::default();
    let report = scan(&RealFileSystem, &RealClock::default(), root, &request, &mut memory, &mut |new| {
        let by_own = |segment: &Segment| own.contains(&segment.header().author);
        is_only &= match new.content {
            FileContent::Segment(segment) => by_own(&segment),
            FileContent::Checkpoint(checkpoint) => {
                checkpoint.segments().all(|segment| segment.is_ok_and(|segment| by_own(&segment)))
            }
            FileContent::Acknowledgement(said) => own.contains(&said.replica),
            FileContent::Presence(presence) => own.contains(&presence.replica),
        };
        Verdict::Taken
    });
    is_only && report.complete && report.homes.values().all(|home| own.contains(home))
}

/// Brings the blobs that documents refer to into another workspace, and has the documents refer to them there. One that isn't
/// here is taken from the folder if that has it at hand; what can't be had is still referred to by the name that it had.
fn bring_blobs(copies: &mut [Copied], from: &LocalBlobs, to: &LocalBlobs, root: &Path) -> Result<(), SessionError> {
    let mut brought: BTreeMap<FileHash, Option<FileHash>> = BTreeMap::new();
    let files = BlobFiles::list(&RealFileSystem, root).unwrap_or_default();
    for block in copies.iter_mut().flat_map(|(_, blocks)| blocks) {
        let Some(Value::Text(named)) = block.attrs.get_mut("blob") else { continue };
        let Ok(hash) = blobs::parse(named) else { continue };
        let here = match brought.get(&hash) {
            Some(here) => *here,
            None => {
                let is_here = from.path(&hash).is_some() || fetch_now(&files, root, from, &hash);
                let here = if is_here { Some(to.adopt(from, &hash)?) } else { None };
                brought.insert(hash, here);
                here
            }
        };
        if let Some(here) = here {
            *named = here.to_string();
        }
    }
    let lost = brought.values().filter(|here| here.is_none()).count();
    if lost > 0 {
        tracing::warn!(lost, "images and attachments that have not arrived here could not be brought along");
    }
    Ok(())
}

fn fetch_now(files: &BlobFiles, root: &Path, blobs: &LocalBlobs, hash: &FileHash) -> bool {
    // Nobody is to wait until a service has fetched something.
    let candidates = files.candidates(hash).into_iter().filter(|file| !file.facts.offline);
    candidates.into_iter().any(|file| {
        let opened = RealFileSystem.open(&root.join(&file.path));
        opened.is_ok_and(|mut from| blobs.fetch(hash, &mut *from, &|| false).is_ok())
    })
}

impl Workspace {
    /// Titles and contents of all documents outside the trash, the one that was edited last at the end.
    fn copies(&mut self) -> Result<Vec<Copied>, SessionError> {
        self.seal()?;
        let documents = self.documents()?;
        let alive = documents.iter().rev().filter(|info| !info.trashed);
        alive
            .map(|info| {
                let id = info.id.parse().map_err(|_| SessionError::NoDocument(info.id.clone()))?;
                let document = reading::document(&*self.store, id)?;
                Ok((reading::title(&document), reading::blocks(&document)))
            })
            .collect()
    }
}
