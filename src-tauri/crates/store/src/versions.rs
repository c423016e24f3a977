//! Documents as they are and as they once were, from snapshots and the records that came after them.
//!
//! A snapshot holds what its document's records up to a place come to. The newest one is what a document is opened from;
//! *keyframes* stay at about equal distances, so that a version of long ago is never far from one. They are a cache: a
//! document for which none can be used is folded from all its records, and nobody is told.

use std::collections::BTreeSet;

use inkfold_engine::{Document, DocumentId, Patch, Record, RecordId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::batch::{Batch, Snapshot, SnapshotChange, SnapshotMark};
use crate::error::{Result, StoreError};
use crate::storage::Storage;

/// At most so many keyframes of a document are kept. Half of them are left when they are thinned, and then no version is further
/// from one than a sixteenth of the history.
const KEYFRAMES: u64 = 32;
/// They aren't closer together than so many events.
const NEAREST: u64 = 1024;
/// All of them together stand for at most so many events, of which each may be a character that every keyframe shows.
const MOST_EVENTS: u64 = 32 << 20;
/// How a keyframe is compressed: the level that takes the least time, since higher ones save little.
const LEVEL: i32 = 1;
/// No snapshot is larger.
const MOST_BYTES: u64 = 1 << 30;

/// A document that was opened.
#[derive(Debug)]
pub struct OpenedDocument {
    /// The document; its history isn't loaded if a snapshot could stand for it.
    pub document: Document,
    /// How many records came after the snapshot that it was opened from.
    pub since: usize,
}

/// Documents at any of their versions. Every [`Storage`] has them.
///
/// # Errors
/// All fail as the storage does, but for snapshots that can't be read.
pub trait Versions: Storage {
    /// The document as everything sealed here makes it; none if there is no record of it.
    fn open_document(&self, id: &DocumentId) -> Result<Option<OpenedDocument>> {
        let whole = whole(self, id, |_| Vec::new())?;
        Ok(whole.map(|Whole { document, later, .. }| OpenedDocument { document, since: later.len() }))
    }

    /// The document as somebody had it who knew these records and all that they build on, and no others; none if they aren't
    /// all here, or can't be folded.
    fn document_at(&self, id: &DocumentId, version: &[RecordId]) -> Result<Option<Document>> {
        let mut end = 1;
        for record in version {
            match self.link(record)?.filter(|link| link.document == *id) {
                Some(link) => end = end.max(link.place + 1),
                None => return Ok(None),
            }
        }
        let version: BTreeSet<RecordId> = version.iter().copied().collect();
        let is_folded = |document: &Document| {
            let beside = document.waiting().chain(document.unfolded().map(|(record, _)| record));
            !beside.map(Record::id).any(|record| version.contains(&record))
        };
        let mut search = Search::new(self, id, end);
        while let Some(mark) = search.back()? {
            let wanted = ancestors(search.later.iter().map(|(_, record)| record), &version);
            let fits = match wanted.as_slice() {
                [] => version.iter().eq(&mark.version),
                wanted => follow_all(wanted, &mark.version),
            };
            let opened = if fits { search.open(&mark)? } else { None };
            let Some((mut document, beside)) = opened else { continue };
            if beside.is_empty() {
                document.absorb(wanted.into_iter().cloned());
            } else {
                let all = beside.iter().chain(search.later.iter().map(|(_, record)| record));
                document.absorb(ancestors(all, &version).into_iter().cloned());
            }
            if !document.needs_history() && is_folded(&document) {
                return Ok(Some(document));
            }
        }
        let fold = |records: &mut dyn Iterator<Item = &Record>| {
            let records: Vec<&Record> = records.collect();
            let mut document = Document::new(self.workspace(), *id);
            document.absorb(ancestors(records.iter().copied(), &version).into_iter().cloned());
            document
        };
        let mut document = fold(&mut search.later.iter().map(|(_, record)| record));
        if document.missing().next().is_some() {
            // Some came in before those that they build on.
            document = fold(&mut self.records(id)?.iter());
        }
        Ok(Some(document).filter(is_folded))
    }

    /// Loads the history of a document that was opened from a snapshot. Gives what changes on its page because
    /// records had waited for this.
    ///
    /// # Panics
    /// A record of the document is open.
    fn load_history(&self, document: &mut Document) -> Result<Patch> {
        assert!(!document.is_open(), "an open record is sealed before history is loaded");
        let id = document.id();
        let loaded = document.load_history(self.records(&id)?);
        loaded.map_err(|error| StoreError::damaged(format!("the history of document {id}"), error))
    }

    /// Takes a snapshot of a document as it is now, and keyframes where the last one is far behind. Those that aren't needed
    /// any more go.
    fn keep_snapshots(&mut self, id: &DocumentId) -> Result<()> {
        let marks = passing_over_loss(self.snapshots(id))?.unwrap_or_default();
        let last = marks.iter().rfind(|mark| mark.is_lasting).map_or((0, 0), |mark| (mark.place, mark.events));
        let whole = whole(self, id, |start| {
            let distance = distance(start.events.last().copied().unwrap_or(0));
            let mut stretch = last.1 / distance;
            let mut wanted = Vec::new();
            let cuts = cuts(&start.version, &start.later);
            for (at, (place, _)) in (1..).zip(&start.later) {
                if cuts[at] && *place > last.0 && start.events[at] / distance > stretch {
                    wanted.push(at);
                    stretch = start.events[at] / distance;
                }
            }
            wanted
        })?;
        let Some(Whole { document, later, base, events, mut taken }) = whole else { return Ok(()) };
        let place = later.last().map_or(base, |(place, _)| *place);
        // One keyframe for each stretch of this length stays, the first.
        let distance = distance(events);
        let mut kept: Vec<u64> = Vec::new();
        let mut stretch = 0;
        for mark in marks.iter().filter(|mark| mark.is_lasting) {
            if mark.events / distance > stretch {
                kept.push(mark.place);
                stretch = mark.events / distance;
            }
        }
        if base == place {
            kept.push(place);
        } else if !taken.iter().any(|snapshot| snapshot.mark.place == place) {
            taken.push(snapshot_of(&document, place, events, false));
        }
        let has_changed = !taken.is_empty() || marks.iter().any(|mark| !kept.contains(&mark.place));
        if has_changed {
            let change = SnapshotChange { document: *id, kept, added: taken };
            self.commit(&Batch { snapshots: vec![change], ..Batch::default() })?;
        }
        Ok(())
    }
}

impl<S: Storage + ?Sized> Versions for S {}

/// So far apart are the keyframes of a document with so many events: twice as far whenever they become too many.
fn distance(events: u64) -> u64 {
    let mut distance = NEAREST;
    while events / distance > KEYFRAMES || (events / distance).saturating_mul(events) > MOST_EVENTS {
        distance *= 2;
    }
    distance
}

/// A document with everything sealed.
struct Whole {
    document: Document,
    /// The records that came after the snapshot that it was opened from, and that snapshot's place.
    later: Vec<(u64, Record)>,
    base: u64,
    /// How many events all records have.
    events: u64,
    /// Keyframes that were taken on the way.
    taken: Vec<Snapshot>,
}

/// Where the folding of a document may begin, and what comes then.
struct Start {
    later: Vec<(u64, Record)>,
    /// How many events there are when so many of the later records are folded.
    events: Vec<u64>,
    /// The version before them.
    version: Vec<RecordId>,
}

/// Folds everything from the newest snapshot that it can be folded from, and takes keyframes where `wanted` says, after so many
/// of the later records.
fn whole<S: Storage + ?Sized>(
    store: &S,
    id: &DocumentId,
    wanted: impl Fn(&Start) -> Vec<usize>,
) -> Result<Option<Whole>> {
    let mut search = Search::new(store, id, u64::MAX);
    loop {
        let mark = search.back()?;
        let records: Vec<&Record> = search.later.iter().map(|(_, record)| record).collect();
        let (mut document, beside) = match &mark {
            Some(mark) if !follow_all(&records, &mark.version) => continue,
            Some(mark) => match search.open(mark)? {
                Some(opened) => opened,
                None => continue,
            },
            None if search.later.is_empty() => return Ok(None),
            None => (Document::new(store.workspace(), *id), Vec::new()),
        };
        document.absorb(beside);
        let (base, mut count, version) =
            mark.map_or((0, 0, Vec::new()), |mark| (mark.place, mark.events, mark.version));
        let mut events = vec![count];
        events.extend(records.iter().map(|record| {
            count += record.event_count();
            count
        }));
        let start = Start { later: std::mem::take(&mut search.later), events, version };
        let mut taken = Vec::new();
        let mut done = 0;
        for at in wanted(&start) {
            document.absorb(records_in(&start.later[done..at]));
            done = at;
            taken.push(snapshot_of(&document, start.later[at - 1].0, start.events[at], true));
        }
        document.absorb(records_in(&start.later[done..]));
        search.later = start.later;
        if !document.needs_history() {
            return Ok(Some(Whole { document, later: search.later, base, events: count, taken }));
        }
    }
}

fn records_in(later: &[(u64, Record)]) -> impl Iterator<Item = Record> + '_ {
    later.iter().map(|(_, record)| record.clone())
}

