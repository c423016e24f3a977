//! Rows to values and back, with everything verified on the way in.

use std::fmt::Display;

use inkfold_engine::codec::decode_canonical;
use inkfold_engine::{Document, DocumentId, Record, RecordId, ReplicaId, WorkspaceId};
use rusqlite::{Row, params};

use crate::batch::{FileFact, OutboxFile, SnapshotMark, Stretch};
use crate::error::{Result, StoreError};
use crate::open::{OpenRecord, OpenStart};
use crate::storage::Link;

/// Numbers, seqs and times as SQLite has them. What doesn't fit is past every number that there can be.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An error of reading one row: what SQLite reports stays what it is, a value of the wrong form names the row.
pub(super) fn row_error(what: impl Display) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| match StoreError::from(error) {
        StoreError::Damaged { reason, .. } => StoreError::Damaged { what: what.to_string(), reason },
        other => other,
    }
}

/// Reads a number that can't be negative.
pub(super) fn uint(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// Ids one after another.
pub(super) fn join_ids(ids: &[RecordId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.0).collect()
}

fn split_ids(bytes: &[u8]) -> Result<Vec<RecordId>, &'static str> {
    let (ids, rest) = bytes.as_chunks::<{ RecordId::LEN }>();
    let ids: Vec<RecordId> = ids.iter().copied().map(RecordId).collect();
    if !rest.is_empty() || !ids.is_sorted_by(|a, b| a < b) {
        return Err("its parents aren't a list of ids");
    }
    Ok(ids)
}

/// What a file holds, as it stands in a row: the hash of its bytes, and where they are records, which.
pub(super) fn content_of(fact: &FileFact) -> Vec<u8> {
    let mut bytes = fact.hash.to_vec();
    if let Some(Stretch { replica, first, last, record }) = &fact.stretch {
        bytes.extend(replica.0);
        bytes.extend(first.to_le_bytes());
        bytes.extend(last.to_le_bytes());
        bytes.extend(record.0);
    }
    bytes
}

/// Reads what [`content_of`] wrote.
pub(super) fn content_from(bytes: &[u8]) -> Option<([u8; 32], Option<Stretch>)> {
    let (hash, rest) = bytes.split_first_chunk()?;
    if rest.is_empty() {
        return Some((*hash, None));
    }
    let (replica, rest) = rest.split_first_chunk()?;
    let (first, rest) = rest.split_first_chunk()?;
    let (last, rest) = rest.split_first_chunk()?;
    let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    let record = RecordId(rest.try_into().ok()?);
    Some((*hash, Some(Stretch { replica: ReplicaId(*replica), first, last, record })))
}

/// A checksum of bytes that no id covers.
pub(super) fn guard(parts: &[&[u8]]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut guard = [0; 8];
    guard.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    guard
}

/// The guard of a record's row.
pub(super) fn record_guard(id: &RecordId, previous_here: Option<&RecordId>) -> [u8; 8] {
    guard(&[&id.0, previous_here.map_or(&[], RecordId::as_bytes)])
}

/// The columns that [`record`] reads.
pub(super) const RECORD: &str =
    "place, id, replica, number, document, end_seq, previous, previous_here, parents, guard, body";

/// Reads a record, and verifies that it is the one whose id the row has.
pub(super) fn record(workspace: WorkspaceId, row: &Row<'_>) -> Result<Record> {
    let place: i64 = row.get(0)?;
    let id = RecordId(row.get(1).map_err(row_error(format_args!("the id of record row {place}")))?);
    let what = || format!("record {id} (row {place})");
    let read = || -> rusqlite::Result<_> {
        Ok((
            (ReplicaId(row.get(2)?), uint(row, 3)?, DocumentId(row.get(4)?), uint(row, 5)?),
            (RecordId(row.get(6)?), row.get::<_, Option<[u8; 32]>>(7)?.map(RecordId)),
            (row.get_ref(8)?.as_blob()?, row.get::<_, [u8; 8]>(9)?, row.get_ref(10)?.as_blob()?),
        ))
    };
    let (columns, (previous, previous_here), (parents, guard, body)) = read().map_err(row_error(what()))?;
    let damaged = |reason: &str| StoreError::damaged(what(), reason);
    let content = decode_canonical(body).map_err(|error| StoreError::damaged(what(), error))?;
    if content.workspace != workspace {
        return Err(damaged("it belongs to another workspace"));
    }
    let record = Record::seal(content, previous, previous_here, split_ids(parents).map_err(damaged)?);
    if record.id() != id {
        return Err(damaged("its bytes don't hash to its id"));
    }
    if guard != record_guard(&id, previous_here.as_ref()) {
        return Err(damaged("its previous record in the document isn't the one that was written"));
    }
    if columns != (record.replica(), record.number(), record.document(), record.end_seq()) {
        return Err(damaged("its columns don't agree with its bytes"));
    }
    Ok(record)
}

