//! Blobs: what images and attachments hold, each a file of its own that is known by the hash of its bytes. A document
//! names the whole hash, so whatever lies in the folder under a blob's name, only the right bytes are ever taken.
//! `src-tauri/FORMAT.md` section 12 is the normative description.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use inkfold_engine::WorkspaceId;
use inkfold_engine::codec::Writer;

use crate::fs::{Facts, FileSystem, Kind};
use crate::kind::{MAGIC, Mark, is_blob_directory, mark, open_plain, read_workspace, write_head_with};
use crate::layout::{RelativePath, is_data_directory};
use crate::refusal::Refusal;
use crate::segment::FileHash;

/// The byte after the magic, for a blob.
pub const KIND_BLOB: u8 = b'B';
/// The greatest size of a blob's content.
pub const MAX_BLOB_BYTES: u64 = 256 << 20;
/// The greatest length of a media type.
pub const MAX_MEDIA_TYPE: usize = 100;
/// No header is longer.
const MAX_HEADER_BYTES: usize = 160;
/// What is read at once, and how often a stop is looked for.
const PIECE_BYTES: usize = 64 << 10;
/// More entries of a directory than this are not looked at.
const MAX_ENTRIES: usize = 200_000;

/// What a blob says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobHeader {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What the content is, such as `image/png`.
    pub media_type: String,
    /// The content's size in bytes.
    pub size: u64,
}

impl BlobHeader {
    /// The bytes that stand before the content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        write_head_with(&mut out, KIND_BLOB, &self.workspace);
        out.text(&self.media_type);
        out.uint(self.size);
        out.0
    }

    /// Takes the header from a file's first bytes; says also how long it is.
    ///
    /// # Errors
    /// Why the file can't be used.
    pub fn parse(start: &[u8], workspace: &WorkspaceId) -> Result<(Self, usize), Refusal> {
        match mark(start) {
            Mark::Unknown(KIND_BLOB) => {}
            Mark::Cut => return Err(Refusal::Incomplete),
            Mark::Ours(kind) => return Err(Refusal::UnknownKind(kind.byte())),
            Mark::Unknown(kind) => return Err(Refusal::UnknownKind(kind)),
            // A file that a service has laid out but not yet filled is all zeros.
            Mark::Foreign if MAGIC.starts_with(start) || start.iter().all(|byte| *byte == 0) => {
                return Err(Refusal::Incomplete);
            }
            Mark::Foreign => return Err(Refusal::NotOurs),
        }
        let mut reader = open_plain(start)?;
        read_workspace(&mut reader, workspace)?;
        let media_type = reader.text()?;
        if !is_media_type(media_type) {
            return Err(Refusal::Malformed("a media type that is none"));
        }
        let media_type = media_type.to_owned();
        let size = reader.uint()?;
        if size > MAX_BLOB_BYTES {
            return Err(Refusal::TooLarge { size, max: MAX_BLOB_BYTES });
        }
        Ok((Self { workspace: *workspace, media_type, size }, start.len() - reader.0.len()))
    }

    /// Reads the header off the front of a file, and no byte of its content.
    ///
    /// # Errors
    /// It can't be read, or can't be used.
    pub fn read(from: &mut dyn Read, workspace: &WorkspaceId) -> Result<Self, BlobError> {
        let mut start = Vec::new();
        loop {
            match Self::parse(&start, workspace) {
                Ok((header, _)) => return Ok(header),
                Err(refusal) if start.len() == MAX_HEADER_BYTES => return Err(refusal.into()),
                Err(refusal) => {
                    let mut byte = [0];
                    if read_some(from, &mut byte)? == 0 {
                        let cut = matches!(refusal, Refusal::Malformed(_));
                        return Err(if cut { Refusal::Incomplete } else { refusal }.into());
                    }
                    start.extend(byte);
                }
            }
        }
    }
}

/// Lowercase `type/subtype` without parameters.
fn is_media_type(text: &str) -> bool {
    let plain = |part: &str| {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"!#$&-^_.+".contains(&c);
        !part.is_empty() && part.bytes().all(allowed)
    };
    text.len() <= MAX_MEDIA_TYPE && text.split_once('/').is_some_and(|(top, sub)| plain(top) && plain(sub))
}

/// Why a blob could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The file can't be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The source could not be read.
    #[error("it could not be read: {0}")]
    Read(#[source] io::Error),
    /// The copy could not be written.
    #[error("it could not be written: {0}")]
    Write(#[source] io::Error),
    /// Whoever wanted it wants it no longer.
    #[error("it is no longer wanted")]
    Stopped,
}

/// Makes a blob of content whose header is given, piece by piece; its hash.
///
/// # Errors
/// As [`BlobError`]; the content is shorter or longer than the header says.
pub fn write_blob(header: &BlobHeader, content: &mut dyn Read, to: &mut dyn Write) -> Result<FileHash, BlobError> {
    let mut copy = Copy::to(to);
    copy.take(&header.to_bytes())?;
    copy.rest(content, header.size, &|| false)?;
    Ok(copy.hash())
}

/// Copies a blob piece by piece, and verifies that it is the one with this hash: what was copied, whatever the file
/// becomes meanwhile. `stop` is asked between the pieces; one piece may take minutes where a service has to fetch it.
///
/// # Errors
/// As [`BlobError`]; what was written by then is to be thrown away.
pub fn copy_blob(
    from: &mut dyn Read,
    to: &mut dyn Write,
    workspace: &WorkspaceId,
    hash: &FileHash,
    stop: &dyn Fn() -> bool,
) -> Result<BlobHeader, BlobError> {
    let (header, found) = copy_any(from, to, workspace, stop)?;
    if found == *hash { Ok(header) } else { Err(Refusal::WrongContent.into()) }
}

/// Reads a file to its end, and says which blob it is.
///
/// # Errors
/// It is none, or can't be read.
pub fn hash_blob(from: &mut dyn Read, workspace: &WorkspaceId) -> Result<FileHash, BlobError> {
    copy_any(from, &mut io::sink(), workspace, &|| false).map(|(_, hash)| hash)
}

fn copy_any(
    from: &mut dyn Read,
    to: &mut dyn Write,
    workspace: &WorkspaceId,
    stop: &dyn Fn() -> bool,
) -> Result<(BlobHeader, FileHash), BlobError> {
    let header = BlobHeader::read(from, workspace)?;
    let mut copy = Copy::to(to);
    copy.take(&header.to_bytes())?;
    copy.rest(from, header.size, stop)?;
    let hash = copy.hash();
    Ok((header, hash))
}

/// A copy that is being made, and the hash of what is in it.
struct Copy<'a> {
    to: &'a mut dyn Write,
    hasher: blake3::Hasher,
}

