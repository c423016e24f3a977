//! Acknowledgements: what this installation says that it durably holds, and what others say that they do.

use std::collections::BTreeMap;
use std::time::Duration;

use inkfold_engine::ReplicaId;
use inkfold_folder::{Acknowledgement, FileHash, Head, Holdings, RelativePath, ScanReport, ShortHash, Verdict};
use inkfold_store::{AcknowledgementRow, Batch, Chain, Storage, StoreError, Tip};

use crate::carrier::Parcel;
use crate::error::SessionError;
use crate::surroundings::Moment;
use crate::workspace::Workspace;

/// The least time between two acknowledgements.
const GAP: Duration = Duration::from_secs(60);

/// Of so many who have written no record is kept what they say: anybody who can write to the folder can make up any number.
const MAX_STRANGERS: usize = 16;

/// The best that another replica has said.
struct Heard {
    counter: u64,
    holdings: Holdings,
    /// Everything that was written here is in it.
    has_all: bool,
    /// Since when that is so, or else when this was heard; in milliseconds since 1970, for people.
    since: i64,
}

/// What this installation has said last.
struct Said {
    counter: u64,
    holdings: Holdings,
    bytes: Vec<u8>,
}

/// What this run knows of acknowledgements.
#[derive(Default)]
pub(crate) struct Acknowledging {
    heard: BTreeMap<ReplicaId, Heard>,
    said: Option<Said>,
    /// When something was said last in this run.
    last: Option<Moment>,
    /// The folder was scanned whole in this run.
    is_scanned: bool,
    /// Records have come that were not acknowledged yet, or a file worth naming.
    is_due: bool,
    /// What the last complete scan saw where the own acknowledgement belongs; none if nothing has shown what lies there.
    found: Option<Option<FileHash>>,
    /// Something has changed that decides who has everything.
    is_stale: bool,
}

impl Acknowledging {
    /// Records of others have become durable.
    pub fn came(&mut self) {
        self.is_due = true;
        self.is_stale = true;
    }

    /// Something was written here.
    pub fn wrote(&mut self) {
        self.is_stale = true;
    }

    /// There is another folder, in which nothing has been said yet.
    pub fn begin_in_folder(&mut self) {
        (self.is_scanned, self.last, self.found) = (false, None, None);
        self.came();
    }

    /// A new id has said nothing yet.
    pub fn begin_anew(&mut self) {
        (self.said, self.found) = (None, None);
        self.came();
    }

    /// What was said last has gone from the folder, or lies there as it was once.
    fn is_missing(&self) -> bool {
        let Some(said) = &self.said else { return false };
        self.found.is_some_and(|found| found != Some(FileHash::of(&said.bytes)))
    }

    /// Whether another replica names a file.
    pub fn names(&self, file: &ShortHash) -> bool {
        self.heard.values().any(|heard| heard.holdings.files.contains(file))
    }

    /// Who has said something.
    pub fn replicas(&self) -> impl Iterator<Item = &ReplicaId> {
        self.heard.keys()
    }

    /// When something is known to have been heard of a replica, in milliseconds since 1970.
    pub fn heard_since(&self, replica: &ReplicaId) -> Option<i64> {
        self.heard.get(replica).map(|heard| heard.since)
    }

    /// Since when a replica has had everything that was sealed here, in milliseconds since 1970; none if it hasn't.
    pub fn has_all_since(&self, replica: &ReplicaId) -> Option<i64> {
        self.heard.get(replica).filter(|heard| heard.has_all).map(|heard| heard.since)
    }
}

impl Workspace {
    /// What a run begins with: what was said and heard in earlier ones.
    pub fn recall_acknowledgements(&mut self) -> Result<(), SessionError> {
        let workspace = self.store.workspace();
        for AcknowledgementRow { replica, counter, since, bytes } in self.store.acknowledgements()? {
            // One that can't be read says nothing, but its counter was used.
            let parsed = Acknowledgement::parse(&bytes, &workspace).map(|read| read.holdings);
            let holdings = parsed.unwrap_or_default();
            if replica == self.identity.replica() {
                self.acknowledging.said = Some(Said { counter, holdings, bytes });
            } else if !self.own.contains(&replica) {
                self.acknowledging.heard.insert(replica, Heard { counter, holdings, has_all: false, since });
            }
        }
        self.acknowledging.came();
        self.see_who_has_all()
    }

