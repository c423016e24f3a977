//! People at their windows: how they begin, and whether in the end all of them have the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use inkfold_tests::{App, PATIENCE, keys, wait_until};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Two people with one document before them.
pub struct Pair {
    /// Holds their folder and their data, and goes with them.
    _place: TempDir,
    folder: PathBuf,
    pub anna: App,
    pub ben: App,
    pub document: String,
}

impl Pair {
    /// Anna shares a folder, Ben joins it, and both see Anna's document, which has this title and these paragraphs.
    #[track_caller]
    pub fn begin(title: &str, text: &str) -> Pair {
        let place = TempDir::new().expect("a place for a test");
        let folder = place.path().join("shared");
        fs::create_dir(&folder).expect("a folder to share");
        Pair::begin_in(place, &folder, &folder, title, text)
    }

    /// As [`Pair::begin`], each with a folder of their own, which something keeps alike.
    #[track_caller]
    pub fn begin_in(place: TempDir, annas: &Path, bens: &Path, title: &str, text: &str) -> Pair {
        let anna = App::start(&place.path().join("anna"));
        share(&anna, "Anna", annas);
        anna.wait_for("page");
        anna.type_keys(&format!("{title}{}", keys::ENTER));
        if !text.is_empty() {
            anna.paste(text);
        }
        let ben = App::start(&place.path().join("ben"));
        wait_until("the workspace is to reach Ben's folder", || holds_workspace(bens).then_some(()));
        join(&ben, "Ben", bens);
        ben.wait_for("page");
        let document = anna.shown().expect("Anna has a document before her");
        wait_until("Ben is to see Anna's document", || {
            (ben.shown().as_deref() == Some(&document) && ben.paragraphs() == anna.paragraphs()).then_some(())
        });
        let pair = Pair { _place: place, folder: annas.to_owned(), anna, ben, document };
        pair.wait_for_title(title);
        pair
    }

    /// Anna's folder.
    pub fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    #[track_caller]
    fn wait_for_title(&self, title: &str) {
        wait_until("Ben is to see the title", || {
            (self.ben.text("document-title").as_deref() == Some(title)).then_some(())
        });
    }

    /// Waits until both windows and both stores hold the same document; what it is.
    #[track_caller]
    pub fn agree(&self) -> Value {
        let mut seen = [const { Value::Null }; 4];
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            seen = [&self.anna, &self.ben]
                .map(|app| blocks_of(&app.document()))
                .into_iter()
                .chain(self.stored())
                .collect::<Vec<_>>()
                .try_into()
                .expect("two windows and two stores");
            if seen[0] != Value::Null && seen.iter().all(|blocks| *blocks == seen[0]) {
                return seen[0].take();
            }
        }
        let names = ["Anna's window", "Ben's window", "Anna's store", "Ben's store"];
        let told: Vec<String> = names.iter().zip(&seen).map(|(name, blocks)| format!("{name}: {blocks}")).collect();
        panic!("they never agreed:\n{}", told.join("\n"));
    }

    fn stored(&self) -> Vec<Value> {
        [&self.anna, &self.ben].map(|app| app.stored(&self.document)["blocks"].take()).into()
    }

    /// Waits until both windows show these paragraphs.
    #[track_caller]
    pub fn wait_for_text(&self, expected: &[&str]) {
        for app in [&self.anna, &self.ben] {
            wait_for_text(app, expected);
        }
    }

    /// Waits until both windows show these blocks, as [`lines`] writes them.
    #[track_caller]
    pub fn wait_for_lines(&self, expected: &[impl AsRef<str>]) {
        for app in [&self.anna, &self.ben] {
            wait_for_lines(app, expected);
        }
    }

    /// Closes both windows.
    #[track_caller]
    pub fn close(self) {
        self.anna.close();
        self.ben.close();
    }
}

/// Waits until a window shows these paragraphs.
#[track_caller]
pub fn wait_for_text(app: &App, expected: &[&str]) {
    let end = Instant::now() + PATIENCE;
    let mut seen = app.paragraphs();
    while seen != expected {
        assert!(Instant::now() < end, "the page shows {seen:?}, not {expected:?}");
        seen = app.paragraphs();
    }
}

