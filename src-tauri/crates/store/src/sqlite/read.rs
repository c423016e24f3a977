//! What is asked of the database.

use std::ops::Range;

use inkfold_engine::{DocumentId, Event, Record, RecordId, ReplicaId, WorkspaceId};
use rusqlite::{OptionalExtension, Params, Row, params};

use super::SqliteStore;
use super::rows::{self, int, row_error, uint};
use crate::batch::{
    AcknowledgementRow, Batch, Committed, Counts, DocumentCard, FileFact, OutboxFile, PendingFile, Signature,
    SnapshotMark,
};
use crate::error::{Result, StoreError};
use crate::open::{OpenRecord, OpenStart, run_from_bytes};
use crate::storage::{Ends, Link, Storage, Tip, UndoRow};

impl SqliteStore {
    /// Every row of an answer, read by `read`.
    fn all<T>(&self, sql: &str, values: impl Params, mut read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// The first row of an answer, read by `read`.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        rows.next()?.map(read).transpose()
    }

    fn select_records(&self, condition: &str, values: impl Params) -> Result<Vec<Record>> {
        let sql = format!("SELECT {} FROM record WHERE {condition}", rows::RECORD);
        self.all(&sql, values, |row| rows::record(self.workspace, row))
    }

    /// The values of a column of records that starts an index, each once, ascending. One look-up each: the index is
    /// not read through.
    fn distinct(&self, column: &str) -> Result<Vec<[u8; 16]>> {
        let sql = format!(
            "WITH RECURSIVE found (value) AS (
                SELECT min({column}) FROM record
                UNION ALL
                SELECT (SELECT min({column}) FROM record WHERE {column} > found.value) FROM found
                WHERE found.value IS NOT NULL)
             SELECT value FROM found WHERE value IS NOT NULL"
        );
        self.all(&sql, [], |row| row.get(0).map_err(row_error(format_args!("a {column} of a record"))))
    }

    /// The open record without what was appended.
    pub(super) fn open_beginning(&self) -> Result<Option<OpenRecord>> {
        self.first(&format!("SELECT {} FROM open_start", rows::OPEN_START), [], rows::open_start)
    }
}

fn signature(row: &Row<'_>) -> Result<Signature> {
    let read = || -> rusqlite::Result<_> {
        let (replica, number, record) = (ReplicaId(row.get(0)?), uint(row, 1)?, RecordId(row.get(2)?));
        Ok(Signature { replica, number, record, bytes: row.get(3)? })
    };
    read().map_err(row_error("a signature"))
}

fn fact(row: &Row<'_>) -> Result<(Vec<u8>, FileFact)> {
    let path: Vec<u8> = row.get(0)?;
    let read = || -> rusqlite::Result<_> {
        Ok(FileFact {
            size: row.get::<_, i64>(1)? as u64,
            modified: row.get(2)?,
            changed: row.get(3)?,
            inode: row.get::<_, i64>(4)? as u64,
            hash: [0; 32],
            stretch: None,
        })
    };
    let what = || format!("what is known of the file {}", path.escape_ascii());
    let fact = read().map_err(row_error(what()))?;
    let content: Vec<u8> = row.get(5).map_err(row_error(what()))?;
    let (hash, stretch) =
        rows::content_from(&content).ok_or_else(|| StoreError::damaged(what(), "its content is not described"))?;
    Ok((path, FileFact { hash, stretch, ..fact }))
}

fn tip(row: &Row<'_>) -> rusqlite::Result<Tip> {
    Ok(Tip { number: uint(row, 0)?, record: RecordId(row.get(1)?) })
}

/// By name, since SQLite would rather read all of a replica's records in order than the few at its ends.
pub(super) const ENDS: &str = "SELECT number, id, link FROM record INDEXED BY record_at_end
    WHERE replica = ?1 AND link <> 1 ORDER BY number, id";
