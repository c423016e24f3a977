//! The durable store: one SQLite database for one workspace.

mod read;
mod rows;
mod salvage;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use inkfold_engine::record::MAX_RECORD_BYTES;
use inkfold_engine::{Event, WorkspaceId, event};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use crate::batch::{Batch, Committed};
use crate::error::{Result, StoreError};
use crate::open::{OpenRecord, OpenRun, OpenStart, run_bytes};
use crate::storage::UndoRow;
use rows::int;
pub use salvage::{Salvaged, salvage};
use write::run;

/// A [`Storage`](crate::Storage) in a database file, outside the shared folder.
///
/// Each successful call is on the disk when it returns (write-ahead log, synced at every commit). A call that fails
/// leaves the database as it was.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    workspace: WorkspaceId,
}

impl SqliteStore {
    /// Opens a workspace's database, or begins a new one where there is no file.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Foreign`], [`StoreError::Newer`] or [`StoreError::OtherWorkspace`] for
    /// a file that can't be used; it is left as it is. Else what the machine reports.
    pub fn open(path: &Path, workspace: WorkspaceId) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        Self::from_file(path, flags, Some(workspace))
    }

    /// Opens a database that is there already, of whatever workspace.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StoreError::Io`] where there is no file, [`StoreError::Foreign`] where it is empty.
    pub fn open_existing(path: &Path) -> Result<Self> {
        Self::from_file(path, OpenFlags::SQLITE_OPEN_READ_WRITE, None)
    }

    fn from_file(path: &Path, flags: OpenFlags, workspace: Option<WorkspaceId>) -> Result<Self> {
        let mut connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Looked at before anything is changed: the file may not be ours.
        schema::inspect(&connection)?;
        let (found, expected) = (schema::workspace(&connection)?, workspace);
        let workspace = match (found, expected) {
            (Some(found), Some(expected)) if found != expected => {
                return Err(StoreError::OtherWorkspace { found, expected });
            }
            (None, None) => return Err(StoreError::Foreign),
            (Some(workspace), _) | (None, Some(workspace)) => workspace,
        };
        schema::configure(&connection)?;
        schema::migrate(&mut connection, workspace)?;
        // Another process may have begun the same new file in between.
        match schema::workspace(&connection)? {
            Some(found) if found != workspace => Err(StoreError::OtherWorkspace { found, expected: workspace }),
            _ => Ok(SqliteStore { connection, workspace }),
        }
    }

    /// The version of SQLite.
    pub fn engine_version() -> &'static str {
        rusqlite::version()
    }

    /// Bounds how large the database may become, in pages, as a quota would; what doesn't fit fails as on a full disk. None
    /// for no bound.
    ///
    /// # Errors
    /// What the machine reports.
    pub fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        let pages = pages.unwrap_or(u32::MAX - 1);
        Ok(self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
    }

    /// Begins a transaction that may write; it is rolled back unless it is committed.
    fn begin(&self) -> Result<Transaction<'_>> {
        Ok(Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?)
    }

    fn commit_batch(&self, batch: &Batch) -> Result<Committed> {
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        let transaction = self.begin()?;
        let committed = self.apply(batch)?;
        transaction.commit()?;
        Ok(committed)
    }

    fn append(&self, start: &OpenStart, time: i64, events: &[Event], undo: &[UndoRow]) -> Result<()> {
        let events = event::normalise(events.iter().cloned());
        if events.is_empty() && undo.is_empty() {
            return Ok(());
        }
        let start = start.sorted();
        let transaction = self.begin()?;
        self.note_undo(&start, undo)?;
        if events.is_empty() {
            return Ok(transaction.commit()?);
        }
        let (number, seq, bytes) = match self.open_beginning()? {
            Some(open) if open.start == start => {
                let (end_seq, bytes) = self.open_bytes()?;
                let seq = end_seq.and_then(|seq| u64::try_from(seq).ok());
                let seq = seq.ok_or_else(|| StoreError::damaged("the open record", "it has no events"))?;
                (open.number, seq, bytes)
            }
            Some(_) => return Err(StoreError::Open("another record is open")),
            None => {
                let (number, previous) = start.check(self)?;
                let open = OpenRecord { start: start.clone(), number, previous, runs: Vec::new() };
                rows::insert_open(&self.connection, &open)?;
                (number, start.first_seq, 0)
            }
        };
        let append = OpenRun { seq, time, events };
        let body = run_bytes(self.workspace, &start, number, &append)?;
        let bytes = bytes.saturating_add(body.len());
        if bytes > MAX_RECORD_BYTES {
            return Err(StoreError::Open("it would be larger than a record may be"));
        }
        run(
            &self.connection,
            "INSERT INTO open_run (end_seq, bytes, body) VALUES (?1, ?2, ?3)",
            params![int(append.end_seq()), bytes as i64, body],
        )?;
        transaction.commit()?;
        Ok(())
    }
}
