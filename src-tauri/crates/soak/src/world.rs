//! One run: computers and a service between them, a time of chaos, a time of calm, and what is looked at afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use inkfold_engine::{Document, DocumentId, RecordId, ReplicaId, WorkspaceId};
use inkfold_folder::{Clock, genesis};
use inkfold_session::reading;
use inkfold_store::MemoryStore;
use inkfold_testkit::folder::carrier::{Carrier, Tree};
use inkfold_testkit::folder::clock::VirtualClock;
use inkfold_testkit::folder::disk::{Character, Disk, ROOT, Root};
use inkfold_testkit::folder::faults::Tally;
use inkfold_testkit::folder::service::SERVICES;

use crate::computer::{Computer, Failure, Parts};
use crate::outcome::Outcome;

const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
/// So many documents are written in.
const DOCUMENTS: u8 = 2;
/// After so many rounds of calm everything has to have come to rest.
const MOST_ROUNDS: u32 = 120;
/// More calls of one computer's file system than this are a circle.
const MOST_CALLS: u64 = 2_000_000;
/// The net under the watcher: a program that runs looks through the folder at least this often.
const INTERVAL: Duration = Duration::from_secs(15);
/// How often a program may look through the folder at most in a time, whatever the watcher tells: so many times, and so
/// many more each second.
const MOST_SCANS: (u64, u64) = (20, 4);
/// How long the program waits before it takes away what a larger file covers, and somewhat more.
const LONG_ENOUGH: Duration = Duration::from_secs(25 * 3600);

/// A state to which a computer can be set back.
pub struct Backup {
    pub store: MemoryStore,
    pub tree: Tree,
    /// What it held.
    pub records: BTreeSet<RecordId>,
    /// Under which id it wrote.
    pub replica: ReplicaId,
}

/// Everything in one run.
pub struct World {
    pub rng: Rng,
    pub clock: VirtualClock,
    pub tally: Tally,
    pub carrier: Carrier,
    pub computers: Vec<Computer>,
    pub backups: BTreeMap<usize, Backup>,
    /// Computers that began to write under the same id, with that id.
    pub twins: Vec<(usize, usize, ReplicaId)>,
    /// Every record that was ever sealed and is held to be safe.
    pub committed: BTreeSet<RecordId>,
    /// What was typed and called durable.
    pub words: Vec<String>,
    strays: u64,
    late: u64,
    findings: Vec<String>,
    is_traced: bool,
}

/// Runs a seed.
pub fn run(seed: u64, is_traced: bool) -> Outcome {
    let tally = Tally::default();
    let mut outcome = Outcome { seed, ..Outcome::default() };
    let mut world = match World::new(seed, tally.clone(), is_traced) {
        Ok(world) => world,
        Err(failure) => {
            outcome.note(failure);
            return outcome;
        }
    };
    if let Err(failure) = world.live(&mut outcome) {
        outcome.note(failure);
    }
    (outcome.strays, outcome.late) = (world.strays, world.late);
    outcome.findings.append(&mut world.findings);
    outcome.faults = tally.counts();
    world.tell(|| format!("{outcome:?}"));
    outcome
}

impl Outcome {
    fn note(&mut self, failure: Failure) {
        match failure {
            Failure::Panic(what) => {
                self.panics += 1;
                self.findings.push(what);
            }
            Failure::Hang => {
                self.hangs += 1;
                self.findings.push("it goes round in circles".into());
            }
        }
    }
}

impl World {
    fn new(seed: u64, tally: Tally, is_traced: bool) -> Result<World, Failure> {
        let mut rng = Rng::with_seed(seed);
        let clock = VirtualClock::default();
        // Consecutive seeds go through all services.
        let service = &SERVICES[usize::try_from(seed).unwrap_or(0) % SERVICES.len()];
        let count = rng.usize(2..=3);
        let mut computers = Vec::new();
        for _ in 0..count {
            let character = Character { ignores_case: rng.bool(), decomposes: rng.u8(..3) == 0, is_bare: rng.bool() };
            let clock = clock.another();
            let disk = Disk::new(character, rng.u64(..), clock.clone(), tally.clone());
            disk.set_most_calls(MOST_CALLS);
            let (store, seed) = (MemoryStore::new(WORKSPACE), rng.u64(..));
            computers.push(Computer::start(Parts { disk, clock, store, seed, tally: tally.clone() })?);
        }
        let disks = computers.iter().map(|computer| computer.disk.clone()).collect();
        let mut carrier = Carrier::new(service, disks, rng.u64(..), tally.clone());
        let first = &computers[0];
        genesis::create(&first.disk, &first.clock, Path::new(ROOT), WORKSPACE, "Team notes")
            .map_err(|error| Failure::Panic(format!("the folder can't be made: {error}")))?;
        first.disk.take_touched();
        carrier.settle();
        let world = World {
            rng,
            clock,
            tally,
            carrier,
            computers,
            backups: BTreeMap::new(),
            twins: Vec::new(),
            committed: BTreeSet::new(),
            words: Vec::new(),
            strays: 0,
            late: 0,
            findings: Vec::new(),
            is_traced,
        };
        world.tell(|| format!("seed {seed}: {count} computers, {}", service.name));
        Ok(world)
    }

