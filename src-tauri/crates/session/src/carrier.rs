//! The carrier: the one thread that touches the shared folder. Reading there can block for minutes where a service has
//! to fetch a file, so nothing else may wait for it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use inkfold_engine::{ReplicaId, WorkspaceId};
use inkfold_folder::scan::scan;
use inkfold_folder::{
    FileHash, FileSystem, Memory, PublishError, Publisher, RealFileSystem, RelativePath, ScanRequest, Verdict, Watcher,
};
use tokio::sync::oneshot;

use crate::error::SessionError;
use crate::surroundings::Around;
use crate::wire::FolderTrouble;
use crate::workspace::{Handle, Workspace};

/// The net under the watcher: a scan at least this often.
const INTERVAL: Duration = Duration::from_secs(15);
/// After a hint, more hints are waited for this long, so that a burst of files is one scan.
const GATHER: Duration = Duration::from_millis(30);

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
    Settle(FileHash, Verdict),
    Stop,
}

/// The way to the carrier's thread. Dropping it stops the thread.
pub(crate) struct Carrier(Sender<Order>);

impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = self.0.send(Order::Stop);
    }
}

impl Carrier {
    /// Starts the thread for a folder. What it finds goes to the workspace, from now on or from when it is asked for a scan.
    pub fn start(root: PathBuf, workspace: WorkspaceId, home: Handle, around: Around, first_scan: FirstScan) -> Self {
        let (carrier, orders) = Self::without_thread();
        let hint = carrier.0.clone();
        std::thread::spawn(move || {
            let files = RealFileSystem;
            let (mut watcher, trouble) = Watcher::start(
                &files,
                &root,
                std::sync::Arc::new(move || {
                    let _ = hint.send(Order::Hint);
                }),
            );
            if let Some(trouble) = trouble {
                tracing::info!(code = trouble.code(), "{trouble}");
            }
            let mut work = Work::new(root, workspace, home, files, around);
            let mut inbox = Inbox::default();
            match first_scan {
                FirstScan::AtOnce => {
                    work.scan();
                    watcher.refresh(&work.files);
                }
                FirstScan::WhenAsked => work.wait(&orders, &mut inbox),
            }
            work.run(&orders, &mut watcher, inbox);
        });
        carrier
    }

    /// A carrier whose orders somebody else has to take.
    pub fn without_thread() -> (Self, Receiver<Order>) {
        let (sender, orders) = channel();
        (Carrier(sender), orders)
    }

    pub fn publish(&self, parcels: Vec<Parcel>) {
        let _ = self.0.send(Order::Publish(parcels));
    }

    /// Takes away files of our own.
    pub fn remove(&self, paths: Vec<RelativePath>) {
        let _ = self.0.send(Order::Remove(paths));
    }

    pub fn settle(&self, hash: FileHash, verdict: Verdict) {
        let _ = self.0.send(Order::Settle(hash, verdict));
    }

    /// Asks for a scan; the receiver hears when everything found is taken in.
    pub fn scan(&self) -> oneshot::Receiver<()> {
        let (done, heard) = oneshot::channel();
        let _ = self.0.send(Order::Scan(done));
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
    /// Files to publish, kept until that has worked.
    waiting: Vec<Parcel>,
    /// The folder was scanned whole in this run: only then is anything published.
    ready: bool,
    /// Whose directory was cleaned in this run.
    cleaned: Option<ReplicaId>,
}

/// Orders that are not done yet.
#[derive(Default)]
pub(crate) struct Inbox {
    hinted: bool,
    asked: Vec<oneshot::Sender<()>>,
    stop: bool,
}

impl Inbox {
    fn wants_scan(&self) -> bool {
        self.hinted || !self.asked.is_empty()
    }
}

/// The way to the workspace that a carrier works for.
pub(crate) trait Home: Clone {
    /// Asks, and waits for the answer.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Workspace) -> T + Send + 'static)
    -> Result<T, SessionError>;
}

impl Home for Handle {
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        self.ask_blocking(job)
    }
}

impl<H: Home, F: FileSystem> Work<H, F> {
    pub fn new(root: PathBuf, workspace: WorkspaceId, home: H, files: F, around: Around) -> Self {
        Work {
            root,
            workspace,
            home,
            files,
            around,
            memory: Memory::default(),
            waiting: Vec::new(),
            ready: false,
            cleaned: None,
        }
    }

    /// Scans, publishes what that has led to, and returns.
    pub fn round(&mut self, orders: &Receiver<Order>) {
        let mut inbox = Inbox::default();
        self.take_all(orders, &mut inbox);
        self.scan();
        self.take_all(orders, &mut inbox);
        self.publish();
    }

    fn take_all(&mut self, orders: &Receiver<Order>, inbox: &mut Inbox) {
        while let Ok(order) = orders.try_recv() {
            self.take(order, inbox);
        }
    }

    /// Notes what it is to do until somebody asks for a scan.
    fn wait(&mut self, orders: &Receiver<Order>, inbox: &mut Inbox) {
        while !inbox.stop && inbox.asked.is_empty() {
            match orders.recv() {
                Ok(order) => self.take(order, inbox),
                Err(_) => inbox.stop = true,
            }
        }
    }

    fn run(&mut self, orders: &Receiver<Order>, watcher: &mut Watcher, mut inbox: Inbox) {
        while !inbox.stop {
            let waited = if inbox.wants_scan() { Duration::ZERO } else { INTERVAL };
            match orders.recv_timeout(waited) {
                Ok(order) => self.take(order, &mut inbox),
                Err(RecvTimeoutError::Timeout) => inbox.hinted = true,
                Err(RecvTimeoutError::Disconnected) => inbox.stop = true,
            }
            while !inbox.stop {
                let patience = if inbox.hinted && inbox.asked.is_empty() { GATHER } else { Duration::ZERO };
                match orders.recv_timeout(patience) {
                    Ok(order) => self.take(order, &mut inbox),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => inbox.stop = true,
                }
            }
            let wants_scan = inbox.wants_scan();
            let asked = std::mem::take(&mut inbox.asked);
            inbox.hinted = false;
            if wants_scan {
                self.scan();
                watcher.refresh(&self.files);
                // What the scan has led to is published before anybody hears that it is done.
                self.take_all(orders, &mut inbox);
            }
            self.publish();
            for done in asked {
                let _ = done.send(());
            }
        }
    }

    fn take(&mut self, order: Order, inbox: &mut Inbox) {
        match order {
            Order::Hint => inbox.hinted = true,
            Order::Scan(done) => inbox.asked.push(done),
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
            Order::Settle(hash, verdict) => self.memory.settle(&hash, verdict),
            Order::Stop => inbox.stop = true,
        }
    }

    fn scan(&mut self) {
        let Ok(replica) = self.home.ask(|workspace| workspace.identity.replica()) else { return };
        let request = ScanRequest { workspace: self.workspace, replica };
        self.clean(&replica);
        let home = self.home.clone();
        let report = scan(&self.files, self.around.clock(), &self.root, &request, &mut self.memory, &mut |new| {
            home.ask(|workspace| workspace.take_file(new)).unwrap_or(Verdict::Later)
        });
        self.ready |= report.complete && report.root.is_usable();
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
