//! What holds for every history, and what a fold of records does with those that it can't fold.

use std::collections::BTreeSet;

use inkfold_engine::codec::{canonical_bytes, decode_canonical};
use inkfold_engine::event::{Event, Insertion, Target, Value};
use inkfold_engine::ids::{DocumentId, RecordId, ReplicaId};
use inkfold_engine::record::{Content, Events, Record};
use inkfold_testkit::history::{DOCUMENT, Delivery, History, Plan, WORKSPACE};
use inkfold_testkit::model::{Document, fold};

const SEEDS: std::ops::Range<u64> = 0..250;

#[test]
fn every_history_keeps_its_elements() {
    for seed in SEEDS {
        let plans = [
            Plan::mixed(seed),
            Plan::plain(seed),
            Plan::blocks(seed),
            Plan::text_only(seed),
            Plan::moves(seed),
            Plan::cancels(seed),
            Plan::everything(seed),
        ];
        for plan in plans {
            History::generate(&plan).world.model.assert_invariants();
        }
    }
}

#[test]
fn a_history_depends_on_its_plan_alone() {
    for seed in SEEDS.take(20) {
        let plan = Plan::mixed(seed);
        assert_eq!(History::generate(&plan).records, History::generate(&plan).records);
    }
}

#[test]
fn the_order_of_delivery_makes_no_difference() {
    for seed in SEEDS {
        let plan = [Plan::mixed, Plan::moves, Plan::cancels, Plan::everything][seed as usize % 4];
        let history = History::generate(&plan(seed));
        let expected = history.world.model.document(history.records.iter().map(Record::id));
        for delivery in Delivery::ALL {
            assert_eq!(fold(&history.deliver(delivery, seed).concat()), expected, "seed {seed}, {delivery:?}");
        }
    }
}

#[test]
fn what_has_no_ancestors_waits_and_the_rest_is_a_document_by_itself() {
    for seed in SEEDS {
        let history = History::generate(&Plan::everything(seed));
        for replica in 0..history.knowledge.len() {
            let known = history.knowledge[replica].1.iter().copied();
            let document = fold(&history.known_to(replica));
            assert_eq!(document, history.world.model.document(known), "seed {seed}, replica {replica}");
        }
        for delivery in Delivery::ALL {
            let batches = history.deliver(delivery, seed);
            let (half, _) = batches.split_at(batches.len() / 2);
            let there = half.concat();
            let ids: BTreeSet<RecordId> = there.iter().map(Record::id).collect();
            let mut document = fold(&there);
            let complete = |id: &RecordId| history.world.with_ancestors(*id).is_subset(&ids);
            let (folded, waiting): (Vec<_>, Vec<_>) = ids.iter().partition(|id| complete(id));
            assert_eq!(std::mem::take(&mut document.waiting), waiting, "seed {seed}, {delivery:?}");
            assert_eq!(document, history.world.model.document(folded), "seed {seed}, {delivery:?}");
        }
    }
}

/// Chains are properly numbered, seqs are consecutive, and parents are the least that says the same.
#[test]
fn records_are_properly_chained() {
    for seed in SEEDS {
        let history = History::generate(&Plan::everything(seed));
        let all: Vec<&Record> = history.records.iter().chain(&history.elsewhere).collect();
        let find = |id: RecordId| *all.iter().find(|record| record.id() == id).expect("every parent was written");
        for record in &all {
            match record.previous() {
                RecordId::NONE => assert_eq!(record.number(), 1),
                previous => assert_eq!(find(previous).number() + 1, record.number()),
            }
            assert_eq!(decode_canonical(&canonical_bytes(record.content())).as_ref(), Ok(record.content()));
            let before = record.previous_here().map(find);
            assert_eq!(before.map_or(0, Record::end_seq), record.content().first_seq);
            assert!(before.is_none_or(|before| before.replica() == record.replica()));
            for parent in record.parents() {
                let others = record.parents().iter().filter(|other| *other != parent);
                assert!(!others.copied().any(|other| history.world.with_ancestors(other).contains(parent)));
                assert_ne!(Some(*parent), record.previous_here());
            }
        }
    }
}

/// A generator that stopped making the hard cases would let every test pass.
#[test]
fn histories_meet_the_hard_cases() {
    let (mut moved, mut cancelled) = (0, 0);
    let (mut forks, mut gaps, mut out_of_order, mut kept, mut implied, mut marks) = (0, 0, 0, 0, 0, 0);
    for seed in SEEDS {
        let history = History::generate(&Plan::mixed(seed));
        let numbers: BTreeSet<_> = history.records.iter().map(|record| (record.replica(), record.number())).collect();
        forks += usize::from(numbers.len() < history.records.len());
        gaps += usize::from(!history.elsewhere.is_empty());
        let page = history.world.model.page(history.records.iter().map(Record::id));
        out_of_order += usize::from(!page.shown.is_sorted_by_key(|shown| shown.place));
        kept += usize::from(page.blocks().iter().any(|block| block.removed));
        implied += usize::from(page.blocks()[0].id.is_none());
        let document = fold(&history.records);
        let mut elements = document.blocks.iter().flat_map(|block| &block.elements);
        marks += usize::from(elements.any(|element| !element.marks.is_empty()));

        let history = History::generate(&Plan::everything(seed));
        let runs: Vec<&Event> = history.records.iter().flat_map(|record| record.events().runs()).collect();
        moved += usize::from(runs.iter().any(|run| matches!(run, Event::Move { .. })));
        cancelled += usize::from(runs.iter().any(|run| matches!(run, Event::Cancel { .. })));
    }
    for (what, count, least) in [
        ("two records with one number", forks, 15),
        ("numbers with gaps", gaps, 15),
        ("blocks in another order than the sequence", out_of_order, 15),
        ("removed blocks with text", kept, 15),
        ("an implied paragraph", implied, 15),
        ("marks", marks, 100),
        ("moves", moved, 100),
        ("cancels", cancelled, 100),
    ] {
        assert!(count >= least, "{what}: only in {count} histories");
    }
}

