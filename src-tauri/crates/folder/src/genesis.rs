//! The genesis file: what makes a folder a workspace. Small, readable, never changed.

use std::path::Path;

use inkfold_engine::WorkspaceId;
use serde::{Deserialize, Serialize};

use crate::fs::{Clock, Facts, FileSystem, Kind};
use crate::kind::FORMAT_VERSION;
use crate::layout::{GENESIS_EXTENSION, RelativePath, slug};
use crate::publish::{PublishError, Publisher};

/// The greatest size of a genesis file.
pub const MAX_GENESIS_BYTES: usize = 16 << 10;
/// The greatest length of a workspace's name, in characters.
pub const MAX_NAME: usize = 200;
/// The value of the first field.
const WHAT: &str = "workspace";
/// More entries of a root than this are not searched.
const MAX_ENTRIES: usize = 100_000;
/// How many names are tried before giving up.
const MAX_TRIES: usize = 100;

/// What a genesis file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name when it was made.
    pub name: String,
    /// The format version of the workspace's files.
    pub format: u64,
}

/// The file's fields in the order in which they are written. Unknown ones are left for later versions.
#[derive(Serialize, Deserialize)]
struct Fields {
    inkfold: String,
    format: u64,
    workspace: String,
    name: String,
}

/// Why a file that looks like a genesis file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisRefusal {
    /// Not readable as one.
    #[error(
        "the workspace file is incomplete or damaged; wait until it has arrived, or restore it in the sync service"
    )]
    Damaged,
    /// Written in a later format version.
    #[error("the workspace was made by a newer Inkfold (format {0}); update Inkfold to open it")]
    NewerFormat(u64),
}

impl GenesisRefusal {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged => "genesis/damaged",
            Self::NewerFormat(_) => "genesis/newer-format",
        }
    }
}

/// Why no workspace was made in a folder.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one already.
    #[error("the folder is already the workspace “{}”; open that one instead, or choose another folder", .0.name)]
    Exists(Genesis),
    /// There is a genesis file that can't be read.
    #[error("the folder already has a workspace file, but: {0}")]
    Unreadable(GenesisRefusal),
    /// The name is empty or too long.
    #[error("a workspace needs a name of 1 to {MAX_NAME} characters")]
    BadName,
    /// All names for the file are taken.
    #[error("every file name for the workspace is taken; choose another name for it")]
    NoFreeName,
    /// The folder can't be read.
    #[error("the folder can't be read; check that you are allowed to see what is in it")]
    Unlisted(#[source] std::io::Error),
    /// The file could not be written.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl CreateError {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "genesis/exists",
            Self::Unreadable(refusal) => refusal.code(),
            Self::BadName => "genesis/bad-name",
            Self::NoFreeName => "genesis/no-free-name",
            Self::Unlisted(_) => "genesis/unlisted",
            Self::Publish(error) => error.code(),
        }
    }
}

impl Genesis {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let fields = Fields {
            inkfold: WHAT.to_owned(),
            format: self.format,
            workspace: self.workspace.to_string(),
            name: self.name.clone(),
        };
        let mut bytes = serde_json::to_vec_pretty(&fields).expect("strings and numbers always make JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Whether a file that begins so is, or will be, a genesis file: an object whose first field is `inkfold`.
    pub fn is_genesis(start: &[u8]) -> bool {
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        start.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().strip_prefix(b"\"inkfold\"").is_some())
    }

    /// Reads a genesis file.
    ///
    /// # Errors
    /// It isn't one, isn't whole, or is from a newer version.
    pub fn parse(bytes: &[u8]) -> Result<Self, GenesisRefusal> {
        #[derive(Deserialize)]
        struct Version {
            inkfold: String,
            format: u64,
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.len() > MAX_GENESIS_BYTES {
            return Err(GenesisRefusal::Damaged);
        }
        let version: Version = serde_json::from_slice(bytes).map_err(|_| GenesisRefusal::Damaged)?;
        if version.inkfold != WHAT {
            return Err(GenesisRefusal::Damaged);
        }
        if version.format > FORMAT_VERSION {
            return Err(GenesisRefusal::NewerFormat(version.format));
        }
        if version.format == 0 {
            return Err(GenesisRefusal::Damaged);
        }
        let fields: Fields = serde_json::from_slice(bytes).map_err(|_| GenesisRefusal::Damaged)?;
        let workspace = fields.workspace.parse().map_err(|_| GenesisRefusal::Damaged)?;
        if !good_name(&fields.name) {
            return Err(GenesisRefusal::Damaged);
        }
        Ok(Self { workspace, name: fields.name, format: fields.format })
    }
}

fn good_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control)
}

/// The genesis files of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// One for each workspace, with the file's name; copies of one file count once.
    pub workspaces: Vec<(String, Genesis)>,
    /// Files that look like one but can't be used.
    pub refused: Vec<(String, GenesisRefusal)>,
}

