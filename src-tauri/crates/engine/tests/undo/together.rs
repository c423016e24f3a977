//! Several people write, and one of them undoes: only what that one did goes, and what the others did to it stays.

use inkfold_engine::undo::Grouping;
use inkfold_testkit::model;
use inkfold_testkit::table;

use crate::common::assert_equal;
use crate::common::person::Person;
use crate::script::{self, Act, sync};

/// What `a`, `b` and `c` do one after the other, and what all see in the end.
///
/// Acts are written as in [`table`], each after who does it; those that `&` joins are undone in one go. At `sync` everybody hears
/// everything; what is between two of them, people do without knowing of each other. Where it makes a difference, what is seen if the
/// replica ids come in the opposite order stands after a `|`.
struct Row {
    name: &'static str,
    start: &'static str,
    acts: &'static str,
    see: &'static str,
}

const fn row(name: &'static str, start: &'static str, acts: &'static str, see: &'static str) -> Row {
    Row { name, start, acts, see }
}

const ROWS: &[Row] = &[
    // Paragraphs.
    row(
        "a paragraph in which somebody wrote: that stays",
        "ab",
        "a enter 0@2 & type 1@0 new; sync; b type 1@3 N; sync; a undo",
        "ab/N",
    ),
    row(
        "and redo puts the rest around it",
        "ab",
        "a enter 0@2 & type 1@0 new; sync; b type 1@3 N; sync; a undo; a redo",
        "ab/newN",
    ),
    row(
        "the same, step by step",
        "ab",
        "a enter 0@2; a type 1@0 new; sync; b type 1@1 N; sync; a undo; a undo",
        "ab/N",
    ),
    row(
        "a paragraph that nobody touched goes",
        "ab",
        "a enter 0@2 & type 1@0 new; sync; b type 0@0 N; sync; a undo",
        "Nab",
    ),
    row("a divided block, written in after that", "abcd", "a enter 0@2; sync; b type 1@1 N; sync; a undo", "abcNd"),
    row("the same, not knowing of it", "abcd", "a enter 0@2; b type 0@3 N; sync; a undo", "abcNd"),
    row("and done again", "abcd", "a enter 0@2; b type 0@3 N; sync; a undo; a redo", "ab/cNd"),
    row("a divided block, divided once more", "abcd", "a enter 0@1; sync; b enter 1@1; sync; a undo", "ab/cd"),
    row("both divide it in one place, one undoes", "abcd", "a enter 0@2; b enter 0@2; sync; a undo", "ab/cd|ab//cd"),
    row(
        "a divided block whose second half is elsewhere stays divided",
        "abcd/ef",
        "a enter 0@2; sync; b mv 1 3; sync; a undo",
        "ab/ef/cd",
    ),
    row(
        "Enter in a block that somebody joined, typed before it: all of it undone and done again",
        "abc/def/ghi",
        "a enter 2@1; a type 2@0 n; b delete 1@1 2@1; sync; a undo; a undo; a redo; a redo",
        "abc/dn/hi",
    ),
    // Text.
    row(
        "deleted text comes back around what was typed in it",
        "ab cd ef",
        "a delete 0@3 0@5; b type 0@4 N; sync; a undo",
        "ab cNd ef",
    ),
    row("and goes again", "ab cd ef", "a delete 0@3 0@5; b type 0@4 N; sync; a undo; a redo", "ab N ef"),
    row(
        "both delete a word and undo: it is there once",
        "ab cd",
        "a delete 0@0 0@2; b delete 0@0 0@2; sync; a undo; b undo",
        "ab cd",
    ),
    row(
        "both delete it and one undoes: it is gone",
        "ab cd",
        "a delete 0@0 0@2; b delete 0@0 0@2; sync; a undo",
        " cd",
    ),
    row(
        "typed, deleted in part by somebody",
        "ab",
        "a type 0@1 xyz; sync; b delete 0@2 0@3; sync; a undo; a redo",
        "axzb",
    ),
    row(
        "somebody's text stays where own text was around it",
        "ab",
        "a type 0@1 xy; sync; b type 0@2 N; sync; a undo",
        "aNb",
    ),
    row(
        "only one's own last step",
        "",
        "a enter 0@0 & type 0@0 a; sync; b type 0@1 b; sync; a type 0@2 c; sync; b undo",
        "ac",
    ),
    // Formats.
    row("somebody's other format stays", "ab", "a bold 0@0 0@2; sync; b red 0@0 0@2; sync; a undo", "{h=red:ab}"),
    row("somebody's same format stays", "ab", "a bold 0@0 0@2; sync; b bold 0@0 0@1; sync; a undo", "{b:a}b"),
    row("somebody has taken it away", "ab", "a bold 0@0 0@2; sync; b plain 0@0 0@2; sync; a undo; a redo", "ab"),
    row("another colour stays", "ab", "a red 0@0 0@2; sync; b blue 0@0 0@2; sync; a undo", "{h=blue:ab}"),
    row("the colour before comes back", "ab", "b blue 0@0 0@2; sync; a red 0@0 0@2; sync; a undo", "{h=blue:ab}"),
    row("a kind that somebody changed again", "ab", "a set 0 heading; sync; b set 0 quote; sync; a undo", "ab#quote"),
    row("and redo leaves it, too", "ab", "a set 0 heading; sync; b set 0 quote; sync; a undo; a redo", "ab#quote"),
    row("a kind that nobody changed again", "ab#item", "a set 0 heading; sync; b type 0@0 N; sync; a undo", "Nab#item"),
    row("an indent next to a kind", "ab", "a indent 0 2; b set 0 item; sync; a undo", "ab#item"),
    // Ranges.
    row("a range over three blocks", "ab/cd/ef", "a delete 0@1 2@1; a undo", "ab/cd/ef"),
    row(
        "a range over three blocks, heard of in between",
        "ab/cd/ef",
        "a delete 0@1 2@1; sync; b type 0@1 N; sync; a undo",
        "aNb/cd/ef",
    ),
    row(
        "a range over three blocks, typed in the one between",
        "ab/cd#item/ef",
        "a delete 0@1 2@1; b type 1@1 N; sync; a undo",
        "ab/cNd#item/ef",
    ),
    row("and done again", "ab/cd/ef", "a delete 0@1 2@1; b type 1@1 N; sync; a undo; a redo", "af/N"),
    row("a range over four blocks", "ab/cd/ef/gh", "a delete 0@1 3@1; sync; a undo", "ab/cd/ef/gh"),
    row(
        "a range replaced by text",
        "ab/cd/ef",
        "a delete 0@1 2@1 & type 0@1 x; b type 1@1 N; sync; a undo",
        "ab/cNd/ef",
    ),
    // Removed blocks.
    row(
        "a removed block comes back where it was",
        "ab/cd#item/ef",
        "a remove 1; sync; b type 0@2 N; sync; a undo",
        "abN/cd#item/ef",
    ),
    row(
        "a removed block in which somebody typed",
        "ab/cd#item/ef",
        "a remove 1; b type 1@1 N; sync; a undo",
        "ab/cNd#item/ef",
    ),
    row("and removed again", "ab/cd#item/ef", "a remove 1; b type 1@1 N; sync; a undo; a redo", "ab/N#item/ef"),
    row("both remove it, one undoes", "ab/cd/ef", "a remove 1; b remove 1; sync; a undo", "ab/ef"),
    row("both remove it and undo", "ab/cd/ef", "a remove 1; b remove 1; sync; a undo; b undo", "ab/cd/ef"),
    row(
        "several, one after the other",
        "ab/cd/ef/gh",
        "a remove 1; a remove 1; sync; b type 1@0 N; sync; a undo; a undo",
        "ab/cd/ef/Ngh",
    ),
    // Joins.
    row(
        "a join, typed in by somebody who didn't know of it",
        "ab/cd",
        "a join 1; b type 1@1 N; sync; a undo",
        "ab/cNd",
    ),
    row("a join, typed in after it", "ab/cd#item", "a join 1; sync; b type 0@3 N; sync; a undo", "ab/cNd#item"),
    row("a join whose end somebody deleted", "ab/cd", "a join 1; sync; b delete 0@1 0@2; sync; a undo", "a/cd"),
    row("a join, done again", "ab/cd", "a join 1; sync; b type 0@3 N; sync; a undo; a redo", "abcNd"),
    row("both join and one undoes", "ab/cd", "a join 1; b join 1; sync; a undo", "ab/cd"),
    row(
        "both join and undo: one block more, not two",
        "ab/cd",
        "a join 1; b join 1; sync; a undo; sync; b undo",
        "ab/cd",
    ),
    row("a join to a block that somebody removed", "ab/cd", "a join 1; b remove 0; sync; a undo", "cd"),
    row(
        "and done again: it stays, as there is nothing to join it to",
        "ab/cd",
        "a join 1; b remove 0; sync; a undo; a redo",
        "cd",
    ),
    // Moves.
    row("a moved block goes back", "ab/cd/ef", "a mv 0 3; sync; b type 2@1 N; sync; a undo", "aNb/cd/ef"),
    row("and there again", "ab/cd/ef", "a mv 0 3; sync; b type 2@1 N; sync; a undo; a redo", "cd/ef/aNb"),
    row("with what somebody divided of it", "ab/cd/ef", "a mv 0 3; b enter 0@1; sync; a undo", "a/b/cd/ef"),
    row(
        "back behind the block that it stood behind, wherever that is",
        "ab/cd/ef/gh",
        "a mv 1 4; sync; b mv 0 3; sync; a undo",
        "ef/gh/ab/cd",
    ),
    row("which somebody has joined to another", "ab/cd/ef/gh", "a mv 2 0; sync; b join 2; sync; a undo", "abcd/ef/gh"),
    row("a run of blocks", "ab/cd/ef/gh", "a mv 0-1 3; sync; b remove 1; sync; a undo", "cd/ef/gh"),
    row("somebody moved the same block after that", "ab/cd/ef", "a mv 0 3; sync; b mv 2 1; sync; a undo", "ab/cd/ef"),
    // Groups.
    row(
        "a long paste is one step",
        "ab",
        "a type 0@2 one & seal & enter 0@5 & type 1@0 two & seal & type 1@3 three; sync; a undo",
        "ab",
    ),
    row(
        "and what somebody wrote in it stays",
        "ab",
        "a type 0@2 one & seal & enter 0@5 & type 1@0 two & seal & type 1@3 three; sync; b type 1@2 N; sync; a undo",
        "ab/N",
    ),
    row(
        "and it is done again",
        "ab",
        "a type 0@2 one & seal & enter 0@5 & type 1@0 two & seal & type 1@3 three; sync; b type 1@2 N; sync; a undo; a redo",
        "abone/twNothree",
    ),
    // Orders of acts.
    row(
        "something comes in between two undos",
        "ab",
        "a type 0@2 x; a type 0@3 y; b type 0@0 N; a undo; sync; a undo",
        "Nab",
    ),
    row(
        "something comes in between two redos",
        "ab",
        "a type 0@2 x; a enter 0@3; a undo; a undo; b type 0@1 N; a redo; sync; a redo",
        "aNbx/",
    ),
    row("typing drops what could be redone", "ab", "a type 0@2 x; a undo; a type 0@2 y; a redo", "aby"),
    row("somebody else's typing doesn't", "ab", "a type 0@2 x; a undo; b type 0@0 y; sync; a redo", "yabx"),
    row("nothing is left to undo", "ab", "a type 0@2 x; a undo; a undo; a undo; sync; b undo; a redo; a redo", "abx"),
    row("each has an own past", "ab", "a type 0@0 x; b type 0@2 y; sync; b undo; a undo; sync; a redo", "xab"),
    row(
        "three of them",
        "ab",
        "a type 0@0 x; b enter 0@1; c bold 0@0 0@2; sync; b undo; sync; c undo; sync; a undo",
        "ab",
    ),
];