pub(super) const AT_PLACES: &str = "document = ?1 AND place >= ?2 AND place < ?3 ORDER BY place";
const SIGNATURE: &str = "SELECT replica, number, record, bytes FROM signature";
const FACT: &str = "SELECT path, size, modified, changed, inode, hash FROM file_fact";

impl Storage for SqliteStore {
    fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed> {
        self.commit_batch(batch)
    }

    fn append_undoable(&mut self, start: &OpenStart, time: i64, events: &[Event], undo: &[UndoRow]) -> Result<()> {
        self.append(start, time, events, undo)
    }

    fn undo_rows(&self, document: &DocumentId, replica: &ReplicaId) -> Result<Vec<(u64, Vec<u8>)>> {
        let sql = "SELECT number, body FROM undo WHERE document = ?1 AND replica = ?2 ORDER BY number";
        self.all(sql, params![document.0, replica.0], |row| {
            let read = || Ok((uint(row, 0)?, row.get::<_, Vec<u8>>(1)?));
            read().map_err(row_error(format_args!("what can be undone in {document}")))
        })
    }

    fn open(&self) -> Result<Option<OpenRecord>> {
        let Some(mut open) = self.open_beginning()? else { return Ok(None) };
        let mut seq = open.start.first_seq;
        open.runs = self.all("SELECT place, end_seq, body FROM open_run ORDER BY place", [], |row| {
            let place: i64 = row.get(0)?;
            let what = format!("append {place} of the open record");
            let read = || Ok((uint(row, 1)?, row.get::<_, Vec<u8>>(2)?));
            let (end_seq, body) = read().map_err(row_error(&what))?;
            let run = run_from_bytes(self.workspace, &open.start, open.number, seq, &body)
                .map_err(|reason| StoreError::damaged(&what, reason))?;
            seq = run.end_seq();
            if seq != end_seq {
                return Err(StoreError::damaged(what, "its seqs don't agree with its bytes"));
            }
            Ok(run)
        })?;
        if open.runs.is_empty() {
            return Err(StoreError::damaged("the open record", "it has no events"));
        }
        Ok(Some(open))
    }

    fn setting(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.first("SELECT value FROM setting WHERE key = ?1", [key], |row| {
            row.get(0).map_err(row_error(format_args!("setting {key}")))
        })
    }

