//! The exchange with the shared folder, as the workspace's thread sees it: what isn't published yet, what came in, what
//! waits and what was refused.

use std::collections::BTreeMap;
use std::path::PathBuf;

use inkfold_engine::{Record, RecordId};
use inkfold_folder::{FileContent, FileHash, NewFile, Pending, RelativePath, RootState, ScanReport, Segment, Unresolved, Verdict};
use inkfold_store::{Batch, Chain, Signature, Storage, StoreError};

use crate::branches::StoreBranches;
use crate::carrier::{Carrier, Parcel};
use crate::error::SessionError;
use crate::rescue::Coverage;
use crate::surroundings::{Around, Moment};
use crate::wire::{FileReport, FolderTrouble};
use crate::workspace::Workspace;

/// What this run knows of the exchange.
pub(crate) struct Exchange {
    around: Around,
    pub carrier: Option<Carrier>,
    /// Since when there are events that no file of this installation holds.
    pub first_unflushed: Option<Moment>,
    pub last_key: Option<Moment>,
    pub last_flush: Option<Moment>,
    /// When another replica's records came in last.
    pub last_other: Option<Moment>,
    /// Files in the outbox.
    pub outbox: usize,
    pub trouble: Option<FolderTrouble>,
    pending: Pending,
    paths: BTreeMap<FileHash, PathBuf>,
    refused: Vec<FileReport>,
    /// When a complete scan of this run first saw each of our own files.
    pub read_back: BTreeMap<FileHash, Moment>,
    /// What the files hold.
    pub coverage: Coverage,
}

impl Exchange {
    pub fn new(carrier: Option<Carrier>, around: Around) -> Self {
        Exchange {
            around,
            carrier,
            first_unflushed: None,
            last_key: None,
            last_flush: None,
            last_other: None,
            outbox: 0,
            trouble: None,
            pending: Pending::default(),
            paths: BTreeMap::new(),
            refused: Vec::new(),
            read_back: BTreeMap::new(),
            coverage: Coverage::default(),
        }
    }

    /// Something was written.
    pub fn typed(&mut self) {
        let now = self.around.moment();
        self.first_unflushed.get_or_insert(now);
        self.last_key = Some(now);
    }

    /// Everything written so far is in the outbox.
    pub fn flushed(&mut self) {
        self.first_unflushed = None;
        self.last_flush = Some(self.around.moment());
    }

    /// Whether everything written is in the folder.
    pub fn is_published(&self) -> bool {
        self.first_unflushed.is_none() && self.outbox == 0
    }

    /// Hands the outbox to the carrier.
    pub fn publish(&mut self, store: &dyn Storage) -> Result<(), SessionError> {
        let names = store.outbox()?;
        self.outbox = names.len();
        let Some(carrier) = &self.carrier else { return Ok(()) };
        let mut parcels = Vec::new();
        for name in names {
            if let Some(file) = store.outbox_file(&name)? {
                let path = RelativePath::segment(&file.replica, &file.name);
                parcels.push(Parcel { name, path, bytes: file.bytes });
            }
        }
        carrier.publish(parcels);
        Ok(())
    }

    /// The files that aren't used, for people.
    pub fn files(&self) -> Vec<FileReport> {
        let waiting = self.pending.iter().map(|(hash, record)| FileReport {
            path: self.paths.get(hash).map(|path| path.display().to_string()).unwrap_or_else(|| hash.h16()),
            pending: true,
            reason: format!("It builds on changes that have not arrived yet ({}…).", &record.to_string()[..8]),
        });
        waiting.chain(self.refused.iter().cloned()).collect()
    }

    pub fn stop(&mut self) {
        self.carrier = None;
    }
}

impl Workspace {
    /// Takes in a file that a scan has found; says what became of it.
    pub fn take_file(&mut self, new: NewFile) -> Verdict {
        self.exchange.paths.insert(new.hash, new.path);
        let taken = match new.content {
            FileContent::Segment(segment) => self.take_in(segment),
            FileContent::Acknowledgement(said) => self.take_acknowledgement(said),
            FileContent::Presence(presence) => {
                self.take_presence(new.hash, presence);
                Ok(Verdict::Taken)
            }
        };
        taken.unwrap_or_else(|error| {
            tracing::warn!(code = error.code(), "a file could not be stored; it is read again later");
            Verdict::Later
        })
    }

    fn take_in(&mut self, segment: Segment) -> Result<Verdict, SessionError> {
        match segment.resolve(&StoreBranches(&*self.store)) {
            Ok(records) => {
                let mut ready = vec![(segment, records)];
                // Whatever waited for these can be resolved now, and so on.
                while let Some((segment, records)) = ready.pop() {
                    for released in self.keep(&[&segment], records)? {
                        let hash = released.hash();
                        match released.resolve(&StoreBranches(&*self.store)) {
                            Ok(records) => ready.push((released, records)),
                            Err(Unresolved::Pending(record)) => {
                                self.exchange.pending.put(released, record);
                            }
                            Err(Unresolved::Refused(refusal)) => self.report(hash, Verdict::Refused(refusal)),
                            Err(Unresolved::Lookup(_)) => self.report(hash, Verdict::Later),
                        }
                    }
                }
                Ok(Verdict::Taken)
            }
            Err(Unresolved::Pending(record)) => {
                Ok(if self.exchange.pending.put(segment, record) { Verdict::Waiting } else { Verdict::Later })
            }
            Err(Unresolved::Refused(refusal)) => Ok(Verdict::Refused(refusal)),
            Err(Unresolved::Lookup(error)) => {
                tracing::warn!("a segment could not be looked up: {error}");
                Ok(Verdict::Later)
            }
        }
    }

