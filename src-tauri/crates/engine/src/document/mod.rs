//! A document: a set of records, and the page that they fold into.

mod places;
mod time;
mod typing;

pub(crate) use places::Standing;
pub use places::{ElementId, Place, Side};
pub use time::{Blame, Session};
pub use typing::Typing;

use crate::codec::DecodeError;
use crate::event::{Attributes, Event, Insertion, OBJECT, Target, Value, check_text};
use crate::fold::{Fold, Registers};
use crate::history::{Admission, Entries, EntryIx, History, Id, OPEN, OpenRecord, Runs, Unfolded};
use crate::ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
use crate::page::Page;
use crate::patch::{Patch, between};
use crate::record::{Content, Events, Record};
use crate::snapshot::{self, Snapshot};

/// A version: the records that no other record of it follows, ascending. Together with their ancestors they are all that
/// the version has.
pub type Version = Vec<RecordId>;

/// An edit that can't be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Records of this document need a newer version of the app.
    #[error("this document holds changes that only a newer version of Inkfold can show; update Inkfold to write here")]
    Locked,
    /// The version names a record that this document doesn't have.
    #[error("the edit was made at a version that this document doesn't have")]
    UnknownVersion,
    /// A record is open, or none is.
    #[error("a record must be sealed before the next is begun, and begun before it is sealed")]
    Order,
    /// The sealed record isn't the open one.
    #[error("the sealed record doesn't hold what was written")]
    Mismatch,
    /// The event reaches back to what isn't loaded.
    #[error("the document's history must be read first")]
    NeedsHistory,
    /// What is to be undone isn't in this document.
    #[error("what is to be undone isn't in this document any more")]
    NotHere,
    /// The text holds what a document can't.
    #[error(transparent)]
    Character(#[from] crate::event::BadCharacter),
}

/// A document's records, folded.
///
/// ```
/// use inkfold_engine::{Content, Document, DocumentId, Event, Events, Insertion, Record, RecordId, ReplicaId, WorkspaceId};
///
/// let (workspace, document, replica) = (WorkspaceId([1; 16]), DocumentId([2; 16]), ReplicaId([3; 16]));
/// let events = Events::from_runs([
///     Event::Insert { at: 0, what: Insertion::Marker(Default::default()) },
///     Event::Insert { at: 1, what: Insertion::Text("Hello".into()) },
/// ]);
/// let content = Content { workspace, document, replica, number: 1, first_seq: 0, time: 0, events };
/// let record = Record::seal(content, RecordId::NONE, None, vec![]);
///
/// let mut here = Document::new(workspace, document);
/// here.merge([record.clone()]);
/// assert_eq!(here.page().text(), "Hello");
/// // A record that comes twice changes nothing.
/// assert!(here.merge([record]).1.is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Document {
    history: History,
    fold: Fold,
    /// A record that was begun and has no event yet: who writes it, and all its parents.
    begun: Option<(ReplicaId, Entries)>,
    /// The text of a run of keys in hand; empty between bursts, and kept for its memory.
    typed: String,
}

/// A document that was opened from a snapshot.
#[derive(Debug)]
pub struct Opened {
    /// The document.
    pub document: Document,
    /// Records that it had without being able to fold them; they are to be handed in again.
    pub beside: Vec<RecordId>,
}

impl Document {
    /// Whether a snapshot can be opened depends on this: it is another number in an engine that writes other snapshots.
    pub const SNAPSHOT_VERSION: u64 = snapshot::ENGINE;

    /// An empty document.
    pub fn new(workspace: WorkspaceId, document: DocumentId) -> Self {
        let history = History::new(workspace, document);
        let fold = Fold::new(&history, Page::default(), Registers::default());
        Document { history, fold, begun: None, typed: String::new() }
    }

    /// Opens a snapshot: the document as it stood, without its history. Records that it holds are known by name only; what
    /// follows all of them is folded as ever, and what doesn't waits for [`Self::load_history`].
    ///
    /// ```
    /// # use inkfold_engine::{Document, DocumentId, Event, Insertion, ReplicaId, WorkspaceId};
    /// # let mut document = Document::new(WorkspaceId([1; 16]), DocumentId([2; 16]));
    /// let opened = Document::open(&document.snapshot())?;
    /// assert_eq!(opened.document.version(), document.version());
    /// # Ok::<(), inkfold_engine::codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// The bytes are damaged, or another version of the engine wrote them: the document is to be made of its records.
    pub fn open(snapshot: &[u8]) -> Result<Opened, DecodeError> {
        let Snapshot { history, page, registers, beside } = snapshot::read(snapshot)?;
        let fold = Fold::new(&history, page, registers);
        Ok(Opened { document: Document { history, fold, begun: None, typed: String::new() }, beside })
    }

