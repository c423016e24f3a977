//! Computers that a service keeps alike: what every row of the table begins and ends with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use inkfold_engine::{DocumentId, ReplicaId, WorkspaceId};
use inkfold_folder::{Clock, Segment, genesis};
use inkfold_session::wire::{Change, Inline, Point, Status};
use inkfold_session::{Installation, SessionError, reading};
use inkfold_soak::computer::{Computer, Parts};
use inkfold_store::MemoryStore;
use inkfold_testkit::folder::carrier::{Carrier, Tree};
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Character, Disk, ROOT, Root};
use inkfold_testkit::folder::faults::Tally;
use inkfold_testkit::folder::mischief::do_mischief;
use inkfold_testkit::folder::service::SERVICES;

pub const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
pub const DOCUMENT: DocumentId = DocumentId([1; 16]);
pub const HOUR: Duration = Duration::from_secs(3600);
/// A program that runs looks through the folder at least this often.
pub const INTERVAL: Duration = Duration::from_secs(15);

pub const ADA: usize = 0;
pub const BEN: usize = 1;
pub const EVA: usize = 2;

/// A file below the shared folder.
pub type File = (PathBuf, Arc<[u8]>);

pub struct House {
    pub clock: VirtualClock,
    pub tally: Tally,
    pub carrier: Carrier,
    pub computers: Vec<Computer>,
    /// What was written and called durable.
    pub said: Vec<String>,
}

/// Lives through a row: Ada, Ben and Eva have said hello, something happens, and in the end nobody has lost a word.
pub fn live(happens: impl FnOnce(&mut House)) {
    let mut house = House::of(3);
    for who in [ADA, BEN, EVA] {
        house.say(who, &format!("hello-{who} "));
    }
    house.meet();
    happens(&mut house);
    house.end();
}

impl House {
    pub fn of(count: usize) -> House {
        let (clock, tally) = (VirtualClock::default(), Tally::default());
        let carrier = Carrier::new(&SERVICES[0], Vec::new(), 1, tally.clone());
        let mut house = House { clock, tally, carrier, computers: Vec::new(), said: Vec::new() };
        for _ in 0..count {
            house.add(Character::default(), MemoryStore::new(WORKSPACE));
        }
        let (disk, clock) = (house.computers[0].disk.clone(), house.clock.clone());
        genesis::create(&disk, &clock, Path::new(ROOT), WORKSPACE, "Notes").expect("nothing fails");
        disk.take_touched();
        house.meet();
        house
    }

    /// Another computer, with this profile.
    pub fn add(&mut self, character: Character, store: MemoryStore) -> usize {
        let seed = self.computers.len() as u64 + 1;
        let clock = self.clock.another();
        let disk = Disk::new(character, seed, clock.clone(), self.tally.clone());
        disk.set_most_calls(5_000_000);
        self.carrier.clients.push(inkfold_testkit::folder::carrier::Client::new(disk.clone()));
        let parts = Parts { disk, clock, store, seed, tally: self.tally.clone() };
        self.computers.push(Computer::start(parts).expect("it starts"));
        self.computers.len() - 1
    }

    pub fn serve_by(&mut self, name: &str) {
        self.carrier.service = SERVICES.iter().find(|service| service.name == name).expect("it is in the list");
    }

    pub fn disk(&self, who: usize) -> Disk {
        self.computers[who].disk.clone()
    }

    pub fn work(&mut self, who: usize, work: impl FnOnce(&mut Installation<Disk>) -> Result<(), SessionError>) -> bool {
        self.computers[who].work(work).expect("it goes on")
    }

    /// Somebody types a word, and it is called durable.
    pub fn type_word(&mut self, who: usize, word: &str) {
        let mut is_durable = false;
        self.work(who, |installation| {
            is_durable = installation.type_in(DOCUMENT, |_| vec![insertion(word)])?;
            Ok(())
        });
        assert!(is_durable, "{word} is not stored");
        self.said.push(word.to_owned());
    }

    /// Types a word and hands it to the carrier.
    pub fn say(&mut self, who: usize, word: &str) {
        self.type_word(who, word);
        self.work(who, Installation::flush);
    }

    /// Looks through the folder, takes in what is new, and publishes. True if the power failed meanwhile.
    pub fn look(&mut self, who: usize) -> bool {
        self.work(who, |installation| {
            installation.tick();
            installation.exchange();
            Ok(())
        })
    }

    /// Publishes what waits for that, without looking through the folder. True if the power failed meanwhile.
    pub fn publish(&mut self, who: usize) -> bool {
        self.work(who, |installation| {
            installation.carry();
            Ok(())
        })
    }

    pub fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Everybody sees everything, while little time passes.
    pub fn meet(&mut self) {
        for _ in 0..4 {
            self.pass(Duration::from_secs(20));
            self.carrier.settle();
            (0..self.computers.len()).for_each(|who| {
                self.look(who);
            });
        }
        self.carrier.settle();
    }

    /// The programs run by themselves for so long, as their watchers and their intervals let them.
    pub fn run(&mut self, duration: Duration) {
        let end = self.clock.monotonic() + duration;
        loop {
            self.computers.iter_mut().for_each(Computer::listen);
            let due = |who: &usize| self.computers[*who].due_in();
            let next = (0..self.computers.len()).min_by_key(due).expect("there are computers");
            let wait = due(&next);
            if self.clock.monotonic() + wait > end {
                break;
            }
            self.pass(wait);
            self.computers[next].wake().expect("it goes on");
        }
        self.pass(end.saturating_sub(self.clock.monotonic()));
    }

