//! From states to documents: where the engine folds what the store kept.

use inkfold_engine::{Document, DocumentId, EventId, ReplicaId, WorkspaceId};

use crate::error::Result;
use crate::log::Log;
use crate::state::State;
use crate::storage::Storage;

impl State {
    /// The document that these records make. Records that name others which aren't in the state are not folded: they
    /// are the document's [`waiting`](Document::waiting) ones, and
    /// [`missing`](Document::missing) says what for.
    pub fn document(&self, workspace: WorkspaceId) -> Document {
        let mut document = Document::new(workspace, self.document_id());
        document.absorb(self.records().cloned());
        document
    }
}

/// Documents from what a store keeps. Every [`Storage`] has them.
///
/// # Errors
/// All fail as the storage does.
pub trait Materialise: Storage {
    /// The document as the logs of these replicas make it, of their causally closed part; what waits for others'
    /// records is listed in it. The same for any order of the replicas.
    fn converged_document(&self, replicas: &[ReplicaId], document: &DocumentId) -> Result<Document> {
        Ok(self.converge(replicas, document)?.document(self.workspace()))
    }

    /// The order of the document's blocks: the event that began each, none for an implied first paragraph.
    fn block_order(&self, replicas: &[ReplicaId], document: &DocumentId) -> Result<Vec<Option<EventId>>> {
        Ok(self.converged_document(replicas, document)?.block_order())
    }
}

impl<S: Storage + ?Sized> Materialise for S {}
