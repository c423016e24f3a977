//! What installations say that they hold: who has everything, what may be taken away, and who lives twice.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inkfold_engine::{DocumentId, RecordId, ReplicaId, WorkspaceId};
use inkfold_folder::{Acknowledgement, Clock, Head, Holdings, Identity, RealFileSystem, RelativePath, genesis};
use inkfold_session::wire::{Change, Inline, Peer, Point};
use inkfold_session::{Installation, SessionError, Surroundings};
use inkfold_store::{Batch, MemoryStore, Storage};

const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
const PAPER: DocumentId = DocumentId([1; 16]);
const MINUTE: Duration = Duration::from_secs(61);

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
struct Table {
    root: tempfile::TempDir,
    clock: Arc<AtomicU64>,
    ada: Installation<RealFileSystem>,
    ben: Installation<RealFileSystem>,
}

impl Table {
    fn new() -> Self {
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

    /// Everybody does what is due.
    fn round(&mut self) {
        for installation in [&mut self.ada, &mut self.ben] {
            installation.tick();
            installation.flush().expect("it is stored");
            installation.exchange();
        }
        self.ada.exchange();
    }

    fn pass(&mut self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.root.path().join("inkfold-data").join(name), bytes).expect("it is written");
    }

    fn said_by(&self, installation: &Installation<RealFileSystem>) -> Vec<u8> {
        let path = RelativePath::acknowledgement(&installation.replica()).below(self.root.path());
        std::fs::read(path).expect("it has said something")
    }
}

fn write(installation: &mut Installation<RealFileSystem>, text: &str) {
    let at = Point { block: 0, offset: 0 };
    let insert = vec![Inline { text: text.into(), marks: Default::default() }];
    installation.write(PAPER, |_| vec![Change::Splice { from: at, to: at, insert }]).expect("it is stored");
}

fn peer(installation: &Installation<RealFileSystem>) -> Peer {
    let [peer] = <[Peer; 1]>::try_from(installation.status().peers).expect("there is one other");
    peer
}

fn identity(installation: &Installation<RealFileSystem>) -> Identity {
    let bytes = installation.look(|store| store.setting("identity")).expect("it can be read").expect("there is one");
    Identity::from_bytes(&bytes).expect("it is sound")
}

#[test]
fn what_was_written_here_has_reached_the_other_once_the_other_says_so() {
    let mut table = Table::new();
    assert_eq!(peer(&table.ada).person, "Ben");
    assert_eq!(peer(&table.ben).person, "Ada");
    table.pass(MINUTE);
    write(&mut table.ada, "Hello");
    assert_eq!(peer(&table.ada).reached, None, "it isn't even in the folder");
    table.ada.flush().expect("it is stored");
    table.ada.exchange();
    assert_eq!(peer(&table.ada).reached, None, "it is in the folder and nowhere else");
    table.round();
    let since = peer(&table.ada).reached.expect("it has reached the other");

    // Not more than once a minute, and what is acknowledged stays so.
    table.pass(Duration::from_secs(20));
    write(&mut table.ada, "Well, ");
    table.round();
    assert_eq!(peer(&table.ada).reached, None);
    table.pass(MINUTE);
    table.round();
    assert_eq!(peer(&table.ada).reached, Some(since + 81_000));
    // An acknowledgement that only tells of others' records doesn't change since when.
    table.pass(MINUTE);
    write(&mut table.ben, "Yes? ");
    table.round();
    table.pass(MINUTE);
    table.round();
    assert_eq!(peer(&table.ada).reached, Some(since + 81_000));

    // Nothing is said because of what others say.
    let said = [table.said_by(&table.ada), table.said_by(&table.ben)];
    for _ in 0..3 {
        table.pass(MINUTE);
        table.round();
    }
    assert_eq!([table.said_by(&table.ada), table.said_by(&table.ben)], said);
}

