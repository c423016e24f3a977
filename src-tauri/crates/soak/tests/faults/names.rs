//! Names that services make.

use std::path::{Path, PathBuf};

use inkfold_testkit::folder::service::beside;

use crate::house::{ADA, BEN, EVA, House};

/// Ada says something, and of her file there is on Ben's disk only what the service has made of it: one name after
/// another, whole; beside it partial content under its temporary name and all its junk.
fn only_under(house: &mut House, service: &str) {
    house.serve_by(service);
    let service = house.carrier.service;
    for (i, pattern) in service.conflicts.iter().enumerate() {
        let word = format!("copy-{i} ");
        house.say(ADA, &word);
        house.look(ADA);
        let (path, bytes) = house.last_file(ADA);
        let disk = house.disk(BEN);
        if let Some(temporary) = service.temporary(&path) {
            disk.put(&temporary, bytes[..bytes.len() / 2].into(), None);
        }
        if let Some(stub) = service.stub {
            disk.put(&beside(&path, stub), b"bplist00".as_slice().into(), None);
        }
        for junk in service.junk {
            disk.put(Path::new(junk), bytes[..bytes.len() / 3].into(), None);
        }
        disk.put(&beside(&path, "cut-{name}"), bytes[..bytes.len() / 2].into(), None);
        house.pass(crate::house::INTERVAL);
        house.look(BEN);
        house.assert_lacks(BEN, &word);
        let mut copy = beside(&path, pattern);
        if service.renames_directories {
            let below = copy.strip_prefix("inkfold-data").expect("it lies there").to_owned();
            copy = PathBuf::from(format!("inkfold-data ({})", i + 1)).join(below);
        }
        disk.put(&copy, bytes.clone(), None);
        if service.placeholders {
            disk.pretend(&copy, None, true);
        }
        house.look(BEN);
        house.assert_shows(BEN, &word);
        house.assert_only_own_files_are_touched();
        // The canonical name is gone at the service, too.
        if service.renames_both {
            house.carrier.hub.remove(&path);
            house.carrier.hub.insert(copy, bytes);
        }
    }
    house.assert_only_own_files_are_touched();
}

rows! {
    n1: "Dropbox makes a conflict copy, in three languages", "the copy is as good as the file" =>
        |house| only_under(house, "Dropbox");
    n2: "Syncthing makes conflict copies and keeps old versions", "the copy is as good as the file" =>
        |house| only_under(house, "Syncthing");
    n3: "OneDrive makes copies under a computer's name, and placeholders", "the copy is as good as the file" =>
        |house| only_under(house, "OneDrive");
    n4: "Nextcloud or ownCloud makes a conflict copy", "the copy is as good as the file" =>
        |house| only_under(house, "Nextcloud");
    n5: "rclone renames both sides, and the name itself is gone", "the copy is as good, and Ada publishes hers again" =>
        |house| {
            only_under(house, "rclone bisync");
            let (path, _) = house.last_file(ADA);
            house.disk(ADA).delete(&path);
            house.look(ADA);
            house.look(ADA);
            assert!(house.disk(ADA).bytes(&path).is_some(), "it isn't there again");
        };
    n6: "Google Drive gives a file and its directory a number", "the copy is as good as the file" =>
        |house| only_under(house, "Google Drive");
    n7: "iCloud gives a copy a number and leaves stubs", "a stub is nothing; the copy is as good as the file" =>
        |house| only_under(house, "iCloud");
    n8: "Resilio makes a conflict copy and partial files", "the copy is as good as the file" =>
        |house| only_under(house, "Resilio");
    n9: "network drives and systems leave files", "junk is passed over; what is ours in a leftover counts" =>
        |house| {
            only_under(house, "SMB/NFS");
            only_under_is_new(house, "USB stick");
            house.say(ADA, "silly-renamed ");
            house.look(ADA);
            let (_, bytes) = house.last_file(ADA);
            house.disk(BEN).put(Path::new("inkfold-data/.nfs00000000000a1b2c"), bytes, None);
            house.look(BEN);
            house.assert_shows(BEN, "silly-renamed ");
        };
    n10: "a crash leaves a temporary file of ours", "it is gone after the next start; others' stay" =>
        |house| {
            let theirs = Path::new("inkfold-data").join(house.replica(BEN).to_string()).join("~aaaaaaaaaaaaaaaa.tmp");
            house.disk(ADA).put(&theirs, b"theirs".as_slice().into(), None);
            let is_own_left = |house: &House| {
                house.published(ADA).iter().any(|(path, _)| path.to_string_lossy().contains('~'))
            };
            let mut left = 0;
            for calls in 1..40 {
                house.look(ADA);
                house.say(ADA, &format!("crash-{calls} "));
                house.disk(ADA).set_fuse(Some(1 + calls % 16));
                let is_cut = house.publish(ADA);
                left += u32::from(is_cut && is_own_left(house));
                house.disk(ADA).set_fuse(None);
                house.look(ADA);
                assert!(!is_own_left(house), "after call {calls}");
            }
            assert!(left > 0, "no crash left one");
            assert!(house.disk(ADA).bytes(&theirs).is_some());
            house.meet();
            house.assert_shows(EVA, "crash-1 ");
        };
}

/// As [`only_under`], with words of their own.
fn only_under_is_new(house: &mut House, service: &str) {
    house.serve_by(service);
    let pattern = house.carrier.service.conflicts[0];
    house.say(ADA, "on-a-stick ");
    house.look(ADA);
    let (path, bytes) = house.last_file(ADA);
    house.disk(BEN).put(&beside(&path, pattern), bytes, None);
    house.look(BEN);
    house.assert_shows(BEN, "on-a-stick ");
}
