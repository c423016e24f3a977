//! A document that has forgotten its past: all that is left of it is the page.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::event::{Event, Insertion, OBJECT, Target};
use inkfold_engine::ids::{EventId, RecordId, ReplicaId};
use inkfold_engine::record::{Content, Events, Record};

use super::marks::Mark;
use super::tree::{self, HEAD};
use super::version::{EventAt, RecordIndex, Version};
use super::{Covering, Document, Model};

/// A model in which one record stands for all records of a critical version: plain insertions of what was shown there,
/// each element with nothing but the marks that it showed. The other records follow that one.
#[derive(Debug, Clone)]
pub struct Rebased {
    model: Model,
    /// The new record for each of the others.
    records: BTreeMap<RecordId, RecordId>,
    /// The event that each event is in the old model.
    old: BTreeMap<EventId, EventId>,
}

impl Model {
    /// Forgets all that was before a critical version, given as its records. The model holds those first, then `later`, each
    /// after its parents; none of the records is of a forked replica.
    ///
    /// None if a later record cancels something earlier, which needs the past.
    pub fn rebased(&self, known: &BTreeSet<RecordId>, later: &[Record]) -> Option<Rebased> {
        let version = self.version(known.iter().copied());
        let reaches_back = |names: &[EventAt]| names.iter().any(|at| version.holds(*at));
        if self.cancels.values().any(|cancel| !version.holds(cancel.at) && reaches_back(&cancel.names)) {
            return None;
        }
        let (base, old, shown_marks) = self.base(known, &version);
        let mut model = Model::new();
        model.add(&base);
        model.put_on(&shown_marks);

        let mut rebased = Rebased { model, records: BTreeMap::new(), old };
        for record in later {
            rebased.add(base.id(), record);
        }
        Some(rebased)
    }

    /// The record of what is shown at a version, which old event each of its events is, and which of its elements show
    /// which of its marks.
    ///
    /// Its first events are the marks. They have no effect, on a page that is still empty: what a mark covers needn't be one
    /// stretch.
    #[expect(clippy::type_complexity, reason = "taken apart at once")]
    fn base(
        &self,
        known: &BTreeSet<RecordId>,
        version: &Version,
    ) -> (Record, BTreeMap<EventId, EventId>, Vec<(u32, BTreeSet<u32>)>) {
        let document = self.document(known.iter().copied());
        let layout = self.layout(version);
        let off = super::cancelled(&self.cancels, version);
        let counts = |at: EventAt| version.holds(at) && !off.contains(&at);

        let marks = self.covering(counts);
        let shows = |x: tree::Element| -> BTreeSet<u32> {
            let mut shown: BTreeMap<&str, u32> = BTreeMap::new();
            for (offset, covering) in marks.iter().enumerate().filter(|(_, covering)| covering.covers(x)) {
                let key = covering.mark.key.as_str();
                match covering.mark.value {
                    Some(_) => shown.insert(key, offset as u32),
                    None => shown.remove(key),
                };
            }
            shown.into_values().collect()
        };
        let mut runs: Vec<Event> = Vec::new();
        runs.extend(marks.iter().map(|Covering { mark, .. }| Event::Mark {
            first: 1,
            last: 1,
            start: mark.start,
            end: mark.end,
            key: mark.key.clone(),
            value: mark.value.clone(),
        }));
        runs.extend(document.registers.iter().map(|((target, key), value)| {
            let target = match target {
                Target::Marker(_) => unreachable!("these are attributes"),
                Target::Document => Target::Document,
                Target::Workspace => Target::Workspace,
                Target::Thread(thread) => Target::Thread(*thread),
            };
            Event::Register { target, key: key.clone(), value: Some(value.clone()) }
        }));

        let mut inserted: Vec<EventId> = Vec::new();
        let mut shown_marks: Vec<(u32, BTreeSet<u32>)> = Vec::new();
        let mut removed: Vec<u64> = Vec::new();
        let first = runs.len();
        let mut insert = |x: tree::Element, what: Insertion| -> u64 {
            runs.push(Event::Insert { at: inserted.len() as u64, what });
            shown_marks.push(((first + inserted.len()) as u32, shows(x)));
            inserted.push(self.tree.origin(x).id);
            inserted.len() as u64
        };
        for (block, shown) in layout.blocks.iter().zip(&document.blocks) {
            if let Some(marker) = block.marker {
                let position = insert(marker, Insertion::Marker(shown.attributes.clone()));
                removed.extend(block.removed.then_some(position));
            }
            for (&x, element) in block.elements.iter().zip(&shown.elements) {
                let object = element.object.clone().map(Insertion::Object);
                assert_eq!(object.is_some(), element.scalar == OBJECT);
                insert(x, object.unwrap_or_else(|| Insertion::Text(element.scalar.to_string().into())));
            }
        }
        runs.extend(removed.into_iter().map(|at| Event::Remove { at }));
        if runs.is_empty() {
            // A record has at least one event; this one takes a value away that isn't there.
            runs.push(Event::Register { target: Target::Document, key: "title".into(), value: None });
        }

        let some = &self.records[0].record;
        let content = Content {
            workspace: some.content().workspace,
            document: some.document(),
            replica: ReplicaId([0; 16]),
            number: 1,
            first_seq: 0,
            time: 0,
            events: Events::from_runs(runs),
        };
        let base = Record::seal(content, RecordId::NONE, None, Vec::new());
        let new = |index: usize| EventId { record: base.id(), offset: (first + index) as u32 };
        let old = inserted.iter().enumerate().map(|(index, id)| (new(index), *id)).collect();
        (base, old, shown_marks)
    }