#[test]
fn older_and_forged_ones_change_nothing() {
    let mut table = Table::new();
    let old = table.said_by(&table.ben);
    table.pass(MINUTE);
    write(&mut table.ada, "Hello");
    table.round();
    let reached = peer(&table.ada).reached;
    assert!(reached.is_some());

    // An older one comes back under another name, and in the place of the present one.
    table.put("acks/copy.ina", &old);
    table.put(&format!("acks/{}.ina", table.ben.replica()), &old);
    // One that Ben never signed says that he has lost everything.
    let mut forged =
        Acknowledgement::encode(&identity(&table.ben), 99, 0, &Holdings::default()).expect("it fits in a file");
    let end = forged.len();
    forged[end - 1] ^= 1;
    table.put("acks/forged.ina", &forged);
    table.ada.exchange();
    table.ada.exchange();
    assert_eq!(peer(&table.ada).reached, reached);
    let unused = table.ada.unused();
    assert_eq!(unused.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["inkfold-data/acks/forged.ina"]);
    assert!(unused[0].reason.contains("signature"), "{}", unused[0].reason);
}

#[test]
fn who_is_known_to_have_written_more_than_he_knows_takes_a_new_id() {
    type Lie = fn(&Table, ReplicaId) -> Vec<u8>;
    let cases: [(&str, Lie); 3] = [
        ("a record beyond what is here", |table, id| named_by_ben(table, id, 99)),
        ("a record beside what is here", |table, id| named_by_ben(table, id, 1)),
        ("an own acknowledgement that was never made", |table, _| {
            let ada = identity(&table.ada);
            Acknowledgement::encode(&ada, 1 << 20, 0, &Holdings::default()).expect("it fits in a file")
        }),
    ];
    for (what, lie) in cases {
        let mut table = Table::new();
        table.pass(MINUTE);
        write(&mut table.ada, "Hello");
        table.round();
        let before = table.ada.replica();
        table.put("acks/x.ina", &lie(&table, before));
        table.round();
        let after = table.ada.replica();
        assert_ne!(after, before, "{what}");
        // What was written stays, and what is written now reaches the other, who sees one Ada and not two.
        write(&mut table.ada, "Again: ");
        table.round();
        table.pass(MINUTE);
        table.round();
        assert_eq!(table.ada.replica(), after, "{what}: once is enough");
        assert!(peer(&table.ada).reached.is_some(), "{what}");
        let ada = peer(&table.ben);
        assert_eq!((ada.person.as_str(), ada.replica), ("Ada", after.to_string()), "{what}");
    }
}

/// Ben says that he holds a record of somebody's which nobody here knows.
fn named_by_ben(table: &Table, of: ReplicaId, number: u64) -> Vec<u8> {
    let heads = [(of, [Head { number, id: RecordId([5; 32]) }].into())].into();
    let holdings = Holdings { heads, ..Holdings::default() };
    Acknowledgement::encode(&identity(&table.ben), 1 << 20, 0, &holdings).expect("it fits in a file")
}

fn segments(root: &Path, replica: &ReplicaId) -> Vec<PathBuf> {
    let directory = root.join("inkfold-data").join(replica.to_string());
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(directory).expect("a directory").flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[test]
fn merged_files_make_way_for_their_parts_as_soon_as_somebody_has_them() {
    let mut table = Table::new();
    for i in 0..12 {
        write(&mut table.ada, &format!("line {i} "));
        table.ada.flush().expect("it is stored");
        table.ada.exchange();
    }
    table.ada.exchange();
    let ada = table.ada.replica();
    let before = segments(table.root.path(), &ada).len();
    assert!(before > 12, "{before} files: all parts are there, and what they were merged into");
    table.ada.exchange();
    assert_eq!(segments(table.root.path(), &ada).len(), before, "nobody has said that he has it");
    table.pass(MINUTE);
    table.round();
    let after = segments(table.root.path(), &ada).len();
    assert!(after < 8, "{after} files are left of {before}");
    // Whoever comes now misses nothing.
    table.pass(MINUTE);
    table.round();
    let text = |installation: &Installation<RealFileSystem>| {
        installation.look(|store| store.records(&PAPER)).expect("they can be read").len()
    };
    assert_eq!(text(&table.ada), text(&table.ben));
}
