//! Behaviour as tables: a document, what two people do to it at the same time, and what both see then.
//!
//! Everything is written as text, so that a row fits on a line. A *document* is its blocks with `/` between them; a
//! block has its text and, after `#`, its kind. Shown documents put marked characters into braces, after the first
//! letters of the marks' keys, and a `~` after the implied leading paragraph: `a{b:c}#heading`. A colour, or another link
//! than the usual one, comes after an equals sign: `{h=red:a}`. After a block's kind come `!` if it is checked, its
//! indentation after `>`, and its caption in quotes.
//!
//! *Edits* are divided by `;`. A place is block`@`offset.
//!
//! | edit | what it does |
//! |---|---|
//! | `type 0@2 text` | types; the text goes to the next `;` |
//! | `enter 0@2 heading` | splits; the kind is optional |
//! | `back 0@2 1` | backspace, so many times |
//! | `delete 0@2 1@1` | deletes a range |
//! | `join 1` | joins a block to the one before |
//! | `remove 1`, `hide 1` | removes a block with its text, or leaving it |
//! | `bold 0@0 1@1`, `plain …` | marks bold, or takes bold away; `italic`, `link`, `unlink` as well |
//! | `comment 0@0 1@1`, `reply …` | begins a first comment thread, or a second one |
//! | `link2 …`, `red …`, `blue …`, `pale …` | another link; a colour, or takes it away |
//! | `future 0@0 1@1` | marks with a key and a value of which nobody knows what they are |
//! | `mark 0@0 1@1 after open` | marks bold with this start and end |
//! | `set 0 heading` | sets a block's kind |
//! | `indent 0 1`, `check 0`, `caption 0 text` | sets a block's indentation, checks it, sets its caption |
//! | `mv 0 3`, `mv 0-1 3` | moves a block, or a run of blocks, to before block 3 of the page as it is |
//! | `undo`, `redo` | cancels the writer's last edit as far as it isn't block structure; lets it count again |
//!
//! ```
//! use inkfold_testkit::table::Row;
//!
//! let row = Row { name: "two places", start: "ab", a: "type 0@0 x", b: "type 0@2 y", both: "xaby", ..Row::EMPTY };
//! row.check(|records| inkfold_testkit::model::fold(records));
//! ```

use inkfold_engine::Attributes;
use inkfold_engine::event::{End, Start, Value};
use inkfold_engine::ids::ReplicaId;
use inkfold_engine::record::Record;

use crate::edit::{Edit, Place};
use crate::history::{Replica, World};
use crate::model::Document;

/// Where links lead, if nothing else is said.
const LINK: &str = "https://example.org";

/// A row: what two people do at the same time, and what both see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it is about, after its number if the behaviour was promised under one.
    pub name: &'static str,
    /// The document at first; with no text at all, there isn't even a first record.
    pub start: &'static str,
    /// Edits that both know.
    pub before: &'static str,
    /// What the one does.
    pub a: &'static str,
    /// What the other does.
    pub b: &'static str,
    /// What the one does after that, who knows all of it.
    pub later: &'static str,
    /// What somebody does after that who knows all of it, the one who made the document and did what both knew.
    pub then: &'static str,
    /// What everybody sees in the end.
    pub both: &'static str,
    /// What everybody sees if the other's replica id is the smaller one; empty where it makes no difference.
    pub tied: &'static str,
}

/// The records of a row.
#[derive(Debug, Clone)]
pub struct Played {
    /// All records.
    pub records: Vec<Record>,
    /// What is to be seen.
    pub expected: &'static str,
}

impl Row {
    /// A row in which nothing happens, to be filled in.
    pub const EMPTY: Row =
        Row { name: "", start: "", before: "", a: "", b: "", later: "", then: "", both: "~", tied: "" };

    /// The row's records: for both orders of the two replica ids, with all edits of each as one record or as many.
    ///
    /// # Panics
    /// If an edit can't be read or doesn't fit its page.
    pub fn play(&self) -> Vec<Played> {
        let mut played = Vec::new();
        for (swapped, many) in [(false, false), (false, true), (true, false), (true, true)] {
            let names = if swapped { [2, 1] } else { [1, 2] };
            let [mut a, mut b] = names.map(|name| Replica::new(ReplicaId([name; 16])));
            let mut world = World::new();
            let mut first = Replica::new(ReplicaId([9; 16]));
            first.edit(&mut world, &start(self.start));
            run(&mut world, &mut first, self.before, many);
            a.learn(&first);
            b.learn(&first);
            run(&mut world, &mut a, self.a, many);
            run(&mut world, &mut b, self.b, many);
            a.learn(&b);
            run(&mut world, &mut a, self.later, many);
            first.learn(&a);
            run(&mut world, &mut first, self.then, many);
            let expected = if swapped && !self.tied.is_empty() { self.tied } else { self.both };
            played.push(Played { records: world.records, expected });
        }
        played
    }

    /// Plays the row and compares what a fold of its records shows.
    ///
    /// # Panics
    /// If it shows something else.
    pub fn check(&self, fold: impl Fn(&[Record]) -> Document) {
        for Played { records, expected } in self.play() {
            assert_eq!(show(&fold(&records)), expected, "{self:#?}");
        }
    }
}

fn run(world: &mut World, replica: &mut Replica, edits: &str, many: bool) {
    let edits: Vec<Edit> = edits.split(';').map(str::trim_start).filter(|edit| !edit.is_empty()).map(read).collect();
    let records = if many { edits.chunks(1) } else { edits.chunks(edits.len().max(1)) };
    for edits in records {
        replica.edit(world, edits);
    }
}

