//! Workspaces and open documents: the edit protocol, background work, events to whoever listens.
//!
//! A [`Session`] is one running installation. It owns a data directory by an OS lock, opens one workspace at a time, and
//! gives the window what the types of [`wire`] say. Deliberately absent: any knowledge of windows, and any waiting
//! of a caller for the disk or the shared folder other than by awaiting an answer.
//!
//! - [`Session`]: what the window and the command line ask for.
//! - [`blobs`]: images and attachments.
//! - [`reading`] and [`checking`]: what can be read while another process writes.
//! - [`Request`] and [`socket`]: what the command line asks for, of a session of its own or of the one that runs.
//! - [`Installation`]: a workspace and its exchange without threads, moved on step by step, for simulations.
//! - [`wire`]: what is said between the window and the session.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let data = tempfile::tempdir()?;
//! let session = inkfold_session::Session::open(data.path())?;
//! session.create_workspace("Notes".into(), "Ada".into(), None).await?;
//! let document = session.create_document("Plans".into()).await?;
//! let opened = session.open_document(document.id).await?;
//! assert_eq!(opened.title, "Plans");
//! session.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acknowledging;
pub mod blobs;
mod branches;
mod carrier;
pub mod checking;
mod checkpoints;
mod convert;
mod diagnostics;
mod edit;
mod error;
mod exchange;
mod facts;
mod health;
mod installation;
mod intake;
mod neighbours;
mod news;
mod opened;
mod people;
mod presence;
mod profile;
pub mod reading;
mod recovery;
mod request;
mod rescue;
mod rhythm;
mod script;
mod session;
mod sharing;
pub mod socket;
mod surroundings;
mod upkeep;
mod welcome;
pub mod wire;
mod witness;
mod workspace;

pub use edit::ChangeError;
pub use error::SessionError;
pub use installation::Installation;
pub use profile::Profile;
pub use request::{Answer, MAX_TEXT, Request};
pub use session::Session;
pub use surroundings::Surroundings;
pub use witness::Facts;
