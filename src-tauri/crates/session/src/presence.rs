//! Presence: where the person at this window is, for the others, and where they are. Nothing depends on it.

use std::collections::BTreeMap;
use std::time::Duration;

use inkfold_engine::{DocumentId, ReplicaId};
use inkfold_folder::policy::ACTIVE;
use inkfold_folder::{FileHash, Presence, RelativePath, ScanReport, Spot};
use inkfold_store::Batch;

use crate::carrier::Parcel;
use crate::error::SessionError;
use crate::reading::setting_text;
use crate::surroundings::Moment;
use crate::wire;
use crate::workspace::{Workspace, setting};

/// The least time between two presences.
const GAP: Duration = Duration::from_secs(2);
/// Who does nothing for so long is not there any more.
const AWAY: Duration = Duration::from_secs(60);

/// More people than this aren't looked for.
const MAX_SEEN: usize = 1_000;

/// Where somebody else is.
struct Seen {
    counter: u64,
    file: FileHash,
    name: String,
    spot: Option<Spot>,
    /// When the counter rose in this run; none for what was there when it began, which may be of any age.
    rose: Option<Moment>,
}

/// What this run knows of who is where.
#[derive(Default)]
pub(crate) struct Presences {
    seen: BTreeMap<ReplicaId, Seen>,
    /// The greatest counter of one's own.
    counter: u64,
    /// Where the person here is, and since when nothing has changed in that.
    spot: Option<(Spot, Moment)>,
    /// What the others were told.
    told: Option<Spot>,
    last: Option<Moment>,
    is_scanned: bool,
    /// The person doesn't want to be seen.
    is_hidden: bool,
    /// Who was last said to be where.
    shown: Vec<wire::Present>,
}

impl Presences {
    /// There is another folder, and nothing is known of it yet.
    pub fn begin_in_folder(&mut self) {
        self.is_scanned = false;
        self.seen.clear();
    }

    /// A new id has been nowhere yet.
    pub fn begin_anew(&mut self) {
        (self.counter, self.told) = (0, None);
    }

    /// Whether others may see where the person here is.
    pub fn is_shared(&self) -> bool {
        !self.is_hidden
    }
}

impl Workspace {
    /// What a run begins with.
    pub fn recall_presence(&mut self) -> Result<(), SessionError> {
        self.presences.is_hidden = self.store.setting(setting::HIDDEN)?.is_some();
        Ok(())
    }

    /// The window says where its person is, in a document that it has open.
    pub fn present(&mut self, document: DocumentId, selection: wire::Selection) {
        let Some(selection) = self.opened_selection(document, selection) else { return };
        let spot = Spot { document, anchor: selection.anchor, head: selection.head };
        self.presences.spot = Some((spot, self.around.moment()));
    }

    /// The person has left a document.
    pub fn leave(&mut self, document: DocumentId) {
        if self.presences.spot.is_some_and(|(spot, _)| spot.document == document) {
            self.presences.spot = None;
            self.take_presence_away();
        }
    }

    /// Whether others may see where the person here is. Those who share it are seen all the same.
    pub fn share_presence(&mut self, shared: bool) -> Result<(), SessionError> {
        let hidden = (!shared).then(Vec::new);
        self.store.commit(&Batch { settings: vec![(setting::HIDDEN.into(), hidden)], ..Batch::default() })?;
        self.presences.is_hidden = !shared;
        if !shared {
            self.take_presence_away();
        }
        Ok(())
    }

    /// Takes away what tells the others where the person here is.
    pub fn take_presence_away(&mut self) {
        if self.presences.told.take().is_some()
            && let Some(carrier) = &self.exchange.carrier
        {
            carrier.remove(vec![RelativePath::presence(&self.identity.replica())]);
        }
    }

    /// How long until the others are to be told where the person here is; none if there is nothing to tell.
    pub fn present_in(&self) -> Option<Duration> {
        let Presences { spot, told, last, is_scanned, is_hidden, .. } = &self.presences;
        let (spot, moved) = spot.as_ref()?;
        let is_in_company = self.exchange.last_other.is_some_and(|other| self.around.since(other) < ACTIVE);
        let is_active = self.around.since(*moved) < AWAY;
        let is_wanted = *is_scanned && !is_hidden && is_in_company && is_active && Some(spot) != told.as_ref();
        is_wanted.then(|| last.map_or(Duration::ZERO, |last| GAP.saturating_sub(self.around.since(last))))
    }

