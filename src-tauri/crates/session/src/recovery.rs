//! A database that is missing or damaged: it is set aside, and a new one is begun with what can be read of it. The rest comes
//! from the shared folder. Writing goes on under a new id; what the old one had not published yet is signed with its secret, so
//! that it is published as a branch of it.

use std::path::{Path, PathBuf};

use inkfold_engine::WorkspaceId;
use inkfold_folder::Identity;
use inkfold_store::{Batch, Salvaged, Signature, SqliteStore, Storage, StoreError, salvage};

use crate::error::SessionError;
use crate::news;
use crate::profile::{DATABASE, Profile};
use crate::surroundings::Around;
use crate::wire::News;
use crate::witness::{Facts, Mirror, Witness};
use crate::workspace::setting;

/// What belongs to a database, in the order in which it is moved: as long as the last of them is in its place, the move isn't
/// done.
const PARTS: [&str; 4] = ["-wal", "-shm", "-journal", ""];
/// Where a copy is read.
const READING: &str = "reading";

/// Whether a lost database may be rebuilt from nothing but what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Salvage {
    /// Where there is a shared folder, which has the rest.
    WithFolder,
    /// The person has asked for it.
    Asked,
}

/// Opens a workspace's database for writing, and rebuilds it where it is lost.
///
/// # Errors
/// [`SessionError::Lost`] where it is lost and there is no folder, unless the person has asked for what is left; or it can't be
/// used for now.
pub(crate) fn open(
    profile: &Profile,
    id: WorkspaceId,
    facts: Facts,
    how: Salvage,
) -> Result<(SqliteStore, Witness), SessionError> {
    let directory = profile.directory(&id);
    std::fs::create_dir_all(&directory).map_err(SessionError::files(&directory))?;
    let mut witness = Witness::open(facts, directory, Around::real().random()?);
    finish_moving(&mut witness)?;
    if let Some(store) = sound(profile, id, &witness)? {
        return Ok((store, witness));
    }
    set_aside(&mut witness)?;
    let store = rebuild(profile, id, &mut witness, how)?;
    Ok((store, witness))
}

