//! What the window and the session say to each other. TypeScript types are generated from these
//! (`cargo xtask tidy` checks that they are current), so that both sides speak one language.
//!
//! Positions are a block's index as shown and a UTF-16 offset in it. An [`Edit`] carries the number of the
//! last patch that the window has applied, and a counter of its own; numbers, not order of arrival, decide.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod health;

pub use health::{BlobCounts, Health, PersonHealth, PlaceReport, Unpublished, WaitingFile, Who};

/// A place on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Point {
    /// Index of the block as shown, from 0.
    pub block: u32,
    /// Offset in the block's text, in UTF-16 code units, from 0.
    pub offset: u32,
}

/// The value of an attribute or a mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(untagged)]
#[ts(export)]
pub enum Value {
    /// On or off, such as *checked* or *bold*.
    Flag(bool),
    /// A whole number, such as *indent*.
    Number(i32),
    /// Text, such as a link's address or a block's kind.
    Text(String),
}

/// Attributes or marks by key, in the order of their keys.
pub type Attrs = BTreeMap<String, Value>;

/// A stretch of text under one set of marks. A soft line break is U+2028.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Inline {
    /// The text, never empty.
    pub text: String,
    /// Its marks: `bold`, `italic`, `code`: true; `link`: the address.
    pub marks: Attrs,
}

/// A block with its content. Neighbouring inlines differ in their marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Block {
    /// `kind` (always there), `indent`, `checked`, `language`; unknown keys are kept.
    pub attrs: Attrs,
    /// The text.
    pub content: Vec<Inline>,
}

/// One step from a page to the next one, in either direction: what the writer did, or what others did.
/// Each is in the coordinates that the ones before it in its list left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
#[ts(export)]
pub enum Change {
    /// What stands from `from` up to `to` goes, and `insert` takes its place. Over several blocks the first keeps
    /// its marker, the last joins it, those between are removed. From the window: the inserted text has exactly the
    /// marks given here.
    Splice {
        /// Where the replaced range starts.
        from: Point,
        /// Where it ends, exclusive.
        to: Point,
        /// What stands there afterwards.
        insert: Vec<Inline>,
    },
    /// The block is divided at `at`; what follows becomes a new block with these attributes.
    Split {
        /// Where.
        at: Point,
        /// The new block's attributes.
        attrs: Attrs,
    },
    /// The block's marker goes; its text flows to the end of the block before.
    Join {
        /// The block that goes, from 1.
        block: u32,
    },
    /// New blocks stand before the block that had this index (or at the end).
    Insert {
        /// Index of the first new block.
        block: u32,
        /// The new blocks.
        blocks: Vec<Block>,
    },
    /// Whole blocks go, with their text.
    Remove {
        /// The first of them.
        block: u32,
        /// How many.
        count: u32,
    },
    /// Attributes are set; null takes one away.
    Set {
        /// The block.
        block: u32,
        /// New values by key.
        attrs: BTreeMap<String, Option<Value>>,
    },
    /// A mark is set on a range, or taken from it (null).
    Mark {
        /// Where the range starts.
        from: Point,
        /// Where it ends, exclusive; may lie in a later block.
        to: Point,
        /// `bold`, `italic`, `code`, `link`, or one not known here.
        key: String,
        /// The value, or null to take the mark away.
        value: Option<Value>,
    },
}

/// The ends of a selection; one place twice where it is a caret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Selection {
    /// Where it was begun.
    pub anchor: Point,
    /// Where the caret is.
    pub head: Point,
}

/// With which other edits one is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Grouping {
    /// With the last one, if that is typing too and there was no pause.
    Typing,
    /// With none before it; typing may go on with it.
    Start,
    /// With none: a command, an automatic format.
    Step,
    /// With the last one, whatever it is: the later edits of one composition.
    Joined,
}

/// What the writer did in one transaction of the editor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Edit {
    /// The document.
    pub document: String,
    /// The last patch that the editor had applied when the writer did this.
    pub patch: u32,
    /// Counts this window's edits of this opening of the document, from 1.
    pub counter: u32,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// With which others they are undone.
    pub grouping: Grouping,
    /// The selection before and after, which undo and redo give back.
    pub before: Option<Selection>,
    /// The one after.
    pub after: Option<Selection>,
}

