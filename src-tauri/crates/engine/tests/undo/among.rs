//! Several people write at random and undo among the others: everybody sees what the model makes of it, undo and redo together change
//! nothing, and who undoes all leaves what the others did.

use fastrand::Rng;
use inkfold_engine::Event;
use inkfold_testkit::edit::Edit;
use inkfold_testkit::history::{Kind, random_edit};
use inkfold_testkit::{model, table};

use crate::common::as_model;
use crate::common::person::{Person, Plain};
use crate::script::{self, Act, sync};

const TEXT: &[Kind] = &[Kind::Type, Kind::Type, Kind::Backspace, Kind::DeleteForward];
const INLINE: &[Kind] = &[
    Kind::Type,
    Kind::Type,
    Kind::Backspace,
    Kind::DeleteForward,
    Kind::Mark,
    Kind::Mark,
    Kind::Attribute,
    Kind::Object,
];
const ALL: &[Kind] = &[
    Kind::Type,
    Kind::Type,
    Kind::Backspace,
    Kind::DeleteRange,
    Kind::Enter,
    Kind::Enter,
    Kind::Join,
    Kind::RemoveWithText,
    Kind::Attribute,
    Kind::Mark,
    Kind::MoveOne,
    Kind::MoveRun,
];

fn people() -> Vec<Person> {
    let mut first = Person::new(9);
    first.edit(&table::start("abc/def/ghi"));
    first.seal();
    let mut people: Vec<Person> = (1..4).map(Person::new).collect();
    people.iter_mut().for_each(|person| person.hear(&first.records));
    people
}

/// What somebody saw before it was undone and done again.
struct Seen {
    plain: Plain,
    /// What was joined to a block that somebody removed is the only reason to show that: undo hides it, and nothing can be joined to it
    /// any more.
    is_sure: bool,
}

impl Seen {
    fn of(person: &Person) -> Self {
        let is_sure = !person.document.page().blocks().any(|block| block.is_removed());
        Seen { plain: person.plain(), is_sure }
    }

    fn letters(plain: &Plain) -> Vec<char> {
        let mut letters: Vec<char> = plain.iter().flat_map(|(.., text)| text).map(|(c, _)| *c).collect();
        letters.sort_unstable();
        letters
    }

    fn check(&self, person: &Person) -> Result<(), String> {
        let (is, was) = (person.plain(), &self.plain);
        if Self::letters(&is) != Self::letters(was) || (self.is_sure && is != *was) {
            return Err(format!("undone and redone:\n  is  {is:?}\n  was {was:?}"));
        }
        Ok(())
    }
}

fn act(people: &mut [Person], who: usize, act: &Act) -> Result<(), String> {
    let person = &mut people[who];
    match act {
        Act::Seal => person.seal(),
        Act::Reopen => person.reopen(),
        Act::Hear(other) if *other == who => {}
        Act::Hear(other) => {
            people[*other].seal();
            let records = people[*other].records.clone();
            people[who].hear(&records);
        }
        Act::BackAndForth => {
            let before = Seen::of(person);
            person.undo();
            // Where nothing was left to undo that shows, redo goes on to what was undone before.
            if person.plain() != before.plain {
                person.redo();
            }
            before.check(person)?;
        }
        Act::Edit(Edit::Undo) => drop(person.undo()),
        Act::Edit(Edit::Redo) => drop(person.redo()),
        Act::Edit(edit) => {
            if script::events(edit, &person.page()).is_some() {
                person.edit(std::slice::from_ref(edit));
            }
        }
    }
    people[who].document.assert_invariants();
    Ok(())
}

/// Everybody sees what the model shows.
fn check_model(people: &mut [Person]) -> Result<(), String> {
    for person in people {
        person.seal();
        let mut whole = person.document.clone();
        whole.load_history(person.records.iter().cloned()).expect("all records are here");
        let (is, expected) = (as_model(&whole), model::fold(&person.records));
        if is != expected {
            return Err(format!("the page isn't the model's:\n  {is:?}\n  {expected:?}"));
        }
    }
    Ok(())
}

fn run(acts: &[(usize, Act)]) -> Result<(), String> {
    let mut people = people();
    for (nth, (who, what)) in acts.iter().enumerate() {
        act(&mut people, *who, what)?;
        if nth % 8 == 7 {
            check_model(&mut people)?;
        }
    }
    sync(&mut people);
    check_model(&mut people)
}

/// What people do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Inline,
    /// Blocks, too. Of those that others have joined, removed and moved meanwhile, not all can be put together again as they were; but no letter is
    /// lost or there twice.
    Blocks,
}

/// When one has undone everything and done it again, the page is what it was before. In between, if there is only text, it is what the model
/// shows if that one's events don't count.
fn run_and_undo_all(acts: &[(usize, Act)], what: What) -> Result<(), String> {
    run(acts)?;
    let mut people = people();
    acts.iter().try_for_each(|(who, done)| act(&mut people, *who, done))?;
    sync(&mut people);
    for person in &mut people {
        while person.undo.can_redo() {
            person.redo();
        }
        let before = Seen { is_sure: what != What::Blocks, ..Seen::of(person) };
        while person.undo.can_undo() {
            person.undo();
        }
        person.seal();
        if what == What::Text {
            let mut without = Person::new(person.replica.0[0]);
            without.continue_as(person);
            without.write(Event::Cancel { ranges: vec![(0, without.document.last_of(person.replica).1)], on: false });
            if person.plain() != without.plain() {
                return Err(format!("all undone:\n  is  {:?}\n  not {:?}", person.plain(), without.plain()));
            }
        }
        while person.undo.can_redo() {
            person.redo();
        }
        before.check(person)?;
    }
    Ok(())
}

fn draw(seed: u64, kinds: &[Kind]) -> Vec<(usize, Act)> {
    let mut rng = Rng::with_seed(seed);
    let mut people = people();
    let count = rng.usize(2..=people.len());
    let mut acts = Vec::new();
    for _ in 0..rng.usize(4..40) {
        let who = rng.usize(..count);
        let what = match rng.u8(..16) {
            0..3 => Act::Edit(Edit::Undo),
            3 | 4 => Act::Edit(Edit::Redo),
            5..9 => Act::Hear(rng.usize(..count)),
            9 if rng.bool() => Act::Reopen,
            10 => Act::BackAndForth,
            _ => {
                let edit = rng.choice(kinds).and_then(|&kind| random_edit(&mut rng, kind, &people[who].page(), 3));
                let Some(edit) = edit.filter(|edit| !matches!(edit, Edit::Join { block: 0 })) else { continue };
                Act::Edit(edit)
            }
        };
        acts.push((who, what.clone()));
        if script::attempt(|| act(&mut people, who, &what)).is_err() {
            break;
        }
    }
    acts
}

#[test]
fn text() {
    script::check_seeds(2_000, |seed| draw(seed, TEXT), |acts| run_and_undo_all(acts, What::Text));
}

#[test]
fn text_marks_and_registers() {
    script::check_seeds(2_000, |seed| draw(seed, INLINE), |acts| run_and_undo_all(acts, What::Inline));
}

#[test]
fn every_kind_of_edit() {
    script::check_seeds(2_000, |seed| draw(seed, ALL), |acts| run_and_undo_all(acts, What::Blocks));
}
