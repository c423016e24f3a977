//! What is done to documents without a window: by the command line, at positions of the text form.

use inkfold_engine::{DocumentId, Page};

use crate::error::SessionError;
use crate::reading;
use crate::session::Session;
use crate::wire::Point;

impl Session {
    /// Finds a document by its id, the beginning of one, or its exact title.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub async fn find_document(&self, name: String) -> Result<DocumentId, SessionError> {
        self.handle()?.ask(move |workspace| reading::find_document(&*workspace.store, &name)).await
    }

    /// Adds a text as the document's last block; fills that block if it is empty. Line feeds begin further blocks.
    ///
    /// # Errors
    /// The text holds what a document can't, or it can't be stored.
    pub async fn append_text(&self, document: DocumentId, text: String) -> Result<(), SessionError> {
        self.handle()?
            .ask(move |workspace| {
                workspace.write(document, move |author| {
                    let text = normalise(&text);
                    let page = author.page();
                    let is_empty = page.blocks().last().is_none_or(|block| block.text().is_empty());
                    let end = page.len();
                    let text = if is_empty { text } else { format!("\n{text}") };
                    Ok(author.append_text(end, &text)?)
                })
            })
            .await
    }

    /// Inserts text after so many scalars of the text form; line feeds divide blocks.
    ///
    /// # Errors
    /// The position is past the end, the text holds what a document can't, or it can't be stored.
    pub async fn insert_text(&self, document: DocumentId, at: u64, text: String) -> Result<(), SessionError> {
        self.handle()?
            .ask(move |workspace| {
                workspace.write(document, move |author| {
                    let position = position(author.page(), at)?;
                    Ok(author.insert_text(position, &normalise(&text))?)
                })
            })
            .await
    }

    /// Deletes so many scalars of the text form from a position on; a line feed joins two blocks.
    ///
    /// # Errors
    /// The range is past the end, or it can't be stored.
    pub async fn delete_text(&self, document: DocumentId, at: u64, count: u64) -> Result<(), SessionError> {
        self.handle()?
            .ask(move |workspace| {
                workspace.write(document, move |author| {
                    let point = |at: u64, page: &inkfold_engine::Page| -> Result<Point, SessionError> {
                        let (block, offset) = page.point(position(page, at)?).unwrap_or_default();
                        Ok(Point { block: block as u32, offset: offset as u32 })
                    };
                    let (from, to) = (point(at, author.page())?, point(at.saturating_add(count), author.page())?);
                    Ok(author.delete(from, to)?)
                })
            })
            .await
    }
}

/// Line ends as documents have them.
fn normalise(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn position(page: &Page, at: u64) -> Result<u32, SessionError> {
    let found = u32::try_from(at).ok().and_then(|at| page.position_of_scalar(at));
    found.ok_or_else(|| SessionError::PastEnd { at, len: page.text().chars().count() as u64 })
}
