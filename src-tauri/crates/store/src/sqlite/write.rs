//! What a commit does to the database.

use inkfold_engine::{Record, RecordId};
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::rows::{content_of, guard, int, join_ids, record_guard, snapshot_guard};
use crate::batch::{AcknowledgementRow, Batch, Committed, OutboxFile, Signature, Snapshot, SnapshotChange};
use crate::check::{check_record, check_seal};
use crate::error::{Result, StoreError};
use crate::open::OpenStart;
use crate::storage::{Storage, UndoRow};

const LOOSE: i64 = 0;
const INNER: i64 = 1;
const TIP: i64 = 2;

impl SqliteStore {
    /// Makes the changes of a batch, within a transaction that the caller has begun.
    pub(super) fn apply(&self, batch: &Batch) -> Result<Committed> {
        let db = &self.connection;
        let mut committed = Committed::default();
        for (key, value) in &batch.settings {
            match value {
                Some(value) => run(db, "INSERT OR REPLACE INTO setting VALUES (?1, ?2)", params![key, value])?,
                None => run(db, "DELETE FROM setting WHERE key = ?1", params![key])?,
            };
        }
        if let Some(record) = &batch.seal {
            check_seal(self, self.open()?.as_ref(), record)?;
            self.add(record, &mut committed.added)?;
            run(db, "DELETE FROM open_start", [])?;
        }
        for record in &batch.records {
            self.add(record, &mut committed.added)?;
        }
        for (replica, key) in &batch.keys {
            run(db, "INSERT OR IGNORE INTO replica_key VALUES (?1, ?2)", params![replica.0, key])?;
            if self.key(replica)?.as_ref() != Some(key) {
                return Err(StoreError::Conflict(format!("the key of replica {replica}")));
            }
        }
        for Signature { replica, number, record, bytes } in &batch.signatures {
            let values = params![replica.0, int(*number), record.0, bytes];
            run(db, "INSERT OR IGNORE INTO signature VALUES (?1, ?2, ?3, ?4)", values)?;
        }
        for AcknowledgementRow { replica, counter, since, bytes } in &batch.acknowledgements {
            let sql = "INSERT INTO acknowledgement (replica, counter, since, bytes) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (replica) DO UPDATE
                       SET counter = excluded.counter, since = excluded.since, bytes = excluded.bytes
                       WHERE excluded.counter > counter";
            run(db, sql, params![replica.0, int(*counter), since, bytes])?;
        }
        for name in &batch.outbox_done {
            run(db, "DELETE FROM outbox WHERE name = ?1", [name])?;
        }
        for file in &batch.outbox {
            self.queue(file)?;
        }
        for (path, fact) in &batch.facts {
            match fact {
                Some(fact) => {
                    // Sizes and inode numbers use all 64 bits and are never compared by SQLite.
                    let (size, inode) = (fact.size as i64, fact.inode as i64);
                    let content = content_of(fact);
                    let values = params![path, size, fact.modified, fact.changed, inode, content];
                    run(db, "INSERT OR REPLACE INTO file_fact VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values)?
                }
                None => run(db, "DELETE FROM file_fact WHERE path = ?1", params![path])?,
            };
        }
        for (hash, pending) in &batch.pending {
            match pending {
                Some(pending) => {
                    let values = params![hash, pending.path, pending.reason];
                    run(db, "INSERT OR REPLACE INTO pending_file VALUES (?1, ?2, ?3)", values)?
                }
                None => run(db, "DELETE FROM pending_file WHERE hash = ?1", params![hash])?,
            };
        }
        for (document, card) in &batch.cards {
            match card {
                Some(card) => {
                    let values = params![document.0, card.title, card.trashed, card.edited];
                    run(db, "INSERT OR REPLACE INTO document_card VALUES (?1, ?2, ?3, ?4)", values)?
                }
                None => run(db, "DELETE FROM document_card WHERE document = ?1", params![document.0])?,
            };
        }
        batch.snapshots.iter().try_for_each(|change| self.change_snapshots(change))?;
        Ok(committed)
    }

    fn change_snapshots(&self, change: &SnapshotChange) -> Result<()> {
        let (db, document) = (&self.connection, change.document);
        let places: Vec<i64> = {
            let mut places = db.prepare_cached("SELECT place FROM snapshot WHERE document = ?1")?;
            places.query_map([document.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        let kept: Vec<i64> = change.kept.iter().map(|&place| int(place)).collect();
        for place in places.into_iter().filter(|place| !kept.contains(place)) {
            run(db, "DELETE FROM snapshot WHERE document = ?1 AND place = ?2", params![document.0, place])?;
        }
        for Snapshot { mark, bytes } in &change.added {
            run(
                db,
                "INSERT OR REPLACE INTO snapshot (document, place, events, lasting, version, guard, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    document.0,
                    int(mark.place),
                    int(mark.events),
                    mark.is_lasting,
                    join_ids(&mark.version),
                    snapshot_guard(&document, mark),
                    bytes
                ],
            )?;
        }
        Ok(())
    }

    /// Keeps a record that isn't here yet, and settles what it means for its replica's chain.
    fn add(&self, record: &Record, added: &mut Vec<RecordId>) -> Result<()> {
        let db = &self.connection;
        let (id, replica, number) = (record.id(), record.replica(), record.number());
        if self.link(&id)?.is_some() {
            return Ok(());
        }
        let body = check_record(self, record)?;
        if !self.records_at(&replica, number)?.is_empty() {
            run(db, "INSERT OR IGNORE INTO fork VALUES (?1, ?2)", params![replica.0, int(number)])?;
        }
        let rooted = number == 1 || self.link(&record.previous())?.is_some_and(|link| link.rooted);
        let previous_here = record.previous_here();
        run(
            db,
            "INSERT INTO record
             (id, replica, number, document, end_seq, link, previous, previous_here, parents, guard, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                id.0,
                replica.0,
                int(number),
                record.document().0,
                int(record.end_seq()),
                if rooted { TIP } else { LOOSE },
                record.previous().0,
                previous_here.map(|id| id.0),
                join_ids(record.parents()),
                record_guard(&id, previous_here.as_ref()),
                body
            ],
        )?;
        added.push(id);
        if rooted {
            run(db, "UPDATE record SET link = ?1 WHERE id = ?2", params![INNER, record.previous().0])?;
            self.root_followers(record)?;
        }
        Ok(())
    }

    /// Roots the records that were waiting for this one, and those that were waiting for them.
    fn root_followers(&self, record: &Record) -> Result<()> {
        let db = &self.connection;
        let mut found = vec![(record.id().0, record.number())];
        while let Some((id, number)) = found.pop() {
            let mut followers = db.prepare_cached(
                "SELECT id FROM record WHERE replica = ?1 AND number = ?2 AND previous = ?3 ORDER BY id",
            )?;
            let followers = followers
                .query_map(params![record.replica().0, int(number + 1), id], |row| row.get::<_, [u8; 32]>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            if !followers.is_empty() {
                run(db, "UPDATE record SET link = ?1 WHERE id = ?2", params![INNER, id])?;
            }
            for follower in followers {
                run(db, "UPDATE record SET link = ?1 WHERE id = ?2", params![TIP, follower])?;
                found.push((follower, number + 1));
            }
        }
        Ok(())
    }

    fn queue(&self, file: &OutboxFile) -> Result<()> {
        let db = &self.connection;
        match self.outbox_file(&file.name)? {
            None => {
                let (first, last) = (int(file.first), int(file.last));
                run(
                    db,
                    "INSERT INTO outbox (name, replica, first, last, guard, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![file.name, file.replica.0, first, last, guard(&[&file.bytes]), file.bytes],
                )?;
            }
            Some(queued) if queued == *file => {}
            Some(_) => return Err(StoreError::Conflict(format!("the file {}", file.name))),
        }
        run(
            db,
            "INSERT INTO queued VALUES (?1, ?2)
             ON CONFLICT (replica) DO UPDATE SET number = max(number, excluded.number)",
            params![file.replica.0, int(file.last)],
        )?;
        Ok(())
    }

    /// Changes what a writer can undo, within a transaction that the caller has begun.
    pub(super) fn note_undo(&self, start: &OpenStart, rows: &[UndoRow]) -> Result<()> {
        let db = &self.connection;
        let (document, replica) = (start.document.0, start.replica.0);
        if !rows.is_empty() {
            run(db, "DELETE FROM undo WHERE document = ?1 AND replica <> ?2", params![document, replica])?;
        }
        for (number, row) in rows {
            let number = int(*number);
            match row {
                Some(row) => {
                    let values = params![document, replica, number, row];
                    run(db, "INSERT OR REPLACE INTO undo VALUES (?1, ?2, ?3, ?4)", values)?
                }
                None => {
                    let sql = "DELETE FROM undo WHERE document = ?1 AND replica = ?2 AND number = ?3";
                    run(db, sql, params![document, replica, number])?
                }
            };
        }
        Ok(())
    }

    /// The size of the open record's appends.
    pub(super) fn open_bytes(&self) -> Result<(Option<i64>, usize)> {
        let mut last =
            self.connection.prepare_cached("SELECT end_seq, bytes FROM open_run ORDER BY place DESC LIMIT 1")?;
        let last = last.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()?;
        Ok(match last {
            Some((end_seq, bytes)) => (Some(end_seq), usize::try_from(bytes).unwrap_or(usize::MAX)),
            None => (None, 0),
        })
    }
}

/// Runs a statement, prepared at its first use.
pub(super) fn run(db: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
    db.prepare_cached(sql)?.execute(values)
}
