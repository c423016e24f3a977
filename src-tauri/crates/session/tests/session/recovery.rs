//! A database that is missing or damaged.

use std::path::{Path, PathBuf};

use crate::identity::{Stage, news, walk};
use crate::windows::{Window, point, run, splice};
use inkfold_session::Session;
use inkfold_session::wire::News;

fn database(data: &Path) -> PathBuf {
    walk(data).into_iter().find(|path| path.ends_with("inkfold.db")).expect("a database")
}

/// What happens to a database, and how much of its records can still be read.
type Loss = (&'static str, fn(&Path), bool);

const LOSSES: [Loss; 5] = [
    ("missing", |path| std::fs::remove_file(path).expect("it goes"), false),
    ("emptied", |path| std::fs::write(path, []).expect("it is written"), false),
    ("overwritten", |path| std::fs::write(path, [0xA5; 50_000]).expect("it is written"), false),
    ("another program's", |path| std::fs::write(path, b"<html>Not found</html>").expect("it is written"), false),
    ("damaged in a record", damage_a_record, true),
];

/// Turns a bit within the text of a record, which SQLite itself doesn't notice.
fn damage_a_record(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a file");
    let at = bytes.windows(6).position(|window| window == b"before").expect("the text is there");
    bytes[at] ^= 1;
    std::fs::write(path, bytes).expect("it is written");
}

#[test]
fn a_lost_database_is_rebuilt_from_the_folder_under_a_new_id() {
    run(async {
        for (what, lose, is_readable) in LOSSES {
            let mut stage = Stage::set().await;
            // Sealed and durable, and nowhere but here.
            std::fs::rename(stage.path("folder"), stage.path("away")).expect("the folder goes");
            stage.write_a("unpublished").await;
            stage.close_a().await;
            lose(&database(&stage.path("a")));
            std::fs::rename(stage.path("away"), stage.path("folder")).expect("the folder comes back");
            stage.open_a().await;
            if is_readable {
                // The row is only looked at when the document is, and the next start sets the database aside.
                let opened = stage.a().open_document(stage.document.to_string()).await;
                assert_eq!(opened.expect_err("it can't be read").code(), "store-damaged");
                stage.close_a().await;
                stage.open_a().await;
            }
            let [News::Rebuilt { aside, records }] = &news(stage.a()).await[..] else {
                panic!("{what}: the person is told");
            };
            assert_eq!(
                stage.a().fresh_news().await.expect("it is open"),
                news(stage.a()).await,
                "commands say it, too"
            );
            assert_eq!(aside.is_some(), what != "missing", "{what}");
            assert!(
                aside.iter().all(|aside| Path::new(aside).join("inkfold.db").exists()),
                "{what}: nothing is deleted"
            );
            assert_eq!(*records > 0, is_readable, "{what}");
            stage.settle(&[stage.a()]).await;
            stage.write_a("after").await;
            let lines = if is_readable { &["before", "unpublished", "after"][..] } else { &["before", "after"] };
            stage.agree(&[stage.a(), &stage.b], lines).await;
        }
    });
}

#[test]
fn what_was_typed_last_is_read_from_a_damaged_database() {
    run(async {
        let mut stage = Stage::set().await;
        let mut window = Window::open(stage.a(), &stage.document.to_string()).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "long ")]).await;
        drop(window);
        // A power cut, and what it left is damaged.
        crate::identity::copy(&stage.path("a"), &stage.path("cut"));
        stage.close_a().await;
        std::fs::remove_dir_all(stage.path("a")).expect("it goes");
        crate::identity::copy(&stage.path("cut"), &stage.path("a"));
        let mirror = walk(&stage.path("a")).into_iter().find(|path| path.ends_with("mirror.json")).expect("a mirror");
        let text = std::fs::read_to_string(&mirror).expect("text");
        std::fs::write(&mirror, text.replace("\"damaged\":false", "\"damaged\":true")).expect("it is written");
        stage.open_a().await;
        assert!(matches!(&news(stage.a()).await[..], [News::Rebuilt { .. }]));
        stage.agree(&[stage.a(), &stage.b], &["long before"]).await;
    });
}

#[test]
fn without_a_folder_the_person_decides() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let data = root.path().join("a");
        let session = Session::open(&data).expect("a data directory");
        let info = session.create_workspace("Notes".into(), "Ada".into(), None).await.expect("a workspace");
        let kept = session.create_document("Kept".into()).await.expect("a document").id;
        session.append_text(kept.parse().expect("an id"), "before".into()).await.expect("it is stored");
        session.close().await.expect("it closes");
        drop(session);

        // One page in the middle is gone.
        let path = database(&data);
        let mut bytes = std::fs::read(&path).expect("a file");
        let text = bytes.windows(6).position(|window| window == b"before").expect("the text is there");
        let page = text / 4096 * 4096;
        bytes[page..page + 8].fill(0xFF);
        std::fs::write(&path, &bytes).expect("it is written");

        let session = Session::open(&data).expect("a data directory");
        for _ in 0..2 {
            let error = session.start().await.expect_err("nothing is done by itself");
            assert_eq!(error.code(), "database-lost");
            let message = error.to_string();
            let aside = walk(&data).into_iter().find(|path| path.ends_with("inkfold.db")).expect("it was put aside");
            assert!(message.contains(&aside.parent().expect("a directory").display().to_string()), "{message}");
            assert_eq!(std::fs::read(aside).expect("a file"), bytes, "it is untouched");
        }
        session.salvage(Some(info.id.clone())).await.expect("what is left is read");
        let start = session.start().await.expect("it starts");
        assert_eq!(start.workspaces[0].name, "Notes");
        assert!(matches!(&news(&session).await[..], [News::Rebuilt { aside: Some(_), .. }]));
        session.create_document("New".into()).await.expect("a document");
        session.close().await.expect("it closes");
        drop(session);
        // And that was it.
        let session = Session::open(&data).expect("a data directory");
        session.start().await.expect("it starts");
        assert!(session.documents().await.expect("a list").iter().any(|info| info.title == "New"));
    });
}
