//! The document that a set of records comes to.

use std::collections::BTreeMap;

use inkfold_engine::Attributes;
use inkfold_engine::event::{OBJECT, Target, Value};
use inkfold_engine::ids::{EventId, RecordId};
use inkfold_engine::record::Record;

use super::tree::{self, Kind};
use super::version::EventAt;
use super::{Covering, Model, can_fold, cancelled};

/// A document, as shown at the version that holds all its records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The blocks in shown order; there is always one.
    pub blocks: Vec<Block>,
    /// The registers that hold a value, but those of markers: they are in [`Block::attributes`].
    pub registers: BTreeMap<(Target<EventId>, String), Value>,
    /// Records with an ancestor that isn't there, ascending.
    pub waiting: Vec<RecordId>,
    /// Records that need what the model doesn't fold, and all that follow them, ascending. None of them is waiting.
    pub unfolded: Vec<RecordId>,
}

/// A block as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its marker; none for the implied leading paragraph.
    pub marker: Option<EventId>,
    /// What the marker's insertion and the registers say.
    pub attributes: Attributes,
    /// Its visible elements.
    pub elements: Vec<Element>,
}

/// A visible character or inline object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The event that inserted it.
    pub id: EventId,
    /// The character; [`OBJECT`] for an object.
    pub scalar: char,
    /// An object's attributes.
    pub object: Option<Attributes>,
    /// The marks that hold on it, with their values.
    pub marks: Attributes,
}

/// The document that these records come to, in whatever order and however often they are given.
///
/// They are records of one document. A record with a parent that isn't among them waits.
pub fn fold(records: &[Record]) -> Document {
    let (model, waiting, unfolded) = take_in(records);
    let mut document = model.document(model.by_id.keys().copied());
    document.waiting = waiting;
    document.unfolded = unfolded;
    document
}

/// Takes in what can be folded; the others are those that wait and those that are unfolded.
fn take_in(records: &[Record]) -> (Model, Vec<RecordId>, Vec<RecordId>) {
    let mut left: BTreeMap<RecordId, &Record> = records.iter().map(|record| (record.id(), record)).collect();
    let mut model = Model::new();
    let mut unfolded: Vec<RecordId> = Vec::new();
    loop {
        let there = |id: RecordId, unfolded: &[RecordId]| model.holds(id) || unfolded.contains(&id);
        let ready: Vec<&Record> = left
            .values()
            .filter(|record| record.all_parents().all(|parent| there(parent, &unfolded)))
            .copied()
            .collect();
        if ready.is_empty() {
            break;
        }
        for record in ready {
            left.remove(&record.id());
            if can_fold(record) && record.all_parents().all(|parent| model.holds(parent)) {
                model.add(record);
            } else {
                unfolded.push(record.id());
            }
        }
    }
    unfolded.sort_unstable();
    (model, left.into_keys().collect(), unfolded)
}

impl Model {
    /// A model of all records that can be folded and have all their ancestors.
    pub fn of(records: &[Record]) -> Self {
        take_in(records).0
    }

    /// The document as somebody sees it who has these records.
    ///
    /// # Panics
    /// If one of them wasn't taken in.
    pub fn document(&self, known: impl IntoIterator<Item = RecordId>) -> Document {
        let version = self.version(known);
        let off = cancelled(&self.cancels, &version);
        let holds = |at: EventAt| version.holds(at) && !off.contains(&at);
        let (registers, mut attributes) = self.registers_at(holds);
        let marks = self.covering(holds);
        let layout = self.layout(&version);
        let blocks = layout.blocks.iter().map(|block| Block {
            marker: block.marker.map(|marker| self.tree.origin(marker).id),
            attributes: block.marker.and_then(|marker| attributes.remove(&marker)).unwrap_or_default(),
            elements: block.elements.iter().map(|&x| self.element(x, marks_of(x, &marks))).collect(),
        });
        Document { blocks: blocks.collect(), registers, ..Document::default() }
    }

    fn element(&self, x: tree::Element, marks: Attributes) -> Element {
        let (scalar, object) = match self.tree.kind(x) {
            Kind::Character(c) => (*c, None),
            Kind::Object(attributes) => (OBJECT, Some(attributes.clone())),
            Kind::Head | Kind::Marker(_) => unreachable!("not shown within a block"),
        };
        Element { id: self.tree.origin(x).id, scalar, object, marks }
    }

    /// The registers that don't belong to a marker, and the attributes of each marker, by the events that hold.
    #[expect(clippy::type_complexity, reason = "the two maps are taken apart at once")]
    fn registers_at(
        &self,
        holds: impl Fn(EventAt) -> bool,
    ) -> (BTreeMap<(Target<EventId>, String), Value>, BTreeMap<tree::Element, Attributes>) {
        let mut registers = BTreeMap::new();
        let mut attributes: BTreeMap<tree::Element, Attributes> = BTreeMap::new();
        for x in self.tree.elements() {
            if let Kind::Marker(first) = self.tree.kind(x) {
                attributes.insert(x, first.clone());
            }
        }
        for register in self.registers.values().filter(|register| holds(register.at)) {
            let target = match &register.target {
                Target::Marker(marker) => {
                    set(attributes.entry(*marker).or_default(), &register.key, register.value.as_ref());
                    continue;
                }
                Target::Document => Target::Document,
                Target::Workspace => Target::Workspace,
                Target::Thread(thread) => Target::Thread(*thread),
            };
            let key = (target, register.key.clone());
            match &register.value {
                Some(value) => registers.insert(key, value.clone()),
                None => registers.remove(&key),
            };
        }
        (registers, attributes)
    }
}

/// The marks that hold on an element, of some in order.
fn marks_of(x: tree::Element, marks: &[Covering<'_>]) -> Attributes {
    let mut held = Attributes::new();
    for covering in marks.iter().filter(|covering| covering.covers(x)) {
        set(&mut held, &covering.mark.key, covering.mark.value.as_ref());
    }
    held
}

fn set(attributes: &mut Attributes, key: &str, value: Option<&Value>) {
    match value {
        Some(value) => attributes.insert(key.to_owned(), value.clone()),
        None => attributes.remove(key),
    };
}

impl Document {
    /// The text form: one scalar an element, blocks joined by line feeds.
    pub fn text(&self) -> String {
        let block = |block: &Block| block.elements.iter().map(|x| x.scalar).collect::<String>();
        self.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
    }
}