/// The writer takes back what he did last, or does it again. Numbered together with the edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Undo {
    /// The document.
    pub document: String,
    /// The last patch that the editor had applied.
    pub patch: u32,
    /// As in an edit.
    pub counter: u32,
    /// Whether it is to be done again.
    pub redo: bool,
}

/// What an undo or a redo came to. It is done; edits made on the page without it must be put on top of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Undone {
    /// What it changed on the page; null where that is nothing.
    pub patch: Option<Patch>,
    /// The selection as it was.
    pub selection: Option<Selection>,
    /// Whether there is more to undo.
    pub undo: bool,
    /// Whether there is something to redo.
    pub redo: bool,
}

/// An opened document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Opened {
    /// The document.
    pub document: String,
    /// Its title; empty where it has none yet.
    pub title: String,
    /// The number of the patch that this page stands for.
    pub patch: u32,
    /// The page. Never empty.
    pub blocks: Vec<Block>,
    /// Set where the document can be read but not written, with the reason's code.
    pub locked: Option<Locked>,
    /// Whether there is something of the writer's to undo.
    pub undo: bool,
    /// Whether there is something to redo.
    pub redo: bool,
}

/// Why a document can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Locked {
    /// Some of its records need a newer version of the app.
    NeedsNewerVersion,
}

/// What others did since the editor's last patch. Valid only if the editor has sent no further edit meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Patch {
    /// The document.
    pub document: String,
    /// This patch's number; edits made after applying it carry it.
    pub number: u32,
    /// The changes, in order, to be applied in one transaction.
    pub changes: Vec<Change>,
    /// The title now.
    pub title: String,
    /// Set where the document can be read but not written.
    pub locked: Option<Locked>,
}

/// A document in the sidebar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct DocumentInfo {
    /// Its id.
    pub id: String,
    /// Its title; empty where it has none yet.
    pub title: String,
    /// Whether it lies in the trash.
    pub trashed: bool,
    /// The newest author time among its records, in milliseconds since 1970.
    #[ts(type = "number")]
    pub edited: i64,
}

/// A workspace on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The shared folder, where there is one.
    pub folder: Option<String>,
    /// What the person who writes here is called.
    pub person: String,
}

/// Another workspace in the same shared folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Neighbour {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its file.
    pub file: String,
    /// It is on this device, has left the folder, and nobody else has written in it: its file may be taken out.
    pub mine: bool,
}

/// What the window needs to know first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Start {
    /// The workspaces on this machine; none at the first start.
    pub workspaces: Vec<WorkspaceInfo>,
    /// The one to show, where there is any.
    pub current: Option<String>,
    /// The document that was open last in it.
    pub document: Option<String>,
}

/// Where the writer's words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Whereabouts {
    /// Not stored yet, and storing fails; they are in memory and tried again.
    NotSaved,
    /// Stored durably on this device.
    OnThisDevice,
    /// Stored durably on this device, and in the shared folder.
    InTheFolder,
}

/// Why the shared folder can't be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum FolderTrouble {
    /// The folder is not there.
    Missing,
    /// It is there and holds no workspace.
    Empty,
    /// It holds another workspace.
    OtherWorkspace,
    /// It holds more than one genesis file.
    SeveralWorkspaces,
    /// It can't be read.
    Unreadable,
    /// It can't be written.
    Unwritable,
    /// It holds more files than are looked at, so that some are not read.
    TooManyFiles,
}

/// Somebody else who writes in the workspace, on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Peer {
    /// Under which id.
    pub replica: String,
    /// What the person is called; empty where that isn't known.
    pub person: String,
    /// What the device is called; empty where that isn't known.
    pub device: String,
    /// Since when everything that was written here is there, in milliseconds since 1970 by this computer's clock; null
    /// while it isn't.
    #[ts(type = "number | null")]
    pub reached: Option<i64>,
}

