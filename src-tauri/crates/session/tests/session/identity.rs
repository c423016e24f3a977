//! Identity and forks, a test a fault: whatever became of a profile, its database or the folder, both versions are kept,
//! everybody sees the same document, writing goes on under a new id, and the person is told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::waiting::{OVER_A_DAY, Patience, open_by};
use crate::windows::{Window, pair, point, run, splice};
use inkfold_engine::DocumentId;
use inkfold_session::wire::{Event, News, Whereabouts};
use inkfold_session::{Facts, Profile, Session};

/// Ada and Ben share a folder, and both have the document's first line. Ada's profile is at `a`.
pub struct Stage {
    root: tempfile::TempDir,
    /// Ben's.
    clock: Arc<Patience>,
    pub a: Option<Session>,
    pub b: Session,
    pub document: DocumentId,
}

/// The machine that Ada writes on.
fn adas() -> Facts {
    Facts { machine: Some("Ada's".into()), data: "/home/ada".into() }
}

fn another() -> Facts {
    Facts { machine: Some("another".into()), ..adas() }
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

impl Stage {
    pub async fn set() -> Stage {
        let root = tempfile::tempdir().expect("a directory");
        let (a, b, document) = pair(root.path(), "Plans").await;
        for session in [a, b] {
            session.close().await.expect("it closes");
        }
        let clock = Arc::new(Patience::default());
        let b = open_by(&clock, &root.path().join("b")).await;
        let mut stage = Stage { root, clock, a: None, b, document: document.parse().expect("an id") };
        // From here on Ada's profile is on her machine; that it was on this one is the first news.
        stage.open_a().await;
        stage.a().dismiss_news().await.expect("it is stored");
        stage.write_a("before").await;
        stage.settle(&[stage.a(), &stage.b]).await;
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn a(&self) -> &Session {
        self.a.as_ref().expect("Ada's is open")
    }

    pub async fn open(&self, name: &str, facts: Facts) -> Session {
        let profile = Profile::open(self.path(name)).expect("a data directory");
        let session = Session::open_as(profile, facts).expect("nobody else has it");
        session.start().await.expect("it starts");
        session
    }

    pub async fn open_a(&mut self) {
        self.a = Some(self.open("a", adas()).await);
    }

    pub async fn close_a(&mut self) {
        let a = self.a.take().expect("Ada's is open");
        a.close().await.expect("it closes");
    }

    async fn write(&self, session: &Session, line: &str) {
        session.append_text(self.document, line.into()).await.expect("it is stored");
    }

    pub async fn write_a(&self, line: &str) {
        self.write(self.a(), line).await;
    }

    /// What everybody has reaches everybody.
    pub async fn settle(&self, sessions: &[&Session]) {
        for _ in 0..4 {
            for session in sessions {
                session.sync().await.expect("that is no error");
            }
        }
    }

    pub async fn lines(&self, session: &Session) -> Vec<String> {
        Window::open(session, &self.document.to_string()).await.text().lines().map(str::to_owned).collect()
    }

    /// How many replicas have files in the folder.
    fn replicas(&self) -> usize {
        std::fs::read_dir(self.path("folder/inkfold-data")).expect("the folder").count()
    }

    /// After everything has reached everybody: all see the same lines in one order, and so does somebody who joins now.
    pub async fn agree(&self, sessions: &[&Session], expected: &[&str]) {
        self.settle(sessions).await;
        let newcomer = Session::open(self.path("newcomer")).expect("a data directory");
        newcomer.join_workspace(self.path("folder"), "Eve".into()).await.expect("the workspace is joined");
        newcomer.sync().await.expect("the folder is read");
        let there = self.lines(&newcomer).await;
        for session in sessions {
            assert_eq!(self.lines(session).await, there);
        }
        let (found, expected): (BTreeSet<_>, BTreeSet<_>) =
            (there.iter().map(String::as_str).collect(), expected.iter().copied().collect());
        assert_eq!(found, expected);
        assert_eq!(there.len(), expected.len(), "nothing is there twice: {there:?}");
    }
}

pub async fn news(session: &Session) -> Vec<News> {
    session.status().await.expect("a status").news
}

#[test]
fn i1_profile_copied_to_another_machine_and_both_write() {
    run(async {
        let mut stage = Stage::set().await;
        // In the middle of a line: the open record is part of the copy.
        let mut window = Window::open(stage.a(), &stage.document.to_string()).await;
        window.write(vec![splice(point(0, 6), point(0, 6), " noon")]).await;
        drop(window);
        copy(&stage.path("a"), &stage.path("twin"));
        stage.close_a().await;
        let replicas = stage.replicas();
        let twin = stage.open("twin", another()).await;
        stage.open_a().await;
        assert_eq!(news(&twin).await, [News::NewIdentity], "at once, before anything is read from the folder");
        assert_eq!(news(stage.a()).await, []);
        stage.write_a("left").await;
        stage.write(&twin, "right").await;
        stage.agree(&[stage.a(), &twin, &stage.b], &["before noon", "left", "right"]).await;
        // One more replica than before, and the newcomer of the last line.
        assert_eq!(stage.replicas(), replicas + 2);
        twin.dismiss_news().await.expect("it is stored");
        assert_eq!(news(&twin).await, []);
    });
}

#[test]
fn i1_profile_copied_where_nothing_shows_it_and_both_write() {
    run(async {
        let mut stage = Stage::set().await;
        stage.close_a().await;
        copy(&stage.path("a"), &stage.path("twin"));
        let twin = stage.open("twin", adas()).await;
        stage.open_a().await;
        stage.write_a("left").await;
        stage.write(&twin, "right").await;
        stage.settle(&[stage.a(), &twin]).await;
        let told = [news(stage.a()).await, news(&twin).await].concat();
        assert!(told.contains(&News::NewIdentity), "the folder shows it");
        stage.write_a("left again").await;
        stage.write(&twin, "right again").await;
        let lines = ["before", "left", "right", "left again", "right again"];
        stage.agree(&[stage.a(), &twin, &stage.b], &lines).await;
    });
}

#[test]
fn i2_database_restored_and_folder_current() {
    run(async {
        let mut stage = Stage::set().await;
        stage.close_a().await;
        let database =
            walk(&stage.path("a")).into_iter().find(|path| path.ends_with("inkfold.db")).expect("a database");
        let backup = stage.path("backup.db");
        std::fs::copy(&database, &backup).expect("a backup");
        stage.open_a().await;
        stage.write_a("since").await;
        stage.settle(&[stage.a()]).await;
        stage.close_a().await;
        std::fs::copy(&backup, &database).expect("it is restored");
        // Its mirror, which is not restored with it, knows at once; the folder isn't even there yet.
        std::fs::rename(stage.path("folder"), stage.path("away")).expect("the folder goes");
        stage.open_a().await;
        assert_eq!(news(stage.a()).await, [News::NewIdentity]);
        stage.write_a("after").await;
        std::fs::rename(stage.path("away"), stage.path("folder")).expect("the folder comes back");
        stage.agree(&[stage.a(), &stage.b], &["before", "since", "after"]).await;
    });
}

#[test]
fn i2_whole_profile_restored_and_folder_current() {
    run(async {
        let mut stage = Stage::set().await;
        stage.close_a().await;
        copy(&stage.path("a"), &stage.path("backup"));
        stage.open_a().await;
        stage.write_a("since").await;
        stage.settle(&[stage.a()]).await;
        stage.close_a().await;
        std::fs::remove_dir_all(stage.path("a")).expect("it goes");
        copy(&stage.path("backup"), &stage.path("a"));
        stage.open_a().await;
        stage.a().sync().await.expect("the folder is read");
        assert_eq!(news(stage.a()).await, [News::NewIdentity], "the folder shows it");
        stage.write_a("after").await;
        stage.agree(&[stage.a(), &stage.b], &["before", "since", "after"]).await;
    });
}

#[test]
fn i3_folder_restored_and_database_current() {
    run(async {
        let mut stage = Stage::set().await;
        copy(&stage.path("folder"), &stage.path("backup"));
        stage.write_a("since").await;
        stage.settle(&[stage.a()]).await;
        stage.close_a().await;
        std::fs::remove_dir_all(stage.path("folder")).expect("it goes");
        copy(&stage.path("backup"), &stage.path("folder"));
        stage.open_a().await;
        stage.write_a("after").await;
        stage.agree(&[stage.a(), &stage.b], &["before", "since", "after"]).await;
        assert_eq!(news(stage.a()).await, [], "nobody else writes under this id");
    });
}

#[test]
fn i4_database_and_folder_restored() {
    run(async {
        let mut stage = Stage::set().await;
        stage.close_a().await;
        copy(&stage.path("a"), &stage.path("backup"));
        copy(&stage.path("folder"), &stage.path("backup folder"));
        stage.open_a().await;
        stage.write_a("since").await;
        stage.settle(&[stage.a(), &stage.b]).await;
        stage.close_a().await;
        for (name, backup) in [("a", "backup"), ("folder", "backup folder")] {
            std::fs::remove_dir_all(stage.path(name)).expect("it goes");
            copy(&stage.path(backup), &stage.path(name));
        }
        stage.open_a().await;
        stage.write_a("after").await;
        stage.settle(&[stage.a(), &stage.b]).await;
        // Ben has both versions, whether or not he has told Ada yet that she was here before.
        let bens: BTreeSet<String> = stage.lines(&stage.b).await.into_iter().collect();
        assert_eq!(bens, ["before", "since", "after"].map(str::to_owned).into());
        stage.write_a("later").await;
        // The lost one is in no file any more. Ben brings it back once nobody else has for a day.
        stage.settle(&[stage.a(), &stage.b]).await;
        stage.clock.wait(OVER_A_DAY);
        stage.agree(&[stage.a(), &stage.b], &["before", "since", "after", "later"]).await;
        assert_eq!(news(stage.a()).await, [News::NewIdentity]);
    });
}

#[test]
fn i5_machine_resumed_in_mid_session() {
    run(async {
        let stage = Stage::set().await;
        // What the machine did after the moment to which it is then set back.
        copy(&stage.path("a"), &stage.path("future"));
        let future = stage.open("future", adas()).await;
        stage.write(&future, "future").await;
        stage.settle(&[&future]).await;
        future.close().await.expect("it closes");
        // The process goes on with the memory that it had.
        stage.write_a("resumed").await;
        stage.settle(&[stage.a()]).await;
        assert_eq!(news(stage.a()).await, [News::NewIdentity]);
        stage.write_a("on").await;
        stage.agree(&[stage.a(), &stage.b], &["before", "future", "resumed", "on"]).await;
    });
}

#[test]
fn i5_a_window_hears_that_nothing_before_can_be_undone() {
    run(async {
        let stage = Stage::set().await;
        let document = stage.document.to_string();
        let mut window = Window::open(stage.a(), &document).await;
        copy(&stage.path("a"), &stage.path("future"));
        window.write(vec![splice(point(0, 0), point(0, 0), "resumed ")]).await;
        let mut events = stage.a().events();
        let future = stage.open("future", adas()).await;
        stage.write(&future, "future").await;
        stage.settle(&[&future]).await;
        future.close().await.expect("it closes");
        stage.settle(&[stage.a()]).await;
        assert_eq!(news(stage.a()).await, [News::NewIdentity]);
        let told = std::iter::from_fn(|| events.try_recv().ok()).collect::<Vec<_>>();
        assert!(told.contains(&Event::Turns { document, counter: 1 }), "{told:?}");
        // What it writes from now on can be undone again.
        window.write(vec![splice(point(0, 0), point(0, 0), "more ")]).await;
        let undone = window.undo().await;
        assert!(!undone.undo && undone.redo, "{undone:?}");
    });
}

#[test]
fn i6_two_processes_on_one_profile() {
    run(async {
        let stage = Stage::set().await;
        let again = Session::open_as(Profile::open(stage.path("a")).expect("a directory"), adas());
        assert_eq!(again.err().map(|error| error.code()), Some("already-running"));
    });
}

#[test]
fn i6_two_processes_on_one_profile_where_locks_do_not_hold() {
    run(async {
        let stage = Stage::set().await;
        let mut window = Window::open(stage.a(), &stage.document.to_string()).await;
        window.write(vec![splice(point(0, 0), point(0, 0), "long ")]).await;
        std::fs::remove_file(stage.path("a/lock")).expect("the lock goes");
        let second = stage.open("a", adas()).await;
        // The first stands back: what it has in memory doesn't fit what the second writes.
        let edit = window.edit(vec![splice(point(0, 0), point(0, 0), "not ")]);
        let refused = stage.a().edit(edit).await.expect_err("it isn't stored");
        assert_eq!(refused.code(), "not-saved");
        assert!(refused.to_string().contains("another Inkfold has opened the same data"), "{refused}");
        assert_eq!(stage.a().status().await.expect("a status").words, Whereabouts::NotSaved);
        assert!(stage.a().close().await.is_err(), "closing warns");
        stage.write(&second, "second").await;
        stage.agree(&[&second, &stage.b], &["long before", "second"]).await;
    });
}

#[test]
fn i7_fork_seen_in_both_orders() {
    run(async {
        let mut stage = Stage::set().await;
        stage.close_a().await;
        copy(&stage.path("a"), &stage.path("twin"));
        copy(&stage.path("folder"), &stage.path("base"));
        // Each of the two writes into a folder that the other doesn't see.
        let mut branches = Vec::new();
        for (name, line) in [("a", "left"), ("twin", "right")] {
            let session = stage.open(name, adas()).await;
            stage.write(&session, line).await;
            stage.settle(&[&session]).await;
            session.close().await.expect("it closes");
            std::fs::rename(stage.path("folder"), stage.path(line)).expect("a folder");
            copy(&stage.path("base"), &stage.path("folder"));
            branches.push(line);
        }
        let mut seen = Vec::new();
        for (reader, order) in [("one", ["left", "right"]), ("other", ["right", "left"])] {
            let folder = stage.path(&format!("folder of {reader}"));
            copy(&stage.path("base"), &folder);
            let session = Session::open(stage.path(reader)).expect("a data directory");
            session.join_workspace(folder.clone(), reader.into()).await.expect("the workspace is joined");
            for branch in order {
                copy(&stage.path(branch), &folder);
                session.sync().await.expect("the folder is read");
            }
            seen.push(Window::open(&session, &stage.document.to_string()).await.blocks);
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0].len(), 3, "both branches are kept");
    });
}

pub fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