    fn live(&mut self, outcome: &mut Outcome) -> Result<(), Failure> {
        for _ in 0..self.rng.u32(60..140) {
            self.act()?;
            self.look_around();
        }
        self.tell(|| "calm".into());
        self.calm_down()?;
        if !self.come_to_rest()? {
            self.findings.push("it doesn't come to rest".into());
            outcome.hangs += 1;
        }
        // A day later covered files have gone, and what that leads to has come to rest, too.
        self.clock.advance(LONG_ENOUGH);
        if outcome.hangs == 0 && !self.come_to_rest()? {
            self.findings.push("it doesn't come to rest again".into());
            outcome.hangs += 1;
        }
        let before = self.fingerprint();
        self.everybody_exchanges()?;
        if self.fingerprint() != before {
            self.findings.push("doing everything once more changes something".into());
            outcome.restless += u64::from(outcome.hangs == 0);
        }
        for (one, other, id) in &self.twins {
            if [one, other].iter().all(|who| self.computers[**who].replica() != *id) {
                self.tally.count("i7", || format!("computers {one} and {other}"));
            }
        }
        self.show();
        self.compare(outcome)
    }

    /// Says how everything stands, where somebody wants to know.
    fn show(&self) {
        for (i, computer) in self.computers.iter().enumerate() {
            self.tell(|| {
                format!("computer {i} in the end, {:?}, writes as {}", computer.disk.character(), computer.replica())
            });
            for (path, bytes) in computer.disk.files() {
                self.tell(|| format!("  {} ({} bytes)", path.display(), bytes.len()));
            }
            for file in computer.unused() {
                self.tell(|| format!("  not used: {} ({})", file.path, file.reason));
            }
        }
    }

