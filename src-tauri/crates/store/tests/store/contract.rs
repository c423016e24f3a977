//! What every backend has to do, apart from chains and logs.

use inkfold_engine::{Event, Record, RecordId};
use inkfold_store::{
    AcknowledgementRow, Batch, Chain, Committed, Counts, DocumentCard, FileFact, OpenStart, OutboxFile, PendingFile,
    Signature, Stretch,
};

use crate::support::*;

on_both!(
    settings_are_kept_replaced_and_removed,
    records_come_back_as_they_went_in,
    records_come_once,
    a_refused_record_takes_its_batch_with_it,
    the_open_record_grows_key_by_key,
    nothing_is_not_an_append,
    an_open_record_goes_on_only_as_it_began,
    an_open_record_begins_where_its_replica_stands,
    a_record_never_grows_past_its_cap,
    what_cannot_be_written_down_is_refused,
    sealing_and_queueing_is_one_step,
    only_the_open_record_can_be_sealed,
    a_large_paste_is_one_batch,
    the_outbox_keeps_its_order,
    signatures_and_keys_are_kept,
    the_best_acknowledgement_of_each_is_kept,
    what_is_known_of_files_is_kept,
    cards_are_replaced_at_will,
    counts_add_up,
);

fn settings_are_kept_replaced_and_removed(backend: &Backend) {
    let mut store = backend.store("a");
    assert_eq!(store.setting("name").unwrap(), None);
    for value in [Some(b"Notes".to_vec()), Some(vec![]), None] {
        store.commit(&Batch { settings: vec![("name".into(), value.clone())], ..Batch::default() }).unwrap();
        assert_eq!(store.setting("name").unwrap(), value);
    }
}

fn records_come_back_as_they_went_in(backend: &Backend) {
    let mut store = backend.store("a");
    let first = line(replica(1), &["a", "b", "c"]);
    let reply = made(Made {
        replica: replica(2),
        document: document(1),
        previous: None,
        previous_here: None,
        parents: vec![first[2].id(), first[0].id()],
        text: "reply",
    });
    let elsewhere = made(Made {
        replica: replica(2),
        document: document(2),
        previous: Some(&reply),
        previous_here: None,
        parents: vec![],
        text: "elsewhere",
    });
    let here = vec![first[2].clone(), reply.clone(), first[0].clone(), first[1].clone()];
    store.commit(&Batch::of_records(here.iter().cloned().chain([elsewhere.clone()]))).unwrap();
    assert_eq!(store.records(&document(1)).unwrap(), here, "in the order in which they came");
    assert_eq!(store.records(&document(2)).unwrap(), std::slice::from_ref(&elsewhere));
    assert_eq!(store.records(&document(3)).unwrap(), []);
    assert_eq!(store.record(&reply.id()).unwrap(), Some(reply.clone()));
    assert_eq!(store.record(&RecordId([1; 32])).unwrap(), None);
    assert_eq!(store.records_of(&replica(1), 2..u64::MAX).unwrap(), first[1..]);
    assert_eq!(store.records_of(&replica(1), 1..3).unwrap(), first[..2]);
    assert_eq!(store.stream(&replica(2), &document(2)).unwrap(), [elsewhere]);
    assert_eq!(store.documents().unwrap(), [document(1), document(2)]);
    assert_eq!(store.replicas().unwrap(), [replica(1), replica(2)]);
    assert_eq!(store.heads(&document(1)).unwrap(), [reply.id()]);
    let link = store.link(&reply.id()).unwrap().unwrap();
    assert_eq!((link.replica, link.number, link.document), (replica(2), 1, document(1)));
    assert_eq!((link.previous, link.end_seq, link.rooted), (RecordId::NONE, 5, true));
}

fn records_come_once(backend: &Backend) {
    let mut store = backend.store("a");
    let records = line(replica(1), &["a", "b"]);
    let twice: Vec<Record> = records.iter().chain(&records).cloned().collect();
    let added = store.commit(&Batch::of_records(twice)).unwrap().added;
    assert_eq!(added, [records[0].id(), records[1].id()]);
    assert_eq!(store.commit(&Batch::of_records(records.clone())).unwrap(), Committed::default());
    assert_eq!(store.commit(&Batch::default()).unwrap(), Committed::default());
    assert_eq!(store.records(&document(1)).unwrap(), records);
}

