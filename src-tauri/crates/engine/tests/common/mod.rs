//! The engine's document in the form of the model's, so that one can be held against the other.

#![allow(dead_code, unused_imports, unused_macros, reason = "each test uses its part")]

mod patches;
pub mod person;

use std::ops::Range;

use inkfold_engine::{Document, EventId, Record, RecordId};
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::model;

/// A test for each kind of histories, of which `run` takes the plan.
macro_rules! for_every_plan {
    ($run:path) => {
        #[test]
        fn text_and_markers() {
            $run(Plan::plain);
        }

        #[test]
        fn blocks() {
            $run(Plan::blocks);
        }

        #[test]
        fn without_moves_and_cancels() {
            $run(Plan::mixed);
        }

        #[test]
        fn moves() {
            $run(Plan::moves);
        }

        #[test]
        fn cancels() {
            $run(Plan::cancels);
        }

        #[test]
        fn all_kinds_of_events() {
            $run(Plan::everything);
        }
    };
}
pub(crate) use for_every_plan;

/// A number that the environment asks for.
pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// The seeds of a test's histories: so many from 0 on, if `INKFOLD_HISTORIES` and `INKFOLD_FIRST` don't say otherwise.
pub fn seeds(histories: u64) -> Range<u64> {
    let first = number("INKFOLD_FIRST", 0);
    first..first + number("INKFOLD_HISTORIES", histories)
}

/// An empty document, which may fold from every version that it can fold from.
pub fn document(save_often: bool) -> Document {
    let mut document = Document::new(WORKSPACE, DOCUMENT);
    if save_often {
        document.save_often();
    }
    document
}

/// Takes records in; the patch must turn the old page into the new one.
pub fn merge(document: &mut Document, records: &[Record], what: &str) {
    let before = document.page().clone();
    let (_, patch) = document.merge(records.iter().cloned());
    document.assert_invariants();
    let (old, new) = (patches::plain(&before), patches::plain(document.page()));
    assert_eq!(patches::applied(old, &patch), new, "{what}: {patch:?} on {before:?}");
}

/// The document shows what the model makes of the same records.
pub fn assert_same(document: &Document, records: &[Record], what: &str) {
    assert_equal(&as_model(document), &model::fold(records), what);
}

/// Two documents are the same.
pub fn assert_equal(folded: &model::Document, expected: &model::Document, what: &str) {
    // The text first: it says most in the least space.
    assert_eq!(folded.text(), expected.text(), "{what}: text");
    assert_eq!(folded, expected, "{what}");
}

fn sorted(ids: impl Iterator<Item = RecordId>) -> Vec<RecordId> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

/// What the engine shows, as the model would say it.
pub fn as_model(document: &Document) -> model::Document {
    let order = document.block_order();
    let blocks = document.page().blocks().zip(order).enumerate().map(|(i, (block, marker))| {
        let ids = document
            .elements(i)
            .into_iter()
            .flat_map(|(first, len)| (0..len).map(move |k| EventId { record: first.record, offset: first.offset + k }));
        let elements = ids
            .zip(block.text().chars())
            .enumerate()
            .map(|(k, (id, scalar))| model::Element {
                id,
                scalar,
                object: document.object(id).cloned(),
                marks: block.marks_at(k as u32).cloned().unwrap_or_default(),
            })
            .collect();
        model::Block { marker, attributes: block.attributes().clone(), elements }
    });
    model::Document {
        blocks: blocks.collect(),
        registers: document.registers().map(|(target, key, value)| ((target, key.to_owned()), value.clone())).collect(),
        waiting: sorted(document.waiting().map(Record::id)),
        unfolded: sorted(document.unfolded().map(|(record, _)| record.id())),
    }
}
