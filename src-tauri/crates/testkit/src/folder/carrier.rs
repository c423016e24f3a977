//! A sync service at work between disks: a hub that holds what was uploaded, and a client on each disk that compares it
//! with what stands there. Clients are as slow, as unordered and as careless as real ones, until they are told to behave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;

use super::disk::{Character, Disk, compose};
use super::faults::Tally;
use super::service::{Service, beside};

/// Files by their path below the shared folder.
pub type Tree = BTreeMap<PathBuf, Arc<[u8]>>;

/// How many states of the hub are remembered for going back to.
const MEMORY: usize = 12;

/// A service between several disks.
pub struct Carrier {
    /// Which one.
    pub service: &'static Service,
    /// What the service itself holds.
    pub hub: Tree,
    /// Files that were deleted.
    pub graves: Vec<(PathBuf, Arc<[u8]>)>,
    /// The hub as it was.
    pub past: Vec<Tree>,
    /// One for each disk.
    pub clients: Vec<Client>,
    /// Where chance comes from.
    pub rng: Rng,
    /// Where faults are counted.
    pub tally: Tally,
}

/// The service's program on one computer.
pub struct Client {
    /// The computer's disk.
    pub disk: Disk,
    /// It does nothing for now: the computer is off, or not connected.
    pub is_away: bool,
    /// Paths at which something stands that isn't a file.
    pub odd: BTreeSet<PathBuf>,
    /// What both sides held when they were last compared.
    seen: Tree,
    /// What stands at a path only until the whole file is there, and is never uploaded.
    arriving: Tree,
    /// Names under which files are while they arrive.
    temporary: BTreeSet<PathBuf>,
}

impl Carrier {
    /// A service between these disks.
    pub fn new(service: &'static Service, disks: Vec<Disk>, seed: u64, tally: Tally) -> Self {
        let clients = disks.into_iter().map(Client::new).collect();
        let (hub, graves, past) = (Tree::new(), Vec::new(), Vec::new());
        Carrier { service, hub, graves, past, clients, rng: Rng::with_seed(seed), tally }
    }

    /// Another computer joins, with this disk, a copy of a client's. The service begins there without notes of its own.
    pub fn join(&mut self, disk: Disk, client: usize) {
        let mut joined = Client::new(disk);
        joined.odd.clone_from(&self.clients[client].odd);
        joined.temporary.clone_from(&self.clients[client].temporary);
        self.clients.push(joined);
    }

    /// One look of a client at both sides, with some of what it finds done, in some order, more or less well.
    pub fn stir(&mut self, client: usize) {
        if self.clients[client].is_away {
            return;
        }
        self.upload(client, Some(0.7));
        self.tell_names_apart();
        self.download(client, true);
        if self.past.last() != Some(&self.hub) {
            self.past.push(self.hub.clone());
            if self.past.len() > MEMORY {
                self.past.remove(0);
            }
        }
    }

    /// Everything is carried everywhere, whole.
    pub fn settle(&mut self) {
        for client in &mut self.clients {
            client.is_away = false;
            client.tidy();
        }
        // What one round uploads the next one brings to those that came before.
        for _ in 0..3 {
            for client in 0..self.clients.len() {
                self.upload(client, None);
            }
            self.tell_names_apart();
            for client in 0..self.clients.len() {
                self.download(client, false);
            }
        }
    }

    /// Gives one of two files another name that some disk would take for one, as services do.
    fn tell_names_apart(&mut self) {
        let any = |trait_of: fn(Character) -> bool| self.clients.iter().any(|client| trait_of(client.disk.character()));
        let (ignores_case, decomposes) = (any(|disk| disk.ignores_case), any(|disk| disk.decomposes));
        if !ignores_case && !decomposes {
            return;
        }
        let name_of = |path: &Path| {
            let path = if decomposes { compose(path) } else { path.to_owned() };
            let name = path.to_string_lossy().into_owned();
            if ignores_case { name.to_lowercase() } else { name }
        };
        let mut names: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in self.hub.keys().cloned().collect::<Vec<_>>() {
            let Some(other) = names.insert(name_of(&path), path.clone()) else { continue };
            if self.hub.get(&other) != self.hub.get(&path)
                && let Some(bytes) = self.hub.remove(&other)
            {
                let fault = if other.to_string_lossy().is_ascii() { "f1" } else { "f2" };
                self.tally.count(fault, || format!("{} and {}", other.display(), path.display()));
                let mut name = beside(&other, "{stem} (Case Conflict).{ext}");
                while self.hub.contains_key(&name) {
                    name = beside(&name, "{stem} (Case Conflict).{ext}");
                }
                self.hub.insert(name, bytes);
            }
        }
    }

