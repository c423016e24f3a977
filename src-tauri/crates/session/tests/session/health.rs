//! How the folder stands: what waits for whom, what is refused and why, who was seen when, and what is missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::windows::{Window, exchange, pair, paragraph, point, run, splice};
use inkfold_session::checking::{self, FolderCheck};
use inkfold_session::wire::{Change, Health, Value};
use inkfold_session::{Profile, Session};

/// Far more than any of these waits takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut directories = vec![root.join("folder/inkfold-data")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            if entry.path().is_dir() {
                directories.push(entry.path());
            } else {
                found.insert(entry.path());
            }
        }
    }
    found
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "ink")
}

/// What Ada wrote last, which Ben's words build on, has not arrived for who comes now; nor has an image. One file is cut, and
/// one is no blob.
struct Folder {
    root: tempfile::TempDir,
    held_back: Vec<(PathBuf, PathBuf)>,
    image: PathBuf,
    image_bytes: Vec<u8>,
}

impl Folder {
    async fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        let id = document.parse().expect("an id");
        std::fs::write(root.path().join("picked"), "a picture, perhaps").expect("a file");
        let info = a.add_blob(root.path().join("picked")).await.expect("it is added");
        let mut window = Window::open(&a, &document).await;
        let mut attrs = paragraph();
        attrs.insert("kind".into(), Value::Text("file".into()));
        attrs.insert("blob".into(), Value::Text(info.hash));
        window.write(vec![splice(point(0, 0), point(0, 0), "A file:")]).await;
        window.write(vec![Change::Split { at: point(0, 7), attrs }]).await;
        a.close_document(document.clone()).await.expect("it closes");
        exchange(&a, &b).await;
        let before = files(root.path());
        a.append_text(id, "one".into()).await.expect("it is stored");
        exchange(&a, &b).await;
        let adas: Vec<PathBuf> =
            files(root.path()).difference(&before).filter(|path| is_segment(path)).cloned().collect();
        b.append_text(id, "two".into()).await.expect("it is stored");
        b.sync().await.expect("the folder works");
        a.close().await.expect("it closes");
        b.close().await.expect("it closes");
        let away = root.path().join("away");
        std::fs::create_dir(&away).expect("a directory");
        let mut held_back = Vec::new();
        for file in adas {
            let to = away.join(file.file_name().expect("a name"));
            std::fs::rename(&file, &to).expect("the service holds it back");
            held_back.push((to, file));
        }
        assert!(!held_back.is_empty());
        let is_blob = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "inb");
        let image = files(root.path()).iter().find(is_blob).expect("it is published").clone();
        let image_bytes = std::fs::read(&image).expect("it can be read");
        std::fs::remove_file(&image).expect("it goes");
        let some = files(root.path()).into_iter().find(|path| is_segment(path)).expect("there are files");
        let bytes = std::fs::read(some).expect("it can be read");
        std::fs::write(root.path().join("folder/inkfold-data/cut.ink"), &bytes[..bytes.len() / 2]).expect("a part");
        Folder { root, held_back, image, image_bytes }
    }

    fn cleo(&self) -> PathBuf {
        self.root.path().join("c")
    }

    async fn join(&self) -> Session {
        let c = Session::open(self.cleo()).expect("a data directory");
        c.join_workspace(self.root.path().join("folder"), "Cleo".into()).await.expect("it joins");
        c.sync().await.expect("the folder is read");
        c
    }

    /// What was held back arrives.
    fn heal(&self) {
        self.held_back.iter().for_each(|(from, to)| std::fs::rename(from, to).expect("it arrives"));
        std::fs::write(&self.image, &self.image_bytes).expect("it arrives");
        std::fs::remove_file(self.root.path().join("folder/inkfold-data/cut.ink")).expect("somebody takes it away");
    }

    fn verify(&self, reads_blobs: bool) -> FolderCheck {
        let profile = Profile::open(self.cleo()).expect("a data directory");
        let id = profile.choose(None).expect("there is one");
        let store = profile.store(id).expect("it opens beside the other");
        let check = checking::folder(&store, &profile.known_blobs(id), reads_blobs);
        check.expect("the store can be read").expect("there is a folder")
    }
}

async fn health(session: &Session) -> Health {
    session.health().await.expect("it can be told")
}

