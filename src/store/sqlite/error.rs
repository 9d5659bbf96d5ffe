//! SQLite's failures in the store's terms.

use std::error::Error;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// Something that may pass.
pub(super) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(cause.into())
}

/// A failure of a statement. Only what lies in the values is final; a full or failing disk may recover.
pub(super) fn from_sqlite(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
            StoreError::Refused(error.into())
        }
        _ => StoreError::Unavailable(error.into()),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        from_sqlite(error)
    }
}

/// Whether another program holds a lock that is needed.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether another program has written since the connection last looked at the file.
pub(super) fn is_stale(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_BUSY_SNAPSHOT)
}

/// Whether a unique column or a primary key has the value already.
pub(super) fn is_duplicate(error: &rusqlite::Error) -> bool {
    let duplicates = [rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE];
    error.sqlite_error().is_some_and(|error| duplicates.contains(&error.extended_code))
}

/// The value of a column, [`StoreError::Corrupt`] if it is of another type or not UTF-8.
pub(super) fn column<T: rusqlite::types::FromSql>(
    row: &rusqlite::Row<'_>,
    index: usize,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    row.get(index).map_err(|error| StoreError::Corrupt { table, column, reason: error.to_string() })
}