/// The database, if it is whole: one that has no name in it was begun and never finished.
fn sound(profile: &Profile, id: WorkspaceId, witness: &Witness) -> Result<Option<SqliteStore>, SessionError> {
    let is_known = witness.mirror().is_some();
    let is_there = profile.database(&id).exists();
    if witness.mirror().is_some_and(|mirror| mirror.damaged) || (is_known && !is_there) {
        return Ok(None);
    }
    let store = match profile.make(id) {
        Ok(store) => store,
        Err(SessionError::Store(error)) if is_lost(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match store.setting(setting::NAME) {
        Ok(None) if is_known => Ok(None),
        Ok(_) => Ok(Some(store)),
        Err(error) if error.is_loss() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_lost(error: &StoreError) -> bool {
    error.is_loss() || matches!(error, StoreError::Foreign | StoreError::OtherWorkspace { .. })
}

/// Moves a lost database into a directory beside its place.
fn set_aside(witness: &mut Witness) -> Result<(), SessionError> {
    let mirror = witness.mirror().cloned().unwrap_or_default();
    let database = witness.directory().join(DATABASE);
    // What an attempt before this one has begun is worth nothing beside what it was to be rebuilt from.
    if !database.exists() || (mirror.aside.is_some() && !mirror.damaged && is_blank(&database)) {
        return witness.set(Mirror { damaged: false, ..mirror });
    }
    let moving = format!("set-aside-{}", Around::real().now());
    witness.set(Mirror { moving: Some(moving), ..mirror })?;
    finish_moving(witness)
}

fn is_blank(database: &Path) -> bool {
    let store = SqliteStore::open_existing(database);
    store.is_ok_and(|store| matches!(store.setting(setting::NAME), Ok(None)))
}

/// Moves what is still to be moved, also after a crash in the middle of it.
fn finish_moving(witness: &mut Witness) -> Result<(), SessionError> {
    let Some(mirror) = witness.mirror().cloned() else { return Ok(()) };
    let Some(moving) = mirror.moving.clone() else { return Ok(()) };
    let target = witness.directory().join(&moving);
    std::fs::create_dir_all(&target).map_err(SessionError::files(&target))?;
    for part in PARTS {
        let name = format!("{DATABASE}{part}");
        let from = witness.directory().join(&name);
        match std::fs::rename(&from, target.join(&name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(SessionError::files(from)(error)),
            _ => {}
        }
    }
    witness.set(Mirror { moving: None, damaged: false, aside: Some(moving), ..mirror })
}

fn rebuild(
    profile: &Profile,
    id: WorkspaceId,
    witness: &mut Witness,
    how: Salvage,
) -> Result<SqliteStore, SessionError> {
    let mirror = witness.mirror().cloned().unwrap_or_default();
    let aside = mirror.aside.as_ref().map(|aside| witness.directory().join(aside));
    let copy = aside.as_ref().map(|aside| Copy::of(aside, witness.directory().join(READING))).transpose()?;
    let mut store = match (how, &mirror.folder) {
        (Salvage::WithFolder, None) => {
            // The mirror may be lost, too, and the database still know of a folder.
            let mut nowhere = inkfold_store::MemoryStore::new(id);
            let left = copy.as_ref().map(|copy| copy.read(&mut nowhere)).transpose()?.unwrap_or_default();
            if !left.settings.iter().any(|(key, _)| key == setting::FOLDER) {
                let at = aside.clone().unwrap_or_else(|| profile.database(&id));
                return Err(SessionError::Lost { workspace: id.to_string(), is_missing: aside.is_none(), at });
            }
            profile.make(id)?
        }
        _ => profile.make(id)?,
    };
    let salvaged = copy.as_ref().map(|copy| copy.read(&mut store)).transpose()?.unwrap_or_default();
    drop(copy);
    finish(&mut store, &mirror, aside.as_deref(), salvaged)?;
    witness.set(Mirror { aside: None, ..mirror })?;
    witness.is_rebuilt = true;
    tracing::warn!("the database was lost, and a new one was begun with what could be read of it");
    Ok(store)
}

/// Makes a database complete that holds the records which could be read.
fn finish(
    store: &mut SqliteStore,
    mirror: &Mirror,
    aside: Option<&Path>,
    salvaged: Salvaged,
) -> Result<(), SessionError> {
    let found = |key: &str| salvaged.settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let or = |key: &str, other: Option<&String>| found(key).or_else(|| other.map(|text| text.as_bytes().to_vec()));
    let mut own = found(setting::OWN).unwrap_or_default();
    if let Ok(replica) = mirror.replica.parse::<inkfold_engine::ReplicaId>() {
        own.extend_from_slice(replica.as_bytes());
    }
    let mut batch = Batch::default();
    let old = found(setting::IDENTITY).and_then(|bytes| Identity::from_bytes(&bytes).ok());
    if let Some(old) = old.filter(|old| old.workspace() == store.workspace()) {
        let replica = old.replica();
        own.extend_from_slice(replica.as_bytes());
        let ends = store.ends(&replica)?;
        for end in ends.tips.iter().chain(&ends.loose) {
            if store.signature(&end.record)?.is_none() {
                let bytes = old.sign_head(end.number, &end.record).0;
                batch.signatures.push(Signature { replica, number: end.number, record: end.record, bytes });
            }
        }
        batch.keys.push((replica, old.public_key().0));
    }
    let aside = aside.map(|aside| aside.display().to_string());
    let records = u32::try_from(salvaged.records).unwrap_or(u32::MAX);
    let text = |key: &str, value| (key.to_owned(), value);
    batch.settings = vec![
        text(setting::NAME, Some(or(setting::NAME, Some(&mirror.name)).unwrap_or_default())),
        text(setting::PERSON, or(setting::PERSON, Some(&mirror.person))),
        text(setting::FOLDER, or(setting::FOLDER, mirror.folder.as_ref())),
        text(setting::LAST_DOCUMENT, found(setting::LAST_DOCUMENT)),
        text(setting::OWN, Some(own)),
        news::setting_of(&[News::Rebuilt { aside, records }]),
    ];
    store.commit(&batch)?;
    Ok(())
}

/// A copy of a database that was set aside, for as long as it is read: reading a database can change its file.
struct Copy(PathBuf);

impl Copy {
    fn of(aside: &Path, into: PathBuf) -> Result<Copy, SessionError> {
        let copy = Copy(into);
        copy.remove();
        std::fs::create_dir_all(&copy.0).map_err(SessionError::files(&copy.0))?;
        for part in PARTS {
            let name = format!("{DATABASE}{part}");
            let from = aside.join(&name);
            match std::fs::copy(&from, copy.0.join(&name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(SessionError::files(from)(error));
                }
                _ => {}
            }
        }
        Ok(copy)
    }

    fn read(&self, into: &mut dyn Storage) -> Result<Salvaged, SessionError> {
        Ok(salvage(&self.0.join(DATABASE), into)?)
    }

    fn remove(&self) {
        // What stays is overwritten by the next copy.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}
