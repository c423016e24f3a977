//! What two people may expect when they write at the same time, row by row, in the engine.

mod common;

use fastrand::Rng;
use inkfold_engine::codec::{canonical_bytes, decode_canonical};
use inkfold_engine::event::{Event, Target, Value};
use inkfold_engine::ids::{EventId, ReplicaId};
use inkfold_engine::{Attributes, Document, Record};
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{DOCUMENT, History, Kind, Plan, Replica, WORKSPACE, World, random_edit};
use inkfold_testkit::rows;
use inkfold_testkit::table::show;

/// The document that these records come to, one by one.
fn fold(records: impl IntoIterator<Item = Record>, save_often: bool) -> Document {
    let mut document = Document::new(WORKSPACE, DOCUMENT);
    if save_often {
        document.save_often();
    }
    for record in records {
        common::merge(&mut document, &[record], "a row");
    }
    document
}

#[test]
fn every_row() {
    for row in rows::all() {
        row.check(|records| {
            let mut document = Document::new(WORKSPACE, DOCUMENT);
            common::merge(&mut document, records, row.name);
            let document = common::as_model(&document);
            assert_eq!(common::as_model(&fold(records.to_vec(), true)), document, "one by one: {row:#?}");
            let backwards = fold(records.iter().rev().cloned(), false);
            assert_eq!(common::as_model(&backwards), document, "backwards: {row:#?}");
            document
        });
    }
}

fn two() -> (World, Replica, Replica) {
    (World::new(), Replica::new(ReplicaId([1; 16])), Replica::new(ReplicaId([2; 16])))
}

fn place(block: usize, offset: usize) -> Place {
    Place { block, offset }
}

fn register(thread: EventId, key: &str, text: &str) -> Event {
    Event::Register { target: Target::Thread(thread), key: key.into(), value: Some(Value::Text(text.into())) }
}

/// 8: what was said in a thread stays when its passage goes.
#[test]
fn threads_outlive_their_passage() {
    let (mut world, mut a, mut b) = two();
    let start = Edit::Type { at: place(0, 0), text: "a passage".into() };
    a.edit(&mut world, &[start]);
    b.learn(&a);
    a.edit(&mut world, &[Edit::Delete { from: place(0, 0), to: place(0, 9) }]);
    let mark = |key: &str| Event::Mark {
        first: 1,
        last: 9,
        start: inkfold_engine::Start::Before,
        end: inkfold_engine::End::Closed,
        key: key.into(),
        value: Some(Value::Flag(true)),
    };
    let thread = b.write(&mut world, vec![mark("comment/1")]).id();
    let thread = EventId { record: thread, offset: 0 };
    b.write(&mut world, vec![register(thread, "quote", "a passage"), register(thread, "text", "is it?")]);

    let document = fold(world.records.clone(), false);
    assert_eq!(document.page().text(), "");
    let said = |document: &Document, key: &str| document.register(Target::Thread(thread), key).cloned();
    assert_eq!(said(&document, "quote"), Some(Value::Text("a passage".into())));
    a.edit(&mut world, &[Edit::Undo]);
    let document = fold(world.records.clone(), false);
    assert_eq!(show(&common::as_model(&document)), "{c:a passage}~");
    assert_eq!(said(&document, "text"), Some(Value::Text("is it?".into())));
}

/// 19: an image within a text.
#[test]
fn a_caption_outlives_its_image() {
    let (mut world, mut a, mut b) = two();
    let attributes = Attributes::from([("source".to_owned(), Value::Text("cat.png".into()))]);
    let image = a.edit(&mut world, &[Edit::Object { at: place(0, 0), attributes: attributes.clone() }]);
    let image = EventId { record: image.expect("it was put in").id(), offset: 0 };
    b.learn(&a);
    a.edit(&mut world, &[Edit::Backspace { at: place(0, 1), count: 1 }]);
    b.write(&mut world, vec![register(image, "caption", "a cat")]);

    let document = fold(world.records.clone(), false);
    assert_eq!(document.page().text(), "");
    a.edit(&mut world, &[Edit::Undo]);
    let document = fold(world.records.clone(), false);
    assert_eq!(document.page().text(), "\u{fffc}");
    assert_eq!(document.object(image), Some(&attributes));
    assert_eq!(document.register(Target::Thread(image), "caption"), Some(&Value::Text("a cat".into())));
}

