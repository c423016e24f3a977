//! Undo and redo as windows ask for them.

use inkfold_session::Session;
use inkfold_session::wire::{Change, Grouping, Point, Undo, Undone, Value};

use crate::windows::{Window, exchange, pair, paragraph, point, run, splice};

fn caret(undone: &Undone) -> Option<Point> {
    undone.selection.filter(|selection| selection.anchor == selection.head).map(|selection| selection.head)
}

/// Types at the end of a block, key by key.
async fn type_in(window: &mut Window, at: Point, text: &str) {
    let mut at = at;
    for key in text.chars() {
        let after = point(at.block, at.offset + key.len_utf16() as u32);
        let change = splice(at, at, &key.to_string());
        window.step(Grouping::Typing, vec![change], at, after).await;
        at = after;
    }
}

#[test]
fn a_window_takes_back_what_it_did_step_by_step() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let mut window = Window::open(&a, &document).await;
        type_in(&mut window, point(0, 0), "Grüße 🙂").await;
        let heading = [("kind".to_owned(), Some(Value::Text("heading1".into())))];
        let heading = Change::Set { block: 0, attrs: heading.into() };
        window.step(Grouping::Step, vec![heading], point(0, 8), point(0, 8)).await;
        let split = Change::Split { at: point(0, 5), attrs: paragraph() };
        window.step(Grouping::Step, vec![split], point(0, 5), point(1, 0)).await;
        let join = Change::Join { block: 1 };
        window.step(Grouping::Step, vec![join], point(1, 0), point(0, 5)).await;
        let done = window.blocks.clone();

        // The texts and the caret that each undo gives back.
        for (text, at) in [("Grüße\n 🙂", point(1, 0)), ("Grüße 🙂", point(0, 5)), ("Grüße 🙂", point(0, 8))]
        {
            let undone = window.undo().await;
            assert_eq!((window.text().as_str(), caret(&undone)), (text, Some(at)));
            assert!(undone.undo && undone.redo);
            assert_eq!(window.held().await, window.blocks);
        }
        let undone = window.undo().await;
        assert_eq!((window.text().as_str(), caret(&undone)), ("", Some(point(0, 0))), "typing is one step");
        assert!(!undone.undo && undone.redo);
        let nothing = window.undo().await;
        assert_eq!((nothing.patch, nothing.undo), (None, false));
        for at in [point(0, 8), point(0, 8), point(1, 0), point(0, 5)] {
            assert_eq!(caret(&window.redo().await), Some(at));
            assert_eq!(window.held().await, window.blocks);
        }
        assert_eq!(window.blocks, done);
    });
}

#[test]
fn what_can_be_undone_is_there_after_a_restart_and_only_one_s_own() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let mut left = Window::open(&a, &document).await;
        type_in(&mut left, point(0, 0), "one two").await;
        left.step(Grouping::Step, vec![splice(point(0, 1), point(0, 6), "")], point(0, 6), point(0, 1)).await;
        exchange(&a, &b).await;
        let mut right = Window::open(&b, &document).await;
        type_in(&mut right, point(0, 1), "X").await;
        right.undo().await;
        right.redo().await;
        assert_eq!(right.text(), "oXo");
        exchange(&a, &b).await;
        left.catch_up().await;
        a.close_document(document.clone()).await.expect("all is stored");
        a.close().await.expect("all is stored");
        drop((left, a));

        let a = Session::open(root.path().join("a")).expect("a data directory");
        a.start().await.expect("the workspace opens");
        assert!(a.open_document(document.clone()).await.expect("it opens").undo);
        let mut left = Window::open(&a, &document).await;
        assert_eq!(left.text(), "oXo");
        let undone = left.undo().await;
        assert_eq!(left.text(), "oXne two");
        assert_eq!(caret(&undone), Some(point(0, 7)));
        left.undo().await;
        assert_eq!(left.text(), "X");
        left.redo().await;
        left.redo().await;
        assert_eq!(left.text(), "oXo");
        exchange(&a, &b).await;
        right.catch_up().await;
        assert_eq!(right.text(), "oXo");
    });
}

