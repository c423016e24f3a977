//! Documents that are opened from snapshots, against the same ones folded from all their records.

use inkfold_engine::{Block, Document, Record, RecordId};
use inkfold_store::{Batch, Snapshot, SnapshotChange, SnapshotMark, Storage, Versions};
use inkfold_testkit::history::{DOCUMENT, Delivery, History, Plan};

use crate::support::*;

on_both!(
    snapshots_are_kept_until_they_are_not_named,
    a_document_opened_is_its_records_folded,
    every_version_is_as_it_was,
    what_cannot_be_used_is_passed_over,
    there_are_never_too_many_keyframes,
);

fn snapshots_are_kept_until_they_are_not_named(backend: &Backend) {
    let mut store = backend.store("a");
    let snapshot = |place: u64, byte: u8| Snapshot {
        mark: SnapshotMark { place, events: 7 * place, version: vec![RecordId([byte; 32])], is_lasting: byte < 9 },
        bytes: vec![byte; 10_000],
    };
    let mut change = |document, kept: &[u64], added: &[Snapshot]| {
        let change = SnapshotChange { document, kept: kept.to_vec(), added: added.to_vec() };
        store.commit(&Batch { snapshots: vec![change], ..Batch::default() }).unwrap();
    };
    change(document(1), &[], &[snapshot(4, 1), snapshot(2, 9)]);
    change(document(2), &[], &[snapshot(3, 3)]);
    change(document(1), &[4, 99], &[snapshot(5, 5)]);
    change(document(1), &[5, 4], &[snapshot(4, 6)]);
    let marks: Vec<SnapshotMark> = [snapshot(4, 6), snapshot(5, 5)].map(|snapshot| snapshot.mark).into();
    assert_eq!(store.snapshots(&document(1)).unwrap(), marks);
    let before = |place| store.snapshot_before(&document(1), place).unwrap().map(|mark| mark.place);
    assert_eq!([0, 4, 5, 6, u64::MAX].map(before), [None, None, Some(4), Some(5), Some(5)]);
    assert_eq!(store.snapshot(&document(1), 4).unwrap(), Some(vec![6; 10_000]));
    assert_eq!(store.snapshot(&document(1), 2).unwrap(), None);
    assert_eq!(store.snapshots(&document(2)).unwrap(), [snapshot(3, 3).mark]);
    assert_eq!(store.snapshots(&document(3)).unwrap(), []);
}

/// What a document shows and stands for, without names that it has for things in this process only.
fn shown(document: &Document) -> (Vec<String>, Vec<RecordId>, Vec<String>, Vec<RecordId>) {
    let block = |block: Block| {
        let marks: Vec<_> = (0..block.text().chars().count() as u32).map(|at| block.marks_at(at)).collect();
        format!("{:?} {:?} {} {marks:?}", block.text(), block.attributes(), block.is_implied())
    };
    let registers = document.registers().map(|register| format!("{register:?}")).collect();
    let beside = document.waiting().chain(document.unfolded().map(|(record, _)| record)).map(Record::id);
    let mut beside: Vec<RecordId> = beside.collect();
    beside.sort_unstable();
    (document.page().blocks().map(block).collect(), document.version(), registers, beside)
}

fn folded(store: &dyn Storage) -> Document {
    let mut document = Document::new(store.workspace(), DOCUMENT);
    document.absorb(store.records(&DOCUMENT).unwrap());
    document
}

/// A store of the testkit's workspace.
fn testkit_store(backend: &Backend, name: &str) -> Box<dyn Storage> {
    backend.store_of(name, inkfold_testkit::history::WORKSPACE)
}

