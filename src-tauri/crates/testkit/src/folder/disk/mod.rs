//! One computer's disk, as far as the shared folder goes: a tree in memory whose every call can fail, take effect in part,
//! or be the last before the power fails.

mod calls;
mod power;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use inkfold_engine::WorkspaceId;
use inkfold_folder::fs::{Facts, Kind};
use inkfold_folder::kind::FORMAT_VERSION;
use inkfold_folder::{Clock, Genesis};

use super::clock::VirtualClock;
use super::faults::Tally;
pub use power::{Endless, PowerCut};

/// Where the shared folder is on every disk.
pub const ROOT: &str = "/shared";
/// What [`Disk::take_touched`] says of a change in a folder that isn't the workspace's.
pub const ELSEWHERE: &str = "somewhere else";

/// How coarse file times may be, in nanoseconds: two seconds on a USB stick.
const FRESH: u64 = 2_000_000_000;

/// What kind of file system a disk has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Character {
    /// Names that differ in case only are the same name.
    pub ignores_case: bool,
    /// Names are kept decomposed: an accent is a character of its own.
    pub decomposes: bool,
    /// It tells neither when a file's metadata changed nor its number.
    pub is_bare: bool,
}

/// How the shared folder's directory stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Root {
    /// As it should.
    #[default]
    There,
    /// It isn't there.
    Gone,
    /// It is there, and nothing in it: a mount point whose drive isn't connected.
    Empty,
    /// It is there, and somebody else's workspace in it.
    Another,
}

/// Something that the program under test has done to a path below the shared folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The path.
    pub path: PathBuf,
    /// What the file held that it has taken away; none where it has written something.
    pub removed: Option<Arc<[u8]>>,
}

/// What tells two states of a file apart for whoever is told of changes: its number, when it changed, and its size.
pub type Stamp = (u64, i64, usize);

/// A disk. Clones are the same disk.
#[derive(Clone)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    clock: VirtualClock,
    tally: Tally,
}

/// What stands at a path.
#[derive(Debug, Clone)]
struct Node {
    /// Its name as the disk shows it.
    path: PathBuf,
    kind: Kind,
    bytes: Arc<[u8]>,
    /// The size that is told, where it isn't that of the bytes: a sparse file.
    told: Option<u64>,
    modified: i64,
    changed: i64,
    inode: u64,
    offline: bool,
    /// The content would survive a power cut.
    synced: bool,
}

/// Something done to a directory that a power cut could take back.
#[derive(Debug)]
enum Loose {
    Made { directory: PathBuf, inode: u64 },
    Renamed { directory: PathBuf, from: PathBuf, inode: u64, replaced: Option<Node> },
    Removed { directory: PathBuf, node: Node },
}

struct State {
    character: Character,
    root: Root,
    rng: Rng,
    /// By the key of the path; see [`State::key`].
    nodes: BTreeMap<PathBuf, Node>,
    next_inode: u64,
    loose: Vec<Loose>,
    /// Of a thousand calls, how many fail.
    trouble: u32,
    /// Files that another program keeps open, and until when.
    busy: BTreeMap<PathBuf, Duration>,
    /// After how many more calls the power fails.
    fuse: Option<u32>,
    /// What was changed through the file system, so by the program under test.
    touched: Vec<Touched>,
    /// The publisher gives temporary files random names; here each gets a name that the same seed gives again.
    temporary: BTreeMap<PathBuf, PathBuf>,
    /// Every change fails in this way, until this moment.
    failing: Option<(ErrorKind, Duration)>,
    /// A directory's listing is cut after so many entries.
    most_entries: usize,
    calls: u64,
    /// More calls than this are a program that doesn't come to an end.
    most_calls: u64,
}

impl Disk {
    /// A disk with an empty shared folder.
    pub fn new(character: Character, seed: u64, clock: VirtualClock, tally: Tally) -> Self {
        let mut state = State {
            character,
            root: Root::There,
            rng: Rng::with_seed(seed),
            nodes: BTreeMap::new(),
            next_inode: 1,
            loose: Vec::new(),
            trouble: 0,
            busy: BTreeMap::new(),
            fuse: None,
            touched: Vec::new(),
            temporary: BTreeMap::new(),
            failing: None,
            most_entries: usize::MAX,
            calls: 0,
            most_calls: u64::MAX,
        };
        state.insert(Path::new(ROOT), Kind::Directory, Arc::default(), clock.wall_nanos());
        Disk { state: Arc::new(Mutex::new(state)), clock, tally }
    }

