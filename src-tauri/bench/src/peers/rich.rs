//! Yrs with the large texts that ours is measured with: lines for blocks, formats for marks.

use std::sync::Arc;

use ::yrs::types::Attrs;
use ::yrs::{Any, GetString, Text, Transact};

use super::YrsDoc;
use crate::growth::Phase;
use crate::measure::timed;

const LINE: &str = "forty characters are about half a line..\n";

/// A transaction, and its update.
fn write(doc: &YrsDoc, edit: impl FnOnce(&mut ::yrs::TransactionMut<'_>)) -> Vec<u8> {
    let mut transaction = doc.doc.transact_mut();
    edit(&mut transaction);
    transaction.encode_update_v1()
}

fn hear(phases: &mut Vec<Phase>, name: &'static str, reader: &YrsDoc, updates: &[Vec<u8>], author: &YrsDoc) {
    let ((), seconds) = timed(|| updates.iter().for_each(|update| reader.take(update)));
    let len = |doc: &YrsDoc| doc.text.len(&doc.doc.transact());
    assert_eq!(len(reader), len(author), "both see the same");
    phases.push((name, false, seconds));
}

fn singles(phases: &mut Vec<Phase>, doc: &YrsDoc) {
    const TIMES: u32 = 20;
    let middle = doc.text.len(&doc.doc.transact()) / 2;
    let key = |doc: &YrsDoc, i| write(doc, |transaction| doc.text.insert(transaction, middle + i, "x"));
    let (_, seconds) = timed(|| (0..TIMES).for_each(|i| drop(key(doc, i))));
    phases.push(("a key, sealed", true, seconds / f64::from(TIMES)));
    let other = YrsDoc::new(500, false);
    other.take(&doc.state());
    let updates: Vec<Vec<u8>> = (0..TIMES).map(|i| key(&other, i)).collect();
    let ((), seconds) = timed(|| updates.iter().for_each(|update| doc.take(update)));
    phases.push(("a foreign key with patch", true, seconds / f64::from(TIMES)));
}

fn on(key: &str) -> Attrs {
    Attrs::from_iter([(Arc::from(key), Any::Bool(true))])
}

/// A text of so many lines.
pub fn blocks(count: usize) -> Vec<Phase> {
    let mut phases = Vec::new();
    let (doc, reader) = (YrsDoc::new(0, false), YrsDoc::new(1, false));
    let mut at = 0;
    let (updates, seconds) = timed(|| {
        let build = |_| {
            write(&doc, |transaction| {
                for _ in 0..100 {
                    doc.text.insert(transaction, at, LINE);
                    at += LINE.len() as u32;
                }
            })
        };
        (0..count / 100).map(build).collect::<Vec<_>>()
    });
    phases.push(("build", false, seconds));
    hear(&mut phases, "hear one by one", &reader, &updates, &doc);
    singles(&mut phases, &doc);
    let (_, seconds) = timed(|| write(&doc, |transaction| doc.text.format(transaction, 0, at, on("bold"))));
    phases.push(("mark all", false, seconds));
    let (_, seconds) = timed(|| doc.text.get_string(&doc.doc.transact()));
    phases.push(("text", false, seconds));
    phases
}

/// A text with so many marks, a transaction each: many in one take yrs far longer.
pub fn marks(count: usize) -> Vec<Phase> {
    let mut phases = Vec::new();
    let (doc, reader) = (YrsDoc::new(0, false), YrsDoc::new(1, false));
    let text = LINE.repeat(count / 4);
    reader.take(&write(&doc, |transaction| doc.text.insert(transaction, 0, &text)));
    let mut rng = fastrand::Rng::with_seed(3);
    let (updates, seconds) = timed(|| {
        let build = |i| {
            let first = 41 * rng.u32(..count as u32 / 4) + rng.u32(..30);
            let key = ["bold", "italic", "code", "strike"][i % 4];
            write(&doc, |transaction| doc.text.format(transaction, first, 10, on(key)))
        };
        (0..count).map(build).collect::<Vec<_>>()
    });
    phases.push(("build", false, seconds));
    hear(&mut phases, "hear one by one", &reader, &updates, &doc);
    phases
}

/// So many bytes pasted, and deleted again.
pub fn paste(bytes: usize) -> Vec<Phase> {
    let mut phases = Vec::new();
    let (doc, reader) = (YrsDoc::new(0, false), YrsDoc::new(1, false));
    let text: String = "pasted text and more of it, ".chars().cycle().take(bytes).collect();
    let (update, seconds) = timed(|| write(&doc, |transaction| doc.text.insert(transaction, 0, &text)));
    phases.push(("paste", false, seconds));
    hear(&mut phases, "hear one by one", &reader, &[update], &doc);
    singles(&mut phases, &doc);
    reader.take(&doc.state());
    let len = doc.text.len(&doc.doc.transact());
    let (update, seconds) = timed(|| write(&doc, |transaction| doc.text.remove_range(transaction, 0, len)));
    phases.push(("delete all", false, seconds));
    hear(&mut phases, "hear the deletion", &reader, &[update], &doc);
    phases
}