fn a_refused_record_takes_its_batch_with_it(backend: &Backend) {
    let mut store = backend.store("a");
    let good = line(replica(1), &["a", "b"]);
    store.commit(&Batch::of_records(good[..1].to_vec())).unwrap();
    let (content, id) = (good[1].content().clone(), good[0].id());
    let change = |change: &dyn Fn(&mut inkfold_engine::Content)| {
        let mut content = content.clone();
        change(&mut content);
        Record::seal(content, id, Some(id), vec![])
    };
    let elsewhere = made(Made {
        replica: replica(3),
        document: document(2),
        previous: None,
        previous_here: None,
        parents: vec![id],
        text: "a parent of another document",
    });
    let bad = [
        change(&|content| content.workspace.0 = [1; 16]),
        change(&|content| content.number = 3),
        change(&|content| content.number = 1),
        change(&|content| content.replica = replica(2)),
        change(&|content| content.document = document(2)),
        change(&|content| content.first_seq = 2),
        change(&|content| content.first_seq = 0),
        change(&|content| content.events = inkfold_engine::Events::Known(Default::default())),
        change(&|content| content.events = inkfold_engine::Events::from_runs([insert(0, "\n")])),
        change(&|content| content.events = inkfold_engine::Events::from_runs([insert(0, &"x".repeat(1 << 20))])),
        Record::seal(content.clone(), RecordId::NONE, Some(id), vec![]),
        Record::seal(content.clone(), id, None, vec![]),
        elsewhere,
    ];
    for (case, bad) in bad.into_iter().enumerate() {
        let batch = Batch {
            settings: vec![("key".into(), Some(vec![1]))],
            records: vec![bad.clone(), good[1].clone()],
            ..Batch::default()
        };
        let error = store.commit(&batch).expect_err(&format!("case {case}"));
        assert_eq!(error.code(), "store-refused", "case {case}");
        assert!(error.to_string().contains(&bad.id().to_string()), "the error names the record");
        assert_eq!(store.records(&document(1)).unwrap(), good[..1], "case {case}");
        assert_eq!(store.setting("key").unwrap(), None, "case {case}");
    }
}

fn the_open_record_grows_key_by_key(backend: &Backend) {
    let mut store = backend.store("a");
    assert_eq!(store.open().unwrap(), None);
    let start = beginning(replica(1), document(1));
    for (at, key) in ["a", "b", "ß"].into_iter().enumerate() {
        store.append_open(&start, 10 + at as i64, &[insert(at as u64, key)]).unwrap();
    }
    store.append_open(&start, 13, &[Event::Delete { at: 1, len: 2, backward: false }, marker(1)]).unwrap();
    let open = store.open().unwrap().unwrap();
    assert_eq!((open.number, open.previous, &open.start), (1, RecordId::NONE, &start));
    let runs: Vec<_> = open.runs.iter().map(|run| (run.seq, run.time, run.events.len())).collect();
    assert_eq!(runs, [(0, 10, 1), (1, 11, 1), (2, 12, 1), (3, 13, 2)]);
    let delete = Event::Delete { at: 1, len: 2, backward: false };
    assert_eq!(open.events().as_slice(), [insert(0, "abß"), delete, marker(1)]);
    assert_eq!(open.end_seq(), 6);
    assert_eq!(store.documents().unwrap(), [document(1)]);
    assert_eq!(store.records(&document(1)).unwrap(), []);
}

fn nothing_is_not_an_append(backend: &Backend) {
    let mut store = backend.store("a");
    for events in [&[][..], &[insert(0, "")], &[Event::Delete { at: 4, len: 0, backward: false }]] {
        store.append_open(&beginning(replica(1), document(1)), 1, events).unwrap();
    }
    assert_eq!(store.open().unwrap(), None);
}

fn an_open_record_goes_on_only_as_it_began(backend: &Backend) {
    let mut store = backend.store("a");
    let other = line(replica(2), &["x", "y"]);
    store.commit(&Batch::of_records(other.clone())).unwrap();
    let ids = vec![other[1].id(), other[0].id()];
    let start = OpenStart { parents: ids.clone(), ..beginning(replica(1), document(1)) };
    store.append_open(&start, 1, &[insert(0, "a")]).unwrap();
    let mut sorted = ids.clone();
    sorted.sort();
    let same = OpenStart { parents: sorted, ..start.clone() };
    store.append_open(&same, 2, &[insert(1, "b")]).unwrap();
    let before = store.open().unwrap();
    for other in [
        OpenStart { document: document(2), ..start.clone() },
        OpenStart { replica: replica(3), ..start.clone() },
        OpenStart { parents: ids[..1].to_vec(), ..start.clone() },
        OpenStart { first_seq: 2, ..start.clone() },
    ] {
        assert_eq!(store.append_open(&other, 3, &[insert(2, "c")]).unwrap_err().code(), "store-open");
        assert_eq!(store.open().unwrap(), before);
    }
}

