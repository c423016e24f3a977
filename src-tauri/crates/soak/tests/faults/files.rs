//! File systems.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use inkfold_folder::fs::Kind;
use inkfold_folder::{FileHash, Segment};
use inkfold_session::wire::Whereabouts;
use inkfold_store::MemoryStore;
use inkfold_testkit::folder::disk::{Character, Root};

use crate::house::{ADA, BEN, EVA, HOUR, House, WORKSPACE};

/// Ada's disk refuses every change in this way for an hour: her words stay on her device, and she is told so.
fn cannot_write(house: &mut House, kind: ErrorKind, word: &str) {
    house.say(ADA, word);
    house.disk(ADA).fail_for(HOUR, kind);
    house.look(ADA);
    assert_eq!(house.status(ADA).words, Whereabouts::OnThisDevice, "{kind:?}");
    assert!(house.status(ADA).trouble.is_some(), "{kind:?}");
    house.assert_only_own_files_are_touched();
    house.pass(HOUR);
    house.look(ADA);
    house.look(ADA);
    assert_eq!(house.status(ADA).words, Whereabouts::InTheFolder, "{kind:?}");
    house.meet();
    house.assert_shows(BEN, word);
}

/// What lies under a name that Ada gives to whole files only is whole, whoever looks and whenever.
#[track_caller]
fn is_whole(house: &House, when: &str) {
    for (path, bytes) in house.published(ADA) {
        if path.extension().is_some_and(|extension| extension == "ink") {
            let segment = Segment::parse(&bytes, &WORKSPACE);
            let is_its_own = segment.as_ref().is_ok_and(|segment| path.ends_with(segment.name()));
            assert!(is_its_own, "{when}: {} holds {:?}", path.display(), FileHash::of(&bytes));
        }
    }
}

/// The power fails after each of the calls in which words are published, and in which the folder is looked through. What
/// was not made durable is lost or not, as it is drawn: the last directory entries, and any part of the content.
fn crash_after_every_call(house: &mut House, times: u32) {
    let mut words = Vec::new();
    for i in 0..times {
        let word = format!("crash-{i} ");
        house.say(ADA, &word);
        words.push(word);
        house.disk(ADA).set_fuse(Some(1 + i % 20));
        let is_cut = if i % 3 == 0 { house.look(ADA) } else { house.publish(ADA) };
        house.disk(ADA).set_fuse(None);
        is_whole(house, &format!("after call {}", 1 + i % 20));
        house.pass(Duration::from_secs(20));
        // Once more, so that the next words begin to be published at the first call.
        house.look(ADA);
        is_whole(house, &format!("in the run after call {} (was cut: {is_cut})", 1 + i % 20));
    }
    house.meet();
    words.iter().for_each(|word| house.assert_shows(BEN, word));
}

/// Another computer comes, with a disk of this kind.
fn with_disk(house: &mut House, character: Character) -> usize {
    house.add(character, MemoryStore::new(WORKSPACE))
}

/// Ben's database can't be written for a while: what came in meanwhile counts only once it is stored.
fn cannot_keep(house: &mut House) {
    house.say(ADA, "for later ");
    house.look(ADA);
    house.carrier.settle();
    house.computers[BEN].store.refuse(true);
    house.look(BEN);
    house.assert_lacks(BEN, "for later ");
    house.computers[BEN].store.refuse(false);
    (0..2).for_each(|_| {
        house.pass(crate::house::INTERVAL);
        house.look(BEN);
    });
    house.assert_shows(BEN, "for later ");
}

/// Where everything of ours lies in a directory in capitals, which is the same there, a computer cares for its files, too.
fn in_capitals(house: &mut House) {
    let newcomer = house.add(Character { ignores_case: true, ..Character::default() }, MemoryStore::new(WORKSPACE));
    house.disk(newcomer).put(Path::new("INKFOLD-DATA/desktop.ini"), [].into(), None);
    for i in 0..12 {
        house.say(newcomer, &format!("quiet-{i} "));
        house.meet();
    }
    let files = house.published(newcomer).len();
    assert!(files < 12, "none of {files} files went into a larger one");
    house.assert_shows(BEN, "quiet-11 ");
}

