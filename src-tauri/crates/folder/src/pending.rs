//! Segments that wait for records of other files.

use std::collections::HashMap;

use inkfold_engine::{Record, RecordId};

use crate::branches::{Branches, LookupFailed};
use crate::memory::Verdict;
use crate::segment::{FileHash, Segment, Unresolved, resolve_together};

/// How many bytes may wait in memory, by what files take there. What doesn't fit is read again at the next scan.
pub const MAX_WAITING_BYTES: usize = 256 << 20;

/// Segments that wait, each for one record, kept by their hash and never by what they claim to be.
#[derive(Debug, Default)]
pub struct Pending {
    files: HashMap<FileHash, (Segment, RecordId)>,
    waiting: HashMap<RecordId, Vec<FileHash>>,
    bytes: usize,
    untried: bool,
}

/// What came of all that waited.
#[derive(Debug, Default)]
pub struct Settlement {
    /// Records to be held, each after everything it builds on.
    pub records: Vec<Record>,
    /// The files that they come from; they no longer wait. Their verdict is [`Verdict::Taken`], once the records are
    /// held.
    pub taken: Vec<Segment>,
    /// Files that no longer wait because they can't be used.
    pub refused: Vec<(FileHash, Verdict)>,
}

impl Pending {
    /// Keeps a segment until `record` comes. False where there is no room: call the file [`Verdict::Later`] then.
    pub fn put(&mut self, segment: Segment, record: RecordId) -> bool {
        let hash = segment.hash();
        if self.files.contains_key(&hash) {
            return true;
        }
        if self.bytes + segment.weight() > MAX_WAITING_BYTES {
            return false;
        }
        self.bytes += segment.weight();
        self.waiting.entry(record).or_default().push(hash);
        self.files.insert(hash, (segment, record));
        self.untried = true;
        true
    }

    /// Gives back the segments that waited for one of these records, to be resolved again.
    pub fn release<'a>(&mut self, came: impl IntoIterator<Item = &'a RecordId>) -> Vec<Segment> {
        let hashes: Vec<FileHash> =
            came.into_iter().filter_map(|record| self.waiting.get(record)).flatten().copied().collect();
        hashes.iter().filter_map(|hash| self.remove(hash)).collect()
    }

    /// Resolves all that wait together: files that need each other get through only so. To be called after a scan, and
    /// cheap where nothing came since the last time.
    ///
    /// # Errors
    /// The store could not answer; everything waits on.
    pub fn settle(&mut self, branches: &dyn Branches) -> Result<Settlement, LookupFailed> {
        let mut settlement = Settlement::default();
        if !self.untried {
            return Ok(settlement);
        }
        let mut hashes: Vec<FileHash> = self.files.keys().copied().collect();
        hashes.sort_unstable();
        let segments: Vec<&Segment> = hashes.iter().map(|hash| &self.files[hash].0).collect();
        let together = resolve_together(&segments, branches)?;
        settlement.records = together.records;
        self.untried = false;
        for (hash, outcome) in hashes.iter().zip(together.outcomes) {
            match outcome {
                Ok(()) => settlement.taken.extend(self.remove(hash)),
                Err(Unresolved::Refused(refusal)) => {
                    self.remove(hash);
                    settlement.refused.push((*hash, Verdict::Refused(refusal)));
                }
                Err(Unresolved::Pending(record)) => {
                    if let Some(segment) = self.remove(hash) {
                        self.put(segment, record);
                    }
                }
                Err(Unresolved::Lookup(error)) => return Err(error),
            }
        }
        self.untried = false;
        Ok(settlement)
    }

    /// Whether something has come since all was tried together.
    pub fn is_untried(&self) -> bool {
        self.untried
    }

    /// Whether a file waits.
    pub fn contains(&self, file: &FileHash) -> bool {
        self.files.contains_key(file)
    }

    /// The files that wait, each with the record that it waits for.
    pub fn iter(&self) -> impl Iterator<Item = (&Segment, &RecordId)> {
        self.files.values().map(|(segment, record)| (segment, record))
    }

    /// How many files wait.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn remove(&mut self, hash: &FileHash) -> Option<Segment> {
        let (segment, record) = self.files.remove(hash)?;
        self.bytes -= segment.weight();
        if let Some(waiting) = self.waiting.get_mut(&record) {
            waiting.retain(|other| other != hash);
            if waiting.is_empty() {
                self.waiting.remove(&record);
            }
        }
        Some(segment)
    }
}
