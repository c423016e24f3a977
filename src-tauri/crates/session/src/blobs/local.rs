//! The blobs of a workspace on this device: whole files in the form in which the folder has them, each verified before it
//! got its name.
//!
//! ```text
//! <workspace>/blobs/added/<hash>      added here: published again whenever the folder lacks it
//! <workspace>/blobs/fetched/<hash>    fetched from the folder: published again if the folder lacks it for long
//! <workspace>/blobs/whole             what the folder's files of the former looked like when they were whole
//! <workspace>/blobs/~<random>.tmp     not finished; gone at the next start
//! ```

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use imagesize::ImageType;
use inkfold_engine::WorkspaceId;
use inkfold_engine::ids::to_base32;
use inkfold_folder::FileHash;
use inkfold_folder::blob::{BlobError, BlobHeader, MAX_BLOB_BYTES, copy_blob, write_blob};

use crate::error::SessionError;
use crate::surroundings::Around;
use crate::wire::BlobInfo;

/// An image of more bytes is not shown, only kept: to be shown it has to be in memory.
pub const MAX_SHOWN_BYTES: u64 = 64 << 20;
/// An image of more pixels is not shown: a few bytes can stand for gigabytes of them.
const MAX_SHOWN_PIXELS: usize = 100_000_000;
/// Enough of a file to tell whether it is an image.
const START_BYTES: usize = 64;
/// What isn't an image that windows show.
const ANYTHING: &str = "application/octet-stream";

/// The blobs of a workspace on this device.
#[derive(Debug, Clone)]
pub struct LocalBlobs {
    directory: PathBuf,
    workspace: WorkspaceId,
}

/// The content of a blob that is here.
#[derive(Debug)]
pub struct OpenBlob {
    /// What it is, as far as windows can show it; anything else is `application/octet-stream`.
    pub media_type: &'static str,
    /// Its size in bytes.
    pub size: u64,
    file: File,
}

impl OpenBlob {
    /// The content, piece by piece.
    pub fn content(self) -> impl Read {
        self.file.take(self.size)
    }

