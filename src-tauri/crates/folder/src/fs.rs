//! The only way to the shared folder: one trait, so that a simulated folder with every fault can stand in for the real
//! one, and one real implementation.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// What stands at a path; links are never followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink, FIFO, socket or device: never touched.
    Other,
}

/// What is known of a file without reading it. A file whose facts are *different* is read again; which of two is later
/// says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// When its content changed, in nanoseconds since 1970; 0 where the system doesn't say.
    pub modified: i64,
    /// When its metadata changed; 0 where the system doesn't say.
    pub changed: i64,
    /// Its number in the file system; 0 where there is none.
    pub inode: u64,
    /// A service holds the content elsewhere and fetches it when the file is read.
    pub offline: bool,
}

/// An entry of a directory.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// What stands there; an error concerns this entry alone.
    pub facts: io::Result<Facts>,
}

/// The entries of a directory.
#[derive(Debug, Default)]
pub struct Listing {
    /// In no particular order.
    pub entries: Vec<Entry>,
    /// There are more than were asked for, or some could not be listed.
    pub cut: bool,
}

/// The file system under the shared folder. Each method is one step, so that a simulator can fail or stop after any.
pub trait FileSystem: Send + Sync {
    /// Whether a directory stands at the path. Follows links: the root is where its owner says.
    ///
    /// # Errors
    /// The system can't tell. A path at which nothing stands is `false`.
    fn is_directory(&self, path: &Path) -> io::Result<bool>;

    /// The entries of a directory, at most `limit`.
    ///
    /// # Errors
    /// The directory can't be listed.
    fn list(&self, directory: &Path, limit: usize) -> io::Result<Listing>;

    /// What stands at a path.
    ///
    /// # Errors
    /// Nothing does, or the system can't tell.
    fn facts(&self, path: &Path) -> io::Result<Facts>;

    /// The first bytes of a regular file, at most `limit`. May block for minutes where a service fetches the content.
    ///
    /// # Errors
    /// It isn't a regular file, or can't be read.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// A regular file, to be read in pieces. Opening it and each read may block for minutes. Where nothing else is
    /// said, all of it is read at once, which suits file systems in memory.
    ///
    /// # Errors
    /// It isn't a regular file, or can't be opened.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.read(path, usize::MAX)?)))
    }

    /// Makes one directory.
    ///
    /// # Errors
    /// It can't be made; also when it is there.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes a file with these bytes.
    ///
    /// # Errors
    /// It can't be made; also when it is there.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file with what a source gives, in pieces; at once where nothing else is said.
    ///
    /// # Errors
    /// It can't be made, also when it is there, or the source fails.
    fn write_new_from(&self, path: &Path, source: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        self.write_new(path, &bytes)
    }

    /// Returns once the file's content is durable.
    ///
    /// # Errors
    /// The system could not make it so.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Renames a file and replaces what stands there.
    ///
    /// # Errors
    /// It can't be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns once a directory's entries are durable, as far as the system offers it.
    ///
    /// # Errors
    /// The system could not make it so.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// It can't be removed.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
}

/// The computer's own file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealFileSystem;

impl FileSystem for RealFileSystem {
    fn is_directory(&self, path: &Path) -> io::Result<bool> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(metadata.is_dir()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn list(&self, directory: &Path, limit: usize) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in fs::read_dir(directory)? {
            if listing.entries.len() == limit {
                listing.cut = true;
                break;
            }
            match entry {
                // `DirEntry::metadata` doesn't follow links.
                Ok(entry) => {
                    let facts = entry.metadata().map(|metadata| facts_of(&metadata));
                    listing.entries.push(Entry { name: entry.file_name(), facts });
                }
                Err(_) => {
                    listing.cut = true;
                    break;
                }
            }
        }
        Ok(listing)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        fs::symlink_metadata(path).map(|metadata| facts_of(&metadata))
    }

    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open_regular(path)?.take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(open_regular(path)?))
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
    }

    fn write_new_from(&self, path: &Path, source: &mut dyn Read) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        io::copy(source, &mut file).map(|_| ())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        // Windows flushes only through a handle that may write.
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if cfg!(windows) {
            return Ok(());
        }
        match File::open(path)?.sync_all() {
            // Network file systems that can't flush a directory say so; there is nothing better to do there.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            result => result,
        }
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

fn open_regular(path: &Path) -> io::Result<File> {
    let file = open_without_following(path)?;
    // What was listed as a file may have been replaced since; only the opened thing counts.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

#[cfg(unix)]
fn open_without_following(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // Without O_NONBLOCK, opening a FIFO that nobody writes to would hang for good.
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC).open(path)
}

#[cfg(windows)]
fn open_without_following(path: &Path) -> io::Result<File> {
    // Cloud placeholders are reparse points too and have to be followed to be read; links were ruled out by the
    // listing, and a link that comes in between leads to a file whose content is verified like any other.
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn facts_of(metadata: &fs::Metadata) -> Facts {
    use std::os::unix::fs::MetadataExt;
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Facts {
        kind: kind_of(metadata),
        size: metadata.len(),
        modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        offline: offline(metadata),
    }
}

#[cfg(not(unix))]
fn facts_of(metadata: &fs::Metadata) -> Facts {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Facts {
        kind: kind_of(metadata),
        size: metadata.len(),
        modified: modified.map_or(0, |time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)),
        changed: 0,
        inode: 0,
        offline: offline(metadata),
    }
}

fn kind_of(metadata: &fs::Metadata) -> Kind {
    match metadata.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Directory,
        _ => Kind::Other,
    }
}

#[cfg(windows)]
fn offline(metadata: &fs::Metadata) -> bool {
    use std::os::windows::fs::MetadataExt;
    const OFFLINE: u32 = 0x1000;
    const RECALL_ON_OPEN: u32 = 0x4_0000;
    const RECALL_ON_DATA_ACCESS: u32 = 0x40_0000;
    metadata.file_attributes() & (OFFLINE | RECALL_ON_OPEN | RECALL_ON_DATA_ACCESS) != 0
}

#[cfg(target_os = "macos")]
fn offline(metadata: &fs::Metadata) -> bool {
    use std::os::macos::fs::MetadataExt;
    const DATALESS: u32 = 0x4000_0000;
    metadata.st_flags() & DATALESS != 0
}

#[cfg(not(any(windows, target_os = "macos")))]
fn offline(_: &fs::Metadata) -> bool {
    false
}

/// Whether another program keeps the file open for a moment, as virus scanners and sync services on Windows do.
pub(crate) fn is_busy(error: &io::Error) -> bool {
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    error.kind() == io::ErrorKind::ResourceBusy
        || (cfg!(windows) && matches!(error.raw_os_error(), Some(SHARING_VIOLATION | LOCK_VIOLATION)))
}

/// Time as the folder needs it: passed in, so that tests don't wait.
pub trait Clock: Send + Sync {
    /// Time since some fixed moment of this run; never goes back.
    fn monotonic(&self) -> Duration;

    /// Nanoseconds since 1970 by this computer's clock. Only compared with this computer's file times.
    fn wall_nanos(&self) -> i64;

    /// Waits.
    fn sleep(&self, duration: Duration);
}

/// The computer's clock.
#[derive(Debug, Clone, Copy)]
pub struct RealClock(Instant);

impl Default for RealClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RealClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall_nanos(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
