//! Sharing a workspace later, moving it, leaving its folder, and two people who both shared the same one.

use std::path::Path;

use crate::identity::walk;
use crate::windows::{Window, exchange, pair, point, run, splice};
use inkfold_session::Session;
use inkfold_session::wire::{Block, Change, FolderTrouble, Value, Whereabouts};

async fn joined(root: &Path, name: &str, folder: &str) -> Session {
    let session = Session::open(root.join(name)).expect("a data directory");
    session.join_workspace(root.join(folder), name.into()).await.expect("the workspace is joined");
    session.sync().await.expect("the folder is read");
    session
}

async fn text(session: &Session, document: &str) -> String {
    Window::open(session, document).await.text()
}

async fn titles(session: &Session) -> Vec<String> {
    let list = session.documents().await.expect("a list");
    let mut titles: Vec<String> = list.into_iter().map(|info| info.title).collect();
    titles.sort_unstable();
    titles
}

#[test]
fn a_workspace_of_this_device_is_shared_later_while_somebody_writes() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let a = Session::open(root.path().join("a")).expect("a data directory");
        a.create_workspace("Notes".into(), "Ada".into(), None).await.expect("a workspace");
        let document = a.create_document("Plans".into()).await.expect("a document").id;
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "before")]).await;
        let info = a.use_folder(root.path().join("folder")).await.expect("it is shared");
        assert_eq!(info.folder.as_deref(), root.path().join("folder").to_str());
        window.write(vec![splice(point(0, 6), point(0, 6), " and after")]).await;
        for _ in 0..2 {
            a.sync().await.expect("the folder takes it");
        }
        assert_eq!(a.status().await.expect("a status").words, Whereabouts::InTheFolder);
        let b = joined(root.path(), "b", "folder").await;
        assert_eq!(text(&b, &document).await, "before and after");
    });
}

#[test]
fn a_workspace_is_moved_with_everything_that_is_held_here() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        a.append_text(id, "Ada's".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        b.append_text(id, "Ben's".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        let before = walk(&root.path().join("folder"));
        // Ben is gone; his words are moved with Ada's, under his own signature.
        b.close().await.expect("it closes");
        drop(b);
        a.use_folder(root.path().join("elsewhere")).await.expect("it is moved");
        for _ in 0..4 {
            a.sync().await.expect("the folder takes it");
        }
        assert_eq!(a.status().await.expect("a status").words, Whereabouts::InTheFolder);
        assert!(before.iter().all(|file| file.exists()), "the files of the last folder stay");
        let c = joined(root.path(), "c", "elsewhere").await;
        assert_eq!(text(&c, &document).await, "Ada's\nBen's");
        let health = c.health().await.expect("it can be told");
        assert_eq!((health.waiting, health.refused), (vec![], vec![]));

        // Moved back: the workspace is there already.
        a.append_text(id, "last".into()).await.expect("it is stored");
        a.use_folder(root.path().join("folder")).await.expect("it is moved");
        let b = Session::open(root.path().join("b")).expect("a data directory");
        b.start().await.expect("it starts");
        exchange(&a, &b).await;
        assert_eq!(text(&b, &document).await, "Ada's\nBen's\nlast");
    });
}

#[test]
fn who_leaves_a_folder_keeps_everything_and_can_come_back() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        a.append_text(id, "shared".into()).await.expect("it is stored");
        let info = a.leave_folder().await.expect("it is left");
        assert_eq!(info.folder, None);
        a.append_text(id, "private".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        assert_eq!(a.status().await.expect("a status").words, Whereabouts::OnThisDevice);
        assert_eq!(text(&a, &document).await, "shared\nprivate");
        assert_eq!(text(&b, &document).await, "shared");
        a.close().await.expect("it closes");
        drop(a);
        let a = Session::open(root.path().join("a")).expect("a data directory");
        assert_eq!(a.start().await.expect("it starts").workspaces[0].folder, None);
        b.close_document(document.clone()).await.expect("it is closed");
        a.use_folder(root.path().join("folder")).await.expect("it is shared again");
        exchange(&a, &b).await;
        assert_eq!(text(&b, &document).await, "shared\nprivate");
    });
}

