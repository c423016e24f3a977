//! What says, outside the database, which installation this is. A database alone can't tell that it was copied to another
//! machine, or that it is an older copy of itself; whoever goes on writing in one under the old id writes a second version of
//! records that others have seen.
//!
//! - *Facts* are in the database: on which machine and in which directory it was opened last.
//! - The *mirror*, a small file beside the database, says under which id and up to which number records were handed out.
//!   It is durable before any file with a greater number is.
//!
//! The mirror also holds what a new database has to begin with when this one is lost.

use std::io;
use std::path::{Path, PathBuf};

use inkfold_engine::ReplicaId;
use inkfold_folder::{FileSystem, RealFileSystem};
use inkfold_store::Storage;
use serde::{Deserialize, Serialize};

use crate::error::SessionError;
use crate::reading::setting_text;
use crate::workspace::setting;

/// Where an installation lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The system's own id of this machine, where it has one.
    pub machine: Option<String>,
    /// The data directory, with all links followed.
    pub data: PathBuf,
}

impl Facts {
    /// Those of a data directory on this machine.
    pub fn here(data: &Path) -> Facts {
        let machine = machine_uid::get().ok().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        Facts { machine, data: data.canonicalize().unwrap_or_else(|_| data.to_path_buf()) }
    }
}

/// What the mirror says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Mirror {
    /// Under which id this installation writes.
    pub replica: String,
    /// The greatest number under it that may have left this machine; 0 for none.
    pub number: u64,
    /// The workspace's name.
    pub name: String,
    /// What the person who writes here is called.
    pub person: String,
    /// The shared folder.
    pub folder: Option<String>,
    /// The database is damaged, and is set aside when it is opened next.
    pub damaged: bool,
    /// The directory beside the database into which a database is being moved.
    pub moving: Option<String>,
    /// Where the last database is that was lost, until another one is complete.
    pub aside: Option<String>,
}

/// What testifies for one workspace's database.
#[derive(Debug)]
pub(crate) struct Witness {
    facts: Facts,
    directory: PathBuf,
    mirror: Option<Mirror>,
    /// The database was begun anew in this run.
    pub is_rebuilt: bool,
    /// This run's own mark. Where the database has another one, another process has taken it over.
    run: [u8; 16],
}

/// A setting's key and value.
type Setting = (String, Option<Vec<u8>>);

const MIRROR: &str = "mirror.json";
const TEMPORARY: &str = "mirror.json.tmp";

impl Witness {
    /// Reads what stands in a workspace's directory.
    pub fn open(facts: Facts, directory: PathBuf, run: [u8; 16]) -> Witness {
        let mirror = Mirror::read(&directory);
        Witness { facts, directory, mirror, is_rebuilt: false, run }
    }

    /// The workspace's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the mirror says, where there is one.
    pub fn mirror(&self) -> Option<&Mirror> {
        self.mirror.as_ref()
    }

    /// Whether the database isn't the one that was written last in this place. To be asked before anything is written.
    pub fn contradicts(
        &self,
        store: &dyn Storage,
        current: ReplicaId,
        own: impl Fn(&ReplicaId) -> bool,
    ) -> Result<bool, SessionError> {
        let known = store.setting(setting::FACTS)?.and_then(|bytes| serde_json::from_slice::<Facts>(&bytes).ok());
        if known.as_ref().is_some_and(|known| *known != self.facts) {
            return Ok(true);
        }
        let Some(mirror) = &self.mirror else {
            // The database came here without its mirror, or is older than mirrors are.
            return Ok(known.is_some());
        };
        let Ok(replica) = mirror.replica.parse::<ReplicaId>() else { return Ok(true) };
        // An id of ours that isn't the current one is an earlier one: the mirror is a step behind, which harms nobody.
        Ok(!own(&replica) || (replica == current && mirror.number > store.queued_to(&current)?))
    }

    /// What a run notes in the database: the facts, and its own mark.
    pub fn settings(&self) -> Result<Vec<Setting>, SessionError> {
        let facts = serde_json::to_vec(&self.facts).expect("texts always make JSON");
        Ok(vec![(setting::FACTS.into(), Some(facts)), (setting::RUN.into(), Some(self.run.to_vec()))])
    }

    /// Fails where another process has opened the database since: what this one holds in memory no longer fits it.
    pub fn check(&self, store: &dyn Storage) -> Result<(), SessionError> {
        match store.setting(setting::RUN)? {
            Some(run) if run != self.run => Err(SessionError::TakenOver),
            _ => Ok(()),
        }
    }

    /// Makes durable what may be handed out from now on: everything that is queued.
    pub fn note(&mut self, store: &dyn Storage, current: ReplicaId) -> Result<(), SessionError> {
        let text = |key| Ok::<_, SessionError>(setting_text(store, key)?.unwrap_or_default());
        let mirror = Mirror {
            replica: current.to_string(),
            number: store.queued_to(&current)?,
            name: text(setting::NAME)?,
            person: text(setting::PERSON)?,
            folder: setting_text(store, setting::FOLDER)?,
            ..self.mirror.clone().unwrap_or_default()
        };
        self.set(mirror)
    }

    /// The database was found to be damaged: it is set aside when it is opened next.
    pub fn note_damage(&mut self) -> Result<(), SessionError> {
        let mirror = Mirror { damaged: true, ..self.mirror.clone().unwrap_or_default() };
        self.set(mirror)
    }

    /// Puts another mirror in the place of the last one.
    pub fn set(&mut self, mirror: Mirror) -> Result<(), SessionError> {
        if self.mirror.as_ref() != Some(&mirror) {
            mirror.write(&self.directory).map_err(SessionError::files(self.directory.join(MIRROR)))?;
            self.mirror = Some(mirror);
        }
        Ok(())
    }
}

impl Mirror {
    /// The mirror in a workspace's directory; none where it isn't there or isn't whole.
    pub fn read(directory: &Path) -> Option<Mirror> {
        const MOST: usize = 64 << 10;
        serde_json::from_slice(&RealFileSystem.read(&directory.join(MIRROR), MOST).ok()?).ok()
    }

    fn write(&self, directory: &Path) -> io::Result<()> {
        let (path, temporary) = (directory.join(MIRROR), directory.join(TEMPORARY));
        match RealFileSystem.remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let bytes = serde_json::to_vec(self).expect("texts and numbers always make JSON");
        RealFileSystem.write_new(&temporary, &bytes)?;
        RealFileSystem.sync_file(&temporary)?;
        RealFileSystem.rename(&temporary, &path)?;
        RealFileSystem.sync_directory(directory)
    }
}
