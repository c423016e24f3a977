//! What people and machines do to profiles: copies of them, and states from before.

use std::collections::BTreeSet;

use inkfold_engine::{Record, RecordId};
use inkfold_testkit::folder::carrier::Tree;

use crate::computer::{Computer, Failure};
use crate::profile;
use crate::world::{Backup, World};

/// The most computers in a run, copied ones included.
const MOST_COMPUTERS: usize = 4;

impl World {
    /// Notes the state of a computer, to which it may be set back.
    pub fn back_up(&mut self, who: usize) -> Result<(), Failure> {
        let computer = &self.computers[who];
        let ids: Vec<_> = computer.ids.iter().copied().collect();
        let copied = computer.look(|store| profile::copy(store, &ids));
        let Some(store) = copied.transpose().map_err(|error| Failure::Panic(error.to_string()))? else {
            return Ok(());
        };
        let (records, replica) = (self.held_by(who), computer.replica());
        let tree: Tree = computer.disk.files().into_iter().collect();
        self.backups.insert(who, Backup { store, tree, records, replica });
        self.tell(|| format!("computer {who} is backed up"));
        Ok(())
    }

    /// Another computer begins with a copy of this one's profile and folder.
    pub fn copy_computer(&mut self, who: usize) -> Result<(), Failure> {
        if self.computers.len() >= MOST_COMPUTERS {
            return Ok(());
        }
        self.back_up(who)?;
        let Some(backup) = self.backups.remove(&who) else { return Ok(()) };
        let clock = self.clock.another();
        let disk = self.computers[who].disk.copy(self.rng.u64(..), clock.clone());
        let mut copy = Computer::start(disk.clone(), clock, Box::new(backup.store), self.rng.u64(..))?;
        if copy.replica() != backup.replica {
            return Err(Failure::Panic("a copied profile has another id".into()));
        }
        // The profile knows the ids that it had before.
        copy.ids.extend(self.computers[who].ids.iter().copied());
        self.computers.push(copy);
        self.carrier.join(disk, who);
        self.twins.push((who, self.computers.len() - 1, backup.replica));
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
        let mut gone = self.held_by(who);
        gone.retain(|record| !backup.records.contains(record));
        for other in (0..self.computers.len()).filter(|other| *other != who) {
            let held = self.held_by(other);
            gone.retain(|record| !held.contains(record));
        }
        if !gone.is_empty() {
            return Ok(());
        }
        self.tally.count(if with_folder { "i4" } else { "i2" }, || format!("computer {who}"));
        self.tell(|| format!("computer {who} is set back{}", if with_folder { " with its folder" } else { "" }));
        if with_folder {
            self.carrier.clients[who].set_back(&backup.tree);
        }
        self.computers[who].restart(Some(Box::new(backup.store)))
    }

    /// All records that a computer holds.
    fn held_by(&self, who: usize) -> BTreeSet<RecordId> {
        let held = self.computers[who].look(|store| {
            let replicas = store.replicas().unwrap_or_default();
            let records = replicas.iter().flat_map(|id| store.records_of(id, 0..u64::MAX).unwrap_or_default());
            records.map(|record: Record| record.id()).collect()
        });
        held.unwrap_or_default()
    }
}
