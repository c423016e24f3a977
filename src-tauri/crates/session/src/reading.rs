//! What can be read from a store alone, without the workspace's thread: while the app runs, too.

use inkfold_engine::{Document, DocumentId, ReplicaId, Target, Unfolded};
use inkfold_store::{Log, LogEntry, Storage};

use crate::error::SessionError;
use crate::wire::DocumentInfo;

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

/// A document with everything that is stored of it, the open record included.
///
/// # Errors
/// The store can't be read.
pub fn document(store: &dyn Storage, id: DocumentId) -> Result<Document, SessionError> {
    let mut document = Document::new(store.workspace(), id);
    document.absorb(store.records(&id)?);
    if let Some(open) = store.open()?.filter(|open| open.start.document == id) {
        document.absorb([open.seal(store.workspace(), crate::workspace::now())]);
    }
    Ok(document)
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
    let replicas = match replica {
        Some(replica) => vec![replica],
        None => store.replicas()?,
    };
    let mut out = Vec::new();
    for replica in replicas {
        out.extend(store.read_log(&replica, &id)?.into_iter().map(|entry| (replica, entry)));
    }
    Ok(out)
}

/// What is wrong with what a store holds; nothing if all is well.
///
/// # Errors
/// The store can't be read.
pub fn verify(store: &dyn Storage) -> Result<Vec<String>, SessionError> {
    let mut findings = Vec::new();
    for replica in store.replicas()? {
        let ends = store.ends(&replica)?;
        if ends.tips.len() > 1 {
            findings.push(format!("replica {replica} has {} branches; both are kept", ends.tips.len()));
        }
        for loose in ends.loose {
            findings.push(format!("record {} of replica {replica} waits for the ones before it", loose.number));
        }
    }
    for id in store.documents()? {
        let document = document(store, id)?;
        for record in document.waiting() {
            findings.push(format!("document {id}: record {} waits for records that have not arrived", record.id()));
        }
        for (record, why) in document.unfolded() {
            let why = match why {
                Unfolded::NeedsNewerVersion => "needs a newer version of Inkfold",
                Unfolded::NotAllowedHere => "holds events that its document doesn't allow",
                Unfolded::BrokenSequence => "doesn't follow its replica's record before it",
                Unfolded::FollowsUnfolded => "builds on a record that can't be shown",
            };
            findings.push(format!("document {id}: record {} {why}", record.id()));
        }
    }
    Ok(findings)
}

/// A workspace's name: what the document zero says, or what it was called when it was made or joined.
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