    /// Lets the elements of the base show their marks, as if they had taken them over.
    fn put_on(&mut self, shown_marks: &[(u32, BTreeSet<u32>)]) {
        let event = |offset: u32| EventAt { record: RecordIndex(0), offset };
        let base = self.records[0].record.clone();
        for (offset, run) in (0..).zip(base.events().runs()) {
            let Event::Mark { start, end, key, value, .. } = run else { break };
            let (at, version) = (event(offset), Version::default());
            let mark = Mark {
                at,
                version,
                segments: vec![HEAD],
                first: HEAD,
                last: HEAD,
                before: HEAD,
                next_marker: None,
                start: *start,
                end: *end,
                key: key.clone(),
                value: value.clone(),
            };
            self.marks.insert(self.order_of(at), mark);
        }
        for (offset, marks) in shown_marks {
            let x = self.tree.elements().find(|&x| self.tree.origin(x).at.offset == *offset).expect("it was inserted");
            self.taken_over[x.0] = marks.iter().map(|&mark| event(mark)).collect();
        }
    }
}

impl Rebased {
    /// Adds a later record on top of the base.
    fn add(&mut self, base: RecordId, record: &Record) {
        let new = |id: RecordId| self.records.get(&id).copied();
        let parents: BTreeSet<RecordId> = record.all_parents().map(|parent| new(parent).unwrap_or(base)).collect();
        let previous = record.previous_here().and_then(new);
        let parents = parents.into_iter().filter(|parent| Some(*parent) != previous).collect();
        let rebased = Record::seal(record.content().clone(), record.previous(), previous, parents);
        self.model.add(&rebased);
        self.records.insert(record.id(), rebased.id());
        for offset in 0..record.events().count() as u32 {
            let event = |record: RecordId| EventId { record, offset };
            self.old.insert(event(rebased.id()), event(record.id()));
        }
    }

    /// The document as somebody sees it who has these of the later records, with the events' old names.
    pub fn document(&self, known: impl IntoIterator<Item = RecordId>) -> Document {
        let base = self.model.records[0].record.id();
        let mut document = self.model.document(known.into_iter().map(|id| self.records[&id]).chain([base]));
        for block in &mut document.blocks {
            block.marker = block.marker.map(|marker| self.old[&marker]);
            for element in &mut block.elements {
                element.id = self.old[&element.id];
            }
        }
        document
    }
}
