//! Reading a folder: stopped and going on, and what is known of it over a restart.

use crate::windows::{exchange, pair, run};
use inkfold_session::Session;
use inkfold_session::wire::Whereabouts;

async fn text(session: &Session, document: &str) -> String {
    crate::windows::Window::open(session, document).await.text()
}

#[test]
fn reading_stops_when_told_keeps_what_is_there_and_goes_on_when_told() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        a.append_text(id, "one".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        assert_eq!(b.status().await.expect("a status").reading, None);

        b.stop_reading().await.expect("it stops");
        a.append_text(id, "two".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        assert!(b.status().await.expect("a status").reading.is_some_and(|reading| reading.stopped));
        assert_eq!(text(&b, &document).await, "one");

        b.go_on_reading().await.expect("it goes on");
        b.sync().await.expect("the folder works");
        assert_eq!(b.status().await.expect("a status").reading, None);
        b.close_document(document.clone()).await.expect("it closes");
        assert_eq!(text(&b, &document).await, "one\ntwo");
        assert_eq!(b.status().await.expect("a status").words, Whereabouts::InTheFolder);
    });
}

#[test]
fn what_was_taken_in_is_not_read_again_by_the_next_run_and_what_is_lost_then_is_missed() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        a.append_text(id, "one".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        let data = a.data().to_owned();
        a.close().await.expect("it closes");
        drop(a);

        // The next run knows what its own files held without having read them, and misses one that goes.
        let a = Session::open(&data).expect("a data directory");
        a.start().await.expect("it starts");
        a.sync().await.expect("the folder works");
        let own = root.path().join("folder").join("inkfold-data");
        for directory in std::fs::read_dir(&own).expect("a directory").flatten() {
            std::fs::remove_dir_all(directory.path()).expect("it goes");
        }
        exchange(&a, &b).await;
        exchange(&a, &b).await;
        let c = Session::open(root.path().join("c")).expect("a data directory");
        c.join_workspace(root.path().join("folder"), "Cleo".into()).await.expect("it joins");
        c.sync().await.expect("the folder works");
        assert_eq!(text(&c, &document).await, "one");
    });
}

#[test]
fn a_checkpoint_alone_is_enough_to_join() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        for word in ["one", "two", "three"] {
            a.append_text(id, word.into()).await.expect("it is stored");
            exchange(&a, &b).await;
            b.append_text(id, format!("{word} again")).await.expect("it is stored");
            exchange(&a, &b).await;
        }
        let workspace = a.workspaces().expect("a list")[0];
        let expected = text(&a, &document).await;
        a.close().await.expect("it closes");
        b.close().await.expect("it closes");
        // Somebody has put all segments into a checkpoint, and those are not there yet.
        let data = root.path().join("folder").join("inkfold-data");
        let mut files = Vec::new();
        for directory in std::fs::read_dir(&data).expect("a directory").flatten() {
            for file in std::fs::read_dir(directory.path()).expect("a directory").flatten() {
                if file.path().extension().is_some_and(|extension| extension == "ink") {
                    files.push(std::fs::read(file.path()).expect("a file"));
                }
            }
            std::fs::remove_dir_all(directory.path()).expect("it goes");
        }
        files.push(b"and something that is no segment".to_vec());
        let checkpoint = inkfold_folder::Checkpoint::encode(&workspace, &files).expect("it fits");
        std::fs::create_dir(data.join("checkpoints")).expect("a directory");
        std::fs::write(data.join("checkpoints").join("a.inc"), &checkpoint).expect("a file");
        let c = Session::open(root.path().join("c")).expect("a data directory");
        c.join_workspace(root.path().join("folder"), "Cleo".into()).await.expect("it joins");
        c.sync().await.expect("the folder works");
        assert_eq!(text(&c, &document).await, expected);
    });
}
