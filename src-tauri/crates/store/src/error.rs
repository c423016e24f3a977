//! What can go wrong with a store, sorted by what its user can do about it.

use inkfold_engine::{RecordId, ReplicaId, WorkspaceId};

/// The result of an operation on a store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store could not do what was asked. After any of these, the store is as it was before the operation.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the quota is full. Trying again makes sense once there is room.
    #[error("the disk is full")]
    Full(#[source] rusqlite::Error),
    /// Another connection held the database for longer than the store waits. Trying again makes sense.
    #[error("the database is busy")]
    Busy(#[source] rusqlite::Error),
    /// The database or its folder can't be written.
    #[error("the database can't be written")]
    ReadOnly(#[source] rusqlite::Error),
    /// The file system failed, or the file can't be opened.
    #[error("the database can't be read or written")]
    Io(#[source] rusqlite::Error),
    /// The database file as such is damaged; nothing in it is to be trusted.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// One row doesn't hold what was written there.
    #[error("{what} in the database is damaged: {reason}")]
    Damaged {
        /// The row.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is a database, but of another program.
    #[error("the file is not an Inkfold database")]
    Foreign,
    /// The database was written by a newer Inkfold.
    #[error("the database has version {found}, and this Inkfold knows versions up to {known}")]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest version that this program reads.
        known: i64,
    },
    /// The database belongs to another workspace.
    #[error("the database belongs to workspace {found}, not {expected}")]
    OtherWorkspace {
        /// The file's workspace.
        found: WorkspaceId,
        /// The one that was asked for.
        expected: WorkspaceId,
    },
    /// A record can't be kept: it contradicts itself or what is already here. Nothing of its batch was kept.
    #[error("record {record} was refused: {reason}")]
    Refused {
        /// The record.
        record: RecordId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Events can't be appended to the open record, or it can't be sealed as asked.
    #[error("the open record was refused: {0}")]
    Open(&'static str),
    /// The replica's records aren't one line without a gap, so it must not write any more; a new replica has to be
    /// made.
    #[error("replica {0} has written more than one line of records, or records that are not here")]
    Forked(ReplicaId),
    /// A question about a chain needs a record that isn't here.
    #[error("record {0} is not here")]
    Missing(RecordId),
    /// Something else than a record contradicts what is already kept under its name.
    #[error("{0} is already kept with other contents")]
    Conflict(String),
    /// SQLite failed in a way that isn't the machine's fault.
    #[error("the database failed")]
    Database(#[source] rusqlite::Error),
}

impl StoreError {
    /// A stable code for the user interface and for tests.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Full(_) => "store-full",
            StoreError::Busy(_) => "store-busy",
            StoreError::ReadOnly(_) => "store-read-only",
            StoreError::Io(_) => "store-io",
            StoreError::Corrupt(_) => "store-corrupt",
            StoreError::Damaged { .. } => "store-damaged",
            StoreError::Foreign => "store-foreign",
            StoreError::Newer { .. } => "store-newer",
            StoreError::OtherWorkspace { .. } => "store-other-workspace",
            StoreError::Refused { .. } => "store-refused",
            StoreError::Open(_) => "store-open",
            StoreError::Forked(_) => "store-forked",
            StoreError::Missing(_) => "store-missing",
            StoreError::Conflict(_) => "store-conflict",
            StoreError::Database(_) => "store-database",
        }
    }

    /// Whether the same operation may succeed later without anything being changed about it.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Full(_) | StoreError::Busy(_) | StoreError::ReadOnly(_) | StoreError::Io(_))
    }

    /// Whether the database has to be set aside and rebuilt.
    pub fn is_loss(&self) -> bool {
        matches!(self, StoreError::Corrupt(_) | StoreError::Damaged { .. })
    }

    pub(crate) fn damaged(what: impl Into<String>, reason: impl ToString) -> Self {
        StoreError::Damaged { what: what.into(), reason: reason.to_string() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => StoreError::Full(error),
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Busy(error),
            Some(Code::ReadOnly) => StoreError::ReadOnly(error),
            Some(Code::SystemIoFailure | Code::CannotOpen | Code::PermissionDenied) => StoreError::Io(error),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Corrupt(error.to_string()),
            _ => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => StoreError::damaged("a row", error),
                error => StoreError::Database(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn what_sqlite_reports_is_sorted_by_what_can_be_done() {
        let table = [
            (ffi::SQLITE_FULL, "store-full", true, false),
            (ffi::SQLITE_BUSY, "store-busy", true, false),
            (ffi::SQLITE_BUSY_SNAPSHOT, "store-busy", true, false),
            (ffi::SQLITE_READONLY, "store-read-only", true, false),
            (ffi::SQLITE_IOERR_FSYNC, "store-io", true, false),
            (ffi::SQLITE_CANTOPEN, "store-io", true, false),
            (ffi::SQLITE_CORRUPT, "store-corrupt", false, true),
            (ffi::SQLITE_NOTADB, "store-corrupt", false, true),
            (ffi::SQLITE_CONSTRAINT, "store-database", false, false),
        ];
        for (number, code, passing, loss) in table {
            let error = StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(number), None));
            assert_eq!((error.code(), error.is_passing(), error.is_loss()), (code, passing, loss), "{number}");
        }
    }
}
