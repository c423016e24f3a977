//! The two backends against each other: the same random calls have the same results, errors included.

use inkfold_engine::{Record, RecordId};
use inkfold_store::{
    AcknowledgementRow, Batch, Chain, DocumentCard, FileFact, Log, OpenStart, OutboxFile, PendingFile, Signature,
    Storage, StoreError,
};
use proptest::prelude::*;

use crate::support::*;

/// A call. Records are named by their place in a pool that is made first.
#[derive(Debug, Clone)]
enum Call {
    Ingest(Vec<usize>),
    Append { replica: u8, document: u8, parent: Option<usize>, wrong: bool, text: String },
    Seal { stale: bool, also: Vec<usize>, queue: Option<u8> },
    Put { key: u8, value: Option<u8> },
    Sign { record: usize, key: u8 },
    Queue { name: u8, first: u64, last: u64, done: Option<u8> },
    Reopen,
}

/// How a record of the pool is made: by whom, after which of his records, where, with which parents.
#[derive(Debug, Clone)]
struct Recipe {
    replica: u8,
    after: u8,
    document: u8,
    parents: Vec<u8>,
}

/// Records of three replicas that fork now and then.
fn pool(recipes: &[Recipe]) -> Vec<Record> {
    let mut pool: Vec<Record> = Vec::new();
    for (place, recipe) in recipes.iter().enumerate() {
        let own: Vec<&Record> = pool.iter().filter(|record| record.replica() == replica(recipe.replica)).collect();
        // Mostly after the last one, sometimes after one further back, which forks.
        let back = [0, 0, 0, 0, 0, 1, 2, 3][usize::from(recipe.after) % 8];
        let previous = own.len().checked_sub(1 + back).map(|at| own[at]);
        let on_chain = |id: &RecordId| own.iter().find(|record| record.id() == *id).copied();
        let mut here = previous;
        while let Some(record) = here.filter(|record| record.document() != document(recipe.document)) {
            here = on_chain(&record.previous());
        }
        let others: Vec<&Record> =
            pool.iter().filter(|record| record.document() == document(recipe.document)).collect();
        let parents = match others.len() {
            0 => vec![],
            len => recipe.parents.iter().map(|&parent| others[usize::from(parent) % len].id()).collect(),
        };
        let record = made(Made {
            replica: replica(recipe.replica),
            document: document(recipe.document),
            previous,
            previous_here: here,
            parents,
            text: &format!("{place} "),
        });
        pool.push(record);
    }
    pool
}

fn recipe() -> impl Strategy<Value = Recipe> {
    (1u8..4, any::<u8>(), 0u8..3, prop::collection::vec(any::<u8>(), 0..3))
        .prop_map(|(replica, after, document, parents)| Recipe { replica, after, document, parents })
}

fn call() -> impl Strategy<Value = Call> {
    let some = prop::collection::vec(0usize..24, 0..6);
    prop_oneof![
        4 => some.clone().prop_map(Call::Ingest),
        5 => (1u8..5, 0u8..3, prop::option::of(0usize..24), prop::bool::weighted(0.1), "[a-z]{0,3}").prop_map(
            |(replica, document, parent, wrong, text)| Call::Append { replica, document, parent, wrong, text }
        ),
        3 => (prop::bool::weighted(0.1), some, prop::option::of(0u8..4))
            .prop_map(|(stale, also, queue)| Call::Seal { stale, also, queue }),
        1 => (0u8..4, prop::option::of(any::<u8>())).prop_map(|(key, value)| Call::Put { key, value }),
        1 => (0usize..24, 0u8..3).prop_map(|(record, key)| Call::Sign { record, key }),
        1 => (0u8..4, 1u64..4, 1u64..9, prop::option::of(0u8..4))
            .prop_map(|(name, first, last, done)| Call::Queue { name, first, last, done }),
        1 => Just(Call::Reopen),
    ]
}

fn outbox_file(name: u8, first: u64, last: u64) -> OutboxFile {
    OutboxFile { name: format!("file {name}"), replica: replica(name % 3), first, last, bytes: vec![name; 3] }
}