    /// Says what happens, where somebody wants to know.
    pub fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            for fault in self.tally.take_trace() {
                eprintln!("      {fault}");
            }
            eprintln!("{}", what());
        }
    }

    /// Notes what was committed, and whose files were touched.
    pub fn look_around(&mut self) {
        for (i, computer) in self.computers.iter_mut().enumerate() {
            for id in &computer.ids {
                let records = computer.look(|store| store.records_of(id, 0..u64::MAX)).unwrap_or_default();
                self.committed.extend(records.iter().map(inkfold_engine::Record::id));
            }
            for path in computer.strays() {
                self.strays += 1;
                self.findings.push(format!("computer {i} has touched {}", path.display()));
            }
        }
    }

    fn calm_down(&mut self) -> Result<(), Failure> {
        for computer in &mut self.computers {
            computer.disk.set_trouble(0);
            computer.disk.set_fuse(None);
            computer.disk.set_root(Root::There);
            computer.disk.set_most_entries(usize::MAX);
            if computer.has_second() {
                computer.restart(None)?;
            }
        }
        self.carrier.settle();
        Ok(())
    }

    /// The programs run for so long as they do by themselves: each wakes when its watcher tells something, or when its
    /// interval is over.
    pub fn run_for(&mut self, duration: Duration) -> Result<(), Failure> {
        let end = self.clock.monotonic() + duration;
        let before: Vec<u64> = self.computers.iter().map(|computer| computer.scans).collect();
        loop {
            for computer in &mut self.computers {
                computer.listen();
            }
            let due = |who: &usize| self.computers[*who].due_in();
            let Some(next) = (0..self.computers.len()).min_by_key(due) else { break };
            let wait = due(&next);
            if wait > INTERVAL {
                self.late += 1;
                self.findings.push(format!("computer {next} would sleep for {wait:?}"));
            }
            if self.clock.monotonic() + wait > end {
                break;
            }
            self.clock.advance(wait);
            self.computers[next].wake()?;
            let most = MOST_SCANS.0 + MOST_SCANS.1 * duration.as_secs();
            if self.computers[next].scans - before[next] > most {
                self.late += 1;
                self.findings.push(format!("computer {next} looks through the folder without end"));
                break;
            }
        }
        self.clock.advance(end.saturating_sub(self.clock.monotonic()));
        self.look_around();
        Ok(())
    }

    /// Longer than the longest pause before a flush passes, and the service carries everything.
    fn everybody_exchanges(&mut self) -> Result<(), Failure> {
        self.clock.advance(Duration::from_secs(61));
        for computer in &mut self.computers {
            computer.wake()?;
        }
        self.carrier.settle();
        self.look_around();
        Ok(())
    }

    /// Exchanges until nothing changes any more; false if that goes on for too long.
    fn come_to_rest(&mut self) -> Result<bool, Failure> {
        let mut quiet = 0;
        let mut before = self.fingerprint();
        for _ in 0..MOST_ROUNDS {
            self.everybody_exchanges()?;
            let after = self.fingerprint();
            quiet = if after == before { quiet + 1 } else { 0 };
            if quiet == 3 {
                return Ok(true);
            }
            before = after;
        }
        Ok(false)
    }

    /// Tells two states of the world apart.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.carrier.hub.hash(&mut hasher);
        for computer in &self.computers {
            computer.disk.files().hash(&mut hasher);
            computer.ids.hash(&mut hasher);
            let counts = computer.look(|store| (store.counts().ok().map(|counts| counts.records), store.outbox().ok()));
            counts.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Says who wrote a record that somebody lacks, and who holds it, where somebody wants to know.
    fn tell_of(&self, id: &RecordId) {
        for (i, computer) in self.computers.iter().enumerate() {
            if let Ok(Some(record)) = computer.look(|store| store.record(id)) {
                let (author, number) = (record.replica(), record.number());
                self.tell(|| format!("only some hold {author} {number} {id}, such as computer {i}"));
            }
        }
    }

    /// Everybody has to hold everything and to show the same.
    fn compare(&mut self, outcome: &mut Outcome) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Panic(format!("a store can't be read: {error}"));
        for (i, computer) in self.computers.iter().enumerate() {
            let held = computer.held();
            let missing = self.committed.iter().filter(|id| !held.contains(*id)).inspect(|id| self.tell_of(id)).count();
            if missing > 0 {
                outcome.lost += missing as u64;
                self.findings.push(format!("computer {i} lacks {missing} of {} records", self.committed.len()));
            }
            let written = computer.written();
            for word in self.words.iter().filter(|word| !written.contains(*word)) {
                outcome.lost += 1;
                self.findings.push(format!("computer {i} lacks the word {word}"));
            }
        }
        for document in documents() {
            let mut shown = Vec::new();
            for computer in &self.computers {
                let both = computer.look(|store| {
                    let document = reading::document(store, document).map_err(|error| failed(&error))?;
                    Ok((reading::blocks(&document), store.records(&document.id()).map_err(|error| failed(&error))?))
                });
                shown.push(both?);
            }
            for (i, (blocks, records)) in shown.iter().enumerate() {
                let mut records = records.clone();
                self.rng.shuffle(&mut records);
                let mut anew = Document::new(WORKSPACE, document);
                anew.absorb(records.iter().cloned());
                if *blocks != shown[0].0 || *blocks != reading::blocks(&anew) {
                    self.tell(|| {
                        format!("computer {i} shows {blocks:?}, and {:?} if read anew", reading::blocks(&anew))
                    });
                    for record in records.iter().filter(|_| self.is_traced) {
                        let (author, number) = (record.replica(), record.number());
                        let (parents, events) = (record.all_parents().collect::<Vec<_>>(), record.events().runs());
                        self.tell(|| format!("  {author} {number} {}: {parents:?} {events:?}", record.id()));
                    }
                    outcome.diverged += 1;
                    self.findings.push(format!("computer {i} shows another document {document}"));
                }
            }
        }
        Ok(())
    }
}

/// The documents that are written in.
pub fn documents() -> impl Iterator<Item = DocumentId> {
    (1..=DOCUMENTS).map(|i| DocumentId([i; 16]))
}