    /// What was said last under this id counts as the database has it: another process may have it open, where locks don't
    /// work.
    fn recall_own(&mut self) -> Result<(), SessionError> {
        let (workspace, current) = (self.store.workspace(), self.identity.replica());
        let rows = self.store.acknowledgements()?;
        let Some(AcknowledgementRow { counter, bytes, .. }) = rows.into_iter().find(|row| row.replica == current)
        else {
            return Ok(());
        };
        if self.acknowledging.said.as_ref().is_none_or(|said| said.counter < counter) {
            let holdings = Acknowledgement::parse(&bytes, &workspace).map(|read| read.holdings).unwrap_or_default();
            self.acknowledging.said = Some(Said { counter, holdings, bytes });
        }
        Ok(())
    }

    /// Takes in what a replica says. An older one than what is known changes nothing, whenever and wherever it is found.
    pub fn take_acknowledgement(&mut self, said: Acknowledgement) -> Result<Verdict, SessionError> {
        if self.shows_another_life(&said)? {
            self.flush()?;
            self.take_new_identity()?;
        }
        let known = self.acknowledging.heard.get(&said.replica).map_or(0, |heard| heard.counter);
        if self.own.contains(&said.replica) || said.counter <= known {
            return Ok(Verdict::Taken);
        }
        if known == 0 && self.is_one_too_many(&said.replica)? {
            return Ok(Verdict::Taken);
        }
        self.see_who_has_all()?;
        let since = self.acknowledging.has_all_since(&said.replica).unwrap_or_else(|| self.around.now());
        let Acknowledgement { replica, key, counter, holdings, bytes, .. } = said;
        let row = AcknowledgementRow { replica, counter, since, bytes };
        self.store.commit(&Batch { keys: vec![(replica, key.0)], acknowledgements: vec![row], ..Batch::default() })?;
        self.acknowledging.heard.insert(replica, Heard { counter, holdings, has_all: false, since });
        self.acknowledging.is_stale = true;
        self.people.changed();
        self.people.saw(replica, self.around.now());
        self.exchange.last_other = Some(self.around.moment());
        self.see_who_has_all()?;
        Ok(Verdict::Taken)
    }

    /// Whether somebody has written nothing, like too many already who have said something.
    fn is_one_too_many(&self, replica: &ReplicaId) -> Result<bool, SessionError> {
        if !self.store.tips(replica)?.is_empty() {
            return Ok(false);
        }
        let mut strangers = 0;
        for replica in self.acknowledging.heard.keys() {
            strangers += usize::from(self.store.tips(replica)?.is_empty());
        }
        Ok(strangers >= MAX_STRANGERS)
    }

