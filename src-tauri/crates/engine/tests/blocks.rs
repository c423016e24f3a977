//! Blocks hold any records: what goes on over the end of a record is one run there, and comes out as two.
#![allow(clippy::unwrap_used)]

use inkfold_engine::codec::{
    BlockHeader, BlockLimits, ParentRef, RecordParts, canonical_bytes, decode_block, decode_canonical, encode_block,
};
use inkfold_engine::event::Attributes;
use inkfold_engine::{Content, DocumentId, Event, Events, Insertion, ReplicaId, WorkspaceId};
use proptest::prelude::*;

const HEADER: BlockHeader =
    BlockHeader { workspace: WorkspaceId([1; 16]), replica: ReplicaId([2; 16]), first_number: 7 };
const LIMITS: BlockLimits = BlockLimits { records: 1000, runs: 1000 };

fn text(at: u64, text: &str) -> Event {
    Event::Insert { at, what: Insertion::Text(text.into()) }
}

fn delete(at: u64, len: u64, backward: bool) -> Event {
    Event::Delete { at, len, backward }
}

/// Records with these events, each a replica's next one in one of three documents.
fn records(lists: Vec<Events>) -> Vec<RecordParts> {
    let (mut seqs, mut number) = ([0; 3], HEADER.first_number);
    let record = |events: Events| {
        let document = (number % 5).min(2);
        let content = Content {
            workspace: HEADER.workspace,
            document: DocumentId([document as u8; 16]),
            replica: HEADER.replica,
            number,
            first_seq: seqs[document as usize],
            time: 1_700_000_000_000 + (number as i64 % 4) * 1000,
            events,
        };
        seqs[document as usize] += content.events.count();
        number += 1;
        let parents = (0..number % 3).map(|tip| ParentRef { tip: tip as u32, number: number + tip });
        RecordParts { content, parents: parents.collect() }
    };
    lists.into_iter().map(record).collect()
}

/// The block, after a look at whether it gives back the records.
fn block(records: &[RecordParts]) -> Vec<u8> {
    let bytes = encode_block(&HEADER, records);
    let decoded = decode_block(&HEADER, &bytes, LIMITS).unwrap();
    assert_eq!(decoded, records);
    assert_eq!(encode_block(&HEADER, &decoded), bytes);
    bytes
}

#[test]
fn what_goes_on_in_the_next_record_is_no_new_run() {
    let unknown = || Events::Unknown { features: 1 << 40, count: 3, bytes: vec![1, 2, 3] };
    let table: &[(&[&[Event]], usize)] = &[
        // Text typed on, over two ends of records and in scalars that take several bytes.
        (&[&[text(0, "añ")], &[text(2, "🙂b")], &[text(4, "c")]], 1),
        (&[&[text(0, "ab")], &[text(1, "cd")]], 2),
        // Backspaces and deletions that go on.
        (&[&[delete(9, 3, true)], &[delete(6, 2, true)], &[delete(4, 1, false)]], 1),
        (&[&[delete(5, 1, false)], &[delete(5, 2, false)]], 1),
        // The first event of the second record belongs to the first run, but begins another one in its record.
        (&[&[delete(5, 2, false)], &[delete(5, 3, true)]], 2),
        (&[&[delete(5, 2, true)], &[delete(3, 2, false)]], 2),
        (&[&[delete(5, 1, false)], &[delete(5, 2, true), delete(3, 2, false)]], 3),
        // Long ones.
        (&[&[text(0, &"ä".repeat(300))], &[text(300, &"ö".repeat(16))], &[text(316, "x")]], 1),
        (&[&[delete(1, 1 << 24, false)], &[delete(1, 1 << 24, false)]], 1),
        (&[&[delete(u32::MAX.into(), 1 << 24, true)], &[delete(u64::from(u32::MAX) - (1 << 24), 2, true)]], 1),
    ];
    for (lists, runs) in table {
        let known = |list: &&[Event]| Events::from_runs(list.to_vec());
        let plain = records(lists.iter().map(known).collect());
        assert_eq!(run_column(&block(&plain)), *runs, "{lists:?}");
        // Records that can't be read change nothing about it.
        let mixed = records(lists.iter().flat_map(|list| [unknown(), known(list)]).collect());
        assert_eq!(run_column(&block(&mixed)), *runs, "{lists:?}");
    }
}

/// How many runs a block has: the length of its eighth column.
fn run_column(bytes: &[u8]) -> usize {
    let mut reader = inkfold_engine::codec::Reader(bytes);
    reader.uint().unwrap();
    (0..8).map(|_| reader.bytes().unwrap().len()).last().unwrap()
}

#[test]
fn runs_that_should_be_one_are_refused() {
    let table: &[&[Event]] = &[
        &[text(0, "ab"), text(2, "c")],
        &[delete(5, 2, true), delete(3, 2, true)],
        &[delete(5, 1, false), delete(5, 1, false)],
        // Only the first event of the second run goes on from the first.
        &[delete(5, 2, false), delete(5, 3, true)],
        &[delete(5, 2, true), delete(3, 2, false)],
    ];
    for runs in table {
        let content = |events| records(vec![events]).remove(0).content;
        let bytes = canonical_bytes(&content(Events::Known((*runs).into())));
        assert!(decode_canonical(&bytes).is_err(), "{runs:?}");
        let good = content(Events::from_runs(runs.to_vec()));
        assert_eq!(decode_canonical(&canonical_bytes(&good)), Ok(good));
    }
}

#[test]
fn limits_hold_for_what_comes_out() {
    // One run of the block, but one of each record.
    let records = records((0..50).map(|i| Events::from_runs([text(i, "a")])).collect());
    let bytes = block(&records);
    for (limits, fits) in [((50, 50), true), ((49, 50), false), ((50, 49), false)] {
        let limits = BlockLimits { records: limits.0, runs: limits.1 };
        assert_eq!(decode_block(&HEADER, &bytes, limits).is_ok(), fits, "{limits:?}");
    }
}

fn event() -> impl Strategy<Value = Event> {
    let at = 1u64..6;
    prop_oneof![
        4 => (at.clone(), "[aß🙂]{1,20}").prop_map(|(at, what)| text(at, &what)),
        6 => (at.clone(), 1u64..3, any::<bool>()).prop_map(|(at, len, backward)| delete(at + len, len, backward)),
        1 => at.clone().prop_map(|at| Event::Insert { at, what: Insertion::Marker(Attributes::new()) }),
        1 => at.clone().prop_map(|at| Event::Insert { at, what: Insertion::Object(Attributes::new()) }),
        1 => at.clone().prop_map(|at| Event::Join { at }),
        1 => at.clone().prop_map(|at| Event::Remove { at }),
        1 => (at.clone(), at).prop_map(|(first, to)| Event::Move { first, count: 1, to }),
    ]
}

fn events() -> impl Strategy<Value = Events> {
    prop_oneof![
        9 => prop::collection::vec(event(), 1..5).prop_map(Events::from_runs),
        1 => prop::collection::vec(any::<u8>(), 0..9)
            .prop_map(|bytes| Events::Unknown { features: 1 << 20, count: 5, bytes }),
    ]
}

proptest! {
    #[test]
    fn any_records_survive(lists in prop::collection::vec(events(), 1..30)) {
        block(&records(lists));
    }
}
