//! What can still be read of a damaged database.

use std::path::Path;

use inkfold_engine::{Record, RecordId, ReplicaId};
use rusqlite::{Connection, OpenFlags, Row};

use super::SqliteStore;
use super::rows::{self, uint};
use crate::batch::{Batch, Signature};
use crate::error::{Result, StoreError};
use crate::storage::Storage;

/// So many records are kept at once.
const PORTION: usize = 256;
/// After so many places without a record there are no more: what the file says of its length may be as wrong as the rest.
const MOST_MISSES: u32 = 1 << 20;

/// What was read of a damaged database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Records that were sound, the open one among them.
    pub records: u64,
    /// Rows that were there and could not be used.
    pub damaged: u64,
    /// Settings.
    pub settings: Vec<(String, Vec<u8>)>,
}

/// Reads a damaged database row by row, and keeps in another store whatever is sound: a record whose bytes hash to its id,
/// keys, signatures, and the open record, which is sealed at the time of its last events. The file may be changed by reading
/// it, so give a copy.
///
/// # Errors
/// `into` can't be written. That nothing can be read is no error.
pub fn salvage(path: &Path, into: &mut dyn Storage) -> Result<Salvaged> {
    let mut salvaged = Salvaged::default();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(path, flags) else { return Ok(salvaged) };
    // Where even these can't be set, nothing else can be read either.
    let _ = connection.pragma_update(None, "trusted_schema", false);
    let _ = connection.pragma_update(None, "cell_size_check", true);
    let damaged = SqliteStore { connection, workspace: into.workspace() };
    let read = Reader { damaged, salvaged: &mut salvaged };
    read.all(into)?;
    Ok(salvaged)
}

struct Reader<'a> {
    damaged: SqliteStore,
    salvaged: &'a mut Salvaged,
}

impl Reader<'_> {
    fn all(mut self, into: &mut dyn Storage) -> Result<()> {
        self.salvaged.settings = self.rows("SELECT key, value FROM setting", |row| Ok((row.get(0)?, row.get(1)?)));
        let keys = self.rows("SELECT replica, key FROM replica_key", |row| Ok((ReplicaId(row.get(0)?), row.get(1)?)));
        for key in keys {
            self.keep(into, &Batch { keys: vec![key], ..Batch::default() })?;
        }
        let signatures = self.rows("SELECT replica, number, record, bytes FROM signature", |row| {
            let (replica, record) = (ReplicaId(row.get(0)?), RecordId(row.get(2)?));
            Ok(Signature { replica, number: uint(row, 1)?, record, bytes: row.get(3)? })
        });
        for signatures in signatures.chunks(PORTION) {
            self.keep(into, &Batch { signatures: signatures.to_vec(), ..Batch::default() })?;
        }
        self.records(into)
    }

    /// The rows of a table up to the first that can't be read.
    fn rows<T>(&self, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let Ok(mut statement) = self.damaged.connection.prepare(sql) else { return Vec::new() };
        let Ok(rows) = statement.query_map([], read) else { return Vec::new() };
        rows.map_while(rusqlite::Result::ok).collect()
    }

    /// Each record is looked for by itself, so that a page that is gone takes only its own with it.
    fn records(&mut self, into: &mut dyn Storage) -> Result<()> {
        let last: i64 = self.rows("SELECT max(place) FROM record", |row| row.get(0)).first().copied().unwrap_or(0);
        let sql = format!("SELECT {} FROM record WHERE place = ?1", rows::RECORD);
        let (mut portion, mut misses) = (Vec::new(), 0);
        for place in 1..=last {
            match self.damaged.first(&sql, [place], |row| rows::record(self.damaged.workspace, row)) {
                Ok(Some(record)) => {
                    portion.push(record);
                    misses = 0;
                }
                Ok(None) => misses += 1,
                Err(_) => {
                    self.salvaged.damaged += 1;
                    misses += 1;
                }
            }
            if portion.len() == PORTION {
                self.keep_records(into, std::mem::take(&mut portion))?;
            }
            if misses == MOST_MISSES {
                break;
            }
        }
        if let Ok(Some(open)) = self.damaged.open() {
            portion.push(open.seal(self.damaged.workspace, open.time()));
        }
        self.keep_records(into, portion)
    }

    fn keep_records(&mut self, into: &mut dyn Storage, records: Vec<Record>) -> Result<()> {
        let count = records.len() as u64;
        if self.keep(into, &Batch::of_records(records.iter().cloned()))? {
            self.salvaged.records += count;
            return Ok(());
        }
        for record in records {
            if self.keep(into, &Batch::of_records([record]))? {
                self.salvaged.records += 1;
            } else {
                self.salvaged.damaged += 1;
            }
        }
        Ok(())
    }

    /// Whether it was kept. What contradicts the rest is left out; that the disk is full is an error.
    fn keep(&self, into: &mut dyn Storage, batch: &Batch) -> Result<bool> {
        match into.commit(batch) {
            Ok(_) => Ok(true),
            Err(StoreError::Refused { .. } | StoreError::Conflict(_) | StoreError::Open(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
