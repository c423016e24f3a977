//! What two people may expect when they write at the same time, row by row, in the engine.

mod common;

use inkfold_engine::Document;
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::rows::ROWS;

#[test]
fn every_row() {
    assert!(ROWS.len() > 50, "the table is there");
    for row in ROWS {
        row.check(|records| {
            let mut document = Document::new(WORKSPACE, DOCUMENT);
            document.absorb(records.iter().cloned());
            document.assert_invariants();
            common::as_model(&document)
        });
    }
}
