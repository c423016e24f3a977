//! Whether all is well with what a store holds and with its shared folder. Nothing is changed by looking, so it is done
//! while another process writes, too.

mod folder;
mod found;

use inkfold_engine::{Document, DocumentId, Unfolded};
use inkfold_store::Storage;
use serde::Serialize;

use crate::error::SessionError;

pub use folder::{BlobCheck, FolderCheck, folder};

/// What a store holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoreCheck {
    /// Sealed records.
    pub records: u64,
    /// Documents, without the workspace's own data.
    pub documents: u64,
    /// Records that wait for others.
    pub waiting: u64,
    /// Records that can't be shown.
    pub unfolded: u64,
    /// What is wrong, in plain words.
    pub findings: Vec<String>,
}

/// Reads everything that a store holds.
///
/// # Errors
/// The store can't be read, or a row of it is damaged.
pub fn store(store: &dyn Storage) -> Result<StoreCheck, SessionError> {
    let mut check = StoreCheck::default();
    store.open()?;
    for replica in store.replicas()? {
        let ends = store.ends(&replica)?;
        if ends.tips.len() > 1 {
            check.findings.push(format!("replica {replica} has {} branches; both are kept", ends.tips.len()));
        }
        for loose in ends.loose {
            check.waiting += 1;
            let number = loose.number;
            check.findings.push(format!("record {number} of replica {replica} waits for the ones before it"));
        }
    }
    for id in store.documents()? {
        // From the records, whatever a snapshot says.
        let records = store.records(&id)?;
        check.documents += u64::from(id != DocumentId::WORKSPACE);
        check.records += records.len() as u64;
        let mut document = Document::new(store.workspace(), id);
        document.absorb(records);
        for record in document.waiting() {
            check.waiting += 1;
            let record = record.id();
            check.findings.push(format!("document {id}: record {record} waits for records that have not arrived"));
        }
        for (record, why) in document.unfolded() {
            check.unfolded += 1;
            let why = match why {
                Unfolded::NeedsNewerVersion => "needs a newer version of Inkfold",
                Unfolded::NotAllowedHere => "holds events that its document doesn't allow",
                Unfolded::BrokenSequence => "doesn't follow its replica's record before it",
                Unfolded::FollowsUnfolded => "builds on a record that can't be shown",
            };
            check.findings.push(format!("document {id}: record {} {why}", record.id()));
        }
    }
    Ok(check)
}
