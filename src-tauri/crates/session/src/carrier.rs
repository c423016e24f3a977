//! The carrier: the one thread that touches the shared folder for words; images and attachments have the courier
//! (`blobs/courier.rs`). Reading there can block for minutes where a service has to fetch a file, so nothing else may wait
//! for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use inkfold_engine::{ReplicaId, WorkspaceId};
use inkfold_folder::scan::scan_for;
use inkfold_folder::{
    FileHash, FileSystem, Memory, PublishError, Publisher, RealFileSystem, RelativePath, ScanRequest, Verdict, Watcher,
    genesis, watch::OnHint,
};
use tokio::sync::oneshot;

use crate::checkpoints::Scribe;
use crate::error::SessionError;
use crate::intake::Feed;
use crate::rhythm::{Bell, Rhythm};
use crate::surroundings::Around;
use crate::wire::FolderTrouble;
use crate::workspace::{Handle, Workspace};

/// What is known of so many files is kept in one go.
const FACTS_AT_ONCE: usize = 1_000;

/// When the folder is read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstScan {
    AtOnce,
    WhenAsked,
}

/// A file to be published.
pub(crate) struct Parcel {
    pub name: String,
    pub path: RelativePath,
    pub bytes: Vec<u8>,
}

/// What a carrier is told.
pub(crate) enum Order {
    /// Something may have changed.
    Hint,
    /// Scan now, and say when that is done.
    Scan(oneshot::Sender<()>),
    Publish(Vec<Parcel>),
    Remove(Vec<RelativePath>),
    /// Write a checkpoint of these segments.
    Checkpoint(Vec<FileHash>),
    Settle(FileHash, Verdict),
    Stop,
}

/// The way to the carrier's thread. Dropping it stops the thread.
pub(crate) struct Carrier {
    sender: Sender<Order>,
    bell: Bell,
}

/// The carrier's end of it.
pub(crate) struct Orders {
    waiting: Receiver<Order>,
    bell: Bell,
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = self.sender.send(Order::Stop);
    }
}

impl Carrier {
    /// Starts the thread for a folder. What it finds goes to the workspace, from now on or from when it is asked for a scan.
    pub fn start(root: PathBuf, workspace: WorkspaceId, home: Errand, around: Around, first_scan: FirstScan) -> Self {
        let (carrier, orders) = Self::without_thread();
        let on_hint = carrier.on_hint();
        std::thread::spawn(move || {
            let (mut watcher, trouble) = Watcher::start(&RealFileSystem, &root, on_hint);
            if let Some(trouble) = trouble {
                tracing::info!(code = trouble.code(), "{trouble}");
            }
            let rhythm = match first_scan {
                FirstScan::AtOnce => Rhythm::default(),
                FirstScan::WhenAsked => Rhythm::resting(),
            };
            Work::new(root, workspace, home, RealFileSystem, around, rhythm).run(&orders, &mut watcher);
        });
        carrier
    }

    /// A carrier whose orders somebody else has to take.
    pub fn without_thread() -> (Self, Orders) {
        let (sender, waiting) = channel();
        let bell = Bell::default();
        (Carrier { sender, bell: bell.clone() }, Orders { waiting, bell })
    }

    /// What a watcher calls. However often it does, at most one hint waits.
    pub fn on_hint(&self) -> OnHint {
        let (sender, bell) = (self.sender.clone(), self.bell.clone());
        Arc::new(move || {
            if bell.ring() {
                let _ = sender.send(Order::Hint);
            }
        })
    }

    pub fn publish(&self, parcels: Vec<Parcel>) {
        let _ = self.sender.send(Order::Publish(parcels));
    }

    /// Takes away files of our own.
    pub fn remove(&self, paths: Vec<RelativePath>) {
        let _ = self.sender.send(Order::Remove(paths));
    }

    /// Writes a checkpoint of these segments, after the scan that asks for it.
    pub fn write_checkpoint(&self, segments: Vec<FileHash>) {
        let _ = self.sender.send(Order::Checkpoint(segments));
    }

    pub fn settle(&self, hash: FileHash, verdict: Verdict) {
        let _ = self.sender.send(Order::Settle(hash, verdict));
    }

    /// Asks for a scan; the receiver hears when everything found is taken in.
    pub fn scan(&self) -> oneshot::Receiver<()> {
        let (done, heard) = oneshot::channel();
        let _ = self.sender.send(Order::Scan(done));
        heard
    }
}