/// Looks for genesis files among a folder's own files, under any name: none, one, or several workspaces.
///
/// # Errors
/// The folder can't be listed.
pub fn find(files: &dyn FileSystem, root: &Path) -> std::io::Result<Found> {
    let mut found = Found::default();
    let mut entries = files.list(root, MAX_ENTRIES)?.entries;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        let name = entry.name.to_string_lossy().into_owned();
        let Ok(facts) = entry.facts else { continue };
        let candidate = facts.kind == Kind::File && facts.size <= MAX_GENESIS_BYTES as u64;
        // What a service holds elsewhere is fetched only where its name is a genesis file's.
        if !candidate || (facts.offline && !name.ends_with(".inkfold")) {
            continue;
        }
        if let Ok(bytes) = files.read(&root.join(&entry.name), MAX_GENESIS_BYTES + 1) {
            found.add(name, &bytes);
        }
    }
    Ok(found)
}

/// Whether a folder still is this workspace: its genesis file lies there under a name of its kind. Looks at no other file
/// than those; that there is none doesn't mean that the folder is another one.
pub fn is_named(files: &dyn FileSystem, root: &Path, workspace: &WorkspaceId) -> bool {
    let listing = files.list(root, MAX_ENTRIES).unwrap_or_default();
    let named = listing
        .entries
        .iter()
        .map(|entry| root.join(&entry.name))
        .filter(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(GENESIS_EXTENSION)));
    let read = named.filter_map(|path| files.read(&path, MAX_GENESIS_BYTES + 1).ok());
    read.filter_map(|bytes| Genesis::parse(&bytes).ok()).any(|genesis| genesis.workspace == *workspace)
}

impl Found {
    /// Takes in a file, if it is a genesis file.
    pub(crate) fn add(&mut self, name: String, bytes: &[u8]) {
        if !Genesis::is_genesis(bytes) {
            return;
        }
        match Genesis::parse(bytes) {
            Ok(genesis) if self.workspaces.iter().any(|(_, other)| other.workspace == genesis.workspace) => {}
            Ok(genesis) => self.workspaces.push((name, genesis)),
            Err(refusal) => self.refused.push((name, refusal)),
        }
    }
}

/// Takes the genesis files of a workspace out of a folder, under whatever names its copies lie: the folder is that workspace
/// no longer. Its other files stay. Says how many files that were.
///
/// # Errors
/// The folder can't be listed, or a file not be removed.
pub fn take_out(files: &dyn FileSystem, root: &Path, workspace: &WorkspaceId) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in files.list(root, MAX_ENTRIES)?.entries {
        let path = root.join(&entry.name);
        let is_small = |facts: Facts| facts.kind == Kind::File && facts.size <= MAX_GENESIS_BYTES as u64;
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(GENESIS_EXTENSION))
            || !entry.facts.is_ok_and(is_small)
        {
            continue;
        }
        let bytes = files.read(&path, MAX_GENESIS_BYTES + 1)?;
        if Genesis::parse(&bytes).is_ok_and(|genesis| genesis.workspace == *workspace) {
            files.remove_file(&path)?;
            count += 1;
        }
    }
    files.sync_directory(root)?;
    Ok(count)
}

/// Makes a folder a workspace and gives back the file's name.
///
/// # Errors
/// There is one already, or the file can't be written. Two people who do this at the same moment both succeed; the
/// next scan then reports two workspaces.
pub fn create(
    files: &dyn FileSystem,
    clock: &dyn Clock,
    root: &Path,
    workspace: WorkspaceId,
    name: &str,
) -> Result<String, CreateError> {
    let name = name.trim();
    if !good_name(name) {
        return Err(CreateError::BadName);
    }
    if !files.is_directory(root).map_err(CreateError::Unlisted)? {
        return Err(PublishError::MissingRoot(root.to_owned()).into());
    }
    let found = find(files, root).map_err(CreateError::Unlisted)?;
    if let Some((_, genesis)) = found.workspaces.into_iter().next() {
        return Err(CreateError::Exists(genesis));
    }
    if let Some((_, refusal)) = found.refused.into_iter().next() {
        return Err(CreateError::Unreadable(refusal));
    }
    let bytes = Genesis { workspace, name: name.to_owned(), format: FORMAT_VERSION }.to_bytes();
    let slug = slug(name);
    for i in 1..=MAX_TRIES {
        let path = RelativePath::genesis(&if i == 1 { slug.clone() } else { format!("{slug}-{i}") });
        // Somebody's own file of that name stays; publishing would replace it.
        if files.facts(&path.below(root)).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            Publisher::new(files, clock, root).publish(&path, &bytes)?;
            return Ok(path.name().to_owned());
        }
    }
    Err(CreateError::NoFreeName)
}
