//! Two installations over one real folder, driven as their windows drive them.

use std::path::Path;

use inkfold_session::Session;
use inkfold_session::wire::{Attrs, Block, Change, Edit, Inline, Opened, Patch, Point, Value, Whereabouts};

fn point(block: u32, offset: u32) -> Point {
    Point { block, offset }
}

fn plain(text: &str) -> Vec<Inline> {
    vec![Inline { text: text.into(), marks: Attrs::new() }]
}

fn splice(from: Point, to: Point, text: &str) -> Change {
    Change::Splice { from, to, insert: if text.is_empty() { vec![] } else { plain(text) } }
}

fn paragraph() -> Attrs {
    Attrs::from([("kind".into(), Value::Text("paragraph".into()))])
}

/// A window: a page of plain values to which changes and patches are applied.
struct Window {
    session: Session,
    document: String,
    patch: u32,
    counter: u32,
    blocks: Vec<Block>,
    title: String,
}

impl Window {
    async fn open(session: &Session, document: &str) -> Self {
        let Opened { document, title, patch, blocks, .. } =
            session.open_document(document.into()).await.expect("the document opens");
        Window { session: session.clone(), document, patch, counter: 0, blocks, title }
    }

    fn edit(&mut self, changes: Vec<Change>) -> Edit {
        for change in &changes {
            apply(&mut self.blocks, change);
        }
        self.counter += 1;
        Edit { document: self.document.clone(), patch: self.patch, counter: self.counter, changes }
    }

    async fn write(&mut self, changes: Vec<Change>) {
        let edit = self.edit(changes);
        self.session.edit(edit).await.expect("the edit is stored");
    }

    async fn ask(&self) -> Option<Patch> {
        self.session.next_patch(self.document.clone(), self.patch, self.counter).await.expect("the window is in step")
    }

    fn take(&mut self, patch: Patch) {
        for change in &patch.changes {
            apply(&mut self.blocks, change);
        }
        self.patch = patch.number;
        self.title = patch.title;
    }

    async fn catch_up(&mut self) {
        while let Some(patch) = self.ask().await {
            self.take(patch);
        }
    }

    fn text(&self) -> String {
        let block = |block: &Block| block.content.iter().map(|inline| inline.text.as_str()).collect::<String>();
        self.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
    }
}

/// Text as code units with their marks, so that changes can cut anywhere.
fn units(content: &[Inline]) -> Vec<(u16, Attrs)> {
    content.iter().flat_map(|inline| inline.text.encode_utf16().map(|unit| (unit, inline.marks.clone()))).collect()
}

fn inlines(units: &[(u16, Attrs)]) -> Vec<Inline> {
    units
        .chunk_by(|a, b| a.1 == b.1)
        .map(|run| Inline {
            text: String::from_utf16(&run.iter().map(|(unit, _)| *unit).collect::<Vec<_>>()).expect("whole characters"),
            marks: run[0].1.clone(),
        })
        .collect()
}

fn apply(blocks: &mut Vec<Block>, change: &Change) {
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

async fn pair(root: &Path) -> (Session, Session) {
    let folder = root.join("folder");
    let a = Session::open(root.join("a")).expect("a data directory");
    a.create_workspace("Notes".into(), "Ada".into(), Some(folder.clone())).await.expect("a workspace");
    a.sync().await.expect("the folder takes it");
    let b = Session::open(root.join("b")).expect("a data directory");
    b.join_workspace(folder, "Ben".into()).await.expect("the workspace is joined");
    b.sync().await.expect("the folder is read");
    a.sync().await.expect("the folder is read");
    (a, b)
}

/// Both publish and read until each has everything.
async fn exchange(a: &Session, b: &Session) {
    for session in [a, b, a, b] {
        session.sync().await.expect("the folder works");
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(test)
}

#[test]
fn what_one_types_the_other_sees() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b) = pair(root.path()).await;
        let document = a.create_document("Plans".into()).await.expect("a document").id;
        let mut left = Window::open(&a, &document).await;
        left.write(vec![splice(point(0, 0), point(0, 0), "Grüße 🙂 an alle")]).await;
        left.write(vec![Change::Split { at: point(0, 9), attrs: paragraph() }]).await;
        exchange(&a, &b).await;

        let list = b.documents().await.expect("a list");
        assert_eq!(list.iter().map(|info| info.title.as_str()).collect::<Vec<_>>(), ["Plans"]);
        let mut right = Window::open(&b, &document).await;
        assert_eq!(right.text(), "Grüße 🙂 \nan alle");

        // Both write in one paragraph at once; one divides it, the other makes it bold.
        left.write(vec![Change::Split { at: point(1, 2), attrs: paragraph() }]).await;
        left.write(vec![splice(point(0, 0), point(0, 0), "A: ")]).await;
        let bold = Some(Value::Flag(true));
        right.write(vec![Change::Mark { from: point(1, 0), to: point(1, 7), key: "bold".into(), value: bold }]).await;
        right.write(vec![splice(point(0, 5), point(0, 8), "!")]).await;
        exchange(&a, &b).await;
        left.catch_up().await;
        right.catch_up().await;
        assert_eq!(left.text(), "A: Grüße! \nan\n alle");
        assert_eq!(left.blocks, right.blocks);
        assert!(left.blocks[2].content[0].marks.contains_key("bold"));
        assert_eq!(a.status().await.expect("a status").words, Whereabouts::InTheFolder);
    });
}