fn an_open_record_begins_where_its_replica_stands(backend: &Backend) {
    let mut store = backend.store("a");
    let own = line(replica(1), &["ab", "c"]);
    let other = line(replica(2), &["x"]);
    store.commit(&Batch::of_records(own.iter().chain(&other).cloned())).unwrap();
    let right = store.start(&replica(1), &document(1), &[own[1].id(), other[0].id()]).unwrap();
    assert_eq!(
        (right.previous_here, right.first_seq, right.parents.as_slice()),
        (Some(own[1].id()), 3, &[other[0].id()][..])
    );
    for wrong in [
        OpenStart { previous_here: Some(own[0].id()), first_seq: 2, ..right.clone() },
        OpenStart { previous_here: None, first_seq: 0, ..right.clone() },
        OpenStart { first_seq: 2, ..right.clone() },
        OpenStart { parents: vec![RecordId([1; 32])], ..right.clone() },
        OpenStart { parents: vec![own[1].id()], ..right.clone() },
        beginning(replica(1), document(1)),
    ] {
        assert_eq!(store.append_open(&wrong, 3, &[insert(0, "d")]).unwrap_err().code(), "store-open");
        assert_eq!(store.open().unwrap(), None);
    }
    store.append_open(&right, 3, &[insert(0, "d")]).unwrap();
    let record = seal(&mut *store, 4);
    assert_eq!((record.number(), record.previous(), record.previous_here()), (3, own[1].id(), Some(own[1].id())));
    assert_eq!((record.content().first_seq, record.content().time), (3, 4));
}

fn a_record_never_grows_past_its_cap(backend: &Backend) {
    let mut store = backend.store("a");
    let start = beginning(replica(1), document(1));
    let half = "x".repeat(1 << 19);
    store.append_open(&start, 1, &[insert(0, &half)]).unwrap();
    let before = store.open().unwrap();
    assert_eq!(store.append_open(&start, 2, &[insert(1 << 19, &half)]).unwrap_err().code(), "store-open");
    assert_eq!(store.open().unwrap(), before);
    store.append_open(&start, 3, &[insert(1 << 19, "y")]).unwrap();
    seal(&mut *store, 4);
}

fn what_cannot_be_written_down_is_refused(backend: &Backend) {
    let mut store = backend.store("a");
    let start = beginning(replica(1), document(1));
    for event in [insert(0, "\u{7}"), insert(1 << 40, "x"), Event::Delete { at: 0, len: 1, backward: false }] {
        assert_eq!(store.append_open(&start, 1, &[insert(0, "a"), event]).unwrap_err().code(), "store-open");
        assert_eq!(store.open().unwrap(), None);
    }
}

fn outbox_file(name: &str, first: u64, last: u64) -> OutboxFile {
    OutboxFile { name: name.into(), replica: replica(1), first, last, bytes: name.as_bytes().to_vec() }
}

fn sealing_and_queueing_is_one_step(backend: &Backend) {
    let mut store = backend.store("a");
    store.append_open(&beginning(replica(1), document(1)), 1, &[insert(0, "a")]).unwrap();
    let record = store.open().unwrap().unwrap().seal(WORKSPACE, 5);
    let signature = Signature { replica: replica(1), number: 1, record: record.id(), bytes: [4; 64] };
    let batch = Batch {
        seal: Some(record.clone()),
        signatures: vec![signature],
        outbox: vec![outbox_file("1-1", 1, 1)],
        ..Batch::default()
    };
    let spoilt = Batch { outbox: vec![outbox_file("1-1", 1, 1), outbox_file("1-1", 1, 2)], ..batch.clone() };
    assert_eq!(store.commit(&spoilt).unwrap_err().code(), "store-conflict");
    assert!(store.open().unwrap().is_some() && store.records(&document(1)).unwrap().is_empty());
    assert_eq!((store.outbox().unwrap().len(), store.queued_to(&replica(1)).unwrap()), (0, 0));

    assert_eq!(store.commit(&batch).unwrap().added, [record.id()]);
    assert_eq!(store.open().unwrap(), None);
    assert_eq!(store.records(&document(1)).unwrap(), std::slice::from_ref(&record));
    assert_eq!(store.outbox_file("1-1").unwrap(), Some(outbox_file("1-1", 1, 1)));
    assert_eq!(store.queued_to(&replica(1)).unwrap(), 1);
    assert_eq!(store.signature(&record.id()).unwrap(), Some(signature));
    assert_eq!(store.commit(&batch).unwrap_err().code(), "store-open", "it was sealed already");
}

