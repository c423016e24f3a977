//! Images and attachments between two installations over one real folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::waiting::{OVER_A_DAY, Patience, open_by};
use crate::windows::{exchange, pair, run};
use inkfold_session::Session;
use inkfold_session::wire::{BlobInfo, BlobState, Event, Whereabouts};

/// Far more than any of these waits takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A PNG of one grey pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0,
    0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77,
    0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

async fn add(session: &Session, root: &Path, content: &[u8]) -> BlobInfo {
    let file = root.join("picked");
    std::fs::write(&file, content).expect("a file");
    session.add_blob(file).await.expect("it is added")
}

async fn content(session: &Session, info: &BlobInfo) -> Option<Vec<u8>> {
    let blob = session.read_blob(info.hash.clone()).await.ok()?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut blob.content(), &mut bytes).expect("it can be read");
    Some(bytes)
}

/// Asks for a blob as a window does, and waits until it is in this state.
async fn wait_for(session: &Session, info: &BlobInfo, wanted: BlobState) {
    let mut events = session.events();
    if session.blob(info.hash.clone()).await.expect("an answer") == wanted {
        return;
    }
    let heard = async {
        loop {
            if let Ok(Event::Blob { hash, state }) = events.recv().await
                && (hash == info.hash && state == wanted)
            {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("it is never {wanted:?}"));
}

/// Syncs until this holds.
async fn sync_until(session: &Session, what: &str, holds: impl AsyncFn() -> bool) {
    let synced = async {
        while !holds().await {
            session.sync().await.expect("the folder works");
        }
    };
    tokio::time::timeout(PATIENCE, synced).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn files(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join("folder/inkfold-data/blobs")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[test]
fn what_one_adds_the_other_sees_when_the_folder_has_it() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let info = add(&a, root.path(), PNG).await;
        assert_eq!((info.media_type.as_str(), info.width, info.height), ("image/png", Some(1), Some(1)));
        assert_eq!(a.blob(info.hash.clone()).await.expect("an answer"), BlobState::Here);
        assert_eq!(add(&a, root.path(), PNG).await, info, "the same content is the same blob");

        let folder = root.path().join("folder");
        let away = root.path().join("away");
        sync_until(&a, "it is published", async || files(root.path()).len() == 1).await;
        std::fs::rename(folder.join("inkfold-data/blobs"), &away).expect("the service holds it back");
        drop(a);
        wait_for(&b, &info, BlobState::Absent).await;
        assert_eq!(content(&b, &info).await, None);

        std::fs::rename(&away, folder.join("inkfold-data/blobs")).expect("it arrives");
        sync_until(&b, "it has come", async || content(&b, &info).await.is_some()).await;
        assert_eq!(content(&b, &info).await.as_deref(), Some(PNG));
        assert_eq!(b.blob(info.hash.clone()).await.expect("an answer"), BlobState::Here);

        // It stays here whatever becomes of the file.
        std::fs::remove_dir_all(folder.join("inkfold-data/blobs")).expect("it goes");
        b.sync().await.expect("the folder works");
        assert_eq!(content(&b, &info).await.as_deref(), Some(PNG));
        assert_eq!(files(root.path()).len(), 0, "who has only fetched it leaves it to who added it, for a day");
    });
}

#[test]
fn what_the_folder_lost_is_published_again_and_counts_as_not_there_till_then() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let info = add(&a, root.path(), b"a plain file").await;
        assert_eq!((info.media_type.as_str(), info.width), ("application/octet-stream", None));
        let published = async || a.status().await.expect("a status").words == Whereabouts::InTheFolder;
        sync_until(&a, "it is in the folder", published).await;
        let file = files(root.path()).pop().expect("it is there");
        let whole = std::fs::read(&file).expect("its bytes");
        for damage in [None, Some(&whole[..20])] {
            match damage {
                None => std::fs::remove_file(&file).expect("it goes"),
                Some(bytes) => std::fs::write(&file, bytes).expect("it is cut"),
            }
            sync_until(&a, "it is there again", async || std::fs::read(&file).is_ok_and(|bytes| bytes == whole)).await;
        }
        wait_for(&b, &info, BlobState::Here).await;
        assert_eq!(content(&b, &info).await.as_deref(), Some(&b"a plain file"[..]));
    });
}

