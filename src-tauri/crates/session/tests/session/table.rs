//! Two installations on one folder, on one thread and by a clock that a test moves on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inkfold_engine::{DocumentId, WorkspaceId};
use inkfold_folder::{Clock, Identity, RealFileSystem, RelativePath, genesis};
use inkfold_session::wire::{Change, Inline, Peer, Point};
use inkfold_session::{Installation, SessionError, Surroundings};
use inkfold_store::{Batch, MemoryStore, Storage};

pub const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
pub const PAPER: DocumentId = DocumentId([1; 16]);
pub const MINUTE: Duration = Duration::from_secs(61);

/// A clock that all share and that a test moves on, and chance of each one's own.
struct Around {
    clock: Arc<AtomicU64>,
    chance: AtomicU64,
}

impl Clock for Around {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.clock.load(Ordering::Relaxed))
    }

    fn wall_nanos(&self) -> i64 {
        // Far from the files' real times, so that no file is taken to have changed just now.
        2_000_000_000_000_000_000 + self.monotonic().as_nanos() as i64
    }

    fn sleep(&self, duration: Duration) {
        self.clock.fetch_add(duration.as_millis() as u64, Ordering::Relaxed);
    }
}

impl Surroundings for Around {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), SessionError> {
        let mut drawn = self.chance.fetch_add(1, Ordering::Relaxed).to_be_bytes().into_iter().cycle();
        bytes.fill_with(|| drawn.next().unwrap_or_default());
        Ok(())
    }
}

/// Two installations on one folder.
pub struct Table {
    pub root: tempfile::TempDir,
    clock: Arc<AtomicU64>,
    pub ada: Installation<RealFileSystem>,
    pub ben: Installation<RealFileSystem>,
}

impl Table {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(AtomicU64::new(1_000));
        let start = |name: &str, seed: u64| {
            let around = Arc::new(Around { clock: clock.clone(), chance: AtomicU64::new(seed << 32) });
            let mut store = MemoryStore::new(WORKSPACE);
            let person = ("person".to_owned(), Some(name.as_bytes().to_vec()));
            store.commit(&Batch { settings: vec![person], ..Batch::default() }).expect("it is kept");
            Installation::start(Box::new(store), root.path().to_owned(), RealFileSystem, around).expect("it starts")
        };
        let (ada, ben) = (start("Ada", 1), start("Ben", 2));
        let around = Around { clock: clock.clone(), chance: AtomicU64::new(0) };
        genesis::create(&RealFileSystem, &around, root.path(), WORKSPACE, "Notes").expect("a folder");
        let mut table = Table { root, clock, ada, ben };
        table.round();
        table.round();
        table
    }

    pub fn workspace(&self) -> WorkspaceId {
        WORKSPACE
    }

    /// A copy of Ada's installation, as somebody has it who has taken her data to another computer before she wrote anything.
    pub fn copy_of_ada(&self) -> Installation<RealFileSystem> {
        let around = Arc::new(Around { clock: self.clock.clone(), chance: AtomicU64::new(3 << 32) });
        let mut store = MemoryStore::new(WORKSPACE);
        let settings = ["identity", "own-replicas", "person"].map(|key| {
            let value = self.ada.look(|store| store.setting(key)).expect("it can be read");
            (key.to_owned(), value)
        });
        store.commit(&Batch { settings: settings.into(), ..Batch::default() }).expect("it is kept");
        Installation::start(Box::new(store), self.root.path().to_owned(), RealFileSystem, around).expect("it starts")
    }

    /// Ben's installation, with nothing in it but what the folder holds.
    pub fn restarted(&self, seed: u64) -> Installation<RealFileSystem> {
        let around = Arc::new(Around { clock: self.clock.clone(), chance: AtomicU64::new((seed << 32) + 1_000) });
        let store = Box::new(MemoryStore::new(WORKSPACE));
        let mut started =
            Installation::start(store, self.root.path().to_owned(), RealFileSystem, around).expect("it starts");
        started.exchange();
        started
    }

    /// Everybody does what is due.
    pub fn round(&mut self) {
        for installation in [&mut self.ada, &mut self.ben] {
            installation.tick();
            installation.flush().expect("it is stored");
            installation.exchange();
        }
        self.ada.exchange();
    }

    pub fn pass(&mut self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.root.path().join("inkfold-data").join(name), bytes).expect("it is written");
    }

    pub fn said_by(&self, installation: &Installation<RealFileSystem>) -> Vec<u8> {
        let path = RelativePath::acknowledgement(&installation.replica()).below(self.root.path());
        std::fs::read(path).expect("it has said something")
    }
}

pub fn write(installation: &mut Installation<RealFileSystem>, text: &str) {
    let at = Point { block: 0, offset: 0 };
    let insert = vec![Inline { text: text.into(), marks: Default::default() }];
    installation.write(PAPER, |_| vec![Change::Splice { from: at, to: at, insert }]).expect("it is stored");
}

pub fn peer(installation: &Installation<RealFileSystem>) -> Peer {
    let [peer] = <[Peer; 1]>::try_from(installation.status().peers).expect("there is one other");
    peer
}

pub fn identity(installation: &Installation<RealFileSystem>) -> Identity {
    let bytes = installation.look(|store| store.setting("identity")).expect("it can be read").expect("there is one");
    Identity::from_bytes(&bytes).expect("it is sound")
}
