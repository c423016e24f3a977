//! Snapshots: when they are taken. What they are for says the store.

use super::*;

/// So much has to come to a document before another snapshot is worth its while. A record counts once, and once more for
/// each stretch of events.
const KEEP_AFTER: usize = 64;
const STRETCH: u64 = 1024;
/// How long nobody must have written anything.
const QUIET: Duration = Duration::from_secs(2);

impl Workspace {
    /// A record came to a document.
    pub(super) fn note_unkept(&mut self, record: &Record) {
        let weight = 1 + usize::try_from(record.event_count() / STRETCH).unwrap_or(KEEP_AFTER);
        let unkept = self.unkept.entry(record.document()).or_default();
        *unkept = unkept.saturating_add(weight);
    }

    /// Takes a snapshot of a document that has changed much, in a quiet moment; of one only, so that nobody waits for long.
    pub(super) fn keep_a_snapshot(&mut self) {
        let is_quiet = |since: Option<Moment>| since.is_none_or(|since| self.around.since(since) >= QUIET);
        let is_idle = self.writing.is_none() && self.failing_since.is_none();
        if is_idle && is_quiet(self.exchange.last_key) && is_quiet(self.exchange.last_other) {
            let due = self.unkept.iter().find(|(_, unkept)| **unkept >= KEEP_AFTER);
            if let Some((&id, _)) = due {
                self.keep_snapshots(id);
            }
        }
    }

    /// Takes a snapshot of a document, if it has changed. Where that fails, the document is opened from what there is.
    pub(super) fn keep_snapshots(&mut self, id: DocumentId) {
        if self.unkept.remove(&id).is_some_and(|unkept| unkept > 0)
            && let Err(error) = self.store.keep_snapshots(&id)
        {
            tracing::warn!(code = error.code(), "no snapshot of document {id} could be kept: {error}");
        }
    }
}