#[test]
fn what_is_not_well_says_whom_it_is_about() {
    run(async {
        let folder = Folder::new().await;
        let c = folder.join().await;
        // What is refused may still be arriving, so it is told once it has stayed as it is for a while.
        let told = async {
            while health(&c).await.refused.is_empty() {
                c.sync().await.expect("the folder works");
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("it is told in the end");
        let sick = health(&c).await;
        // Ben's words wait for Ada's.
        let waiting: Vec<_> = sick.waiting.iter().map(|file| (&*file.author.person, &*file.awaited.person)).collect();
        assert_eq!(waiting, [("Ben", "Ada")], "{sick:?}");
        assert!(sick.waiting[0].number.is_some_and(|number| number > 1) && sick.waiting[0].since > 0, "{sick:?}");
        let awaited: Vec<_> = sick.people.iter().map(|person| (&*person.peer.person, person.awaited)).collect();
        assert_eq!(awaited, [("Ada", 1), ("Ben", 0)]);
        let refused: Vec<_> = sick.refused.iter().map(|file| (&*file.path, &*file.code)).collect();
        assert_eq!(refused, [("inkfold-data/cut.ink", "file/incomplete")]);
        assert!(sick.refused[0].reason.contains("incomplete") && sick.refused[0].remedy.contains("restore"));
        assert_eq!((sick.blobs.in_folder, sick.blobs.here, sick.blobs.missing), (0, 0, 1));
        assert!(sick.looked.is_some() && sick.files > 3 && sick.bytes > 100 && sick.records > 0, "{sick:?}");
        assert_eq!(sick.documents, 1);

        // A look from outside, while it runs, says the same.
        let check = folder.verify(false);
        assert!(!check.is_well());
        assert_eq!(check.waiting.len(), 1);
        assert_eq!(
            (&check.waiting[0].path, &check.waiting[0].awaited),
            (&sick.waiting[0].path, &sick.waiting[0].awaited)
        );
        assert_eq!(check.refused, sick.refused);
        assert_eq!((check.blobs.missing.len(), check.unheld, check.findings.len()), (1, 0, 0));
        let seen = |people: &[inkfold_session::wire::PersonHealth]| -> Vec<_> {
            people.iter().map(|person| (person.peer.clone(), person.awaited, person.seen.is_some())).collect()
        };
        assert_eq!(seen(&check.people), seen(&sick.people));

        folder.heal();
        c.sync().await.expect("the folder works");
        let well = health(&c).await;
        assert_eq!((well.waiting.len(), well.refused.len(), well.blobs.missing, well.blobs.in_folder), (0, 0, 0, 1));
        assert!(folder.verify(true).is_well(), "{:?}", folder.verify(true));
        assert_eq!(well.unpublished, Default::default());
    });
}

#[test]
fn who_was_seen_is_known_over_a_restart() {
    run(async {
        let folder = Folder::new().await;
        let c = folder.join().await;
        let before = health(&c).await;
        assert!(before.people.iter().all(|person| person.seen.is_some()), "{before:?}");
        c.close().await.expect("it closes");
        drop(c);
        let c = Session::open(folder.cleo()).expect("a data directory");
        c.start().await.expect("it starts");
        let after = health(&c).await;
        for (before, after) in before.people.iter().zip(&after.people) {
            let (before, after) = (before.seen.expect("seen"), after.seen.expect("it is still known"));
            assert!(after > 0 && after <= before, "{before} {after}");
        }
    });
}

#[test]
fn verifying_finds_other_content_and_what_no_file_holds() {
    run(async {
        let folder = Folder::new().await;
        folder.heal();
        let c = folder.join().await;
        c.close().await.expect("it closes");
        drop(c);
        assert!(folder.verify(true).is_well(), "{:?}", folder.verify(true));
        // Another content in the image's place: only reading it shows that.
        let mut other = folder.image_bytes.clone();
        *other.last_mut().expect("it isn't empty") ^= 1;
        std::fs::write(&folder.image, other).expect("it is replaced");
        assert_eq!(folder.verify(false).refused, []);
        let refused: Vec<String> = folder.verify(true).refused.into_iter().map(|file| file.code).collect();
        assert_eq!(refused, ["file/wrong-content"]);
        // Ada's last file goes for good.
        for (_, file) in &folder.held_back {
            std::fs::remove_file(file).expect("it goes");
        }
        let check = folder.verify(false);
        assert!(check.unheld > 0 && check.waiting.is_empty(), "what is held here is still known: {check:?}");
        assert!(check.findings[0].contains("Ada"), "{:?}", check.findings);
        // Without the folder nothing can be said of what is in it.
        std::fs::remove_dir_all(folder.root.path().join("folder")).expect("it goes");
        let check = folder.verify(false);
        assert_eq!((check.root.as_str(), check.unheld), ("root/missing", 0));
        assert!(!check.is_well());
    });
}

#[test]
fn what_is_on_its_way_is_counted() {
    run(async {
        let root = tempfile::tempdir().expect("a directory");
        let (a, _b, document) = pair(root.path(), "Plans").await;
        a.sync().await.expect("the folder works");
        assert_eq!(health(&a).await.unpublished, Default::default());
        a.stop_reading().await.expect("it stops");
        let away = root.path().join("away");
        std::fs::rename(root.path().join("folder"), &away).expect("the drive goes");
        let mut window = Window::open(&a, &document).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "words")]).await;
        let held = health(&a).await;
        assert!(held.stopped && held.unpublished.records + u64::from(held.unpublished.files) > 0, "{held:?}");
        std::fs::rename(&away, root.path().join("folder")).expect("it comes back");
        a.go_on_reading().await.expect("it goes on");
        a.sync().await.expect("the folder works");
        let there = health(&a).await;
        assert_eq!((there.unpublished, there.stopped), (Default::default(), false));
    });
}
