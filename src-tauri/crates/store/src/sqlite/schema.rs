//! The database's layout, and how an older one becomes the present one.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use inkfold_engine::WorkspaceId;

use crate::error::{Result, StoreError};

/// "Inkf": marks the file as ours.
pub(super) const APPLICATION_ID: i64 = 0x496e_6b66;

/// What brings a database from one version to the next. Steps are only ever added: the version is their number.
const STEPS: &[&str] = &[
    // 1
    "CREATE TABLE home (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        workspace BLOB NOT NULL
     ) STRICT;
     CREATE TABLE setting (
        key TEXT PRIMARY KEY,
        value BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;

     -- link: 0 the chain before it has a gap, 1 another rooted record follows it, 2 it ends its rooted chain.
     -- parents: ids one after another. guard: a checksum of what the id isn't a hash of.
     CREATE TABLE record (
        place INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        replica BLOB NOT NULL,
        number INTEGER NOT NULL,
        document BLOB NOT NULL,
        end_seq INTEGER NOT NULL,
        link INTEGER NOT NULL,
        previous BLOB NOT NULL,
        previous_here BLOB,
        parents BLOB NOT NULL,
        guard BLOB NOT NULL,
        body BLOB NOT NULL
     ) STRICT;
     CREATE INDEX record_by_document ON record (document);
     CREATE INDEX record_by_number ON record (replica, number);
     CREATE INDEX record_by_stream ON record (replica, document, number, end_seq);
     CREATE INDEX record_at_end ON record (replica, number, id, link) WHERE link <> 1;
     CREATE TABLE fork (
        replica BLOB NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (replica, number)
     ) STRICT, WITHOUT ROWID;

     -- An append is one row of open_run; its bytes count up, so that the size is known without a sum.
     CREATE TABLE open_start (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        document BLOB NOT NULL,
        replica BLOB NOT NULL,
        parents BLOB NOT NULL,
        previous_here BLOB,
        first_seq INTEGER NOT NULL,
        number INTEGER NOT NULL,
        previous BLOB NOT NULL
     ) STRICT;
     CREATE TABLE open_run (
        place INTEGER PRIMARY KEY,
        start INTEGER NOT NULL DEFAULT 1 REFERENCES open_start (one) ON DELETE CASCADE,
        end_seq INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        body BLOB NOT NULL
     ) STRICT;

     CREATE TABLE replica_key (
        replica BLOB PRIMARY KEY,
        key BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE signature (
        replica BLOB NOT NULL,
        number INTEGER NOT NULL,
        record BLOB NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (replica, number, record)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX signature_by_record ON signature (record);

     CREATE TABLE outbox (
        place INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        replica BLOB NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        guard BLOB NOT NULL,
        bytes BLOB NOT NULL
     ) STRICT;
     CREATE TABLE queued (
        replica BLOB PRIMARY KEY,
        number INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;

     CREATE TABLE file_fact (
        path BLOB PRIMARY KEY,
        size INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        hash BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE pending_file (
        hash BLOB PRIMARY KEY,
        path BLOB NOT NULL,
        reason TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE document_card (
        document BLOB PRIMARY KEY,
        title TEXT NOT NULL,
        trashed INTEGER NOT NULL,
        edited INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;",
    // 2: what this installation's writer can undo, in rows that only the engine reads.
    "CREATE TABLE undo (
        document BLOB NOT NULL,
        replica BLOB NOT NULL,
        number INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (document, replica, number)
     ) STRICT, WITHOUT ROWID;",
    // 3: documents as they once were. guard: a checksum of the other columns but the body, and of the engine's version.
    "CREATE TABLE snapshot (
        document BLOB NOT NULL,
        place INTEGER NOT NULL,
        events INTEGER NOT NULL,
        lasting INTEGER NOT NULL,
        version BLOB NOT NULL,
        guard BLOB NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (document, place)
     ) STRICT;",
    // 4: what replicas say that they hold, the best of each.
    "CREATE TABLE acknowledgement (
        replica BLOB PRIMARY KEY,
        counter INTEGER NOT NULL,
        since INTEGER NOT NULL,
        bytes BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;",
];

/// The version that this program writes.
pub(super) fn known_version() -> i64 {
    STEPS.len() as i64
}

/// Settles how the connection works: durable at every commit, and wary of what the file says.
pub(super) fn configure(connection: &Connection) -> Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Where the file system can't share memory, SQLite stays with a rollback journal, which is as durable.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // On macOS a plain fsync leaves the words in the drive's cache.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(())
}

/// Fails unless the file is empty or one of ours that this program can read, and sound as far as SQLite can tell.
/// Changes nothing.
pub(super) fn inspect(connection: &Connection) -> Result<()> {
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = version(connection)?;
    if objects == 0 && id == 0 && version == 0 {
        return Ok(());
    }
    if id != APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    if version > known_version() {
        return Err(StoreError::Newer { found: version, known: known_version() });
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt(verdict)) }
}

/// Brings the database to the present version, a step a transaction. `workspace` is for a new one.
pub(super) fn migrate(connection: &mut Connection, workspace: WorkspaceId) -> Result<()> {
    for (number, step) in (1..).zip(STEPS) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if version(&transaction)? >= number {
            continue;
        }
        transaction.execute_batch(step)?;
        if number == 1 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.execute("INSERT INTO home (one, workspace) VALUES (1, ?1)", [workspace.0])?;
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The workspace that the database belongs to; none if it is new.
pub(super) fn workspace(connection: &Connection) -> Result<Option<WorkspaceId>> {
    if version(connection)? == 0 {
        return Ok(None);
    }
    let found = connection.query_row("SELECT workspace FROM home", [], |row| row.get(0)).optional()?;
    match found {
        Some(bytes) => Ok(Some(WorkspaceId(bytes))),
        None => Err(StoreError::damaged("the workspace's id", "it is missing")),
    }
}

fn version(connection: &Connection) -> Result<i64> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
