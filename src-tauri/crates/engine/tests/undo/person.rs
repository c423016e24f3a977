//! Somebody who writes in a document and can undo it.

use inkfold_engine::undo::{Grouping, Reverted};
use inkfold_engine::{Attributes, Content, Document, Event, EventId, Events, Record, RecordId, ReplicaId, UndoStack};
use inkfold_testkit::edit::Edit;
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::page::{Page, Shown, What};

pub struct Person {
    pub replica: ReplicaId,
    pub document: Document,
    pub undo: UndoStack,
    /// All that was written, in the order of the records.
    pub records: Vec<Record>,
    previous: Option<RecordId>,
    /// The open record: parents, first seq, and what was written.
    open: Option<(Vec<RecordId>, u64, Vec<Event>)>,
}

/// A page in plain values: of each block whether it is the implied one, its attributes, and its characters with their marks.
pub type Plain = Vec<(bool, Attributes, Vec<(char, Attributes)>)>;

impl Person {
    pub fn new(name: u8) -> Self {
        let replica = ReplicaId([name; 16]);
        Person {
            replica,
            document: Document::new(WORKSPACE, DOCUMENT),
            undo: UndoStack::new(replica),
            records: Vec::new(),
            previous: None,
            open: None,
        }
    }

    fn begin(&mut self) {
        if self.open.is_none() {
            let first = self.document.last_of(self.replica).1;
            let version = self.document.version();
            let parents = self.document.begin(self.replica, &version).expect("nothing is open");
            self.open = Some((parents, first, Vec::new()));
        }
    }

    fn note(&mut self, events: impl IntoIterator<Item = Event>) {
        if let Some((.., written)) = &mut self.open {
            written.extend(events);
        }
    }

    /// Seals what is open.
    pub fn seal(&mut self) {
        let Some((parents, first_seq, events)) = self.open.take() else { return };
        if events.is_empty() {
            return self.document.abandon();
        }
        let content = Content {
            workspace: WORKSPACE,
            document: DOCUMENT,
            replica: self.replica,
            number: self.records.len() as u64 + 1,
            first_seq,
            time: 0,
            events: Events::from_runs(events),
        };
        let record = Record::seal(content, self.previous.unwrap_or(RecordId::NONE), self.previous, parents);
        self.document.seal(record.clone()).expect("it is what was written");
        self.previous = Some(record.id());
        self.records.push(record);
    }

    /// The page for making edits on it.
    pub fn page(&self) -> Page {
        let id = EventId { record: RecordId::NONE, offset: 0 };
        let shown = |what| Shown { id, what, place: 0 };
        let mut page = Page::default();
        for block in self.document.page().blocks() {
            if !block.is_implied() {
                page.shown.push(shown(What::Marker { removed: block.is_removed() }));
            }
            page.shown.extend(block.text().chars().map(|c| shown(What::Character(c))));
        }
        page
    }

    pub fn plain(&self) -> Plain {
        let characters =
            |(text, marks): (&str, &Attributes)| text.chars().map(|c| (c, marks.clone())).collect::<Vec<_>>();
        let blocks = self.document.page().blocks();
        blocks
            .map(|block| {
                (
                    block.is_implied(),
                    block.attributes().clone(),
                    block.inlines().into_iter().flat_map(characters).collect(),
                )
            })
            .collect()
    }

    /// Does edits that are undone in one go.
    pub fn edit(&mut self, edits: &[Edit]) {
        self.begin();
        self.undo.begin(Grouping::Step, 0, None);
        for edit in edits {
            for event in edit.events(&self.page()) {
                self.undo.apply(&mut self.document, &event).expect("the event can be applied");
                self.note([event]);
            }
        }
        self.undo.settle(None);
    }

    pub fn undo(&mut self) -> Reverted {
        self.begin();
        let reverted = self.undo.undo(&mut self.document).expect("all history is here");
        self.note(reverted.events.clone());
        reverted
    }

    pub fn redo(&mut self) -> Reverted {
        self.begin();
        let reverted = self.undo.redo(&mut self.document).expect("all history is here");
        self.note(reverted.events.clone());
        reverted
    }
}
