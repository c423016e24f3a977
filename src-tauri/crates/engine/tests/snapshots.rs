//! A snapshot at any version, with whatever comes later, is the whole history folded.

mod common;

use common::seeds;
use inkfold_engine::{Document, Record};
use inkfold_testkit::history::{DOCUMENT, Delivery, History, Plan, WORKSPACE};
use inkfold_testkit::model;

/// Opens a snapshot that was taken after some of the records, and hands in what it had set aside.
fn reopened(document: &Document, given: &[Record]) -> Document {
    let opened = Document::open(&document.snapshot()).expect("it was just written");
    let beside = given.iter().filter(|record| opened.beside.contains(&record.id())).cloned();
    let mut reopened = opened.document;
    reopened.absorb(beside);
    reopened.assert_invariants();
    assert_eq!(reopened.page().blocks().collect::<Vec<_>>(), document.page().blocks().collect::<Vec<_>>());
    assert_eq!(reopened.version(), document.version());
    assert_eq!(reopened.registers().collect::<Vec<_>>(), document.registers().collect::<Vec<_>>());
    reopened
}

fn check(plan: &Plan) {
    let history = History::generate(plan);
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    for delivery in [Delivery::ALL[0], Delivery::ALL[plan.seed as usize % Delivery::ALL.len()]] {
        let what = format!("{plan:?} {delivery:?}");
        let mut document = Document::new(WORKSPACE, DOCUMENT);
        let mut given: Vec<Record> = Vec::new();
        for batch in history.deliver(delivery, plan.seed) {
            if rng.u8(..4) == 0 {
                document = reopened(&document, &given);
            }
            given.extend(batch.iter().cloned());
            document.absorb(batch);
            document.assert_invariants();
            if document.needs_history() || rng.u8(..16) == 0 {
                // What is asked for is missing, or nothing is: then the page stays as it is.
                let needed = document.needs_history();
                let patch = document.load_history(given.iter().cloned()).expect("it is all here");
                document.assert_invariants();
                assert!(needed || patch.is_empty(), "{what}: {patch:?}");
                assert!(document.has_history() && !document.needs_history() || document.missing().next().is_some());
            }
            let mut whole = Document::new(WORKSPACE, DOCUMENT);
            whole.absorb(given.iter().cloned());
            assert_eq!(document.page().text(), whole.page().text(), "{what} after {} records", given.len());
        }
        document.load_history(given.iter().cloned()).expect("it is all here");
        let (folded, expected) = (common::as_model(&document), model::fold(&history.records));
        assert_eq!(folded.text(), expected.text(), "{what}: text");
        assert_eq!(folded, expected, "{what}");
    }
}

fn run(plan: impl Fn(u64) -> Plan) {
    seeds(1_000).for_each(|seed| check(&plan(seed)));
}

common::for_every_plan!(run);

#[test]
fn damaged_snapshots_are_refused() {
    let mut document = Document::new(WORKSPACE, DOCUMENT);
    document.absorb(History::generate(&Plan::mixed(3)).records);
    let bytes = document.snapshot();
    for cut in 0..bytes.len() {
        assert!(Document::open(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(Document::open(&damaged).is_err(), "changed at {at}");
    }
}
