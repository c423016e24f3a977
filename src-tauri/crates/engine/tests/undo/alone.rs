//! With nobody else writing, undo gives back the document exactly, and redo what was undone.

use fastrand::Rng;
use inkfold_engine::patch::between;
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{Kind, random_edit};

use crate::common::person::{Person, Plain};
use crate::script::{self, Act};

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

/// Somebody whose document is held against what it was after each edit.
struct Alone {
    person: Person,
    /// What the page was after each group, and how many of these are done.
    pages: Vec<Plain>,
    at: usize,
}

impl Alone {
    fn new() -> Self {
        let mut person = Person::new(1);
        let nothing = person.plain();
        person.edit(&[Edit::Enter { at: Place { block: 0, offset: 0 }, attributes: Default::default() }]);
        let pages = vec![nothing, person.plain()];
        Alone { person, pages, at: 1 }
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Seal | Act::Hear(_) => self.person.seal(),
            Act::Reopen => self.person.reopen(),
            Act::BackAndForth => {
                self.person.undo();
                self.person.redo();
            }
            Act::Edit(Edit::Undo) if self.at > 0 => {
                self.person.undo();
                self.at -= 1;
            }
            Act::Edit(Edit::Redo) if self.at + 1 < self.pages.len() => {
                self.person.redo();
                self.at += 1;
            }
            Act::Edit(Edit::Undo | Edit::Redo) => {}
            Act::Edit(edit) => {
                if script::events(edit, &self.person.page()).is_none() {
                    return Ok(());
                }
                let before = self.person.document.page().clone();
                self.person.edit(std::slice::from_ref(edit));
                self.pages.truncate(self.at + 1);
                if between(&before, self.person.document.page()).is_empty() {
                    // A group that changes nothing is passed over together with the one before.
                    self.person.undo();
                    self.at = self.at.saturating_sub(1);
                } else {
                    self.pages.push(self.person.plain());
                    self.at += 1;
                }
            }
        }
        self.check(act)
    }

    fn check(&self, act: &Act) -> Result<(), String> {
        self.person.document.assert_invariants();
        let (is, was) = (self.person.plain(), &self.pages[self.at]);
        if is == *was { Ok(()) } else { Err(format!("after {}:\n  is  {is:?}\n  was {was:?}", script::text(act))) }
    }

    /// All is undone, and then done again.
    fn finish(&mut self) -> Result<(), String> {
        while self.at > 0 {
            self.act(&Act::Edit(Edit::Undo))?;
        }
        while self.at + 1 < self.pages.len() {
            self.act(&Act::Edit(Edit::Redo))?;
        }
        Ok(())
    }
}

fn run(acts: &[(usize, Act)]) -> Result<(), String> {
    let mut alone = Alone::new();
    acts.iter().try_for_each(|(_, act)| alone.act(act))?;
    alone.finish()
}

