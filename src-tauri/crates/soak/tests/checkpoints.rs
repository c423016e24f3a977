//! Checkpoints: somebody writes one when the folder has many files, a newcomer needs nothing else, and what a later one
//! replaces goes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use inkfold_engine::{DocumentId, WorkspaceId};
use inkfold_folder::{Checkpoint, genesis};
use inkfold_session::wire::{Change, Inline, Point};
use inkfold_session::{Installation, reading};
use inkfold_soak::computer::{Computer, Parts};
use inkfold_store::MemoryStore;
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Character, Disk, ROOT};
use inkfold_testkit::folder::faults::Tally;

const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
const DOCUMENT: DocumentId = DocumentId([1; 16]);
const MINUTE: Duration = Duration::from_secs(60);

fn computer(seed: u64, disk: &Disk, clock: &VirtualClock) -> Computer {
    let (disk, clock) = (disk.clone(), clock.clone());
    let parts = Parts { disk, clock, store: MemoryStore::new(WORKSPACE), seed, tally: Tally::default() };
    Computer::start(parts).expect("it starts")
}

fn disk(clock: &VirtualClock) -> Disk {
    Disk::new(Character::default(), 1, clock.clone(), Tally::default())
}

/// Looks through the folder again and again for so many hours.
fn exchange_for(computer: &mut Computer, clock: &VirtualClock, hours: u32) {
    for _ in 0..4 * hours {
        exchange_after(computer, clock, 15 * MINUTE);
    }
}

fn exchange_after(computer: &mut Computer, clock: &VirtualClock, time: Duration) {
    clock.advance(time);
    let work = |installation: &mut Installation<Disk>| {
        installation.tick();
        installation.exchange();
        Ok(())
    };
    computer.work(work).expect("it goes on");
    assert_eq!(computer.strays(), Vec::<PathBuf>::new());
}

/// Writes so many lines, each into a file of its own.
fn write(computer: &mut Computer, clock: &VirtualClock, lines: u32) {
    for line in 0..lines {
        let insert = vec![Inline { text: format!("line {line} of many, "), marks: Default::default() }];
        let at = Point { block: 0, offset: 0 };
        let work = |installation: &mut Installation<Disk>| {
            installation.write(DOCUMENT, |_| vec![Change::Splice { from: at, to: at, insert }])?;
            installation.flush()
        };
        computer.work(work).expect("it goes on");
        exchange_after(computer, clock, MINUTE);
    }
}

fn checkpoints(disk: &Disk) -> Vec<PathBuf> {
    let paths = disk.files().into_iter().map(|(path, _)| path);
    paths.filter(|path| path.starts_with("inkfold-data/checkpoints")).collect()
}

fn page(computer: &Computer) -> String {
    let document = computer.look(|store| reading::document(store, DOCUMENT)).expect("a document");
    format!("{:?}", reading::blocks(&document))
}

#[test]
fn a_checkpoint_is_written_when_there_are_many_files_and_is_enough_to_join() {
    let clock = VirtualClock::default();
    let shared = disk(&clock);
    genesis::create(&shared, &clock, Path::new(ROOT), WORKSPACE, "Notes").expect("nothing fails");
    shared.take_touched();
    let mut ada = computer(1, &shared, &clock);
    write(&mut ada, &clock, 30);
    exchange_for(&mut ada, &clock, 3);
    assert_eq!(checkpoints(&shared), Vec::<PathBuf>::new(), "few files are read quickly");
    write(&mut ada, &clock, 60);
    exchange_for(&mut ada, &clock, 3);
    let [path] = checkpoints(&shared).try_into().expect("one part");
    let bytes = shared.bytes(&path).expect("a file");
    let checkpoint = Checkpoint::parse(&bytes, &WORKSPACE).expect("it is sound");
    assert!(checkpoint.segments().all(|segment| segment.is_ok()));

    // Somebody to whom nothing else has come yet knows everything.
    let elsewhere = disk(&clock);
    genesis::create(&elsewhere, &clock, Path::new(ROOT), WORKSPACE, "Notes").expect("nothing fails");
    elsewhere.put(&path, bytes, None);
    elsewhere.take_touched();
    let mut eva = computer(2, &elsewhere, &clock);
    exchange_for(&mut eva, &clock, 1);
    assert_eq!(page(&eva), page(&ada));
}

#[test]
fn an_older_checkpoint_goes_a_day_after_the_later_one_has_come_and_others_stay() {
    let clock = VirtualClock::default();
    let shared = disk(&clock);
    genesis::create(&shared, &clock, Path::new(ROOT), WORKSPACE, "Notes").expect("nothing fails");
    shared.take_touched();
    let mut ada = computer(1, &shared, &clock);
    write(&mut ada, &clock, 90);
    exchange_for(&mut ada, &clock, 3);
    let first = checkpoints(&shared);
    assert_eq!(first.len(), 1);
    write(&mut ada, &clock, 400);
    exchange_for(&mut ada, &clock, 3);
    let both = checkpoints(&shared);
    assert_eq!((both.len(), &both[..1]), (2, &first[..]), "the first is there until the other is safe");
    exchange_for(&mut ada, &clock, 25);
    assert_eq!(checkpoints(&shared), both[1..]);

    // Another one with as much to say leaves it alone, and writes none of what is in it.
    let mut ben = computer(2, &shared, &clock);
    exchange_for(&mut ben, &clock, 26);
    assert_eq!(checkpoints(&shared), both[1..]);
    assert_eq!(page(&ben), page(&ada));
}
