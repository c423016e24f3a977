//! Two installations over one real folder, driven as their windows drive them.

use std::time::Duration;

use crate::windows::{Window, exchange, pair, paragraph, point, run, splice};
use inkfold_session::Session;
use inkfold_session::wire::{Change, Edit, Grouping, Value, Whereabouts};

#[test]
fn what_one_types_the_other_sees() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
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
        let (a, b, document) = pair(root.path(), "Plans").await;
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
        let (a, b, document) = pair(root.path(), "Long").await;
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

#[test]
fn after_an_edit_that_does_not_fit_the_window_has_to_open_the_document_again() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let a = Session::open(root.path()).expect("a data directory");
        a.create_workspace("Notes".into(), "Ada".into(), None).await.expect("a workspace");
        let document = a.create_document(String::new()).await.expect("a document").id;
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "ab")]).await;
        let edit = |counter, at| Edit {
            document: document.clone(),
            patch: window.patch,
            counter,
            changes: vec![splice(point(0, at), point(0, at), "x")],
            grouping: Grouping::Typing,
            before: None,
            after: None,
        };
        // One that came too early waits for the misfit, and must not wait for ever.
        let (session, early) = (a.clone(), edit(3, 0));
        let early = tokio::spawn(async move { session.edit(early).await });
        tokio::task::yield_now().await;
        let code = |answer: Result<(), inkfold_session::SessionError>| answer.expect_err("it is refused").code();
        assert_eq!(code(a.edit(edit(2, 9)).await), "change");
        assert_eq!(code(early.await.expect("the task ends")), "out-of-step");
        // Sent again, it must not be taken for one that only waits for the disk.
        assert_eq!(code(a.edit(edit(2, 9)).await), "out-of-step");
        let asked = a.next_patch(document.clone(), window.patch, 2).await;
        assert_eq!(asked.expect_err("it is refused").code(), "out-of-step");

        let mut window = Window::open(&a, &document).await;
        assert_eq!(window.text(), "ab");
        window.write(vec![splice(point(0, 2), point(0, 2), "c")]).await;
        assert_eq!(window.held().await, window.blocks);
    });
}

#[test]
fn a_position_in_a_command_is_one_of_the_document_as_it_is_here() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let mut left = Window::open(&a, &document).await;
        left.write(vec![splice(point(0, 0), point(0, 0), "one two")]).await;
        exchange(&a, &b).await;
        b.close().await.expect("all is stored");
        drop(b);
        left.write(vec![splice(point(0, 0), point(0, 0), "zero ")]).await;
        a.sync().await.expect("the folder takes it");

        // A command begins; whatever the folder holds, its work is done to what was here.
        let b = Session::open(root.path().join("b")).expect("a data directory");
        let workspace = b.workspaces().expect("a list")[0];
        let guest = b.visit(workspace).await.expect("the workspace opens");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let id = guest.find_document("Plans".into()).await.expect("it is here");
        guest.delete_text(id, 0, 4).await.expect("it is deleted");
        guest.sync().await.expect("the folder works");
        guest.close().await.expect("all is stored");
        exchange(&a, &a).await;
        left.catch_up().await;
        assert_eq!(left.text(), "zero two");
    });
}