/// Plays a row; `ids` are the names of the three, and `reopens` says whether they close the document before everything they undo.
fn play(row: &Row, ids: [u8; 3], reopens: bool) -> Vec<Person> {
    let mut first = Person::new(9);
    first.edit(&table::start(row.start));
    first.seal();
    let mut people = ids.map(Person::new);
    people.iter_mut().for_each(|person| person.hear(&first.records));
    for act in row.acts.split(';').map(str::trim) {
        if act == "sync" {
            sync(&mut people);
            continue;
        }
        let (name, act) = act.split_at(1);
        let person = &mut people[usize::from(name.as_bytes()[0] - b'a')];
        for (nth, part) in act.split('&').enumerate() {
            match &script::read(part.trim())[..] {
                [Act::Seal] => person.seal(),
                [Act::Edit(edit)] => {
                    if reopens && nth == 0 {
                        person.reopen();
                    }
                    person.act(edit, if nth == 0 { Grouping::Step } else { Grouping::Joined });
                }
                other => panic!("{other:?} is no act"),
            }
        }
    }
    sync(&mut people);
    people.into()
}

#[test]
fn every_row() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let (see, tied) = row.see.split_once('|').unwrap_or((row.see, row.see));
        for (ids, reopens) in [([1, 2, 3], false), ([3, 2, 1], false), ([1, 2, 3], true), ([3, 2, 1], true)] {
            for person in play(row, ids, reopens) {
                let what = format!("{}, {ids:?}, reopened: {reopens}: {}; {}", row.name, row.start, row.acts);
                let mut whole = person.document.clone();
                whole.load_history(person.records.iter().cloned()).expect("all records are here");
                assert_equal(&crate::common::as_model(&whole), &model::fold(&person.records), &what);
                let see = if ids[0] == 1 { see } else { tied };
                if person.shown() != see {
                    wrong.push(format!("{what}\n  is {}, not {see}", person.shown()));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