    fn record(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.select_records("id = ?1", [id.0])?.pop())
    }

    fn link(&self, id: &RecordId) -> Result<Option<Link>> {
        self.first(&format!("SELECT {} FROM record WHERE id = ?1", rows::LINK), [id.0], |row| {
            rows::link(row).map_err(row_error(format_args!("record {id}")))
        })
    }

    fn records(&self, document: &DocumentId) -> Result<Vec<Record>> {
        self.select_records("document = ?1 ORDER BY place", [document.0])
    }

    fn records_at_places(&self, document: &DocumentId, places: Range<u64>) -> Result<Vec<(u64, Record)>> {
        let sql = format!("SELECT {} FROM record WHERE {AT_PLACES}", rows::RECORD);
        self.all(&sql, params![document.0, int(places.start), int(places.end)], |row| {
            let place = uint(row, 0).map_err(row_error("the place of a record"))?;
            Ok((place, rows::record(self.workspace, row)?))
        })
    }

    fn snapshots(&self, document: &DocumentId) -> Result<Vec<SnapshotMark>> {
        let sql = format!("SELECT {} FROM snapshot WHERE document = ?1 ORDER BY place", rows::SNAPSHOT_MARK);
        let marks = self.all(&sql, [document.0], |row| Ok(rows::snapshot_mark(document, row)))?;
        Ok(marks.into_iter().flatten().collect())
    }

    fn snapshot_before(&self, document: &DocumentId, place: u64) -> Result<Option<SnapshotMark>> {
        let condition = "document = ?1 AND place < ?2 ORDER BY place DESC";
        let sql = format!("SELECT {} FROM snapshot WHERE {condition}", rows::SNAPSHOT_MARK);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![document.0, int(place)])?;
        while let Some(row) = rows.next()? {
            if let Some(mark) = rows::snapshot_mark(document, row) {
                return Ok(Some(mark));
            }
        }
        Ok(None)
    }

    fn snapshot(&self, document: &DocumentId, place: u64) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM snapshot WHERE document = ?1 AND place = ?2";
        let body = self.first(sql, params![document.0, int(place)], |row| Ok(row.get(0).ok()))?;
        Ok(body.flatten())
    }

    fn records_of(&self, replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Record>> {
        let values = params![replica.0, int(numbers.start), int(numbers.end)];
        self.select_records("replica = ?1 AND number >= ?2 AND number < ?3 ORDER BY number, id", values)
    }

    fn stream(&self, replica: &ReplicaId, document: &DocumentId) -> Result<Vec<Record>> {
        self.select_records("replica = ?1 AND document = ?2 ORDER BY number, id", params![replica.0, document.0])
    }

    fn stream_end(&self, replica: &ReplicaId, document: &DocumentId) -> Result<u64> {
        let sql = "SELECT coalesce(max(end_seq), 0) FROM record WHERE replica = ?1 AND document = ?2";
        let end = self.first(sql, params![replica.0, document.0], |row| {
            uint(row, 0).map_err(row_error(format_args!("the last seq of {replica} in {document}")))
        })?;
        Ok(end.unwrap_or(0))
    }

    fn latest(&self, replica: &ReplicaId, document: &DocumentId, number: u64) -> Result<Option<Tip>> {
        let sql = "SELECT number, id FROM record WHERE replica = ?1 AND document = ?2 AND number <= ?3
                   ORDER BY number DESC, id DESC LIMIT 1";
        self.first(sql, params![replica.0, document.0, int(number)], |row| {
            tip(row).map_err(row_error(format_args!("the latest record of {replica} in {document}")))
        })
    }

    fn records_at(&self, replica: &ReplicaId, number: u64) -> Result<Vec<RecordId>> {
        let sql = "SELECT id FROM record WHERE replica = ?1 AND number = ?2 ORDER BY id";
        self.all(sql, params![replica.0, int(number)], |row| {
            Ok(RecordId(row.get(0).map_err(row_error(format_args!("record {number} of {replica}")))?))
        })
    }

    fn first_fork(&self, replica: &ReplicaId) -> Result<Option<u64>> {
        let sql = "SELECT number FROM fork WHERE replica = ?1 ORDER BY number LIMIT 1";
        self.first(sql, [replica.0], |row| uint(row, 0).map_err(row_error(format_args!("a fork of {replica}"))))
    }

    fn ends(&self, replica: &ReplicaId) -> Result<Ends> {
        let mut ends = Ends::default();
        self.all(ENDS, [replica.0], |row| {
            let read = || Ok((tip(row)?, row.get::<_, i64>(2)? != 0));
            let (tip, rooted) = read().map_err(row_error(format_args!("an end of {replica}")))?;
            if rooted {
                ends.tips.push(tip)
            } else {
                ends.loose.push(tip)
            }
            Ok(())
        })?;
        Ok(ends)
    }

    fn replicas(&self) -> Result<Vec<ReplicaId>> {
        Ok(self.distinct("replica")?.into_iter().map(ReplicaId).collect())
    }

    fn documents(&self) -> Result<Vec<DocumentId>> {
        let mut documents: Vec<DocumentId> = self.distinct("document")?.into_iter().map(DocumentId).collect();
        if let Some(open) = self.open_beginning()?
            && let Err(place) = documents.binary_search(&open.start.document)
        {
            documents.insert(place, open.start.document);
        }
        Ok(documents)
    }

    fn key(&self, replica: &ReplicaId) -> Result<Option<[u8; 32]>> {
        self.first("SELECT key FROM replica_key WHERE replica = ?1", [replica.0], |row| {
            row.get(0).map_err(row_error(format_args!("the key of replica {replica}")))
        })
    }

    fn signature(&self, record: &RecordId) -> Result<Option<Signature>> {
        self.first(&format!("{SIGNATURE} WHERE record = ?1 ORDER BY replica, number"), [record.0], signature)
    }

    fn signatures(&self, replica: &ReplicaId, numbers: Range<u64>) -> Result<Vec<Signature>> {
        let sql = format!("{SIGNATURE} WHERE replica = ?1 AND number >= ?2 AND number < ?3 ORDER BY number, record");
        self.all(&sql, params![replica.0, int(numbers.start), int(numbers.end)], signature)
    }

    fn acknowledgements(&self) -> Result<Vec<AcknowledgementRow>> {
        self.all("SELECT replica, counter, since, bytes FROM acknowledgement ORDER BY replica", [], |row| {
            let read = || {
                let (replica, counter) = (ReplicaId(row.get(0)?), uint(row, 1)?);
                Ok(AcknowledgementRow { replica, counter, since: row.get(2)?, bytes: row.get(3)? })
            };
            read().map_err(row_error("an acknowledgement"))
        })
    }

    fn outbox(&self) -> Result<Vec<String>> {
        self.all("SELECT name FROM outbox ORDER BY place", [], |row| {
            row.get(0).map_err(row_error("the name of a file to publish"))
        })
    }

    fn outbox_file(&self, name: &str) -> Result<Option<OutboxFile>> {
        let sql = "SELECT name, replica, first, last, guard, bytes FROM outbox WHERE name = ?1";
        self.first(sql, [name], rows::outbox_file)
    }

    fn queued_to(&self, replica: &ReplicaId) -> Result<u64> {
        let queued = self.first("SELECT number FROM queued WHERE replica = ?1", [replica.0], |row| {
            uint(row, 0).map_err(row_error(format_args!("what was queued of {replica}")))
        })?;
        Ok(queued.unwrap_or(0))
    }

    fn fact(&self, path: &[u8]) -> Result<Option<FileFact>> {
        Ok(self.first(&format!("{FACT} WHERE path = ?1"), [path], fact)?.map(|(_, fact)| fact))
    }

    fn facts(&self) -> Result<Vec<(Vec<u8>, FileFact)>> {
        self.all(&format!("{FACT} ORDER BY path"), [], fact)
    }

    fn pending(&self) -> Result<Vec<([u8; 32], PendingFile)>> {
        self.all("SELECT hash, path, reason FROM pending_file ORDER BY hash", [], |row| {
            let read = || Ok((row.get(0)?, PendingFile { path: row.get(1)?, reason: row.get(2)? }));
            read().map_err(row_error("a pending file"))
        })
    }

    fn cards(&self) -> Result<Vec<(DocumentId, DocumentCard)>> {
        self.all("SELECT document, title, trashed, edited FROM document_card ORDER BY document", [], |row| {
            let read = || {
                let card = DocumentCard { title: row.get(1)?, trashed: row.get(2)?, edited: row.get(3)? };
                Ok((DocumentId(row.get(0)?), card))
            };
            read().map_err(row_error("what a list shows of a document"))
        })
    }

    fn counts(&self) -> Result<Counts> {
        let open_events = self.open_beginning()?.map(|open| open.start.first_seq);
        let open_events = match (open_events, self.open_bytes()?.0) {
            (Some(first), Some(end)) => u64::try_from(end).unwrap_or(0).saturating_sub(first),
            _ => 0,
        };
        let sql = "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM record WHERE link = 0 AND link <> 1),
                   (SELECT count(*) FROM outbox), (SELECT coalesce(sum(length(bytes)), 0) FROM outbox),
                   (SELECT count(*) FROM pending_file)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let counts = statement
            .query_row([], |row| {
                Ok(Counts {
                    records: uint(row, 0)?,
                    loose: uint(row, 1)?,
                    open_events,
                    outbox: uint(row, 2)?,
                    outbox_bytes: uint(row, 3)?,
                    pending: uint(row, 4)?,
                })
            })
            .optional()?;
        Ok(counts.unwrap_or_default())
    }
}
