//! Why a file is not used. A refused file goes to a list that people see; it never stops the others.

use inkfold_engine::codec::DecodeError;
use inkfold_engine::{RecordId, WorkspaceId};

/// Why a file that carries our mark can't be used. The message says what it means for whoever reads the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No file of ours at all.
    #[error("this is not an Inkfold file, though its name says so; nothing was taken from it")]
    NotOurs,
    /// More bytes than a file of its kind may have.
    #[error("the file has {size} bytes, more than the {max} that such a file may have; nothing was taken from it")]
    TooLarge {
        /// The file's size.
        size: u64,
        /// The greatest size allowed.
        max: u64,
    },
    /// The hash at the end is not that of what comes before it: cut short, not yet arrived, or damaged.
    #[error("the file is incomplete or damaged; usually the rest is still on its way")]
    Incomplete,
    /// The hash fits, but what it covers is not what a writer could have written.
    #[error("the file breaks the format ({0}); its author's program is faulty or the file was forged")]
    Malformed(&'static str),
    /// Written in a later format version.
    #[error("the file was written by a newer Inkfold (format {found})")]
    NewerFormat {
        /// The file's format version.
        found: u64,
    },
    /// A kind of file that this version doesn't know.
    #[error("the file is of a kind (“{}”) that only a newer Inkfold knows", char::from(*.0).escape_default())]
    UnknownKind(u8),
    /// Encrypted, which this version can't read.
    #[error("the file is encrypted, which this Inkfold can't read")]
    Encrypted,
    /// It belongs to another workspace.
    #[error("the file belongs to another workspace ({0}); it is left alone")]
    OtherWorkspace(WorkspaceId),
    /// The key in the file isn't the one that the author's replica id was made from.
    #[error("the key in the file is not its author's; the file was forged or damaged")]
    WrongKey,
    /// The signature isn't the author's.
    #[error("the signature is not its author's; the file was forged or damaged")]
    BadSignature,
    /// Its records would take more memory than a file may cost.
    #[error("the file unpacks to more than a file may ({0}); nothing was taken from it")]
    Bomb(&'static str),
    /// A record is larger than a record may be.
    #[error("record {number} has {size} bytes, more than the {max} that a record may have", max = inkfold_engine::record::MAX_RECORD_BYTES)]
    RecordTooLarge {
        /// The record's number.
        number: u64,
        /// Its canonical size.
        size: usize,
    },
    /// Another record stands at the place that the file claims for one it builds on.
    #[error(
        "the file says that record {0} is another than it is; its author's program is faulty or the file was forged"
    )]
    WrongPlace(RecordId),
    /// A record doesn't go on where its author's last one in the document ended.
    #[error("record {number} does not go on where its author's last one in that document ended")]
    WrongSeq {
        /// The record's number.
        number: u64,
    },
    /// A blob's bytes aren't those that a document names by their hash.
    #[error("the file is not the content that a document refers to; it is damaged or was put in its place")]
    WrongContent,
    /// The recomputed chain doesn't end in the signed record.
    #[error("the records are not those that were signed; the file was forged or damaged")]
    WrongChain,
}

impl Refusal {
    /// A code that never changes, for the window and the tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOurs => "file/not-ours",
            Self::TooLarge { .. } => "file/too-large",
            Self::Incomplete => "file/incomplete",
            Self::Malformed(_) => "file/malformed",
            Self::NewerFormat { .. } => "file/newer-format",
            Self::UnknownKind(_) => "file/unknown-kind",
            Self::Encrypted => "file/encrypted",
            Self::OtherWorkspace(_) => "file/other-workspace",
            Self::WrongKey => "file/wrong-key",
            Self::BadSignature => "file/bad-signature",
            Self::Bomb(_) => "file/bomb",
            Self::RecordTooLarge { .. } => "file/record-too-large",
            Self::WrongPlace(_) => "file/wrong-place",
            Self::WrongSeq { .. } => "file/wrong-seq",
            Self::WrongContent => "file/wrong-content",
            Self::WrongChain => "file/wrong-chain",
        }
    }

    /// What whoever reads the list can do, in plain words. Nothing has to be done for the other files to be used.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Incomplete => {
                "Wait until the sync service has brought all of it; it is read again by itself. If this stays, restore the \
                 file in the sync service, or ask its author to open Inkfold."
            }
            Self::NotOurs => {
                "If it should be one of Inkfold's, restore it in the sync service. Else give it another name, or move it out \
                 of the folder."
            }
            Self::NewerFormat { .. } | Self::UnknownKind(_) | Self::Encrypted => {
                "Update Inkfold on this device; the file is read then."
            }
            Self::OtherWorkspace(_) => "Move it to the folder that it belongs to.",
            Self::WrongContent => {
                "Delete it, or restore it in the sync service; whoever added the content publishes it again."
            }
            Self::TooLarge { .. } | Self::Bomb(_) => "Move it out of the folder; Inkfold doesn't write such files.",
            Self::Malformed(_)
            | Self::WrongKey
            | Self::BadSignature
            | Self::RecordTooLarge { .. }
            | Self::WrongPlace(_)
            | Self::WrongSeq { .. }
            | Self::WrongChain => {
                "Restore it in the sync service. If this stays, ask its author to open Inkfold, and move this file out of the \
                 folder."
            }
        }
    }

    /// Whether waiting may help: the rest of the bytes may still arrive.
    pub fn may_heal(&self) -> bool {
        matches!(self, Self::Incomplete | Self::NotOurs)
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error.0)
    }
}
