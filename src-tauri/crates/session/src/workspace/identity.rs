//! Under which id this installation writes.

use inkfold_store::Signature;

use super::*;
use crate::upkeep::OwnFiles;

impl Workspace {
    /// Whether this database isn't the one that was written last in this place: a copied profile, or a restored backup.
    pub(super) fn is_contradicted(&self) -> Result<bool, SessionError> {
        let Some(witness) = &self.witness else { return Ok(false) };
        witness.contradicts(&*self.store, self.identity.replica(), |replica| self.own.contains(replica))
    }

    /// Makes durable, outside the database, how far this installation has come, before anybody else can see it.
    pub(super) fn mirror(&mut self) -> Result<(), SessionError> {
        match &mut self.witness {
            Some(witness) => witness.note(&*self.store, self.identity.replica()),
            None => Ok(()),
        }
    }

    /// Fails where another process has taken the database over.
    pub(super) fn check_run(&self) -> Result<(), SessionError> {
        self.witness.as_ref().map_or(Ok(()), |witness| witness.check(&*self.store))
    }

    /// A row of the database isn't what was written there: it is set aside when it is opened next.
    pub(super) fn note_damage(&mut self) {
        tracing::error!("the database is damaged; it is rebuilt at the next start");
        if let Some(witness) = &mut self.witness
            && let Err(error) = witness.note_damage()
        {
            tracing::error!(code = error.code(), "that could not be noted");
        }
    }

    /// From now on this installation writes under a new id: its old one has, or may have, a life elsewhere. What was written
    /// under the old one is signed, so that it can be published as a branch of it.
    pub fn take_new_identity(&mut self) -> Result<(), SessionError> {
        tracing::warn!("this replica's id is, or may be, in use elsewhere; writing goes on under a new one");
        let former = self.identity.clone();
        self.sign_ends_of(&former)?;
        let workspace = self.store.workspace();
        self.identity = new_identity(&mut *self.store, workspace, &self.around)?;
        self.own.insert(self.identity.replica());
        self.exchange.coverage.unsettle();
        self.exchange.own_files = OwnFiles::default();
        self.forget_checkpoints()?;
        self.acknowledging.begin_anew();
        self.people.begin_anew();
        self.presences.begin_anew();
        for opened in self.opened.values_mut() {
            // The events of the old id are no longer own ones.
            opened.undo = UndoStack::new(self.identity.replica());
        }
        for (document, opened) in &self.opened {
            self.tell(wire::Event::Turns { document: document.to_string(), counter: opened.counter });
        }
        self.mirror()?;
        self.news.add(&mut *self.store, wire::News::NewIdentity)
    }

    /// Signs the ends of the lines that were written under an id, where they have no signature: what has one came from
    /// elsewhere, or was published. True if there were any.
    pub(super) fn sign_ends_of(&mut self, identity: &Identity) -> Result<bool, SessionError> {
        let replica = identity.replica();
        let mut signatures = Vec::new();
        for tip in self.store.tips(&replica)? {
            if self.store.signature(&tip.record)?.is_none() {
                let bytes = identity.sign_head(tip.number, &tip.record).0;
                signatures.push(Signature { replica, number: tip.number, record: tip.record, bytes });
            }
        }
        let is_any = !signatures.is_empty();
        self.store.commit(&Batch { signatures, ..Batch::default() })?;
        Ok(is_any)
    }
}

/// The ids that this installation has written under, as a store knows them.
pub(crate) fn own_replicas(store: &dyn Storage) -> Result<BTreeSet<ReplicaId>, SessionError> {
    let own = store.setting(setting::OWN)?.unwrap_or_default();
    Ok(own.chunks_exact(ReplicaId::LEN).filter_map(ReplicaId::from_slice).collect())
}

pub(super) fn new_identity(
    store: &mut dyn Storage,
    workspace: WorkspaceId,
    around: &Around,
) -> Result<Identity, SessionError> {
    let identity = Identity::from_seed(around.random()?, workspace);
    let appended = |key: &str, bytes: &[u8]| {
        let kept = store.setting(key)?.unwrap_or_default();
        Ok::<_, SessionError>((key.to_owned(), Some([&kept, bytes].concat())))
    };
    // The key is kept with those of earlier ids from the beginning: another process may put its own in its place.
    let lists =
        [appended(setting::OWN, identity.replica().as_bytes())?, appended(setting::KEYS, &identity.to_bytes())?];
    let settings = lists.into_iter().chain([(setting::IDENTITY.into(), Some(identity.to_bytes().to_vec()))]).collect();
    store.commit(&Batch { settings, keys: vec![(identity.replica(), identity.public_key().0)], ..Batch::default() })?;
    Ok(identity)
}
