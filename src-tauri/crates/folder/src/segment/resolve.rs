//! From sound segments to records: parents are looked up, ids recomputed, and each chain must end in the signed record.
//!
//! Two people who write to each other refer to each other's records, so that their merged files need each other. Such
//! files can only be resolved together: record by record, each as soon as what it builds on is computed. Until a chain
//! ends in its signed record, what was computed is a guess that no one uses.

use std::collections::{HashMap, HashSet};

use inkfold_engine::{DocumentId, Record, RecordId, ReplicaId};

use super::{Segment, Tip};
use crate::branches::{Branches, LookupFailed, Place};
use crate::refusal::Refusal;

/// How often files are tried anew where a replica's branches leave a choice.
const MAX_TRIES: usize = 64;
/// How many branches of one replica are told apart then.
const MAX_BRANCHES: usize = 4;

/// Why a segment's records can't be used, or not yet.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// A record that the file builds on isn't here yet. Keep the file, by its hash, until it comes.
    #[error("waiting for record {0}, which another file brings")]
    Pending(RecordId),
    /// The file can't be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing is said about the file; ask again later.
    #[error(transparent)]
    Lookup(#[from] LookupFailed),
}

impl Unresolved {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pending(_) => "file/pending",
            Self::Refused(refusal) => refusal.code(),
            Self::Lookup(_) => "store/lookup",
        }
    }
}

impl Segment {
    /// All records of the file, in order, verified. Some or all of them may be held already.
    ///
    /// A file that is pending may need another pending one that needs it: see [`resolve_together`].
    ///
    /// # Errors
    /// Something they build on isn't here yet, or the file is not what it says.
    pub fn resolve(&self, branches: &dyn Branches) -> Result<Vec<Record>, Unresolved> {
        let mut together = resolve_together(&[self], branches)?;
        match together.outcomes.pop() {
            Some(Err(error)) => Err(error),
            _ => Ok(together.records),
        }
    }
}

/// What came of files that were resolved together.
#[derive(Debug)]
pub struct Together {
    /// The records of all files that resolved, each after everything it builds on, none twice.
    pub records: Vec<Record>,
    /// For each file, in the order in which they were given.
    pub outcomes: Vec<Result<(), Unresolved>>,
}

/// Resolves files that may build on each other.
///
/// # Errors
/// The store could not answer; nothing is said about any file.
pub fn resolve_together(segments: &[&Segment], branches: &dyn Branches) -> Result<Together, LookupFailed> {
    let no_choice = HashMap::new();
    let mut first = Attempt::new(segments, branches, &no_choice);
    first.run()?;
    let (wrong, tips) = first.wrong();
    if tips.is_empty() {
        return first.finish();
    }
    let mut choices: HashMap<RecordId, usize> = HashMap::new();
    for _ in 1..MAX_TRIES {
        // Count up like an odometer: the first tip with a choice left turns, those before it start over.
        let turned = tips.iter().any(|tip| {
            let choice = choices.entry(*tip).or_default();
            *choice = (*choice + 1) % MAX_BRANCHES;
            *choice != 0
        });
        let mut attempt = Attempt::new(segments, branches, &choices);
        attempt.run()?;
        if wrong.iter().all(|file| attempt.is_complete(*file)) {
            return attempt.finish();
        }
        if !turned {
            break;
        }
    }
    first.finish()
}

/// Where a document's next record has to go on: the author's last one there and the seq after it.
type Line = (Option<RecordId>, u64);

/// A record as a parent.
type Parent = (RecordId, DocumentId);

/// How far a file has come.
#[derive(Default)]
struct Progress {
    records: Vec<Record>,
    lines: HashMap<DocumentId, Line>,
    started: bool,
    refusal: Option<Refusal>,
    waits_for: Option<RecordId>,
    /// Tips for which there was a choice of branches.
    chosen: Vec<RecordId>,
}