/// What once went wrong.
const ROWS: &[(&str, &str)] = &[
    (
        "what was typed in a moved block is there again, not in one of those beside it",
        "type 0@0 m; remove 0; enter 0@0; enter 0@0; enter 0@0; enter 1@0 quote; delete 1@0 2@0; mv 1 0; join 2; \
         set 1 quote; type 0@0 l",
    ),
    (
        "deleted text is older than what comes to stand before it once blocks have moved",
        "type 0@0 em; enter 0@2; type 1@0 p; mv 0 2; delete 1@0 1@2; join 1; enter 0@1",
    ),
    (
        "and than the marker of a block that was joined and divided again",
        "type 0@0 l; delete 0@0 0@1; type 0@0 h; enter 0@1; join 1; undo; enter 0@0; delete 0@0 2@0",
    ),
    (
        "and where Enter was pressed before deleted text, and a block moved after that",
        "type 0@0 eq; delete 0@1 0@2; enter 0@1; mv 0 2; type 0@0 o; enter 0@0; join 1",
    ),
    (
        "a block that was removed twice stands before the one that it was removed before",
        "type 0@0 j; enter 0@0; remove 0; enter 0@0; join 1",
    ),
    (
        "several Enters in one empty place",
        "type 0@0 f; undo; undo; enter 0@0; enter 0@0; enter 0@0; delete 0@0 2@0; type 0@0 r",
    ),
    (
        "the same after a removed block",
        "type 0@0 j; remove 0; enter 0@0; enter 0@0; enter 0@0; type 0@0 x; mv 0 2; join 2",
    ),
    (
        "an old marker of a block has gone elsewhere",
        "enter 0@0; type 0@0 m; delete 0@1 1@0; undo; type 1@0 uq; enter 1@2; join 1; mv 1 0; join 1",
    ),
    (
        "the same with hidden text",
        "enter 0@0; enter 0@0; mv 1-2 0; mv 1 0; join 1; type 1@0 zk; delete 0@0 1@2; enter 0@0",
    ),
    (
        "a block that was undone is forgotten, but not what stood behind it",
        "type 0@0 u; enter 0@0; enter 0@0; enter 1@0; undo; undo; redo; mv 1 0",
    ),
    ("nor that blocks had moved", "type 0@0 o; undo; enter 0@0; remove 0; enter 0@0; mv 0 2; undo; type 0@0 o"),
    (
        "what shows nothing is undone with what was done before the document was opened",
        "type 0@0 a; reopen; plain 0@0 0@1",
    ),
    (
        "structure from before the document was opened",
        "type 0@0 ab; enter 0@1; reopen; join 1; reopen; undo; reopen; undo",
    ),
    ("a range over three blocks", "type 0@0 ab; enter 0@2; type 1@0 cd; enter 1@2; type 2@0 ef; delete 0@1 2@1"),
    (
        "the same with a removed block between",
        "type 0@0 ab; enter 0@2; enter 1@0; type 2@0 ef; remove 1; delete 0@1 1@1; undo; undo; type 1@0 x",
    ),
];

#[test]
fn every_row() {
    for (name, line) in ROWS {
        let acts: Vec<(usize, Act)> = script::read(line).into_iter().map(|act| (0, act)).collect();
        let result = run(&acts);
        assert!(result.is_ok(), "{name}: {line}\n{}", result.unwrap_err());
    }
}

/// Draws what somebody does. Editors don't join the first block to what is before all blocks.
fn draw(seed: u64, kinds: &[Kind]) -> Vec<(usize, Act)> {
    let mut rng = Rng::with_seed(seed);
    let mut alone = Alone::new();
    let mut acts = Vec::new();
    for _ in 0..rng.usize(2..30) {
        let act = match rng.u8(..10) {
            0..3 => Act::Edit(Edit::Undo),
            3 | 4 => Act::Edit(Edit::Redo),
            5 if rng.u8(..4) == 0 => Act::Reopen,
            5 => Act::Seal,
            _ => {
                let edit = rng.choice(kinds).and_then(|&kind| random_edit(&mut rng, kind, &alone.person.page(), 3));
                let Some(edit) = edit.filter(|edit| !matches!(edit, Edit::Join { block: 0 })) else { continue };
                Act::Edit(edit)
            }
        };
        acts.push((0, act.clone()));
        if script::attempt(|| alone.act(&act)).is_err() {
            break;
        }
    }
    acts
}

/// Somebody after random acts.
pub fn somebody(seed: u64) -> Person {
    let mut alone = Alone::new();
    for (_, act) in draw(seed, KINDS) {
        alone.act(&act).expect("it does what it should");
    }
    alone.person
}

#[test]
fn every_kind_of_edit() {
    script::check_seeds(10_000, |seed| draw(seed, KINDS), run);
}

#[test]
fn block_structure() {
    let inline = [Kind::Mark, Kind::Object, Kind::Backspace, Kind::DeleteForward];
    let kinds: Vec<Kind> = KINDS.iter().copied().filter(|kind| !inline.contains(kind)).collect();
    script::check_seeds(10_000, |seed| draw(seed, &kinds), run);
}

/// A long life in a small document.
#[test]
fn many_edits() {
    script::check_seeds(1_000, |seed| (0..5).flat_map(|part| draw(seed | part << 32, KINDS)).collect(), run);
}
