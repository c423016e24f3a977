//! The courier: takes blobs to the shared folder and brings them from there. It has a thread of its own, and one for each
//! blob that is being read: where a service has to fetch a file first, that may take minutes, and neither the words nor
//! other images may wait for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use inkfold_folder::blob::{BlobError, BlobFile, BlobFiles};
use inkfold_folder::fs::Facts;
use inkfold_folder::{FileHash, FileSystem, RealFileSystem, Refusal};
use tokio::sync::oneshot;

use super::LocalBlobs;
use super::keeping::{Check, Keeping, check};
use crate::carrier::{Errand, Home};
use crate::error::SessionError;
use crate::surroundings::Around;
use crate::wire::{BlobState, FileReport};
use crate::workspace::Workspace;

/// So many blobs are read at the same time.
const READERS: usize = 4;

/// What the courier is told.
enum Order {
    /// Somebody wants to see a blob.
    Want(FileHash),
    /// The folder was looked through: whether it is this workspace's, and may be written.
    Folder {
        usable: bool,
    },
    /// Something was added here.
    Added,
    /// Say when what was added so far was tried to be published.
    Finish(oneshot::Sender<()>),
    /// A blob was looked for in the folder.
    Looked(FileHash, Looked),
    /// A file that looked different from when it was whole was read.
    Checked(FileHash, Facts, Check),
    Stop,
}

/// What came of looking for a blob.
struct Looked {
    came: bool,
    refused: Vec<(BlobFile, Refusal)>,
}

/// The way to the courier. Dropping it ends its work; what is being read by then is thrown away.
pub(crate) struct Courier {
    orders: Sender<Order>,
    stopped: Arc<AtomicBool>,
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = self.orders.send(Order::Stop);
    }
}

impl Courier {
    /// Starts the courier of a workspace with a folder.
    pub fn start(root: PathBuf, blobs: LocalBlobs, home: Errand, around: Around) -> Self {
        let (orders, inbox) = channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let rounds = Rounds {
            root,
            keeping: Keeping::new(blobs.clone(), around),
            is_checking: false,
            blobs,
            home,
            own: orders.clone(),
            stopped: stopped.clone(),
            usable: false,
            wanted: BTreeMap::new(),
            reading: BTreeSet::new(),
            tried: BTreeSet::new(),
            refused: HashMap::new(),
        };
        std::thread::spawn(move || rounds.run(&inbox));
        Courier { orders, stopped }
    }

    /// Somebody wants to see a blob; an event says what comes of it.
    pub fn want(&self, hash: FileHash) {
        let _ = self.orders.send(Order::Want(hash));
    }

    /// The folder was looked through.
    pub fn folder(&self, usable: bool) {
        let _ = self.orders.send(Order::Folder { usable });
    }

    /// Something was added here.
    pub fn added(&self) {
        let _ = self.orders.send(Order::Added);
    }

    /// The receiver hears when what was added so far was tried to be published.
    pub fn finish(&self) -> oneshot::Receiver<()> {
        let (done, heard) = oneshot::channel();
        let _ = self.orders.send(Order::Finish(done));
        heard
    }
}

struct Rounds {
    root: PathBuf,
    blobs: LocalBlobs,
    keeping: Keeping,
    /// A file is being read only to find out whether it is whole; one at a time.
    is_checking: bool,
    home: Errand,
    own: Sender<Order>,
    stopped: Arc<AtomicBool>,
    usable: bool,
    /// Blobs that somebody wants to see, and what the window was told of each.
    wanted: BTreeMap<FileHash, BlobState>,
    reading: BTreeSet<FileHash>,
    /// Blobs that were looked for since the folder was looked through last.
    tried: BTreeSet<FileHash>,
    /// Files that only pretend to be a blob, as they were then: they are not read again until they are different, or
    /// somebody asks.
    refused: HashMap<PathBuf, (Facts, FileHash, Refusal)>,
}

impl Rounds {
    fn run(mut self, inbox: &Receiver<Order>) {
        self.publish();
        while let Ok(order) = inbox.recv() {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            match order {
                Order::Want(hash) => {
                    self.wanted.insert(hash, BlobState::Coming);
                    self.refused.retain(|_, (_, of, _)| *of != hash);
                    self.tried.remove(&hash);
                    self.look();
                }
                Order::Folder { usable } => {
                    self.usable = usable;
                    self.tried.clear();
                    self.publish();
                    self.look();
                }
                Order::Added => self.publish(),
                Order::Finish(done) => {
                    self.publish();
                    let _ = done.send(());
                }
                Order::Looked(hash, looked) => {
                    self.looked(hash, looked);
                    self.look();
                }
                Order::Checked(hash, facts, check) => {
                    self.is_checking = false;
                    if self.keeping.checked(hash, facts, check) {
                        self.publish();
                    } else {
                        self.check_next();
                    }
                }
                Order::Stop => return,
            }
        }
    }

    /// Publishes what is here and isn't in the folder.
    fn publish(&mut self) {
        let published = match self.blobs.own() {
            Ok(own) if !self.usable => Ok(own.len()),
            Ok(own) => self.publish_into_folder(own.len()),
            Err(error) => Err(error),
        };
        match published {
            Ok(outstanding) => self.say(move |workspace| workspace.blobs_outstanding(outstanding)),
            Err(error) => return tracing::warn!("the images and attachments here can't be listed: {error}"),
        }
        self.check_next();
    }

