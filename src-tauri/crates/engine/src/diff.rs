//! What is different between two pages, for people to look at. [`patch`](crate::patch) is what an editor applies.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::event::{Attributes, Value};
use crate::history::Id;
use crate::page::style::attributes;
use crate::page::{Block, Page};

/// Keys that were set to something else, or taken away.
pub type Changes = BTreeMap<String, Option<Value>>;

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockDiff {
    /// Its index on the old page; none for a new block.
    pub old: Option<usize>,
    /// Its index on the new page; none for one that is gone.
    pub new: Option<usize>,
    /// Whether it stands elsewhere among the blocks that both pages have.
    pub moved: bool,
    /// The attributes that changed, with their new values.
    pub attributes: Changes,
    /// Its text, what is gone among it where it was.
    pub text: Vec<TextDiff>,
}

impl BlockDiff {
    /// Whether nothing is different.
    pub fn is_same(&self) -> bool {
        let is_kept = |text: &TextDiff| matches!(text, TextDiff::Kept { changes, .. } if changes.is_empty());
        self.old.is_some()
            && self.new.is_some()
            && !self.moved
            && self.attributes.is_empty()
            && self.text.iter().all(is_kept)
    }
}

/// What became of a stretch of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextDiff {
    /// It was there before, in this block or in another.
    Kept {
        /// The text.
        text: String,
        /// The marks that changed, with their new values.
        changes: Changes,
    },
    /// It is new.
    Inserted {
        /// The text.
        text: String,
        /// Its marks.
        marks: Attributes,
    },
    /// It is gone.
    Deleted {
        /// The text.
        text: String,
        /// The marks that it had.
        marks: Attributes,
    },
}

/// A character of a page.
#[derive(Clone, Copy)]
struct Element<'a> {
    id: Id,
    scalar: char,
    marks: &'a Attributes,
}

fn elements(block: &Block) -> impl Iterator<Item = Element<'_>> {
    let ids = block.runs.iter().flat_map(|run| (0..run.len).map(|i| (run.id + Id::from(i), attributes(&run.style))));
    ids.zip(block.text.chars()).map(|((id, marks), scalar)| Element { id, scalar, marks })
}

fn marks_of(blocks: &[Block]) -> FxHashMap<Id, &Attributes> {
    blocks.iter().flat_map(elements).map(|element| (element.id, element.marks)).collect()
}

/// What is different on the new page, in its order; blocks that are gone stand where they were.
pub fn between(old: &Page, new: &Page) -> Vec<BlockDiff> {
    let (old, new): (Vec<Block>, Vec<Block>) = (old.blocks().collect(), new.blocks().collect());
    let places: FxHashMap<Option<Id>, usize> = old.iter().enumerate().map(|(at, block)| (block.marker, at)).collect();
    let before: Vec<Option<usize>> = new.iter().map(|block| places.get(&block.marker).copied()).collect();
    let staying = longest_ascending(before.iter().flatten().copied());
    let kept: BTreeSet<usize> = before.iter().flatten().copied().collect();
    let (in_old, in_new) = (marks_of(&old), marks_of(&new));

    let mut out = Vec::new();
    let mut next_old = 0;
    for (at, block) in new.iter().enumerate() {
        let was = before[at];
        if let Some(was) = was.filter(|was| staying.contains(was)) {
            out.extend(
                (next_old..was).filter(|gone| !kept.contains(gone)).map(|gone| removed(gone, &old[gone], &in_new)),
            );
            next_old = was + 1;
        }
        out.push(BlockDiff {
            old: was,
            new: Some(at),
            moved: was.is_some_and(|was| !staying.contains(&was)),
            attributes: was.map_or_else(Changes::new, |was| changes(&old[was].attributes, &block.attributes)),
            text: text(was.map(|was| &old[was]), Some(block), &in_old, &in_new),
        });
    }
    out.extend(
        (next_old..old.len()).filter(|gone| !kept.contains(gone)).map(|gone| removed(gone, &old[gone], &in_new)),
    );
    out
}