/// The columns that [`link`] reads.
pub(super) const LINK: &str = "replica, number, document, previous, end_seq, link, place";

/// Reads how a record hangs in its chain.
pub(super) fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        replica: ReplicaId(row.get(0)?),
        number: uint(row, 1)?,
        document: DocumentId(row.get(2)?),
        previous: RecordId(row.get(3)?),
        end_seq: uint(row, 4)?,
        rooted: row.get::<_, i64>(5)? != 0,
        place: uint(row, 6)?,
    })
}

/// The columns that [`snapshot_mark`] reads.
pub(super) const SNAPSHOT_MARK: &str = "place, events, lasting, version, guard";

/// Reads what a snapshot is of; none where the row isn't as it was written, or another engine wrote it.
pub(super) fn snapshot_mark(document: &DocumentId, row: &Row<'_>) -> Option<SnapshotMark> {
    let read = || -> rusqlite::Result<_> {
        let numbers = (uint(row, 0)?, uint(row, 1)?, row.get::<_, i64>(2)? != 0);
        Ok((numbers, row.get::<_, Vec<u8>>(3)?, row.get::<_, [u8; 8]>(4)?))
    };
    let ((place, events, is_lasting), version, guard) = read().ok()?;
    let mark = SnapshotMark { place, events, version: split_ids(&version).ok()?, is_lasting };
    (guard == snapshot_guard(document, &mark)).then_some(mark)
}

/// The guard of a snapshot's row.
pub(super) fn snapshot_guard(document: &DocumentId, mark: &SnapshotMark) -> [u8; 8] {
    let numbers = [Document::SNAPSHOT_VERSION, mark.place, mark.events, mark.is_lasting.into()];
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    guard(&[&document.0, &numbers, &join_ids(&mark.version)])
}

/// The columns that [`open_start`] reads.
pub(super) const OPEN_START: &str = "document, replica, parents, previous_here, first_seq, number, previous";

/// Reads the beginning of the open record.
pub(super) fn open_start(row: &Row<'_>) -> Result<OpenRecord> {
    let read = || -> rusqlite::Result<_> {
        let parents: Vec<u8> = row.get(2)?;
        let start = OpenStart {
            document: DocumentId(row.get(0)?),
            replica: ReplicaId(row.get(1)?),
            parents: Vec::new(),
            previous_here: row.get::<_, Option<[u8; 32]>>(3)?.map(RecordId),
            first_seq: uint(row, 4)?,
        };
        Ok((parents, OpenRecord { start, number: uint(row, 5)?, previous: RecordId(row.get(6)?), runs: Vec::new() }))
    };
    let (parents, mut open) = read().map_err(row_error("the start of the open record"))?;
    open.start.parents =
        split_ids(&parents).map_err(|reason| StoreError::damaged("the start of the open record", reason))?;
    Ok(open)
}

/// Writes the beginning of the open record.
pub(super) fn insert_open(connection: &rusqlite::Connection, open: &OpenRecord) -> rusqlite::Result<usize> {
    let OpenRecord { start, number, previous, .. } = open;
    connection
        .prepare_cached(
            "INSERT INTO open_start (one, document, replica, parents, previous_here, first_seq, number, previous)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            start.document.0,
            start.replica.0,
            join_ids(&start.parents),
            start.previous_here.map(|id| id.0),
            int(start.first_seq),
            int(*number),
            previous.0
        ])
}

/// Reads a file to publish.
pub(super) fn outbox_file(row: &Row<'_>) -> Result<OutboxFile> {
    let name: String = row.get(0).map_err(row_error("the name of a file to publish"))?;
    let what = format!("the file to publish {name}");
    let read = || -> rusqlite::Result<_> {
        Ok((ReplicaId(row.get(1)?), uint(row, 2)?, uint(row, 3)?, row.get::<_, [u8; 8]>(4)?, row.get(5)?))
    };
    let (replica, first, last, kept, bytes): (_, _, _, _, Vec<u8>) = read().map_err(row_error(&what))?;
    if kept != guard(&[&bytes]) {
        return Err(StoreError::damaged(what, "its bytes aren't those that were queued"));
    }
    Ok(OutboxFile { name, replica, first, last, bytes })
}
