//! Stands in for the session until it is built; then it goes.

use std::path::PathBuf;

use inkfold_session::wire::{
    DocumentInfo, Edit, Event, Failure, FileReport, Opened, Patch, Start, Status, WorkspaceInfo,
};
use tokio::sync::broadcast;

#[derive(Clone)]
pub struct Session(broadcast::Sender<Event>);

#[derive(Debug)]
pub struct SessionError;

impl SessionError {
    pub fn failure(&self) -> Failure {
        Failure { code: "not-built".into(), message: "This part of Inkfold is not built yet.".into() }
    }
}

impl Session {
    pub fn open(_: PathBuf) -> Result<Session, SessionError> {
        Ok(Session(broadcast::channel(64).0))
    }
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
    pub async fn close(&self) -> Result<(), SessionError> {
        Ok(())
    }
    pub async fn start(&self) -> Result<Start, SessionError> {
        Ok(Start { workspaces: Vec::new(), current: None, document: None })
    }
    pub async fn create_workspace(
        &self,
        _: String,
        _: String,
        _: Option<PathBuf>,
    ) -> Result<WorkspaceInfo, SessionError> {
        Err(SessionError)
    }
    pub async fn join_workspace(&self, _: PathBuf, _: String) -> Result<WorkspaceInfo, SessionError> {
        Err(SessionError)
    }
    pub async fn open_workspace(&self, _: String) -> Result<Start, SessionError> {
        Err(SessionError)
    }
    pub async fn documents(&self) -> Result<Vec<DocumentInfo>, SessionError> {
        Err(SessionError)
    }
    pub async fn create_document(&self, _: String) -> Result<DocumentInfo, SessionError> {
        Err(SessionError)
    }
    pub async fn rename_document(&self, _: String, _: String) -> Result<(), SessionError> {
        Err(SessionError)
    }
    pub async fn set_trashed(&self, _: String, _: bool) -> Result<(), SessionError> {
        Err(SessionError)
    }
    pub async fn open_document(&self, _: String) -> Result<Opened, SessionError> {
        Err(SessionError)
    }
    pub async fn close_document(&self, _: String) -> Result<(), SessionError> {
        Err(SessionError)
    }
    pub async fn edit(&self, _: Edit) -> Result<(), SessionError> {
        Err(SessionError)
    }
    pub async fn next_patch(&self, _: String, _: u32, _: u32) -> Result<Option<Patch>, SessionError> {
        Err(SessionError)
    }
    pub async fn status(&self) -> Result<Status, SessionError> {
        Err(SessionError)
    }
    pub async fn files(&self) -> Result<Vec<FileReport>, SessionError> {
        Err(SessionError)
    }
}
