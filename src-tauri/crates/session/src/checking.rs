//! Whether all is well with what a store holds and with its shared folder. Nothing is changed by looking, so it is done
//! while another process writes, too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkfold_engine::{Document, DocumentId, Record, ReplicaId, Unfolded};
use inkfold_folder::scan::scan;
use inkfold_folder::{
    FileContent, FileHash, LookupFailed, Memory, Pending, RealClock, RealFileSystem, ScanRequest, Segment, Unresolved,
    Verdict,
};
use inkfold_store::{Batch, MemoryStore, Storage, StoreError};
use serde::Serialize;

use crate::branches::StoreBranches;
use crate::error::SessionError;
use crate::reading::setting_text;
use crate::wire::FileReport;
use crate::workspace::setting;

/// What a store holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoreCheck {
    /// Sealed records.
    pub records: u64,
    /// Documents, without the workspace's own data.
    pub documents: u64,
    /// Records that wait for others.
    pub waiting: u64,
    /// Records that can't be shown.
    pub unfolded: u64,
    /// What is wrong, in plain words.
    pub findings: Vec<String>,
}

/// What a shared folder holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FolderCheck {
    /// Sound files of records, copies counted once.
    pub files: u64,
    /// Records that are in the folder and not in the store yet. Nothing is wrong with that.
    pub new: u64,
    /// Files that aren't used.
    pub unused: Vec<FileReport>,
    /// What else is wrong, in plain words.
    pub findings: Vec<String>,
}

/// Reads everything that a store holds.
///
/// # Errors
/// The store can't be read, or a row of it is damaged.
pub fn store(store: &dyn Storage) -> Result<StoreCheck, SessionError> {
    let mut check = StoreCheck::default();
    store.open()?;
    for replica in store.replicas()? {
        let ends = store.ends(&replica)?;
        if ends.tips.len() > 1 {
            check.findings.push(format!("replica {replica} has {} branches; both are kept", ends.tips.len()));
        }
        for loose in ends.loose {
            check.waiting += 1;
            let number = loose.number;
            check.findings.push(format!("record {number} of replica {replica} waits for the ones before it"));
        }
    }
    for id in store.documents()? {
        // From the records, whatever a snapshot says.
        let records = store.records(&id)?;
        check.documents += u64::from(id != DocumentId::WORKSPACE);
        check.records += records.len() as u64;
        let mut document = Document::new(store.workspace(), id);
        document.absorb(records);
        for record in document.waiting() {
            check.waiting += 1;
            let record = record.id();
            check.findings.push(format!("document {id}: record {record} waits for records that have not arrived"));
        }
        for (record, why) in document.unfolded() {
            check.unfolded += 1;
            let why = match why {
                Unfolded::NeedsNewerVersion => "needs a newer version of Inkfold",
                Unfolded::NotAllowedHere => "holds events that its document doesn't allow",
                Unfolded::BrokenSequence => "doesn't follow its replica's record before it",
                Unfolded::FollowsUnfolded => "builds on a record that can't be shown",
            };
            check.findings.push(format!("document {id}: record {} {why}", record.id()));
        }
    }
    Ok(check)
}

/// Reads and verifies the whole shared folder of a store's workspace; none if it has no folder. What is new there is
/// not taken in.
///
/// # Errors
/// The store can't be read.
pub fn folder(store: &dyn Storage) -> Result<Option<FolderCheck>, SessionError> {
    let Some(root) = setting_text(store, setting::FOLDER)?.map(PathBuf::from) else { return Ok(None) };
    let mut reader = Reader::new(store)?;
    let check = reader.read(&root)?;
    Ok(Some(check))
}

/// Takes in a folder over a copy of the store's records.
struct Reader {
    held: MemoryStore,
    known: u64,
    pending: Pending,
    paths: BTreeMap<FileHash, PathBuf>,
    check: FolderCheck,
}

impl Reader {
    fn new(store: &dyn Storage) -> Result<Self, SessionError> {
        let mut held = MemoryStore::new(store.workspace());
        for replica in store.replicas()? {
            held.commit(&Batch::of_records(store.records_of(&replica, 0..u64::MAX)?))?;
        }
        let known = held.counts()?.records;
        let (pending, paths, check) = (Pending::default(), BTreeMap::new(), FolderCheck::default());
        Ok(Reader { held, known, pending, paths, check })
    }