/// The edits that make a document.
fn start(document: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    if document.is_empty() {
        return edits;
    }
    let mut end = Place { block: 0, offset: 0 };
    for (block, content) in document.split('/').enumerate() {
        let (text, kind) = content.split_once('#').unwrap_or((content, ""));
        edits.push(Edit::Enter { at: end, attributes: kind_of(kind) });
        let at = Place { block, offset: 0 };
        if !text.is_empty() {
            edits.push(Edit::Type { at, text: text.into() });
        }
        end = Place { block, offset: text.chars().count() };
    }
    edits
}

fn kind_of(kind: &str) -> Attributes {
    let kind = (!kind.is_empty()).then(|| ("kind".to_owned(), Value::Text(kind.into())));
    kind.into_iter().collect()
}

/// Reads one edit.
fn read(edit: &str) -> Edit {
    let (verb, rest) = edit.split_once(' ').unwrap_or((edit, ""));
    let (first, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("“{text}” in “{edit}” is no number"));
    let place = |text: &str| match text.trim().split_once('@') {
        Some((block, offset)) => Place { block: number(block), offset: number(offset) },
        None => panic!("“{text}” in “{edit}” is no place"),
    };
    let mark = |key: &str, value: Option<Value>, end: End| {
        let (from, to) = (place(first), place(rest));
        Edit::Mark { from, to, start: Start::Before, end, key: key.into(), value }
    };
    let mark_with_sides = |rest: &str| {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let &[to, start, end] = &words[..] else { panic!("“{edit}” needs a start and an end") };
        let (from, to) = (place(first), place(to));
        let start = if start == "after" { Start::After } else { Start::Before };
        let end = match end {
            "open" => End::Open,
            "grows" => End::Grows,
            _ => End::Closed,
        };
        Edit::Mark { from, to, start, end, key: "bold".into(), value: Some(Value::Flag(true)) }
    };
    let on = Some(Value::Flag(true));
    match verb {
        "type" => Edit::Type { at: place(first), text: rest.into() },
        "enter" => Edit::Enter { at: place(first), attributes: kind_of(rest.trim()) },
        "back" => Edit::Backspace { at: place(first), count: number(rest) },
        "delete" => Edit::Delete { from: place(first), to: place(rest) },
        "join" => Edit::Join { block: number(first) },
        "remove" => Edit::Remove { block: number(first), with_text: true },
        "hide" => Edit::Remove { block: number(first), with_text: false },
        "bold" => mark("bold", on, End::Grows),
        "plain" => mark("bold", None, End::Grows),
        "italic" => mark("italic", on, End::Grows),
        "link" => mark("link", Some(Value::Text(LINK.into())), End::Closed),
        "link2" => mark("link", Some(Value::Text("two".into())), End::Closed),
        "unlink" => mark("link", None, End::Closed),
        "red" | "blue" => mark("highlight", Some(Value::Text(verb.into())), End::Grows),
        "pale" => mark("highlight", None, End::Grows),
        "comment" => mark("comment/1", on, End::Closed),
        "reply" => mark("comment/2", on, End::Closed),
        "future" => mark("future", Some(Value::Unknown { tag: 77, bytes: vec![1, 2, 3] }), End::Grows),
        "mark" => mark_with_sides(rest),
        "set" => {
            let value = Some(Value::Text(rest.trim().into()));
            Edit::Attribute { block: number(first), key: "kind".into(), value }
        }
        "indent" => {
            let value = Some(Value::Number(number(rest) as i64));
            Edit::Attribute { block: number(first), key: "indent".into(), value }
        }
        "check" => Edit::Attribute { block: number(first), key: "checked".into(), value: on },
        "caption" => {
            let value = Some(Value::Text(rest.trim().into()));
            Edit::Attribute { block: number(first), key: "caption".into(), value }
        }
        "mv" => {
            let (from, to) = first.split_once('-').unwrap_or((first, first));
            Edit::Move { first: number(from), last: number(to), gap: number(rest) }
        }
        "undo" => Edit::Undo,
        "redo" => Edit::Redo,
        _ => panic!("“{edit}” is no edit"),
    }
}

fn show_mark(key: &str, value: &Value) -> String {
    let letter = &key[..key.chars().next().map_or(0, char::len_utf8)];
    match value {
        Value::Text(text) if text != LINK => format!("{letter}={text}"),
        _ => letter.to_owned(),
    }
}

/// A document as the tables write it.
pub fn show(document: &Document) -> String {
    let mut blocks = Vec::new();
    for block in &document.blocks {
        let mut shown = String::new();
        for same in block.elements.chunk_by(|x, y| x.marks == y.marks) {
            let text: String = same.iter().map(|element| element.scalar).collect();
            let marks: String = same[0].marks.iter().map(|(key, value)| show_mark(key, value)).collect();
            match marks.is_empty() {
                true => shown.push_str(&text),
                false => shown.push_str(&format!("{{{marks}:{text}}}")),
            }
        }
        if let Some(Value::Text(kind)) = block.attributes.get("kind") {
            shown.push_str(&format!("#{kind}"));
        }
        if block.attributes.get("checked") == Some(&Value::Flag(true)) {
            shown.push('!');
        }
        if let Some(Value::Number(indent)) = block.attributes.get("indent") {
            shown.push_str(&format!(">{indent}"));
        }
        if let Some(Value::Text(caption)) = block.attributes.get("caption") {
            shown.push_str(&format!("\"{caption}\""));
        }
        if block.marker.is_none() {
            shown.push('~');
        }
        blocks.push(shown);
    }
    blocks.join("/")
}