struct Attempt<'a> {
    segments: &'a [&'a Segment],
    branches: &'a dyn Branches,
    choices: &'a HashMap<RecordId, usize>,
    progress: Vec<Progress>,
    of_author: HashMap<ReplicaId, Vec<usize>>,
    places: HashMap<RecordId, Option<Place>>,
    parents: HashMap<(RecordId, u64), Parent>,
    /// Computed records by their place, each with its file.
    computed: HashMap<(ReplicaId, u64), Vec<(Parent, usize)>>,
    /// Records in the order in which they were computed, as (file, index).
    order: Vec<(usize, usize)>,
}

impl<'a> Attempt<'a> {
    fn new(segments: &'a [&'a Segment], branches: &'a dyn Branches, choices: &'a HashMap<RecordId, usize>) -> Self {
        let mut of_author: HashMap<ReplicaId, Vec<usize>> = HashMap::new();
        for (file, segment) in segments.iter().enumerate() {
            of_author.entry(segment.header.author).or_default().push(file);
        }
        Self {
            segments,
            branches,
            choices,
            progress: segments.iter().map(|_| Progress::default()).collect(),
            of_author,
            places: HashMap::new(),
            parents: HashMap::new(),
            computed: HashMap::new(),
            order: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), LookupFailed> {
        loop {
            let before = self.order.len();
            for file in 0..self.segments.len() {
                while self.advance(file)? {}
            }
            if self.order.len() == before {
                return Ok(());
            }
        }
    }

    /// Computes a file's next record; false where that can't be done now.
    fn advance(&mut self, file: usize) -> Result<bool, LookupFailed> {
        let segment = self.segments[file];
        let index = self.progress[file].records.len();
        let Some(parts) = segment.records.get(index) else { return Ok(false) };
        if self.progress[file].refusal.is_some() || !self.start(file)? {
            return Ok(false);
        }
        let (document, number) = (parts.content.document, parts.content.number);
        let line = match self.progress[file].lines.get(&document) {
            Some(line) => *line,
            None => self.line_before(file, &document)?,
        };
        if parts.content.first_seq != line.1 {
            return Ok(self.refuse(file, Refusal::WrongSeq { number }));
        }
        let mut ids = Vec::with_capacity(parts.parents.len());
        for parent in &parts.parents {
            let tip = segment.header.tips[parent.tip as usize];
            let Some((id, parent_document)) = self.parent(file, &tip, parent.number)? else {
                self.progress[file].waits_for = Some(tip.id);
                return Ok(false);
            };
            if parent_document != document {
                return Ok(self.refuse(file, Refusal::WrongPlace(id)));
            }
            ids.push(id);
        }
        if !ids.is_sorted_by(|a, b| a < b) {
            return Ok(self.refuse(file, Refusal::Malformed("parents out of order")));
        }
        let previous = self.progress[file].records.last().map_or(segment.header.before, Record::id);
        let record = Record::seal(parts.content.clone(), previous, line.0, ids);
        let is_last = index + 1 == segment.records.len();
        if is_last && record.id() != segment.last_id {
            return Ok(self.refuse(file, Refusal::WrongChain));
        }
        let progress = &mut self.progress[file];
        progress.waits_for = None;
        progress.lines.insert(document, (Some(record.id()), record.end_seq()));
        let same_place = self.computed.entry((record.replica(), number)).or_default();
        same_place.push(((record.id(), document), file));
        progress.records.push(record);
        self.order.push((file, index));
        Ok(true)
    }

    fn refuse(&mut self, file: usize, refusal: Refusal) -> bool {
        self.progress[file].refusal = Some(refusal);
        false
    }

    /// Whether the record before the file's first is here, and the tips that are here are what the file says.
    fn start(&mut self, file: usize) -> Result<bool, LookupFailed> {
        if self.progress[file].started {
            return Ok(true);
        }
        let header = &self.segments[file].header;
        for tip in &header.tips {
            if let Some(place) = self.place(&tip.id)?
                && (place.replica, place.number) != (tip.replica, tip.number)
            {
                return Ok(self.refuse(file, Refusal::WrongPlace(tip.id)));
            }
        }
        if header.before != RecordId::NONE {
            match self.place(&header.before)? {
                Some(place) if (place.replica, place.number) != (header.author, header.first - 1) => {
                    return Ok(self.refuse(file, Refusal::WrongPlace(header.before)));
                }
                Some(_) => {}
                None if self.locate(&header.author, header.first - 1, &header.before).is_some() => {}
                None => {
                    self.progress[file].waits_for = Some(header.before);
                    return Ok(false);
                }
            }
        }
        self.progress[file].started = true;
        Ok(true)
    }

    fn place(&mut self, record: &RecordId) -> Result<Option<Place>, LookupFailed> {
        if let Some(place) = self.places.get(record) {
            return Ok(*place);
        }
        let place = self.branches.place(record)?;
        self.places.insert(*record, place);
        Ok(place)
    }

    /// A computed record of these files, by its id.
    fn locate(&self, author: &ReplicaId, number: u64, id: &RecordId) -> Option<(usize, usize)> {
        self.of_author.get(author)?.iter().find_map(|&file| {
            let index = usize::try_from(number.checked_sub(self.segments[file].header.first)?).ok()?;
            let record = self.progress[file].records.get(index)?;
            (record.id() == *id).then_some((file, index))
        })
    }

    /// The author's line in a document before the file's first record.
    fn line_before(&mut self, mut file: usize, document: &DocumentId) -> Result<Line, LookupFailed> {
        loop {
            let header = &self.segments[file].header;
            if header.before == RecordId::NONE {
                return Ok((None, 0));
            }
            if self.place(&header.before)?.is_some() {
                let found = self.branches.previous_here(&header.before, document)?;
                return Ok(found.map_or((None, 0), |(id, end)| (Some(id), end)));
            }
            // The file has started, so the record before it is computed.
            let Some((before, index)) = self.locate(&header.author, header.first - 1, &header.before) else {
                return Ok((None, 0));
            };
            let records = &self.progress[before].records[..=index];
            if let Some(record) = records.iter().rev().find(|record| record.document() == *document) {
                return Ok((Some(record.id()), record.end_seq()));
            }
            file = before;
        }
    }

    /// The record with this number on the branch that ends in a tip; `None` where it can't be told yet.
    fn parent(&mut self, file: usize, tip: &Tip, number: u64) -> Result<Option<Parent>, LookupFailed> {
        if let Some(found) = self.parents.get(&(tip.id, number)) {
            return Ok(Some(*found));
        }
        if self.place(&tip.id)?.is_some() {
            let found = self.held(&tip.id, number)?;
            self.parents.insert((tip.id, number), found);
            return Ok(Some(found));
        }
        // The tip isn't computed yet. Any record with that number by that author may be meant, and without a fork there
        // is but one; the signed end tells if it was the right one.
        let mut guesses: Vec<Parent> = Vec::new();
        for (found, of) in self.computed.get(&(tip.replica, number)).into_iter().flatten() {
            if !guesses.contains(found) && !self.contradicts(*of, tip) {
                guesses.push(*found);
            }
        }
        for i in 0..self.of_author.get(&tip.replica).map_or(0, Vec::len) {
            let header = &self.segments[self.of_author[&tip.replica][i]].header;
            if number < header.first && self.place(&header.before)?.is_some() {
                let found = match self.parents.get(&(header.before, number)) {
                    Some(found) => *found,
                    None => self.held(&header.before, number)?,
                };
                self.parents.insert((header.before, number), found);
                if !guesses.contains(&found) {
                    guesses.push(found);
                }
            }
        }
        let choice = self.choices.get(&tip.id).copied().unwrap_or(0);
        let had_choice = self.of_author.get(&tip.replica).is_some_and(|files| files.len() > 1);
        if had_choice && !self.progress[file].chosen.contains(&tip.id) {
            self.progress[file].chosen.push(tip.id);
        }
        Ok(guesses.get(choice).copied())
    }

    fn held(&self, tip: &RecordId, number: u64) -> Result<Parent, LookupFailed> {
        // The tip is held and with it its whole branch: a gap is the store's fault, not the file's.
        let gap = || LookupFailed(format!("record {number} before {tip} is not there").into());
        let id = self.branches.record_at(tip, number)?.ok_or_else(gap)?;
        Ok((id, self.branches.place(&id)?.ok_or_else(gap)?.document))
    }

    /// Whether a file has another record in a tip's place.
    fn contradicts(&self, file: usize, tip: &Tip) -> bool {
        let header = &self.segments[file].header;
        if tip.number == header.last {
            return self.segments[file].last_id != tip.id;
        }
        let index = tip.number.checked_sub(header.first).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.progress[file].records.get(index)).is_some_and(|record| record.id() != tip.id)
    }

    fn is_complete(&self, file: usize) -> bool {
        self.progress[file].refusal.is_none() && self.progress[file].records.len() == self.segments[file].records.len()
    }

    /// The files that came out wrong although another choice of branches was possible, and the tips with a choice.
    fn wrong(&self) -> (Vec<usize>, Vec<RecordId>) {
        let (mut files, mut tips) = (Vec::new(), Vec::new());
        for (file, progress) in self.progress.iter().enumerate() {
            if progress.refusal.is_some() && !progress.chosen.is_empty() {
                files.push(file);
                tips.extend(&progress.chosen);
            }
        }
        (files, tips)
    }

    fn finish(mut self) -> Result<Together, LookupFailed> {
        let mut missing: Vec<Option<RecordId>> = vec![None; self.segments.len()];
        let mut good: HashSet<usize> = (0..self.segments.len()).filter(|file| self.is_complete(*file)).collect();
        // A file counts once all it names is held or in files that count.
        loop {
            let ids: HashSet<RecordId> =
                good.iter().flat_map(|file| self.progress[*file].records.iter().map(Record::id)).collect();
            let mut dropped = Vec::new();
            for &file in &good {
                let header = &self.segments[file].header;
                let before = Some(header.before).filter(|id| *id != RecordId::NONE);
                for id in header.tips.iter().map(|tip| tip.id).chain(before) {
                    if !ids.contains(&id) && self.place(&id)?.is_none() {
                        missing[file] = Some(id);
                        dropped.push(file);
                        break;
                    }
                }
            }
            if dropped.is_empty() {
                break;
            }
            dropped.iter().for_each(|file| {
                good.remove(file);
            });
        }
        let mut outcomes = Vec::with_capacity(self.segments.len());
        for (file, missing) in missing.into_iter().enumerate() {
            outcomes.push(if good.contains(&file) { Ok(()) } else { Err(self.why_not(file, missing)?) });
        }
        let mut seen = HashSet::new();
        let records = self
            .order
            .iter()
            .filter(|(file, _)| good.contains(file))
            .map(|(file, index)| self.progress[*file].records[*index].clone())
            .filter(|record| seen.insert(record.id()))
            .collect();
        Ok(Together { records, outcomes })
    }

    fn why_not(&mut self, file: usize, missing: Option<RecordId>) -> Result<Unresolved, LookupFailed> {
        let header = &self.segments[file].header;
        if let Some(refusal) = self.progress[file].refusal.clone() {
            // Only what was computed from records that are held can be held against the file. Once its tips are, it is
            // looked at again.
            for tip in &header.tips {
                if self.place(&tip.id)?.is_none() {
                    return Ok(Unresolved::Pending(tip.id));
                }
            }
            return Ok(Unresolved::Refused(refusal));
        }
        let waits_for = missing.or(self.progress[file].waits_for).unwrap_or(header.before);
        Ok(Unresolved::Pending(waits_for))
    }
}
