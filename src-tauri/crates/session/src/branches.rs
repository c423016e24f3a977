//! Answers the folder's questions about records from the store.

use inkfold_engine::{DocumentId, RecordId};
use inkfold_folder::{Branches, LookupFailed, Place};
use inkfold_store::{Chain, Storage, StoreError};

/// A store, as the folder sees it.
pub(crate) struct StoreBranches<'a>(pub &'a dyn Storage);

fn failed(error: StoreError) -> LookupFailed {
    LookupFailed(Box::new(error))
}

/// A chain with a gap is no error here: what is beyond the gap isn't held.
fn held<T>(result: Result<Option<T>, StoreError>) -> Result<Option<T>, LookupFailed> {
    match result {
        Ok(found) => Ok(found),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

impl Branches for StoreBranches<'_> {
    fn place(&self, record: &RecordId) -> Result<Option<Place>, LookupFailed> {
        let link = self.0.link(record).map_err(failed)?;
        Ok(link.map(|link| Place { replica: link.replica, number: link.number, document: link.document }))
    }

    fn record_at(&self, tip: &RecordId, number: u64) -> Result<Option<RecordId>, LookupFailed> {
        held(self.0.record_at(tip, number))
    }

    fn previous_here(&self, tip: &RecordId, document: &DocumentId) -> Result<Option<(RecordId, u64)>, LookupFailed> {
        let Some(record) = held(self.0.previous_here(tip, document))? else { return Ok(None) };
        Ok(Some((record, self.0.end_seq_of(&record).map_err(failed)?)))
    }
}