    /// Stores verified records durably; gives back the segments that waited for them.
    fn keep(&mut self, segments: &[&Segment], records: Vec<Record>) -> Result<Vec<Segment>, SessionError> {
        let own = self.identity.replica();
        let mut unknown_own = false;
        for record in records.iter().filter(|record| record.replica() == own) {
            unknown_own |= !self.store.has(&record.id())?;
        }
        if unknown_own {
            // Somebody else has written under our id: a copied profile, or a database that was set back. What we wrote
            // is handed over as our branch of the old id first; what is written from now on carries a new one.
            self.flush()?;
            self.take_new_identity()?;
        }
        let signatures = segments.iter().map(|segment| Signature {
            replica: segment.header().author,
            number: segment.header().last,
            record: segment.last_id(),
            bytes: segment.signature().0,
        });
        let keys = segments.iter().map(|segment| (segment.header().author, segment.header().key.0));
        let batch = Batch {
            records: records.clone(),
            keys: keys.collect(),
            signatures: signatures.collect(),
            ..Batch::default()
        };
        let added = self.store.commit(&batch)?.added;
        for segment in segments {
            self.exchange.coverage.note(segment);
        }
        let fresh: Vec<Record> = records.into_iter().filter(|record| added.contains(&record.id())).collect();
        for record in &fresh {
            if !self.own.contains(&record.replica()) {
                self.exchange.last_other = Some(self.around.moment());
            }
        }
        self.arrived(&fresh)?;
        for segment in segments {
            self.report(segment.hash(), Verdict::Taken);
        }
        let came: Vec<RecordId> = fresh.iter().map(Record::id).collect();
        Ok(self.exchange.pending.release(&came))
    }

    fn report(&self, hash: FileHash, verdict: Verdict) {
        if let Some(carrier) = &self.exchange.carrier {
            carrier.settle(hash, verdict);
        }
    }

    /// A scan has ended: settles what waited together, and notes what people should know.
    pub fn scanned(&mut self, report: ScanReport) -> Result<(), SessionError> {
        let settlement = self
            .exchange
            .pending
            .settle(&StoreBranches(&*self.store))
            .map_err(|error| SessionError::NotSaved(error.to_string()))?;
        for (hash, verdict) in settlement.refused {
            self.report(hash, verdict);
        }
        if !settlement.taken.is_empty() {
            let segments: Vec<&Segment> = settlement.taken.iter().collect();
            let released = self.keep(&segments, settlement.records)?;
            for segment in released {
                let hash = segment.hash();
                let verdict = self.take_in(segment)?;
                self.report(hash, verdict);
            }
        }
        self.exchange.trouble = trouble(&report.root);
        self.exchange.refused = report
            .refused
            .iter()
            .filter(|file| file.again)
            .map(|file| FileReport {
                path: file.path.display().to_string(),
                pending: false,
                reason: file.refusal.to_string(),
            })
            .collect();
        if report.complete && report.root.is_usable() {
            self.scanned_for_acknowledgements(report.handed_over > 0);
            self.scanned_for_presences(&report);
            self.tell_presences();
            self.keep_up(&report)?;
            self.acknowledge()?;
        }
        Ok(())
    }

    /// The carrier has put these files into the folder.
    pub fn published(&mut self, names: Vec<String>) -> Result<(), StoreError> {
        let done: Vec<String> = {
            let waiting = self.store.outbox()?;
            names.into_iter().filter(|name| waiting.contains(name)).collect()
        };
        for name in &done {
            let file = self.store.outbox_file(name)?;
            if file.is_some_and(|file| file.replica != self.identity.replica()) {
                self.exchange.coverage.unsettle();
            }
        }
        if !done.is_empty() {
            self.store.commit(&Batch { outbox_done: done, ..Batch::default() })?;
        }
        self.exchange.outbox = self.store.outbox()?.len();
        Ok(())
    }
}

fn trouble(root: &RootState) -> Option<FolderTrouble> {
    Some(match root {
        RootState::Ready => return None,
        RootState::Missing => FolderTrouble::Missing,
        RootState::Empty | RootState::NoGenesis => FolderTrouble::Empty,
        RootState::OtherWorkspace(_) => FolderTrouble::OtherWorkspace,
        RootState::Several(_) => FolderTrouble::SeveralWorkspaces,
        RootState::Refused(_) | RootState::Unreadable(_) => FolderTrouble::Unreadable,
    })
}
