//! What a record has to fulfil before any backend keeps it.

use inkfold_engine::codec::{canonical_bytes, decode_canonical};
use inkfold_engine::record::MAX_RECORD_BYTES;
use inkfold_engine::{Record, RecordId};

use crate::error::{Result, StoreError};
use crate::open::OpenRecord;
use crate::storage::Storage;

/// Checks a record against itself and against those that are here; gives its canonical bytes.
///
/// What isn't here yet can't be compared: a record may come before the ones that it names.
pub(crate) fn check_record<S: Storage + ?Sized>(store: &S, record: &Record) -> Result<Vec<u8>> {
    let refuse = |reason| Err(StoreError::Refused { record: record.id(), reason });
    let content = record.content();
    if content.workspace != store.workspace() {
        return refuse("it belongs to another workspace");
    }
    let bytes = canonical_bytes(content);
    if bytes.len() > MAX_RECORD_BYTES {
        return refuse("it is larger than a record may be");
    }
    if decode_canonical(&bytes).as_ref() != Ok(content) {
        return refuse("it can't be written down");
    }
    if (record.number() == 1) != (record.previous() == RecordId::NONE) {
        return refuse("only the first record has no previous one");
    }
    if let Some(previous) = store.link(&record.previous())?
        && (previous.replica, previous.number + 1) != (record.replica(), record.number())
    {
        return refuse("its number doesn't follow its previous record's");
    }
    match record.previous_here() {
        None if content.first_seq != 0 => return refuse("its seqs don't begin with 0"),
        None => {}
        Some(id) => {
            if content.first_seq == 0 {
                return refuse("its seqs begin with 0 again");
            }
            if let Some(here) = store.link(&id)? {
                let expected = (record.replica(), record.document(), content.first_seq);
                if (here.replica, here.document, here.end_seq) != expected || here.number >= record.number() {
                    return refuse("it doesn't follow its previous record in the document");
                }
            }
        }
    }
    for parent in record.parents() {
        if store.link(parent)?.is_some_and(|link| link.document != record.document()) {
            return refuse("a parent belongs to another document");
        }
    }
    Ok(bytes)
}

/// Checks that a record is what the open record becomes when it is sealed.
pub(crate) fn check_seal<S: Storage + ?Sized>(store: &S, open: Option<&OpenRecord>, record: &Record) -> Result<()> {
    match open {
        None => Err(StoreError::Open("no record is open")),
        Some(open) if open.seal(store.workspace(), record.content().time) != *record => {
            Err(StoreError::Open("what is to be sealed isn't the open record"))
        }
        Some(_) => Ok(()),
    }
}
