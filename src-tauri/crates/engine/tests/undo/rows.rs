//! Rows of what can be undone, from anywhere: they are refused, or they do what can be done.

use std::collections::BTreeMap;

use fastrand::Rng;
use inkfold_engine::codec::{canonical_bytes, decode_canonical};
use inkfold_engine::undo::Grouping;
use inkfold_engine::{Document, EditError, UndoStack};
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::table;

use crate::alone;
use crate::common::person::Person;

type Rows = BTreeMap<u64, Vec<u8>>;

fn read(person: &Person, rows: &Rows) -> Option<UndoStack> {
    UndoStack::from_rows(person.replica, rows.iter().map(|(number, row)| (*number, row.as_slice()))).ok()
}

/// Somebody who has done something of every kind, and undone some of it.
fn somebody(seed: u64) -> Person {
    let mut person = alone::somebody(seed);
    person.seal();
    person
}

/// Undoes and redoes with foreign rows until nothing is left: each time something is done or nothing is.
fn turn(person: &Person, stack: UndoStack, what: &str) {
    let mut person = person.clone();
    let again: Rows = stack.rows().into_iter().collect();
    let mut stack = stack;
    if let Some(second) = read(&person, &again) {
        assert_eq!(second.rows(), stack.rows(), "{what}");
    }
    let mut refused = 0;
    for turn in 0..6 {
        person.begin();
        let document = &mut person.document;
        let (page, runs) = (document.page().text(), document.open_runs().to_vec());
        let result = if turn < 4 { stack.undo(document) } else { stack.redo(document) };
        document.assert_invariants();
        match result {
            Ok(reverted) => {
                person.note(reverted.events);
                person.seal();
                if let Some(record) = person.records.last() {
                    let bytes = canonical_bytes(record.content());
                    assert_eq!(decode_canonical(&bytes).as_ref(), Ok(record.content()), "{what}");
                }
            }
            Err(error) => {
                refused += 1;
                assert_eq!((document.page().text(), document.open_runs()), (page, &runs[..]), "{what}: {error}");
                person.seal();
            }
        }
    }
    assert!(refused <= 6);
}

#[test]
fn damaged_rows() {
    let mut rng = Rng::with_seed(5);
    let (mut refused, mut taken) = (0, 0);
    for seed in 0..60 {
        let person = somebody(seed);
        let rows: Rows = person.undo.rows().into_iter().collect();
        for (number, row) in &rows {
            let mut damaged: Vec<Vec<u8>> = (0..row.len()).map(|cut| row[..cut].to_vec()).collect();
            for at in 0..row.len() {
                for byte in [row[at] ^ 1, row[at] ^ 0x80, row[at].wrapping_add(1), 0, 0x7f, rng.u8(..)] {
                    let mut changed = row.clone();
                    changed[at] = byte;
                    damaged.push(changed);
                }
                // A number at the top of its range in place of a byte.
                for top in [u64::MAX, u64::MAX - 1, 1 << 63, u64::from(u32::MAX), 1 << 32] {
                    let mut writer = inkfold_engine::codec::Writer::default();
                    writer.uint(top);
                    damaged.push([&row[..at], &writer.0, &row[at + 1..]].concat());
                }
            }
            for damaged in damaged {
                let what = format!("seed {seed}, row {number}: {damaged:?}");
                let mut rows = rows.clone();
                rows.insert(*number, damaged);
                match read(&person, &rows) {
                    None => refused += 1,
                    Some(stack) => {
                        taken += 1;
                        if rng.u8(..8) == 0 {
                            turn(&person, stack, &what);
                        }
                    }
                }
            }
        }
    }
    assert!(refused > 1_000 && taken > 1_000, "{refused} refused, {taken} taken");
}

#[test]
fn random_rows() {
    let mut rng = Rng::with_seed(6);
    let person = somebody(1);
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> =
            (0..rng.usize(..60)).map(|_| if rng.bool() { rng.u8(..8) } else { rng.u8(..) }).collect();
        if let Some(first) = bytes.first_mut().filter(|_| rng.u8(..8) > 0) {
            *first = 2;
        }
        let number = [0, 1, 2, 7, u64::MAX - 1, u64::MAX, 1 << 62, 1 << 63][rng.usize(..8)];
        if let Some(stack) = read(&person, &[(number, bytes.clone())].into()) {
            turn(&person, stack, &format!("{number}: {bytes:?}"));
        }
    }
}

/// What was written in one document says nothing of another.
#[test]
fn rows_of_another_document() {
    for seed in 0..50 {
        let rows: Rows = somebody(seed).undo.rows().into_iter().collect();
        for other in [Person::new(1), somebody(seed + 1), somebody(seed ^ 1)] {
            turn(&other, read(&other, &rows).expect("they are rows"), &format!("seed {seed}"));
        }
        let mut nobody = Person::new(1);
        nobody.document = Document::new(WORKSPACE, DOCUMENT);
        nobody.begin();
        let mut stack = read(&nobody, &rows).expect("they are rows");
        let mut refused = 0;
        while stack.can_undo() {
            assert_eq!(stack.undo(&mut nobody.document), Err(EditError::NotHere));
            refused += 1;
        }
        assert_eq!(nobody.document.page().text(), "");
        assert!(refused > 0 || !somebody(seed).undo.can_undo());
    }
}

/// What goes on in a group after the document was opened again is undone with it.
#[test]
fn a_group_goes_on_after_reopening() {
    let mut person = Person::new(1);
    person.edit(&table::start("ab"));
    person.edit(&[table::read("type 0@2 x")]);
    person.reopen();
    person.group(Grouping::Joined, &[table::read("type 0@3 y")]);
    person.reopen();
    person.group(Grouping::Joined, &[table::read("enter 0@4"), table::read("type 1@0 z")]);
    assert_eq!(person.shown(), "abxy/z");
    person.undo();
    assert_eq!(person.shown(), "ab");
    person.reopen();
    person.redo();
    assert_eq!(person.shown(), "abxy/z");
}