impl<'a> Copy<'a> {
    fn to(to: &'a mut dyn Write) -> Self {
        Self { to, hasher: blake3::Hasher::new() }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.hasher.update(bytes);
        self.to.write_all(bytes).map_err(BlobError::Write)
    }

    /// Takes so many bytes, after which the source has to end.
    fn rest(&mut self, from: &mut dyn Read, size: u64, stop: &dyn Fn() -> bool) -> Result<(), BlobError> {
        let mut piece = vec![0; PIECE_BYTES];
        let mut left = size;
        loop {
            if stop() {
                return Err(BlobError::Stopped);
            }
            let read = read_some(from, &mut piece)?;
            match left.checked_sub(read as u64) {
                Some(0) if read == 0 => return Ok(()),
                Some(_) if read == 0 => return Err(Refusal::Incomplete.into()),
                Some(after) => left = after,
                None => return Err(Refusal::Malformed("more bytes than the header says").into()),
            }
            self.take(&piece[..read])?;
        }
    }

    fn hash(&self) -> FileHash {
        FileHash(*self.hasher.finalize().as_bytes())
    }
}

fn read_some(from: &mut dyn Read, into: &mut [u8]) -> Result<usize, BlobError> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(BlobError::Read),
        }
    }
}

/// A file that may be a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFile {
    /// Where it lies, below the root.
    pub path: PathBuf,
    /// What is known of it without reading it.
    pub facts: Facts,
}

/// The files in a shared folder's directories for blobs, by their names alone; nothing is read.
#[derive(Debug, Default)]
pub struct BlobFiles(Vec<BlobFile>);

impl BlobFiles {
    /// Looks into the directories for blobs, also those that a service has renamed.
    ///
    /// # Errors
    /// The root can't be listed. A directory that can't be is passed over.
    pub fn list(files: &dyn FileSystem, root: &Path) -> io::Result<Self> {
        let mut found = Vec::new();
        for data in directories(files, root, Path::new(""), is_data_directory)? {
            for directory in directories(files, root, &data, is_blob_directory).unwrap_or_default() {
                let Ok(listing) = files.list(&root.join(&directory), MAX_ENTRIES) else { continue };
                found.extend(listing.entries.into_iter().filter_map(|entry| {
                    let facts = entry.facts.ok().filter(|facts| facts.kind == Kind::File)?;
                    Some(BlobFile { path: directory.join(entry.name), facts })
                }));
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self(found))
    }

    /// The files that may be this blob: the one of its own name first, then copies under whatever name a service has
    /// made of it.
    pub fn candidates(&self, hash: &FileHash) -> Vec<BlobFile> {
        let (own, h16) = (RelativePath::blob(hash).below(Path::new("")), hash.h16());
        let named = |file: &&BlobFile| {
            file.path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().contains(&h16))
        };
        let mut found: Vec<BlobFile> = self.0.iter().filter(named).cloned().collect();
        found.sort_by_key(|file| file.path != own);
        found
    }

    /// All of them, by path.
    pub fn iter(&self) -> impl Iterator<Item = &BlobFile> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file may be this blob.
    pub fn may_have(&self, hash: &FileHash) -> bool {
        self.named(hash).is_some() || !self.candidates(hash).is_empty()
    }

    /// The file under the blob's own name, whatever is in it: whoever reads it verifies it.
    pub fn named(&self, hash: &FileHash) -> Option<&BlobFile> {
        let own = RelativePath::blob(hash).below(Path::new(""));
        self.0.binary_search_by(|file| file.path.cmp(&own)).ok().map(|at| &self.0[at])
    }

    /// Whether a file of this size stands under the blob's own name. Whoever reads it verifies it.
    pub fn has(&self, hash: &FileHash, size: u64) -> bool {
        self.named(hash).is_some_and(|file| file.facts.size == size)
    }

    /// Whether a file of this size may be the blob, under its own name or under one that a service has made of it.
    pub fn may_hold(&self, hash: &FileHash, size: u64) -> bool {
        self.candidates(hash).iter().any(|file| file.facts.size == size)
    }
}

fn directories(
    files: &dyn FileSystem,
    root: &Path,
    below: &Path,
    wanted: impl Fn(&std::ffi::OsStr) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let listing = files.list(&root.join(below), MAX_ENTRIES)?;
    let is_directory = |facts: &io::Result<Facts>| facts.as_ref().is_ok_and(|facts| facts.kind == Kind::Directory);
    let found = listing.entries.into_iter().filter(|entry| is_directory(&entry.facts) && wanted(&entry.name));
    Ok(found.map(|entry| below.join(entry.name)).collect())
}