/// 21: values of types that nobody knows are shown as they came, and written down as they came.
#[test]
fn what_nobody_knows_round_trips() {
    let opaque = Value::Unknown { tag: 1 << 40, bytes: vec![0xff, 0, 7] };
    let (mut world, mut a, mut b) = two();
    let attributes = Attributes::from([("kind".to_owned(), opaque.clone()), ("plot".to_owned(), opaque.clone())]);
    a.edit(&mut world, &[Edit::Enter { at: place(0, 0), attributes: attributes.clone() }]);
    a.edit(&mut world, &[Edit::Type { at: place(0, 0), text: "ab".into() }]);
    b.learn(&a);
    let mark = |key: &str| Edit::Mark {
        from: place(0, 0),
        to: place(0, 2),
        start: inkfold_engine::Start::Before,
        end: inkfold_engine::End::Grows,
        key: key.into(),
        value: Some(opaque.clone()),
    };
    a.edit(&mut world, &[mark("shimmer")]);
    b.edit(
        &mut world,
        &[
            Edit::Type { at: place(0, 1), text: "N".into() },
            Edit::Enter { at: place(0, 2), attributes: Attributes::new() },
        ],
    );
    for record in &world.records {
        assert_eq!(decode_canonical(&canonical_bytes(record.content())).as_ref(), Ok(record.content()));
    }
    let document = fold(world.records.clone(), false);
    let blocks: Vec<_> = document.page().blocks().collect();
    assert_eq!(blocks[0].attributes(), &attributes);
    let shimmer = Attributes::from([("shimmer".to_owned(), opaque.clone())]);
    assert_eq!(blocks[0].inlines(), [("aN", &shimmer)]);
    assert_eq!(blocks[1].inlines(), [("b", &shimmer)]);
}

/// 22: positions, scalars of the text form and UTF-16 offsets lead to each other, whatever was written.
#[test]
fn positions_and_utf16_offsets_agree() {
    for seed in 0..100 {
        let History { mut world, records, .. } = History::generate(&Plan::everything(seed));
        let mut replica = Replica::new(ReplicaId([0xee; 16]));
        replica.known.extend(records.iter().map(Record::id));
        let mut rng = Rng::with_seed(seed);
        for text in ["👩‍👩‍👧", "漢字", "سلام", "e\u{301}\u{308}", "a\u{2028}b"] {
            let page = replica.page(&world);
            if let Some(Edit::Type { at, .. }) = random_edit(&mut rng, Kind::Type, &page, 1) {
                replica.edit(&mut world, &[Edit::Type { at, text: text.into() }]);
            }
        }
        let document = fold(world.records.clone(), false);
        let page = document.page();
        let blocks: Vec<_> = page.blocks().collect();
        for (index, block) in blocks.iter().enumerate() {
            let start = page.marker_position(index).expect("the block is there");
            let mut utf16 = 0;
            for (offset, c) in (0u32..).zip(block.text().chars()) {
                assert_eq!(page.position(index, utf16), Some(start + offset), "seed {seed}");
                assert_eq!(page.point(start + offset), Some((index, utf16)), "seed {seed}");
                if c.len_utf16() == 2 {
                    assert_eq!(page.position(index, utf16 + 1), Some(start + offset), "within a scalar");
                }
                utf16 += c.len_utf16();
            }
            assert_eq!(page.utf16_len(index), Some(utf16));
            assert_eq!(page.position(index, utf16 + 1), None);
        }
        let text = page.text();
        for (scalars, _) in text.chars().enumerate() {
            let at = page.position_of_scalar(scalars as u32).expect("it is within the text");
            let (block, utf16) = page.point(at).expect("it is on the page");
            let before: usize = blocks[..block].iter().map(|block| block.utf16_len() + 1).sum();
            let expected: usize = text.chars().take(scalars).map(char::len_utf16).sum();
            assert_eq!(before + utf16, expected, "seed {seed}");
        }
    }
}
