//! The engine's document in the form of the model's, so that one can be held against the other.

use inkfold_engine::{Document, EventId, Record, RecordId};
use inkfold_testkit::model;

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
