//! Checkpoints: what lies in the folder in many files, once more in a few, for who joins. Anybody may write one; whoever finds
//! that one is due waits for a while first, so that not everybody does.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use inkfold_engine::{ReplicaId, WorkspaceId};
use inkfold_folder::policy::{SETTLED, is_worth_a_checkpoint};
use inkfold_folder::segment::MAX_SEGMENT_BYTES;
use inkfold_folder::{
    Checkpoint, Clock, FileHash, FileSystem, Memory, PublishError, Published, Publisher, RelativePath, ScanReport,
};
use inkfold_store::Batch;

use crate::error::SessionError;
use crate::surroundings::Moment;
use crate::workspace::{Workspace, setting};

/// Whoever finds that a checkpoint is due waits for up to so long.
const MOST_DELAY: Duration = Duration::from_secs(2 * 3600);

/// What this run knows of checkpoints.
#[derive(Default)]
pub(crate) struct Checkpoints {
    /// Since when one is due, and how long others have to write it.
    due: Option<(Moment, Duration)>,
    /// Since when all parts of our last one have been seen in the folder.
    seen: Option<Moment>,
}

/// What became of a checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The parts that are in the folder.
    parts: Vec<(FileHash, Published)>,
    /// These are all.
    is_whole: bool,
}

/// Writes a checkpoint of segments, a part at a time: what is in memory is never more than two parts.
pub(crate) struct Scribe<'a> {
    pub files: &'a dyn FileSystem,
    pub clock: &'a dyn Clock,
    pub root: &'a Path,
    pub workspace: WorkspaceId,
    /// In whose directory it is written before it gets its name.
    pub by: ReplicaId,
}

impl Scribe<'_> {
    /// Writes the segments with these hashes, as far as they are found where the memory says and are as they were.
    pub fn write(&self, hashes: &[FileHash], memory: &Memory) -> Outcome {
        let mut outcome = Outcome::default();
        let written = self.write_parts(hashes, memory, &mut outcome.parts);
        outcome.is_whole = written.is_ok() && !outcome.parts.is_empty();
        if let Err(error) = written {
            tracing::warn!(code = error.code(), "a checkpoint could not be written: {error}");
        }
        outcome
    }

    fn write_parts(
        &self,
        hashes: &[FileHash],
        memory: &Memory,
        parts: &mut Vec<(FileHash, Published)>,
    ) -> Result<(), PublishError> {
        let places = memory.places();
        let (mut part, mut bytes): (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
        for hash in hashes {
            let Some(place) = places.get(hash) else { continue };
            // One that can't be read now, or has changed, is left out: it lies in the folder all the same.
            let Ok(file) = self.files.read(&self.root.join(place), MAX_SEGMENT_BYTES + 1) else { continue };
            if FileHash::of(&file) != *hash {
                continue;
            }
            if !Checkpoint::fits(part.len() + 1, bytes + file.len()) {
                parts.extend(self.publish(&part)?);
                part.clear();
                bytes = 0;
            }
            bytes += file.len();
            part.push(file);
        }
        parts.extend(self.publish(&part)?);
        Ok(())
    }

    fn publish(&self, part: &[Vec<u8>]) -> Result<Option<(FileHash, Published)>, PublishError> {
        if part.is_empty() {
            return Ok(None);
        }
        let bytes = Checkpoint::encode(&self.workspace, part).expect("no more is put into a part than fits");
        let published = Publisher::new(self.files, self.clock, self.root).publish_checkpoint(&bytes, &self.by)?;
        Ok(Some((FileHash::of(&bytes), published)))
    }
}

impl Workspace {
    /// After a complete scan: writes a checkpoint where that is due, and takes away our own that a later one replaces.
    pub fn scanned_for_checkpoints(&mut self, report: &ScanReport) -> Result<(), SessionError> {
        self.give_up_older_checkpoints(report)?;
        let there = report.checkpoints.values().sum();
        if !is_worth_a_checkpoint(report.kept.len(), report.kept_bytes, there) {
            self.exchange.checkpoints.due = None;
            return Ok(());
        }
        let Some((since, delay)) = self.exchange.checkpoints.due else {
            let seconds = u64::from_le_bytes(self.around.random()?) % MOST_DELAY.as_secs();
            self.exchange.checkpoints.due = Some((self.around.moment(), Duration::from_secs(seconds)));
            return Ok(());
        };
        if self.around.since(since) >= delay {
            self.exchange.checkpoints.due = None;
            let files = self.files_for_a_checkpoint(report);
            if let Some(carrier) = &self.exchange.carrier {
                carrier.write_checkpoint(files);
            }
        }
        Ok(())
    }