#[test]
fn a_file_that_only_pretends_to_be_it_is_listed_and_the_next_one_taken() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let info = add(&a, root.path(), PNG).await;
        let other = add(&a, root.path(), b"something else").await;
        sync_until(&a, "both are published", async || files(root.path()).len() == 2).await;
        drop(a);
        let place = |info: &BlobInfo| {
            let h16 = &info.hash[..16];
            files(root.path()).into_iter().find(|path| path.to_string_lossy().contains(h16)).expect("it is there")
        };
        let (true_one, swapped) =
            (std::fs::read(place(&info)).expect("bytes"), std::fs::read(place(&other)).expect("bytes"));
        std::fs::write(place(&info), swapped).expect("somebody puts another in its place");
        wait_for(&b, &info, BlobState::Absent).await;
        assert_eq!(content(&b, &info).await, None);
        let listed = b.health().await.expect("it can be told").refused;
        assert!(listed.iter().any(|file| file.path.contains(&info.hash[..16]) && !file.pending), "{listed:?}");

        let conflict = place(&info).with_file_name(format!("{} (conflicted copy).inb", &info.hash[..16]));
        std::fs::write(conflict, true_one).expect("the true one arrives as a copy");
        sync_until(&b, "the copy is taken", async || content(&b, &info).await.is_some()).await;
        assert_eq!(content(&b, &info).await.as_deref(), Some(PNG));
    });
}

#[test]
fn pieces_from_a_window_are_one_blob_and_nothing_unfinished_stays() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let number = a.begin_blob().await.expect("a number");
        for piece in PNG.chunks(7) {
            a.append_blob(number, piece.to_vec()).await.expect("it is taken");
        }
        let info = a.finish_blob(number).await.expect("it is added");
        assert_eq!(info, add(&a, root.path(), PNG).await);
        assert!(a.finish_blob(number).await.is_err(), "it is over");
        assert!(a.blob("no hash".into()).await.is_err());

        a.begin_blob().await.expect("one that is never finished");
        a.close().await.expect("it closes");
        drop(a);
        let a = Session::open(root.path().join("a")).expect("a data directory");
        a.start().await.expect("it starts");
        assert_eq!(content(&a, &info).await.as_deref(), Some(PNG));
        let directory = root.path().join("a/workspaces");
        let workspace = std::fs::read_dir(directory).expect("a directory").flatten().next().expect("a workspace");
        let unfinished = std::fs::read_dir(workspace.path().join("blobs")).expect("a directory").flatten();
        assert!(unfinished.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with('~')));
        exchange(&a, &b).await;
        wait_for(&b, &info, BlobState::Here).await;
    });
}

#[test]
fn what_the_folder_lost_comes_back_from_whoever_holds_it_after_a_day() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let info = add(&a, root.path(), PNG).await;
        sync_until(&a, "it is published", async || files(root.path()).len() == 1).await;
        wait_for(&b, &info, BlobState::Here).await;
        drop(a);
        b.close().await.expect("it closes");
        drop(b);
        let clock = Arc::new(Patience::default());
        let b = open_by(&clock, &root.path().join("b")).await;
        let file = files(root.path()).pop().expect("it is there");
        let whole = std::fs::read(&file).expect("its bytes");
        std::fs::remove_file(&file).expect("it goes");
        for _ in 0..3 {
            b.sync().await.expect("the folder works");
        }
        assert!(!file.exists(), "it may come back by itself");
        assert_eq!(b.status().await.expect("a status").words, Whereabouts::InTheFolder, "Ben has nothing of his own");
        clock.wait(OVER_A_DAY);
        sync_until(&b, "it is there again", async || file.exists()).await;
        assert_eq!(std::fs::read(&file).expect("its bytes"), whole);
    });
}

