//! Questions about chains, forked ones included.

use inkfold_engine::{Content, Record, RecordId};
use inkfold_store::{Batch, Chain, Ends, Storage, Tip};

use crate::support::*;

on_both!(
    a_line_has_one_end,
    records_may_come_in_any_order,
    a_fork_has_an_end_on_each_branch,
    a_forked_replica_writes_no_more,
    a_fork_that_comes_in_meanwhile_does_not_move_the_open_record,
    branches_answer_for_themselves,
    a_gap_is_said_not_guessed,
    a_record_follows_its_own_past_only,
    a_false_number_never_takes_root,
);

fn tip(record: &Record) -> Tip {
    Tip { number: record.number(), record: record.id() }
}

fn keep(store: &mut dyn Storage, records: &[&Record]) {
    store.commit(&Batch::of_records(records.iter().copied().cloned())).unwrap();
}

fn a_line_has_one_end(backend: &Backend) {
    let mut store = backend.store("a");
    assert_eq!(store.line_end(&replica(1)).unwrap(), None);
    let line = line(replica(1), &["a", "b", "c"]);
    for record in &line {
        keep(&mut *store, &[record]);
        assert_eq!(store.line_end(&replica(1)).unwrap(), Some(tip(record)));
        assert_eq!(store.tips(&replica(1)).unwrap(), [tip(record)]);
    }
    let end = line[2].id();
    let at: Vec<_> = (0..5).map(|number| store.record_at(&end, number).unwrap()).collect();
    assert_eq!(at, [None, Some(line[0].id()), Some(line[1].id()), Some(end), None]);
    assert_eq!(store.record_at(&line[1].id(), 3).unwrap(), None, "a branch ends with its tip");
    assert_eq!(store.branch(&end, 2).unwrap(), line[1..]);
    assert_eq!(store.branch(&end, 0).unwrap(), line);
    assert_eq!(store.branch(&end, 4).unwrap(), []);
    assert!(store.has(&end).unwrap() && !store.has(&RecordId::NONE).unwrap());
}

fn records_may_come_in_any_order(backend: &Backend) {
    let line = line(replica(1), &["a", "b", "c", "d"]);
    for (case, order) in [[3, 1, 0, 2], [3, 2, 1, 0], [1, 3, 2, 0], [0, 2, 3, 1]].into_iter().enumerate() {
        let mut store = backend.store(&case.to_string());
        let mut here: Vec<usize> = Vec::new();
        for place in order {
            keep(&mut *store, &[&line[place]]);
            here.push(place);
            let rooted = (0..4).take_while(|place| here.contains(place)).count();
            let mut loose: Vec<usize> = here.iter().copied().filter(|&place| place >= rooted).collect();
            loose.sort_unstable();
            let ends = Ends {
                tips: line[..rooted].last().map(tip).into_iter().collect(),
                loose: loose.into_iter().map(|place| tip(&line[place])).collect(),
            };
            assert_eq!(store.ends(&replica(1)).unwrap(), ends, "{order:?} at {place}");
            assert_eq!(store.line_end(&replica(1)).is_err(), !ends.loose.is_empty());
        }
        assert_eq!(store.tips(&replica(1)).unwrap(), [tip(&line[3])]);
    }
}

/// Two branches of replica 1 that part after `common`, in document 1 but for what is said to be in document 2.
struct Fork {
    common: Vec<Record>,
    left: Vec<Record>,
    right: Vec<Record>,
}

fn fork() -> Fork {
    let common = line(replica(1), &["a", "b"]);
    let in_two = |previous: &Record, here: Option<&Record>, text| {
        made(Made {
            replica: replica(1),
            document: document(2),
            previous: Some(previous),
            previous_here: here,
            parents: vec![],
            text,
        })
    };
    let in_one = |previous: &Record, here: &Record, text| {
        made(Made {
            replica: replica(1),
            document: document(1),
            previous: Some(previous),
            previous_here: Some(here),
            parents: vec![],
            text,
        })
    };
    // Left: document 1, 1, 2. Right: document 2, 2, 1.
    let mut left = vec![next(replica(1), Some(&common[1]), "left 3")];
    left.push(next(replica(1), Some(&left[0]), "left 4"));
    left.push(in_two(&left[1], None, "left 5"));
    let mut right = vec![in_two(&common[1], None, "right 3")];
    right.push(in_two(&right[0], Some(&right[0]), "right 4"));
    right.push(in_one(&right[1], &common[1], "right 5"));
    Fork { common, left, right }
}

fn a_fork_has_an_end_on_each_branch(backend: &Backend) {
    let Fork { common, left, right } = fork();
    let all: Vec<&Record> = common.iter().chain(&left).chain(&right).collect();
    for (case, order) in [all.clone(), all.iter().rev().copied().collect()].into_iter().enumerate() {
        let mut store = backend.store(&case.to_string());
        keep(&mut *store, &order);
        let mut tips = vec![tip(&left[2]), tip(&right[2])];
        tips.sort();
        assert_eq!(store.tips(&replica(1)).unwrap(), tips);
        assert_eq!(store.first_fork(&replica(1)).unwrap(), Some(3));
        assert_eq!(store.first_fork(&replica(2)).unwrap(), None);
        let mut third = vec![left[0].id(), right[0].id()];
        third.sort();
        assert_eq!(store.records_at(&replica(1), 3).unwrap(), third);
        assert_eq!(store.records_at(&replica(1), 2).unwrap(), [common[1].id()]);
        let of: Vec<u64> = store.records_of(&replica(1), 2..5).unwrap().iter().map(Record::number).collect();
        assert_eq!(of, [2, 3, 3, 4, 4]);
    }
}

