//! What a system tells of changes in the shared folder: all, too much, too little, or nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fastrand::Rng;
use inkfold_folder::watch::SystemEvent;
use inkfold_folder::watch::event::{CreateKind, DataChange, Flag, ModifyKind, RemoveKind, RenameMode};
use inkfold_folder::watch::{Event, EventKind};

use super::disk::{Disk, Stamp};
use super::faults::Tally;

/// How many events a storm is.
pub const STORM: usize = 50_000;

/// How a system's watching goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temper {
    /// It tells everything.
    #[default]
    Faithful,
    /// It tells nothing for a while.
    DropsAll,
    /// Every other event is lost.
    DropsHalf,
    /// Events come several times.
    Duplicates,
    /// With each change come tens of thousands of events.
    Storm,
    /// It tells nothing any more until the program is started again.
    Dead,
    /// It has lost count and says that everything has to be looked at again.
    Rescan,
    /// Of a renaming it tells only one half.
    UnmatchedRenames,
}

impl Temper {
    /// Every way, with the fault's name; none for the right one.
    pub const ALL: &[(Temper, Option<&str>)] = &[
        (Temper::Faithful, None),
        (Temper::DropsAll, Some("w1")),
        (Temper::DropsHalf, Some("w2")),
        (Temper::Duplicates, Some("w3")),
        (Temper::Storm, Some("w4")),
        (Temper::Dead, Some("w5")),
        (Temper::Rescan, Some("w6")),
        (Temper::UnmatchedRenames, Some("w7")),
    ];
}

/// The system's watcher of one disk.
pub struct SystemWatcher {
    disk: Disk,
    told: BTreeMap<PathBuf, Stamp>,
    temper: Temper,
    rng: Rng,
    tally: Tally,
}

impl SystemWatcher {
    /// Watches from now on.
    pub fn new(disk: Disk, seed: u64, tally: Tally) -> Self {
        let told = disk.stamps();
        SystemWatcher { disk, told, temper: Temper::Faithful, rng: Rng::with_seed(seed), tally }
    }

    /// How it goes wrong from now on. A dead one stays so; see [`SystemWatcher::start_again`].
    pub fn set_temper(&mut self, temper: Temper) {
        if self.temper != Temper::Dead {
            self.temper = temper;
        }
    }

    /// The program is started again, and with it the watching.
    pub fn start_again(&mut self) {
        (self.temper, self.told) = (Temper::Faithful, self.disk.stamps());
    }

    /// What the system tells of what has changed since the last call.
    pub fn events(&mut self) -> Vec<SystemEvent> {
        let now = self.disk.stamps();
        let true_ones = between(&self.told, &now);
        self.told = now;
        if true_ones.is_empty() {
            return Vec::new();
        }
        let count = true_ones.len();
        if let Some((_, Some(name))) = Temper::ALL.iter().find(|(temper, _)| *temper == self.temper) {
            self.tally.count(name, || format!("{count} events"));
        }
        let rng = &mut self.rng;
        let told: Vec<Event> = match self.temper {
            Temper::Faithful => true_ones,
            Temper::DropsAll | Temper::Dead => Vec::new(),
            Temper::DropsHalf => true_ones.into_iter().filter(|_| rng.bool()).collect(),
            Temper::Duplicates => true_ones.into_iter().flat_map(|event| vec![event; rng.usize(2..6)]).collect(),
            Temper::Storm => true_ones.iter().cycle().take(STORM).cloned().collect(),
            Temper::Rescan => vec![Event::new(EventKind::Other).set_flag(Flag::Rescan)],
            Temper::UnmatchedRenames => {
                let half = |event: Event| {
                    let mode = if rng.bool() { RenameMode::From } else { RenameMode::To };
                    Event { kind: EventKind::Modify(ModifyKind::Name(mode)), ..event }
                };
                true_ones.into_iter().map(half).collect()
            }
        };
        told.into_iter().map(Ok).collect()
    }
}

/// The events that lead from one state of a disk to another.
fn between(before: &BTreeMap<PathBuf, Stamp>, now: &BTreeMap<PathBuf, Stamp>) -> Vec<Event> {
    let event = |kind, path: &PathBuf| Event::new(kind).add_path(path.clone());
    let mut events = Vec::new();
    for (path, stamp) in now {
        match before.get(path) {
            Some(was) if was == stamp => {}
            Some(_) => events.push(event(EventKind::Modify(ModifyKind::Data(DataChange::Content)), path)),
            None => events.push(event(EventKind::Create(CreateKind::File), path)),
        }
    }
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    events.extend(gone.map(|path| event(EventKind::Remove(RemoveKind::File), path)));
    events
}