    /// Tells the others where the person here is, if that is due.
    pub fn tell_presence(&mut self) -> Result<(), SessionError> {
        if self.present_in().is_none_or(|wait| !wait.is_zero()) {
            return Ok(());
        }
        let (Some((spot, _)), Some(carrier)) = (self.presences.spot, &self.exchange.carrier) else { return Ok(()) };
        let name = setting_text(&*self.store, setting::PERSON)?.unwrap_or_default();
        // By the clock, so that it rises over a restart without being stored. Where the clock was set back, the others see
        // nothing until it has caught up, or until this run has found what the last one has said.
        let now = u64::try_from(self.around.now()).unwrap_or(0).min(MOST_BY_CLOCK);
        self.presences.counter = (self.presences.counter + 1).max(now);
        let bytes = Presence::encode(&self.identity, self.presences.counter, &name, Some(&spot));
        let path = RelativePath::presence(&self.identity.replica());
        carrier.publish(vec![Parcel { name: path.to_string(), path, bytes }]);
        self.presences.told = Some(spot);
        self.presences.last = Some(self.around.moment());
        Ok(())
    }

    /// Takes in where somebody is. An older one than what is known changes nothing.
    pub fn take_presence(&mut self, file: FileHash, presence: Presence) {
        let Presence { replica, counter, name, spot, .. } = presence;
        if self.own.contains(&replica) {
            if replica == self.identity.replica() && counter < MOST_BY_CLOCK {
                self.presences.counter = self.presences.counter.max(counter);
            }
            return;
        }
        if self.presences.seen.get(&replica).is_some_and(|seen| seen.counter >= counter) {
            return;
        }
        if self.presences.seen.len() >= MAX_SEEN && !self.presences.seen.contains_key(&replica) {
            return;
        }
        let rose = self.presences.is_scanned.then(|| self.around.moment());
        if rose.is_some() {
            self.people.saw(replica, self.around.now());
            self.exchange.last_other = rose;
        }
        self.presences.seen.insert(replica, Seen { counter, file, name, spot, rose });
    }

    /// A complete scan has ended: whose file is gone is not there.
    pub fn scanned_for_presences(&mut self, report: &ScanReport) {
        self.presences.is_scanned = true;
        for seen in self.presences.seen.values_mut().filter(|seen| !report.presences.contains(&seen.file)) {
            seen.spot = None;
        }
    }

    /// Who is where at the moment. Places are told for the document that a window has open, if it stands where the window
    /// says.
    pub fn presences(&mut self, shown: Option<(DocumentId, u32, u32)>) -> Vec<wire::Present> {
        let mut present = Vec::new();
        let seen = std::mem::take(&mut self.presences.seen);
        for (replica, seen) in &seen {
            let Some(spot) = seen.spot else { continue };
            if seen.rose.is_none_or(|rose| self.around.since(rose) >= AWAY) {
                continue;
            }
            let here = shown.filter(|(document, ..)| *document == spot.document);
            present.push(wire::Present {
                replica: replica.to_string(),
                person: seen.name.clone(),
                device: self.people.device(replica).to_owned(),
                document: spot.document.to_string(),
                selection: here.and_then(|(_, patch, counter)| self.shown_selection(&spot, patch, counter)),
                counter: seen.counter,
            });
        }
        self.presences.seen = seen;
        present
    }

    /// Tells the window if somebody has come, gone or moved; it asks for the places when it can use them.
    pub fn tell_presences(&mut self) {
        let present = self.presences(None);
        if present != self.presences.shown {
            self.presences.shown = present.clone();
            self.tell(wire::Event::Presences { present });
        }
    }
}

/// The counter goes by the clock up to here, a few thousand years from now; beyond it, one by one.
const MOST_BY_CLOCK: u64 = 1 << 47;
