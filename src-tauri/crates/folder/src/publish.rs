//! Writing into the shared folder: whole files only, each under a name of its own, in directories of our own.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use inkfold_engine::ReplicaId;
use inkfold_engine::ids::{from_base32, to_base32};

use crate::fs::{Clock, Facts, FileSystem, Kind, is_busy};
use crate::layout::{DATA_DIRECTORY, RelativePath, replica_directory};
use crate::segment::FileHash;

/// How long a file that another program keeps open is tried again.
pub const BUSY_PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait between two tries.
const BUSY_PAUSE: Duration = Duration::from_millis(200);
/// Random bytes in a temporary file's name.
const TEMPORARY_BYTES: usize = 10;
/// More leftovers than this are left for the next run.
const MAX_LEFTOVERS: usize = 100_000;

/// Why a file could not be published. The bytes stay in the outbox; every one of these is worth another try later.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The shared folder isn't there.
    #[error("the shared folder {} is not there; reconnect the drive or start the sync service. Nothing is lost meanwhile", .0.display())]
    MissingRoot(PathBuf),
    /// Nothing may be written there.
    #[error("nothing may be written to {}; check that you are allowed to change the shared folder", .path.display())]
    ReadOnly {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The disk or the quota is full.
    #[error("there is no space left for {}; make room on the disk or in the sync service", .path.display())]
    Full {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another program kept the file open all the time.
    #[error("another program keeps {} open; it is tried again later", .path.display())]
    Busy {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something that isn't a file, or not a directory, stands in the way.
    #[error("something else stands at {}; move it out of the shared folder", .0.display())]
    InTheWay(PathBuf),
    /// Anything else.
    #[error("{} could not be written ({source}); it is tried again later", .path.display())]
    Other {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl PublishError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingRoot(_) => "publish/missing-root",
            Self::ReadOnly { .. } => "publish/read-only",
            Self::Full { .. } => "publish/full",
            Self::Busy { .. } => "publish/busy",
            Self::InTheWay(_) => "publish/in-the-way",
            Self::Other { .. } => "publish/other",
        }
    }

    fn of(path: &Path, source: io::Error) -> Self {
        use io::ErrorKind as E;
        let path = path.to_owned();
        match source.kind() {
            E::PermissionDenied | E::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            E::StorageFull | E::QuotaExceeded | E::FileTooLarge => Self::Full { path, source },
            E::IsADirectory | E::NotADirectory | E::DirectoryNotEmpty => Self::InTheWay(path),
            _ if is_busy(&source) => Self::Busy { path, source },
            _ => Self::Other { path, source },
        }
    }
}

/// What publishing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The file was written.
    Written,
    /// The very same file was there.
    WasThere,
}

/// Writes files into one shared folder.
pub struct Publisher<'a> {
    files: &'a dyn FileSystem,
    clock: &'a dyn Clock,
    root: &'a Path,
}

impl<'a> Publisher<'a> {
    /// A publisher for the folder at `root`.
    pub fn new(files: &'a dyn FileSystem, clock: &'a dyn Clock, root: &'a Path) -> Self {
        Self { files, clock, root }
    }

