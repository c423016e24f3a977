//! The document that a new workspace begins with: it teaches by being edited.

use crate::wire::{Attrs, Block, Inline, Value};

/// Its title.
pub(crate) const TITLE: &str = "Welcome to Inkfold";

/// Kind, indentation, and text in which `*…*` is bold, `_…_` italic and `` `…` `` code.
const BLOCKS: &[(&str, i32, &str)] = &[
    ("paragraph", 0, "This is a document like any other. Change it, take it apart, throw it away."),
    ("heading2", 0, "Write"),
    (
        "paragraph",
        0,
        "Select some words and make them *bold* or _italic_ with the keys you know, or type what you mean:",
    ),
    ("bullet", 0, "`#` and a space begin a heading, `-` a list, `1.` a numbered one"),
    ("bullet", 1, "Tab moves an item in, Shift+Tab out"),
    ("bullet", 0, "`[]` and a space make a task"),
    ("bullet", 0, "`>` begins a quote, three backticks a block of code, `---` draws a line"),
    ("quote", 0, "There is no save button. The line at the bottom says where your words are."),
    ("heading2", 0, "Write together"),
    ("number", 0, "Share a folder that Dropbox, Syncthing or any other service carries."),
    ("number", 0, "The others choose _Join a folder_ and name it."),
    ("number", 0, "Everybody writes, online or not. What each one typed finds its place when the files arrive."),
    ("heading2", 0, "Try it"),
    ("task", 0, "Tick this box"),
    ("task", 0, "Press Enter in the middle of this line, then undo it"),
    ("task", 0, "Start a document of your own"),
    ("divider", 0, ""),
    ("paragraph", 0, "Your documents lie on this device, and in the folder you choose. Nowhere else."),
];

/// Its blocks.
pub(crate) fn blocks() -> Vec<Block> {
    BLOCKS.iter().map(|(kind, indent, text)| Block { attrs: attrs(kind, *indent), content: inlines(text) }).collect()
}

fn attrs(kind: &str, indent: i32) -> Attrs {
    let mut attrs = Attrs::from([("kind".into(), Value::Text(kind.into()))]);
    if indent > 0 {
        attrs.insert("indent".into(), Value::Number(indent));
    }
    attrs
}

fn inlines(text: &str) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    let mut mark: Option<char> = None;
    for c in text.chars() {
        let toggles = matches!(c, '*' | '_' | '`') && mark.is_none_or(|mark| mark == c);
        if toggles {
            mark = if mark.is_some() { None } else { Some(c) };
            continue;
        }
        let key = mark.map(|mark| {
            if mark == '*' {
                "bold"
            } else if mark == '_' {
                "italic"
            } else {
                "code"
            }
        });
        let marks: Attrs = key.into_iter().map(|key| (key.to_owned(), Value::Flag(true))).collect();
        match out.last_mut() {
            Some(last) if last.marks == marks => last.text.push(c),
            _ => out.push(Inline { text: c.into(), marks }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_closed() {
        for (block, (_, _, text)) in blocks().iter().zip(BLOCKS) {
            let shown: String = block.content.iter().map(|inline| inline.text.as_str()).collect();
            let markers = text.chars().filter(|c| matches!(c, '*' | '_' | '`')).count();
            assert_eq!(shown.chars().count() + markers, text.chars().count(), "{text}");
            assert!(block.content.last().is_none_or(|last| !last.text.ends_with(['*', '_'])), "{text}");
        }
    }
}
