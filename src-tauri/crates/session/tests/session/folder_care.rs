//! What an installation does for its files in the shared folder, and what it survives there.

use std::path::{Path, PathBuf};

use crate::windows::{Window, exchange, pair, point, run, splice};
use inkfold_session::Session;
use inkfold_session::wire::FolderTrouble;

/// All segment files in a folder.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![folder.join("inkfold-data")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "ink") {
                found.push(path);
            }
        }
    }
    found
}

async fn text(session: &Session, document: &str) -> String {
    Window::open(session, document).await.text()
}

#[test]
fn files_that_the_folder_lost_are_published_again() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        a.append_text(id, "one".into()).await.expect("it is stored");
        a.sync().await.expect("the folder works");
        for file in segments(&root.path().join("folder")) {
            std::fs::remove_file(file).expect("the file goes");
        }
        a.append_text(id, "two".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        assert_eq!(text(&b, &document).await, "one\ntwo");
    });
}

#[test]
fn small_files_become_larger_ones() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        let expected: Vec<String> = (0..20).map(|i| format!("line {i}")).collect();
        for line in &expected {
            a.append_text(id, line.clone()).await.expect("it is stored");
            a.sync().await.expect("the folder works");
        }
        a.sync().await.expect("the folder works");
        let files = segments(&root.path().join("folder"));
        let records = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name of ours").to_owned();
            let mut parts = name.split('-');
            let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok()).expect("a number");
            (number(), number())
        };
        assert!(files.iter().map(records).any(|(first, last)| last - first >= 7), "{files:?}");
        // A newcomer that finds only the merged files needs no others.
        for file in &files {
            let (first, last) = records(file);
            if files.iter().map(records).any(|(f, l)| f <= first && last <= l && l - f > last - first) {
                std::fs::remove_file(file).expect("the file goes");
            }
        }
        exchange(&a, &b).await;
        assert_eq!(text(&b, &document).await, expected.join("\n"));
    });
}

#[test]
fn a_folder_that_goes_is_never_read_as_everything_deleted() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let (folder, away) = (root.path().join("folder"), root.path().join("away"));
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "safe")]).await;
        exchange(&a, &b).await;
        std::fs::rename(&folder, &away).expect("the folder goes");
        a.sync().await.expect("that is no error");
        assert_eq!(a.status().await.expect("a status").trouble, Some(FolderTrouble::Missing));
        std::fs::create_dir(&folder).expect("an empty folder comes");
        a.sync().await.expect("that is no error");
        assert_eq!(a.status().await.expect("a status").trouble, Some(FolderTrouble::Empty));
        window.write(vec![splice(point(0, 4), point(0, 4), " and sound")]).await;
        a.sync().await.expect("that is no error");
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0, "nothing is written into it");
        std::fs::remove_dir(&folder).expect("the empty folder goes");
        std::fs::rename(&away, &folder).expect("the folder comes back");
        exchange(&a, &b).await;
        assert_eq!(a.status().await.expect("a status").trouble, None);
        assert_eq!(text(&b, &document).await, "safe and sound");
    });
}