    /// Publishes a file: written beside its place under another name, made durable, then renamed. Once this returns,
    /// the file is durable here; that it arrived elsewhere, only the others can say.
    ///
    /// Running it again changes nothing. Other bytes under the same name are replaced: names hold the hash of their
    /// content, so they can only be damaged.
    ///
    /// # Errors
    /// It could not be written; worth another try.
    pub fn publish(&self, path: &RelativePath, bytes: &[u8]) -> Result<Published, PublishError> {
        self.check_root()?;
        let target = path.below(self.root);
        let directory = self.make_directories(path)?;
        match self.files.facts(&target) {
            Ok(facts) if facts.kind == Kind::Directory => return Err(PublishError::InTheWay(target)),
            Ok(facts) if facts.kind == Kind::File && facts.size == bytes.len() as u64 => {
                if self.files.read(&target, bytes.len() + 1).is_ok_and(|there| there == bytes) {
                    // The run before may have ended between the rename and here.
                    self.retry(&directory, || self.files.sync_directory(&directory))?;
                    return Ok(Published::WasThere);
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(PublishError::of(&target, error)),
        }
        let workshop = self.root.join(path.workshop());
        if workshop != directory {
            self.make_directory(&self.root.join(DATA_DIRECTORY), &workshop)?;
        }
        let temporary = workshop.join(temporary_name()?);
        self.put(&temporary, &target, &mut || self.files.write_new(&temporary, bytes))?;
        self.retry(&directory, || self.files.sync_directory(&directory))?;
        Ok(Published::Written)
    }

    /// Publishes a blob of so many bytes, in pieces. A file of that size under its name is left as it is: to compare it, a
    /// service might have to fetch all of it first, and whoever reads it verifies it. Only one that is known to be `damaged`,
    /// by its facts, is replaced.
    ///
    /// # Errors
    /// It could not be written; worth another try.
    pub fn publish_blob(
        &self,
        hash: &FileHash,
        size: u64,
        by: &ReplicaId,
        damaged: Option<&Facts>,
        open: &dyn Fn() -> io::Result<Box<dyn Read + Send>>,
    ) -> Result<Published, PublishError> {
        let write = &|temporary: &Path| self.files.write_new_from(temporary, &mut *open()?);
        self.publish_for_all(&RelativePath::blob(hash), size, by, damaged, write)
    }

    /// Publishes a part of a checkpoint. Like a blob it is left as it is where there is one.
    ///
    /// # Errors
    /// It could not be written; worth another try.
    pub fn publish_checkpoint(&self, bytes: &[u8], by: &ReplicaId) -> Result<Published, PublishError> {
        let path = RelativePath::checkpoint(&FileHash::of(bytes));
        self.publish_for_all(&path, bytes.len() as u64, by, None, &|temporary| self.files.write_new(temporary, bytes))
    }

    /// Publishes a file that is nobody's. It is written in the directory of the replica `by`, since leftovers in the
    /// directory that all share would be nobody's to clean.
    fn publish_for_all(
        &self,
        path: &RelativePath,
        size: u64,
        by: &ReplicaId,
        damaged: Option<&Facts>,
        write: &dyn Fn(&Path) -> io::Result<()>,
    ) -> Result<Published, PublishError> {
        self.check_root()?;
        let target = path.below(self.root);
        let directory = self.make_directories(path)?;
        match self.files.facts(&target) {
            Ok(facts) if facts.kind == Kind::Directory => return Err(PublishError::InTheWay(target)),
            Ok(facts) if Some(&facts) == damaged => {}
            Ok(facts) if facts.kind == Kind::File && facts.size == size => return Ok(Published::WasThere),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(PublishError::of(&target, error)),
        }
        let temporary_path = RelativePath::segment(by, &temporary_name()?);
        let temporary = temporary_path.below(self.root);
        self.make_directories(&temporary_path)?;
        self.put(&temporary, &target, &mut || write(&temporary))?;
        self.retry(&directory, || self.files.sync_directory(&directory))?;
        Ok(Published::Written)
    }

    /// Writes a temporary file, makes it durable and gives it its name.
    fn put(
        &self,
        temporary: &Path,
        target: &Path,
        write: &mut dyn FnMut() -> io::Result<()>,
    ) -> Result<(), PublishError> {
        let written = self
            .retry(temporary, write)
            .and_then(|()| self.retry(temporary, || self.files.sync_file(temporary)))
            .and_then(|()| self.retry(target, || self.files.rename(temporary, target)));
        if let Err(error) = written {
            // A failure here only leaves the temporary file for `clean`.
            let _ = self.files.remove_file(temporary);
            self.check_root()?;
            return Err(error);
        }
        Ok(())
    }

    /// Makes the directories above a file; the innermost.
    fn make_directories(&self, path: &RelativePath) -> Result<PathBuf, PublishError> {
        let mut directory = self.root.to_owned();
        for name in path.directories() {
            let below = self.root.join(name);
            self.make_directory(&directory, &below)?;
            directory = below;
        }
        Ok(directory)
    }

    /// Removes a file of one's own. Nothing there is fine.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn remove(&self, path: &RelativePath) -> Result<(), PublishError> {
        self.check_root()?;
        let target = path.below(self.root);
        match self.retry(&target, || match self.files.remove_file(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.check_root()?;
                Err(error)
            }
        }
    }

    /// Removes the temporary files that earlier runs left in the replica's own directory, and says how many. To be
    /// called before anything is published. Files anywhere else are never touched: they may be somebody else's.
    ///
    /// # Errors
    /// The directory could not be listed, or a file not be removed.
    pub fn clean(&self, replica: &ReplicaId) -> Result<usize, PublishError> {
        let directory = replica_directory(self.root, replica);
        let listing = match self.files.list(&directory, MAX_LEFTOVERS) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(PublishError::of(&directory, error)),
        };
        let mut removed = 0;
        for entry in listing.entries {
            let ours = entry.name.to_str().is_some_and(is_temporary_name);
            if ours && entry.facts.is_ok_and(|facts| facts.kind == Kind::File) {
                let path = directory.join(&entry.name);
                self.retry(&path, || self.files.remove_file(&path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn check_root(&self) -> Result<(), PublishError> {
        // A root that isn't there is never made: the drive may be unplugged, and what is written to its mount point
        // would be hidden once it is back.
        match self.files.is_directory(self.root) {
            Ok(true) => Ok(()),
            Ok(false) => Err(PublishError::MissingRoot(self.root.to_owned())),
            Err(error) => Err(PublishError::of(self.root, error)),
        }
    }

    fn make_directory(&self, parent: &Path, directory: &Path) -> Result<(), PublishError> {
        match self.files.facts(directory) {
            Ok(facts) if facts.kind == Kind::Directory => return Ok(()),
            Ok(_) => return Err(PublishError::InTheWay(directory.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(PublishError::of(directory, error)),
        }
        self.retry(directory, || match self.files.create_directory(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        })?;
        self.retry(parent, || self.files.sync_directory(parent))
    }

    fn retry(&self, path: &Path, mut step: impl FnMut() -> io::Result<()>) -> Result<(), PublishError> {
        let start = self.clock.monotonic();
        loop {
            match step() {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_busy(&error) && self.clock.monotonic().saturating_sub(start) < BUSY_PATIENCE => {
                    self.clock.sleep(BUSY_PAUSE);
                }
                Err(error) => return Err(PublishError::of(path, error)),
            }
        }
    }
}

fn temporary_name() -> Result<String, PublishError> {
    let mut random = [0; TEMPORARY_BYTES];
    getrandom::fill(&mut random)
        .map_err(|error| PublishError::Other { path: PathBuf::new(), source: io::Error::other(error) })?;
    Ok(format!("~{}.tmp", to_base32(&random)))
}

fn is_temporary_name(name: &str) -> bool {
    name.strip_prefix('~')
        .and_then(|rest| rest.strip_suffix(".tmp"))
        .and_then(from_base32)
        .is_some_and(|random| random.len() == TEMPORARY_BYTES)
}