fn branches_answer_for_themselves(backend: &Backend) {
    let mut store = backend.store("a");
    let Fork { common, left, right } = fork();
    keep(&mut *store, &common.iter().chain(&left).chain(&right).collect::<Vec<_>>());
    let line_of = |branch: &[Record]| common.iter().chain(branch).map(Record::id).collect::<Vec<_>>();
    for (branch, records) in [(line_of(&left), &left), (line_of(&right), &right)] {
        for number in 1..=5 {
            assert_eq!(store.record_at(&branch[4], number).unwrap(), Some(branch[number as usize - 1]));
        }
        assert_eq!(store.branch(&branch[4], 3).unwrap(), records[..]);
    }
    let table = [
        (&left[2], 1, Some(&left[1])),
        (&left[2], 2, Some(&left[2])),
        (&left[1], 2, None),
        (&left[0], 1, Some(&left[0])),
        (&right[2], 1, Some(&right[2])),
        (&right[2], 2, Some(&right[1])),
        (&right[1], 1, Some(&common[1])),
        (&right[0], 2, Some(&right[0])),
        (&common[1], 2, None),
        (&common[1], 1, Some(&common[1])),
        (&right[2], 3, None),
    ];
    for (end, of, expected) in table {
        let found = store.previous_here(&end.id(), &document(of)).unwrap();
        assert_eq!(found, expected.map(Record::id), "{end:?} in document {of}");
    }
}

fn a_forked_replica_writes_no_more(backend: &Backend) {
    let mut store = backend.store("a");
    let Fork { common, left, right } = fork();
    keep(&mut *store, &common.iter().chain(&left[..1]).chain(&right[..1]).collect::<Vec<_>>());
    assert_eq!(store.start(&replica(1), &document(1), &[]).unwrap_err().code(), "store-forked");
    let error = store.append_open(&beginning(replica(1), document(3)), 1, &[insert(0, "x")]).unwrap_err();
    assert_eq!(error.code(), "store-forked");
    store.append_open(&beginning(replica(2), document(1)), 1, &[insert(0, "x")]).unwrap();
}

fn a_fork_that_comes_in_meanwhile_does_not_move_the_open_record(backend: &Backend) {
    let mut store = backend.store("a");
    let Fork { common, right, .. } = fork();
    keep(&mut *store, &common.iter().collect::<Vec<_>>());
    let start = store.start(&replica(1), &document(1), &[]).unwrap();
    store.append_open(&start, 1, &[insert(0, "x")]).unwrap();
    keep(&mut *store, &right.iter().collect::<Vec<_>>());
    store.append_open(&start, 2, &[insert(1, "y")]).unwrap();
    let record = seal(&mut *store, 3);
    assert_eq!((record.number(), record.previous()), (3, common[1].id()));
    assert_eq!(store.tips(&replica(1)).unwrap(), [tip(&record), tip(&right[2])]);
}

fn a_gap_is_said_not_guessed(backend: &Backend) {
    let mut store = backend.store("a");
    let line = line(replica(1), &["a", "b", "c", "d", "e"]);
    keep(&mut *store, &[&line[0], &line[1], &line[3], &line[4]]);
    let end = line[4].id();
    assert_eq!(store.record_at(&end, 4).unwrap(), Some(line[3].id()));
    for error in [
        store.record_at(&end, 2).map(drop).unwrap_err(),
        store.previous_here(&end, &document(2)).map(drop).unwrap_err(),
        store.branch(&end, 1).map(drop).unwrap_err(),
        store.record_at(&line[2].id(), 1).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.code(), "store-missing");
        assert!(error.to_string().contains(&line[2].id().to_string()), "the error names what is missing");
    }
    assert_eq!(store.branch(&end, 4).unwrap(), line[3..]);
}

fn a_record_follows_its_own_past_only(backend: &Backend) {
    let mut store = backend.store("a");
    let line = line(replica(1), &["a", "b"]);
    keep(&mut *store, &[&line[0], &line[1]]);
    let bad = made(Made {
        replica: replica(1),
        document: document(1),
        previous: Some(&line[0]),
        previous_here: Some(&line[1]),
        parents: vec![],
        text: "beside the second, and after it",
    });
    assert_eq!(store.commit(&Batch::of_records([bad])).unwrap_err().code(), "store-refused");
    assert_eq!(store.first_fork(&replica(1)).unwrap(), None);
}

fn a_false_number_never_takes_root(backend: &Backend) {
    let mut store = backend.store("a");
    let line = line(replica(1), &["a", "b"]);
    let content = Content { number: 5, ..line[1].content().clone() };
    let liar = Record::seal(content, line[0].id(), Some(line[0].id()), vec![]);
    // It comes before the record that gives it the lie.
    keep(&mut *store, &[&liar]);
    keep(&mut *store, &[&line[0], &line[1]]);
    let ends = Ends { tips: vec![tip(&line[1])], loose: vec![tip(&liar)] };
    assert_eq!(store.ends(&replica(1)).unwrap(), ends);
    assert!(!store.link(&liar.id()).unwrap().unwrap().rooted);
}
