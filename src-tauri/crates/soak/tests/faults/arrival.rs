//! How files arrive.

use std::path::Path;
use std::time::Duration;

use inkfold_folder::Segment;

use crate::house::{ADA, BEN, EVA, File, HOUR, House, WORKSPACE};

/// Ada says a word; only her own disk has it. Where her file would lie on the others', and what it holds.
fn unsent(house: &mut House, word: &str) -> File {
    house.say(ADA, word);
    house.look(ADA);
    house.last_file(ADA)
}

/// Bytes that aren't the file's lie in its place on Eva's disk: nothing of them is taken, and the rest goes on.
#[track_caller]
fn is_refused(house: &mut House, path: &Path, bytes: Vec<u8>, word: &str) {
    house.pass(Duration::from_secs(5));
    house.disk(EVA).put(path, bytes.into(), None);
    house.look(EVA);
    house.assert_lacks(EVA, word);
}

/// The file itself comes at last.
#[track_caller]
fn comes_whole(house: &mut House, (path, bytes): File, word: &str) {
    house.pass(Duration::from_secs(5));
    house.disk(EVA).put(&path, bytes, None);
    house.look(EVA);
    house.assert_shows(EVA, word);
    assert_eq!(house.refusals(EVA), Vec::<String>::new());
}

/// Ada writes so much that her small files become a large one and go.
fn merge(house: &mut House) -> Vec<File> {
    for i in 0..8 {
        house.say(ADA, &format!("small-{i} "));
        house.look(ADA);
    }
    let small = house.published(ADA);
    house.meet();
    house.pass(25 * HOUR);
    house.meet();
    house.meet();
    assert!(house.published(ADA).len() < small.len(), "nothing has gone");
    small
}