#[test]
fn an_answer_that_was_lost_is_given_again_and_nothing_is_undone_twice() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "one")]).await;
        window.write(vec![splice(point(0, 3), point(0, 3), " two")]).await;
        let undo = Undo { document: document.clone(), patch: window.patch, counter: 3, redo: false };
        let lost = a.undo(undo.clone()).await.expect("it is undone");
        assert_eq!(a.undo(undo).await.expect("the same"), lost);
        // A question from before it gets no answer that could be used.
        let early = a.next_patch(document.clone(), window.patch, 2).await.expect("it is passed over");
        assert_eq!(early, None);
        window.counter = 3;
        window.take(lost.patch.expect("it changed something"));
        assert_eq!(window.text(), "one");
        assert_eq!(window.held().await, window.blocks);
        // Typing doesn't go on with what was undone, and what was undone can't be done again after it.
        type_in(&mut window, point(0, 3), "!").await;
        assert_eq!(window.redo().await.patch, None);
        window.undo().await;
        assert_eq!(window.text(), "one");
    });
}

#[test]
fn an_undo_has_its_turn_among_the_edits_however_it_comes() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let mut window = Window::open(&a, &document).await;
        let one = window.edit(vec![splice(point(0, 0), point(0, 0), "one")]);
        let two = window.edit(vec![splice(point(0, 3), point(0, 3), " two")]);
        let undo = Undo { document: document.clone(), patch: window.patch, counter: 3, redo: false };
        // The undo comes first, and waits for what it is to take back.
        let (undone, second, first) = tokio::join!(a.undo(undo), a.edit(two), a.edit(one));
        (first.and(second)).expect("both are stored");
        window.counter = 3;
        window.take(undone.expect("it has its turn").patch.expect("it changed something"));
        assert_eq!(window.text(), "one");
        assert_eq!(window.held().await, window.blocks);
    });
}

#[test]
fn an_undo_that_overtakes_a_patch_leaves_it_for_later() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let mut left = Window::open(&a, &document).await;
        type_in(&mut left, point(0, 0), "mine").await;
        exchange(&a, &b).await;
        let mut right = Window::open(&b, &document).await;
        let split = Change::Split { at: point(0, 2), attrs: paragraph() };
        right.step(Grouping::Step, vec![split], point(0, 2), point(1, 0)).await;
        type_in(&mut right, point(1, 0), "theirs").await;
        exchange(&a, &b).await;

        // What the window was sent it never takes in: its writer has gone on with an undo.
        let dropped = left.ask().await.expect("there is something new");
        let undone = left.undo().await;
        assert_eq!(left.text(), "");
        assert!(undone.patch.expect("it changed something").number > dropped.number);
        assert_eq!(left.held().await, left.blocks);
        left.catch_up().await;
        assert_eq!(left.text(), "\ntheirs");
        assert_eq!(left.held().await, left.blocks);
        left.redo().await;
        assert_eq!(left.text(), "mi\ntheirsne");
        exchange(&a, &b).await;
        right.catch_up().await;
        assert_eq!(right.blocks, left.blocks);
    });
}

#[test]
fn what_was_sealed_long_ago_is_undone_like_anything_else() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _, document) = pair(root.path(), "Plans").await;
        let mut window = Window::open(&a, &document).await;
        // More edits than one record takes, each a step, the last of them unsealed.
        for offset in 0..130 {
            let at = point(0, offset);
            window.step(Grouping::Step, vec![splice(at, at, "x")], at, point(0, offset + 1)).await;
        }
        for left in (0..130).rev() {
            let undone = window.undo().await;
            assert_eq!(window.text().len(), left);
            assert_eq!(caret(&undone), Some(point(0, left as u32)));
        }
        assert_eq!(window.held().await, window.blocks);
    });
}