/// Goes back through a document's snapshots.
struct Search<'a, S: ?Sized> {
    store: &'a S,
    id: DocumentId,
    /// The records after the one that is tried, in the order in which they came in, and the place of the first that may be
    /// among them.
    later: Vec<(u64, Record)>,
    first: u64,
    /// Snapshots before this place weren't tried yet.
    untried: u64,
}

impl<'a, S: Storage + ?Sized> Search<'a, S> {
    /// Of records with places before `end`.
    fn new(store: &'a S, id: &DocumentId, end: u64) -> Self {
        Search { store, id: *id, later: Vec::new(), first: end, untried: end }
    }

    /// The newest snapshot that wasn't tried; none for the beginning.
    fn back(&mut self) -> Result<Option<SnapshotMark>> {
        let mark = passing_over_loss(self.store.snapshot_before(&self.id, self.untried))?.flatten();
        self.untried = mark.as_ref().map_or(0, |mark| mark.place);
        let first = mark.as_ref().map_or(0, |mark| mark.place + 1);
        let mut earlier = self.store.records_at_places(&self.id, first..self.first)?;
        earlier.append(&mut self.later);
        (self.later, self.first) = (earlier, first);
        Ok(mark)
    }

    /// The document of a snapshot and the records that it had beside it; none where the bytes aren't what they should be.
    fn open(&self, mark: &SnapshotMark) -> Result<Option<(Document, Vec<Record>)>> {
        let bytes = passing_over_loss(self.store.snapshot(&self.id, mark.place))?.flatten();
        let bytes = bytes.and_then(|bytes| if mark.is_lasting { unpacked(&bytes) } else { Some(bytes) });
        let opened = bytes.and_then(|bytes| Document::open(&bytes).ok());
        let is_it = |document: &Document| document.id() == self.id && document.version() == mark.version;
        let Some(opened) = opened.filter(|opened| is_it(&opened.document)) else { return Ok(None) };
        let mut beside = Vec::new();
        for record in opened.beside {
            beside.extend(self.store.record(&record)?);
        }
        Ok(Some((opened.document, beside)))
    }
}