/// Histories of all kinds of edits, long enough for keyframes.
fn plans() -> impl Iterator<Item = Plan> {
    let histories = std::env::var("INKFOLD_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(3);
    (0..histories).map(|seed| {
        let plan = if seed % 3 == 0 { Plan::cancels(seed) } else { Plan::everything(seed) };
        Plan { longest_text: 600, steps: 100, ..plan }
    })
}

fn a_document_opened_is_its_records_folded(backend: &Backend) {
    for plan in plans() {
        let history = History::generate(&plan);
        let mut rng = fastrand::Rng::with_seed(plan.seed);
        let mut store = testkit_store(backend, &format!("opened {}", plan.seed));
        let delivery = Delivery::ALL[plan.seed as usize % Delivery::ALL.len()];
        for batch in history.deliver(delivery, plan.seed) {
            store.commit(&Batch::of_records(batch)).unwrap();
            let what = format!("{plan:?} {delivery:?}");
            let Some(mut opened) = store.open_document(&DOCUMENT).unwrap() else { continue };
            let expected = folded(&*store);
            assert_eq!(shown(&opened.document), shown(&expected), "{what}");
            store.load_history(&mut opened.document).unwrap();
            assert_eq!(shown(&opened.document), shown(&expected), "{what}, with its history");
            assert_eq!(opened.document.block_order(), expected.block_order(), "{what}, with its history");
            // A session that is killed takes none for what came last.
            if rng.u8(..3) == 0 {
                store.keep_snapshots(&DOCUMENT).unwrap();
                let since = store.open_document(&DOCUMENT).unwrap().unwrap().since;
                assert!(since == 0 || !shown(&expected).3.is_empty(), "{what}: {since} records were folded again");
            }
        }
    }
}

fn every_version_is_as_it_was(backend: &Backend) {
    let mut keyframes = 0;
    for plan in plans() {
        let history = History::generate(&plan);
        let mut store = testkit_store(backend, &format!("versions {}", plan.seed));
        let mut rng = fastrand::Rng::with_seed(plan.seed);
        for batch in history.deliver(Delivery::ALL[plan.seed as usize % Delivery::ALL.len()], plan.seed) {
            store.commit(&Batch::of_records(batch)).unwrap();
            store.keep_snapshots(&DOCUMENT).unwrap();
            keyframes += store.snapshots(&DOCUMENT).unwrap().iter().filter(|mark| mark.is_lasting).count();
        }
        let whole = folded(&*store);
        let records = store.records(&DOCUMENT).unwrap();
        for record in &records {
            let other = &records[rng.usize(..records.len())];
            for version in [vec![record.id()], vec![record.id(), other.id()]].into_iter().take(rng.usize(1..=2)) {
                match whole.checkout(&version) {
                    Ok(expected) => {
                        let found = store.document_at(&DOCUMENT, &version).unwrap().expect("it is known");
                        assert_eq!(shown(&found), shown(&expected), "{plan:?} at {version:?}");
                    }
                    Err(_) => assert!(store.document_at(&DOCUMENT, &version).unwrap().is_none(), "{plan:?}"),
                }
            }
        }
        assert!(store.document_at(&DOCUMENT, &[RecordId([7; 32])]).unwrap().is_none());
        assert!(store.document_at(&document(77), &[records[0].id()]).unwrap().is_none());
        let nothing = store.document_at(&DOCUMENT, &[]).unwrap().expect("the beginning is known");
        assert_eq!(nothing.page().len(), 0);
    }
    assert!(keyframes > 0, "the histories are too short");
}

/// A line of so many records of so many characters each in document 1.
fn typed(records: usize, chars: usize) -> Vec<Record> {
    let texts: Vec<String> = (0..records).map(|at| format!("{at:>chars$}")).collect();
    line(replica(1), &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn what_cannot_be_used_is_passed_over(backend: &Backend) {
    let records = typed(40, 200);
    let mut elsewhere = backend.store("elsewhere");
    elsewhere.commit(&Batch::of_records(typed(40, 201))).unwrap();
    elsewhere.keep_snapshots(&document(1)).unwrap();
    type Spoil = fn(&[u8]) -> Vec<u8>;
    let spoilt: [(&str, Spoil); 4] = [
        ("empty", |_| Vec::new()),
        ("cut short", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("another byte", |bytes| [&bytes[..bytes.len() - 1], &[bytes[bytes.len() - 1] ^ 1]].concat()),
        ("something else", |_| b"certainly not a snapshot".repeat(9)),
    ];
    for (what, spoil) in spoilt {
        let mut store = backend.store(what);
        store.commit(&Batch::of_records(records.clone())).unwrap();
        store.keep_snapshots(&document(1)).unwrap();
        let marks = store.snapshots(&document(1)).unwrap();
        assert!(marks.len() > 2);
        let spoil = |mark: &SnapshotMark| {
            let bytes = store.snapshot(&document(1), mark.place).unwrap().unwrap();
            Snapshot { mark: mark.clone(), bytes: spoil(&bytes) }
        };
        let added = marks.iter().map(spoil).collect();
        let change = SnapshotChange { document: document(1), kept: vec![], added };
        store.commit(&Batch { snapshots: vec![change], ..Batch::default() }).unwrap();
        let mut whole = Document::new(WORKSPACE, document(1));
        whole.absorb(records.iter().cloned());
        let opened = store.open_document(&document(1)).unwrap().unwrap();
        assert_eq!((opened.document.page().text(), opened.since), (whole.page().text(), 40), "{what}");
        for record in &records {
            let version = [record.id()];
            let found = store.document_at(&document(1), &version).unwrap().unwrap();
            assert_eq!(found.page().text(), whole.checkout(&version).unwrap().page().text(), "{what}");
        }
    }
    // Sound bytes of another document's state under this one's version.
    let mut store = backend.store("exchanged");
    store.commit(&Batch::of_records(records.clone())).unwrap();
    store.keep_snapshots(&document(1)).unwrap();
    let exchange = |mark: SnapshotMark| {
        let bytes = elsewhere.snapshot(&document(1), mark.place).unwrap();
        bytes.map(|bytes| Snapshot { mark, bytes })
    };
    let added: Vec<Snapshot> = store.snapshots(&document(1)).unwrap().into_iter().filter_map(exchange).collect();
    assert!(added.len() > 2);
    let change = SnapshotChange { document: document(1), kept: vec![], added };
    store.commit(&Batch { snapshots: vec![change], ..Batch::default() }).unwrap();
    assert_eq!(store.open_document(&document(1)).unwrap().unwrap().since, 40);
}

fn there_are_never_too_many_keyframes(backend: &Backend) {
    let records = typed(600, 100);
    let mut store = backend.store("a");
    for batch in records.chunks(50) {
        store.commit(&Batch::of_records(batch.to_vec())).unwrap();
        store.keep_snapshots(&document(1)).unwrap();
        let marks = store.snapshots(&document(1)).unwrap();
        let newest = marks.last().unwrap();
        assert_eq!(newest.version, [batch.last().unwrap().id()]);
        let keyframes: Vec<u64> = marks.iter().filter(|mark| mark.is_lasting).map(|mark| mark.events).collect();
        assert!(keyframes.len() <= 32, "{keyframes:?}");
        assert!(marks.len() <= keyframes.len() + 1);
        // From each keyframe, and from the beginning, the next one is never far.
        let ends = keyframes.iter().copied().chain([newest.events]);
        let far = [0].iter().copied().chain(keyframes.iter().copied()).zip(ends).map(|(from, to)| to - from).max();
        assert!(far.unwrap() <= (newest.events / 16).max(1024) + 200, "{keyframes:?} of {}", newest.events);
    }
    // A store that has all of it at once keeps the same ones.
    let mut late = backend.store("late");
    late.commit(&Batch::of_records(records)).unwrap();
    late.keep_snapshots(&document(1)).unwrap();
    let events = |store: &dyn Storage| -> Vec<u64> {
        store.snapshots(&document(1)).unwrap().iter().map(|mark| mark.events).collect()
    };
    assert!(events(&*late).iter().all(|at| at % 100 == 0) && events(&*late).len() >= 8);
    let before = events(&*late);
    late.keep_snapshots(&document(1)).unwrap();
    assert_eq!(events(&*late), before, "nothing new changes nothing");
    assert_eq!(late.open_document(&document(9)).unwrap().map(|opened| opened.since), None);
    late.keep_snapshots(&document(9)).unwrap();
}
