//! Files that a folder has lost and whose author can't publish them again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use inkfold_engine::{DocumentId, ReplicaId, WorkspaceId};
use inkfold_folder::genesis;
use inkfold_session::wire::{Change, Inline, Point};
use inkfold_session::{Installation, reading};
use inkfold_soak::surroundings::Drawn;
use inkfold_store::{Batch, MemoryStore, Storage};
use inkfold_testkit::folder::carrier::{Carrier, Client};
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Character, Disk, ROOT};
use inkfold_testkit::folder::faults::Tally;
use inkfold_testkit::folder::service::SERVICES;

const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
const DOCUMENT: DocumentId = DocumentId([1; 16]);
const HOUR: Duration = Duration::from_secs(3600);

/// Computers that a service keeps alike.
struct House {
    clock: VirtualClock,
    carrier: Carrier,
    computers: Vec<Installation<Disk>>,
}

impl House {
    fn of(count: usize) -> House {
        let clock = VirtualClock::default();
        let carrier = Carrier::new(&SERVICES[0], Vec::new(), 1, Tally::default());
        let mut house = House { clock, carrier, computers: Vec::new() };
        for _ in 0..count {
            house.add(MemoryStore::new(WORKSPACE));
        }
        let first = &house.carrier.clients[0].disk;
        genesis::create(first, &house.clock, Path::new(ROOT), WORKSPACE, "Notes").expect("nothing fails");
        house.meet();
        house
    }

    fn add(&mut self, store: MemoryStore) {
        let seed = self.computers.len() as u64 + 1;
        let disk = Disk::new(Character::default(), seed, self.clock.clone(), Tally::default());
        self.carrier.clients.push(Client::new(disk.clone()));
        let drawn = Arc::new(Drawn::new(self.clock.clone(), seed));
        let computer = Installation::start(Box::new(store), PathBuf::from(ROOT), disk, drawn).expect("it starts");
        self.computers.push(computer);
    }

    fn write(&mut self, who: usize, text: &str) {
        let at = Point { block: 0, offset: 0 };
        let insert = vec![Inline { text: text.into(), marks: Default::default() }];
        let computer = &mut self.computers[who];
        computer.write(DOCUMENT, |_| vec![Change::Splice { from: at, to: at, insert }]).expect("it fits");
        computer.flush().expect("nothing fails");
    }

    /// Everybody sees everything, while little time passes.
    fn meet(&mut self) {
        for _ in 0..4 {
            self.clock.advance(Duration::from_secs(20));
            self.carrier.settle();
            self.computers.iter_mut().for_each(Installation::exchange);
        }
        self.carrier.settle();
    }

    fn lose_files_of(&mut self, replica: ReplicaId) {
        self.carrier.clients[0].disk.delete(&Path::new("inkfold-data").join(replica.to_string()));
        self.carrier.settle();
        assert!(!self.carrier.hub.keys().any(|path| path.to_string_lossy().contains(&replica.to_string())));
    }

    fn text(&self, who: usize) -> String {
        self.computers[who].look(|store| reading::document(store, DOCUMENT).expect("it is sound").page().text())
    }
}

#[test]
fn a_lost_file_of_a_dead_laptop_comes_back_after_a_day() {
    let mut house = House::of(2);
    house.write(0, "Ada was here. ");
    house.meet();
    let ada = house.computers.remove(0).replica();
    house.carrier.clients.remove(0);
    house.lose_files_of(ada);
    house.add(MemoryStore::new(WORKSPACE));
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
    house.write(0, "one ");
    house.meet();
    let former = house.computers[0].replica();
    // A copy of the profile writes, too.
    let copied = house.computers[0].look(|store| {
        let settings =
            ["identity", "own-replicas"].map(|name| (name.into(), store.setting(name).expect("it is there")));
        let mut copy = MemoryStore::new(WORKSPACE);
        let batch =
            Batch { settings: settings.to_vec(), ..Batch::of_records(store.records(&DOCUMENT).expect("sound")) };
        copy.commit(&batch).expect("it is sound");
        copy
    });
    house.add(copied);
    house.write(0, "two ");
    house.write(1, "three ");
    house.meet();
    assert!(house.computers.iter().all(|computer| computer.replica() != former), "both go on under new ids");
    house.lose_files_of(former);
    house.meet();
    house.add(MemoryStore::new(WORKSPACE));
    house.meet();
    for word in ["one", "two", "three"] {
        assert_eq!(house.text(2).matches(word).count(), 1, "{}", house.text(2));
    }
    assert_eq!(house.text(0), house.text(2));
}