    /// Says how many that were added here are not in the folder afterwards.
    fn publish_into_folder(&mut self, own: usize) -> io::Result<usize> {
        let Ok(files) = BlobFiles::list(&RealFileSystem, &self.root) else { return Ok(own) };
        let Ok(by) = self.home.ask(|workspace| workspace.identity.replica()) else { return Ok(own) };
        let (blobs, stopped) = (&self.blobs, &self.stopped);
        self.keeping.publish(&self.root, &files, &by, &|hash| {
            let file = std::fs::File::open(blobs.path(hash).ok_or(io::ErrorKind::NotFound)?)?;
            Ok(Box::new(UntilStopped { file, stopped: stopped.clone() }))
        })
    }

    /// Begins to read the next file that looks different from when it was whole.
    fn check_next(&mut self) {
        if self.is_checking {
            return;
        }
        let Some((hash, file)) = self.keeping.next_doubtful() else { return self.keeping.keep() };
        self.is_checking = true;
        let (root, workspace) = (self.root.clone(), self.blobs.workspace());
        let (own, stopped) = (self.own.clone(), self.stopped.clone());
        std::thread::spawn(move || {
            let found = check(&root, &workspace, &hash, &file, &|| stopped.load(Ordering::Relaxed));
            let _ = own.send(Order::Checked(hash, file.facts, found));
        });
    }

    /// Tells the workspace something, unless it has another folder by now.
    fn say(&self, job: impl FnOnce(&mut Workspace) + Send + 'static) {
        let turn = self.home.turn;
        let _ = self.home.handle.send(move |workspace| {
            if workspace.exchange.turn == turn {
                job(workspace);
            }
        });
    }

    /// Begins to read what is wanted and may be there.
    fn look(&mut self) {
        if self.wanted.is_empty() {
            return;
        }
        let files = BlobFiles::list(&RealFileSystem, &self.root).unwrap_or_default();
        let wanted: Vec<FileHash> = self.wanted.keys().copied().collect();
        for hash in wanted {
            if self.reading.contains(&hash) || self.tried.contains(&hash) {
                continue;
            }
            if self.blobs.path(&hash).is_some() {
                self.looked(hash, Looked { came: true, refused: Vec::new() });
                continue;
            }
            let known = |file: &BlobFile| self.refused.get(&file.path).is_some_and(|(facts, ..)| *facts == file.facts);
            let candidates: Vec<BlobFile> = files.candidates(&hash).into_iter().filter(|file| !known(file)).collect();
            if candidates.is_empty() {
                self.looked(hash, Looked { came: false, refused: Vec::new() });
            } else if self.reading.len() < READERS {
                self.reading.insert(hash);
                self.tell(hash, BlobState::Coming);
                let reader = BlobReader {
                    root: self.root.clone(),
                    blobs: self.blobs.clone(),
                    stopped: self.stopped.clone(),
                    own: self.own.clone(),
                };
                std::thread::spawn(move || reader.read(hash, candidates));
            }
        }
    }

    fn looked(&mut self, hash: FileHash, looked: Looked) {
        self.reading.remove(&hash);
        self.tried.insert(hash);
        for (file, refusal) in looked.refused {
            self.refused.insert(file.path, (file.facts, hash, refusal));
        }
        if looked.came {
            self.refused.retain(|_, (_, of, _)| *of != hash);
            self.tell(hash, BlobState::Here);
            self.wanted.remove(&hash);
        } else {
            self.tell(hash, BlobState::Absent);
        }
    }

    /// Tells the window what has become of a blob, where that is something new.
    fn tell(&mut self, hash: FileHash, state: BlobState) {
        let told = self.wanted.insert(hash, state);
        if told == Some(state) {
            return;
        }
        let of_it = self.refused.iter().filter(|(_, (_, of, _))| *of == hash);
        let refused = of_it.map(|(path, (_, _, refusal))| FileReport::refused(path, refusal)).collect();
        self.say(move |workspace| workspace.blob_looked_for(hash, state, refused));
    }
}

/// Reads the candidates for one blob, one after the other, until one is it.
struct BlobReader {
    root: PathBuf,
    blobs: LocalBlobs,
    stopped: Arc<AtomicBool>,
    own: Sender<Order>,
}

impl BlobReader {
    fn read(self, hash: FileHash, candidates: Vec<BlobFile>) {
        let stop = || self.stopped.load(Ordering::Relaxed);
        let mut looked = Looked { came: false, refused: Vec::new() };
        for file in candidates {
            let fetched = RealFileSystem
                .open(&self.root.join(&file.path))
                .map_err(|error| SessionError::Blob(BlobError::Read(error)))
                .and_then(|mut from| self.blobs.fetch(&hash, &mut *from, &stop));
            match fetched {
                Ok(()) => {
                    looked.came = true;
                    break;
                }
                Err(SessionError::Blob(BlobError::Stopped)) => return,
                Err(SessionError::Blob(BlobError::Refused(refusal))) => looked.refused.push((file, refusal)),
                Err(error) => tracing::warn!(path = %file.path.display(), "{error}"),
            }
        }
        let _ = self.own.send(Order::Looked(hash, looked));
    }
}

/// A file that ends with an error once nobody wants it any longer.
struct UntilStopped {
    file: std::fs::File,
    stopped: Arc<AtomicBool>,
}

impl Read for UntilStopped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(io::Error::other("Inkfold is closing"));
        }
        self.file.read(into)
    }
}
