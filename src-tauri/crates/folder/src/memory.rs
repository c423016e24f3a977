//! What the last scans saw, so that an unchanged file costs one look at its facts and no reading.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::fs::Facts;
use crate::kind::FileKind;
use crate::refusal::Refusal;
use crate::segment::FileHash;

/// What became of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its records are held, durably. It isn't read again until it changes.
    Taken,
    /// It waits for others, and whoever scans keeps it in memory: not read again in this run.
    Waiting,
    /// It could not be taken in now: read again at the next scan.
    Later,
    /// It can't be used.
    Refused(Refusal),
}

/// What a file was when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing of ours.
    Foreign,
    /// A file of ours that isn't read whole.
    Unread(Refusal),
    /// A file of ours of this kind, with this content.
    Content(FileKind, FileHash),
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub facts: Facts,
    /// It was read so soon after it changed that another change might not show in its facts.
    pub fresh: bool,
    pub seen: Seen,
}

/// What a scan may rely on at the next one; see [`Memory::settled`] for keeping it over a restart. Losing it costs
/// time, nothing else.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) rows: HashMap<PathBuf, Row>,
    pub(crate) verdicts: HashMap<FileHash, Verdict>,
    /// Paths whose rows have changed since they were asked for.
    changed: HashSet<PathBuf>,
}

/// A file that needs no reading until it changes, in the form in which it is kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The path below the root.
    pub path: PathBuf,
    /// The file's facts.
    pub facts: Facts,
    /// Its kind and hash, `None` where it is nothing of ours.
    pub content: Option<(FileKind, FileHash)>,
}

impl Memory {
    /// Everything worth keeping over a restart. What waits or was refused is read again then.
    ///
    /// Keep it only after the records of the files it calls taken are durable.
    pub fn settled(&self) -> impl Iterator<Item = Settled> + '_ {
        self.rows.iter().filter_map(|(path, row)| self.settled_row(path, row))
    }

    /// Takes back what [`Self::settled`] gave.
    pub fn restore(settled: impl IntoIterator<Item = Settled>) -> Self {
        let mut memory = Self::default();
        for Settled { path, facts, content } in settled {
            let seen = content.map_or(Seen::Foreign, |(kind, hash)| Seen::Content(kind, hash));
            memory.rows.insert(path, Row { facts, fresh: false, seen });
            memory.verdicts.extend(content.map(|(_, hash)| (hash, Verdict::Taken)));
        }
        memory
    }

    /// What has changed of [`Self::settled`] since this was asked last, by path: none where a file isn't settled, or is gone.
    pub fn changes(&mut self) -> Vec<(PathBuf, Option<Settled>)> {
        let mut changes = Vec::new();
        for path in std::mem::take(&mut self.changed) {
            let row = self.rows.get(&path);
            let settled = row.and_then(|row| self.settled_row(&path, row));
            // What waits may be settled without being seen again.
            if settled.is_none() && row.is_some_and(|row| self.is_waiting(row)) {
                self.changed.insert(path.clone());
            }
            changes.push((path, settled));
        }
        changes
    }

    fn is_waiting(&self, row: &Row) -> bool {
        matches!(&row.seen, Seen::Content(_, hash) if self.verdicts.get(hash) == Some(&Verdict::Waiting))
    }

    fn settled_row(&self, path: &Path, row: &Row) -> Option<Settled> {
        let content = match &row.seen {
            _ if row.fresh => return None,
            Seen::Foreign => None,
            Seen::Content(kind, hash) if self.verdicts.get(hash) == Some(&Verdict::Taken) => Some((*kind, *hash)),
            _ => return None,
        };
        Some(Settled { path: path.to_owned(), facts: row.facts, content })
    }

    /// Notes what a file is.
    pub(crate) fn note(&mut self, path: PathBuf, row: Row) {
        let is_ours = |row: &Row| matches!(row.seen, Seen::Content(..));
        // Others' files come by the hundred thousand, and nothing has to be known of them over a restart.
        if is_ours(&row) || self.rows.get(&path).is_some_and(is_ours) {
            self.changed.insert(path.clone());
        }
        self.rows.insert(path, row);
    }

    /// Says what became of a file that a scan handed over and that waited since.
    pub fn settle(&mut self, file: &FileHash, verdict: Verdict) {
        self.verdicts.insert(*file, verdict);
    }

    /// What became of a file.
    pub fn verdict(&self, file: &FileHash) -> Option<&Verdict> {
        self.verdicts.get(file)
    }

    /// How many files are remembered.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of a file, if its facts are as they were and can be relied on.
    pub(crate) fn unchanged(&self, path: &Path, facts: &Facts) -> Option<&Row> {
        self.rows.get(path).filter(|row| row.facts == *facts && !row.fresh)
    }

    /// What the file is, where it is as it was and isn't read again: none of ours, or content that is taken or waits.
    pub(crate) fn known(&self, path: &Path, facts: &Facts) -> Option<Option<(FileKind, FileHash)>> {
        match &self.unchanged(path, facts)?.seen {
            Seen::Foreign => Some(None),
            Seen::Unread(_) => None,
            Seen::Content(kind, hash) => matches!(self.verdicts.get(hash), Some(Verdict::Taken | Verdict::Waiting))
                .then_some(Some((*kind, *hash))),
        }
    }

    /// Where segments lie that are taken, below the root; one place for each.
    pub fn places(&self) -> HashMap<FileHash, &Path> {
        let rows = self.rows.iter();
        rows.filter_map(|(path, row)| match row.seen {
            Seen::Content(FileKind::Segment, hash) => Some((hash, path.as_path())),
            _ => None,
        })
        .collect()
    }

    /// Forgets the files that a complete scan no longer saw.
    pub(crate) fn keep(&mut self, seen: &HashSet<PathBuf>) {
        let changed = &mut self.changed;
        self.rows.retain(|path, _| {
            let is_there = seen.contains(path);
            if !is_there {
                changed.insert(path.clone());
            }
            is_there
        });
        let held: HashSet<FileHash> = self
            .rows
            .values()
            .filter_map(|row| if let Seen::Content(_, hash) = row.seen { Some(hash) } else { None })
            .collect();
        // A file that waits may be gone from the folder and still be good.
        self.verdicts.retain(|hash, verdict| *verdict == Verdict::Waiting || held.contains(hash));
    }
}