    fn upload(&mut self, client: usize, chance: Option<f64>) {
        let here = &mut self.clients[client];
        let local: Tree = here.disk.files().into_iter().collect();
        let paths: BTreeSet<PathBuf> = local.keys().chain(here.seen.keys()).cloned().collect();
        for path in paths {
            let here = &mut self.clients[client];
            let skipped = self.service.keeps_to_itself(&path)
                || here.temporary.contains(&path)
                || here.odd.contains(&path)
                || chance.is_some_and(|chance| self.rng.f64() >= chance);
            let bytes = here.disk.bytes(&path);
            if skipped || (bytes.is_some() && here.arriving.get(&path) == bytes.as_ref()) {
                continue;
            }
            if bytes.is_none() && here.arriving.contains_key(&path) {
                // It went before it had come whole; it comes again.
                here.arriving.remove(&path);
                here.seen.remove(&path);
                continue;
            }
            let (seen, hub) = (here.seen.get(&path).cloned(), self.hub.get(&path).cloned());
            if bytes == seen {
                continue;
            }
            here.arriving.remove(&path);
            match bytes {
                Some(bytes) if hub.is_none() || hub == seen || hub.as_ref() == Some(&bytes) => {
                    self.hub.insert(path.clone(), bytes.clone());
                    here.seen.insert(path, bytes);
                }
                Some(bytes) => {
                    let copy = self.service.conflict(&path, &mut self.rng);
                    self.tally.count(self.service.fault, || format!("{} has a conflict", path.display()));
                    self.hub.insert(copy, bytes.clone());
                    here.seen.insert(path, bytes);
                }
                None => {
                    if hub == seen {
                        self.graves.extend(self.hub.remove(&path).map(|bytes| (path.clone(), bytes)));
                    }
                    here.seen.remove(&path);
                }
            }
        }
    }

    fn download(&mut self, client: usize, is_careless: bool) {
        let here = &self.clients[client];
        let paths: BTreeSet<&PathBuf> = self.hub.keys().chain(here.seen.keys()).collect();
        let differs = |path: &&&PathBuf| here.disk.bytes(path) != self.hub.get(**path).cloned();
        let mut work: Vec<PathBuf> = paths.iter().filter(differs).map(|path| (*path).clone()).collect();
        if is_careless && work.len() > 1 {
            self.rng.shuffle(&mut work);
            self.tally.count("a1", || format!("{} files in any order", work.len()));
        }
        let mut left: BTreeSet<PathBuf> = work.iter().filter(|path| self.hub.contains_key(*path)).cloned().collect();
        for path in work {
            let here = &mut self.clients[client];
            if here.odd.contains(&path) || (is_careless && self.rng.f64() < 0.4) {
                continue;
            }
            let local = here.disk.bytes(&path);
            let is_changed = local.is_some() && local.as_ref() != here.seen.get(&path);
            if is_changed && here.arriving.get(&path) != local.as_ref() {
                // It is uploaded first.
                continue;
            }
            match self.hub.get(&path).cloned() {
                Some(bytes) => {
                    if is_careless && self.rng.f64() < 0.3 {
                        self.arrive_badly(client, &path, &bytes);
                    } else {
                        self.arrive(client, &path, bytes);
                        left.remove(&path);
                    }
                }
                None => {
                    if !left.is_empty() {
                        self.tally.count("a10", || format!("{} goes, {} have to come", path.display(), left.len()));
                    }
                    here.disk.delete(&path);
                    here.seen.remove(&path);
                    here.arriving.remove(&path);
                }
            }
        }
    }