/// Makes a call; the result as text, so that results of both backends can be compared.
fn make(store: &mut dyn Storage, call: &Call, pool: &[Record]) -> String {
    let chosen = |places: &[usize]| places.iter().map(|&place| pool[place % pool.len()].clone()).collect::<Vec<_>>();
    let told = |result: Result<String, StoreError>| result.unwrap_or_else(|error| format!("{}: {error}", error.code()));
    match call {
        Call::Ingest(places) => {
            told(store.commit(&Batch::of_records(chosen(places))).map(|committed| format!("{committed:?}")))
        }
        Call::Append { replica: by, document: of, parent, wrong, text } => {
            let (by, of) = (replica(*by), document(*of));
            let open = store.open().unwrap().filter(|open| open.start.replica == by && open.start.document == of);
            let parents: Vec<RecordId> = parent.iter().map(|&place| pool[place % pool.len()].id()).collect();
            let start = match open {
                Some(open) if !wrong => Ok(open.start),
                _ => store.start(&by, &of, &parents),
            };
            told(start.and_then(|start| {
                let start = OpenStart { first_seq: start.first_seq + u64::from(*wrong), ..start };
                store.append_open(&start, 5, &[insert(0, text), marker(0)]).map(|()| "appended".into())
            }))
        }
        Call::Seal { stale, also, queue } => {
            let seal = store.open().unwrap().map(|mut open| {
                if *stale {
                    open.runs.pop();
                }
                open.seal(WORKSPACE, 6)
            });
            let outbox = queue.iter().map(|&name| outbox_file(name, 1, 2)).collect();
            let batch = Batch { seal, records: chosen(also), outbox, ..Batch::default() };
            told(store.commit(&batch).map(|committed| format!("{committed:?}")))
        }
        Call::Put { key, value } => {
            let fact = |value| FileFact {
                size: value,
                modified: 1,
                changed: 2,
                inode: value,
                hash: [*key; 32],
                stretch: None,
            };
            let batch = Batch {
                settings: vec![(key.to_string(), value.map(|value| vec![value]))],
                facts: vec![(vec![*key], value.map(|value| fact(u64::from(value) << 57)))],
                pending: vec![(
                    [*key; 32],
                    value.map(|value| PendingFile { path: vec![value], reason: value.to_string() }),
                )],
                cards: vec![(
                    document(*key),
                    value.map(|value| DocumentCard { title: value.to_string(), trashed: value < 9, edited: 4 }),
                )],
                ..Batch::default()
            };
            told(store.commit(&batch).map(|committed| format!("{committed:?}")))
        }
        Call::Sign { record, key } => {
            let record = &pool[record % pool.len()];
            let (replica, number) = (record.replica(), record.number());
            let signature = Signature { replica, number, record: record.id(), bytes: [*key; 64] };
            let counter = u64::from(*key) % 4 + 1;
            let said = AcknowledgementRow { replica, counter, since: number as i64, bytes: vec![*key] };
            let batch = Batch {
                signatures: vec![signature],
                keys: vec![(replica, [*key; 32])],
                acknowledgements: vec![said],
                ..Batch::default()
            };
            told(store.commit(&batch).map(|committed| format!("{committed:?}")))
        }
        Call::Queue { name, first, last, done } => {
            let outbox_done = done.iter().map(|done| format!("file {done}")).collect();
            let batch = Batch { outbox: vec![outbox_file(*name, *first, *last)], outbox_done, ..Batch::default() };
            told(store.commit(&batch).map(|committed| format!("{committed:?}")))
        }
        Call::Reopen => String::new(),
    }
}

