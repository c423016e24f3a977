//! What strangers can put into the folder.

use std::path::Path;

use inkfold_folder::kind::MAGIC;
use inkfold_testkit::folder::forge::{Forged, TOPS, bomb};

use crate::house::{ADA, BEN, House, WORKSPACE};

/// The hash and the signature at a segment's end.
const SEAL_BYTES: usize = 32 + 64;

/// A stranger's file lies in the folder: everybody else goes on.
#[track_caller]
fn goes_on(house: &mut House, word: &str) {
    house.say(ADA, word);
    house.meet();
    house.assert_shows(BEN, word);
    house.assert_only_own_files_are_touched();
}

/// A stranger's file is listed with this reason, and everybody else goes on.
#[track_caller]
fn is_listed(house: &mut House, bytes: Vec<u8>, reason: &str) {
    house.carrier.hub.insert("inkfold-data/stranger.ink".into(), bytes.into());
    house.meet();
    let listed = house.refusals(BEN);
    assert!(listed.iter().any(|file| file.contains("stranger.ink") && file.contains(reason)), "{listed:?}");
    goes_on(house, &format!("beside {reason} "));
}

rows! {
    h1: "a file of ten gigabytes that hold nothing", "it is listed unread, and everybody goes on" =>
        |house| {
            for (name, start) in [("inkfold-data/a.ink", &MAGIC[..]), ("inkfold-data/b.ink", b""), ("film.mp4", b"")] {
                house.disk(BEN).put(Path::new(name), start.into(), None);
                house.disk(BEN).pretend(Path::new(name), Some(10 << 30), false);
            }
            house.say(ADA, "beside gigabytes ");
            for _ in 0..3 {
                house.pass(crate::house::INTERVAL);
                house.look(ADA);
                let (path, bytes) = house.last_file(ADA);
                house.disk(BEN).put(&path, bytes, None);
                house.look(BEN);
            }
            house.assert_shows(BEN, "beside gigabytes ");
            assert_eq!(house.refusals(BEN).len(), 2, "{:?}", house.refusals(BEN));
            for name in ["inkfold-data/a.ink", "inkfold-data/b.ink", "film.mp4"] {
                house.disk(BEN).delete(Path::new(name));
            }
        };
    h2: "more files than are looked at", "absence means nothing: nothing is deleted or published twice; it heals" =>
        |house| {
            let (disk, before) = (house.disk(BEN), house.carrier.hub.len());
            for i in 0..2_000 {
                disk.put(Path::new(&format!("inkfold-data/junk-{i}.ink")), b"junk".as_slice().into(), None);
            }
            disk.set_most_entries(500);
            house.say(BEN, "in a crowd ");
            for _ in 0..5 {
                house.pass(crate::house::INTERVAL);
                house.look(BEN);
            }
            house.assert_shows(BEN, "in a crowd ");
            house.assert_shows(BEN, "hello-0 ");
            house.assert_only_own_files_are_touched();
            assert!(house.published(BEN).len() <= 2, "{:?}", house.published(BEN).len());
            for i in 0..2_000 {
                disk.delete(Path::new(&format!("inkfold-data/junk-{i}.ink")));
            }
            disk.set_most_entries(usize::MAX);
            house.meet();
            house.assert_shows(ADA, "in a crowd ");
            assert!(house.carrier.hub.len() <= before + 1);
        };
    h3: "a small file unpacks to a large one, signed by a real key", "it is listed, and everybody goes on" =>
        |house| is_listed(house, bomb(WORKSPACE, 100), "unpacks to more");
    h4: "lengths and counts lie, under a checksum that fits", "nothing is taken, and everybody goes on" =>
        |house| {
            let (_, bytes) = house.last_file(ADA);
            let body = bytes.len() - SEAL_BYTES;
            let held = house.computers[BEN].held().len();
            for at in MAGIC.len()..body {
                for value in [0, 0x7f, 0x80, 0xff] {
                    let mut lying = bytes.to_vec();
                    lying[at] = value;
                    let hash = inkfold_folder::FileHash::of(&lying[..body]);
                    lying[body..body + 32].copy_from_slice(&hash.0);
                    house.disk(BEN).put(Path::new("inkfold-data/stranger.ink"), lying.into(), None);
                    house.pass(crate::house::INTERVAL);
                    house.look(BEN);
                    assert_eq!(house.computers[BEN].held().len(), held, "byte {at} is {value}");
                }
            }
            house.disk(BEN).delete(Path::new("inkfold-data/stranger.ink"));
            goes_on(house, "beside lies ");
        };
    h5: "numbers at the top of their range, signed by a real key", "they are refused, wait, or change nothing else" =>
        |house| {
            for (i, (_, change)) in TOPS.iter().enumerate() {
                let mut forged = Forged::new(WORKSPACE, 100 + i as u8);
                change(&mut forged);
                house.carrier.hub.insert(format!("inkfold-data/top-{i}.ink").into(), forged.bytes().into());
                goes_on(house, &format!("top-{i} "));
                assert_eq!(house.text(ADA), house.text(BEN));
            }
        };
    h6: "a signature is forged", "the file is listed, and nothing of it is taken" =>
        |house| {
            let (_, bytes) = house.last_file(ADA);
            let mut forged = bytes.to_vec();
            forged[bytes.len() - 1] ^= 1;
            is_listed(house, forged, "signature");
        };
    h7: "a segment of another workspace is put here", "the file is listed, and nothing of it is taken" =>
        |house| {
            house.mischief("another workspace's segment");
            house.meet();
            assert!(house.refusals(BEN).iter().any(|file| file.contains("another workspace")));
            house.assert_lacks(BEN, "elsewhere");
            goes_on(house, "at home ");
        };
    h8: "two files have changed their names, and one is withheld", "names mean nothing; what comes later waits" =>
        |house| {
            let mut files = Vec::new();
            for word in ["first ", "second ", "third "] {
                house.say(ADA, word);
                house.look(ADA);
                files.push(house.last_file(ADA));
            }
            let disk = house.disk(BEN);
            disk.put(&files[1].0, files[2].1.clone(), None);
            house.look(BEN);
            house.assert_lacks(BEN, "third ");
            disk.put(&files[0].0, files[1].1.clone(), None);
            house.look(BEN);
            assert_eq!(house.waiting(BEN), 2);
            disk.put(&files[2].0, files[0].1.clone(), None);
            house.look(BEN);
            house.assert_shows(BEN, "third ");
            files.iter().for_each(|(path, _)| disk.delete(path));
            // A whole line's middle is kept from Ben for good, as far as he can know: the rest goes on.
            goes_on(house, "fourth ");
        };
    h9: "a file of a newer format, and one of a kind that nobody knows", "they are listed as such, and the rest goes on" =>
        |house| {
            for (at, reason) in [(MAGIC.len() + 1, "newer"), (MAGIC.len(), "kind")] {
                let (_, bytes) = house.last_file(ADA);
                let mut newer = bytes.to_vec();
                newer[at] = 100;
                let body = newer.len() - SEAL_BYTES;
                let hash = inkfold_folder::FileHash::of(&newer[..body]);
                newer[body..body + 32].copy_from_slice(&hash.0);
                is_listed(house, newer, reason);
            }
        };
}
