//! The page is all that is needed of what everybody knows: whoever forgets the rest sees the same from then on.

use std::collections::BTreeSet;

use inkfold_engine::event::{End, Start, Value};
use inkfold_engine::ids::{RecordId, ReplicaId};
use inkfold_engine::record::Record;
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{History, Plan, Replica, Shape, World};
use inkfold_testkit::table::show;

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
            let what = || format!("{plan:?}, after {count} records, with {} of {}", known.len(), history.records.len());
            assert_eq!(show(&shown), show(&expected), "{}", what());
            assert_eq!(shown, expected, "{}", what());
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

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// `INKFOLD_HISTORIES` asks for more of them, `INKFOLD_FIRST` for others.
fn run(plan: impl Fn(u64) -> Plan) {
    let (first, histories) = (number("INKFOLD_FIRST", 0), number("INKFOLD_HISTORIES", 400));
    // In rounds, so that there are many critical versions; the records of forks would be ordered by their new ids.
    let in_rounds = |plan: Plan| Plan { shape: Shape::Rounds, forks: false, ..plan };
    let checked: usize = (first..first + histories).map(|seed| check(&in_rounds(plan(seed)))).sum();
    assert!(checked as u64 > histories, "only {checked} critical versions in {histories} histories");
}

#[test]
fn without_moves_and_cancels() {
    run(Plan::mixed);
}

#[test]
fn with_moves() {
    run(Plan::moves);
}

#[test]
fn with_cancels() {
    run(Plan::cancels);
}

#[test]
fn with_everything() {
    run(Plan::everything);
}

fn place(block: usize, offset: usize) -> Place {
    Place { block, offset }
}

fn text(block: usize, offset: usize, text: &str) -> Edit {
    Edit::Type { at: place(block, offset), text: text.into() }
}

fn enter(block: usize, offset: usize) -> Edit {
    Edit::Enter { at: place(block, offset), attributes: Default::default() }
}

fn move_one(block: usize, gap: usize) -> Edit {
    Edit::Move { first: block, last: block, gap }
}

/// A first replica makes a document; others, with these ids, edit what it shows. Gives back what is shown in the end, with
/// the past and without it.
fn play(first: &[Edit], others: &[(u8, &[&[Edit]])]) -> (String, String) {
    let mut world = World::new();
    let mut maker = Replica::new(ReplicaId([1; 16]));
    maker.edit(&mut world, first);
    let earlier: BTreeSet<RecordId> = maker.known.clone();
    for (id, records) in others {
        let mut replica = Replica::new(ReplicaId([*id; 16]));
        replica.learn(&maker);
        for edits in *records {
            replica.edit(&mut world, edits);
        }
    }
    let all: BTreeSet<RecordId> = world.records.iter().map(Record::id).collect();
    let rebased = world.model.rebased(&earlier, &world.records[1..]).expect("nothing is cancelled");
    let shown = show(&world.model.document(all.iter().copied()));
    (shown, show(&rebased.document(all.difference(&earlier).copied())))
}

/// What was typed behind a deleted letter is where that is on the page, not where it is in the sequence: there, the block
/// that was moved away is still in between.
#[test]
fn a_mark_covers_what_is_within_it_on_the_page() {
    let first = [
        enter(0, 0),
        text(0, 0, "q"),
        enter(0, 1),
        text(1, 0, "b"),
        enter(1, 1),
        text(2, 0, "ce"),
        move_one(1, 3),
        Edit::Join { block: 1 },
    ];
    let bold = Edit::Mark {
        from: place(0, 0),
        to: place(0, 2),
        start: Start::Before,
        end: End::Grows,
        key: "bold".into(),
        value: Some(Value::Flag(true)),
    };
    let marks = [Edit::Delete { from: place(0, 1), to: place(0, 2) }, bold];
    let (shown, rebased) = play(&first, &[(2, &[&marks]), (3, &[&[text(0, 2, "x")]])]);
    assert_eq!((shown.as_str(), rebased.as_str()), ("{b:qxe}/b", "{b:qxe}/b"));
}

/// A block that was removed long ago stands between two others, but whoever moves and splits those doesn't see it.
#[test]
fn a_hidden_block_stands_in_nobodys_way() {
    let first = [
        enter(0, 0),
        text(0, 0, "ab"),
        enter(0, 2),
        text(1, 0, "cd"),
        enter(1, 2),
        text(2, 0, "ef"),
        move_one(1, 0),
        Edit::Remove { block: 0, with_text: true },
    ];
    let splits: &[&[Edit]] = &[&[enter(1, 2)], &[text(2, 0, "N")]];
    let joins: &[&[Edit]] = &[&[Edit::Join { block: 1 }]];
    let moves: &[&[Edit]] =
        &[&[move_one(0, 2)], &[move_one(1, 0)], &[enter(0, 2)], &[text(1, 0, "M")], &[move_one(0, 3)]];
    let (shown, rebased) = play(&first, &[(3, splits), (5, joins), (7, moves)]);
    assert_eq!((shown.as_str(), rebased.as_str()), ("Mef/N/ab", "Mef/N/ab"));
}