/// A record of a first replica, after `previous`.
fn record(document: DocumentId, previous: Option<&Record>, events: Events) -> Record {
    let content = Content {
        workspace: WORKSPACE,
        document,
        replica: ReplicaId([1; 16]),
        number: previous.map_or(0, Record::number) + 1,
        first_seq: previous.map_or(0, Record::end_seq),
        time: 0,
        events,
    };
    let id = previous.map(Record::id);
    Record::seal(content, id.unwrap_or(RecordId::NONE), id, Vec::new())
}

fn text(text: &str) -> Events {
    Events::from_runs([Event::Insert { at: 0, what: Insertion::Text(text.into()) }])
}

#[test]
fn what_needs_a_feature_is_unfolded_with_all_that_follow() {
    let unknown = Events::Unknown { features: 1 << 9, count: 1, bytes: vec![40] };
    let unknown_bit = Events::Unknown { features: 1 << 40, count: 1, bytes: vec![40] };
    for needy in [unknown, unknown_bit] {
        let first = record(DOCUMENT, None, text("a"));
        let second = record(DOCUMENT, Some(&first), needy);
        let third = record(DOCUMENT, Some(&second), text("b"));
        let document = fold(&[third.clone(), second.clone(), first.clone()]);
        assert_eq!(document.text(), "a");
        let mut unfolded = vec![second.id(), third.id()];
        unfolded.sort_unstable();
        assert_eq!((document.unfolded, document.waiting), (unfolded, vec![]));

        // What waits isn't unfolded yet.
        let document = fold(&[second.clone(), third.clone()]);
        let mut waiting = vec![second.id(), third.id()];
        waiting.sort_unstable();
        assert_eq!((document.unfolded, document.waiting), (vec![], waiting));
    }
}

#[test]
fn the_workspace_folds_registers_and_cancels_only() {
    let name = |name: &str| Event::Register {
        target: Target::Workspace,
        key: "name".into(),
        value: Some(Value::Text(name.into())),
    };
    let shown = |document: &Document| document.registers.values().next().cloned();
    let first = record(DocumentId::WORKSPACE, None, Events::from_runs([name("one"), name("two")]));
    let cancel = Events::from_runs([Event::Cancel { ranges: vec![(1, 2)], on: false }]);
    let second = record(DocumentId::WORKSPACE, Some(&first), cancel);
    assert_eq!(shown(&fold(std::slice::from_ref(&first))), Some(Value::Text("two".into())));
    assert_eq!(shown(&fold(&[first.clone(), second.clone()])), Some(Value::Text("one".into())));

    let moved = Events::from_runs([Event::Move { first: 1, count: 1, to: 0 }]);
    for foreign in [text("a"), moved] {
        let third = record(DocumentId::WORKSPACE, Some(&second), foreign);
        let document = fold(&[first.clone(), second.clone(), third.clone()]);
        assert_eq!((document.text().as_str(), document.unfolded), ("", vec![third.id()]));
    }
}

/// A cancel names what is before it on its own chain, whatever else its seqs say.
#[test]
fn a_cancel_names_its_own_past_only() {
    let first = record(DOCUMENT, None, text("abc"));
    let cancel = |from: u64, to: u64, on: bool| Event::Cancel { ranges: vec![(from, to)], on };
    // The last of its seqs is its own, the one before that the text that comes with it.
    let events = [Event::Insert { at: 0, what: Insertion::Text("x".into()) }, cancel(1, 9, false)];
    let second = record(DOCUMENT, Some(&first), Events::from_runs(events));
    assert_eq!(fold(&[first.clone(), second.clone()]).text(), "a");
    // What comes later isn't cancelled, and what is restored is counted at once.
    let events = [Event::Insert { at: 1, what: Insertion::Text("y".into()) }, cancel(2, 3, true)];
    let third = record(DOCUMENT, Some(&second), Events::from_runs(events));
    assert_eq!(fold(&[first.clone(), second, third]).text(), "ayc");
    // A second branch of the same replica doesn't see the first one's cancels until it has them.
    let fork = record(DOCUMENT, Some(&first), Events::from_runs([cancel(0, 1, false)]));
    assert_eq!(fold(&[first.clone(), fork]).text(), "bc");
}
