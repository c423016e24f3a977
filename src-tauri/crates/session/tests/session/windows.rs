//! Windows of two installations, in plain values.

use std::path::Path;

use inkfold_session::Session;
use inkfold_session::wire::{
    Attrs, Block, Change, Edit, Grouping, Inline, Opened, Patch, Point, Selection, Undo, Undone, Value,
};

pub fn point(block: u32, offset: u32) -> Point {
    Point { block, offset }
}

pub fn plain(text: &str) -> Vec<Inline> {
    vec![Inline { text: text.into(), marks: Attrs::new() }]
}

pub fn splice(from: Point, to: Point, text: &str) -> Change {
    Change::Splice { from, to, insert: if text.is_empty() { vec![] } else { plain(text) } }
}

pub fn paragraph() -> Attrs {
    Attrs::from([("kind".into(), Value::Text("paragraph".into()))])
}

/// A window: a page of plain values to which changes and patches are applied.
pub struct Window {
    pub session: Session,
    pub document: String,
    pub patch: u32,
    pub counter: u32,
    pub blocks: Vec<Block>,
    pub title: String,
}

impl Window {
    pub async fn open(session: &Session, document: &str) -> Self {
        let Opened { document, title, patch, blocks, .. } =
            session.open_document(document.into()).await.expect("the document opens");
        Window { session: session.clone(), document, patch, counter: 0, blocks, title }
    }

    pub fn edit(&mut self, changes: Vec<Change>) -> Edit {
        for change in &changes {
            apply(&mut self.blocks, change);
        }
        self.counter += 1;
        let (document, patch, counter) = (self.document.clone(), self.patch, self.counter);
        Edit { document, patch, counter, changes, grouping: Grouping::Step, before: None, after: None }
    }

    /// Writes one step, with the caret before and after it.
    pub async fn step(&mut self, grouping: Grouping, changes: Vec<Change>, before: Point, after: Point) {
        let caret = |at: Point| Some(Selection { anchor: at, head: at });
        let edit = self.edit(changes);
        let edit = Edit { grouping, before: caret(before), after: caret(after), ..edit };
        self.session.edit(edit).await.expect("the edit is stored");
    }

    async fn turn(&mut self, redo: bool) -> Undone {
        self.counter += 1;
        let (document, patch, counter) = (self.document.clone(), self.patch, self.counter);
        let undone = self.session.undo(Undo { document, patch, counter, redo }).await.expect("it can be asked for");
        if let Some(patch) = undone.patch.clone() {
            self.take(patch);
        }
        // Its answer says that all is stored.
        let nothing = self.edit(vec![]);
        self.session.edit(nothing).await.expect("the edit is stored");
        undone
    }

    pub async fn undo(&mut self) -> Undone {
        self.turn(false).await
    }

    pub async fn redo(&mut self) -> Undone {
        self.turn(true).await
    }

    pub async fn write(&mut self, changes: Vec<Change>) {
        let edit = self.edit(changes);
        self.session.edit(edit).await.expect("the edit is stored");
    }

    pub async fn ask(&self) -> Option<Patch> {
        self.session.next_patch(self.document.clone(), self.patch, self.counter).await.expect("the window is in step")
    }

    pub fn take(&mut self, patch: Patch) {
        for change in &patch.changes {
            apply(&mut self.blocks, change);
        }
        self.patch = patch.number;
        self.title = patch.title;
    }

    pub async fn catch_up(&mut self) {
        while let Some(patch) = self.ask().await {
            self.take(patch);
        }
    }

    /// The page as the session has it for this window.
    pub async fn held(&self) -> Vec<Block> {
        self.session.window_page(self.document.clone()).await.expect("the document is open")
    }

    pub fn text(&self) -> String {
        let block = |block: &Block| block.content.iter().map(|inline| inline.text.as_str()).collect::<String>();
        self.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
    }
}

/// Text as code units with their marks, so that changes can cut anywhere.
pub fn units(content: &[Inline]) -> Vec<(u16, Attrs)> {
    content.iter().flat_map(|inline| inline.text.encode_utf16().map(|unit| (unit, inline.marks.clone()))).collect()
}

pub fn inlines(units: &[(u16, Attrs)]) -> Vec<Inline> {
    units
        .chunk_by(|a, b| a.1 == b.1)
        .map(|run| Inline {
            text: String::from_utf16(&run.iter().map(|(unit, _)| *unit).collect::<Vec<_>>()).expect("whole characters"),
            marks: run[0].1.clone(),
        })
        .collect()
}

pub fn apply(blocks: &mut Vec<Block>, change: &Change) {
    match change {
        Change::Splice { from, to, insert } => {
            let last = units(&blocks[to.block as usize].content).split_off(to.offset as usize);
            let mut first = units(&blocks[from.block as usize].content);
            first.truncate(from.offset as usize);
            first.extend(units(insert));
            first.extend(last);
            blocks[from.block as usize].content = inlines(&first);
            blocks.drain(from.block as usize + 1..=to.block as usize);
        }
        Change::Split { at, attrs } => {
            let mut first = units(&blocks[at.block as usize].content);
            let rest = first.split_off(at.offset as usize);
            blocks[at.block as usize].content = inlines(&first);
            blocks.insert(at.block as usize + 1, Block { attrs: attrs.clone(), content: inlines(&rest) });
        }
        Change::Join { block } => {
            let gone = blocks.remove(*block as usize);
            let before = &mut blocks[*block as usize - 1];
            before.content = inlines(&[units(&before.content), units(&gone.content)].concat());
        }
        Change::Insert { block, blocks: new } => {
            blocks.splice(*block as usize..*block as usize, new.iter().cloned());
        }
        Change::Remove { block, count } => {
            blocks.drain(*block as usize..(block + count) as usize);
        }
        Change::Set { block, attrs } => {
            for (key, value) in attrs {
                match value {
                    Some(value) => blocks[*block as usize].attrs.insert(key.clone(), value.clone()),
                    None => blocks[*block as usize].attrs.remove(key),
                };
            }
        }
        Change::Mark { from, to, key, value } => {
            for block in from.block..=to.block {
                let target = &mut blocks[block as usize];
                let mut content = units(&target.content);
                let start = if block == from.block { from.offset as usize } else { 0 };
                let end = if block == to.block { to.offset as usize } else { content.len() };
                for (_, marks) in &mut content[start..end] {
                    match value {
                        Some(value) => marks.insert(key.clone(), value.clone()),
                        None => marks.remove(key),
                    };
                }
                target.content = inlines(&content);
            }
        }
    }
}

/// Two installations that share a folder, and a document that only the first knows yet.
pub async fn pair(root: &Path, title: &str) -> (Session, Session, String) {
    let folder = root.join("folder");
    let a = Session::open(root.join("a")).expect("a data directory");
    a.create_workspace("Notes".into(), "Ada".into(), Some(folder.clone())).await.expect("a workspace");
    a.sync().await.expect("the folder takes it");
    let b = Session::open(root.join("b")).expect("a data directory");
    b.join_workspace(folder, "Ben".into()).await.expect("the workspace is joined");
    b.sync().await.expect("the folder is read");
    a.sync().await.expect("the folder is read");
    let document = a.create_document(title.into()).await.expect("a document").id;
    (a, b, document)
}

/// Both publish and read until each has everything.
pub async fn exchange(a: &Session, b: &Session) {
    for session in [a, b, a, b] {
        session.sync().await.expect("the folder works");
    }
}

pub fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(test)
}
