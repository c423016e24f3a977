//! Images and attachments. What is added is stored on this device first; a thread of its own, the [`courier`], takes it
//! to the shared folder and brings what others added, as soon as somebody wants to see it.

pub(crate) mod courier;
mod keeping;
mod local;
mod uploads;
mod whole;

pub use local::{LocalBlobs, MAX_SHOWN_BYTES, OpenBlob};
pub(crate) use uploads::Uploads;

use inkfold_folder::FileHash;

use crate::error::SessionError;
use crate::wire::{BlobState, Event, FileReport};
use crate::workspace::Workspace;

/// The hash that a window names.
pub(crate) fn parse(hash: &str) -> Result<FileHash, SessionError> {
    hash.parse().map_err(|_| SessionError::NoBlob)
}

impl Workspace {
    /// The courier has looked for a blob: what has become of it, and the files that only pretend to be it.
    pub fn blob_looked_for(&mut self, hash: FileHash, state: BlobState, refused: Vec<FileReport>) {
        self.exchange.refused_blobs.insert(hash, refused);
        self.exchange.refused_blobs.retain(|_, reports| !reports.is_empty());
        self.tell(Event::Blob { hash: hash.to_string(), state });
        self.tell_status();
    }

    /// How many blobs are published from here.
    pub fn count_blobs(&self) -> Result<usize, SessionError> {
        let own = self.blobs.as_ref().map(LocalBlobs::own).transpose();
        Ok(own.map_err(SessionError::files("the images and attachments here"))?.map_or(0, |own| own.len()))
    }

    /// So many blobs that were added here are not in the folder.
    pub fn blobs_outstanding(&mut self, count: usize) {
        self.exchange.outstanding_blobs = count;
        self.tell_status();
    }
}
