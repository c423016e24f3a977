//! Somebody who writes in a document and can undo it.

use std::collections::BTreeMap;

use inkfold_engine::undo::{Grouping, Reverted, Selection};
use inkfold_engine::{
    Attributes, Content, Document, EditError, Event, EventId, Events, Record, RecordId, ReplicaId, UndoStack,
};
use inkfold_testkit::edit::Edit;
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::model;
use inkfold_testkit::page::{Page, Shown, What};
use inkfold_testkit::table;

use super::merge;

#[derive(Clone)]
pub struct Person {
    pub replica: ReplicaId,
    pub document: Document,
    pub undo: UndoStack,
    /// All records of the document that are here, the own ones in their order.
    pub records: Vec<Record>,
    /// The rows of what can be undone, as they are stored.
    rows: BTreeMap<u64, Vec<u8>>,
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
            rows: BTreeMap::new(),
            previous: None,
            open: None,
        }
    }

    /// Begins a record if none is open.
    pub fn begin(&mut self) {
        if self.open.is_none() {
            let first = self.document.last_of(self.replica).1;
            let version = self.document.version();
            let parents = self.document.begin(self.replica, &version).expect("nothing is open");
            self.open = Some((parents, first, Vec::new()));
        }
    }

    /// Adds events to the open record, which the document has already.
    pub fn note(&mut self, events: impl IntoIterator<Item = Event>) {
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
            number: self.number() + 1,
            first_seq,
            time: 0,
            events: Events::from_runs(events),
        };
        let record = Record::seal(content, self.previous.unwrap_or(RecordId::NONE), self.previous, parents);
        self.document.seal(record.clone()).expect("it is what was written");
        self.previous = Some(record.id());
        self.records.push(record);
    }

    /// The number of the last own record.
    fn number(&self) -> u64 {
        self.records.iter().filter(|record| record.replica() == self.replica).count() as u64
    }

    /// Takes in what somebody else has sealed.
    pub fn hear(&mut self, records: &[Record]) {
        self.seal();
        let here = self.records.len();
        for record in records {
            if !self.records.iter().any(|known| known.id() == record.id()) {
                self.records.push(record.clone());
            }
        }
        let new = self.records[here..].to_vec();
        merge(&mut self.document, &new, "news");
        if self.document.needs_history() {
            self.load();
        }
    }

    /// Goes on where another left off, with nothing to undo.
    pub fn continue_as(&mut self, other: &Person) {
        self.hear(&other.records);
        self.previous = other.previous;
    }

    /// Writes an event that can't be undone.
    pub fn write(&mut self, event: Event) {
        self.begin();
        self.document.apply(&event).expect("the event can be applied");
        self.note([event]);
        self.seal();
    }

    /// Loads the history.
    pub fn load(&mut self) {
        self.document.load_history(self.records.iter().cloned()).expect("all records are here");
    }

    /// Closes the document and opens it again, from its snapshot and the rows of what can be undone.
    pub fn reopen(&mut self) {
        self.seal();
        for (number, row) in self.undo.changed_rows() {
            match row {
                Some(row) => self.rows.insert(number, row),
                None => self.rows.remove(&number),
            };
        }
        let all: BTreeMap<u64, Vec<u8>> = self.undo.rows().into_iter().collect();
        assert_eq!(self.rows, all, "the rows that have changed are all that is stored otherwise");
        let rows = all.iter().map(|(number, row)| (*number, row.as_slice()));
        self.undo = UndoStack::from_rows(self.replica, rows).expect("it was just written");
        assert_eq!(self.undo.rows().into_iter().collect::<BTreeMap<_, _>>(), all);
        self.document = Document::open(&self.document.snapshot()).expect("it was just written").document;
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

    /// The page as tables show it.
    pub fn shown(&self) -> String {
        let id = EventId { record: RecordId::NONE, offset: 0 };
        let element = |(scalar, marks)| model::Element { id, scalar, object: None, marks };
        let blocks = self.plain().into_iter().map(|(is_implied, attributes, text)| model::Block {
            marker: (!is_implied).then_some(id),
            attributes,
            elements: text.into_iter().map(element).collect(),
        });
        table::show(&model::Document { blocks: blocks.collect(), ..model::Document::default() })
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
        self.group(Grouping::Step, edits);
    }

    /// Does edits that belong to a group.
    pub fn group(&mut self, grouping: Grouping, edits: &[Edit]) {
        self.begin();
        self.undo.begin(grouping, 0, None);
        for edit in edits {
            for event in edit.events(&self.page()) {
                self.undo.apply(&mut self.document, &event).expect("the event can be applied");
                self.note([event]);
            }
        }
        self.undo.settle(None);
    }

    /// Writes events that belong to a group, with the selection before and after them.
    pub fn step(
        &mut self,
        grouping: Grouping,
        time: i64,
        before: Option<Selection>,
        events: &[Event],
        after: impl Fn(&Self) -> Option<Selection>,
    ) {
        self.begin();
        self.undo.begin(grouping, time, before);
        for event in events {
            self.undo.apply(&mut self.document, event).expect("the event can be applied");
            self.note([event.clone()]);
        }
        self.undo.settle(after(self));
    }

    /// Does an edit, or undoes or redoes.
    pub fn act(&mut self, edit: &Edit, grouping: Grouping) {
        match edit {
            Edit::Undo => drop(self.undo()),
            Edit::Redo => drop(self.redo()),
            edit => self.group(grouping, std::slice::from_ref(edit)),
        }
    }

    pub fn undo(&mut self) -> Reverted {
        self.turn(UndoStack::undo)
    }

    pub fn redo(&mut self) -> Reverted {
        self.turn(UndoStack::redo)
    }

    fn turn(&mut self, turn: impl Fn(&mut UndoStack, &mut Document) -> Result<Reverted, EditError>) -> Reverted {
        let mut events = Vec::new();
        loop {
            self.begin();
            let reverted = match turn(&mut self.undo, &mut self.document) {
                Err(EditError::NeedsHistory) => Reverted { needs_history: true, ..Reverted::default() },
                reverted => reverted.expect("it can be applied"),
            };
            self.note(reverted.events.clone());
            events.extend(reverted.events);
            if !reverted.needs_history {
                return Reverted { events, ..reverted };
            }
            assert!(!self.document.has_history(), "it is asked for once");
            self.seal();
            self.load();
        }
    }
}
