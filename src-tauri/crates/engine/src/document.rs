//! A document: a set of records, and the page that they fold into.

use crate::event::{Attributes, Event, Insertion, Target, Value, check_text};
use crate::history::{Admission, EntryIx, History, OPEN, Runs, Unfolded};
use crate::ids::{DocumentId, EventId, RecordId, ReplicaId, WorkspaceId};
use crate::page::Page;
use crate::patch::{Patch, between};
use crate::record::Record;
use crate::walk::Walk;

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
    walk: Walk,
    page: Page,
    /// A record that was begun and has no event yet.
    begun: Option<Begun>,
}

#[derive(Debug, Clone)]
struct Begun {
    replica: ReplicaId,
    first_seq: u64,
    parents: Vec<EntryIx>,
    own: Option<EntryIx>,
}

impl Document {
    /// An empty document.
    pub fn new(workspace: WorkspaceId, document: DocumentId) -> Self {
        Document {
            history: History::new(workspace, document),
            walk: Walk::default(),
            page: Page::default(),
            begun: None,
        }
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
        let before = self.page.clone();
        let admission = self.absorb(records);
        (admission, between(&before, &self.page))
    }

    /// As [`Self::merge`], for callers that don't need the patch.
    pub fn absorb(&mut self, records: impl IntoIterator<Item = Record>) -> Admission {
        assert!(!self.is_open(), "an open record is sealed before others are taken in");
        let mut admission = Admission::default();
        let mut folded = Vec::new();
        for record in records {
            let here =
                record.document() == self.history.document && record.content().workspace == self.history.workspace;
            if here && !self.history.insert(record, &mut folded) {
                admission.known += 1;
            }
        }
        admission.folded = folded.len();
        for ix in folded {
            self.walk.fold(&self.history, ix, &mut self.page);
        }
        self.walk.settle(&self.history, &mut self.page);
        admission
    }

    /// The page at the version of everything folded.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The version of everything folded. Empty while a record is open: seal it first.
    pub fn version(&self) -> Version {
        let mut ids: Version = self.history.heads.iter().map(|&ix| self.history.entry(ix).id).collect();
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
        self.walk.register(&(target, key.to_owned()))
    }

    /// All registers of the document, the workspace and threads.
    pub fn registers(&self) -> impl Iterator<Item = (Target<EventId>, &str, &Value)> {
        self.walk.registers().filter_map(|((target, key), value)| {
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
            Runs::Open(_) => None,
        })
    }

    /// The last record of a replica here, and the seq of its next event.
    pub fn last_of(&self, replica: ReplicaId) -> (Option<RecordId>, u64) {
        match self.history.last_of(replica) {
            Some(ix) => {
                let entry = self.history.entry(ix);
                (Some(entry.id), entry.first_seq + u64::from(entry.end - entry.start))
            }
            None => (None, 0),
        }
    }

    /// The event that began each shown block; none for the implied paragraph.
    pub fn block_order(&self) -> Vec<Option<EventId>> {
        self.page.blocks().map(|block| block.marker.map(|marker| self.history.event_id(marker))).collect()
    }

    /// The events that inserted the characters of a shown block, as runs of (first event, length).
    pub fn elements(&self, block: usize) -> Vec<(EventId, u32)> {
        let runs = self.page.block(block).map_or(&[][..], |block| &block.runs);
        let mut out: Vec<(EventId, u32)> = Vec::new();
        for run in runs {
            let (mut lv, end) = (run.id, run.id + run.len);
            while lv < end {
                let entry = self.history.entry(self.history.entry_of(lv));
                let len = entry.end.min(end) - lv;
                out.push((EventId { record: entry.id, offset: lv - entry.start }, len));
                lv += len;
            }
        }
        out
    }

    /// The attributes of the inline object that an event inserted.
    pub fn object(&self, id: EventId) -> Option<&Attributes> {
        let entry = self.history.entry(self.history.index_of(&id.record)?);
        let mut offset = 0;
        for run in entry.runs() {
            if let Event::Insert { what: Insertion::Object(attributes), .. } = run
                && offset == u64::from(id.offset)
            {
                return Some(attributes);
            }
            offset += run.count();
        }
        None
    }

    /// Begins a record of this replica at a version, to which the replica's own events here are added. Gives the
    /// record's parents, without the implied one.
    ///
    /// # Errors
    /// The document is locked, a record is open, or the version isn't known.
    pub fn begin(&mut self, replica: ReplicaId, version: &[RecordId]) -> Result<Version, EditError> {
        if self.is_locked() {
            return Err(EditError::Locked);
        }
        if self.is_open() {
            return Err(EditError::Order);
        }
        let own = self.history.last_of(replica);
        let known: Option<Vec<EntryIx>> = version.iter().map(|id| self.history.index_of(id)).collect();
        let known = known.ok_or(EditError::UnknownVersion)?;
        let parents = self.history.minimal(known.into_iter().chain(own));
        let (_, first_seq) = self.last_of(replica);
        let mut named: Version =
            parents.iter().filter(|ix| Some(**ix) != own).map(|&ix| self.history.entry(ix).id).collect();
        named.sort_unstable();
        let parents = parents.into_iter().chain(own).collect();
        self.begun = Some(Begun { replica, first_seq, parents, own });
        Ok(named)
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
        if let Some(Begun { replica, first_seq, parents, own }) = self.begun.take() {
            let ix = self.history.begin(replica, first_seq, parents, own);
            self.walk.begin(&self.history, ix);
        }
        let ix = self.history.open().ok_or(EditError::Order)?;
        let lv = self.history.extend_open(event);
        self.walk.event(&self.history, ix, lv, event, &mut self.page);
        self.walk.settle(&self.history, &mut self.page);
        Ok(())
    }

    /// Divides the range from one position to another, both inclusive, into stretches that a mark event can cover:
    /// one, unless blocks stand elsewhere than they were written.
    pub fn stretches(&self, first: u32, last: u32) -> Vec<(u32, u32)> {
        self.walk.stretches(&self.page, first, last)
    }

    /// Whether a record is open.
    pub fn is_open(&self) -> bool {
        self.begun.is_some() || self.history.open().is_some()
    }

    /// Takes back [`Self::begin`], if nothing was applied since.
    pub fn abandon(&mut self) {
        self.begun = None;
    }

    /// The open record was sealed as this one.
    ///
    /// # Errors
    /// No record is open, or it isn't this one.
    pub fn seal(&mut self, record: Record) -> Result<(), EditError> {
        let ix = self.history.open().ok_or(EditError::Order)?;
        let entry = self.history.entry(ix);
        let same = entry.runs() == record.events().runs()
            && entry.replica == record.replica()
            && entry.first_seq == record.content().first_seq;
        if !same {
            return Err(EditError::Mismatch);
        }
        let replica = record.replica();
        self.history.seal(record);
        // Ids decide between two branches of one replica, and this one has its id only now.
        if self.history.is_forked(replica) {
            self.fold_again();
        }
        Ok(())
    }

    fn fold_again(&mut self) {
        let (mut walk, mut page) = (Walk::default(), Page::default());
        for ix in 0..self.history.entries.len() {
            walk.fold(&self.history, ix as EntryIx, &mut page);
        }
        walk.settle(&self.history, &mut page);
        (self.walk, self.page) = (walk, page);
    }

    /// Panics where a tree is damaged or the page doesn't show what was folded. For tests and fuzzers.
    pub fn assert_invariants(&self) {
        self.walk.assert_invariants(&self.history, &self.page);
    }
}
