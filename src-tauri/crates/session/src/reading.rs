//! What can be read from a store alone, without the workspace's thread: while the app runs, too.

use std::collections::BTreeSet;

use inkfold_engine::{Document, DocumentId, RecordId, ReplicaId, Target};
use inkfold_folder::FileHash;
use inkfold_store::{Log, LogEntry, Storage, Versions};

use crate::convert::page_out;
use crate::error::SessionError;
use crate::surroundings::Around;
use crate::wire::{Block, DocumentInfo, Value};

/// All documents, newest first.
///
/// # Errors
/// The store can't be read.
pub fn documents(store: &dyn Storage) -> Result<Vec<DocumentInfo>, SessionError> {
    let mut list: Vec<DocumentInfo> = store
        .cards()?
        .into_iter()
        .map(|(id, card)| DocumentInfo {
            id: id.to_string(),
            title: card.title,
            trashed: card.trashed,
            edited: card.edited,
        })
        .collect();
    list.sort_by(|a, b| b.edited.cmp(&a.edited).then_with(|| a.id.cmp(&b.id)));
    Ok(list)
}

/// The document with this id, unique beginning of an id, or exact title.
///
/// # Errors
/// There is none, or there are several.
pub fn find_document(store: &dyn Storage, name: &str) -> Result<DocumentId, SessionError> {
    let list = documents(store)?;
    let exact = list.iter().filter(|info| info.title == name);
    let begins = list.iter().filter(|info| !name.is_empty() && info.id.starts_with(&name.to_lowercase()));
    for found in [exact.collect::<Vec<_>>(), begins.collect()] {
        match found.as_slice() {
            [] => {}
            [info] => return info.id.parse().map_err(|_| SessionError::NoDocument(name.into())),
            _ => return Err(SessionError::WhichDocument(name.into())),
        }
    }
    Err(SessionError::NoDocument(name.into()))
}

/// Reads twice if need be, so that the open record is seen either as open or as sealed: another process may seal it
/// between two looks at the store, and what is neither or both would be missing or there twice.
fn settled<T>(
    store: &dyn Storage,
    mut read: impl FnMut(&dyn Storage) -> Result<T, SessionError>,
) -> Result<T, SessionError> {
    let open = || -> Result<_, SessionError> { Ok(store.open()?.map(|open| (open.start.replica, open.number))) };
    loop {
        let before = open()?;
        let found = read(store)?;
        if open()? == before {
            return Ok(found);
        }
    }
}

/// A document with everything that is stored of it, the open record included.
///
/// # Errors
/// The store can't be read.
pub fn document(store: &dyn Storage, id: DocumentId) -> Result<Document, SessionError> {
    settled(store, |store| {
        let mut document = sealed_document(store, id)?;
        if let Some(open) = store.open()?.filter(|open| open.start.document == id) {
            document.absorb([open.seal(store.workspace(), Around::real().now())]);
            if document.needs_history() {
                store.load_history(&mut document)?;
            }
        }
        Ok(document)
    })
}

/// A document with everything sealed; an empty one where there is nothing of it.
pub(crate) fn sealed_document(store: &dyn Storage, id: DocumentId) -> Result<Document, SessionError> {
    let opened = store.open_document(&id)?;
    Ok(opened.map_or_else(|| Document::new(store.workspace(), id), |opened| opened.document))
}

/// A document as it was for somebody who knew these records and all that they build on, and no others.
///
/// # Errors
/// There is no such version, or the store can't be read.
pub fn document_at(store: &dyn Storage, id: DocumentId, version: &[RecordId]) -> Result<Document, SessionError> {
    store.document_at(&id, version)?.ok_or(SessionError::NoVersion)
}

/// A document's title; empty where it has none.
pub fn title(document: &Document) -> String {
    crate::opened::title(document)
}

/// A document's page, as the window gets it.
pub fn blocks(document: &Document) -> Vec<Block> {
    page_out(document.page())
}

/// The log of a document: of one replica, or of all in the order of their ids.
///
/// # Errors
/// The store can't be read.
pub fn log(
    store: &dyn Storage,
    id: DocumentId,
    replica: Option<ReplicaId>,
) -> Result<Vec<(ReplicaId, LogEntry)>, SessionError> {
    settled(store, |store| {
        let replicas = match replica {
            Some(replica) => vec![replica],
            None => writers(store)?,
        };
        let mut out = Vec::new();
        for replica in replicas {
            out.extend(store.read_log(&replica, &id)?.into_iter().map(|entry| (replica, entry)));
        }
        Ok(out)
    })
}

/// The replicas of all records, the open one included.
fn writers(store: &dyn Storage) -> Result<Vec<ReplicaId>, SessionError> {
    let mut writers = store.replicas()?;
    if let Some(open) = store.open()?
        && let Err(at) = writers.binary_search(&open.start.replica)
    {
        writers.insert(at, open.start.replica);
    }
    Ok(writers)
}

/// The replica with this id, or unique beginning of an id.
///
/// # Errors
/// There is none, or there are several.
pub fn find_replica(store: &dyn Storage, name: &str) -> Result<ReplicaId, SessionError> {
    let mut found = writers(store)?;
    found.retain(|replica| !name.is_empty() && replica.to_string().starts_with(&name.to_lowercase()));
    match found.as_slice() {
        [replica] => Ok(*replica),
        [] => Err(SessionError::NoReplica(name.into())),
        _ => Err(SessionError::WhichReplica(name.into())),
    }
}

/// The images and attachments that documents show.
///
/// # Errors
/// The store can't be read.
pub(crate) fn shown_blobs(store: &dyn Storage) -> Result<BTreeSet<FileHash>, SessionError> {
    let mut shown = BTreeSet::new();
    for id in store.documents()? {
        for block in blocks(&document(store, id)?) {
            if let Some(Value::Text(hash)) = block.attrs.get("blob") {
                shown.extend(hash.parse::<FileHash>());
            }
        }
    }
    Ok(shown)
}

/// A setting that is text.
pub(crate) fn setting_text(store: &dyn Storage, key: &str) -> Result<Option<String>, SessionError> {
    Ok(store.setting(key)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// The names of people by the replicas that they write under.
///
/// # Errors
/// The store can't be read.
pub fn people(store: &dyn Storage) -> Result<std::collections::BTreeMap<String, String>, SessionError> {
    let zero = document(store, DocumentId::WORKSPACE)?;
    let names =
        zero.registers().filter_map(|(target, key, value)| match (target, key.strip_prefix("person/"), value) {
            (Target::Workspace, Some(replica), inkfold_engine::Value::Text(name)) => {
                Some((replica.to_owned(), name.clone()))
            }
            _ => None,
        });
    Ok(names.collect())
}
