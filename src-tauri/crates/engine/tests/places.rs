//! Places stay with their element, whatever is written around it by whomever; where it goes, they are at what is left of it.

mod common;

use common::person::Person;
use common::seeds;
use fastrand::Rng;
use inkfold_engine::{ElementId, EventId, Place, Side};
use inkfold_testkit::edit::Edit;
use inkfold_testkit::history::{Kind, random_edit};
use inkfold_testkit::table;

/// Who inserted each element of the page, in order.
fn elements(person: &Person) -> Vec<ElementId> {
    let document = &person.document;
    let own = |event: &EventId| match event.record {
        // The open record follows all sealed ones.
        inkfold_engine::OPEN => {
            let of_this = |record: &&inkfold_engine::Record| record.replica() == person.replica;
            let end = person.records.iter().filter(of_this).map(inkfold_engine::Record::end_seq).max().unwrap_or(0);
            ElementId { replica: person.replica, seq: end + u64::from(event.offset) }
        }
        id => {
            let record = person.records.iter().find(|record| record.id() == id).expect("it is here");
            ElementId { replica: record.replica(), seq: record.content().first_seq + u64::from(event.offset) }
        }
    };
    let mut elements = Vec::new();
    for (block, marker) in document.block_order().iter().enumerate() {
        elements.extend(marker.as_ref().map(own));
        for (first, len) in document.elements(block) {
            elements.extend((0..len).map(|nth| own(&EventId { offset: first.offset + nth, ..first })));
        }
    }
    elements
}

/// A place, with the page that it was made on.
struct Made {
    place: Place,
    page: Vec<ElementId>,
    /// How many elements were before it.
    at: usize,
}

fn make(rng: &mut Rng, person: &Person) -> Made {
    let page = elements(person);
    let at = match rng.u8(..8) {
        0 => 0,
        1 => page.len(),
        _ => rng.usize(..=page.len()),
    };
    let side = if rng.bool() { Side::Before } else { Side::After };
    let place = person.document.place(at as u32, side);
    let neighbour = match side {
        Side::After => at.checked_sub(1),
        Side::Before => Some(at),
    };
    assert_eq!(place, Place { element: neighbour.and_then(|nth| page.get(nth)).copied(), side });
    Made { place, page, at }
}

/// Looks at where a place is now. Where blocks only are divided and joined, all that was left of it and is still shown is left of it,
/// and what was right of it is right of it.
fn check(made: &Made, person: &mut Person, in_order: bool) -> Result<(), String> {
    let page = elements(person);
    let position = person.document.position(&made.place).ok_or("it has no position")? as usize;
    let index = |element: &ElementId| page.iter().position(|other| other == element);
    let (expected_least, expected_most) = match made.place {
        Place { element: None, side: Side::After } => (0, 0),
        Place { element: None, side: Side::Before } => (page.len(), page.len()),
        Place { element: Some(element), side } => match index(&element) {
            Some(at) => {
                let at = at + usize::from(side == Side::After);
                (at, at)
            }
            None if in_order => {
                let left = made.page[..made.at].iter().filter_map(index).max();
                let right = made.page[made.at..].iter().filter_map(index).min();
                (left.map_or(0, |left| left + 1), right.unwrap_or(page.len()))
            }
            None => (0, page.len()),
        },
    };
    if (expected_least..=expected_most).contains(&position) {
        return Ok(());
    }
    Err(format!("{:?} is at {position}, not in {expected_least}..={expected_most}", made.place))
}

const DIVIDED: &[Kind] =
    &[Kind::Type, Kind::Type, Kind::Backspace, Kind::DeleteForward, Kind::DeleteRange, Kind::Enter, Kind::Join];
const ALL: &[Kind] = &[
    Kind::Type,
    Kind::Type,
    Kind::Backspace,
    Kind::DeleteRange,
    Kind::Enter,
    Kind::Enter,
    Kind::Join,
    Kind::RemoveWithText,
    Kind::Object,
    Kind::MoveOne,
    Kind::MoveRun,
];

fn run(seed: u64, kinds: &[Kind], in_order: bool) {
    let mut rng = Rng::with_seed(seed);
    let mut first = Person::new(9);
    first.edit(&table::start(["", "abc/def/ghi", "ab"][seed as usize % 3]));
    first.seal();
    let mut people: Vec<Person> = (1..4).map(Person::new).collect();
    people.iter_mut().for_each(|person| person.hear(&first.records));
    let mut made: Vec<Vec<Made>> = people.iter().map(|_| Vec::new()).collect();
    for step in 0..rng.usize(5..40) {
        let who = rng.usize(..people.len());
        if rng.u8(..3) == 0 {
            let records = {
                let other = &mut people[rng.usize(..3)];
                other.seal();
                other.records.clone()
            };
            people[who].hear(&records);
        }
        let person = &mut people[who];
        match rng.u8(..10) {
            // What is undone may be hidden, too.
            0 if !in_order => drop(person.undo()),
            1 if !in_order => drop(person.redo()),
            2 => person.reopen(),
            _ => {
                let edit = rng.choice(kinds).and_then(|&kind| random_edit(&mut rng, kind, &person.page(), 3));
                // A range over more than two blocks removes those between, and what is hidden may be passed by.
                let keeps_order = |edit: &Edit| match edit {
                    Edit::Delete { from, to } => !in_order || to.block <= from.block + 1,
                    Edit::Join { block } => *block > 0,
                    _ => true,
                };
                if let Some(edit) = edit.filter(keeps_order) {
                    person.edit(&[edit]);
                }
            }
        }
        // What was inserted is told by the history only.
        if !person.document.has_history() {
            person.seal();
            person.load();
        }
        made[who].push(make(&mut rng, person));
        for place in &made[who] {
            check(place, person, in_order).unwrap_or_else(|error| panic!("seed {seed}, step {step}: {error}"));
        }
    }
    // Everybody finds a place where everybody else does.
    let all: Vec<_> = people.iter_mut().flat_map(|person| (person.seal(), person.records.clone()).1).collect();
    people.iter_mut().for_each(|person| person.hear(&all));
    for place in made.iter().flatten() {
        let found: Vec<Option<u32>> = people
            .iter_mut()
            .map(|person| {
                if !person.document.has_history() {
                    person.load();
                }
                person.document.position(&place.place)
            })
            .collect();
        assert!(found.iter().all(|at| at.is_some() && *at == found[0]), "seed {seed}: {:?} {found:?}", place.place);
        check(place, &mut people[0], in_order).unwrap_or_else(|error| panic!("seed {seed}, in the end: {error}"));
    }
}