/// Undoes or redoes with a key until the page shows these paragraphs: one press for each step, and typing on a busy machine
/// can be several, as a pause ends one.
#[track_caller]
pub fn press_until(app: &App, key: char, expected: &[&str]) {
    const PRESSES: usize = 8;
    for _ in 0..PRESSES {
        let before = app.paragraphs();
        app.type_keys(&keys::control(key));
        let seen = wait_until(&format!("Control+{key} is to change {before:?}"), || {
            Some(app.paragraphs()).filter(|seen| *seen != before)
        });
        if seen == expected {
            return;
        }
    }
    panic!("after {PRESSES} times Control+{key} the page shows {:?}, not {expected:?}", app.paragraphs());
}

/// Waits until a window shows these blocks, as [`lines`] writes them.
#[track_caller]
pub fn wait_for_lines(app: &App, expected: &[impl AsRef<str>]) {
    let end = Instant::now() + PATIENCE;
    let mut seen = lines(&blocks_of(&app.document()));
    while !seen.iter().eq(expected.iter().map(AsRef::as_ref)) {
        let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
        assert!(Instant::now() < end, "the page shows {seen:#?}, not {expected:#?}");
        seen = lines(&blocks_of(&app.document()));
    }
}

/// Begins to write on this device alone.
#[track_caller]
pub fn write_alone(app: &App, person: &str) {
    app.click("start-write");
    app.fill("person-name", person);
    app.click("start-submit");
    app.wait_for("page");
}

/// Shares a folder.
#[track_caller]
pub fn share(app: &App, person: &str, folder: &Path) {
    begin(app, "start-share", person, folder);
}

/// Joins the folder that somebody shares.
#[track_caller]
pub fn join(app: &App, person: &str, folder: &Path) {
    begin(app, "start-join", person, folder);
}

#[track_caller]
fn begin(app: &App, way: &str, person: &str, folder: &Path) {
    app.click(way);
    app.fill("person-name", person);
    app.fill("folder-path", &folder.to_string_lossy());
    app.click("start-submit");
}

/// Whether a workspace's file is in a folder.
pub fn holds_workspace(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|end| end == "inkfold"))
}

/// The editor's document as blocks, in the form in which the command line prints them.
pub fn blocks_of(document: &Value) -> Value {
    match document["content"].as_array() {
        Some(nodes) => nodes.iter().map(block_of).collect(),
        None => Value::Null,
    }
}

fn block_of(node: &Value) -> Value {
    let mut content: Vec<Value> = Vec::new();
    for inline in node["content"].as_array().into_iter().flatten() {
        let text = inline["text"].as_str().unwrap_or("\u{2028}");
        let marks: Map<String, Value> = inline["marks"].as_array().into_iter().flatten().map(mark_of).collect();
        match content.last_mut().filter(|last| last["marks"] == Value::Object(marks.clone())) {
            Some(last) => last["text"] = format!("{}{text}", last["text"].as_str().unwrap_or_default()).into(),
            None => content.push(json!({ "text": text, "marks": marks })),
        }
    }
    json!({ "attrs": node["attrs"]["marker"], "content": content })
}

fn mark_of(mark: &Value) -> (String, Value) {
    match mark["type"].as_str().unwrap_or_default() {
        "link" => ("link".into(), mark["attrs"]["href"].clone()),
        "opaque" => (mark["attrs"]["key"].as_str().unwrap_or_default().into(), mark["attrs"]["value"].clone()),
        name => (name.into(), true.into()),
    }
}

/// Blocks as short lines: the kind, the level where there is one, the text with its marks.
pub fn lines(blocks: &Value) -> Vec<String> {
    blocks.as_array().into_iter().flatten().map(line).collect()
}

fn line(block: &Value) -> String {
    let attrs = &block["attrs"];
    let mut line = attrs["kind"].as_str().unwrap_or("?").to_owned();
    for (key, value) in attrs.as_object().into_iter().flatten().filter(|(key, _)| *key != "kind") {
        line.push_str(&format!(" {key}={value}"));
    }
    line.push(':');
    for inline in block["content"].as_array().into_iter().flatten() {
        let marks: Vec<&String> = inline["marks"].as_object().into_iter().flatten().map(|(key, _)| key).collect();
        let text = inline["text"].as_str().unwrap_or_default().replace('\u{2028}', "↵");
        let marks = marks.iter().map(|mark| mark.as_str()).collect::<Vec<_>>().join("+");
        line.push_str(&if marks.is_empty() { format!(" {text}") } else { format!(" [{marks} {text}]") });
    }
    line
}