    /// The segments in the folder that are taken in, low numbers first, so that few have to wait. Those that others cover
    /// are there, too, as long as they are in the folder: who joins needs to read neither.
    fn files_for_a_checkpoint(&self, report: &ScanReport) -> Vec<FileHash> {
        let mut files = Vec::new();
        for hash in &report.kept {
            let stretch = self.exchange.coverage.stretch(hash);
            files.extend(stretch.map(|stretch| (stretch.first, stretch.replica, *hash)));
        }
        files.sort_unstable();
        files.into_iter().map(|(_, _, hash)| hash).collect()
    }

    /// What has become of a checkpoint that the carrier was to write.
    pub fn wrote_checkpoint(&mut self, outcome: &Outcome) -> Result<(), SessionError> {
        let (last, mut older) = (self.hashes(setting::CHECKPOINT)?, self.hashes(setting::OLDER_CHECKPOINTS)?);
        // What somebody else has written with the same content stays his.
        let is_ours = |(hash, published): &&(FileHash, Published)| {
            *published == Published::Written || last.contains(hash) || older.contains(hash)
        };
        let parts: BTreeSet<FileHash> = outcome.parts.iter().filter(is_ours).map(|(hash, _)| *hash).collect();
        if outcome.is_whole {
            older = older.union(&last).filter(|hash| !parts.contains(*hash)).copied().collect();
            self.exchange.checkpoints.seen = None;
            return self.keep_hashes([(setting::CHECKPOINT, &parts), (setting::OLDER_CHECKPOINTS, &older)]);
        }
        // A beginning is of no use; it goes when the next one is there.
        older.extend(parts.difference(&last));
        self.keep_hashes([(setting::CHECKPOINT, &last), (setting::OLDER_CHECKPOINTS, &older)])
    }

    /// Takes away what we have written of checkpoints once our last one has been in the folder for a day.
    fn give_up_older_checkpoints(&mut self, report: &ScanReport) -> Result<(), SessionError> {
        let (last, older) = (self.hashes(setting::CHECKPOINT)?, self.hashes(setting::OLDER_CHECKPOINTS)?);
        let is_there = !last.is_empty() && last.iter().all(|hash| report.checkpoints.contains_key(hash));
        let now = self.around.moment();
        let seen = &mut self.exchange.checkpoints.seen;
        *seen = seen.or(Some(now)).filter(|_| is_there);
        if older.is_empty() || seen.is_none_or(|since| self.around.since(since) < SETTLED) {
            return Ok(());
        }
        let left = older.iter().filter(|hash| report.checkpoints.contains_key(*hash));
        let paths: Vec<RelativePath> = left.map(RelativePath::checkpoint).collect();
        match &self.exchange.carrier {
            Some(carrier) if !paths.is_empty() => carrier.remove(paths),
            _ => self.keep_hashes([(setting::OLDER_CHECKPOINTS, &BTreeSet::new())])?,
        }
        Ok(())
    }

    fn hashes(&self, setting: &str) -> Result<BTreeSet<FileHash>, SessionError> {
        let bytes = self.store.setting(setting)?.unwrap_or_default();
        Ok(bytes.as_chunks().0.iter().map(|hash| FileHash(*hash)).collect())
    }

    fn keep_hashes<const N: usize>(&mut self, sets: [(&str, &BTreeSet<FileHash>); N]) -> Result<(), SessionError> {
        let bytes = |set: &BTreeSet<FileHash>| (!set.is_empty()).then(|| set.iter().flat_map(|hash| hash.0).collect());
        let settings = sets.into_iter().map(|(setting, set)| (setting.into(), bytes(set))).collect();
        self.store.commit(&Batch { settings, ..Batch::default() })?;
        Ok(())
    }

    /// What was written of checkpoints is nothing to be taken away any more: it lies elsewhere, or may be another's.
    pub fn forget_checkpoints(&mut self) -> Result<(), SessionError> {
        let none = BTreeSet::new();
        self.keep_hashes([(setting::CHECKPOINT, &none), (setting::OLDER_CHECKPOINTS, &none)])
    }
}