    /// The document as it stands, for [`Self::open`].
    ///
    /// # Panics
    /// A record is open: it is sealed first.
    pub fn snapshot(&self) -> Vec<u8> {
        assert!(!self.is_open(), "an open record is sealed before a snapshot is taken");
        snapshot::write(&self.history, &self.version(), self.fold.page(), &self.fold.registers)
    }

    /// Whether something here can't be folded before the history that a snapshot stands for is loaded.
    pub fn needs_history(&self) -> bool {
        self.history.needs_past || (self.history.past.is_some() && self.history.missing().next().is_some())
    }

    /// Whether the whole history is here.
    pub fn has_history(&self) -> bool {
        self.history.past.is_none()
    }

    /// Loads what a snapshot stood for, in any order; others of the document's records do no harm. Gives what changes on the page
    /// because records had waited for this.
    ///
    /// # Errors
    /// They aren't all of it; or a record is open.
    pub fn load_history(&mut self, records: impl IntoIterator<Item = Record>) -> Result<Patch, EditError> {
        if self.has_history() {
            return Ok(Patch::new());
        }
        if self.is_open() {
            return Err(EditError::Order);
        }
        let (history, loaded) = self.history.with_past(records).ok_or(EditError::NeedsHistory)?;
        let before = self.fold.page().clone();
        self.fold = self.fold.with_past(&history, loaded);
        self.history = history;
        self.fold.catch_up(&self.history);
        Ok(between(&before, self.fold.page()))
    }

    /// Its id.
    pub fn id(&self) -> DocumentId {
        self.history.document
    }

    /// Takes records in, in any order and however often; gives what became of them and what changed on the page.
    /// Records whose parents are missing wait for them; records of other documents are passed over.
    ///
    /// # Panics
    /// A record is open: what its author sees must not change under it, so it is sealed first.
    pub fn merge(&mut self, records: impl IntoIterator<Item = Record>) -> (Admission, Patch) {
        let before = self.fold.page().clone();
        let admission = self.absorb(records);
        (admission, between(&before, self.fold.page()))
    }

    /// As [`Self::merge`], for callers that don't need the patch.
    pub fn absorb(&mut self, records: impl IntoIterator<Item = Record>) -> Admission {
        assert!(!self.is_open(), "an open record is sealed before others are taken in");
        let mut admission = Admission::default();
        let before = self.history.len();
        for record in records {
            let here =
                record.document() == self.history.document && record.content().workspace == self.history.workspace;
            if here && !self.history.insert(record) {
                admission.known += 1;
            }
        }
        admission.folded = (self.history.len() - before) as usize;
        self.fold.catch_up(&self.history);
        admission
    }

    /// The page at the version of everything folded.
    pub fn page(&self) -> &Page {
        self.fold.page()
    }

    /// The version of everything folded. Empty while a record is open: seal it first.
    pub fn version(&self) -> Version {
        let mut ids: Version = Vec::new();
        for &ix in &self.history.heads {
            match (&self.history.past, ix) {
                (Some(past), 0) => ids.extend(&past.heads),
                _ => ids.push(self.history.entry(ix).id),
            }
        }
        ids.retain(|id| *id != OPEN);
        ids.sort_unstable();
        ids
    }

    /// A register of the document, the workspace or a thread. Those of blocks are in [`Page`].
    pub fn register(&self, target: Target<EventId>, key: &str) -> Option<&Value> {
        let target = match target {
            Target::Marker(_) => return None,
            Target::Document => Target::Document,
            Target::Workspace => Target::Workspace,
            Target::Thread(id) => Target::Thread(id),
        };
        self.fold.registers.get(&(target, key.to_owned()))
    }

    /// All registers of the document, the workspace and threads.
    pub fn registers(&self) -> impl Iterator<Item = (Target<EventId>, &str, &Value)> {
        self.fold.registers.iter().filter_map(|((target, key), value)| {
            let target = match target {
                Target::Marker(_) => return None,
                Target::Document => Target::Document,
                Target::Workspace => Target::Workspace,
                Target::Thread(id) => Target::Thread(*id),
            };
            Some((target, key.as_str(), value))
        })
    }

    /// Whether a record is here, folded or not.
    pub fn contains(&self, id: &RecordId) -> bool {
        self.history.contains(id)
    }

