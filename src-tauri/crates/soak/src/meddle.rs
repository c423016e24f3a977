//! What people and machines do to profiles: copies of them, and states from before.

use std::time::Duration;

use inkfold_folder::Identity;
use inkfold_store::Storage;
use inkfold_testkit::folder::carrier::Tree;

use crate::chaos::edit;
use crate::computer::{Computer, Failure, Parts};
use crate::world::{Backup, World, documents};

/// The most computers in a run, copied ones included.
const MOST_COMPUTERS: usize = 4;

impl World {
    /// Notes the state of a computer, to which it may be set back.
    pub fn back_up(&mut self, who: usize) {
        let computer = &self.computers[who];
        let tree: Tree = computer.disk.files().into_iter().collect();
        let (store, records) = (computer.store.copy(), computer.held());
        // What counts is kept: where two processes run on one profile, one may not know the other's new id yet.
        let kept = store.setting("identity").ok().flatten().and_then(|bytes| Identity::from_bytes(&bytes).ok());
        let replica = kept.map_or(computer.replica(), |identity| identity.replica());
        self.backups.insert(who, Backup { store, tree, records, replica });
        self.tell(|| format!("computer {who} is backed up"));
    }

    /// Another computer begins with a copy of this one's profile and folder.
    pub fn copy_computer(&mut self, who: usize) -> Result<(), Failure> {
        if self.computers.len() >= MOST_COMPUTERS {
            return Ok(());
        }
        self.back_up(who);
        let Some(backup) = self.backups.remove(&who) else { return Ok(()) };
        let clock = self.clock.another();
        let disk = self.computers[who].disk.copy(self.rng.u64(..), clock.clone());
        let (store, seed, tally) = (backup.store, self.rng.u64(..), self.tally.clone());
        let mut copy = Computer::start(Parts { disk: disk.clone(), clock, store, seed, tally })?;
        // The profile knows the ids that it had before.
        copy.ids.extend(self.computers[who].ids.iter().copied());
        copy.wrote.clone_from(&self.computers[who].wrote);
        let id = copy.replica();
        self.computers.push(copy);
        self.carrier.join(disk, who);
        // Where another process has written in the profile, the program that runs may have another id than its profile.
        if self.computers[who].replica() == backup.replica && id == backup.replica {
            self.twins.push((who, self.computers.len() - 1, backup.replica));
        }
        self.tally.count("i1", || format!("computer {who}"));
        self.tell(|| format!("computer {who} is copied"));
        Ok(())
    }

    /// A computer's database is set back, and its folder, too, if `with_folder`.
    ///
    /// Only where somebody else holds everything that it has written since: what nobody holds any more is lost, and no
    /// program can help it.
    pub fn set_back(&mut self, who: usize, with_folder: bool) -> Result<(), Failure> {
        let Some(backup) = self.backups.remove(&who) else { return Ok(()) };
        let mut gone = self.computers[who].held();
        gone.retain(|record| !backup.records.contains(record));
        for other in (0..self.computers.len()).filter(|other| *other != who) {
            let held = self.computers[other].held();
            gone.retain(|record| !held.contains(record));
        }
        let is_writing = self.computers[who].store.open().is_ok_and(|open| open.is_some());
        if !gone.is_empty() || is_writing {
            return Ok(());
        }
        self.tally.count(if with_folder { "i4" } else { "i2" }, || format!("computer {who}"));
        self.tell(|| format!("computer {who} is set back{}", if with_folder { " with its folder" } else { "" }));
        if with_folder {
            self.carrier.clients[who].set_back(&backup.tree);
        }
        self.computers[who].restart(Some(backup.store))
    }

    /// A virtual machine goes on from a state of the middle of a session. What it has published since lies in the folder;
    /// its own disk is as old as its memory, or lies elsewhere and has gone on.
    pub fn resume(&mut self, who: usize) -> Result<(), Failure> {
        if self.computers[who].has_second() {
            return Ok(());
        }
        let (keeps_profile, clock) = (self.rng.bool(), self.clock.clone());
        let (mut rng, all) = (self.rng.fork(), documents().collect::<Vec<_>>());
        self.tally
            .count("i5", || format!("computer {who}, its profile {}", if keeps_profile { "goes on" } else { "too" }));
        self.computers[who].dream(keeps_profile, |installation| {
            for _ in 0..rng.usize(1..4) {
                let document = all[rng.usize(..all.len())];
                installation.type_in(document, |page| vec![edit(page, &mut rng, "dream")])?;
                clock.advance(Duration::from_secs(rng.u64(..20)));
                installation.tick();
                if rng.bool() {
                    installation.flush()?;
                }
                installation.exchange();
            }
            Ok(())
        })?;
        self.tell(|| format!("computer {who} is resumed"));
        Ok(())
    }

    /// Another process begins on a computer's profile, as where locks don't work; or it ends.
    pub fn second_process(&mut self, who: usize) -> Result<(), Failure> {
        if self.computers[who].has_second() {
            self.tell(|| format!("both processes of computer {who} end"));
            return self.computers[who].restart(None);
        }
        self.tally.count("i6", || format!("computer {who}"));
        self.tell(|| format!("computer {who} has two processes"));
        self.computers[who].start_second()
    }
}