#[test]
fn a_dropped_patch_comes_again_and_edits_made_before_it_keep_their_place() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b) = pair(root.path()).await;
        let document = a.create_document("Plans".into()).await.expect("a document").id;
        let mut left = Window::open(&a, &document).await;
        left.write(vec![splice(point(0, 0), point(0, 0), "one two")]).await;
        exchange(&a, &b).await;
        let mut right = Window::open(&b, &document).await;
        right.write(vec![splice(point(0, 0), point(0, 0), "zero ")]).await;
        exchange(&a, &b).await;

        // The window asks, its writer types before the answer is there, and the answer is dropped.
        let dropped = left.ask().await.expect("there is something new");
        assert!(!dropped.changes.is_empty());
        left.write(vec![splice(point(0, 7), point(0, 7), " three")]).await;
        assert_eq!(left.text(), "one two three");
        // A new title while it isn't known whether the window took a patch waits for that.
        let sent = left.ask().await.expect("the same is still new");
        a.rename_document(document.clone(), "Numbers".into()).await.expect("it is renamed");
        left.take(sent);
        assert_eq!(left.text(), "zero one two three");
        left.write(vec![splice(point(0, 0), point(0, 4), "null")]).await;
        left.catch_up().await;
        assert_eq!(left.title, "Numbers");
        exchange(&a, &b).await;
        left.catch_up().await;
        right.catch_up().await;
        assert_eq!(right.text(), "null one two three");
        assert_eq!((&left.blocks, &left.title), (&right.blocks, &right.title));
    });
}

#[test]
fn edits_that_overtake_one_another_are_applied_in_their_order() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let a = Session::open(root.path()).expect("a data directory");
        a.create_workspace("Notes".into(), "Ada".into(), None).await.expect("a workspace");
        let document = a.create_document(String::new()).await.expect("a document").id;
        let mut window = Window::open(&a, &document).await;
        let edits: Vec<Edit> = "abcdef"
            .chars()
            .enumerate()
            .map(|(i, c)| {
                let at = point(0, i as u32);
                window.edit(vec![splice(at, at, &c.to_string())])
            })
            .collect();
        let mut answers = Vec::new();
        for edit in edits.into_iter().rev() {
            let session = a.clone();
            answers.push(tokio::spawn(async move { session.edit(edit).await }));
            tokio::task::yield_now().await;
        }
        for answer in answers {
            answer.await.expect("the task ends").expect("the edit is stored");
        }
        let again = Window::open(&a, &document).await;
        assert_eq!(again.text(), "abcdef");
    });
}

#[test]
fn a_paste_larger_than_a_record_may_be_is_kept_whole() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b) = pair(root.path()).await;
        let document = a.create_document("Long".into()).await.expect("a document").id;
        let mut window = Window::open(&a, &document).await;
        let text = "Die längste Zeile der Welt 🙂 ".repeat(100_000);
        window.write(vec![splice(point(0, 0), point(0, 0), &text)]).await;
        window.write(vec![splice(point(0, 3), point(0, 3), "!")]).await;
        exchange(&a, &b).await;
        let there = Window::open(&b, &document).await;
        assert_eq!(there.text(), format!("Die!{}", &text[3..]));
        assert_eq!(there.blocks, window.blocks);
    });
}
