//! Files that a folder has lost and whose author can't publish them again.

use std::path::Path;

use inkfold_engine::ReplicaId;
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