/// What can be read of a cache.
fn passing_over_loss<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_loss() => Ok(None),
        Err(error) => Err(error),
    }
}

fn snapshot_of(document: &Document, place: u64, events: u64, is_lasting: bool) -> Snapshot {
    let bytes = document.snapshot();
    let bytes = if is_lasting { packed(&bytes) } else { bytes };
    Snapshot { mark: SnapshotMark { place, events, version: document.version(), is_lasting }, bytes }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, LEVEL).expect("the level is one that there is, and the buffer grows")
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let len = zstd::zstd_safe::get_frame_content_size(bytes).ok()??;
    let len = usize::try_from(len).ok().filter(|_| len <= MOST_BYTES)?;
    zstd::bulk::decompress(bytes, len).ok()
}

/// Whether each of these records builds on another one of them or on all of these heads.
fn follow_all(records: &[&Record], heads: &[RecordId]) -> bool {
    let here: FxHashSet<RecordId> = records.iter().map(|record| record.id()).collect();
    records.iter().all(|record| {
        record.all_parents().any(|parent| here.contains(&parent))
            || heads.iter().all(|head| record.all_parents().any(|parent| parent == *head))
    })
}

/// For each count of first records whether it is a place to cut: all that these records build on is among them, and every later
/// record follows all that they leave as heads. `heads` are those that are there before the first.
fn cuts(heads: &[RecordId], records: &[(u64, Record)]) -> Vec<bool> {
    let records: Vec<&Record> = records.iter().map(|(_, record)| record).collect();
    let index: FxHashMap<RecordId, usize> = (0..).zip(&records).map(|(at, record)| (record.id(), at)).collect();
    // Before and after: at which counts stretches without a cut begin and end.
    let mut changes = vec![0i32; records.len() + 2];
    let mut spoil = |from: usize, to: usize| {
        if from < to {
            changes[from] += 1;
            changes[to] -= 1;
        }
    };
    // Records by how many there must be before the last of their parents is there.
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); records.len() + 1];
    for (at, record) in (0..).zip(&records) {
        let last = record.all_parents().filter_map(|parent| index.get(&parent)).max();
        let needed = last.map_or(0, |last| last + 1);
        if needed > at {
            // It came before a record that it builds on.
            spoil(at + 1, needed);
        } else {
            spoil(needed + 1, at + 1);
        }
        after[needed].push(at);
    }
    let mut heads: BTreeSet<RecordId> = heads.iter().copied().collect();
    let mut spoilt = 0;
    (0..=records.len())
        .map(|count| {
            if let Some(record) = count.checked_sub(1).map(|last| records[last]) {
                record.all_parents().for_each(|parent| {
                    heads.remove(&parent);
                });
                heads.insert(record.id());
            }
            spoilt += changes[count];
            let follows_all = |&at: &usize| {
                let parents = records[at].all_parents().filter(|parent| heads.contains(parent)).count();
                at < count || parents == heads.len()
            };
            spoilt == 0 && after[count].iter().all(follows_all)
        })
        .collect()
}

/// Those of these records that are named or are ancestors of named ones, in the same order.
fn ancestors<'r>(records: impl Iterator<Item = &'r Record> + Clone, version: &BTreeSet<RecordId>) -> Vec<&'r Record> {
    let by_id: FxHashMap<RecordId, &Record> = records.clone().map(|record| (record.id(), record)).collect();
    let mut found: FxHashSet<RecordId> = FxHashSet::default();
    let mut look: Vec<RecordId> = version.iter().copied().collect();
    while let Some(id) = look.pop() {
        if let Some(record) = by_id.get(&id)
            && found.insert(id)
        {
            look.extend(record.all_parents());
        }
    }
    records.filter(|record| found.contains(&record.id())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_are_as_close_as_there_may_be_of_them() {
        let table =
            [(0, 1024), (32 << 10, 1024), (33 << 10, 2048), (64 << 10, 2048), (260_000, 8_192), (1 << 25, 1 << 25)];
        for (events, expected) in table {
            assert_eq!(distance(events), expected, "{events}");
            assert!(events / distance(events) <= KEYFRAMES);
        }
    }
}
