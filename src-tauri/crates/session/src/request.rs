//! What the command line asks a session for: of one that it opens itself, or over the socket of the one that runs.
//! Either way it is done here, so that it means the same.

use std::path::PathBuf;
use std::time::Duration;

use inkfold_engine::event::check_text;
use inkfold_engine::{EditError, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::error::SessionError;
use crate::session::Session;
use crate::wire::{News, Status, WorkspaceInfo};

/// The longest text that is taken at once. Escaped as JSON it still fits in a message of the socket.
pub const MAX_TEXT: usize = 3 << 20;
/// How long a scan may take before it is left to go on by itself. Where a service has to fetch files that can be
/// long, and nothing else can be opened meanwhile.
const SCAN: Duration = Duration::from_secs(120);

/// Something that is to be done. A document is named by its id, the beginning of one, or its exact title; a workspace
/// by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Request {
    /// Bring the window to the front. Only a running app can do this.
    Show {
        /// A workspace's file, as the system hands it over when one is opened.
        path: Option<PathBuf>,
    },
    /// Make a workspace.
    Init {
        /// What it is called.
        name: String,
        /// What the person who writes here is called.
        person: String,
        /// The folder to share it through; an absolute path.
        folder: Option<PathBuf>,
    },
    /// Join the workspace that a folder holds.
    Join {
        /// The folder; an absolute path.
        folder: PathBuf,
        /// What the person who writes here is called.
        person: String,
    },
    /// Make a document.
    New {
        /// The workspace.
        workspace: String,
        /// The document's title.
        title: String,
    },
    /// Make the document that shows a newcomer around.
    Welcome {
        /// The workspace.
        workspace: String,
    },
    /// Add text as a document's last block.
    Append {
        /// The workspace.
        workspace: String,
        /// The document.
        document: String,
        /// The text.
        text: String,
    },
    /// Insert text.
    Insert {
        /// The workspace.
        workspace: String,
        /// The document.
        document: String,
        /// After so many scalars of the text form.
        at: u64,
        /// The text.
        text: String,
    },
    /// Delete text.
    Delete {
        /// The workspace.
        workspace: String,
        /// The document.
        document: String,
        /// After so many scalars of the text form.
        at: u64,
        /// So many.
        count: u64,
    },
    /// Share the workspace through a folder, or move it to another one.
    Share {
        /// The workspace.
        workspace: String,
        /// The folder; an absolute path.
        folder: PathBuf,
    },
    /// Take the workspace out of its folder; it goes on on this device.
    Leave {
        /// The workspace.
        workspace: String,
    },
    /// Begin a new database for a workspace whose own is lost, with what can be read of it.
    Salvage {
        /// The workspace.
        workspace: String,
    },
    /// Scan the folder once, and publish what isn't there.
    Sync {
        /// The workspace.
        workspace: String,
    },
}

/// What came of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The id of what was made, if something was.
    pub made: Option<String>,
    /// The state of the workspace after it; none for *show*.
    pub status: Option<Status>,
    /// Whether the workspace has a folder.
    pub shared: bool,
    /// What the person has to be told because of this.
    #[serde(default)]
    pub news: Vec<News>,
}

impl Session {
    /// Does what a request asks for, durably, and publishes it if the folder takes it in a few seconds. What the window
    /// shows stays as it is.
    ///
    /// # Errors
    /// It can't be done, or could not be stored.
    pub async fn perform(&self, request: Request) -> Result<Answer, SessionError> {
        let (guest, made) = match request {
            Request::Show { .. } => return Err(SessionError::NoWindow),
            Request::Init { name, person, folder } => {
                check(&name)?;
                check(&person)?;
                let guest = self.beside().await;
                let made = guest.create_workspace(name, person, folder).await?;
                (guest, Some(made.id))
            }
            Request::Join { folder, person } => {
                check(&person)?;
                let guest = self.beside().await;
                let WorkspaceInfo { id, .. } = guest.join_workspace(folder, person).await?;
                // What is there already is what one joins for.
                guest.scan().await?;
                (guest, Some(id))
            }
            Request::New { workspace, title } => {
                check(&title)?;
                let guest = self.visit_named(workspace).await?;
                let made = guest.create_document(title).await?;
                (guest, Some(made.id))
            }
            Request::Welcome { workspace } => {
                let guest = self.visit_named(workspace).await?;
                let made = guest.create_welcome().await?;
                (guest, Some(made.id))
            }
            Request::Append { workspace, document, text } => {
                let guest = self.visit_named(workspace).await?;
                let id = guest.find_document(document).await?;
                guest.append_text(id, sized(text)?).await?;
                (guest, None)
            }
            Request::Insert { workspace, document, at, text } => {
                let guest = self.visit_named(workspace).await?;
                let id = guest.find_document(document).await?;
                guest.insert_text(id, at, sized(text)?).await?;
                (guest, None)
            }
            Request::Delete { workspace, document, at, count } => {
                let guest = self.visit_named(workspace).await?;
                let id = guest.find_document(document).await?;
                guest.delete_text(id, at, count).await?;
                (guest, None)
            }
            Request::Share { workspace, folder } => {
                let guest = self.visit_named(workspace).await?;
                guest.use_folder(folder).await?;
                guest.scan().await?;
                (guest, None)
            }
            Request::Leave { workspace } => {
                let guest = self.visit_named(workspace).await?;
                guest.leave_folder().await?;
                (guest, None)
            }
            Request::Salvage { workspace } => {
                let guest = self.beside().await;
                guest.salvage(Some(workspace)).await?;
                (guest, None)
            }
            Request::Sync { workspace } => {
                let guest = self.visit_named(workspace).await?;
                guest.scan().await?;
                (guest, None)
            }
        };
        guest.publish().await?;
        let answer = Answer {
            made,
            status: Some(guest.status().await?),
            shared: guest.is_shared(),
            news: guest.fresh_news().await?,
        };
        guest.close().await?;
        Ok(answer)
    }

    async fn visit_named(&self, workspace: String) -> Result<Session, SessionError> {
        let id: Option<WorkspaceId> = workspace.parse().ok();
        match id.filter(|id| self.workspaces().is_ok_and(|here| here.contains(id))) {
            Some(id) => self.visit(id).await,
            None => Err(SessionError::NoWorkspace),
        }
    }

    async fn scan(&self) -> Result<(), SessionError> {
        match tokio::time::timeout(SCAN, self.sync()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SessionError::SlowFolder),
        }
    }
}

/// Names and titles are shown in lists, a line each.
fn check(name: &str) -> Result<(), SessionError> {
    Ok(check_text(name).map_err(EditError::from)?)
}

fn sized(text: String) -> Result<String, SessionError> {
    if text.len() > MAX_TEXT { Err(SessionError::TooLong(MAX_TEXT)) } else { Ok(text) }
}
