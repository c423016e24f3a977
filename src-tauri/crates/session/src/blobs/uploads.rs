//! Content that a window hands over piece by piece, so that nobody ever holds all of it in memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use inkfold_folder::blob::MAX_BLOB_BYTES;

use super::LocalBlobs;
use crate::error::SessionError;
use crate::wire::BlobInfo;

/// A window that hands over more at once has forgotten the oldest ones.
const MAX_UPLOADS: usize = 32;

/// What is being handed over.
#[derive(Default)]
pub(crate) struct Uploads {
    last: u32,
    open: BTreeMap<u32, Upload>,
}

/// One content that is being handed over. Its file goes with it.
pub(crate) struct Upload {
    blobs: LocalBlobs,
    path: PathBuf,
    file: File,
    size: u64,
}

impl Drop for Upload {
    fn drop(&mut self) {
        // If it can't go, the next start clears it away.
        let _ = fs::remove_file(&self.path);
    }
}

impl Uploads {
    /// Begins one; its number.
    pub fn begin(&mut self, blobs: LocalBlobs) -> Result<u32, SessionError> {
        let path = blobs.temporary()?;
        let file = File::create_new(&path).map_err(SessionError::files(&path))?;
        while self.open.len() >= MAX_UPLOADS {
            self.open.pop_first();
        }
        self.last = self.last.wrapping_add(1);
        self.open.insert(self.last, Upload { blobs, path, file, size: 0 });
        Ok(self.last)
    }

    /// Takes one out, to work on it without keeping others waiting.
    pub fn take(&mut self, number: u32) -> Result<Upload, SessionError> {
        self.open.remove(&number).ok_or(SessionError::NoBlob)
    }

    /// Puts one back.
    pub fn put(&mut self, number: u32, upload: Upload) {
        self.open.insert(number, upload);
    }
}

impl Upload {
    /// Takes the next piece.
    pub fn append(&mut self, piece: &[u8]) -> Result<(), SessionError> {
        self.size += piece.len() as u64;
        if self.size > MAX_BLOB_BYTES {
            return Err(SessionError::BlobTooLarge { size: self.size, max: MAX_BLOB_BYTES });
        }
        self.file.write_all(piece).map_err(SessionError::files(&self.path))
    }

    /// Makes a blob of what was handed over.
    pub fn finish(self) -> Result<BlobInfo, SessionError> {
        self.blobs.add(&self.path)
    }
}
