//! Images and attachments of the workspace that is open.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};

use super::{Session, aside};
use crate::blobs::{self, LocalBlobs, OpenBlob, Uploads};
use crate::error::SessionError;
use crate::health::ShownBlobs;
use crate::wire::{BlobInfo, BlobState};

impl Session {
    pub(crate) fn blobs(&self) -> Result<LocalBlobs, SessionError> {
        self.current().as_ref().map(|current| current.blobs.clone()).ok_or(SessionError::NoWorkspace)
    }

    pub(super) fn shown_blobs(&self) -> Result<ShownBlobs, SessionError> {
        self.current().as_ref().map(|current| current.shown.clone()).ok_or(SessionError::NoWorkspace)
    }

    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        // Nothing that holds this lock can leave it half done.
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the content of a file as a blob; it is durable on this device when this returns, and published as the folder
    /// takes it.
    ///
    /// # Errors
    /// It is too large, or can't be read or stored.
    pub async fn add_blob(&self, path: PathBuf) -> Result<BlobInfo, SessionError> {
        let blobs = self.blobs()?;
        let info = aside(move || blobs.add(&path)).await?;
        self.blob_added()?;
        Ok(info)
    }

    pub(crate) fn blob_added(&self) -> Result<(), SessionError> {
        self.handle()?.send(|workspace| {
            if let Some(courier) = &workspace.exchange.courier {
                // Till the courier knows better: the words don't count as published before what they show.
                workspace.exchange.outstanding_blobs += 1;
                courier.added();
            }
        })
    }

    /// Begins to take content that a window hands over piece by piece; its number.
    ///
    /// # Errors
    /// Nothing can be stored.
    pub async fn begin_blob(&self) -> Result<u32, SessionError> {
        let blobs = self.blobs()?;
        self.uploads().begin(blobs)
    }

    /// Takes the next piece. Pieces are handed over one after the other.
    ///
    /// # Errors
    /// There is no such upload, it became too large, or it can't be stored; it is over then.
    pub async fn append_blob(&self, number: u32, piece: Vec<u8>) -> Result<(), SessionError> {
        let mut upload = self.uploads().take(number)?;
        let upload = aside(move || upload.append(&piece).map(|()| upload)).await?;
        self.uploads().put(number, upload);
        Ok(())
    }

    /// Makes a blob of all pieces.
    ///
    /// # Errors
    /// As [`Self::add_blob`], or there is no such upload.
    pub async fn finish_blob(&self, number: u32) -> Result<BlobInfo, SessionError> {
        let upload = self.uploads().take(number)?;
        let info = aside(move || upload.finish()).await?;
        self.blob_added()?;
        Ok(info)
    }

    /// Where a blob is. One that isn't here is looked for in the folder, and an event says what came of it.
    ///
    /// # Errors
    /// No workspace is open, or it is no hash.
    pub async fn blob(&self, hash: String) -> Result<BlobState, SessionError> {
        let (blobs, hash) = (self.blobs()?, blobs::parse(&hash)?);
        if blobs.path(&hash).is_some() {
            return Ok(BlobState::Here);
        }
        self.handle()?
            .ask(move |workspace| match &workspace.exchange.courier {
                Some(courier) => {
                    courier.want(hash);
                    Ok(BlobState::Coming)
                }
                None => Ok(BlobState::Absent),
            })
            .await
    }

    /// Brings a blob along that another workspace of this device has: what was copied there was pasted here. Says under which
    /// hash it is known here; none where it needn't or can't be brought.
    ///
    /// # Errors
    /// It is no hash, or the blob can't be stored.
    pub async fn bring_blob(&self, hash: String) -> Result<Option<String>, SessionError> {
        let (blobs, hash, profile) = (self.blobs()?, blobs::parse(&hash)?, self.profile().clone());
        let brought = aside(move || {
            if blobs.path(&hash).is_some() {
                return Ok(None);
            }
            let here = blobs.workspace();
            let others = profile.workspaces()?.into_iter().filter(|id| *id != here);
            let held =
                others.map(|id| LocalBlobs::at(&profile.directory(&id), id)).find(|other| other.path(&hash).is_some());
            held.map(|other| blobs.adopt(&other, &hash)).transpose()
        });
        let brought = brought.await?;
        if brought.is_some() {
            self.blob_added()?;
        }
        Ok(brought.map(|hash| hash.to_string()))
    }

    /// The content of a blob that is here.
    ///
    /// # Errors
    /// It isn't here, or can't be read.
    pub async fn read_blob(&self, hash: String) -> Result<OpenBlob, SessionError> {
        let (blobs, hash) = (self.blobs()?, blobs::parse(&hash)?);
        aside(move || blobs.read(&hash)).await
    }

    /// Saves the content of a blob that is here as a file of the user's own.
    ///
    /// # Errors
    /// It isn't here, or the file can't be written.
    pub async fn save_blob(&self, hash: String, path: PathBuf) -> Result<(), SessionError> {
        let blob = self.read_blob(hash).await?;
        aside(move || {
            let copied = File::create(&path).and_then(|mut file| std::io::copy(&mut blob.content(), &mut file));
            copied.map(|_| ()).map_err(SessionError::files(path))
        })
        .await
    }
}