#[test]
fn where_blocks_are_divided_and_joined() {
    seeds(2_000).for_each(|seed| run(seed, DIVIDED, true));
}

#[test]
fn where_anything_happens() {
    seeds(2_000).for_each(|seed| run(seed, ALL, false));
}

/// A document, a position on it and a side; what happens; the position then.
#[test]
fn where_a_place_is_then() {
    use Side::{After, Before};
    let table: &[(&str, u32, Side, &str, u32)] = &[
        // The positions of "ab/cd" are: 1 (its marker), a 2, b 3; 4, c 5, d 6.
        ("ab/cd", 2, After, "type 0@1 x", 2),
        ("ab/cd", 2, Before, "type 0@1 x", 3),
        ("ab/cd", 3, After, "type 0@2 x", 3),
        ("ab/cd", 3, Before, "type 0@2 x", 4),
        ("ab/cd", 2, After, "type 0@0 xyz", 5),
        // Divided and joined.
        ("ab/cd", 2, After, "enter 0@1", 2),
        ("ab/cd", 2, Before, "enter 0@1", 3),
        ("ab/cd", 4, After, "enter 1@0", 5),
        ("ab/cd", 4, Before, "enter 1@0", 5),
        ("ab/cd", 4, After, "join 1", 3),
        ("ab/cd", 4, Before, "join 1", 3),
        ("ab/cd", 4, After, "join 1; undo", 4),
        ("ab/cd", 4, Before, "join 1; undo", 4),
        // Deleted: right after what is left of it, whichever neighbour it was.
        ("abcd", 3, After, "delete 0@1 0@2", 2),
        ("abcd", 3, Before, "delete 0@2 0@3", 3),
        ("abcd", 3, After, "delete 0@0 0@4", 1),
        ("abcd", 3, After, "delete 0@0 0@4; type 0@0 xy", 3),
        ("abcd", 3, After, "delete 0@0 0@4; undo", 3),
        // A block that is hidden: before what comes after it.
        ("ab/cd/ef", 4, After, "remove 1", 3),
        ("ab/cd/ef", 6, After, "remove 1", 3),
        ("ab/cd/ef", 6, After, "remove 1; undo", 6),
        ("ab//ef", 4, After, "remove 1; undo", 4),
        // It goes with its block.
        ("ab/cd/ef", 2, After, "mv 0 3", 8),
        ("ab/cd/ef", 2, After, "mv 0 3; delete 2@0 2@1", 7),
        ("ab/cd/ef", 5, Before, "mv 1 0; type 0@0 x", 3),
        // The beginning and the end.
        ("ab", 0, After, "enter 0@0; type 0@0 x", 0),
        ("ab", 0, Before, "enter 0@0; type 0@0 x", 2),
        ("ab", 3, Before, "enter 0@2; type 1@0 x", 5),
        ("ab", 9, Before, "type 0@2 x", 4),
        ("ab", 9, After, "type 0@2 x", 3),
        ("", 0, After, "enter 0@0; type 0@0 ab", 0),
        ("", 0, Before, "enter 0@0; type 0@0 ab", 3),
        ("", 7, After, "type 0@0 ab", 0),
    ];
    for (start, at, side, edits, then) in table {
        for reopens in [false, true] {
            let mut person = Person::new(1);
            person.edit(&table::start(start));
            let place = person.document.place(*at, *side);
            for edit in edits.split(';') {
                person.act(&table::read(edit.trim()), inkfold_engine::undo::Grouping::Step);
            }
            if reopens {
                person.reopen();
                // Where something was that is gone is in the history only.
                let at = person.document.position(&place);
                assert!(at.is_none() || at == Some(*then), "{start}: {place:?} {edits}: {at:?}");
                person.load();
            }
            assert_eq!(person.document.position(&place), Some(*then), "{start}: {at} {side:?} {edits}");
        }
    }
}

#[test]
fn what_is_not_here_has_no_position() {
    let mut person = Person::new(1);
    person.edit(&table::start("ab"));
    let own = |seq| ElementId { replica: person.replica, seq };
    let stranger = ElementId { replica: Person::new(7).replica, seq: 0 };
    let events = [own(3), own(u64::MAX), own(1 << 32), own((1 << 32) + 1), stranger];
    for side in [Side::Before, Side::After] {
        for element in events {
            let place = Place { element: Some(element), side };
            assert_eq!(person.document.position(&place), None, "{place:?}");
        }
    }
    // An event that inserted nothing is no element.
    person.edit(&[table::read("delete 0@0 0@1")]);
    let place = Place { element: Some(ElementId { replica: person.replica, seq: 3 }), side: Side::After };
    assert_eq!(person.document.position(&place), None);
}
