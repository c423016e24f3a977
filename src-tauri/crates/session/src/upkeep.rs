//! The care of this installation's own files in the shared folder: what the folder has lost is published again, small
//! files become larger ones, and what those cover goes when they are safe.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_folder::policy::{OwnFile, deletable, missing, next_merge};
use inkfold_folder::{EncodeError, FileHash, RelativePath, ScanReport, Signer, encode_all, encode_segment};
use inkfold_store::{Batch, OutboxFile};

use crate::branches::StoreBranches;
use crate::carrier::Parcel;
use crate::error::SessionError;
use crate::surroundings::Moment;
use crate::workspace::Workspace;

/// So many times files are merged in one go; more waits for the next one, so that nobody waits for long.
const MOST_MERGES: usize = 2;

/// This installation's files in the folder, as far as they hold what was written under its present id.
#[derive(Default)]
pub(crate) struct OwnFiles {
    /// Those that the last scan saw, and those that have been written since; none before the first scan.
    files: Option<Vec<OwnFile>>,
    /// When a complete scan of this run first saw each of them.
    read_back: BTreeMap<FileHash, Moment>,
    /// Those that stay as they are, since they can't be merged.
    stay: BTreeSet<FileHash>,
    /// Some have come since it was looked last which are to be merged.
    may_merge: bool,
}

impl OwnFiles {
    /// These are on their way to the folder.
    pub fn add(&mut self, outbox: &[OutboxFile]) {
        if let Some(files) = &mut self.files {
            files.extend(outbox.iter().map(on_its_way));
            self.may_merge = true;
        }
    }

    /// Whether it is time to see which are to be merged.
    pub fn may_merge(&self) -> bool {
        self.may_merge
    }
}

fn on_its_way(file: &OutboxFile) -> OwnFile {
    let OutboxFile { first, last, bytes, .. } = file;
    OwnFile {
        hash: FileHash::of(bytes),
        first: *first,
        last: *last,
        size: bytes.len(),
        read_back: None,
        acknowledged: false,
        stays: false,
    }
}

impl Workspace {
    /// After a scan that has seen all of our own files: what has to be done about them.
    pub fn keep_up(&mut self, report: &ScanReport) -> Result<(), SessionError> {
        self.look_at_own_line()?;
        self.exchange.publish(&*self.store)?;
        let replica = self.identity.replica();
        let files = self.own_files(report);
        if self.exchange.carrier.is_none() {
            return Ok(());
        }
        let mut all = files.clone();
        for name in self.store.outbox()? {
            let waiting = self.store.outbox_file(&name)?.filter(|file| file.replica == replica);
            all.extend(waiting.as_ref().map(on_its_way));
        }
        let gaps = missing(&all, self.store.queued_to(&replica)?);
        let own = &mut self.exchange.own_files;
        (own.files, own.may_merge) = (Some(all), true);
        if !gaps.is_empty() {
            return gaps.into_iter().try_for_each(|gap| self.publish_again(gap));
        }
        let gone: BTreeSet<FileHash> = deletable(&files).into_iter().collect();
        let names = report.own.iter().filter(|(_, seen)| seen.hash.is_some_and(|hash| gone.contains(&hash)));
        let paths: Vec<RelativePath> = names.map(|(name, _)| RelativePath::segment(&replica, name)).collect();
        if let Some(carrier) = self.exchange.carrier.as_ref().filter(|_| !paths.is_empty()) {
            carrier.remove(paths);
        }
        // What nobody else's files hold is known only when all of them were looked at and none is on its way.
        if report.complete && self.exchange.outbox == 0 {
            self.give_back(report)?;
            self.rescue(report)?;
        }
        Ok(())
    }

    /// Merges small files into larger ones where that is due. What they become may be merged in turn, the next time.
    pub fn merge_some(&mut self) -> Result<(), SessionError> {
        for _ in 0..MOST_MERGES {
            let own = &mut self.exchange.own_files;
            let Some(files) = own.files.as_mut().filter(|_| own.may_merge) else { return Ok(()) };
            files.iter_mut().for_each(|file| file.stays = own.stay.contains(&file.hash));
            let Some(parts) = next_merge(files) else {
                own.may_merge = false;
                return Ok(());
            };
            let parts: BTreeSet<FileHash> = parts.into_iter().collect();
            let span = |(first, last): (u64, u64), part: &OwnFile| (first.min(part.first), last.max(part.last));
            let (first, last) = files.iter().filter(|file| parts.contains(&file.hash)).fold((u64::MAX, 0), span);
            if !self.merge(first, last)? {
                self.exchange.own_files.stay.extend(parts);
            }
        }
        Ok(())
    }

    fn own_files(&mut self, report: &ScanReport) -> Vec<OwnFile> {
        let mut files: Vec<OwnFile> = report.own.iter().filter_map(|(name, seen)| OwnFile::seen(name, seen)).collect();
        // What is there of others' records was rescued.
        let (own, coverage) = (self.identity.replica(), &self.exchange.coverage);
        files.retain(|file| coverage.author(&file.hash).is_none_or(|author| author == own));
        let now = self.around.moment();
        // A file that was gone in between counts from anew.
        let before = std::mem::take(&mut self.exchange.own_files.read_back);
        for file in &mut files {
            let since = *before.get(&file.hash).unwrap_or(&now);
            self.exchange.own_files.read_back.insert(file.hash, since);
            file.read_back = Some(self.around.since(since));
            file.acknowledged = self.acknowledging.names(&file.hash.short());
        }
        files
    }

    fn publish_again(&mut self, numbers: std::ops::Range<u64>) -> Result<(), SessionError> {
        let replica = self.identity.replica();
        let records = self.store.records_of(&replica, numbers)?;
        if records.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            records = records.len(),
            "the folder has lost files of this installation; they are published again"
        );
        let files = encode_all(&self.identity, &records, &StoreBranches(&*self.store))?;
        let parcels =
            files.into_iter().map(|file| Parcel { name: file.name(), path: file.path(&replica), bytes: file.bytes });
        if let Some(carrier) = &self.exchange.carrier {
            carrier.publish(parcels.collect());
        }
        Ok(())
    }

    /// Writes these records as one file; false if they are more than fits in one.
    fn merge(&mut self, first: u64, last: u64) -> Result<bool, SessionError> {
        let replica = self.identity.replica();
        let records = self.store.records_of(&replica, first..last + 1)?;
        let file = match encode_segment(Signer::Own(&self.identity), &records, &StoreBranches(&*self.store)) {
            Ok(file) => file,
            Err(EncodeError::TooLarge) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let outbox = vec![OutboxFile { name: file.name(), replica, first, last, bytes: file.bytes }];
        let batch = Batch { outbox, ..Batch::default() };
        self.store.commit(&batch)?;
        self.exchange.own_files.add(&batch.outbox);
        self.exchange.publish(&*self.store)?;
        Ok(true)
    }
}
