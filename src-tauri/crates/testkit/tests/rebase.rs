//! The page is all that is needed of what everybody knows.

use std::collections::BTreeSet;

use inkfold_engine::ids::RecordId;
use inkfold_engine::record::Record;
use inkfold_testkit::history::{History, Plan, Shape};

/// Forgets the past of each critical version in turn; gives back of how many.
fn check(plan: &Plan) -> usize {
    let history = History::generate(plan);
    let model = &history.world.model;
    let mut checked = 0;
    for count in history.critical() {
        let (earlier, later) = history.records.split_at(count);
        let earlier: BTreeSet<RecordId> = earlier.iter().map(Record::id).collect();
        let Some(rebased) = model.rebased(&earlier, later) else { continue };
        let compare = |known: BTreeSet<RecordId>| {
            let expected = model.document(known.iter().copied());
            let shown = rebased.document(known.difference(&earlier).copied());
            assert_eq!(shown.text(), expected.text(), "{plan:?}, after {count} records, at {known:?}");
            assert_eq!(shown, expected, "{plan:?}, after {count} records, at {known:?}");
        };
        compare(earlier.clone());
        for record in later {
            compare(history.world.with_ancestors(record.id()));
        }
        compare(history.records.iter().map(Record::id).collect());
        checked += 1;
    }
    checked
}

fn histories() -> u64 {
    std::env::var("INKFOLD_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

/// In rounds, so that there are many critical versions; a fork's records would be ordered by their new ids.
fn in_rounds(plan: Plan) -> Plan {
    Plan { shape: Shape::Rounds, forks: false, ..plan }
}

fn run(plan: impl Fn(u64) -> Plan, least: usize) {
    let first: u64 = std::env::var("INKFOLD_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let checked: usize = (first..first + histories()).map(|seed| check(&in_rounds(plan(seed)))).sum();
    assert!(checked > least, "only {checked} critical versions");
}

#[test]
fn mixed() {
    run(Plan::mixed, 300);
}

#[test]
fn moves() {
    run(Plan::moves, 300);
}

#[test]
fn cancels() {
    run(Plan::cancels, 100);
}

#[test]
fn everything() {
    run(Plan::everything, 100);
}