/// Somebody else who is in a document at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Present {
    /// Under which id.
    pub replica: String,
    /// What the person is called; may be empty.
    pub person: String,
    /// What the device is called; may be empty.
    pub device: String,
    /// In which document.
    pub document: String,
    /// The selection there; null unless it was asked for and can be told.
    pub selection: Option<Selection>,
    /// Rises with each move.
    #[ts(type = "number")]
    pub counter: u64,
}

/// Something that happened at home and that the person has to be told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
#[ts(export)]
pub enum News {
    /// This data was found to be a copy, or set back: writing goes on under a new id.
    NewIdentity,
    /// The database was missing or damaged, and there is a new one.
    Rebuilt {
        /// Where the old one was put; null where it was missing.
        aside: Option<String>,
        /// How many records could be read from it.
        records: u32,
    },
}

/// The state of the workspace, for the status line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Status {
    /// Where the words are.
    pub words: Whereabouts,
    /// What is wrong with the shared folder, if anything.
    pub trouble: Option<FolderTrouble>,
    /// How many other writers have been seen.
    pub others: u32,
    /// The others, by person and device.
    pub peers: Vec<Peer>,
    /// Whether the others may see where the person here is.
    pub is_seen: bool,
    /// Files that wait for something that hasn't arrived.
    pub pending: u32,
    /// Files that were refused.
    pub refused: u32,
    /// How far reading the shared folder has come, where there is much to read.
    pub reading: Option<Reading>,
    /// What the person has to be told once, and hasn't dismissed yet.
    pub news: Vec<News>,
}

/// How far reading the shared folder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Reading {
    /// Files to be read.
    pub files: u32,
    /// Files that were read.
    pub read: u32,
    /// How much of the whole is done: reading, and keeping what was read.
    pub percent: u32,
    /// Somebody has stopped it; nothing is read until it is to go on.
    pub stopped: bool,
}

impl Reading {
    /// Reading that was stopped before it was known how much there is.
    pub(crate) fn stopped() -> Self {
        Reading { files: 0, read: 0, percent: 0, stopped: true }
    }
}

/// A file of the shared folder that isn't used, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileReport {
    /// The file's path in the shared folder.
    pub path: String,
    /// Whether it may be used later (`true`: something it builds on hasn't arrived) or is refused.
    pub pending: bool,
    /// Why, in plain words.
    pub reason: String,
    /// What to do about it, in plain words.
    pub remedy: String,
    /// A code that never changes.
    pub code: String,
}

/// An image or an attachment that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BlobInfo {
    /// By which documents name it.
    pub hash: String,
    /// What it is, by its content: one of the images that windows show, or `application/octet-stream`.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u32,
    /// The width of an image that windows show, in pixels.
    pub width: Option<u32>,
    /// Its height.
    pub height: Option<u32>,
}

/// Where an image or an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum BlobState {
    /// On this device.
    Here,
    /// It is being fetched from the shared folder.
    Coming,
    /// It has not arrived in the shared folder; it is looked for again by itself.
    Absent,
}

/// An error that reached the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Failure {
    /// A stable code, such as `folder-missing`.
    pub code: String,
    /// What happened and what to do, in English; shown where the code has no message of its own.
    pub message: String,
}

/// What the session tells the window unasked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
#[ts(export)]
pub enum Event {
    /// The list of documents is another one.
    Documents {
        /// The list, newest first.
        documents: Vec<DocumentInfo>,
    },
    /// An open document has something newer than the window shows; it asks for the patch at its next barrier.
    Newer {
        /// The document.
        document: String,
    },
    /// Nothing that the window did up to this edit can be undone or redone any more.
    Turns {
        /// The document.
        document: String,
        /// The edit's counter.
        counter: u32,
    },
    /// Somebody has come to a document, moved, or gone. A window asks where they are at its next barrier.
    Presences {
        /// Everybody who is in a document, without places.
        present: Vec<Present>,
    },
    /// An image or an attachment that the window asked for has come, or has not.
    Blob {
        /// Its hash.
        hash: String,
        /// Where it is.
        state: BlobState,
    },
    /// The workspace has another folder, or none any more.
    Workspace {
        /// The workspace.
        workspace: WorkspaceInfo,
    },
    /// The status line's facts.
    Status {
        /// The facts.
        status: Status,
    },
}
