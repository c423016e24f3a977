//! The operations on replicas' logs, and that their results depend on nothing but the set of records.

use inkfold_engine::{Content, Event, Events, Record, ReplicaId};
use inkfold_store::{Batch, Kind, Log, Materialise, State, Versions};
use proptest::prelude::*;

use crate::support::*;

on_both!(
    one_operation_is_committed_to_a_stream,
    a_batch_is_committed_as_one,
    streams_of_documents_count_for_themselves,
    a_log_tells_seq_kind_and_time,
    a_forked_log_lists_its_branches,
    unknown_events_are_kept_and_told_of,
    a_replica_replays_alone_and_says_what_waits,
    converging_depends_on_nothing_but_the_records,
    a_late_replica_changes_nothing_but_what_it_adds,
    the_blocks_have_an_order,
);

fn one_operation_is_committed_to_a_stream(backend: &Backend) {
    let mut store = backend.store("a");
    let (me, paper) = (replica(1), document(1));
    assert_eq!(store.last_seq(&me, &paper).unwrap(), None);
    store.commit_operation(&me, &paper, &[], 7, insert(0, "Hi")).unwrap();
    assert_eq!(store.last_seq(&me, &paper).unwrap(), Some(1));
    assert_eq!(store.operations(&me, &paper).unwrap(), [insert(0, "Hi")]);
    let first = seal(&mut *store, 8);
    store.commit_operation(&me, &paper, &[first.id()], 9, insert(2, "!")).unwrap();
    assert_eq!(store.last_seq(&me, &paper).unwrap(), Some(2));
    let second = seal(&mut *store, 10);
    assert_eq!(store.operations(&me, &paper).unwrap(), [insert(0, "Hi"), insert(2, "!")]);
    assert_eq!(store.replay(&me, &paper).unwrap(), State::of(paper, [second, first]));
}

fn a_batch_is_committed_as_one(backend: &Backend) {
    let mut store = backend.store("a");
    let (me, paper) = (replica(1), document(1));
    store.commit_operations(&me, &paper, &[], 1, &[]).unwrap();
    assert_eq!((store.last_seq(&me, &paper).unwrap(), store.open().unwrap()), (None, None));
    let batch = [marker(0), insert(1, "abc"), Event::Delete { at: 2, len: 2, backward: false }];
    store.commit_operations(&me, &paper, &[], 2, &batch).unwrap();
    assert_eq!(store.operations(&me, &paper).unwrap(), batch);
    let spoilt = [insert(2, "d"), insert(3, "\u{1}")];
    assert_eq!(store.commit_operations(&me, &paper, &[], 3, &spoilt).unwrap_err().code(), "store-open");
    assert_eq!(store.operations(&me, &paper).unwrap(), batch);
    assert_eq!(store.last_seq(&me, &paper).unwrap(), Some(5));
}

fn streams_of_documents_count_for_themselves(backend: &Backend) {
    let mut store = backend.store("a");
    let me = replica(1);
    let mut last = [None, None];
    for (turn, text) in ["one", "two", "three"].into_iter().enumerate() {
        for n in [0u8, 1] {
            let parents: Vec<_> = last[n as usize].iter().map(Record::id).collect();
            store.commit_operation(&me, &document(n), &parents, turn as i64, insert(0, text)).unwrap();
            last[n as usize] = Some(seal(&mut *store, turn as i64));
        }
    }
    for n in [0, 1] {
        assert_eq!(store.last_seq(&me, &document(n)).unwrap(), Some(10));
        let numbers: Vec<u64> = store.read_log(&me, &document(n)).unwrap().iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [1, 3, 5].map(|number| number + u64::from(n)));
    }
}

fn a_log_tells_seq_kind_and_time(backend: &Backend) {
    let mut store = backend.store("a");
    let (me, paper) = (replica(1), document(1));
    store.commit_operations(&me, &paper, &[], 10, &[marker(0), insert(1, "ab")]).unwrap();
    let sealed = seal(&mut *store, 20);
    store.commit_operation(&me, &paper, &[], 30, Event::Delete { at: 3, len: 2, backward: true }).unwrap();
    store.commit_operation(&me, &paper, &[], 40, Event::Join { at: 1 }).unwrap();
    let log = store.read_log(&me, &paper).unwrap();
    let told: Vec<_> =
        log.iter().map(|entry| (entry.seq, entry.count, entry.kind.name(), entry.time, entry.record)).collect();
    let id = Some(sealed.id());
    assert_eq!(
        told,
        [(0, 1, "marker", 20, id), (1, 2, "text", 20, id), (3, 2, "delete", 30, None), (5, 1, "join", 40, None)]
    );
    assert!(log.iter().all(|entry| entry.number == if entry.record.is_some() { 1 } else { 2 }));
    assert!(log.iter().all(|entry| entry.event.as_ref().map(Kind::of) == Some(entry.kind)));
    assert_eq!(store.read_log(&replica(2), &paper).unwrap(), []);
}

