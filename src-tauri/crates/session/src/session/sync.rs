//! The exchange with the shared folder, as far as somebody asks for it.

use std::time::Duration;

use tokio::sync::oneshot;

use super::{Session, aside};
use crate::error::SessionError;
use crate::health;
use crate::wire::{Health, Status};
use crate::workspace::Workspace;

/// How long closing waits for the shared folder.
const PATIENCE: Duration = Duration::from_secs(5);

impl Session {
    /// The state of the workspace.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn status(&self) -> Result<Status, SessionError> {
        let told = |workspace: &mut Workspace| {
            workspace.tell_status();
            Ok(workspace.status())
        };
        self.handle()?.ask(told).await
    }

    /// How the workspace and its shared folder stand.
    ///
    /// # Errors
    /// No workspace is open, or its database can't be read.
    pub async fn health(&self) -> Result<Health, SessionError> {
        let mut health = self.handle()?.ask(|workspace| workspace.health()).await?;
        let (profile, blobs, shown) = (self.0.profile.clone(), self.blobs()?, self.shown_blobs()?);
        // Every document is looked into, which nobody should wait for who writes.
        let counts = move || health::count_blobs(&profile.store(blobs.workspace())?, &blobs, &shown);
        health.blobs = aside(counts).await?;
        Ok(health)
    }

    /// Stops reading the shared folder; what has come in stays. Nothing is read or published any more until it is to go on.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn stop_reading(&self) -> Result<(), SessionError> {
        self.halt(true).await
    }

    /// Lets reading the shared folder go on.
    ///
    /// # Errors
    /// No workspace is open.
    pub async fn go_on_reading(&self) -> Result<(), SessionError> {
        self.halt(false).await
    }

    async fn halt(&self, is_halted: bool) -> Result<(), SessionError> {
        let job = move |workspace: &mut Workspace| {
            workspace.exchange.halt(is_halted);
            workspace.tell_status();
            Ok(())
        };
        self.handle()?.ask(job).await
    }

    /// Scans the folder once, and publishes everything that isn't there yet. Does nothing without a folder.
    ///
    /// # Errors
    /// Something can't be stored.
    pub async fn sync(&self) -> Result<(), SessionError> {
        let handle = self.handle()?;
        // What came in may be what others waited for, so the folder is looked at before and after.
        for _ in 0..2 {
            let scanned = handle
                .ask(|workspace| {
                    workspace.flush()?;
                    Ok(workspace.exchange.carrier.as_ref().map(|carrier| carrier.scan()))
                })
                .await?;
            if let Some(scanned) = scanned {
                let _ = scanned.await;
            }
            if let Some(carried) = handle.ask(|workspace| Ok(carried(workspace))).await? {
                let _ = carried.await;
            }
        }
        Ok(())
    }

    /// Publishes what isn't in the folder yet, as far as the folder takes it in a few seconds.
    ///
    /// # Errors
    /// What was written could not be stored.
    pub async fn publish(&self) -> Result<(), SessionError> {
        let published_in = self
            .handle()?
            .ask(|workspace| {
                workspace.flush()?;
                let exchange = &workspace.exchange;
                let scanned =
                    exchange.carrier.as_ref().filter(|_| !exchange.is_published()).map(|carrier| carrier.scan());
                Ok(scanned.zip(carried(workspace)))
            })
            .await?;
        let published = async |(scanned, carried): (oneshot::Receiver<()>, oneshot::Receiver<()>)| {
            let _ = tokio::join!(scanned, carried);
        };
        if let Some(waiting) = published_in
            && tokio::time::timeout(PATIENCE, published(waiting)).await.is_err()
        {
            tracing::warn!("the shared folder doesn't answer; what isn't there yet follows at the next start");
        }
        Ok(())
    }
}

/// When the blobs added here are in the folder, or could not be put there.
fn carried(workspace: &mut Workspace) -> Option<oneshot::Receiver<()>> {
    workspace.exchange.courier.as_ref().map(|courier| courier.finish())
}