    /// The content in memory, if it is an image that a window may show.
    ///
    /// # Errors
    /// It can't be read.
    pub fn shown(self) -> io::Result<Option<Vec<u8>>> {
        if self.media_type == ANYTHING || self.size > MAX_SHOWN_BYTES {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.file.take(self.size).read_to_end(&mut bytes)?;
        let pixels = imagesize::blob_size(&bytes).ok().and_then(|size| size.width.checked_mul(size.height));
        Ok(pixels.is_some_and(|pixels| pixels <= MAX_SHOWN_PIXELS).then_some(bytes))
    }
}

impl LocalBlobs {
    /// The blobs below a workspace's directory; clears away what a crash has left there.
    ///
    /// # Errors
    /// The directories can't be made or listed.
    pub fn open(workspace_directory: &Path, workspace: WorkspaceId) -> Result<Self, SessionError> {
        let this = Self::at(workspace_directory, workspace);
        for directory in [this.added(), this.fetched()] {
            fs::create_dir_all(&directory).map_err(SessionError::files(&directory))?;
        }
        for entry in fs::read_dir(&this.directory).map_err(SessionError::files(&this.directory))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with('~') {
                // One that can't go costs only its space.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(this)
    }

    /// The blobs below a workspace's directory, to be looked at and nothing else: somebody else may be writing there.
    pub(crate) fn at(workspace_directory: &Path, workspace: WorkspaceId) -> Self {
        LocalBlobs { directory: workspace_directory.join("blobs"), workspace }
    }

    /// The workspace whose blobs these are.
    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    fn added(&self) -> PathBuf {
        self.directory.join("added")
    }

    fn fetched(&self) -> PathBuf {
        self.directory.join("fetched")
    }

    /// The file of a blob that is here.
    pub(crate) fn path(&self, hash: &FileHash) -> Option<PathBuf> {
        [self.added(), self.fetched()]
            .map(|directory| directory.join(hash.to_string()))
            .into_iter()
            .find(|p| p.is_file())
    }

    /// Where it is kept what the folder's files looked like when they were whole.
    pub(crate) fn whole(&self) -> PathBuf {
        self.directory.join("whole")
    }

    /// How many blobs are here. One that was added and fetched counts once.
    pub(crate) fn count(&self) -> io::Result<usize> {
        Ok(self.own()?.len() + self.held()?.len())
    }

    /// The blobs that were added here, and the size of each one's file.
    pub(crate) fn own(&self) -> io::Result<Vec<(FileHash, u64)>> {
        listed(&self.added())
    }

    /// The blobs that were only fetched, and the size of each one's file.
    pub(crate) fn held(&self) -> io::Result<Vec<(FileHash, u64)>> {
        let own = self.own()?;
        let mut held = listed(&self.fetched())?;
        held.retain(|blob| own.binary_search(blob).is_err());
        Ok(held)
    }

    /// From now on all blobs that are held here count as added here: the folder becomes another one, and into that nobody
    /// else will put them.
    pub(crate) fn answer_for_all(&self) -> Result<(), SessionError> {
        for (hash, _) in self.held().map_err(SessionError::files(&self.directory))? {
            let (from, to) = (self.fetched().join(hash.to_string()), self.added().join(hash.to_string()));
            fs::rename(&from, to).map_err(SessionError::files(from))?;
        }
        sync_directory(&self.added()).map_err(SessionError::files(&self.directory))
    }

    /// A blob that is here.
    ///
    /// # Errors
    /// It isn't, or can't be read.
    pub fn read(&self, hash: &FileHash) -> Result<OpenBlob, SessionError> {
        let path = self.path(hash).ok_or(SessionError::NoBlob)?;
        let mut file = File::open(&path).map_err(SessionError::files(&path))?;
        let header = BlobHeader::read(&mut file, &self.workspace)?;
        let start = file.stream_position().map_err(SessionError::files(&path))?;
        let media_type = media_type(&mut file).map_err(SessionError::files(&path))?;
        file.seek(SeekFrom::Start(start)).map_err(SessionError::files(&path))?;
        Ok(OpenBlob { media_type, size: header.size, file })
    }

    /// Adds what a file holds. The blob is durable when this returns.
    ///
    /// # Errors
    /// It is too large, or can't be read or stored.
    pub fn add(&self, path: &Path) -> Result<BlobInfo, SessionError> {
        let mut content = File::open(path).map_err(SessionError::files(path))?;
        let size = content.metadata().map_err(SessionError::files(path))?.len();
        if size > MAX_BLOB_BYTES {
            return Err(SessionError::BlobTooLarge { size, max: MAX_BLOB_BYTES });
        }
        let media_type = media_type(&mut content).map_err(SessionError::files(path))?;
        content.rewind().map_err(SessionError::files(path))?;
        let pixels = (media_type != ANYTHING).then(|| imagesize::reader_size(BufReader::new(&content)).ok()).flatten();
        content.rewind().map_err(SessionError::files(path))?;
        let header = BlobHeader { workspace: self.workspace, media_type: media_type.into(), size };
        let hash = self.keep(&self.added(), None, |to| write_blob(&header, &mut content, to))?;
        let shown = pixels.filter(|pixels| {
            size <= MAX_SHOWN_BYTES
                && pixels.width.checked_mul(pixels.height).is_some_and(|all| all <= MAX_SHOWN_PIXELS)
        });
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        Ok(BlobInfo {
            hash: hash.to_string(),
            media_type: media_type.into(),
            size: size as u32,
            width: shown.map(|pixels| side(pixels.width)),
            height: shown.map(|pixels| side(pixels.height)),
        })
    }

    /// Adds what a blob of another workspace holds, under the hash that it has in this one. It is durable when this returns.
    ///
    /// # Errors
    /// It isn't there, or can't be read or stored.
    pub(crate) fn adopt(&self, from: &LocalBlobs, hash: &FileHash) -> Result<FileHash, SessionError> {
        let path = from.path(hash).ok_or(SessionError::NoBlob)?;
        let mut file = File::open(&path).map_err(SessionError::files(&path))?;
        // Its first bytes name the workspace, so here it is another file.
        let header = BlobHeader { workspace: self.workspace, ..BlobHeader::read(&mut file, &from.workspace)? };
        self.keep(&self.added(), None, |to| write_blob(&header, &mut file, to))
    }

    /// Takes in a file of the folder, if it is this blob.
    pub(crate) fn fetch(
        &self,
        hash: &FileHash,
        from: &mut dyn Read,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), SessionError> {
        self.keep(&self.fetched(), Some(stop), |to| copy_blob(from, to, &self.workspace, hash, stop).map(|_| *hash))?;
        Ok(())
    }

    /// Writes a file beside the others, and gives it its name once it is whole and durable.
    fn keep(
        &self,
        directory: &Path,
        stop: Option<&dyn Fn() -> bool>,
        write: impl FnOnce(&mut dyn Write) -> Result<FileHash, BlobError>,
    ) -> Result<FileHash, SessionError> {
        let temporary = self.temporary()?;
        let kept = (|| {
            let mut file = File::create_new(&temporary).map_err(SessionError::files(&temporary))?;
            let hash = write(&mut file)?;
            file.sync_all().map_err(SessionError::files(&temporary))?;
            if stop.is_some_and(|stop| stop()) {
                return Err(BlobError::Stopped.into());
            }
            let target = directory.join(hash.to_string());
            fs::rename(&temporary, &target).map_err(SessionError::files(&target))?;
            sync_directory(directory).map_err(SessionError::files(directory))?;
            Ok(hash)
        })();
        if kept.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        kept
    }

    /// A path for a file that isn't finished.
    pub(crate) fn temporary(&self) -> Result<PathBuf, SessionError> {
        Ok(self.directory.join(format!("~{}.tmp", to_base32(&Around::real().random::<10>()?))))
    }
}

/// The blobs in a directory, and the size of each one's file.
fn listed(directory: &Path) -> io::Result<Vec<(FileHash, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Some(hash) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push((hash, entry.metadata()?.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Makes the names in a directory durable, where the system offers it.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { File::open(directory)?.sync_all() }
}

/// What content is, by its first bytes. Only what windows show is told apart; a drawing in SVG is a program, and is
/// a file like any other here.
fn media_type(content: &mut dyn Read) -> io::Result<&'static str> {
    let mut start = Vec::new();
    content.take(START_BYTES as u64).read_to_end(&mut start)?;
    Ok(match imagesize::image_type(&start) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Gif) => "image/gif",
        Ok(ImageType::Webp) => "image/webp",
        _ => ANYTHING,
    })
}