fn a_forked_log_lists_its_branches(backend: &Backend) {
    let mut store = backend.store("a");
    let common = next(replica(1), None, "ab");
    let short = next(replica(1), Some(&common), "c");
    let long = next(replica(1), Some(&common), "long");
    let longer = next(replica(1), Some(&short), "xy");
    store.commit(&Batch::of_records([&longer, &long, &short, &common].map(Clone::clone))).unwrap();
    let told: Vec<_> = store
        .read_log(&replica(1), &document(1))
        .unwrap()
        .into_iter()
        .map(|entry| (entry.number, entry.record.unwrap(), entry.seq))
        .collect();
    let mut branches = [short.id(), long.id()];
    branches.sort();
    let [a, b] = branches;
    assert_eq!(told, [(1, common.id(), 0), (2, a, 2), (2, b, 2), (3, longer.id(), 3)]);
    assert_eq!(store.last_seq(&replica(1), &document(1)).unwrap(), Some(5), "the greatest of the branches");
    assert_eq!(store.replay(&replica(1), &document(1)).unwrap().len(), 4);
}

fn unknown_events_are_kept_and_told_of(backend: &Backend) {
    let mut store = backend.store("a");
    let known = next(replica(1), None, "ab");
    let events = Events::Unknown { features: 1 << 9, count: 4, bytes: vec![200, 1, 0] };
    let content = Content { number: 2, first_seq: 2, time: 70, events, ..known.content().clone() };
    let unknown = Record::seal(content, known.id(), Some(known.id()), vec![]);
    store.commit(&Batch::of_records([known.clone(), unknown.clone()])).unwrap();
    let log = store.read_log(&replica(1), &document(1)).unwrap();
    let last = (log[1].seq, log[1].count, log[1].kind.name(), log[1].time, log[1].record, &log[1].event);
    assert_eq!(last, (2, 4, "unknown", 70, Some(unknown.id()), &None));
    assert_eq!(store.operations(&replica(1), &document(1)).unwrap(), known.events().runs());
    assert_eq!(store.last_seq(&replica(1), &document(1)).unwrap(), Some(5));
    assert_eq!(store.records(&document(1)).unwrap(), [known, unknown]);
}

/// Three authors who read each other: replica 3 answers replica 2, who answers replica 1.
fn conversation(backend: &Backend) -> Vec<Author> {
    let mut authors: Vec<Author> = (1..=3).map(|n| Author::new(backend, n)).collect();
    authors[0].edit(marker(0));
    authors[0].write("First. ");
    authors[0].seal();
    let records = authors[0].records();
    authors[1].receive(records);
    authors[1].edit(marker(0));
    authors[1].write("Second. ");
    authors[1].seal();
    authors[0].write("Meanwhile. ");
    authors[0].seal();
    let records = authors[1].records();
    authors[2].receive(records);
    authors[2].edit(Event::Delete { at: 3, len: 2, backward: false });
    authors[2].write("Third.");
    authors[2].seal();
    let all: Vec<Record> = authors.iter().flat_map(Author::records).collect();
    for author in &mut authors {
        author.receive(all.clone());
    }
    authors
}

fn a_replica_replays_alone_and_says_what_waits(backend: &Backend) {
    let authors = conversation(backend);
    let store = &authors[0].store;
    let alone = store.converged_document(&[replica(1)], &document(1)).unwrap();
    assert_eq!(alone.page().text(), "First. Meanwhile. ");
    assert_eq!(alone.waiting().count(), 0);
    let third = store.converged_document(&[replica(3)], &document(1)).unwrap();
    assert_eq!((third.page().text().as_str(), third.waiting().count()), ("", 1));
    let waiting: Vec<ReplicaId> = third.waiting().map(Record::replica).collect();
    assert_eq!(waiting, [replica(3)]);
    assert_eq!(third.missing().count(), 1);
    let missing = third.missing().next().unwrap();
    assert_eq!(store.record(&missing).unwrap().unwrap().replica(), replica(2));
}

