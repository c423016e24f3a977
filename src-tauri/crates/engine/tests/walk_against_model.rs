//! The walk and the naive model fold the same records into the same document, whatever the order of arrival.

mod common;

use inkfold_engine::patch::Change;
use inkfold_engine::{Attributes, Block, Document, Page, Patch, Record};
use inkfold_testkit::history::{DOCUMENT, Delivery, History, Plan, WORKSPACE};
use inkfold_testkit::model;

fn assert_same(document: &Document, records: &[Record], what: &str) {
    let (folded, expected) = (common::as_model(document), model::fold(records));
    // The text first: it says most in the least space.
    assert_eq!(folded.text(), expected.text(), "{what}: text");
    assert_eq!(folded, expected, "{what}");
}

/// Folds a history in every order of arrival.
fn check(plan: &Plan) {
    let history = History::generate(plan);
    let mut rng = plan.seed;
    for delivery in Delivery::ALL {
        let what = format!("{plan:?} {delivery:?}");
        let mut document = Document::new(WORKSPACE, DOCUMENT);
        let batches = history.deliver(delivery, plan.seed);
        // Partial states are looked at too, but only now and then: the model is slow.
        let mut given: Vec<Record> = Vec::new();
        for batch in &batches {
            let before = document.page().clone();
            let (_, patch) = document.merge(batch.iter().cloned());
            document.assert_invariants();
            assert_eq!(applied(plain(&before), &patch), plain(document.page()), "{what}: {patch:?} on {before:?}");
            given.extend(batch.iter().cloned());
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if rng >> 60 == 0 {
                assert_same(&document, &given, &format!("{what} after {} records", given.len()));
            }
        }
        assert_same(&document, &history.records, &what);
    }
}

/// A page in plain values, a code unit at a time.
type Plain = Vec<(Attributes, Vec<(u16, Attributes)>)>;

fn plain_block(block: &Block) -> (Attributes, Vec<(u16, Attributes)>) {
    let units =
        |(text, marks): (&str, &Attributes)| text.encode_utf16().map(|unit| (unit, marks.clone())).collect::<Vec<_>>();
    (block.attributes().clone(), block.inlines().into_iter().flat_map(units).collect())
}

fn plain(page: &Page) -> Plain {
    page.blocks().map(|block| plain_block(&block)).collect()
}

/// What an editor does with a patch.
fn applied(mut page: Plain, patch: &Patch) -> Plain {
    for change in patch {
        match change {
            Change::Splice { block, at, delete, insert } => {
                let new = insert
                    .iter()
                    .flat_map(|inline| inline.text.encode_utf16().map(|unit| (unit, inline.marks.clone())));
                page[*block].1.splice(*at..at + delete, new);
            }
            Change::Split { block, at, attributes } => {
                let rest = page[*block].1.split_off(*at);
                page.insert(block + 1, (attributes.clone(), rest));
            }
            Change::Join { block } => {
                let (_, text) = page.remove(*block);
                page[block - 1].1.extend(text);
            }
            Change::Insert { block, blocks } => {
                page.splice(*block..*block, blocks.iter().map(plain_block));
            }
            Change::Remove { block, count } => {
                page.drain(*block..block + count);
            }
            Change::Set { block, attributes } => {
                for (key, value) in attributes {
                    match value {
                        Some(value) => page[*block].0.insert(key.clone(), value.clone()),
                        None => page[*block].0.remove(key),
                    };
                }
            }
            Change::Mark { block, from, to, key, value } => {
                for (_, marks) in &mut page[*block].1[*from..*to] {
                    match value {
                        Some(value) => marks.insert(key.clone(), value.clone()),
                        None => marks.remove(key),
                    };
                }
            }
        }
    }
    page
}

fn run(plans: impl Fn(u64) -> Plan, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        check(&plans(seed));
    }
}

/// How many histories of each kind; `INKFOLD_HISTORIES` asks for another number.
fn histories() -> u64 {
    std::env::var("INKFOLD_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(2000)
}

#[test]
fn text_alone() {
    run(Plan::text_only, 0..histories());
}

#[test]
fn text_and_marks() {
    run(Plan::plain, 0..histories());
}

#[test]
fn blocks() {
    run(Plan::blocks, 0..histories());
}

#[test]
fn all_kinds_of_events() {
    run(Plan::mixed, 0..histories());
}