#[test]
fn a_folder_that_can_not_be_the_shared_one_is_refused() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let path = |name: &str| root.path().join(name);
        let a = Session::open(path("home/a")).expect("a data directory");
        a.create_workspace("Notes".into(), "Ada".into(), None).await.expect("a workspace");
        let b = Session::open(path("b")).expect("a data directory");
        b.create_workspace("Other".into(), "Ben".into(), Some(path("others"))).await.expect("a workspace");
        std::fs::create_dir_all(path("half/inkfold-data/x")).expect("a directory");
        let table = [
            ("others", "genesis/exists"),
            ("half", "unfit-folder"),
            ("home", "unfit-folder"),
            ("home/a/workspaces", "unfit-folder"),
        ];
        for (folder, code) in table {
            let error = a.use_folder(path(folder)).await.expect_err(folder);
            assert_eq!(error.code(), code, "{folder}");
            assert!(!walk(&path(folder)).iter().any(|file| file.ends_with("notes.inkfold")), "{folder}");
        }
        let error = b.create_workspace("Third".into(), "Ben".into(), Some(path("b"))).await.expect_err("its own data");
        assert_eq!(error.code(), "unfit-folder");
    });
}

#[test]
fn i9_two_genesis_files() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let path = |name: &str| root.path().join(name);
        // Both share their own folder, and the service makes one of them.
        let a = Session::open(path("a")).expect("a data directory");
        a.create_workspace("Ada's".into(), "Ada".into(), Some(path("folder"))).await.expect("a workspace");
        let b = Session::open(path("b")).expect("a data directory");
        b.create_workspace("Ben's".into(), "Ben".into(), Some(path("ben's folder"))).await.expect("a workspace");
        let plans = a.create_document("Plans".into()).await.expect("a document").id;
        a.append_text(plans.parse().expect("an id"), "one\ntwo".into()).await.expect("it is stored");
        let picture = root.path().join("picture");
        std::fs::write(&picture, "what the image holds").expect("a file");
        let image = a.add_blob(picture).await.expect("it is added");
        let mut window = Window::open(&a, &plans).await;
        let kind = Value::Text("file".into());
        let attrs = [("kind".to_owned(), kind), ("blob".to_owned(), Value::Text(image.hash.clone()))];
        let block = Block { attrs: attrs.into_iter().collect(), content: Vec::new() };
        window.write(vec![Change::Insert { block: 2, blocks: vec![block] }]).await;
        drop(window);
        a.close_document(plans.clone()).await.expect("it is closed");
        let gone = a.create_document("Old".into()).await.expect("a document").id;
        a.set_trashed(gone, true).await.expect("it is stored");
        b.create_document("Tour".into()).await.expect("a document");
        exchange(&a, &b).await;
        crate::identity::copy(&path("ben's folder"), &path("folder"));
        b.use_folder(path("folder")).await.expect("the same workspace is there");
        exchange(&a, &b).await;

        // Both are told, and go on with their own.
        for session in [&a, &b] {
            let status = session.status().await.expect("a status");
            assert_eq!(status.trouble, Some(FolderTrouble::SeveralWorkspaces));
            assert_eq!(status.words, Whereabouts::InTheFolder);
        }
        let neighbours = a.neighbours().await.expect("a list");
        assert_eq!(
            neighbours.iter().map(|other| (other.name.as_str(), other.mine)).collect::<Vec<_>>(),
            [("Ben's", false)]
        );
        let refused = a.take_out_neighbour(neighbours[0].id.clone()).await.expect_err("it is Ben's");
        assert_eq!(refused.code(), "file-stays");

        // Ada joins Ben's and brings her documents along.
        let joined = a.join_neighbour(neighbours[0].id.clone()).await.expect("it is joined");
        assert_eq!((joined.name.as_str(), joined.person.as_str()), ("Ben's", "Ada"));
        exchange(&a, &b).await;
        assert_eq!(titles(&a).await, ["Plans", "Tour"]);
        assert_eq!(titles(&b).await, ["Plans", "Tour"]);
        let copied = b.documents().await.expect("a list").into_iter().find(|info| info.title == "Plans");
        let copied = copied.expect("it is there").id;
        assert_ne!(copied, plans, "it is a document of its own");
        let window = Window::open(&b, &copied).await;
        assert_eq!(window.text(), "one\ntwo\n");
        // The image has come along, under the name that it has here.
        let Some(Value::Text(hash)) = window.blocks[2].attrs.get("blob").cloned() else { panic!("there is no image") };
        assert_ne!(hash, image.hash);
        let come = async || {
            b.blob(hash.clone()).await.expect("an answer");
            b.read_blob(hash.clone()).await.ok()
        };
        let blob = loop {
            exchange(&a, &b).await;
            if let Some(blob) = come().await {
                break blob;
            }
        };
        let content = std::io::read_to_string(blob.content()).expect("it can be read");
        assert_eq!(content, "what the image holds");

        // Her own file is what still makes two of it. Only she can take it out, and only while nobody else uses it.
        assert!(b.neighbours().await.expect("a list").iter().all(|other| !other.mine));
        let [own] = <[_; 1]>::try_from(a.neighbours().await.expect("a list")).expect("one");
        assert_eq!((own.name.as_str(), own.mine), ("Ada's", true));
        assert_eq!(b.take_out_neighbour(own.id.clone()).await.map_err(|error| error.code()), Err("file-stays"));
        let before = walk(&path("folder"));
        a.take_out_neighbour(own.id.clone()).await.expect("it is taken out");
        let gone: Vec<_> = before.into_iter().filter(|file| !file.exists()).collect();
        assert_eq!(gone, [path("folder").join(own.file)], "and nothing else");
        for session in [&a, &b] {
            session.sync().await.expect("the folder is read");
            assert_eq!(session.status().await.expect("a status").trouble, None);
        }
        // Her own workspace is as it was, on her device only.
        let start = a.start().await.expect("it starts");
        let own = start.workspaces.iter().find(|info| info.name == "Ada's").expect("it is there");
        assert_eq!(own.folder, None);
        a.open_workspace(own.id.clone()).await.expect("it opens");
        assert_eq!(text(&a, &plans).await, "one\ntwo\n");
    });
}