fn converging_depends_on_nothing_but_the_records(backend: &Backend) {
    let authors = conversation(backend);
    let (store, paper) = (&authors[0].store, document(1));
    let expected = store.converge(&[replica(1), replica(2), replica(3)], &paper).unwrap();
    let text = authors[0].page.page().text();
    assert_eq!(text.matches("First. Meanwhile. ").count(), 0, "replica 3 took out two letters: {text}");
    for order in [[1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        assert_eq!(store.converge(&order.map(replica), &paper).unwrap(), expected, "{order:?}");
        assert_eq!(store.converged_document(&order.map(replica), &paper).unwrap().page().text(), text);
    }
    let twice = [3, 1, 1, 2, 3].map(replica);
    assert_eq!(store.converge(&twice, &paper).unwrap(), expected);
    for author in &authors {
        assert_eq!(author.store.converge(&twice, &paper).unwrap(), expected);
        assert_eq!(author.store.open_document(&paper).unwrap().unwrap().document.page().text(), text);
        assert_eq!(author.page.page().text(), text);
    }
    assert_eq!(store.converge(&[], &paper).unwrap(), State::new(paper));
}

fn a_late_replica_changes_nothing_but_what_it_adds(backend: &Backend) {
    let authors = conversation(backend);
    let records = authors[0].records();
    let expected = authors[0].store.converge(&[1, 2, 3].map(replica), &document(1)).unwrap();
    for late in 1..=3 {
        let mut store = backend.store(&format!("late {late}"));
        let (rest, early): (Vec<Record>, Vec<Record>) =
            records.iter().cloned().partition(|record| record.replica() == replica(late));
        store.commit(&Batch::of_records(early.iter().chain(&early).cloned())).unwrap();
        let part = store.converge(&[1, 2, 3].map(replica), &document(1)).unwrap();
        assert_eq!(part.len(), early.len());
        let mut page = store.open_document(&document(1)).unwrap().unwrap().document;
        store.commit(&Batch::of_records(rest.iter().rev().cloned())).unwrap();
        page.absorb(rest);
        assert_eq!(store.converge(&[3, 2, 1].map(replica), &document(1)).unwrap(), expected);
        assert_eq!(page.page().text(), authors[0].page.page().text());
        let mut joined = part;
        joined.join(&store.replay(&replica(late), &document(1)).unwrap());
        assert_eq!(joined, expected, "joined to what was there before");
    }
}

fn the_blocks_have_an_order(backend: &Backend) {
    let authors = conversation(backend);
    let all = [2, 3, 1].map(replica);
    let order = authors[0].store.block_order(&all, &document(1)).unwrap();
    assert_eq!(order.len(), authors[0].page.page().block_count());
    let writers: Vec<ReplicaId> =
        order.iter().map(|block| authors[0].store.record(&block.unwrap().record).unwrap().unwrap().replica()).collect();
    assert_eq!(writers, [replica(2), replica(1)]);
    for author in &authors {
        assert_eq!(author.store.block_order(&all, &document(1)).unwrap(), order);
    }
}

/// What an author may do in a random history.
#[derive(Debug, Clone)]
enum Step {
    Insert(usize, u16, char),
    Split(usize, u16),
    Delete(usize, u16),
    Seal(usize),
    Send(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0usize..3;
    prop_oneof![
        4 => (who.clone(), any::<u16>(), prop::char::range('a', 'z')).prop_map(|(w, p, c)| Step::Insert(w, p, c)),
        1 => (who.clone(), any::<u16>()).prop_map(|(w, p)| Step::Split(w, p)),
        1 => (who.clone(), any::<u16>()).prop_map(|(w, p)| Step::Delete(w, p)),
        1 => who.clone().prop_map(Step::Seal),
        2 => (who.clone(), who).prop_map(|(a, b)| Step::Send(a, b)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever was written and in whatever order it came: every store folds it into the same document.
    #[test]
    fn random_histories_converge(
        steps in prop::collection::vec(step(), 1..40),
        order in Just([1u8, 2, 3]).prop_shuffle(),
        durable in any::<bool>(),
    ) {
        let backend = if durable { Backend::fast_sqlite() } else { Backend::memory() };
        let mut authors: Vec<Author> = (1..=3).map(|n| Author::new(&backend, n)).collect();
        for step in steps {
            match step {
                Step::Insert(who, at, c) => {
                    let at = u64::from(at) % u64::from(authors[who].page.page().len() + 1);
                    authors[who].edit(insert(at, &c.to_string()));
                }
                Step::Split(who, at) => {
                    let at = u64::from(at) % u64::from(authors[who].page.page().len() + 1);
                    authors[who].edit(marker(at));
                }
                Step::Delete(who, at) => {
                    let len = u64::from(authors[who].page.page().len());
                    if len > 0 {
                        authors[who].edit(Event::Delete { at: u64::from(at) % len + 1, len: 1, backward: false });
                    }
                }
                Step::Seal(who) => authors[who].seal(),
                Step::Send(from, to) => {
                    let records = authors[from].records();
                    authors[to].receive(records);
                }
            }
        }
        for author in &mut authors {
            author.seal();
        }
        let all: Vec<Record> = authors.iter().flat_map(Author::records).collect();
        for (turn, author) in authors.iter_mut().enumerate() {
            let mut delivery = all.clone();
            delivery.rotate_left(turn * all.len() / 3);
            author.receive(delivery);
        }
        let order = order.map(replica);
        let state = authors[0].store.converge(&order, &document(1)).unwrap();
        let text = authors[0].page.page().text();
        for author in &authors {
            prop_assert_eq!(&author.store.converge(&[1, 2, 3].map(replica), &document(1)).unwrap(), &state);
            let folded = author.store.converged_document(&order, &document(1)).unwrap();
            prop_assert_eq!(folded.page().text(), text.as_str());
            prop_assert_eq!(author.page.page().text(), text.as_str());
            prop_assert_eq!(folded.waiting().count(), 0);
            prop_assert_eq!(folded.block_order(), authors[0].page.block_order());
        }
    }
}