rows! {
    a1: "files arrive in any order, the last first", "later ones wait for what they build on, and say so" =>
        |house| {
            for i in 0..6 {
                let who = [ADA, BEN][i % 2];
                house.say(who, &format!("turn-{i} "));
                house.meet_among(&[ADA, BEN]);
            }
            let mut files = [house.published(ADA), house.published(BEN)].concat();
            files.sort_by_key(|(path, _)| std::cmp::Reverse(house.disk(ADA).stamps()[path]));
            let there = house.disk(EVA);
            files.retain(|(path, _)| there.bytes(path).is_none());
            assert_eq!(files.len(), 6);
            for (i, (path, bytes)) in files.into_iter().enumerate() {
                house.pass(Duration::from_secs(5));
                there.put(&path, bytes, None);
                house.look(EVA);
                assert_eq!(house.waiting(EVA), if i < 5 { i + 1 } else { 0 });
                house.assert_lacks(EVA, if i < 5 { "turn-" } else { "nothing" });
            }
            house.assert_shows(EVA, "turn-5 ");
        };
    a2: "a file is cut, at every byte", "nothing of it is taken; whole, it is" =>
        |house| {
            let (path, bytes) = unsent(house, "cut ");
            for end in 0..bytes.len() {
                is_refused(house, &path, bytes[..end].to_vec(), "cut ");
            }
            assert!(house.refusals(EVA).len() <= 1);
            comes_whole(house, (path, bytes), "cut ");
        };
    a3: "a file ends in zeros, from every byte on", "nothing of it is taken; whole, it is" =>
        |house| {
            let (path, bytes) = unsent(house, "zeros ");
            for end in (0..bytes.len()).filter(|end| bytes[*end..].iter().any(|byte| *byte != 0)) {
                let mut zeroed = bytes.to_vec();
                zeroed[end..].fill(0);
                is_refused(house, &path, zeroed, "zeros ");
            }
            comes_whole(house, (path, bytes), "zeros ");
        };
    a4: "any bit of a file is flipped", "nothing of it is taken; whole, it is" =>
        |house| {
            let (path, bytes) = unsent(house, "bits ");
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                is_refused(house, &path, flipped, "bits ");
            }
            comes_whole(house, (path, bytes), "bits ");
        };
    a5: "the same file is there twice, under two names", "it counts once, and both stay" =>
        |house| {
            let (path, bytes) = unsent(house, "twice ");
            let other = path.with_file_name("copy");
            house.disk(ADA).put(&other, bytes, None);
            house.meet();
            house.assert_shows(BEN, "twice ");
            assert!(house.disk(BEN).bytes(&other).is_some());
        };
    a6: "an older file lies under a newer one's name", "names mean nothing; Ada puts hers back" =>
        |house| {
            let (first, _) = house.last_file(ADA);
            let older = house.disk(ADA).bytes(&first).expect("it is there");
            let (path, bytes) = unsent(house, "newer ");
            house.carrier.settle();
            house.carrier.hub.insert(path.clone(), older);
            house.carrier.settle();
            house.meet();
            assert_eq!(house.disk(BEN).bytes(&path), Some(bytes));
            house.assert_shows(BEN, "newer ");
        };
    a7: "content changes under the same size and times", "what was refused is read again; what was taken stays taken" =>
        |house| {
            let (path, bytes) = unsent(house, "unseen ");
            let mut flipped = bytes.to_vec();
            flipped[100] ^= 4;
            is_refused(house, &path, flipped.clone(), "unseen ");
            house.pass(HOUR);
            house.look(EVA);
            house.disk(EVA).replace_unseen(&path, bytes.clone());
            house.look(EVA);
            house.assert_shows(EVA, "unseen ");
            house.disk(EVA).replace_unseen(&path, flipped.into());
            house.look(EVA);
            house.assert_shows(EVA, "unseen ");
            house.disk(EVA).replace_unseen(&path, bytes);
        };
    a8: "files that Ada has deleted come back", "nobody minds, nothing counts twice, and she deletes them again" =>
        |house| {
            let small = merge(house);
            let here = house.published(ADA).len();
            for (path, bytes) in &small {
                house.carrier.hub.insert(path.clone(), bytes.clone());
            }
            house.meet();
            house.assert_shows(BEN, "small-3 ");
            house.pass(25 * HOUR);
            house.meet();
            house.meet();
            assert_eq!(house.published(ADA).len(), here);
        };
    a9: "the whole folder is rolled back", "what is missing is published again" =>
        |house| {
            let before = house.carrier.hub.clone();
            house.say(ADA, "after-a ");
            house.say(BEN, "after-b ");
            house.meet();
            let segments = |house: &House| {
                let is_segment = |path: &&std::path::PathBuf| path.extension().is_some_and(|extension| extension == "ink");
                house.carrier.hub.keys().filter(is_segment).cloned().collect::<Vec<_>>()
            };
            let now = segments(house);
            house.carrier.hub = before;
            house.carrier.settle();
            house.meet();
            assert_eq!(segments(house), now);
        };
    a10: "a deletion arrives before what replaces the file", "a newcomer waits and then has all; nobody deletes for it" =>
        |house| {
            merge(house);
            let span = |(_, bytes): &File| {
                let read = Segment::parse(bytes, &WORKSPACE).expect("it is sound");
                read.header().last - read.header().first
            };
            let large = house.published(ADA).into_iter().max_by_key(span).expect("she has published");
            assert!(span(&large) >= 3, "what the small ones held is in it");
            let newcomer = house.add(Default::default(), inkfold_store::MemoryStore::new(WORKSPACE));
            let disk = house.disk(newcomer);
            for (path, bytes) in house.carrier.hub.clone() {
                if path != large.0 {
                    disk.put(&path, bytes, None);
                }
            }
            house.look(newcomer);
            house.assert_lacks(newcomer, "small-3 ");
            disk.put(&large.0, large.1, None);
            house.look(newcomer);
            house.assert_shows(newcomer, "small-3 ");
        };
}