#[test]
fn a_workspace_file_stays_while_others_use_the_workspace() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let path = |name: &str| root.path().join(name);
        let a = Session::open(path("a")).expect("a data directory");
        let own = a.create_workspace("Ada's".into(), "Ada".into(), Some(path("folder"))).await.expect("a workspace");
        a.sync().await.expect("the folder takes it");
        let b = Session::open(path("b")).expect("a data directory");
        b.create_workspace("Ben's".into(), "Ben".into(), Some(path("ben's"))).await.expect("a workspace");
        b.sync().await.expect("the folder takes it");
        // Ada has left the folder before she could see that Cleo has come to hers.
        a.leave_folder().await.expect("it is left");
        joined(root.path(), "c", "folder").await;
        crate::identity::copy(&path("ben's"), &path("folder"));
        let bens = std::fs::read_dir(path("ben's")).expect("a folder").flatten();
        let file = bens.into_iter().find(|entry| entry.path().is_file()).expect("its file").path();
        let adas = std::fs::read_dir(path("folder")).expect("a folder").flatten();
        let hers = adas
            .into_iter()
            .find(|entry| entry.path().is_file() && entry.file_name() != *file.file_name().expect("a name"));
        let (hers, aside) = (hers.expect("her file").path(), path("aside"));
        std::fs::rename(&hers, &aside).expect("it is held back");
        a.join_workspace(path("folder"), "Ada".into()).await.expect("Ben's is joined");
        std::fs::rename(&aside, &hers).expect("it comes back");
        a.sync().await.expect("the folder is read");
        assert_eq!(a.take_out_neighbour(own.id).await.map_err(|error| error.code()), Err("file-stays"));
        assert!(hers.exists());
    });
}
