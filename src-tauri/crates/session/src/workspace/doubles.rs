//! The database has changed below the running program: a virtual machine was resumed whose memory is older than its disk,
//! or another process writes on the same profile, where locks don't work. What the database holds counts; what only this
//! process has in memory and can't be stored any more was never called durable.

use super::*;

impl Workspace {
    /// Compares with what the database says of the line of records that this process writes: begins another if that has
    /// become two, and sees to it that what no file holds gets into one, whoever has written it, and be it still open.
    pub fn look_at_own_line(&mut self) -> Result<(), SessionError> {
        if matches!(self.store.line_end(&self.identity.replica()), Err(StoreError::Forked(_))) {
            self.take_new_identity()?;
        }
        let is_left_open = self.writing.is_none() && self.store.open()?.is_some();
        if is_left_open || self.first_unqueued()? <= self.last_number()? {
            let now = self.around.moment();
            self.exchange.first_unflushed.get_or_insert(now);
        }
        self.sign_former_lines()
    }

    /// What another process has sealed under an earlier id has no signature, and without one nobody can publish it: it gets
    /// one as long as the key is here.
    fn sign_former_lines(&mut self) -> Result<(), SessionError> {
        let mut keys = self.store.setting(setting::KEYS)?.unwrap_or_default();
        let current = self.identity.to_bytes();
        if !keys.chunks_exact(Identity::LEN).any(|key| key == current) {
            keys.extend_from_slice(&current);
            let settings = vec![(setting::KEYS.into(), Some(keys.clone()))];
            self.store.commit(&Batch { settings, ..Batch::default() })?;
        }
        for key in keys.chunks_exact(Identity::LEN).filter(|key| *key != current) {
            if self.sign_ends_of(&Identity::from_bytes(key)?)? {
                self.exchange.coverage.unsettle();
            }
        }
        Ok(())
    }

    /// Gives up what can't be stored of a document: its window has to open it again, as the database has it.
    pub(super) fn give_way(&mut self, document: DocumentId, error: &StoreError) {
        tracing::error!(code = error.code(), "another process has written in this database: {error}");
        self.unsaved.retain(|unsaved| unsaved.start.document != document);
        self.writing.take_if(|writing| writing.document == document);
        if let Some(opened) = self.opened.get_mut(&document) {
            opened.lose();
        }
    }
}

/// Whether trying again can't help: where the record would go on, another one does.
pub(super) fn is_hopeless(error: &StoreError) -> bool {
    matches!(error, StoreError::Open(_) | StoreError::Forked(_))
}