    /// Whether it tells that somebody else lives under our id: a copied profile, or a database that was set back.
    fn shows_another_life(&mut self, said: &Acknowledgement) -> Result<bool, SessionError> {
        let current = self.identity.replica();
        if said.replica == current {
            self.recall_own()?;
            let last = self.acknowledging.said.as_ref();
            let is_beyond = said.counter > last.map_or(0, |last| last.counter);
            let is_beside = last.is_some_and(|last| last.counter == said.counter && last.bytes != said.bytes);
            if is_beyond || is_beside {
                return Ok(true);
            }
        }
        for head in said.holdings.heads.get(&current).into_iter().flatten() {
            let link = self.store.link(&head.id)?;
            if link.is_none_or(|link| link.replica != current || link.number != head.number) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A scan that has seen all of our own files has ended.
    pub fn scanned_for_acknowledgements(&mut self, report: &ScanReport) {
        self.acknowledging.is_scanned = true;
        self.acknowledging.found = report.complete.then_some(report.own_acknowledgement);
        if report.handed_over > 0 && self.files_worth_naming().iter().any(|file| !self.has_named(file)) {
            self.acknowledging.is_due = true;
        }
    }

    fn files_worth_naming(&self) -> std::collections::BTreeSet<ShortHash> {
        self.exchange.coverage.covering(&self.own)
    }

    fn has_named(&self, file: &ShortHash) -> bool {
        self.acknowledging.said.as_ref().is_some_and(|said| said.holdings.files.contains(file))
    }

    /// How long until the next acknowledgement; none while there is nothing to say.
    pub fn acknowledge_in(&self) -> Option<Duration> {
        let Acknowledging { is_scanned, is_due, last, .. } = self.acknowledging;
        let is_asked = is_scanned && (is_due || self.acknowledging.is_missing()) && self.exchange.carrier.is_some();
        is_asked.then(|| last.map_or(Duration::ZERO, |last| GAP.saturating_sub(self.around.since(last))))
    }

    /// Says what is held, if that is due.
    pub fn acknowledge(&mut self) -> Result<(), SessionError> {
        if self.acknowledge_in().is_none_or(|wait| !wait.is_zero()) {
            return Ok(());
        }
        self.recall_own()?;
        let is_missing = self.acknowledging.is_missing();
        let holdings = self.holdings()?;
        let says_no_more =
            |said: &Said| said.holdings.heads == holdings.heads && holdings.files.is_subset(&said.holdings.files);
        let replica = self.identity.replica();
        let is_due = std::mem::take(&mut self.acknowledging.is_due);
        let bytes = match self.acknowledging.said.as_ref() {
            Some(said) if is_missing && !is_due => said.bytes.clone(),
            // In the last run it may have been stored and not published.
            Some(said) if says_no_more(said) && (is_missing || self.acknowledging.last.is_none()) => said.bytes.clone(),
            _ if !is_due => return Ok(()),
            Some(said) if says_no_more(said) => return Ok(()),
            said => {
                let counter = said.map_or(0, |said| said.counter) + 1;
                let now = self.around.now();
                let Ok(bytes) = Acknowledgement::encode(&self.identity, counter, now, &holdings) else {
                    tracing::warn!("more branches are held than can be acknowledged");
                    return Ok(());
                };
                let row = AcknowledgementRow { replica, counter, since: now, bytes: bytes.clone() };
                // Before it can be seen by anybody: one that was seen and isn't known would be another's.
                self.store.commit(&Batch { acknowledgements: vec![row], ..Batch::default() })?;
                self.acknowledging.said = Some(Said { counter, holdings, bytes: bytes.clone() });
                bytes
            }
        };
        (self.acknowledging.last, self.acknowledging.found) = (Some(self.around.moment()), None);
        let path = RelativePath::acknowledgement(&replica);
        if let Some(carrier) = &self.exchange.carrier {
            carrier.publish(vec![Parcel { name: path.to_string(), path, bytes }]);
        }
        Ok(())
    }

    fn holdings(&self) -> Result<Holdings, SessionError> {
        let mut holdings = Holdings { files: self.files_worth_naming(), ..Holdings::default() };
        for replica in self.store.replicas()? {
            let heads = self.store.tips(&replica)?.into_iter().map(|tip| Head { number: tip.number, id: tip.record });
            let heads: std::collections::BTreeSet<Head> = heads.collect();
            if !heads.is_empty() {
                holdings.heads.insert(replica, heads);
            }
        }
        Ok(holdings)
    }

    /// Settles who has everything that is sealed here.
    pub fn see_who_has_all(&mut self) -> Result<(), SessionError> {
        if !std::mem::take(&mut self.acknowledging.is_stale) {
            return Ok(());
        }
        let mut ends: Vec<(ReplicaId, Tip)> = Vec::new();
        for id in &self.own {
            ends.extend(self.store.tips(id)?.into_iter().map(|tip| (*id, tip)));
        }
        let mut heard = std::mem::take(&mut self.acknowledging.heard);
        for heard in heard.values_mut() {
            heard.has_all = ends.iter().all(|(id, tip)| holds(&*self.store, &heard.holdings, id, tip));
        }
        self.acknowledging.heard = heard;
        Ok(())
    }
}

/// Whether somebody's holdings have a record in them, as far as can be told here.
pub(crate) fn holds(store: &dyn Storage, holdings: &Holdings, replica: &ReplicaId, tip: &Tip) -> bool {
    holdings.heads.get(replica).into_iter().flatten().any(|head| {
        let is_on_branch = || -> Result<bool, StoreError> {
            Ok(head.number > tip.number && store.record_at(&head.id, tip.number)? == Some(tip.record))
        };
        head.id == tip.record || is_on_branch().unwrap_or(false)
    })
}
