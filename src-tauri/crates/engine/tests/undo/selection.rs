//! Where the caret is after an undo, and what belongs to one step.

use inkfold_engine::undo::{Grouping, Reverted, Selection};
use inkfold_engine::{Event, Insertion, Side};
use inkfold_testkit::table;

use crate::common::person::Person;

/// Somebody in a document of "hello/world", and somebody else.
fn two() -> [Person; 2] {
    let mut first = Person::new(9);
    first.edit(&table::start("hello/world"));
    first.seal();
    [1, 2].map(|name| {
        let mut person = Person::new(name);
        person.hear(&first.records);
        person
    })
}

fn caret(person: &Person, at: u32) -> Option<Selection> {
    let place = person.document.place(at, Side::After);
    Some(Selection { anchor: place, head: place })
}

fn carets(reverted: &Reverted) -> Option<(u32, u32)> {
    reverted.selection
}

/// Types text letter by letter, each a key after so many milliseconds.
fn type_keys(person: &mut Person, at: u32, text: &str, groupings: &[Grouping], time: &mut i64, pause: i64) {
    for (nth, key) in (0u32..).zip(text.chars()) {
        let at = at + nth;
        let grouping = groupings.get(nth as usize).copied().unwrap_or(Grouping::Typing);
        let (before, event) =
            (caret(person, at), Event::Insert { at: at.into(), what: Insertion::Text(key.to_string()) });
        person.step(grouping, *time, before, &[event], |person| caret(person, at + 1));
        *time += pause;
    }
}

#[test]
fn the_caret_is_where_it_was() {
    for reopens in [false, true] {
        let [mut a, mut b] = two();
        let mut time = 0;
        // "hello" is 2 to 6: after the o.
        type_keys(&mut a, 6, " new", &[], &mut time, 10);
        // A range, from the end to the beginning.
        let place = |person: &Person, at| person.document.place(at, Side::After);
        let range = Some(Selection { anchor: place(&a, 10), head: place(&a, 7) });
        let delete = Event::Delete { at: 8, len: 3, backward: false };
        a.step(Grouping::Step, 10_000, range, &[delete], |a| caret(a, 7));
        b.step(Grouping::Step, 0, None, &[Event::Insert { at: 1, what: Insertion::Text("Oh, ".into()) }], |_| None);
        b.seal();
        a.hear(&b.records);
        if reopens {
            a.reopen();
        }
        assert_eq!(a.shown(), "Oh, hello /world");
        assert_eq!(carets(&a.undo()), Some((14, 11)), "the range, four further on");
        assert_eq!(a.shown(), "Oh, hello new/world");
        assert_eq!(carets(&a.undo()), Some((10, 10)));
        assert_eq!(a.shown(), "Oh, hello/world");
        assert_eq!(carets(&a.undo()), None, "nothing is left");
        assert_eq!(carets(&a.redo()), Some((14, 14)));
        assert_eq!(carets(&a.redo()), Some((11, 11)));
        assert_eq!(a.shown(), "Oh, hello /world");
    }
}

#[test]
fn the_caret_is_in_a_block_that_is_there_again() {
    let [mut a, _] = two();
    // Backspace in front of "world", whose marker is 7; and Enter at its end.
    let before = caret(&a, 7);
    a.step(Grouping::Step, 0, before, &[Event::Join { at: 7 }], |a| caret(a, 6));
    let enter = Event::Insert { at: 11, what: Insertion::Marker(Default::default()) };
    let before = caret(&a, 11);
    a.step(Grouping::Step, 0, before, &[enter], |a| caret(a, 12));
    assert_eq!(a.shown(), "helloworld/");
    for _ in 0..3 {
        assert_eq!(carets(&a.undo()), Some((11, 11)));
        assert_eq!(carets(&a.undo()), Some((7, 7)), "right after the marker, which is another one");
        assert_eq!(a.shown(), "hello/world");
        assert_eq!(carets(&a.redo()), Some((6, 6)));
        assert_eq!(carets(&a.redo()), Some((12, 12)));
        a.reopen();
    }
}

/// Which keys are undone in one go: so many are left after each undo.
#[test]
fn what_belongs_together_is_one_step() {
    use Grouping::{Joined, Start, Step, Typing};
    let table: &[(&str, &[Grouping], i64, &[&str])] = &[
        ("typing without a pause", &[], 100, &[""]),
        ("typing with pauses", &[], 1_000, &["abc", "ab", "a", ""]),
        ("a composition, slowly", &[Start, Joined, Joined, Joined], 5_000, &[""]),
        ("a composition and typing after it", &[Start, Joined, Typing, Typing], 100, &[""]),
        ("a composition of its own after typing", &[Typing, Typing, Step, Joined], 100, &["ab", ""]),
        ("typing doesn't go on with a command", &[Step, Typing, Typing, Typing], 100, &["a", ""]),
        ("commands", &[Step, Step, Step, Step], 0, &["abc", "ab", "a", ""]),
        ("an automatic format belongs to what brought it about", &[Typing, Typing, Joined, Typing], 100, &[""]),
        ("a clock that was set back", &[], -100, &["abc", "ab", "a", ""]),
    ];
    for (what, groupings, pause, left) in table {
        let [mut a, _] = two();
        let mut time = 1_000_000;
        type_keys(&mut a, 1, "abcd", groupings, &mut time, *pause);
        for left in *left {
            a.undo();
            assert_eq!(a.shown(), format!("{left}hello/world"), "{what}");
        }
        assert!(!a.undo.can_undo(), "{what}");
    }
}
