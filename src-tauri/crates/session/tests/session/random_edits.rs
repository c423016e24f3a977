//! Whatever two writers do, in whatever order it is exchanged: at every barrier each window shows what its session holds,
//! and in the end both show the same.

use std::collections::BTreeMap;

use inkfold_session::wire::{Attrs, Block, Change, Inline, Point, Value};

use crate::snapshots::since;
use crate::windows::{Window, exchange, pair, run};

/// A small generator of our own (xorshift), so that a failing seed can be run again.
struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn text(block: &Block) -> String {
    block.content.iter().map(|inline| inline.text.as_str()).collect()
}

/// A place between two characters.
fn place(rng: &mut Rng, blocks: &[Block]) -> Point {
    let block = rng.below(blocks.len());
    let text = text(&blocks[block]);
    let count = text.chars().count();
    // The ends more often than the middle.
    let chars = match rng.below(4) {
        0 => 0,
        1 => count,
        _ => rng.below(count + 1),
    };
    let offset = text.chars().take(chars).map(char::len_utf16).sum::<usize>();
    Point { block: block as u32, offset: offset as u32 }
}

fn range(rng: &mut Rng, blocks: &[Block]) -> (Point, Point) {
    let (a, b) = (place(rng, blocks), place(rng, blocks));
    // Neighbouring blocks more often than far ones.
    let b = if rng.below(2) == 0 { Point { block: a.block, offset: b.offset.min(a.offset) } } else { b };
    let b = if text(&blocks[b.block as usize]).encode_utf16().count() < b.offset as usize { a } else { b };
    let whole = |point: Point| {
        let units: Vec<u16> = text(&blocks[point.block as usize]).encode_utf16().collect();
        let offset = (point.offset as usize).min(units.len());
        let inside = offset > 0 && offset < units.len() && (0xdc00..0xe000).contains(&units[offset]);
        Point { offset: offset as u32 - u32::from(inside), ..point }
    };
    let (a, b) = (whole(a), whole(b));
    (a.min(b), a.max(b))
}

fn inlines(rng: &mut Rng) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    for _ in 0..rng.below(3) {
        let text = rng.pick(&["a", "bc", "Wörter", "🙂", "漢字 ", "x\u{2028}y"]).to_string();
        let mut marks = Attrs::new();
        for key in ["bold", "italic"] {
            if rng.below(4) == 0 {
                marks.insert(key.into(), Value::Flag(true));
            }
        }
        if rng.below(5) == 0 {
            marks.insert("link".into(), Value::Text("https://example.org/".into()));
        }
        match out.last_mut() {
            Some(last) if last.marks == marks => last.text.push_str(&text),
            _ => out.push(Inline { text, marks }),
        }
    }
    out
}

fn attrs(rng: &mut Rng) -> Attrs {
    let kind = rng.pick(&["paragraph", "heading1", "bullet", "task", "code", "divider"]).to_string();
    Attrs::from([("kind".into(), Value::Text(kind))])
}

fn change(rng: &mut Rng, blocks: &[Block]) -> Change {
    let count = blocks.len();
    match rng.below(16) {
        0..=5 => {
            let at = place(rng, blocks);
            Change::Splice { from: at, to: at, insert: inlines(rng) }
        }
        6 | 7 => {
            let (from, to) = range(rng, blocks);
            let insert = if rng.below(3) == 0 { inlines(rng) } else { vec![] };
            Change::Splice { from, to, insert }
        }
        8 | 9 => Change::Split { at: place(rng, blocks), attrs: attrs(rng) },
        10 if count > 1 => Change::Join { block: 1 + rng.below(count - 1) as u32 },
        11 => {
            let blocks = (0..1 + rng.below(2)).map(|_| Block { attrs: attrs(rng), content: inlines(rng) }).collect();
            Change::Insert { block: rng.below(count + 1) as u32, blocks }
        }
        12 if count > 1 => {
            let block = rng.below(count);
            // An editor never shows no block at all.
            let most = (count - block).min(count - 1);
            Change::Remove { block: block as u32, count: (1 + rng.below(most.min(3))) as u32 }
        }
        13 => {
            let indent = (rng.below(3) > 0).then(|| Value::Number(rng.below(4) as i32));
            let checked = (rng.below(2) > 0).then_some(Value::Flag(true));
            let attrs = BTreeMap::from([("indent".to_owned(), indent), ("checked".to_owned(), checked)]);
            Change::Set { block: rng.below(count) as u32, attrs }
        }
        _ => {
            let (from, to) = range(rng, blocks);
            let (key, value) = match rng.below(5) {
                0 => ("bold", None),
                1 => ("link", None),
                2 => ("link", Some(Value::Text("https://example.org/".into()))),
                3 => ("italic", Some(Value::Flag(true))),
                _ => ("bold", Some(Value::Flag(true))),
            };
            Change::Mark { from, to, key: key.into(), value }
        }
    }
}

/// How many runs; `INKFOLD_RUNS` asks for another number.
fn runs() -> u64 {
    std::env::var("INKFOLD_RUNS").ok().and_then(|count| count.parse().ok()).unwrap_or(12)
}

#[test]
fn windows_show_what_their_sessions_hold() {
    run(async {
        for seed in 1..=runs() {
            let mut rng = Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let root = tempfile::tempdir().expect("a directory");
            let (a, b, document) = pair(root.path(), "Both").await;
            exchange(&a, &b).await;
            let mut windows = [Window::open(&a, &document).await, Window::open(&b, &document).await];
            for step in 0..60 {
                let window = &mut windows[rng.below(2)];
                match rng.below(12) {
                    0 => window.session.sync().await.expect("the folder works"),
                    1 => window.catch_up().await,
                    2 => {
                        // Asked, and dropped because its writer goes on typing.
                        let _ = window.ask().await;
                        let change = change(&mut rng, &window.blocks);
                        window.write(vec![change]).await;
                    }
                    3 | 4 => {
                        let redo = rng.below(3) == 0;
                        let before = window.blocks.clone();
                        let undone = if redo { window.redo().await } else { window.undo().await };
                        let held = window.held().await;
                        assert_eq!(held, window.blocks, "seed {seed}, step {step}: {undone:?} on {before:?}");
                    }
                    5 => {
                        // What is opened again may be newer than what was closed.
                        window.session.close_document(document.clone()).await.expect("all is stored");
                        *window = Window::open(&window.session.clone(), &document).await;
                    }
                    _ => {
                        let before = window.blocks.clone();
                        let change = change(&mut rng, &window.blocks);
                        window.write(vec![change.clone()]).await;
                        let held = window.held().await;
                        assert_eq!(held, window.blocks, "seed {seed}, step {step}: {change:?} on {before:?}");
                    }
                }
            }
            exchange(&a, &b).await;
            for window in &mut windows {
                window.catch_up().await;
            }
            assert_eq!(windows[0].blocks, windows[1].blocks, "seed {seed}");
            // What is stored folds to the same.
            let again = Window::open(&a, &document).await;
            assert_eq!(again.blocks, windows[1].blocks, "seed {seed}");
            since(&root.path().join("a"), &document);
        }
    });
}
