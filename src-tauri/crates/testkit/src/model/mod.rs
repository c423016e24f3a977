//! The naive model: what a set of records means, by the letter of `FORMAT.md`, sections 1 to 5.
//!
//! It is slow and plain on purpose and shares nothing with the engine but the data types. Versions are written out as
//! sets, the sequence is the tree of the FugueMax paper, and the list of segments is folded from its beginning for
//! every single version that somebody wrote at. Nothing of it is kept up to date in place, so that there is nothing to
//! get wrong.

mod blocks;
mod document;
mod marks;
mod tree;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::event::{Event, Insertion, Target, Value};
use inkfold_engine::ids::{DocumentId, EventId, RecordId};
use inkfold_engine::record::Record;

pub use document::{Block, Document, Element, fold};

use crate::page::{Page, Shown, What};
use blocks::{BlockEvent, Effect, Join, Layout, List, Order};
use marks::Mark;
use tree::{HEAD, Kind, Origin, Tree};
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
#[derive(Debug, Clone, Default)]
pub struct Model {
    records: Vec<Folded>,
    by_id: BTreeMap<RecordId, RecordIndex>,
    tree: Tree,
    deletions: Vec<Effect>,
    removals: Vec<Effect>,
    block_events: BTreeMap<Order, (EventAt, BlockEvent)>,
    marks: BTreeMap<Order, Mark>,
    registers: BTreeMap<Order, RegisterSet>,
}

/// Whether the model can fold a record: all its events are known, need no feature, and belong into its document.
pub fn can_fold(record: &Record) -> bool {
    let is_register = |run: &Event| matches!(run, Event::Register { .. });
    record.events().features() == 0
        && !record.events().runs().is_empty()
        && (record.document() != DocumentId::WORKSPACE || record.events().runs().iter().all(is_register))
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
        Layout::new(&self.tree, version, List::fold(&self.tree, held), &self.deletions, &self.removals)
    }

    /// Takes in the events of a run, each at its own version.
    fn add_run(&mut self, at: EventAt, run: &Event) {
        let version = self.version_of(at);
        let layout = self.layout(&version);
        let shown = layout.shown();
        // Position 0 and what lies past the end is no element.
        let element = |at: u64| {
            let index = usize::try_from(at).ok()?.checked_sub(1)?;
            shown.get(index).copied()
        };
        let marker = |at: u64| element(at).filter(|&x| self.tree.is_marker(x));
        match run {
            Event::Insert { at: position, what } => {
                let left = match position {
                    0 => HEAD,
                    _ => element(*position).or(shown.last().copied()).unwrap_or(HEAD),
                };
                self.insert(at, &version, left, what);
            }
            Event::Delete { at: position, len, backward } => self.delete(at, *position, *len, *backward),
            Event::Join { at: position } => {
                let Some(marker) = marker(*position) else { return };
                let anchor = element(*position - 1).unwrap_or(HEAD);
                let index = layout.blocks.iter().position(|block| block.marker == Some(marker));
                let before = index.and_then(|index| index.checked_sub(1));
                let into = before.and_then(|before| layout.blocks[before].marker).unwrap_or(HEAD);
                let heads = layout.list.heads();
                let join = BlockEvent::Join(Join { marker, anchor, into, version, heads });
                self.block_events.insert(self.order_of(at), (at, join));
            }
            Event::Remove { at: position } => {
                let Some(marker) = marker(*position) else { return };
                self.removals.push((at, marker));
            }
            Event::Mark { first, last, start, end, key, value } => {
                let (Some(first), Some(last)) = (element(*first), element(*last)) else { return };
                let (key, value) = (key.clone(), value.clone());
                let mark = Mark { at, version, first, last, start: *start, end: *end, key, value };
                self.marks.insert(self.order_of(at), mark);
            }
            Event::Register { target, key, value } => {
                let target = match target {
                    Target::Marker(position) => match marker(*position) {
                        Some(marker) => Target::Marker(marker),
                        None => return,
                    },
                    Target::Document => Target::Document,
                    Target::Workspace => Target::Workspace,
                    Target::Thread(thread) => Target::Thread(*thread),
                };
                let set = RegisterSet { at, target, key: key.clone(), value: value.clone() };
                self.registers.insert(self.order_of(at), set);
            }
            Event::Cancel { .. } | Event::Move { .. } => unreachable!("these need features"),
        }
    }

    fn insert(&mut self, at: EventAt, version: &Version, left: tree::Element, what: &Insertion) {
        let record = &self.records[at.record.0].record;
        let origin = Origin {
            at,
            id: self.id_of(at),
            replica: record.replica(),
            seq: record.content().first_seq + u64::from(at.offset),
            left,
            right: self.tree.after(left, version).next(),
        };
        let kinds = match what {
            Insertion::Text(text) => text.chars().map(Kind::Character).collect(),
            Insertion::Object(attributes) => vec![Kind::Object(attributes.clone())],
            Insertion::Marker(attributes) => vec![Kind::Marker(attributes.clone())],
        };
        let first = self.tree.insert(version, origin, kinds);
        if self.tree.is_marker(first) {
            self.block_events.insert(self.order_of(at), (at, BlockEvent::Insertion(first)));
        }
    }

    fn delete(&mut self, mut at: EventAt, mut position: u64, len: u64, backward: bool) {
        let mut shown = None;
        for _ in 0..len {
            // The page is the same as long as no event of the run had an effect.
            let page = shown.get_or_insert_with(|| self.layout(&self.version_of(at)).shown());
            let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
            match index.and_then(|index| page.get(index)) {
                Some(&x) if !self.tree.is_marker(x) => {
                    self.deletions.push((at, x));
                    shown = None;
                }
                // Nothing further will happen at this position.
                _ if !backward => return,
                _ => {}
            }
            at.offset += 1;
            if backward {
                position = position.saturating_sub(1);
            }
        }
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

    /// Fails if an element is shown twice, or isn't shown although nobody deleted it.
    ///
    /// # Panics
    /// If so.
    pub fn assert_invariants(&self) {
        let all = self.version(self.by_id.keys().copied());
        let layout = self.layout(&all);
        let shown = layout.shown();
        let unique: BTreeSet<_> = shown.iter().copied().collect();
        assert_eq!(unique.len(), shown.len(), "an element is shown twice");
        assert_eq!(self.tree.order().len(), self.tree.elements().count() + 1, "S holds every element once");
        let in_list: BTreeSet<_> = layout.list.entries.iter().copied().collect();
        assert_eq!(in_list.len(), layout.list.entries.len(), "a segment stands in two places");
        assert!(in_list.contains(&HEAD) && !layout.list.dead.contains(&HEAD), "HEAD is lost");

        let deleted: BTreeSet<_> = self.deletions.iter().map(|&(_, x)| x).collect();
        let removed: BTreeSet<_> = self.removals.iter().map(|&(_, x)| x).collect();
        for x in self.tree.elements() {
            if self.tree.is_marker(x) {
                assert!(in_list.contains(&x), "a segment is lost");
                let may_hide = layout.list.dead.contains(&x) || removed.contains(&x);
                assert!(unique.contains(&x) || may_hide, "a block is lost");
            } else {
                assert_ne!(unique.contains(&x), deleted.contains(&x), "a character is lost, or deleted and shown");
            }
            let origin = self.tree.origin(x);
            let place = |x| self.tree.place(x);
            assert!(place(origin.left) < place(x), "an element stands before its left origin");
            assert!(origin.right.is_none_or(|right| place(x) < place(right)), "… or after its right one");
        }
    }
}