#[test]
fn a_damaged_file_of_the_right_size_is_replaced_by_who_added_it() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let info = add(&a, root.path(), PNG).await;
        let published = async || a.status().await.expect("a status").words == Whereabouts::InTheFolder;
        sync_until(&a, "it is in the folder", published).await;
        let file = files(root.path()).pop().expect("it is there");
        let whole = std::fs::read(&file).expect("its bytes");
        let mut bent = whole.clone();
        *bent.last_mut().expect("bytes") ^= 1;
        std::fs::write(&file, &bent).expect("it is damaged");
        wait_for(&b, &info, BlobState::Absent).await;
        let healed = async || std::fs::read(&file).is_ok_and(|bytes| bytes == whole);
        sync_until(&a, "it is whole again", healed).await;
        wait_for(&b, &info, BlobState::Here).await;

        // Also where that happened while nobody looked.
        a.close().await.expect("it closes");
        drop(a);
        std::fs::write(&file, &bent).expect("it is damaged");
        let a = Session::open(root.path().join("a")).expect("a data directory");
        a.start().await.expect("it starts");
        sync_until(&a, "it is whole again", healed).await;
    });
}

#[test]
fn a_moved_folder_gets_all_blobs_and_is_complete_only_then() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, _) = pair(root.path(), "Plans").await;
        let adas = add(&a, root.path(), PNG).await;
        let bens = add(&b, root.path(), b"Ben's").await;
        sync_until(&a, "hers is published", async || files(root.path()).len() == 2).await;
        sync_until(&b, "his is published", async || files(root.path()).len() == 2).await;
        wait_for(&a, &bens, BlobState::Here).await;
        drop(b);
        let blobs = root.path().join("elsewhere/inkfold-data/blobs");
        // What the folder already is of this workspace, with something where the images should go.
        let genesis = std::fs::read_dir(root.path().join("folder")).expect("a folder").flatten();
        let genesis = genesis.into_iter().find(|entry| entry.path().is_file()).expect("its file");
        std::fs::create_dir_all(root.path().join("elsewhere/inkfold-data")).expect("a directory");
        std::fs::copy(genesis.path(), root.path().join("elsewhere").join(genesis.file_name())).expect("a copy");
        std::fs::write(&blobs, "in the way").expect("a file");
        a.use_folder(root.path().join("elsewhere")).await.expect("it is moved");
        for _ in 0..4 {
            a.sync().await.expect("that is no error");
        }
        let words = async || a.status().await.expect("a status").words;
        assert_eq!(words().await, Whereabouts::OnThisDevice, "the images are missing");
        std::fs::remove_file(&blobs).expect("it goes");
        sync_until(&a, "all of it is there", async || words().await == Whereabouts::InTheFolder).await;
        assert_eq!(std::fs::read_dir(&blobs).expect("the blobs").count(), 2);

        let c = Session::open(root.path().join("c")).expect("a data directory");
        c.join_workspace(root.path().join("elsewhere"), "Cleo".into()).await.expect("the workspace is joined");
        for (info, expected) in [(&adas, PNG), (&bens, b"Ben's".as_slice())] {
            wait_for(&c, info, BlobState::Here).await;
            assert_eq!(content(&c, info).await.as_deref(), Some(expected));
        }
    });
}

#[test]
fn what_was_pasted_from_another_workspace_is_brought_along() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let a = Session::open(root.path().join("a")).expect("a data directory");
        let first = a.create_workspace("First".into(), "Ada".into(), None).await.expect("a workspace");
        let info = add(&a, root.path(), PNG).await;
        a.create_workspace("Second".into(), "Ada".into(), None).await.expect("a workspace");
        assert_eq!(content(&a, &info).await, None);
        let hash = a.bring_blob(info.hash.clone()).await.expect("it is stored").expect("it is brought");
        assert_ne!(hash, info.hash);
        let brought = BlobInfo { hash: hash.clone(), ..info.clone() };
        assert_eq!(content(&a, &brought).await.as_deref(), Some(PNG));
        assert_eq!(add(&a, root.path(), PNG).await, brought, "the same as if it were added here");
        assert_eq!(a.bring_blob(hash).await.expect("an answer"), None, "it is here");
        assert_eq!(a.bring_blob("a".repeat(52)).await.expect("an answer"), None, "nobody has it");
        assert!(a.bring_blob("no hash".into()).await.is_err());
        a.open_workspace(first.id).await.expect("it opens");
        assert_eq!(content(&a, &info).await.as_deref(), Some(PNG), "it stays where it was");
    });
}