/// Everything that can be asked of a store, as text.
fn everything(store: &dyn Storage, pool: &[Record]) -> String {
    let mut told = Vec::new();
    macro_rules! tell {
        ($($question:expr),+ $(,)?) => { $(match $question {
            Ok(answer) => told.push(format!("{} {answer:?}", stringify!($question))),
            Err(error) => told.push(format!("{} {}: {error}", stringify!($question), error.code())),
        })+ };
    }
    tell!(store.open(), store.documents(), store.replicas(), store.outbox(), store.facts(), store.pending());
    tell!(store.cards(), store.counts(), store.acknowledgements());
    for n in 0..5 {
        let (by, name) = (replica(n), format!("file {n}"));
        tell!(store.ends(&by), store.first_fork(&by), store.line_end(&by), store.key(&by), store.queued_to(&by));
        tell!(store.signatures(&by, 0..u64::MAX), store.signatures(&by, 2..4), store.records_of(&by, 2..4));
        tell!(store.outbox_file(&name), store.setting(&n.to_string()), store.fact(&[n]), store.records(&document(n)));
        tell!(store.heads(&document(n)), store.records_at(&by, 2));
        for m in 0..3 {
            let of = document(m);
            tell!(
                store.stream(&by, &of),
                store.latest(&by, &of, 3),
                store.read_log(&by, &of),
                store.last_seq(&by, &of)
            );
            tell!(store.replay(&by, &of));
        }
    }
    for record in pool {
        let id = record.id();
        tell!(store.record(&id), store.link(&id), store.signature(&id), store.branch(&id, 2));
        for n in 0..3 {
            tell!(store.previous_here(&id, &document(n)), store.record_at(&id, u64::from(n) + 1));
        }
    }
    told.join("\n")
}

/// What has to be so in any store, asked in the dumbest way.
fn check(store: &dyn Storage, pool: &[Record]) {
    for record in pool.iter().filter(|record| store.has(&record.id()).unwrap()) {
        let id = record.id();
        let mut chain = vec![record.clone()];
        while let Some(previous) = store.record(&chain[chain.len() - 1].previous()).unwrap() {
            chain.push(previous);
        }
        let rooted = chain[chain.len() - 1].number() == 1;
        assert_eq!(store.link(&id).unwrap().unwrap().rooted, rooted);
        for other in &chain {
            assert_eq!(store.record_at(&id, other.number()).unwrap(), Some(other.id()));
        }
        for n in 0..3 {
            let expected = chain.iter().find(|other| other.document() == document(n)).map(Record::id);
            match store.previous_here(&id, &document(n)) {
                Ok(found) => assert_eq!(found, expected),
                Err(error) => assert!(error.code() == "store-missing" && !rooted && expected.is_none()),
            }
        }
    }
    for n in 0..5 {
        let records = store.records_of(&replica(n), 0..u64::MAX).unwrap();
        let rooted = |record: &&Record| store.link(&record.id()).unwrap().unwrap().rooted;
        let followed = |id: RecordId| records.iter().filter(rooted).any(|record| record.previous() == id);
        let tips: Vec<RecordId> = records.iter().filter(rooted).map(Record::id).filter(|id| !followed(*id)).collect();
        let found: Vec<RecordId> = store.tips(&replica(n)).unwrap().iter().map(|tip| tip.record).collect();
        assert_eq!(found, tips);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn backends_agree(
        recipes in prop::collection::vec(recipe(), 4..24),
        calls in prop::collection::vec(call(), 1..40),
    ) {
        let pool = pool(&recipes);
        let disk = Backend::fast_sqlite();
        let mut durable = disk.store("a");
        let mut memory = Backend::memory().store("a");
        for call in &calls {
            if matches!(call, Call::Reopen) {
                drop(durable);
                durable = disk.store("a");
            }
            let answers = (make(&mut *durable, call, &pool), make(&mut *memory, call, &pool));
            prop_assert_eq!(&answers.0, &answers.1, "{:?}", call);
        }
        prop_assert_eq!(everything(&*durable, &pool), everything(&*memory, &pool));
        check(&*durable, &pool);
    }
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let disk = Backend::sqlite();
    assert!(disk.keeps());
    let records = line(replica(1), &["a", "b"]);
    let mut store = disk.store("a");
    store.commit(&Batch::of_records(records.clone())).unwrap();
    store.append_open(&beginning(replica(2), document(2)), 1, &[insert(0, "open")]).unwrap();
    let before = everything(&*store, &records);
    drop(store);
    assert_eq!(everything(&*disk.store("a"), &records), before);
}