fn only_the_open_record_can_be_sealed(backend: &Backend) {
    let mut store = backend.store("a");
    let other = next(replica(1), None, "other");
    let batch = Batch { seal: Some(other), ..Batch::default() };
    assert_eq!(store.commit(&batch).unwrap_err().code(), "store-open");
    store.append_open(&beginning(replica(1), document(1)), 1, &[insert(0, "a")]).unwrap();
    assert_eq!(store.commit(&batch).unwrap_err().code(), "store-open");
    let early = store.open().unwrap().unwrap().seal(WORKSPACE, 5);
    store.append_open(&beginning(replica(1), document(1)), 2, &[insert(1, "b")]).unwrap();
    let batch = Batch { seal: Some(early), ..Batch::default() };
    assert_eq!(store.commit(&batch).unwrap_err().code(), "store-open", "a key came after it was made");
    assert_eq!(store.open().unwrap().unwrap().end_seq(), 2);
}

fn a_large_paste_is_one_batch(backend: &Backend) {
    let mut store = backend.store("a");
    store.append_open(&beginning(replica(1), document(1)), 1, &[insert(0, "typed")]).unwrap();
    let typed = store.open().unwrap().unwrap().seal(WORKSPACE, 2);
    let first = next(replica(1), Some(&typed), "first part");
    let second = next(replica(1), Some(&first), "second part");
    let batch = Batch { seal: Some(typed), records: vec![first, second.clone()], ..Batch::default() };
    store.commit(&batch).unwrap();
    assert_eq!(store.line_end(&replica(1)).unwrap().unwrap().record, second.id());
    let start = store.start(&replica(1), &document(1), &[second.id()]).unwrap();
    assert_eq!((start.previous_here, start.first_seq), (Some(second.id()), 26));
}

fn the_outbox_keeps_its_order(backend: &Backend) {
    let mut store = backend.store("a");
    for (name, first, last) in [("z", 1, 4), ("a", 5, 6), ("m", 1, 3)] {
        store.commit(&Batch { outbox: vec![outbox_file(name, first, last)], ..Batch::default() }).unwrap();
    }
    assert_eq!(store.outbox().unwrap(), ["z", "a", "m"]);
    assert_eq!(store.queued_to(&replica(1)).unwrap(), 6);
    // Queued again as it is: nothing changes.
    store.commit(&Batch { outbox: vec![outbox_file("z", 1, 4)], ..Batch::default() }).unwrap();
    store.commit(&Batch { outbox_done: vec!["a".into(), "unknown".into()], ..Batch::default() }).unwrap();
    assert_eq!(store.outbox().unwrap(), ["z", "m"]);
    assert_eq!(store.outbox_file("a").unwrap(), None);
    // Published, and then missing in the folder: it goes to the end.
    let again = Batch { outbox_done: vec!["z".into()], outbox: vec![outbox_file("z", 1, 4)], ..Batch::default() };
    store.commit(&again).unwrap();
    assert_eq!(store.outbox().unwrap(), ["m", "z"]);
    assert_eq!(store.queued_to(&replica(1)).unwrap(), 6);
    assert_eq!(store.queued_to(&replica(2)).unwrap(), 0);
}

fn signatures_and_keys_are_kept(backend: &Backend) {
    let mut store = backend.store("a");
    let signature = |number: u64, record: u8, byte: u8| Signature {
        replica: replica(1),
        number,
        record: RecordId([record; 32]),
        bytes: [byte; 64],
    };
    let batch = Batch {
        keys: vec![(replica(1), [5; 32])],
        signatures: vec![signature(3, 9, 1), signature(3, 8, 2), signature(1, 7, 3)],
        ..Batch::default()
    };
    store.commit(&batch).unwrap();
    store.commit(&Batch { signatures: vec![signature(3, 9, 77)], ..batch.clone() }).unwrap();
    let kept = [signature(1, 7, 3), signature(3, 8, 2), signature(3, 9, 1)];
    assert_eq!(store.signatures(&replica(1), 0..u64::MAX).unwrap(), kept, "the first one stays");
    assert_eq!(store.signatures(&replica(1), 2..3).unwrap(), []);
    assert_eq!(store.signature(&RecordId([8; 32])).unwrap(), Some(kept[1]));
    assert_eq!(store.key(&replica(1)).unwrap(), Some([5; 32]));
    assert_eq!(store.key(&replica(2)).unwrap(), None);
    let other = Batch { keys: vec![(replica(1), [6; 32])], ..Batch::default() };
    assert_eq!(store.commit(&other).unwrap_err().code(), "store-conflict");
}

