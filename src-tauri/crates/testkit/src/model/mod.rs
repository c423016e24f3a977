//! The naive model: what a set of records means, by the letter of `FORMAT.md`, sections 1 to 5.
//!
//! It is slow and plain on purpose and shares nothing with the engine but the data types. Versions are written out as
//! sets, the sequence is the tree of the FugueMax paper, and the list of segments is folded from its beginning for
//! every single version that somebody wrote at. Nothing of it is kept up to date in place, so that there is nothing to
//! get wrong.

mod cancels;
mod document;
mod events;
mod invariants;
mod layout;
mod list;
mod marks;
mod rebase;
mod tree;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::event::{Event, FEATURE_CANCEL, FEATURE_MOVE, Target, Value};
use inkfold_engine::ids::{DocumentId, EventId, RecordId};
use inkfold_engine::record::{Events, Record};

pub use document::{Block, Document, Element, fold};
pub use rebase::Rebased;

use crate::page::{Page, Shown, What};
use cancels::{Cancel, cancelled};
use layout::{Effect, Layout};
use list::{BlockEvent, List, Order};
use marks::{Mark, Reach};
use tree::{Kind, Tree};
use version::{EventAt, RecordIndex, Version};

/// What a record is to the model, once its parents are there.
#[derive(Debug, Clone)]
struct Folded {
    record: Record,
    /// All records before it.
    ancestors: Version,
    /// The Lamport of its first event, less one.
    lamport: u64,
}

/// A register that was set, with what its target is.
#[derive(Debug, Clone)]
struct RegisterSet {
    at: EventAt,
    target: Target<tree::Element>,
    key: String,
    value: Option<Value>,
}

/// All that was ever done to a document, from which each version of it can be shown.
#[derive(Debug, Clone)]
pub struct Model {
    records: Vec<Folded>,
    by_id: BTreeMap<RecordId, RecordIndex>,
    tree: Tree,
    /// For each element of the tree the marks of its version that cover it: what it took over from a neighbour.
    taken_over: Vec<BTreeSet<EventAt>>,
    deletions: Vec<Effect>,
    removals: Vec<Effect>,
    block_events: BTreeMap<Order, (EventAt, BlockEvent)>,
    marks: BTreeMap<Order, Mark>,
    registers: BTreeMap<Order, RegisterSet>,
    cancels: BTreeMap<Order, Cancel>,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            records: Vec::new(),
            by_id: BTreeMap::new(),
            tree: Tree::default(),
            // HEAD took over nothing.
            taken_over: vec![BTreeSet::new()],
            deletions: Vec::new(),
            removals: Vec::new(),
            block_events: BTreeMap::new(),
            marks: BTreeMap::new(),
            registers: BTreeMap::new(),
            cancels: BTreeMap::new(),
        }
    }
}

/// Whether the model can fold a record: all its events are known and belong into its document.
pub fn can_fold(record: &Record) -> bool {
    let of_the_workspace = |run: &Event| matches!(run, Event::Register { .. } | Event::Cancel { .. });
    let Events::Known(runs) = record.events() else { return false };
    record.events().features() & !(FEATURE_CANCEL | FEATURE_MOVE) == 0
        && !runs.is_empty()
        && (record.document() != DocumentId::WORKSPACE || runs.iter().all(of_the_workspace))
}

impl Model {
    /// The document before its first event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a record was taken in.
    pub fn holds(&self, id: RecordId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Takes in a record, once.
    ///
    /// # Panics
    /// If one of its parents wasn't taken in before, or if it can't be folded.
    pub fn add(&mut self, record: &Record) {
        if self.holds(record.id()) {
            return;
        }
        assert!(can_fold(record), "a record that can't be folded doesn't get here");
        let ancestors = self.version(record.all_parents());
        let ends = record.all_parents().map(|parent| {
            let parent = &self.records[self.by_id[&parent].0];
            parent.lamport + parent.record.events().count()
        });
        let lamport = ends.max().unwrap_or(0);
        let index = RecordIndex(self.records.len());
        self.by_id.insert(record.id(), index);
        self.records.push(Folded { record: record.clone(), ancestors, lamport });
        let mut offset = 0;
        for run in record.events().runs() {
            self.add_run(EventAt { record: index, offset }, run);
            offset += u32::try_from(run.count()).expect("a record has fewer than 2^32 events");
        }
    }

    /// A version: these records with all their ancestors.
    fn version(&self, records: impl IntoIterator<Item = RecordId>) -> Version {
        let mut version = Version::default();
        for id in records {
            let index = self.by_id[&id];
            version.add_all(&self.records[index.0].ancestors);
            version.add(index);
        }
        version
    }

    /// The version of an event of a record that was taken in.
    fn version_of(&self, at: EventAt) -> Version {
        Version::of(&self.records[at.record.0].ancestors, at)
    }

    /// Whether `event` is in the version of `to`.
    fn is_known(&self, event: EventAt, to: EventAt) -> bool {
        self.records[to.record.0].ancestors.holds(event) || (event.record == to.record && event.offset < to.offset)
    }

    fn order_of(&self, at: EventAt) -> Order {
        let Folded { record, lamport, .. } = &self.records[at.record.0];
        (lamport + 1 + u64::from(at.offset), record.replica(), record.id(), at.offset)
    }

    fn id_of(&self, at: EventAt) -> EventId {
        EventId { record: self.records[at.record.0].record.id(), offset: at.offset }
    }

    fn layout(&self, version: &Version) -> Layout {
        let held = self.block_events.values().filter(|(at, _)| version.holds(*at)).map(|(_, event)| event);
        let list = List::fold(&self.tree, held);
        let off = cancelled(&self.cancels, version);
        Layout::new(&self.tree, list, version, |at| !off.contains(&at), &self.deletions, &self.removals)
    }

    /// Some of the marks, in order, each with which elements it covers.
    fn covering(&self, holds: impl Fn(EventAt) -> bool) -> Vec<Covering<'_>> {
        let marks = self.marks.values().filter(|mark| holds(mark.at));
        marks.map(|mark| Covering { model: self, mark, reach: mark.reach(&self.tree) }).collect()
    }

    /// The page as somebody sees it who has these records.
    ///
    /// # Panics
    /// If one of them wasn't taken in.
    pub fn page(&self, known: impl IntoIterator<Item = RecordId>) -> Page {
        let mut page = Page::default();
        let show = |x: tree::Element, removed: bool| Shown {
            id: self.tree.origin(x).id,
            what: match self.tree.kind(x) {
                Kind::Character(c) => What::Character(*c),
                Kind::Object(_) => What::Object,
                Kind::Marker(_) | Kind::Head => What::Marker { removed },
            },
            place: self.tree.place(x),
        };
        for block in self.layout(&self.version(known)).blocks {
            page.shown.extend(block.marker.map(|marker| show(marker, block.removed)));
            page.shown.extend(block.elements.iter().map(|&x| show(x, false)));
        }
        page
    }
}

/// A mark of a model, and which elements it covers.
struct Covering<'a> {
    model: &'a Model,
    mark: &'a Mark,
    reach: Reach<'a>,
}

impl Covering<'_> {
    /// Whether the mark covers an element; it doesn't cover HEAD.
    fn covers(&self, x: tree::Element) -> bool {
        let Model { tree, taken_over, .. } = self.model;
        match x {
            tree::HEAD => false,
            x if self.model.is_known(self.mark.at, tree.origin(x).at) => taken_over[x.0].contains(&self.mark.at),
            x => self.reach.covers(x),
        }
    }
}