    /// Another disk with the same files, as a copied profile or a cloned machine has it.
    pub fn copy(&self, seed: u64, clock: VirtualClock) -> Self {
        let other = Disk::new(self.lock().character, seed, clock, self.tally.clone());
        let (nodes, next_inode) = {
            let state = self.lock();
            (state.nodes.clone(), state.next_inode)
        };
        {
            let mut state = other.lock();
            (state.nodes, state.next_inode) = (nodes, next_inode);
        }
        other
    }

    /// What kind of file system it has.
    pub fn character(&self) -> Character {
        self.lock().character
    }

    /// The regular files of the shared folder, with paths below it, in the order in which they were made.
    pub fn files(&self) -> Vec<(PathBuf, Arc<[u8]>)> {
        let state = self.lock();
        let mut files: Vec<&Node> = state.nodes.values().filter(|node| node.kind == Kind::File).collect();
        files.sort_by_key(|node| node.inode);
        files.into_iter().map(|node| (below(&node.path), node.bytes.clone())).collect()
    }

    /// The bytes of a file below the shared folder.
    pub fn bytes(&self, path: &Path) -> Option<Arc<[u8]>> {
        let state = self.lock();
        let node = state.nodes.get(&state.key(&full(path)))?;
        (node.kind == Kind::File).then(|| node.bytes.clone())
    }

    /// Puts a file there as a sync service does, with directories above it; `modified` where the service sets the time.
    /// False where something that isn't a file stands in the way.
    pub fn put(&self, path: &Path, bytes: Arc<[u8]>, modified: Option<i64>) -> bool {
        let now = self.clock.wall_nanos();
        let mut state = self.lock();
        if !state.make_directories(&full(path), now) {
            return false;
        }
        let key = state.key(&full(path));
        if state.nodes.get(&key).is_some_and(|node| node.kind != Kind::File) {
            return false;
        }
        let node = state.insert(&full(path), Kind::File, bytes, now);
        node.modified = modified.unwrap_or(now);
        node.synced = true;
        true
    }

    /// Changes a file's bytes and nothing else that can be seen of it.
    pub fn replace_unseen(&self, path: &Path, bytes: Arc<[u8]>) {
        let mut state = self.lock();
        let key = state.key(&full(path));
        if let Some(node) = state.nodes.get_mut(&key) {
            node.bytes = bytes;
        }
    }

    /// Files that changed so short a time ago that another change need not show in their times.
    pub fn fresh(&self) -> Vec<PathBuf> {
        let now = self.clock.wall_nanos();
        let state = self.lock();
        let is_fresh = |node: &&Node| node.kind == Kind::File && now.abs_diff(node.modified.max(node.changed)) < FRESH;
        state.nodes.values().filter(is_fresh).map(|node| below(&node.path)).collect()
    }

    /// Puts something there that isn't a file: a link, or a directory.
    pub fn put_odd(&self, path: &Path, kind: Kind) {
        let now = self.clock.wall_nanos();
        let mut state = self.lock();
        if state.make_directories(&full(path), now) {
            state.insert(&full(path), kind, Arc::default(), now);
        }
    }

    /// Says of a file that it is of this size, whatever it holds, or that a service holds its content elsewhere.
    pub fn pretend(&self, path: &Path, told: Option<u64>, offline: bool) {
        let mut state = self.lock();
        let key = state.key(&full(path));
        if let Some(node) = state.nodes.get_mut(&key) {
            (node.told, node.offline) = (told, offline);
        }
    }

    /// Takes away whatever stands there, as a service or a person does.
    pub fn delete(&self, path: &Path) {
        let mut state = self.lock();
        let key = state.key(&full(path));
        state.nodes.retain(|other, _| !other.starts_with(&key));
    }

    /// Of a thousand calls, so many fail from now on.
    pub fn set_trouble(&self, per_mille: u32) {
        let mut state = self.lock();
        state.trouble = per_mille;
        if per_mille == 0 {
            state.busy.clear();
        }
    }

