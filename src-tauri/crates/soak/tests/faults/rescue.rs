//! Files that a folder has lost and whose author can't publish them again.

use std::path::Path;

use inkfold_engine::ReplicaId;
use inkfold_folder::Segment;
use inkfold_store::MemoryStore;

use crate::house::{HOUR, House, WORKSPACE};

fn lose_files_of(house: &mut House, replica: ReplicaId) {
    let directory = Path::new("inkfold-data").join(replica.to_string());
    house.carrier.clients[0].disk.delete(&directory);
    house.carrier.settle();
    assert!(!house.carrier.hub.keys().any(|path| path.starts_with(&directory)));
}

fn add(house: &mut House) -> usize {
    house.add(Default::default(), MemoryStore::new(WORKSPACE))
}

#[test]
fn a_lost_file_of_a_dead_laptop_comes_back_after_a_day() {
    let mut house = House::of(2);
    house.say(0, "Ada was here. ");
    house.meet();
    let ada = house.computers.remove(0).replica();
    house.carrier.clients.remove(0);
    lose_files_of(&mut house, ada);
    add(&mut house);
    house.meet();
    // Her laptop may come back, or the service may restore the file.
    assert_eq!(house.text(1), "");
    house.clock.advance(25 * HOUR);
    house.meet();
    assert_eq!(house.text(1), "Ada was here. ");
    let files = house.carrier.hub.clone();
    house.clock.advance(25 * HOUR);
    house.meet();
    assert_eq!(house.carrier.hub, files, "once is enough");
}

#[test]
fn what_was_written_under_a_former_id_is_published_again_at_once() {
    let mut house = House::of(1);
    house.say(0, "one ");
    house.meet();
    let former = house.replica(0);
    // A copy of the profile writes, too.
    let copied = house.computers[0].store.copy();
    house.add(Default::default(), copied);
    house.say(0, "two ");
    house.say(1, "three ");
    house.meet();
    assert!(house.computers.iter().all(|computer| computer.replica() != former), "both go on under new ids");
    lose_files_of(&mut house, former);
    house.meet();
    add(&mut house);
    house.meet();
    for word in ["one", "two", "three"] {
        assert_eq!(house.text(2).matches(word).count(), 1, "{}", house.text(2));
    }
    assert_eq!(house.text(0), house.text(2));
}

/// In whose directories files of somebody's records lie, on a computer's disk.
fn directories(house: &House, who: usize, author: ReplicaId) -> Vec<String> {
    let of_author = |bytes: &[u8]| Segment::parse(bytes, &WORKSPACE).is_ok_and(|file| file.header().author == author);
    let files = house.disk(who).files().into_iter().filter(|(_, bytes)| of_author(bytes));
    let mut found: Vec<String> =
        files.filter_map(|(path, _)| Some(path.parent()?.file_name()?.to_str()?.to_owned())).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn one_of_several_brings_lost_files_back_and_takes_its_own_away_when_the_author_has_them_again() {
    let mut house = House::of(4);
    house.say(0, "Ada was here. ");
    house.meet();
    let ada = house.replica(0);
    // Her files are lost for all others, while she is away.
    let others = [1, 2, 3];
    let directory = Path::new("inkfold-data").join(ada.to_string());
    house.disk(1).delete(&directory);
    house.meet_among(&others);
    assert!(others.iter().all(|who| directories(&house, *who, ada).is_empty()));
    house.pass(23 * HOUR);
    for _ in 0..60 {
        house.pass(HOUR / 30);
        house.meet_among(&others);
    }
    let rescued = directories(&house, 1, ada);
    assert_eq!(rescued.len(), 1, "one is enough");
    // She comes back, and her files with her.
    house.meet();
    house.meet();
    let mut both = rescued.clone();
    both.push(ada.to_string());
    both.sort_unstable();
    assert_eq!(directories(&house, 1, ada), both);
    house.pass(25 * HOUR);
    house.meet();
    assert_eq!(directories(&house, 1, ada), [ada.to_string()]);
    let eva = add(&mut house);
    house.meet();
    assert_eq!(house.text(eva), "Ada was here. ");
    // Whoever was away for more than a year has missed nothing either.
    house.pass(400 * 24 * HOUR);
    house.meet();
    assert_eq!(house.text(0), house.text(eva));
    house.assert_only_own_files_are_touched();
}

#[test]
fn what_one_computer_has_among_its_junk_alone_is_not_in_the_folder() {
    let mut house = House::of(2);
    house.say(0, "Ada was here. ");
    house.meet();
    let (_, bytes) = house.last_file(0);
    let ada = house.computers.remove(0).replica();
    house.carrier.clients.remove(0);
    // A service that keeps old versions for itself; it carries them nowhere.
    house.carrier.clients[0].disk.put(Path::new("Thumbs.db"), bytes, None);
    lose_files_of(&mut house, ada);
    house.meet();
    house.pass(25 * HOUR);
    house.meet();
    house.carrier.hub.remove(Path::new("Thumbs.db"));
    add(&mut house);
    house.carrier.clients[1].odd.insert("Thumbs.db".into());
    house.meet();
    house.assert_shows(1, "Ada was here. ");
}
