//! Who is where in the documents, as windows say and ask it.

use super::{Session, parse};
use crate::error::SessionError;
use crate::wire::{Present, Selection};

impl Session {
    /// Where the person at a window is, in a document that it has open.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn present(&self, document: String, selection: Selection) -> Result<(), SessionError> {
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
}
