//! The care of this installation's own files in the shared folder: what the folder has lost is published again, small
//! files become larger ones, and what those cover goes when they are safe.

use inkfold_folder::policy::{OwnFile, deletable, missing, next_merge};
use inkfold_folder::{EncodeError, RelativePath, ScanReport, Signer, encode_all, encode_segment};
use inkfold_store::{Batch, OutboxFile};

use crate::branches::StoreBranches;
use crate::carrier::Parcel;
use crate::error::SessionError;
use crate::workspace::Workspace;

/// So many times files are merged after a scan; more waits for the next one, so that nobody waits for long.
const MOST_MERGES: usize = 8;

impl Workspace {
    /// After a scan that has seen all of our own files: what has to be done about them.
    pub fn keep_up(&mut self, report: &ScanReport) -> Result<(), SessionError> {
        self.look_at_own_line()?;
        self.exchange.publish(&*self.store)?;
        let replica = self.identity.replica();
        let files = self.own_files(report);
        // As long as something is on its way, what is missing may be just that.
        if self.exchange.outbox > 0 || self.exchange.carrier.is_none() {
            return Ok(());
        }
        let gaps = missing(&files, self.store.queued_to(&replica)?);
        if !gaps.is_empty() {
            return gaps.into_iter().try_for_each(|gap| self.publish_again(gap));
        }
        // Each by itself; what they become is looked at once it is in the folder.
        let mut left = files.clone();
        for _ in 0..MOST_MERGES {
            let Some(parts) = next_merge(&left) else { break };
            let (merged, others): (Vec<OwnFile>, Vec<OwnFile>) =
                left.into_iter().partition(|file| parts.contains(&file.hash));
            let span = |(first, last): (u64, u64), part: &OwnFile| (first.min(part.first), last.max(part.last));
            let (first, last) = merged.iter().fold((u64::MAX, 0), span);
            self.merge(first, last)?;
            left = others;
        }
        if left.len() < files.len() {
            return Ok(());
        }
        let gone = deletable(&files);
        let names = report.own.iter().filter(|(_, seen)| seen.hash.is_some_and(|hash| gone.contains(&hash)));
        let paths: Vec<RelativePath> = names.map(|(name, _)| RelativePath::segment(&replica, name)).collect();
        if let Some(carrier) = self.exchange.carrier.as_ref().filter(|_| !paths.is_empty()) {
            carrier.remove(paths);
        }
        // What nobody else's files hold is known only when all of them were looked at.
        if report.complete {
            self.give_back(report)?;
            self.rescue(report)?;
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
        self.exchange.read_back.retain(|hash, _| files.iter().any(|file| file.hash == *hash));
        for file in &mut files {
            let since = *self.exchange.read_back.entry(file.hash).or_insert(now);
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

    fn merge(&mut self, first: u64, last: u64) -> Result<(), SessionError> {
        let replica = self.identity.replica();
        let records = self.store.records_of(&replica, first..last + 1)?;
        let file = match encode_segment(Signer::Own(&self.identity), &records, &StoreBranches(&*self.store)) {
            Ok(file) => file,
            // Several files it has to stay, then.
            Err(EncodeError::TooLarge) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let outbox = OutboxFile { name: file.name(), replica, first, last, bytes: file.bytes };
        self.store.commit(&Batch { outbox: vec![outbox], ..Batch::default() })?;
        self.exchange.publish(&*self.store)
    }
}