fn removed(at: usize, block: &Block, in_new: &FxHashMap<Id, &Attributes>) -> BlockDiff {
    let text = text(Some(block), None, &FxHashMap::default(), in_new);
    BlockDiff { old: Some(at), new: None, moved: false, attributes: Changes::new(), text }
}

/// What leads from some attributes to others.
pub(crate) fn changes(old: &Attributes, new: &Attributes) -> Changes {
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), None));
    let set = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
    gone.chain(set.map(|(key, value)| (key.clone(), Some(value.clone())))).collect()
}

/// The text of a block beside what it was: what is new comes before what is gone at the same place.
fn text(
    old: Option<&Block>,
    new: Option<&Block>,
    in_old: &FxHashMap<Id, &Attributes>,
    in_new: &FxHashMap<Id, &Attributes>,
) -> Vec<TextDiff> {
    let mut out: Vec<TextDiff> = Vec::new();
    // What went to another block is shown there.
    let stays: BTreeSet<Id> = new.iter().flat_map(|block| elements(block)).map(|element| element.id).collect();
    let mut before = old
        .into_iter()
        .flat_map(elements)
        .filter(|element| stays.contains(&element.id) || !in_new.contains_key(&element.id))
        .peekable();
    let was_here: BTreeSet<Id> = old.iter().flat_map(|block| elements(block)).map(|element| element.id).collect();
    for element in new.into_iter().flat_map(elements) {
        if was_here.contains(&element.id) {
            while let Some(gone) = before.next_if(|gone| !in_new.contains_key(&gone.id)) {
                push(&mut out, gone, deleted(gone));
            }
            before.next_if(|same| same.id == element.id);
        }
        let diff = match in_old.get(&element.id) {
            Some(marks) => TextDiff::Kept { text: String::new(), changes: changes(marks, element.marks) },
            None => TextDiff::Inserted { text: String::new(), marks: element.marks.clone() },
        };
        push(&mut out, element, diff);
    }
    for gone in before.filter(|gone| !in_new.contains_key(&gone.id)) {
        push(&mut out, gone, deleted(gone));
    }
    out
}

fn deleted(element: Element<'_>) -> TextDiff {
    TextDiff::Deleted { text: String::new(), marks: element.marks.clone() }
}

/// Appends a character to the last stretch if that is of its kind, else to this new one.
fn push(out: &mut Vec<TextDiff>, element: Element<'_>, mut diff: TextDiff) {
    match (out.last_mut(), &mut diff) {
        (Some(TextDiff::Kept { text, changes }), TextDiff::Kept { changes: more, .. }) if changes == more => {
            text.push(element.scalar);
        }
        (Some(TextDiff::Inserted { text, marks }), TextDiff::Inserted { marks: more, .. })
        | (Some(TextDiff::Deleted { text, marks }), TextDiff::Deleted { marks: more, .. })
            if marks == more =>
        {
            text.push(element.scalar);
        }
        (_, TextDiff::Kept { text, .. } | TextDiff::Inserted { text, .. } | TextDiff::Deleted { text, .. }) => {
            text.push(element.scalar);
            out.push(diff);
        }
    }
}

/// The members of a longest ascending part of a sequence of different numbers.
fn longest_ascending(numbers: impl Iterator<Item = usize>) -> BTreeSet<usize> {
    let numbers: Vec<usize> = numbers.collect();
    // For each length the index of the least number that ends such a part, and for each number the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (at, &number) in numbers.iter().enumerate() {
        let place = ends.partition_point(|&end| numbers[end] < number);
        before.push(place.checked_sub(1).map(|place| ends[place]));
        match ends.get_mut(place) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    std::iter::successors(ends.last().copied(), |&at| before[at]).map(|at| numbers[at]).collect()
}
