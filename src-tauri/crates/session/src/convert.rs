//! Between the engine's words and the wire's.

use std::collections::BTreeMap;

use inkfold_engine::patch::Change as PatchChange;
use inkfold_engine::undo::Grouping;
use inkfold_engine::{Attributes, Page, Value};

use crate::wire::{self, Attrs, Block, Change, Inline, Point};

/// A block's kind where it has none of its own.
pub const PARAGRAPH: &str = "paragraph";

/// A value for the window; none where this version doesn't know its type, so that the window can't lose it.
pub fn value_out(value: &Value) -> Option<wire::Value> {
    match value {
        Value::Flag(on) => Some(wire::Value::Flag(*on)),
        Value::Number(number) => i32::try_from(*number).ok().map(wire::Value::Number),
        Value::Text(text) => Some(wire::Value::Text(text.clone())),
        Value::Unknown { .. } => None,
    }
}

/// A value from the window.
pub fn value_in(value: &wire::Value) -> Value {
    match value {
        wire::Value::Flag(on) => Value::Flag(*on),
        wire::Value::Number(number) => Value::Number(i64::from(*number)),
        wire::Value::Text(text) => Value::Text(text.clone()),
    }
}

/// How the window says that an edit is undone with others.
pub fn grouping_in(grouping: wire::Grouping) -> Grouping {
    match grouping {
        wire::Grouping::Typing => Grouping::Typing,
        wire::Grouping::Start => Grouping::Start,
        wire::Grouping::Step => Grouping::Step,
        wire::Grouping::Joined => Grouping::Joined,
    }
}

/// Attributes for the window.
pub fn attrs_out(attributes: &Attributes) -> Attrs {
    attributes.iter().filter_map(|(key, value)| Some((key.clone(), value_out(value)?))).collect()
}

/// Attributes from the window.
pub fn attrs_in(attrs: &Attrs) -> Attributes {
    attrs.iter().map(|(key, value)| (key.clone(), value_in(value))).collect()
}

fn block_attrs(attributes: &Attributes) -> Attrs {
    let mut attrs = attrs_out(attributes);
    if !matches!(attrs.get("kind"), Some(wire::Value::Text(_))) {
        attrs.insert("kind".into(), wire::Value::Text(PARAGRAPH.into()));
    }
    attrs
}

fn block_out(block: &inkfold_engine::Block) -> Block {
    let mut content: Vec<Inline> = Vec::new();
    for (text, marks) in block.inlines() {
        let marks = attrs_out(marks);
        match content.last_mut() {
            Some(last) if last.marks == marks => last.text.push_str(text),
            _ => content.push(Inline { text: text.to_owned(), marks }),
        }
    }
    Block { attrs: block_attrs(block.attributes()), content }
}

/// The page for the window.
pub fn page_out(page: &Page) -> Vec<Block> {
    page.blocks().map(|block| block_out(&block)).collect()
}

/// What others did, for the window.
pub fn patch_out(patch: &[PatchChange]) -> Vec<Change> {
    let point = |block: usize, offset: usize| Point { block: block as u32, offset: offset as u32 };
    let optional = |attributes: &BTreeMap<String, Option<Value>>| {
        let known = attributes.iter().filter_map(|(key, value)| match value {
            None => Some((key.clone(), None)),
            Some(value) => Some((key.clone(), Some(value_out(value)?))),
        });
        known.collect()
    };
    let mut out = Vec::with_capacity(patch.len());
    for change in patch {
        out.push(match change {
            PatchChange::Splice { block, at, delete, insert } => Change::Splice {
                from: point(*block, *at),
                to: point(*block, at + delete),
                insert: insert
                    .iter()
                    .map(|inline| Inline { text: inline.text.clone(), marks: attrs_out(&inline.marks) })
                    .collect(),
            },
            PatchChange::Split { block, at, attributes } => {
                Change::Split { at: point(*block, *at), attrs: block_attrs(attributes) }
            }
            PatchChange::Join { block } => Change::Join { block: *block as u32 },
            PatchChange::Insert { block, blocks } => {
                Change::Insert { block: *block as u32, blocks: blocks.iter().map(block_out).collect() }
            }
            PatchChange::Remove { block, count } => Change::Remove { block: *block as u32, count: *count as u32 },
            PatchChange::Set { block, attributes } => {
                let mut attrs: BTreeMap<String, Option<wire::Value>> = optional(attributes);
                // A block without a kind is a paragraph, here as everywhere on the wire.
                if attrs.get("kind").is_some_and(Option::is_none) {
                    attrs.insert("kind".into(), Some(wire::Value::Text(PARAGRAPH.into())));
                }
                Change::Set { block: *block as u32, attrs }
            }
            PatchChange::Mark { block, from, to, key, value } => Change::Mark {
                from: point(*block, *from),
                to: point(*block, *to),
                key: key.clone(),
                value: value.as_ref().and_then(value_out),
            },
        });
    }
    out
}
