//! Who writes here: people and their devices, by the replicas that they write under, as the workspace's own data says.

use std::collections::{BTreeMap, BTreeSet};

use inkfold_engine::{DocumentId, Event, ReplicaId, Target, Value};

use inkfold_store::Storage;

use crate::error::SessionError;
use crate::reading::{sealed_document, setting_text};
use crate::wire;
use crate::workspace::{Workspace, setting};

/// The longest name of a device that is written down, in characters.
const MAX_DEVICE_CHARS: usize = 60;

/// What is known of those who write.
#[derive(Default)]
pub(crate) struct People {
    /// Everybody else who has written or acknowledged something and isn't gone.
    others: BTreeSet<ReplicaId>,
    names: Names,
    /// When something new of theirs came in last in this run, in milliseconds since 1970.
    seen: BTreeMap<ReplicaId, i64>,
    is_stale: bool,
    /// The others are to be told who writes here: the id is new, or somebody says that nobody writes under it, a copy of this
    /// installation that goes on under another one.
    is_unknown: bool,
}

/// What everybody has said of themselves.
#[derive(Default)]
pub(crate) struct Names {
    pub persons: BTreeMap<ReplicaId, String>,
    pub devices: BTreeMap<ReplicaId, String>,
    /// Ids that nobody writes under any more.
    pub gone: BTreeSet<ReplicaId>,
}

impl Names {
    /// As far as it has arrived in a store.
    pub fn read(store: &dyn Storage) -> Result<Self, SessionError> {
        let mut names = Names::default();
        let zero = sealed_document(store, DocumentId::WORKSPACE)?;
        for (target, key, value) in zero.registers() {
            let (Target::Workspace, Some((kind, replica))) = (target, key.split_once('/')) else { continue };
            let Ok(replica) = replica.parse::<ReplicaId>() else { continue };
            match (kind, value) {
                ("person", Value::Text(name)) => names.persons.extend([(replica, name.clone())]),
                ("device", Value::Text(name)) => names.devices.extend([(replica, name.clone())]),
                ("gone", Value::Flag(true)) => names.gone.extend([replica]),
                _ => {}
            }
        }
        Ok(names)
    }

    /// Who somebody is.
    pub fn who(&self, replica: &ReplicaId) -> wire::Who {
        let named = |names: &BTreeMap<ReplicaId, String>| names.get(replica).cloned().unwrap_or_default();
        wire::Who { replica: replica.to_string(), person: named(&self.persons), device: named(&self.devices) }
    }
}

impl People {
    /// Somebody may have come, or have another name.
    pub fn changed(&mut self) {
        self.is_stale = true;
    }

    /// A new id has no name yet.
    pub fn begin_anew(&mut self) {
        self.is_unknown = true;
    }

    /// Something new of somebody's has come in.
    pub fn saw(&mut self, replica: ReplicaId, now: i64) {
        self.seen.insert(replica, now);
    }

    /// When something new of somebody's came in last in this run.
    pub fn seen(&self, replica: &ReplicaId) -> Option<i64> {
        self.seen.get(replica).copied()
    }

    /// Whether somebody is among those who write here.
    pub fn knows(&self, replica: &ReplicaId) -> bool {
        self.others.contains(replica)
    }

    pub fn person(&self, replica: &ReplicaId) -> &str {
        self.names.persons.get(replica).map_or("", String::as_str)
    }

    /// Who somebody is.
    pub fn who(&self, replica: &ReplicaId) -> wire::Who {
        self.names.who(replica)
    }

    pub fn device(&self, replica: &ReplicaId) -> &str {
        self.names.devices.get(replica).map_or("", String::as_str)
    }
}

impl Workspace {
    /// Settles who there is, if that may have changed.
    pub fn see_people(&mut self) -> Result<(), SessionError> {
        if !std::mem::take(&mut self.people.is_stale) {
            return Ok(());
        }
        let names = Names::read(&*self.store)?;
        let mut others: BTreeSet<ReplicaId> = self.store.replicas()?.into_iter().collect();
        others.extend(self.acknowledging.replicas());
        others.retain(|replica| !self.own.contains(replica) && !names.gone.contains(replica));
        let is_unknown = self.people.is_unknown || names.gone.contains(&self.identity.replica());
        let seen = std::mem::take(&mut self.people.seen);
        self.people = People { others, names, seen, is_stale: false, is_unknown };
        Ok(())
    }

    /// Everybody else, for the status line.
    pub fn peers(&self) -> Vec<wire::Peer> {
        // What is open or not stored yet has reached nobody.
        let is_all_sealed = self.exchange.first_unflushed.is_none();
        let mut peers: Vec<wire::Peer> = self
            .people
            .others
            .iter()
            .map(|replica| {
                let since = self.acknowledging.has_all_since(replica).filter(|_| is_all_sealed);
                let (person, device) = (self.people.person(replica).to_owned(), self.people.device(replica).to_owned());
                wire::Peer { replica: replica.to_string(), person, device, reached: since }
            })
            .collect();
        peers.sort_by(|a, b| (&a.person, &a.device, &a.replica).cmp(&(&b.person, &b.device, &b.replica)));
        peers
    }

    /// Whether the others are to be told who writes here.
    pub fn is_unknown(&self) -> bool {
        self.people.is_unknown
    }

    /// Writes down who writes under this id and on what device, and that earlier ids of this installation write no more.
    /// Where nobody has said who writes here, nothing is written.
    pub fn introduce(&mut self) -> Result<(), SessionError> {
        let Some(person) = setting_text(&*self.store, setting::PERSON)? else { return Ok(()) };
        self.people.is_unknown = false;
        let zero = sealed_document(&*self.store, DocumentId::WORKSPACE)?;
        let current = self.identity.replica();
        let mut registers = vec![
            (format!("person/{current}"), Value::Text(person)),
            (format!("device/{current}"), Value::Text(device_name())),
        ];
        for id in &self.own {
            let key = format!("gone/{id}");
            match zero.register(Target::Workspace, &key) {
                // Whoever else writes under it has the last word.
                None if *id != current => registers.push((key, Value::Flag(true))),
                Some(Value::Flag(true)) if *id == current => registers.push((key, Value::Flag(false))),
                _ => {}
            }
        }
        registers.retain(|(key, value)| zero.register(Target::Workspace, key) != Some(value));
        if registers.is_empty() {
            return Ok(());
        }
        self.write(DocumentId::WORKSPACE, move |author| {
            registers.into_iter().try_for_each(|(key, value)| {
                Ok(author.event(Event::Register { target: Target::Workspace, key, value: Some(value) })?)
            })
        })
    }
}

/// What this computer is called; empty where that can't be told.
fn device_name() -> String {
    let name = gethostname::gethostname();
    let name = name.to_string_lossy();
    // What comes after the first dot says where it is, which is nobody's business.
    let first = name.split('.').next().unwrap_or_default();
    first.chars().filter(|c| !c.is_control()).take(MAX_DEVICE_CHARS).collect()
}
