//! With nobody else writing, undo gives back the document exactly, and redo what was undone.

use fastrand::Rng;
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{Kind, random_edit};
use inkfold_testkit::page::Page;

use crate::person::{Person, Plain};

/// What somebody does in a run.
const KINDS: &[Kind] = &[
    Kind::Type,
    Kind::Type,
    Kind::Type,
    Kind::Backspace,
    Kind::DeleteForward,
    Kind::DeleteRange,
    Kind::DeleteRange,
    Kind::Enter,
    Kind::Enter,
    Kind::Join,
    Kind::Join,
    Kind::RemoveWithText,
    Kind::Attribute,
    Kind::Object,
    Kind::Mark,
    Kind::MoveOne,
    Kind::MoveRun,
];

/// How many runs; `INKFOLD_HISTORIES` asks for another number.
fn runs() -> u64 {
    std::env::var("INKFOLD_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(600)
}

/// An edit that an editor makes: the first block isn't joined to what is before all blocks.
fn draw(rng: &mut Rng, kinds: &[Kind], page: &Page) -> Option<Edit> {
    let kind = *rng.choice(kinds)?;
    random_edit(rng, kind, page, 3).filter(|edit| !matches!(edit, Edit::Join { block: 0 }))
}

fn run(seed: u64, kinds: &[Kind]) {
    let mut rng = Rng::with_seed(seed);
    let mut person = Person::new(1);
    person.edit(&[Edit::Enter { at: Place { block: 0, offset: 0 }, attributes: Default::default() }]);
    // What the page was after each group, and which of them are undone.
    let mut pages: Vec<Plain> = vec![Vec::new(), person.plain()];
    let mut at = 1;
    pages[0] = Person::new(1).plain();
    let mut log = Vec::new();
    for _ in 0..rng.usize(2..30) {
        match rng.u8(..10) {
            0..3 if at > 0 => {
                let events = person.undo().events;
                log.push(format!("undo {events:?}"));
                at -= 1;
            }
            3 | 4 if at + 1 < pages.len() => {
                let events = person.redo().events;
                log.push(format!("redo {events:?}"));
                at += 1;
            }
            5 => {
                log.push("seal".to_owned());
                person.seal();
            }
            _ => {
                let before: Vec<_> = person.document.page().blocks().collect();
                let mut edits = Vec::new();
                for _ in 0..rng.usize(1..4) {
                    let Some(edit) = draw(&mut rng, kinds, &person.page()) else { continue };
                    log.push(format!("{edit:?}"));
                    edits.push(edit.clone());
                    break;
                }
                person.edit(&edits);
                if person.document.page().blocks().eq(before) {
                    // A group that changes nothing is passed over together with the one before.
                    person.undo();
                    assert_eq!(pages.get(at.saturating_sub(1)), Some(&person.plain()), "seed {seed}: {log:#?}");
                    log.push("(undone: it changed nothing)".to_owned());
                    pages.truncate(at + 1);
                    at = at.saturating_sub(1);
                } else {
                    pages.truncate(at + 1);
                    pages.push(person.plain());
                    at += 1;
                }
            }
        }
        person.document.assert_invariants();
        assert_eq!(person.plain(), pages[at], "seed {seed}: {log:#?}");
    }
    while at > 0 {
        let events = person.undo().events;
        log.push(format!("undo {events:?}"));
        at -= 1;
        person.document.assert_invariants();
        assert_eq!(person.plain(), pages[at], "seed {seed}, all undone: {log:#?}");
    }
    while at + 1 < pages.len() {
        let events = person.redo().events;
        log.push(format!("redo {events:?}"));
        at += 1;
        person.document.assert_invariants();
        assert_eq!(person.plain(), pages[at], "seed {seed}, all done again: {log:#?}");
    }
}

#[test]
fn every_kind_of_edit() {
    for seed in 0..runs() {
        run(seed, KINDS);
    }
}

#[test]
fn block_structure() {
    let kinds: Vec<Kind> = KINDS
        .iter()
        .copied()
        .filter(|kind| !matches!(kind, Kind::Mark | Kind::Object | Kind::Backspace | Kind::DeleteForward))
        .collect();
    for seed in 0..runs() {
        run(seed, &kinds);
    }
}