    fn arrive(&mut self, client: usize, path: &Path, bytes: Arc<[u8]>) {
        let here = &mut self.clients[client];
        if let Some(temporary) = self.service.temporary(path).filter(|name| here.temporary.remove(name)) {
            here.disk.delete(&temporary);
        }
        if let Some(stub) = self.service.stub {
            here.disk.delete(&beside(path, stub));
        }
        let is_same_size = here.disk.bytes(path).is_some_and(|there| there.len() == bytes.len());
        if is_same_size && here.arriving.contains_key(path) && self.rng.bool() {
            self.tally.count("a7", || format!("{} changes unseen", path.display()));
            here.disk.replace_unseen(path, bytes.clone());
        } else if !here.disk.put(path, bytes.clone(), None) {
            return;
        }
        here.arriving.remove(path);
        here.seen.insert(path.to_owned(), bytes);
        if here.disk.character().decomposes && !path.to_string_lossy().is_ascii() {
            self.tally.count("f2", || format!("{} is decomposed", path.display()));
        }
        if here.disk.character().ignores_case && path.to_string_lossy().contains("INKFOLD-DATA") {
            self.tally.count("f1", || format!("{} falls together", path.display()));
        }
    }

    /// A file comes, but not whole, or not under its name, or not with its content.
    fn arrive_badly(&mut self, client: usize, path: &Path, bytes: &Arc<[u8]>) {
        let here = &mut self.clients[client];
        let mut damaged = bytes.to_vec();
        let end = self.rng.usize(..damaged.len().max(1));
        let name = match self.rng.u32(..6) {
            0 => {
                damaged.truncate(end);
                "a2"
            }
            1 => {
                damaged.iter_mut().skip(end).for_each(|byte| *byte = 0);
                "a3"
            }
            2 | 3 => {
                damaged.iter_mut().skip(end).take(1).for_each(|byte| *byte ^= 1 << self.rng.u32(..8));
                "a4"
            }
            4 => {
                if let Some(stub) = self.service.stub {
                    here.disk.put(&beside(path, stub), b"bplist00"[..].into(), None);
                    self.tally.count(self.service.fault, || format!("a stub stands for {}", path.display()));
                } else if let Some(temporary) = self.service.temporary(path) {
                    damaged.truncate(end);
                    here.disk.put(&temporary, damaged.into(), None);
                    here.temporary.insert(temporary);
                    self.tally.count(self.service.fault, || format!("{} is on its way", path.display()));
                }
                return;
            }
            _ => {
                let bytes = bytes.clone();
                self.arrive(client, path, bytes);
                if self.service.placeholders {
                    self.clients[client].disk.pretend(path, None, true);
                    self.tally.count(self.service.fault, || format!("{} is a placeholder", path.display()));
                }
                return;
            }
        };
        let damaged: Arc<[u8]> = damaged.into();
        if damaged != *bytes && here.disk.put(path, damaged.clone(), None) {
            here.arriving.insert(path.to_owned(), damaged);
            self.tally.count(name, || path.display().to_string());
        }
    }
}

impl Client {
    /// The computer was set back, with the service's own notes of it: all of this it believes to have carried.
    pub fn set_back(&mut self, tree: &Tree) {
        let here: Tree = self.disk.files().into_iter().collect();
        for path in here.keys().filter(|path| !tree.contains_key(*path)) {
            self.disk.delete(path);
        }
        for (path, bytes) in tree {
            self.disk.put(path, bytes.clone(), None);
        }
        (self.seen, self.arriving) = (tree.clone(), Tree::new());
    }

    /// A client that has carried nothing yet.
    pub fn new(disk: Disk) -> Self {
        let (seen, arriving) = (Tree::new(), Tree::new());
        Client { disk, is_away: false, odd: BTreeSet::new(), seen, arriving, temporary: BTreeSet::new() }
    }

    /// Puts right what was left half done.
    fn tidy(&mut self) {
        for path in std::mem::take(&mut self.odd).into_iter().chain(std::mem::take(&mut self.temporary)) {
            self.disk.delete(&path);
            self.seen.remove(&path);
        }
        for (path, part) in std::mem::take(&mut self.arriving) {
            if self.disk.bytes(&path).as_ref() == Some(&part) {
                self.disk.delete(&path);
                self.seen.remove(&path);
            }
        }
    }
}