    pub fn mischief(&mut self, name: &str) {
        assert!(do_mischief(&mut self.carrier, name), "{name} found nothing to be done");
    }

    /// What these computers' services carry between each other, whole.
    pub fn carry_among(&mut self, some: &[usize]) {
        let mut apart = Vec::new();
        for who in (0..self.computers.len()).rev().filter(|who| !some.contains(who)) {
            apart.push((who, self.carrier.clients.remove(who)));
        }
        self.carrier.settle();
        for (who, client) in apart.into_iter().rev() {
            self.carrier.clients.insert(who, client);
        }
    }

    pub fn meet_among(&mut self, some: &[usize]) {
        for _ in 0..4 {
            self.pass(Duration::from_secs(20));
            self.carry_among(some);
            for who in some {
                self.look(*who);
            }
        }
        self.carry_among(some);
    }

    /// The segments on a computer's disk that it has published itself, oldest first.
    pub fn published(&self, who: usize) -> Vec<File> {
        let computer = &self.computers[who];
        let own: BTreeSet<PathBuf> =
            computer.ids.iter().map(|id| Path::new("inkfold-data").join(id.to_string())).collect();
        let is_own = |path: &Path| path.parent().is_some_and(|parent| own.contains(parent));
        computer.disk.files().into_iter().filter(|(path, _)| is_own(path)).collect()
    }

    /// The last of them.
    pub fn last_file(&self, who: usize) -> File {
        self.published(who).into_iter().rfind(|(_, bytes)| Segment::parse(bytes, &WORKSPACE).is_ok()).expect("one")
    }

    pub fn text(&self, who: usize) -> String {
        self.computers[who].look(|store| reading::document(store, DOCUMENT).expect("it is sound").page().text())
    }

    #[track_caller]
    pub fn assert_shows(&self, who: usize, word: &str) {
        assert_eq!(self.text(who).matches(word).count(), 1, "computer {who} shows {:?}", self.text(who));
    }

    #[track_caller]
    pub fn assert_lacks(&self, who: usize, word: &str) {
        assert!(!self.text(who).contains(word), "computer {who} shows {:?}", self.text(who));
    }

    /// Why files can't be used on a computer, for people.
    pub fn refusals(&self, who: usize) -> Vec<String> {
        let unused = self.computers[who].unused().into_iter().filter(|file| !file.pending);
        unused.map(|file| format!("{}: {}", file.path, file.reason)).collect()
    }

    /// How many files wait for others.
    pub fn waiting(&self, who: usize) -> usize {
        self.computers[who].unused().iter().filter(|file| file.pending).count()
    }

    pub fn status(&self, who: usize) -> Status {
        self.computers[who].status().expect("it runs")
    }

    pub fn replica(&self, who: usize) -> ReplicaId {
        self.computers[who].replica()
    }

    #[track_caller]
    pub fn assert_only_own_files_are_touched(&mut self) {
        for (who, computer) in self.computers.iter_mut().enumerate() {
            assert_eq!(computer.strays(), Vec::<PathBuf>::new(), "computer {who} has touched what isn't its own");
        }
    }

    fn state(&self) -> (Tree, Vec<Vec<File>>, Vec<usize>) {
        let disks = self.computers.iter().map(|computer| computer.disk.files()).collect();
        let held = self.computers.iter().map(|computer| computer.held().len()).collect();
        (self.carrier.hub.clone(), disks, held)
    }

    /// Exchanges until nothing changes any more.
    #[track_caller]
    pub fn rest(&mut self) {
        let mut before = self.state();
        for _ in 0..20 {
            self.meet();
            let now = self.state();
            if now == before {
                return;
            }
            before = now;
        }
        panic!("it doesn't come to rest");
    }

    /// Everything is put right, and a day passes. Then everybody holds and shows everything, nobody has touched what isn't
    /// his, and doing it all again changes nothing.
    #[track_caller]
    fn end(&mut self) {
        for computer in &mut self.computers {
            computer.disk.set_trouble(0);
            computer.disk.set_fuse(None);
            computer.disk.set_root(Root::There);
            computer.disk.set_most_entries(usize::MAX);
            computer.disk.fail_for(Duration::ZERO, std::io::ErrorKind::Other);
            if computer.has_second() {
                computer.restart(None).expect("it starts");
            }
        }
        self.rest();
        self.pass(25 * HOUR);
        self.rest();
        for (who, computer) in self.computers.iter().enumerate() {
            let written = computer.written();
            for word in &self.said {
                assert!(written.contains(word), "computer {who} has lost {word:?}");
            }
            assert_eq!(self.text(who), self.text(0), "computer {who} shows something else");
        }
        self.assert_only_own_files_are_touched();
    }
}

/// A word at the beginning.
pub fn insertion(word: &str) -> Change {
    let at = Point { block: 0, offset: 0 };
    Change::Splice { from: at, to: at, insert: vec![Inline { text: word.into(), marks: Default::default() }] }
}
