//! The disk as the program sees it, call by call, with what can go wrong at each.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use inkfold_engine::ids::to_base32;
use inkfold_folder::Clock;
use inkfold_folder::FileSystem;
use inkfold_folder::fs::{Entry, Facts, Kind, Listing};

use super::{Disk, ELSEWHERE, Endless, Loose, ROOT, Root, State, Touched, another_genesis, below};

/// What a call does, as far as it matters for what can go wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Look,
    Write,
    Sync,
    Remove,
}

/// The longest that another program keeps a file open.
const LONGEST_BUSY: f64 = 45.0;

impl Disk {
    /// One call: fails, or works, and may be the last.
    fn step<T>(&self, call: Call, path: &Path, work: impl FnOnce(&mut State, i64) -> io::Result<T>) -> io::Result<T> {
        let (outcome, is_last) = {
            let mut state = self.lock();
            state.calls += 1;
            if state.calls > state.most_calls {
                drop(state);
                std::panic::resume_unwind(Box::new(Endless));
            }
            if matches!(state.root, Root::Empty | Root::Another) && matches!(call, Call::Write | Call::Remove) {
                state.touched.push(Touched { path: ELSEWHERE.into(), removed: None });
            }
            let removed = (call == Call::Remove).then(|| {
                let key = state.key(path);
                state.nodes.get(&key).map(|node| node.bytes.clone()).unwrap_or_default()
            });
            let outcome = match self.refusal(&mut state, call, path) {
                Some(error) => Err(error),
                None => work(&mut state, self.clock.wall_nanos()),
            };
            if outcome.is_ok() && matches!(call, Call::Write | Call::Remove) {
                state.touched.push(Touched { path: below(path), removed });
            }
            let fuse = state.fuse.map(|left| left.saturating_sub(1));
            state.fuse = fuse.filter(|left| *left > 0);
            (outcome, fuse == Some(0))
        };
        if is_last {
            self.cut_power(path);
        }
        outcome
    }

    /// Why a call doesn't work, if it doesn't.
    fn refusal(&self, state: &mut State, call: Call, path: &Path) -> Option<io::Error> {
        match state.root {
            Root::There => {}
            Root::Empty | Root::Another if path == Path::new(ROOT) && call == Call::Look => {}
            Root::Another if path == another_genesis().0 && call == Call::Look => {}
            Root::Empty | Root::Another | Root::Gone => return Some(ErrorKind::NotFound.into()),
        }
        let (key, now) = (state.key(path), self.clock.monotonic());
        if call != Call::Look && state.busy.get(&key).is_some_and(|until| now < *until) {
            return Some(ErrorKind::ResourceBusy.into());
        }
        if let Some((kind, until)) = state.failing.filter(|_| call != Call::Look)
            && now < until
        {
            return Some(kind.into());
        }
        if state.rng.u32(..1000) >= state.trouble {
            return None;
        }
        let (name, error): (_, io::Error) = match (call, state.rng.u32(..9)) {
            (_, 0) => ("f3", ErrorKind::PermissionDenied.into()),
            (Call::Write | Call::Remove, 1) => ("f3", ErrorKind::ReadOnlyFilesystem.into()),
            (Call::Write | Call::Sync, 2) => ("f4", ErrorKind::StorageFull.into()),
            (Call::Write, 3) => ("f4", ErrorKind::QuotaExceeded.into()),
            (Call::Write | Call::Sync | Call::Remove, 4 | 7 | 8) => {
                let busy = Duration::from_secs_f64(state.rng.f64() * LONGEST_BUSY);
                state.busy.insert(key, now + busy);
                ("f6", ErrorKind::ResourceBusy.into())
            }
            (_, 5) => ("f5", ErrorKind::Interrupted.into()),
            (_, 6) => ("f5", io::Error::other("too many open files")),
            _ => ("f5", io::Error::other("input/output error")),
        };
        self.tally.count(name, || format!("{call:?} {}: {error}", below(path).display()));
        Some(error)
    }
}

impl State {
    /// The name that a temporary file has here.
    fn name(&mut self, path: &Path) -> PathBuf {
        if !is_temporary(path) {
            return path.to_owned();
        }
        if let Some(known) = self.temporary.get(path) {
            return known.clone();
        }
        // Directories are listed under the names that they have here.
        if self.nodes.contains_key(&self.key(path)) {
            return path.to_owned();
        }
        let mut number = [0; 10];
        number[2..].copy_from_slice(&(self.temporary.len() as u64 + 1).to_be_bytes());
        let name = path.with_file_name(format!("~{}.tmp", to_base32(&number)));
        self.temporary.insert(path.to_owned(), name.clone());
        name
    }

    fn directory(path: &Path) -> PathBuf {
        path.parent().unwrap_or(path).to_owned()
    }
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('~') && name.ends_with(".tmp"))
}

impl FileSystem for Disk {
    fn is_directory(&self, path: &Path) -> io::Result<bool> {
        let found = self.step(Call::Look, path, |state, _| {
            Ok(state.nodes.get(&state.key(path)).is_some_and(|node| node.kind == Kind::Directory))
        });
        match found {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            found => found,
        }
    }

