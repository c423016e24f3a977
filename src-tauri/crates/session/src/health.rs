//! How the workspace and its shared folder stand, in one look: what is there, what waits for whom, what was refused, and who
//! was seen when.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use inkfold_engine::{RecordId, ReplicaId};
use inkfold_folder::blob::BlobFiles;
use inkfold_folder::{FileHash, RealFileSystem, Refusal};
use inkfold_store::{Counts, Storage};

use crate::blobs::LocalBlobs;
use crate::error::SessionError;
use crate::exchange::{Seen, Waiting};
use crate::reading::{setting_text, shown_blobs};
use crate::wire::{BlobCounts, FileReport, Health, PersonHealth, Unpublished, WaitingFile, Who};
use crate::workspace::{Workspace, setting};

/// Nobody reads longer lists, and a folder may hold any number of files that aren't used.
const MOST_LISTED: usize = 200;

impl FileReport {
    /// A file that can't be used.
    pub(crate) fn refused(path: &Path, refusal: &Refusal) -> Self {
        FileReport {
            path: path.display().to_string(),
            pending: false,
            reason: refusal.to_string(),
            remedy: refusal.remedy().into(),
            code: refusal.code().into(),
        }
    }

    /// A file that waits for a record.
    pub(crate) fn waiting(path: String, record: &RecordId) -> Self {
        FileReport {
            path,
            pending: true,
            reason: format!("it builds on changes that have not arrived yet ({}…)", &record.to_string()[..8]),
            remedy:
                "Wait until the sync service has brought them. If this stays, ask whoever wrote them to open Inkfold."
                    .into(),
            code: "file/pending".into(),
        }
    }
}

impl WaitingFile {
    /// A file that waits, where it is known who is who.
    pub(crate) fn of(file: Waiting, who: impl Fn(&ReplicaId) -> Who) -> Self {
        let awaited = file.awaited.map_or(file.author, |(replica, _)| replica);
        WaitingFile {
            path: file.path,
            author: who(&file.author),
            awaited: who(&awaited),
            number: file.awaited.map(|(_, number)| number),
            since: file.since,
        }
    }
}

impl Workspace {
    /// How everything stands, but for [`Health::blobs`], which takes longer.
    pub fn health(&mut self) -> Result<Health, SessionError> {
        self.tell_status();
        let status = self.status();
        let folder = setting_text(&*self.store, setting::FOLDER)?;
        let Seen { whole, files, bytes, checkpoints, mut places } = self.exchange.seen.clone();
        let mut waiting: Vec<WaitingFile> =
            self.exchange.waiting().into_iter().map(|file| WaitingFile::of(file, |id| self.people.who(id))).collect();
        let mut awaited: BTreeMap<String, u32> = BTreeMap::new();
        for file in &waiting {
            *awaited.entry(file.awaited.replica.clone()).or_default() += 1;
        }
        let mut refused = self.exchange.refused_files();
        let all = waiting.len() + refused.len() + places.len();
        waiting.truncate(MOST_LISTED);
        refused.truncate(MOST_LISTED);
        places.truncate(MOST_LISTED);
        let unlisted = count(all - waiting.len() - refused.len() - places.len());
        let person = |peer: crate::wire::Peer| {
            let id = peer.replica.parse::<ReplicaId>().ok();
            let heard = |id: &ReplicaId| self.people.seen(id).or(self.acknowledging.heard_since(id));
            let awaited = awaited.get(&peer.replica).copied().unwrap_or(0);
            PersonHealth { seen: id.as_ref().and_then(heard), awaited, peer }
        };
        Ok(Health {
            words: status.words,
            trouble: status.trouble,
            stopped: status.reading.is_some_and(|reading| reading.stopped),
            looked: whole,
            files: count(files),
            bytes,
            checkpoints: count(checkpoints),
            documents: count(self.documents()?.len()),
            records: self.store.counts()?.records,
            blobs: BlobCounts::default(),
            unpublished: if folder.is_some() { self.unpublished()? } else { Unpublished::default() },
            people: status.peers.into_iter().map(person).collect(),
            refused,
            waiting,
            places,
            unlisted,
            folder,
        })
    }

    fn unpublished(&self) -> Result<Unpublished, SessionError> {
        let records = unqueued(&*self.store, &self.identity.replica())?;
        let is_open = self.store.open()?.is_some() || self.exchange.first_unflushed.is_some() && records == 0;
        let (files, blobs) = (count(self.exchange.outbox), count(self.exchange.outstanding_blobs));
        Ok(Unpublished { records: records + u64::from(is_open), files, blobs })
    }
}

/// How many sealed records of one's own were not made a file of yet.
fn unqueued(store: &dyn Storage, own: &ReplicaId) -> Result<u64, SessionError> {
    let end = store.ends(own)?.tips.last().map_or(0, |tip| tip.number);
    Ok(end.saturating_sub(store.queued_to(own)?))
}

/// The images and attachments that documents show, known until something is written: to find them every document has to
/// be looked into.
#[derive(Clone, Default)]
pub(crate) struct ShownBlobs(Arc<Mutex<Option<(Counts, Shown)>>>);

type Shown = Arc<BTreeSet<FileHash>>;

impl ShownBlobs {
    fn find(&self, store: &dyn Storage) -> Result<Shown, SessionError> {
        let counts = store.counts()?;
        // Nothing that holds this lock can leave it half done.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shown)) = known.as_ref().filter(|(then, _)| *then == counts) {
            return Ok(shown.clone());
        }
        let shown = Arc::new(shown_blobs(store)?);
        *known = Some((counts, shown.clone()));
        Ok(shown)
    }
}

/// How many images and attachments there are.
pub(crate) fn count_blobs(
    store: &dyn Storage,
    blobs: &LocalBlobs,
    shown: &ShownBlobs,
) -> Result<BlobCounts, SessionError> {
    let folder = setting_text(store, setting::FOLDER)?.map(PathBuf::from);
    // A folder that can't be listed has none; why that is so is said elsewhere.
    let listed = folder.and_then(|root| BlobFiles::list(&RealFileSystem, &root).ok()).unwrap_or_default();
    let is_missing = |hash: &_| blobs.path(hash).is_none() && !listed.may_have(hash);
    Ok(BlobCounts {
        in_folder: count(listed.len()),
        here: count(blobs.count().unwrap_or(0)),
        missing: count(shown.find(store)?.iter().filter(|hash| is_missing(hash)).count()),
    })
}

pub(crate) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