rows! {
    f1: "a disk doesn't tell case apart, and names come in capitals", "the file counts, and Ada still has hers" =>
        |house| {
            let newcomer = with_disk(house, Character { ignores_case: true, ..Character::default() });
            house.meet();
            house.assert_shows(newcomer, "hello-0 ");
            house.say(ADA, "capitals ");
            house.look(ADA);
            let (path, bytes) = house.last_file(ADA);
            let capitals = Path::new(&path.to_string_lossy().to_uppercase()).to_owned();
            house.disk(newcomer).put(&capitals, bytes.clone(), None);
            house.look(newcomer);
            house.assert_shows(newcomer, "capitals ");
            house.say(newcomer, "from there ");
            house.meet();
            house.assert_shows(ADA, "from there ");
            assert!(house.disk(ADA).bytes(&path).is_some());
            in_capitals(house);
        };
    f2: "a disk decomposes names with accents", "the file counts under either name" =>
        |house| {
            let newcomer = with_disk(house, Character { decomposes: true, ..Character::default() });
            house.say(ADA, "umlauts ");
            house.look(ADA);
            let (path, bytes) = house.last_file(ADA);
            let copy = path.with_file_name("1-1 (Kopie von Jörg).ink");
            house.disk(newcomer).put(&copy, bytes, None);
            let genesis = house.disk(ADA).files().into_iter().find(|(path, _)| path.ends_with("notes.inkfold")).unwrap();
            house.disk(newcomer).put(&genesis.0, genesis.1, None);
            house.look(newcomer);
            house.meet();
            house.assert_shows(newcomer, "umlauts ");
        };
    f3: "nothing may be written, or not be read", "the words stay on the device until it works again" =>
        |house| {
            cannot_write(house, ErrorKind::PermissionDenied, "denied ");
            cannot_write(house, ErrorKind::ReadOnlyFilesystem, "read-only ");
        };
    f4: "the disk or the quota is full, with a part of the file written", "no part of a file has its name" =>
        |house| {
            cannot_write(house, ErrorKind::StorageFull, "full ");
            is_whole(house, "when it is full");
            cannot_write(house, ErrorKind::QuotaExceeded, "quota ");
            cannot_keep(house);
        };
    f5: "calls fail with EIO, EMFILE or EINTR", "they are made again later" =>
        |house| {
            cannot_write(house, ErrorKind::Other, "input-output ");
            for i in 0..20 {
                house.disk(ADA).set_trouble(200);
                house.disk(BEN).set_trouble(200);
                house.say(ADA, &format!("trouble-{i} "));
                house.look(ADA);
                house.look(BEN);
                is_whole(house, "in trouble");
            }
        };
    f6: "another program keeps a file open for 20 s, or for an hour", "it is waited for, and tried again later" =>
        |house| {
            house.say(ADA, "soon ");
            house.disk(ADA).fail_for(Duration::from_secs(20), ErrorKind::ResourceBusy);
            house.look(ADA);
            assert_eq!(house.status(ADA).words, Whereabouts::InTheFolder);
            cannot_write(house, ErrorKind::ResourceBusy, "later ");
        };
    f7: "the power fails after every call", "what was called durable is there, and published" =>
        |house| {
            crash_after_every_call(house, 60);
            assert!(house.tally.counts()["f7"] >= 20);
        };
    f8: "what was not made durable is lost with it, from anywhere on", "a name of ours is never that of a part" =>
        |house| {
            crash_after_every_call(house, 100);
            assert!(house.tally.counts()["f8"] >= 5, "{:?}", house.tally.counts());
        };
    f9: "a link or a directory stands where a file should", "it is passed over, and no file is lost for it" =>
        |house| {
            for (kind, word) in [(Kind::Other, "link "), (Kind::Directory, "directory ")] {
                house.say(ADA, word);
                house.look(ADA);
                let (path, bytes) = house.last_file(ADA);
                house.disk(BEN).put_odd(&path, kind);
                house.look(BEN);
                house.assert_lacks(BEN, word);
                // At Ada's, too; she goes on, and puts hers back when it has gone.
                house.disk(ADA).delete(&path);
                house.disk(ADA).put_odd(&path, kind);
                house.look(ADA);
                house.assert_only_own_files_are_touched();
                house.disk(ADA).delete(&path);
                house.disk(BEN).delete(&path);
                house.meet();
                assert_eq!(house.disk(ADA).bytes(&path), Some(bytes));
                house.assert_shows(BEN, word);
            }
        };
    f10: "the folder is gone, empty, or another workspace's", "that is said, nothing is written there, and nothing is deleted" =>
        |house| {
            for (root, word) in [(Root::Gone, "gone "), (Root::Empty, "empty "), (Root::Another, "another ")] {
                house.disk(ADA).set_root(root);
                house.say(ADA, word);
                house.look(ADA);
                house.run(Duration::from_secs(40));
                assert!(house.status(ADA).trouble.is_some(), "{root:?}");
                assert_eq!(house.status(ADA).words, Whereabouts::OnThisDevice, "{root:?}");
                house.assert_only_own_files_are_touched();
                house.assert_shows(ADA, "hello-1 ");
                house.disk(ADA).set_root(Root::There);
                house.meet();
                house.assert_shows(EVA, word);
                // It goes while words wait to be published.
                house.disk(ADA).set_root(root);
                house.say(ADA, &format!("again-{word}"));
                house.work(ADA, |installation| {
                    installation.carry();
                    Ok(())
                });
                house.assert_only_own_files_are_touched();
                house.disk(ADA).set_root(Root::There);
                house.meet();
            }
        };
}