/// The carrier's work on one folder.
pub(crate) struct Work<H, F> {
    root: PathBuf,
    workspace: WorkspaceId,
    home: H,
    files: F,
    around: Around,
    memory: Memory,
    has_recalled: bool,
    rhythm: Rhythm,
    /// Who waits for a scan that has not begun yet.
    asked: Vec<oneshot::Sender<()>>,
    stop: bool,
    /// Files to publish, kept until that has worked.
    waiting: Vec<Parcel>,
    /// The segments of a checkpoint that is to be written.
    checkpoint: Vec<FileHash>,
    /// Our own directory was scanned whole in this run: only then is anything published.
    ready: bool,
    /// Whose directory was cleaned in this run.
    cleaned: Option<ReplicaId>,
}

/// The way to the workspace that a carrier works for.
pub(crate) trait Home: Clone {
    /// Asks, and waits for the answer.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Workspace) -> T + Send + 'static)
    -> Result<T, SessionError>;
}

/// The way of a carrier's thread to its workspace, for as long as the folder is the workspace's: what an old carrier still
/// brings from the folder before is nothing that the new one's care may be built on.
#[derive(Clone)]
pub(crate) struct Errand {
    pub handle: Handle,
    pub turn: u64,
}

impl Home for Errand {
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        let turn = self.turn;
        let answer =
            self.handle.ask_blocking(move |workspace| (workspace.exchange.turn == turn).then(|| job(workspace)));
        answer?.ok_or(SessionError::Closing)
    }
}

impl<H: Home, F: FileSystem> Work<H, F> {
    pub fn new(root: PathBuf, workspace: WorkspaceId, home: H, files: F, around: Around, rhythm: Rhythm) -> Self {
        Work {
            root,
            workspace,
            home,
            files,
            around,
            memory: Memory::default(),
            has_recalled: false,
            rhythm,
            asked: Vec::new(),
            stop: false,
            waiting: Vec::new(),
            checkpoint: Vec::new(),
            ready: false,
            cleaned: None,
        }
    }

    fn run(&mut self, orders: &Orders, watcher: &mut Watcher) {
        while !self.stop {
            match orders.waiting.recv_timeout(self.due_in()) {
                Ok(order) => self.take(order, &orders.bell),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stop = true,
            }
            if self.step(orders) {
                watcher.refresh(&self.files);
            }
        }
    }

    /// How long it is until the next scan, unless an order comes.
    pub fn due_in(&self) -> Duration {
        self.rhythm.due_in(self.now())
    }

    /// Somebody wants a scan to begin now.
    pub fn ask(&mut self) {
        self.rhythm.ask();
    }

    /// Does what is ordered, scans if it is time to, and publishes what is waiting. True if it has scanned.
    pub fn step(&mut self, orders: &Orders) -> bool {
        self.take_all(orders);
        if self.stop {
            return false;
        }
        let scans = self.due_in().is_zero();
        let asked = std::mem::take(&mut self.asked);
        if scans {
            self.rhythm.begin(self.now());
            self.scan();
            self.rhythm.end(self.now());
            // What the scan has led to is published before anybody hears that it is done.
            self.take_all(orders);
            self.keep_memory();
        }
        if scans || self.is_at_home() {
            self.publish();
        }
        if scans {
            self.write_checkpoint();
        }
        for done in asked {
            let _ = done.send(());
        }
        scans
    }

    /// Whether the folder is still the one that was scanned: a drive may have gone since, or another one come. Where it
    /// can't be told by the genesis file's name, a scan has to.
    fn is_at_home(&mut self) -> bool {
        let is_idle = !self.ready || self.waiting.is_empty();
        let is_there = is_idle || genesis::is_named(&self.files, &self.root, &self.workspace);
        if !is_there {
            self.rhythm.ask();
        }
        is_there
    }

    fn now(&self) -> Duration {
        self.around.clock().monotonic()
    }

    /// Does or notes what is ordered.
    pub fn take_all(&mut self, orders: &Orders) {
        while let Ok(order) = orders.waiting.try_recv() {
            self.take(order, &orders.bell);
        }
    }

    fn take(&mut self, order: Order, bell: &Bell) {
        match order {
            Order::Hint => {
                bell.hear();
                self.rhythm.hint(self.now());
            }
            Order::Scan(done) => {
                self.asked.push(done);
                self.rhythm.ask();
            }
            Order::Publish(parcels) => {
                for parcel in parcels {
                    // What is replaced keeps its name; of it only the last is worth publishing.
                    match self.waiting.iter_mut().find(|other| other.name == parcel.name) {
                        Some(other) => *other = parcel,
                        None => self.waiting.push(parcel),
                    }
                }
            }
            Order::Remove(paths) => self.remove(&paths),
            Order::Checkpoint(segments) => self.checkpoint = segments,
            Order::Settle(hash, verdict) => self.memory.settle(&hash, verdict),
            Order::Stop => self.stop = true,
        }
    }

