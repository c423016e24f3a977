//! What can go wrong, with a stable code for the window and plain words for people.

use std::path::PathBuf;

use inkfold_engine::EditError;
use inkfold_folder::blob::BlobError;
use inkfold_folder::genesis::CreateError;
use inkfold_folder::{EncodeError, IdentityError};
use inkfold_store::StoreError;

use crate::edit::ChangeError;
use crate::wire::Failure;

/// Why the session could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The database failed.
    #[error("the data on this device could not be read or written: {0}")]
    Store(#[from] StoreError),
    /// A change could not be applied.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The engine refused something.
    #[error(transparent)]
    Engine(#[from] EditError),
    /// No genesis file could be made.
    #[error(transparent)]
    Genesis(#[from] CreateError),
    /// A key pair could not be made or read.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A file for the shared folder could not be made.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A file or directory on this device could not be read or written.
    #[error("{path} could not be read or written: {source}", path = .path.display())]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder that was to be joined holds no workspace.
    #[error("there is no workspace in {0}; choose the folder that holds the .inkfold file, or share this one")]
    NoWorkspaceThere(PathBuf),
    /// The folder holds more than one.
    #[error("there are several workspaces in {0}; move all .inkfold files but one elsewhere and try again")]
    SeveralWorkspacesThere(PathBuf),
    /// It was joined or made before.
    #[error("this workspace is on this device already")]
    Known,
    /// Another process uses the same data.
    #[error("Inkfold is running on the same data; write in its window, or close it and try again")]
    AlreadyRunning,
    /// An image or an attachment could not be kept.
    #[error("the image or file could not be kept: {0}")]
    Blob(#[from] BlobError),
    /// An image or an attachment that is larger than they may be.
    #[error("an image or file may have at most {max} MB, and this one has {size} MB; put it into the shared folder itself and link to it", size = .size.div_ceil(1 << 20), max = .max >> 20)]
    BlobTooLarge {
        /// Its size in bytes.
        size: u64,
        /// The greatest size allowed.
        max: u64,
    },
    /// An image or an attachment that isn't on this device.
    #[error("this image or file is not on this device")]
    NoBlob,
    /// None by that name.
    #[error("there is no workspace “{wanted}” here; there are: {here}")]
    NoSuchWorkspace {
        /// What was asked for.
        wanted: String,
        /// The ones that are here.
        here: String,
    },
    /// There is none.
    #[error("there is no workspace here yet; make one with “inkfold init --folder DIR” or “inkfold join --folder DIR”")]
    NoWorkspace,
    /// Several could be meant.
    #[error("there are several workspaces here; say which with --workspace: {0}")]
    WhichWorkspace(String),
    /// No document by that name.
    #[error("there is no document “{0}”; “inkfold list” shows all")]
    NoDocument(String),
    /// Several could be meant.
    #[error("“{0}” could be several documents; give enough of the id, “inkfold list” shows them")]
    WhichDocument(String),
    /// The document has no such version.
    #[error("the document has no such version, or needs a newer version of Inkfold to show it")]
    NoVersion,
    /// No replica by that id.
    #[error("there is no replica “{0}”; “inkfold log” without --replica shows all that wrote")]
    NoReplica(String),
    /// Several could be meant.
    #[error("“{0}” could be several replicas; give more of the id")]
    WhichReplica(String),
    /// Text from the command line is larger than one request may be.
    #[error("the text is longer than {0} bytes; add it in parts")]
    TooLong(usize),
    /// It isn't open in a window.
    #[error("the document is not open")]
    NotOpen,
    /// It is open in a window, which alone writes it.
    #[error("the document is open in a window; write there, or close it and try again")]
    OpenInWindow,
    /// A message named a patch that was never sent.
    #[error("the window and the document have lost each other; the document is opened again")]
    OutOfStep,
    /// A position past the end of the text.
    #[error("the text has only {len} characters, and position {at} is past its end")]
    PastEnd {
        /// The position asked for.
        at: u64,
        /// The text's length.
        len: u64,
    },
    /// Storing failed; the words are in memory, and storing is tried again.
    #[error("what you wrote is not stored yet: {0}. It is tried again; keep Inkfold open")]
    NotSaved(String),
    /// Another process has opened the same data, on a file system that doesn't keep two apart.
    #[error(
        "another Inkfold has opened the same data, so this one stores nothing any more; copy your last words from this window and close it"
    )]
    TakenOver,
    /// The file system of the data directory can't keep two processes apart.
    #[error(
        "{0} is on a file system without locks, where two Inkfolds could write over each other; choose a place on a local disk with --data"
    )]
    NoLocks(PathBuf),
    /// A database is missing or damaged, and there is no shared folder to rebuild it from.
    #[error("{}", lost(*is_missing, at))]
    Lost {
        /// The workspace.
        workspace: String,
        /// Whether the file is missing, rather than damaged.
        is_missing: bool,
        /// Where it was put aside, or should be.
        at: PathBuf,
    },
    /// The folder can't be the shared one.
    #[error("{0}")]
    UnfitFolder(&'static str),
    /// A workspace's file is not taken out of the shared folder.
    #[error("{0}")]
    FileStays(&'static str),
    /// A window was asked for where there is none.
    #[error("Inkfold is running on the same data without a window; end that (inkfold sync --watch) and try again")]
    NoWindow,
    /// A scan took too long.
    #[error("the shared folder is slow; what it holds is taken in as it comes. Try again later")]
    SlowFolder,
    /// The session is closing.
    #[error("Inkfold is closing")]
    Closing,
}

fn lost(is_missing: bool, at: &std::path::Path) -> String {
    let (what, at) = (if is_missing { "is missing" } else { "is damaged" }, at.display());
    let place = if is_missing { "It should be at" } else { "It was put aside, untouched, at" };
    format!(
        "The database with your documents {what}. {place} {at}. There is no shared folder to rebuild it from; what can \
         still be read can be brought into a new one (inkfold salvage)"
    )
}

impl SessionError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Change(_) => "change",
            Self::Engine(EditError::Locked) => "document-locked",
            Self::Engine(_) => "edit",
            Self::Genesis(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Encode(error) => error.code(),
            Self::Files { .. } => "files",
            Self::Blob(_) => "blob",
            Self::BlobTooLarge { .. } => "blob-too-large",
            Self::NoBlob => "no-blob",
            Self::NoWorkspaceThere(_) => "no-workspace-there",
            Self::SeveralWorkspacesThere(_) => "several-workspaces-there",
            Self::Known => "workspace-known",
            Self::AlreadyRunning => "already-running",
            Self::NoWorkspace => "no-workspace",
            Self::NoSuchWorkspace { .. } => "no-such-workspace",
            Self::WhichWorkspace(_) => "which-workspace",
            Self::NoDocument(_) => "no-document",
            Self::WhichDocument(_) => "which-document",
            Self::NoVersion => "no-version",
            Self::NoReplica(_) => "no-replica",
            Self::WhichReplica(_) => "which-replica",
            Self::TooLong(_) => "too-long",
            Self::NotOpen => "document-not-open",
            Self::OpenInWindow => "document-open-in-window",
            Self::OutOfStep => "out-of-step",
            Self::PastEnd { .. } => "past-end",
            Self::NotSaved(_) => "not-saved",
            Self::TakenOver => "taken-over",
            Self::NoLocks(_) => "no-locks",
            Self::Lost { .. } => "database-lost",
            Self::UnfitFolder(_) => "unfit-folder",
            Self::FileStays(_) => "file-stays",
            Self::NoWindow => "no-window",
            Self::SlowFolder => "slow-folder",
            Self::Closing => "closing",
        }
    }

    /// The error for the window.
    pub fn failure(&self) -> Failure {
        Failure { code: self.code().into(), message: self.to_string() }
    }

    /// Whether the database has to be set aside and rebuilt.
    pub(crate) fn is_loss(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_loss())
    }

    pub(crate) fn files(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| SessionError::Files { path, source }
    }
}
