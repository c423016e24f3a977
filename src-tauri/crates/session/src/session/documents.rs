//! The documents of the workspace that is open: the list of them, and what windows do in each.

use inkfold_engine::Value;

use super::{Session, parse};
use crate::error::SessionError;
use crate::opened::Ask;
use crate::welcome;
use crate::wire::{self, DocumentInfo, Edit, Opened, Patch, Undo, Undone};

impl Session {
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
}
