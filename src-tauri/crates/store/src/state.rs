//! The state of a document: a set of records. Joining two states is the union of the sets.

use std::collections::BTreeMap;

use inkfold_engine::{DocumentId, Record, RecordId};

/// Sealed records of one document, whichever they are. A document is a function of the set and of nothing else, so
/// neither the order nor the number of deliveries matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    document: DocumentId,
    records: BTreeMap<RecordId, Record>,
}

impl State {
    /// The state of a document of which nothing is known.
    pub fn new(document: DocumentId) -> Self {
        State { document, records: BTreeMap::new() }
    }

    /// A state of these records.
    ///
    /// # Panics
    /// As [`Self::insert`].
    pub fn of(document: DocumentId, records: impl IntoIterator<Item = Record>) -> Self {
        let mut state = State::new(document);
        for record in records {
            state.insert(record);
        }
        state
    }

    /// The document.
    pub fn document_id(&self) -> DocumentId {
        self.document
    }

    /// Adds a record; says whether it was new.
    ///
    /// # Panics
    /// When the record belongs to another document: the caller has mixed up its documents, and going on would mix up
    /// their contents.
    pub fn insert(&mut self, record: Record) -> bool {
        assert_eq!(record.document(), self.document, "a record of another document");
        self.records.insert(record.id(), record).is_none()
    }

    /// Takes in everything that the other state knows. Associative, commutative and idempotent.
    ///
    /// # Panics
    /// When the states are of different documents.
    pub fn join(&mut self, other: &State) {
        assert_eq!(other.document, self.document, "a state of another document");
        for (id, record) in &other.records {
            self.records.entry(*id).or_insert_with(|| record.clone());
        }
    }

    /// The records, in ascending order of id.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// The record with this id.
    pub fn get(&self, id: &RecordId) -> Option<&Record> {
        self.records.get(id)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inkfold_engine::{Content, Event, Events, Insertion, ReplicaId, WorkspaceId};
    use proptest::prelude::*;

    fn record(replica: u8) -> Record {
        let what = Insertion::Text("a".into());
        let content = Content {
            workspace: WorkspaceId::default(),
            document: DocumentId([1; 16]),
            replica: ReplicaId([replica; 16]),
            number: 1,
            first_seq: 0,
            time: 0,
            events: Events::from_runs([Event::Insert { at: 0, what }]),
        };
        Record::seal(content, RecordId::NONE, None, Vec::new())
    }

    fn state(replicas: &[u8]) -> State {
        State::of(DocumentId([1; 16]), replicas.iter().copied().map(record))
    }

    fn joined(a: &State, b: &State) -> State {
        let mut joined = a.clone();
        joined.join(b);
        joined
    }

    proptest! {
        #[test]
        fn joining_is_associative_commutative_and_idempotent(
            a in prop::collection::vec(0u8..8, 0..6),
            b in prop::collection::vec(0u8..8, 0..6),
            c in prop::collection::vec(0u8..8, 0..6),
        ) {
            let (a, b, c) = (state(&a), state(&b), state(&c));
            prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&a, &a), a);
        }
    }

    #[test]
    #[should_panic(expected = "a state of another document")]
    fn states_of_different_documents_never_mix() {
        state(&[1]).join(&State::new(DocumentId([2; 16])));
    }
}