fn the_best_acknowledgement_of_each_is_kept(backend: &Backend) {
    let mut store = backend.store("a");
    let row = |by: u8, counter: u64, byte: u8| AcknowledgementRow {
        replica: replica(by),
        counter,
        since: i64::from(byte) - 100,
        bytes: vec![byte; 3],
    };
    let mut put = |rows: &[AcknowledgementRow]| {
        store.commit(&Batch { acknowledgements: rows.to_vec(), ..Batch::default() }).unwrap();
        store.acknowledgements().unwrap()
    };
    assert_eq!(put(&[row(2, 3, 1), row(1, 1 << 48, 2)]), [row(1, 1 << 48, 2), row(2, 3, 1)]);
    // Older ones and other ones with the same counter are passed over, in whatever order they come.
    assert_eq!(put(&[row(2, 2, 9), row(2, 3, 8), row(1, 5, 7)]), [row(1, 1 << 48, 2), row(2, 3, 1)]);
    assert_eq!(put(&[row(2, 5, 5), row(2, 4, 4)]), [row(1, 1 << 48, 2), row(2, 5, 5)]);
}

fn what_is_known_of_files_is_kept(backend: &Backend) {
    let mut store = backend.store("a");
    let stretch =
        Stretch { replica: inkfold_engine::ReplicaId([5; 16]), first: 1, last: 1 << 48, record: RecordId([6; 32]) };
    let (hash, stretch) = ([1; 32], Some(stretch));
    let fact = FileFact { size: u64::MAX, modified: -1, changed: i64::MIN, inode: u64::MAX - 1, hash, stretch };
    let path = b"inkfold-data/\xff.ink".to_vec();
    let pending = PendingFile { path: path.clone(), reason: "its previous record isn't here".into() };
    store
        .commit(&Batch {
            facts: vec![(b"b".to_vec(), Some(fact)), (path.clone(), Some(FileFact { size: 0, stretch: None, ..fact }))],
            pending: vec![([3; 32], Some(pending.clone())), ([2; 32], Some(pending.clone()))],
            ..Batch::default()
        })
        .unwrap();
    store.commit(&Batch { facts: vec![(path.clone(), Some(fact))], ..Batch::default() }).unwrap();
    assert_eq!(store.fact(&path).unwrap(), Some(fact));
    assert_eq!(store.facts().unwrap(), [(b"b".to_vec(), fact), (path.clone(), fact)]);
    assert_eq!(store.pending().unwrap(), [([2; 32], pending.clone()), ([3; 32], pending.clone())]);
    let forget = Batch { facts: vec![(path.clone(), None)], pending: vec![([3; 32], None)], ..Batch::default() };
    store.commit(&forget).unwrap();
    assert_eq!((store.fact(&path).unwrap(), store.facts().unwrap().len()), (None, 1));
    assert_eq!(store.pending().unwrap(), [([2; 32], pending)]);
}

fn cards_are_replaced_at_will(backend: &Backend) {
    let mut store = backend.store("a");
    let card = |title: &str, trashed| DocumentCard { title: title.into(), trashed, edited: -5 };
    let put = |document, card| Batch { cards: vec![(document, card)], ..Batch::default() };
    store.commit(&put(document(2), Some(card("Zwei", false)))).unwrap();
    store.commit(&put(document(1), Some(card("", true)))).unwrap();
    store.commit(&put(document(2), Some(card("Two", true)))).unwrap();
    assert_eq!(store.cards().unwrap(), [(document(1), card("", true)), (document(2), card("Two", true))]);
    store.commit(&put(document(1), None)).unwrap();
    assert_eq!(store.cards().unwrap().len(), 1);
}

fn counts_add_up(backend: &Backend) {
    let mut store = backend.store("a");
    assert_eq!(store.counts().unwrap(), Counts::default());
    let records = line(replica(2), &["a", "b", "c"]);
    store.append_open(&beginning(replica(1), document(1)), 1, &[insert(0, "four")]).unwrap();
    let pending = PendingFile { path: vec![], reason: String::new() };
    let batch = Batch {
        records: vec![records[0].clone(), records[2].clone()],
        outbox: vec![outbox_file("one", 1, 1), outbox_file("seven", 1, 2)],
        pending: vec![([1; 32], Some(pending))],
        ..Batch::default()
    };
    store.commit(&batch).unwrap();
    let counts = Counts { records: 2, loose: 1, open_events: 4, outbox: 2, outbox_bytes: 8, pending: 1 };
    assert_eq!(store.counts().unwrap(), counts);
}