    /// Records that wait for others.
    pub fn waiting(&self) -> impl Iterator<Item = &Record> {
        self.history.waiting()
    }

    /// Records that are named as parents and aren't here.
    pub fn missing(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.history.missing()
    }

    /// Records that are kept without being folded, and why.
    pub fn unfolded(&self) -> impl Iterator<Item = (&Record, Unfolded)> {
        self.history.unfolded()
    }

    /// Whether the document can be read but not written, because it holds records that this version can't fold.
    pub fn is_locked(&self) -> bool {
        self.history.unfolded().next().is_some()
    }

    /// All folded records in an order in which parents come first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.history.entries.iter().filter_map(|entry| match &entry.runs {
            Runs::Sealed(record) => Some(record),
            Runs::Open(_) | Runs::Snapshot => None,
        })
    }

    /// The last record of a replica here, and the seq of its next event.
    pub fn last_of(&self, replica: ReplicaId) -> (Option<RecordId>, u64) {
        let last = self.history.last_of(replica).map(|own| self.history.own_record(own).0);
        (last, u64::from(self.history.end_seq_of(replica)))
    }

    /// The event that began each shown block; none for the implied paragraph, and for what is only in a snapshot.
    pub fn block_order(&self) -> Vec<Option<EventId>> {
        self.fold.page().blocks().map(|block| block.marker.and_then(|marker| self.history.event_id(marker))).collect()
    }

    /// The events that inserted the characters of a shown block, as runs of (first event, length). What is only in a
    /// snapshot is left out.
    pub fn elements(&self, block: usize) -> Vec<(EventId, u32)> {
        let runs = self.fold.page().block(block).map_or(Vec::new(), |block| block.runs);
        let mut out: Vec<(EventId, u32)> = Vec::new();
        for run in runs {
            let (mut id, end) = (run.id, run.id + Id::from(run.len));
            while let Some(ix) = (id < end).then(|| self.history.entry_of(id)).flatten() {
                let entry = self.history.entry(ix);
                let after = (entry.first() + Id::from(entry.len)).min(end);
                if let Some(event) = self.history.event_id(id) {
                    out.push((event, (after - id) as u32));
                }
                id = after;
            }
        }
        out
    }

    /// The attributes of the inline object that an event inserted.
    pub fn object(&self, id: EventId) -> Option<&Attributes> {
        let entry = self.history.entry(self.history.index_of(&id.record)?);
        self.history.object(entry.first() + Id::from(id.offset))
    }

    /// The inline objects of a shown block: how many scalars of its text come before each, and its attributes.
    pub fn objects(&self, block: usize) -> Vec<(u32, &Attributes)> {
        let Some(block) = self.fold.page().block(block) else { return Vec::new() };
        let (mut objects, mut chars, mut at) = (Vec::new(), block.text.chars(), 0);
        for run in &block.runs {
            for i in 0..run.len {
                if chars.next() == Some(OBJECT) {
                    objects.extend(self.history.object(run.id + Id::from(i)).map(|attributes| (at, attributes)));
                }
                at += 1;
            }
        }
        objects
    }

    /// Begins a record of this replica at a version, to which the replica's own events here are added. Gives the
    /// record's parents, without the implied one.
    ///
    /// # Errors
    /// The document is locked, a record is open, or the version isn't known.
    pub fn begin(&mut self, replica: ReplicaId, version: &[RecordId]) -> Result<Version, EditError> {
        self.check_begin()?;
        let known: Option<Entries> = version.iter().map(|id| self.history.index_of(id)).collect();
        let known = known.ok_or(EditError::UnknownVersion)?;
        let own = self.history.last_of(replica);
        let own_entry = own.map(|own| self.history.own_record(own).1);
        let parents = self.history.minimal(known.into_iter().chain(own_entry));
        let named = self.history.named(&parents, own.map(|own| self.history.own_record(own).0));
        self.begun = Some((replica, parents.into_iter().chain(own_entry).collect()));
        Ok(named)
    }

    /// As [`Self::begin`], at the version of everything here.
    ///
    /// # Errors
    /// The document is locked, or a record is open.
    pub fn begin_here(&mut self, replica: ReplicaId) -> Result<(), EditError> {
        self.check_begin()?;
        let own = self.history.last_of(replica).map(|own| self.history.own_record(own).1);
        self.begun = Some((replica, self.history.heads.iter().copied().chain(own).collect()));
        Ok(())
    }

    fn check_begin(&self) -> Result<(), EditError> {
        if self.is_locked() {
            Err(EditError::Locked)
        } else if self.is_open() {
            Err(EditError::Order)
        } else {
            Ok(())
        }
    }

    /// Appends an event to the open record and shows it.
    ///
    /// # Errors
    /// No record is open, or the text holds what a document can't.
    pub fn apply(&mut self, event: &Event) -> Result<(), EditError> {
        if !self.is_open() {
            return Err(EditError::Order);
        }
        if let Event::Insert { what: Insertion::Text(text), .. } = event {
            check_text(text)?;
        }
        if let Event::Cancel { ranges, .. } = event
            && self.cancels_the_past(ranges)
        {
            return Err(EditError::NeedsHistory);
        }
        let ix = self.open_entry()?;
        self.history.extend_open(event.clone());
        self.fold.event(&self.history, ix, event, event.count() as u32);
        self.fold.settle(&self.history);
        Ok(())
    }

    /// The open record's entry, made when the first event comes.
    fn open_entry(&mut self) -> Result<EntryIx, EditError> {
        if let Some((replica, parents)) = self.begun.take() {
            let ix = self.history.begin(replica, parents);
            self.fold.begin(&self.history, ix);
        }
        self.history.open().ok_or(EditError::Order)
    }

    /// Whether a record is open.
    pub fn is_open(&self) -> bool {
        self.begun.is_some() || self.history.open().is_some()
    }

    /// The events of the open record so far, normalised; none where none is open.
    pub fn open_runs(&self) -> &[Event] {
        self.history.open().map_or(&[], |ix| self.history.entry(ix).runs())
    }

    /// Whether own events of these seqs are only in a snapshot.
    pub(crate) fn cancels_the_past(&self, ranges: &[(u64, u64)]) -> bool {
        let replica = match (&self.begun, self.history.open()) {
            (Some((replica, _)), _) => *replica,
            (None, Some(ix)) => self.history.replica_of(self.history.entry(ix).first()),
            (None, None) => return false,
        };
        self.history.is_past(replica, ranges)
    }

    /// Takes back [`Self::begin`], if nothing was applied since.
    pub fn abandon(&mut self) {
        self.begun = None;
    }

    /// Seals the open record, the replica's `number`th in the workspace, which follows `previous` there. `seal` makes a
    /// record of its content, its previous record, the one in this document, and its other parents: [`Record::seal`], where
    /// nothing else is said.
    ///
    /// # Errors
    /// No record is open.
    pub fn seal_with(
        &mut self,
        number: u64,
        time: i64,
        seal: impl FnOnce(Content, Option<RecordId>, Vec<RecordId>) -> Record,
    ) -> Result<Record, EditError> {
        let (workspace, document) = (self.history.workspace, self.history.document);
        let open = self.history.take_open().ok_or(EditError::Order)?;
        let OpenRecord { replica, first_seq, previous_here, parents, events } = open;
        let content = Content { workspace, document, replica, number, first_seq, time, events: Events::Known(events) };
        let record = seal(content, previous_here, parents);
        self.sealed(record.clone());
        Ok(record)
    }

    /// The open record was sealed as this one.
    ///
    /// # Errors
    /// No record is open, or it isn't this one.
    pub fn seal(&mut self, record: Record) -> Result<(), EditError> {
        let ix = self.history.open().ok_or(EditError::Order)?;
        let entry = self.history.entry(ix);
        let same = entry.runs() == record.events().runs()
            && self.history.replica_of(entry.first()) == record.replica()
            && u64::from(entry.first_seq) == record.content().first_seq;
        if !same {
            return Err(EditError::Mismatch);
        }
        self.sealed(record);
        Ok(())
    }

    fn sealed(&mut self, record: Record) {
        let replica = record.replica();
        self.history.seal(record);
        self.fold.finish(&self.history);
        // Ids decide between two branches of one replica, and this one has its id only now.
        if self.history.is_forked(replica) {
            self.fold = self.fold.again(&self.history);
            self.fold.catch_up(&self.history);
        }
    }

    /// From now on folds late records from the last version that they can be folded from, not from an earlier one where that is
    /// faster. For tests and fuzzers, which so try every such version.
    pub fn save_often(&mut self) {
        self.fold.saves_often = true;
    }

    /// Panics where a tree is damaged or the page doesn't show what was folded. For tests and fuzzers.
    pub fn assert_invariants(&self) {
        self.fold.assert_invariants(&self.history);
    }
}
