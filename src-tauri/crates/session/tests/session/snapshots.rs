//! Documents that are opened from snapshots: nobody can tell them from others.

use std::path::Path;
use std::time::Duration;

use inkfold_engine::{Document, DocumentId, RecordId};
use inkfold_session::wire::{Change, Grouping};
use inkfold_session::{Profile, Session, reading};
use inkfold_store::{Batch, Snapshot, SnapshotChange, SqliteStore, Storage, Versions};

use crate::windows::{Window, exchange, pair, point, run, splice};

/// The store of an installation, whether it runs or not, and a document's id.
fn store(data: &Path, document: &str) -> (SqliteStore, DocumentId) {
    let profile = Profile::open(data).expect("a profile");
    let store = profile.store(profile.choose(None).expect("a workspace")).expect("a store");
    (store, document.parse().expect("an id"))
}

/// How many records came after the last snapshot; what is stored has to be what its records fold to.
pub fn since(data: &Path, document: &str) -> usize {
    let (store, id) = store(data, document);
    let opened = store.open_document(&id).expect("it can be read").expect("it is there");
    let mut replayed = Document::new(store.workspace(), id);
    replayed.absorb(store.records(&id).expect("they can be read"));
    assert_eq!(opened.document.page().text(), replayed.page().text());
    assert_eq!(opened.document.version(), replayed.version());
    opened.since
}

async fn again(session: &Session, window: Window) -> Window {
    let Window { document, blocks, .. } = window;
    session.close_document(document.clone()).await.expect("all is stored");
    let window = Window::open(session, &document).await;
    assert_eq!(window.blocks, blocks, "as it was closed");
    window
}

#[test]
fn what_came_while_a_document_was_closed_is_merged_into_what_was_kept() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let data = root.path().join("a");
        let mut left = Window::open(&a, &document).await;
        left.write(vec![splice(point(0, 0), point(0, 0), "one two three")]).await;
        exchange(&a, &b).await;
        let mut right = Window::open(&b, &document).await;

        // Neither knows of the other, and the left one is closed in between.
        right.write(vec![splice(point(0, 3), point(0, 7), "")]).await;
        left.step(Grouping::Step, vec![splice(point(0, 4), point(0, 7), "2")], point(0, 7), point(0, 5)).await;
        let mut left = again(&a, left).await;
        assert_eq!(since(&data, &document), 0);
        left.step(Grouping::Step, vec![splice(point(0, 0), point(0, 0), "> ")], point(0, 0), point(0, 2)).await;
        exchange(&a, &b).await;
        left.catch_up().await;
        right.catch_up().await;
        assert_eq!((left.text().as_str(), right.text().as_str()), ("> one2 three", "> one2 three"));

        // What was written before it was closed can be taken back afterwards.
        left.undo().await;
        left.undo().await;
        assert_eq!((left.text().as_str(), &left.held().await), ("one three", &left.blocks));
        left.redo().await;
        let left = again(&a, left).await;
        assert_eq!((left.text().as_str(), since(&data, &document)), ("one2 three", 0));
        exchange(&a, &b).await;
        right.catch_up().await;
        assert_eq!(right.text(), "one2 three");
    });
}

#[test]
fn a_snapshot_that_is_damaged_or_was_never_taken_is_not_missed() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let data = root.path().join("a");
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "written")]).await;
        a.close().await.expect("all is stored");
        assert_eq!(since(&data, &document), 0, "leaving takes one, too");
        drop((window, a));

        {
            let (mut store, id) = store(&data, &document);
            let spoilt = |mark| Snapshot { mark, bytes: vec![0xa5; 99] };
            let added = store.snapshots(&id).expect("the list").into_iter().map(spoilt).collect();
            let change = SnapshotChange { document: id, kept: vec![], added };
            store.commit(&Batch { snapshots: vec![change], ..Batch::default() }).expect("it is stored");
        }
        let a = Session::open(&data).expect("a data directory");
        a.start().await.expect("the workspace opens");
        let mut window = Window::open(&a, &document).await;
        assert_eq!(window.text(), "written");
        window.write(vec![splice(point(0, 7), point(0, 7), "!")]).await;
        let window = again(&a, window).await;
        assert_eq!((window.text().as_str(), since(&data, &document)), ("written!", 0));

        // What the database says while the app runs, and so after it was killed.
        let mut window = window;
        window.write(vec![splice(point(0, 8), point(0, 8), "?")]).await;
        let (store, id) = store(&data, &document);
        assert_eq!(reading::document(&store, id).expect("it can be read").page().text(), "written!?");
    });
}

#[test]
fn a_paste_of_many_records_leaves_out_what_the_window_has_not_seen() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        exchange(&a, &b).await;
        let mut right = Window::open(&b, &document).await;
        right.write(vec![splice(point(0, 0), point(0, 0), "unseen ")]).await;
        let mut left = Window::open(&a, &document).await;
        exchange(&b, &a).await;
        let text = "a long line ".repeat(60_000);
        left.write(vec![splice(point(0, 0), point(0, 0), &text)]).await;
        left.write(vec![splice(point(0, 1), point(0, 1), "n")]).await;
        assert_eq!(left.held().await, left.blocks);
        left.catch_up().await;
        assert_eq!(left.held().await, left.blocks);
        assert_eq!(left.text().len(), text.len() + 1 + "unseen ".len());
        left.undo().await;
        left.undo().await;
        assert_eq!(left.text(), "unseen ");
    });
}

#[test]
fn a_document_that_changes_much_is_kept_without_being_closed() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let data = root.path().join("a");
        for line in 0..70 {
            a.append_text(document.parse().expect("an id"), format!("line {line}")).await.expect("it is stored");
        }
        let mut looks = 0;
        while since(&data, &document) > 0 {
            looks += 1;
            assert!(looks < 2_000, "none was taken, however long one waits");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        // Each version is there, whatever was kept.
        let (store, id) = store(&data, &document);
        let records = store.records(&id).expect("they can be read");
        for (line, record) in records.iter().enumerate().skip(1) {
            let text = reading::document_at(&store, id, &[record.id()]).expect("it is known").page().text();
            assert_eq!(text.lines().last(), Some(format!("line {}", line - 1).as_str()));
        }
        let unknown = reading::document_at(&store, id, &[RecordId([1; 32])]);
        assert_eq!(unknown.expect_err("nobody wrote it").code(), "no-version");
    });
}

#[test]
fn one_press_takes_back_what_shows_even_if_its_history_must_be_read_first() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "one")]).await;
        let mut window = again(&a, window).await;
        // A mark that isn't there is taken away: undoing that alone would show nothing.
        let plain = Change::Mark { from: point(0, 0), to: point(0, 3), key: "bold".into(), value: None };
        window.step(Grouping::Step, vec![plain], point(0, 3), point(0, 3)).await;
        let undone = window.undo().await;
        assert_eq!((window.text().as_str(), undone.undo, undone.redo), ("", false, true));
        assert_eq!(window.held().await, window.blocks);
        window.redo().await;
        window.redo().await;
        assert_eq!((window.text().as_str(), &window.held().await), ("one", &window.blocks));
    });
}