    /// What the last run knew of the files, so that none is read that is as it was.
    fn recall(&mut self) {
        if !std::mem::replace(&mut self.has_recalled, true) {
            let root = self.root.clone();
            let settled = self.home.ask(move |workspace| workspace.recall_files(&root));
            self.memory = Memory::restore(settled.unwrap_or_default());
        }
    }

    /// Keeps for the next run what has changed of it. Only now, when it is known what became of the files.
    fn keep_memory(&mut self) {
        let mut changes = self.memory.changes();
        while !changes.is_empty() {
            let rest = changes.split_off(changes.len().min(FACTS_AT_ONCE));
            let (root, some) = (self.root.clone(), std::mem::replace(&mut changes, rest));
            let _ = self.home.ask(move |workspace| workspace.remember_files(&root, some));
        }
    }

    fn scan(&mut self) {
        let asked = self.home.ask(|workspace| (workspace.identity.replica(), workspace.exchange.halt.clone()));
        let Ok((replica, halt)) = asked else { return };
        if halt.is_set() {
            return;
        }
        self.recall();
        let request = ScanRequest { workspace: self.workspace, replica };
        self.clean(&replica);
        let home = self.home.clone();
        let mut feed = Feed::new(&home, halt);
        let report = scan_for(&self.files, self.around.clock(), &self.root, &request, &mut self.memory, &mut feed);
        feed.finish();
        self.ready |= report.own_complete && report.root.is_usable();
        if !report.root.is_usable() {
            self.ready = false;
        }
        for trouble in &report.trouble {
            tracing::warn!(path = %trouble.path.display(), "{}", trouble.message);
        }
        let outcome = self.home.ask(|workspace| {
            let outcome = workspace.scanned(report);
            workspace.tell_status();
            outcome
        });
        if let Ok(Err(error)) = outcome {
            tracing::warn!(code = error.code(), "a scan could not be finished: {error}");
        }
    }

    /// Takes away temporary files that a crash has left in our own directory, once a run.
    fn clean(&mut self, replica: &ReplicaId) {
        if self.cleaned != Some(*replica) {
            match Publisher::new(&self.files, self.around.clock(), &self.root).clean(replica) {
                Ok(_) => self.cleaned = Some(*replica),
                Err(error) => tracing::info!(code = error.code(), "{error}"),
            }
        }
    }

    fn remove(&self, paths: &[RelativePath]) {
        let publisher = Publisher::new(&self.files, self.around.clock(), &self.root);
        for path in paths {
            if let Err(error) = publisher.remove(path) {
                tracing::warn!(code = error.code(), "{error}");
            }
        }
    }

    fn write_checkpoint(&mut self) {
        let segments = std::mem::take(&mut self.checkpoint);
        if segments.is_empty() || !self.ready {
            return;
        }
        let Ok(by) = self.home.ask(|workspace| workspace.identity.replica()) else { return };
        let (workspace, clock) = (self.workspace, self.around.clock());
        let scribe = Scribe { files: &self.files, clock, root: &self.root, workspace, by };
        let outcome = scribe.write(&segments, &self.memory);
        if let Ok(Err(error)) = self.home.ask(move |workspace| workspace.wrote_checkpoint(&outcome)) {
            tracing::warn!(code = error.code(), "a checkpoint could not be noted: {error}");
        }
    }

    fn publish(&mut self) {
        if !self.ready || self.waiting.is_empty() {
            return;
        }
        let publisher = Publisher::new(&self.files, self.around.clock(), &self.root);
        let (mut done, mut trouble) = (Vec::new(), None);
        for parcel in &self.waiting {
            match publisher.publish(&parcel.path, &parcel.bytes) {
                Ok(_) => done.push(parcel.name.clone()),
                Err(error) => {
                    tracing::warn!(code = error.code(), "{error}");
                    trouble = Some(match error {
                        PublishError::MissingRoot(_) => FolderTrouble::Missing,
                        _ => FolderTrouble::Unwritable,
                    });
                    break;
                }
            }
        }
        self.waiting.retain(|parcel| !done.contains(&parcel.name));
        let outcome = self.home.ask(move |workspace| {
            if trouble.is_some() {
                workspace.exchange.trouble = trouble;
            }
            let outcome = workspace.published(done);
            workspace.tell_status();
            outcome
        });
        if let Ok(Err(error)) = outcome {
            tracing::warn!(code = error.code(), "published files could not be noted: {error}");
        }
    }
}
