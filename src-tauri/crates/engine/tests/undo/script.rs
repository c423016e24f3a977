//! What somebody does, act by act: drawn at random, made smaller where it fails, and written as a line of text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use inkfold_engine::{Record, Value};
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::page::Page;
use inkfold_testkit::table;

use crate::common::person::Person;
use crate::common::{number, seeds};

/// What somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// An edit, which is undone in one go; or an undo, or a redo.
    Edit(Edit),
    /// The open record is sealed.
    Seal,
    /// The document is closed and opened again.
    Reopen,
    /// All that another has is taken in.
    Hear(usize),
    /// Undoes and redoes, which changes nothing.
    BackAndForth,
}

/// Reads acts as [`table`] writes edits, with `seal` and `reopen` between them.
pub fn read(line: &str) -> Vec<Act> {
    let acts = line.split(';').map(str::trim_start).filter(|act| !act.is_empty());
    let read = |act: &str| match act.trim() {
        "seal" => Act::Seal,
        "reopen" => Act::Reopen,
        _ => Act::Edit(table::read(act)),
    };
    acts.map(read).collect()
}

/// The events of an edit; none where the page has no such place.
pub fn events(edit: &Edit, page: &Page) -> Option<Vec<inkfold_engine::Event>> {
    catch_unwind(AssertUnwindSafe(|| edit.events(page))).ok()
}

/// Everybody hears everything.
pub fn sync(people: &mut [Person]) {
    people.iter_mut().for_each(Person::seal);
    let all: Vec<Record> = people.iter().flat_map(|person| person.records.clone()).collect();
    people.iter_mut().for_each(|person| person.hear(&all));
}

/// Does something that may panic; says what went wrong.
pub fn attempt(something: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(something)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// Says of acts that fail which of them do, and why.
pub fn failing(acts: &[(usize, Act)], run: impl Fn(&[(usize, Act)]) -> Result<(), String>) -> Option<String> {
    let failure = |acts: &[(usize, Act)]| attempt(|| run(acts)).err();
    failure(acts)?;
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut acts = acts.to_vec();
    loop {
        let without = (0..acts.len()).map(|i| [&acts[..i], &acts[i + 1..]].concat());
        let simpler = (0..acts.len()).filter_map(|i| {
            let mut simpler = acts.clone();
            simpler[i].1 = simplified(&acts[i].1)?;
            Some(simpler)
        });
        let Some(fewer) = without.chain(simpler).find(|fewer| failure(fewer).is_some()) else { break };
        acts = fewer;
    }
    let why = failure(&acts).unwrap_or_default();
    std::panic::set_hook(hook);
    let name = |who: usize| char::from(b'a' + who as u8);
    let line: Vec<String> = acts.iter().map(|(who, act)| format!("{} {}", name(*who), text(act))).collect();
    Some(format!("{}\n{why}", line.join("; ")))
}

/// Runs the acts of many seeds, until as many have failed as `INKFOLD_FAILURES` says.
pub fn check_seeds(
    histories: u64,
    draw: impl Fn(u64) -> Vec<(usize, Act)>,
    run: impl Fn(&[(usize, Act)]) -> Result<(), String>,
) {
    let wrong = seeds(histories).filter_map(|seed| Some(format!("seed {seed}: {}", failing(&draw(seed), &run)?)));
    let wrong: Vec<String> = wrong.take(number("INKFOLD_FAILURES", 1) as usize).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same with less in it.
fn simplified(act: &Act) -> Option<Act> {
    let Act::Edit(edit) = act else { return None };
    let simpler = match edit {
        Edit::Type { at, text } => Edit::Type { at: *at, text: text.chars().next_back()?.into() },
        Edit::Object { at, .. } => Edit::Type { at: *at, text: "o".into() },
        Edit::Enter { at, .. } => Edit::Enter { at: *at, attributes: Default::default() },
        Edit::Backspace { at, .. } => {
            let from = Place { offset: at.offset - 1, ..*at };
            Edit::Delete { from, to: *at }
        }
        _ => return None,
    };
    (simpler != *edit).then_some(Act::Edit(simpler))
}

/// An act as it is read; what that can't say is said as it may be.
pub fn text(act: &Act) -> String {
    let edit = match act {
        Act::Edit(edit) => edit,
        Act::Hear(other) => return format!("hear {}", char::from(b'a' + *other as u8)),
        Act::Seal | Act::Reopen | Act::BackAndForth => return format!("{act:?}").to_lowercase(),
    };
    let place = |at: &Place| format!("{}@{}", at.block, at.offset);
    match edit {
        Edit::Type { at, text } => format!("type {} {text}", place(at)),
        Edit::Enter { at, attributes } => match attributes.get("kind") {
            Some(Value::Text(kind)) => format!("enter {} {kind}", place(at)),
            _ => format!("enter {}", place(at)),
        },
        Edit::Backspace { at, count } => format!("back {} {count}", place(at)),
        Edit::Delete { from, to } => format!("delete {} {}", place(from), place(to)),
        Edit::Join { block } => format!("join {block}"),
        Edit::Remove { block, with_text: true } => format!("remove {block}"),
        Edit::Remove { block, with_text: false } => format!("hide {block}"),
        Edit::Move { first, last, gap } if first == last => format!("mv {first} {gap}"),
        Edit::Move { first, last, gap } => format!("mv {first}-{last} {gap}"),
        Edit::Attribute { block, key, value: Some(Value::Text(kind)) } if key == "kind" => {
            format!("set {block} {kind}")
        }
        Edit::Undo => "undo".into(),
        Edit::Redo => "redo".into(),
        other => format!("{other:?}"),
    }
}
