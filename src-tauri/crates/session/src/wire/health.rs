//! How a workspace and its shared folder stand, for the page that tells it and for `inkfold verify`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{FileReport, FolderTrouble, Peer, Whereabouts};

/// How a workspace and its shared folder stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Health {
    /// The shared folder; null where the workspace is on this device only.
    pub folder: Option<String>,
    /// Where the words are.
    pub words: Whereabouts,
    /// What is wrong with the shared folder, if anything.
    pub trouble: Option<FolderTrouble>,
    /// Somebody has stopped reading the folder.
    pub stopped: bool,
    /// When this run last looked through the whole folder, in milliseconds since 1970; null while it hasn't.
    #[ts(type = "number | null")]
    pub looked: Option<i64>,
    /// Files that were seen there.
    pub files: u32,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Files among them that only make joining faster.
    pub checkpoints: u32,
    /// Documents here.
    pub documents: u32,
    /// Records here.
    #[ts(type = "number")]
    pub records: u64,
    /// Images and attachments.
    pub blobs: BlobCounts,
    /// What isn't in the folder yet of what was written or added here.
    pub unpublished: Unpublished,
    /// Everybody else, by person and device.
    pub people: Vec<PersonHealth>,
    /// Files that wait for others, the oldest first.
    pub waiting: Vec<WaitingFile>,
    /// Files that can't be used.
    pub refused: Vec<FileReport>,
    /// Places that could not be looked at.
    pub places: Vec<PlaceReport>,
    /// How many files and places these lists would also have, if they had no end.
    pub unlisted: u32,
}

/// How many images and attachments there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BlobCounts {
    /// Files of them in the shared folder.
    pub in_folder: u32,
    /// On this device.
    pub here: u32,
    /// Shown by a document, and neither here nor in the folder.
    pub missing: u32,
}

/// What isn't in the folder yet of what was written or added here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Unpublished {
    /// Records that no file holds yet, the one that is being written included.
    #[ts(type = "number")]
    pub records: u64,
    /// Files that have to be put into the folder.
    pub files: u32,
    /// Images and attachments.
    pub blobs: u32,
}

/// Somebody else, on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PersonHealth {
    /// Who, and since when everything that was written here is there.
    pub peer: Peer,
    /// When something new of theirs came in last, in milliseconds since 1970 by this computer's clock; null where that
    /// isn't known.
    #[ts(type = "number | null")]
    pub seen: Option<i64>,
    /// How many files wait for changes of theirs.
    pub awaited: u32,
}

/// Who is meant, under which id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Who {
    /// The id.
    pub replica: String,
    /// What the person is called; empty where that isn't known.
    pub person: String,
    /// What the device is called; empty where that isn't known.
    pub device: String,
}

/// A file that builds on changes that have not arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WaitingFile {
    /// The file's path in the shared folder.
    pub path: String,
    /// Whose changes are in it.
    pub author: Who,
    /// Whose changes it waits for.
    pub awaited: Who,
    /// The number of the record that it waits for; null where that isn't known.
    #[ts(type = "number | null")]
    pub number: Option<u64>,
    /// When it was seen first, in milliseconds since 1970.
    #[ts(type = "number")]
    pub since: i64,
}

/// A place in the shared folder that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlaceReport {
    /// Where, below the folder.
    pub path: String,
    /// What the system said.
    pub message: String,
}