    /// Nothing can be changed for so long: every call that would fails like this.
    pub fn fail_for(&self, duration: Duration, kind: ErrorKind) {
        let until = self.clock.monotonic().saturating_add(duration);
        self.lock().failing = Some((kind, until));
    }

    /// How the shared folder stands from now on.
    pub fn set_root(&self, root: Root) {
        self.lock().root = root;
    }

    /// Directories hold more files than are looked at: listings are cut after so many entries, whichever those are.
    pub fn set_most_entries(&self, entries: usize) {
        self.lock().most_entries = entries;
    }

    /// Every file's state, by its path.
    pub fn stamps(&self) -> BTreeMap<PathBuf, Stamp> {
        let state = self.lock();
        let files = state.nodes.values().filter(|node| node.kind == Kind::File);
        files.map(|node| (below(&node.path), (node.inode, node.changed, node.bytes.len()))).collect()
    }

    /// What the program has changed since the last call.
    pub fn take_touched(&self) -> Vec<Touched> {
        std::mem::take(&mut self.lock().touched)
    }

    /// After so many calls in all, the program is held to be going round in circles: [`Endless`] unwinds from the next.
    pub fn set_most_calls(&self, calls: u64) {
        self.lock().most_calls = calls;
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What the disk takes for the same path.
    fn key(&self, path: &Path) -> PathBuf {
        let path = compose(path);
        if self.character.ignores_case { PathBuf::from(path.to_string_lossy().to_lowercase()) } else { path }
    }

    /// Makes a node, or gives the one that is there other content.
    fn insert(&mut self, path: &Path, kind: Kind, bytes: Arc<[u8]>, now: i64) -> &mut Node {
        let key = self.key(path);
        let inode = self.next_inode;
        let shown = if self.character.decomposes { decompose(path) } else { path.to_owned() };
        let node = self.nodes.entry(key).or_insert_with(|| Node {
            path: shown,
            kind,
            bytes: Arc::default(),
            told: None,
            modified: now,
            changed: now,
            inode,
            offline: false,
            synced: kind == Kind::Directory,
        });
        if node.inode == inode {
            self.next_inode += 1;
        }
        (node.kind, node.bytes, node.told, node.offline) = (kind, bytes, None, false);
        (node.modified, node.changed) = (now, now);
        node
    }

    fn make_directories(&mut self, path: &Path, now: i64) -> bool {
        let above: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
        for directory in above.iter().rev().filter(|directory| directory.starts_with(ROOT)) {
            match self.nodes.get(&self.key(directory)).map(|node| node.kind) {
                Some(Kind::Directory) => {}
                Some(_) => return false,
                None => {
                    self.insert(directory, Kind::Directory, Arc::default(), now);
                }
            }
        }
        true
    }

    fn facts(&self, node: &Node) -> Facts {
        let bare = self.character.is_bare;
        Facts {
            kind: node.kind,
            size: node.told.unwrap_or(node.bytes.len() as u64),
            modified: node.modified,
            changed: if bare { 0 } else { node.changed },
            inode: if bare { 0 } else { node.inode },
            offline: node.offline,
        }
    }
}

/// The only file of another workspace.
fn another_genesis() -> (PathBuf, Vec<u8>) {
    let genesis = Genesis { workspace: WorkspaceId([0x55; 16]), name: "Elsewhere".into(), format: FORMAT_VERSION };
    (full(Path::new("elsewhere.inkfold")), genesis.to_bytes())
}

fn full(path: &Path) -> PathBuf {
    Path::new(ROOT).join(path)
}

fn below(path: &Path) -> PathBuf {
    path.strip_prefix(ROOT).unwrap_or(path).to_owned()
}

/// Letters that services' names bring along, composed and decomposed.
const LETTERS: &[(&str, &str)] = &[("é", "e\u{301}"), ("ü", "u\u{308}"), ("ö", "o\u{308}"), ("ä", "a\u{308}")];

/// A name with accents as parts of their letters.
pub(super) fn compose(path: &Path) -> PathBuf {
    let mut text = path.to_string_lossy().into_owned();
    for (composed, decomposed) in LETTERS {
        text = text.replace(decomposed, composed);
    }
    text.into()
}

fn decompose(path: &Path) -> PathBuf {
    let mut text = path.to_string_lossy().into_owned();
    for (composed, decomposed) in LETTERS {
        text = text.replace(composed, decomposed);
    }
    text.into()
}