    fn list(&self, directory: &Path, limit: usize) -> io::Result<Listing> {
        self.step(Call::Look, directory, |state, _| {
            let key = state.key(directory);
            match state.nodes.get(&key).map(|node| node.kind) {
                Some(Kind::Directory) => {}
                Some(_) => return Err(ErrorKind::NotADirectory.into()),
                None => return Err(ErrorKind::NotFound.into()),
            }
            if state.root == Root::Empty {
                return Ok(Listing::default());
            }
            if state.root == Root::Another {
                let (path, bytes) = another_genesis();
                let (kind, size) = (Kind::File, bytes.len() as u64);
                let facts = Facts { kind, size, modified: 0, changed: 0, inode: 0, offline: false };
                let name = path.file_name().unwrap_or_default().to_owned();
                return Ok(Listing { entries: vec![Entry { name, facts: Ok(facts) }], cut: false });
            }
            let within = state.nodes.iter().filter(|(other, _)| other.parent() == Some(&key));
            let mut entries: Vec<Entry> = within
                .map(|(_, node)| Entry {
                    name: node.path.file_name().unwrap_or_default().to_owned(),
                    facts: Ok(state.facts(node)),
                })
                .collect();
            let limit = limit.min(state.most_entries);
            let cut = entries.len() > limit;
            if cut {
                // Which ones are told is the system's choice.
                state.rng.shuffle(&mut entries);
            }
            entries.truncate(limit);
            Ok(Listing { entries, cut })
        })
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.step(Call::Look, path, |state, _| {
            let path = state.name(path);
            let node = state.nodes.get(&state.key(&path)).ok_or(ErrorKind::NotFound)?;
            Ok(state.facts(node))
        })
    }

    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.step(Call::Look, path, |state, _| {
            if state.root == Root::Another {
                return Ok(another_genesis().1);
            }
            let path = state.name(path);
            let node = state.nodes.get(&state.key(&path)).ok_or(ErrorKind::NotFound)?;
            if node.kind != Kind::File {
                return Err(ErrorKind::InvalidInput.into());
            }
            let mut bytes = node.bytes[..node.bytes.len().min(limit)].to_vec();
            // What a sparse file has beyond its bytes are zeros.
            let told = usize::try_from(node.told.unwrap_or(0)).unwrap_or(usize::MAX);
            bytes.resize(bytes.len().max(told.min(limit)), 0);
            Ok(bytes)
        })
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Call::Write, path, |state, now| {
            if state.nodes.contains_key(&state.key(path)) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            if !state.nodes.contains_key(&state.key(&State::directory(path))) {
                return Err(ErrorKind::NotFound.into());
            }
            let inode = state.insert(path, Kind::Directory, [].into(), now).inode;
            state.loose.push(Loose::Made { directory: state.key(&State::directory(path)), inode });
            Ok(())
        })
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let outcome = self.step(Call::Write, path, |state, now| {
            let path = state.name(path);
            if state.nodes.contains_key(&state.key(&path)) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            if !state.nodes.contains_key(&state.key(&State::directory(&path))) {
                return Err(ErrorKind::NotFound.into());
            }
            let inode = state.insert(&path, Kind::File, bytes.into(), now).inode;
            state.loose.push(Loose::Made { directory: state.key(&State::directory(&path)), inode });
            Ok(())
        });
        if outcome.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull)) {
            // A full disk takes a part of the file.
            let now = self.clock.wall_nanos();
            let mut state = self.lock();
            let path = state.name(path);
            if state.nodes.contains_key(&state.key(&State::directory(&path))) {
                let part = state.rng.usize(..=bytes.len());
                state.insert(&path, Kind::File, bytes[..part].into(), now);
            }
        }
        outcome
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.step(Call::Sync, path, |state, _| {
            let key = {
                let path = state.name(path);
                state.key(&path)
            };
            state.nodes.get_mut(&key).ok_or(ErrorKind::NotFound)?.synced = true;
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Call::Write, to, |state, now| {
            let from = state.name(from);
            let (old, new) = (state.key(&from), state.key(to));
            if state.nodes.get(&new).is_some_and(|node| node.kind == Kind::Directory) {
                return Err(ErrorKind::IsADirectory.into());
            }
            let mut node = state.nodes.remove(&old).ok_or(ErrorKind::NotFound)?;
            let inode = node.inode;
            (node.path, node.changed) = (to.to_owned(), now);
            let replaced = state.nodes.insert(new, node);
            let directory = state.key(&State::directory(to));
            state.loose.push(Loose::Renamed { directory, from, inode, replaced });
            Ok(())
        })
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Call::Sync, path, |state, _| {
            let key = state.key(path);
            if !state.nodes.contains_key(&key) {
                return Err(ErrorKind::NotFound.into());
            }
            state.loose.retain(|loose| *loose.directory() != key);
            Ok(())
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(Call::Remove, path, |state, _| {
            let path = state.name(path);
            let key = state.key(&path);
            match state.nodes.get(&key).map(|node| node.kind) {
                None => return Err(ErrorKind::NotFound.into()),
                Some(Kind::Directory) => return Err(ErrorKind::IsADirectory.into()),
                Some(_) => {}
            }
            if let Some(node) = state.nodes.remove(&key) {
                state.loose.push(Loose::Removed { directory: state.key(&State::directory(&path)), node });
            }
            Ok(())
        })
    }
}