    fn read(&mut self, root: &Path) -> Result<FolderCheck, SessionError> {
        // Whose directory is our own matters to nobody who only reads.
        let request = ScanRequest { workspace: self.held.workspace(), replica: ReplicaId::default() };
        let mut failed = None;
        let mut memory = Memory::default();
        let report = scan(&RealFileSystem, &RealClock::default(), root, &request, &mut memory, &mut |new| {
            self.paths.insert(new.hash, new.path);
            match new.content {
                FileContent::Segment(segment) => self.take(segment).unwrap_or_else(|error| {
                    failed.get_or_insert(error);
                    Verdict::Later
                }),
                // Each segment in it is as good as in a file of its own.
                FileContent::Checkpoint(checkpoint) => {
                    let mut verdict = Verdict::Taken;
                    for segment in checkpoint.segments() {
                        match segment.map(|segment| self.take(segment)) {
                            Ok(Ok(_)) => {}
                            Ok(Err(error)) => {
                                failed.get_or_insert(error);
                                return Verdict::Later;
                            }
                            Err(refusal) => verdict = Verdict::Refused(refusal),
                        }
                    }
                    verdict
                }
                // They are sound in themselves, and hold no records.
                FileContent::Acknowledgement(_) | FileContent::Presence(_) => Verdict::Taken,
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        loop {
            let settlement = self.pending.settle(&StoreBranches(&self.held)).map_err(lookup)?;
            for (hash, verdict) in settlement.refused {
                if let Verdict::Refused(refusal) = verdict {
                    self.unused(&hash, false, refusal.to_string());
                }
            }
            if settlement.taken.is_empty() {
                break;
            }
            self.keep(settlement.records)?;
        }
        let waiting: Vec<_> = self.pending.iter().map(|(hash, record)| (*hash, record.to_string())).collect();
        for (hash, record) in waiting {
            self.unused(&hash, true, format!("It builds on changes that have not arrived yet ({}…).", &record[..8]));
        }
        for file in report.refused {
            let path = file.path.display().to_string();
            self.check.unused.push(FileReport { path, pending: false, reason: file.refusal.to_string() });
        }
        for trouble in report.trouble {
            self.check.findings.push(format!("{} could not be read: {}", trouble.path.display(), trouble.message));
        }
        if !matches!(report.root, inkfold_folder::RootState::Ready) {
            self.check.findings.push(report.root.message());
        }
        self.check.unused.sort_by(|a, b| a.path.cmp(&b.path));
        self.check.files = report.present.len() as u64;
        self.check.new = self.held.counts()?.records - self.known;
        Ok(std::mem::take(&mut self.check))
    }

    fn take(&mut self, segment: Segment) -> Result<Verdict, SessionError> {
        Ok(match segment.resolve(&StoreBranches(&self.held)) {
            Ok(records) => {
                self.keep(records)?;
                Verdict::Taken
            }
            Err(Unresolved::Pending(record)) => {
                let hash = segment.hash();
                if !self.pending.put(segment, record) {
                    self.unused(&hash, true, "Too much waits for changes that have not arrived yet.".into());
                }
                Verdict::Waiting
            }
            Err(Unresolved::Refused(refusal)) => Verdict::Refused(refusal),
            Err(Unresolved::Lookup(error)) => return Err(lookup(error)),
        })
    }

    fn keep(&mut self, records: Vec<Record>) -> Result<(), SessionError> {
        let came: Vec<_> = records.iter().map(Record::id).collect();
        self.held.commit(&Batch::of_records(records))?;
        for segment in self.pending.release(&came) {
            let hash = segment.hash();
            if let Verdict::Refused(refusal) = self.take(segment)? {
                self.unused(&hash, false, refusal.to_string());
            }
        }
        Ok(())
    }

    fn unused(&mut self, hash: &FileHash, pending: bool, reason: String) {
        let path = self.paths.get(hash).map_or_else(|| hash.h16(), |path| path.display().to_string());
        self.check.unused.push(FileReport { path, pending, reason });
    }
}

/// Only the store is asked, so only its errors come back.
fn lookup(error: LookupFailed) -> SessionError {
    match error.0.downcast::<StoreError>() {
        Ok(error) => SessionError::Store(*error),
        Err(other) => SessionError::NotSaved(other.to_string()),
    }
}
