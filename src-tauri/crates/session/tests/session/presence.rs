//! Where the others are, as far as they share it, and for as long as they are there.

use std::time::Duration;

use inkfold_engine::DocumentId;
use inkfold_folder::{Presence, RelativePath};
use inkfold_session::wire::{Change, Inline, Point, Present, Selection};

use crate::table::{MINUTE, PAPER, Table, identity, write};

fn caret(offset: u32) -> Selection {
    let at = Point { block: 0, offset };
    Selection { anchor: at, head: at }
}

/// Ada and Ben have one document open, and have just written to each other.
fn company() -> Table {
    let mut table = Table::new();
    write(&mut table.ada, "Hello");
    table.round();
    write(&mut table.ben, "Oh: ");
    table.round();
    table.ada.open(PAPER).expect("it is there");
    table.ben.open(PAPER).expect("it is there");
    table
}

/// Where Ben sees Ada.
fn seen(table: &mut Table) -> Option<Present> {
    table.ada.tick();
    table.ada.exchange();
    table.ben.exchange();
    table.ben.presences(PAPER).pop()
}

#[test]
fn a_caret_is_seen_where_it_is_and_follows() {
    let mut table = company();
    assert_eq!(seen(&mut table), None);
    table.ada.present(PAPER, caret(2));
    let there = seen(&mut table).expect("Ada is there");
    assert_eq!((there.person.as_str(), there.document, there.selection), ("Ada", PAPER.to_string(), Some(caret(2))));
    // At most every two seconds.
    table.ada.present(PAPER, Selection { head: Point { block: 0, offset: 6 }, ..caret(4) });
    assert_eq!(seen(&mut table).and_then(|there| there.selection), Some(caret(2)));
    table.pass(Duration::from_secs(2));
    let moved = seen(&mut table).expect("Ada is there");
    assert_eq!(moved.selection, Some(Selection { head: Point { block: 0, offset: 6 }, ..caret(4) }));
    assert!(moved.counter > there.counter);

    // Who does nothing for a minute is seen no longer, and an old file doesn't bring anybody back.
    table.pass(MINUTE);
    assert_eq!(seen(&mut table), None);
    let old = Presence::encode(&identity(&table.ada), there.counter, "Ada", None);
    table.put("presence/copy.inp", &old);
    assert_eq!(seen(&mut table), None);
}

#[test]
fn nobody_is_told_alone_or_against_the_will_and_who_leaves_is_gone_at_once() {
    let mut table = company();
    // Ben hasn't been heard of for long.
    table.pass(Duration::from_secs(400));
    table.ada.present(PAPER, caret(1));
    assert_eq!(seen(&mut table), None);
    write_elsewhere(&mut table);
    table.round();
    let path = RelativePath::presence(&table.ada.replica()).below(table.root.path());
    assert!(seen(&mut table).is_some() && path.exists());

    table.ada.share_presence(false).expect("it is kept");
    assert_eq!(seen(&mut table), None);
    assert!(!path.exists() && !table.ada.status().is_seen);
    table.pass(Duration::from_secs(2));
    table.ada.present(PAPER, caret(3));
    assert_eq!(seen(&mut table), None);
    table.ada.share_presence(true).expect("it is kept");
    assert!(seen(&mut table).is_some() && table.ada.status().is_seen);

    table.ada.close(PAPER).expect("it is closed");
    assert_eq!(seen(&mut table), None);
    assert!(!path.exists());
}

/// Ben writes something, but not in the document that his window has open.
fn write_elsewhere(table: &mut Table) {
    table
        .ben
        .write(DocumentId([9; 16]), |_| {
            let at = Point { block: 0, offset: 0 };
            vec![Change::Splice {
                from: at,
                to: at,
                insert: vec![Inline { text: "Elsewhere".into(), marks: Default::default() }],
            }]
        })
        .expect("it is stored");
}

#[test]
fn what_lay_there_before_says_nothing_about_now() {
    let mut table = company();
    table.ada.present(PAPER, caret(2));
    assert!(seen(&mut table).is_some());
    table.ben = table.restarted(2);
    table.ben.open(PAPER).expect("it is there");
    table.ben.exchange();
    assert_eq!(table.ben.presences(PAPER), [], "it may be of any age");
    table.pass(Duration::from_secs(2));
    table.ada.present(PAPER, caret(3));
    assert!(seen(&mut table).is_some());
}
