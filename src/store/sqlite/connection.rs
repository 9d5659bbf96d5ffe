//! Connections to the file and their settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::unavailable;
use crate::store::StoreResult;

/// How long to wait for a lock of another program (a backup, a shell) before giving up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept by each connection, more than there are different ones.
const STATEMENTS_MAX: usize = 128;

/// FULL waits for the disk at each commit, and fullfsync on macOS for its cache too: what is committed survives a loss of
/// power.
const SYNCHRONOUS: &str =
    "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;";

/// Opens the connection that writes, making the file if it is missing.
pub(super) fn open_writer(file: &Path) -> StoreResult<Connection> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // What is deleted is overwritten, not only let go. The pages of the indexes that are written again and again fit in
    // 16 MiB of cache, not in 2.
    connection
        .execute_batch(SYNCHRONOUS)
        .and_then(|()| {
            connection.execute_batch(
                "PRAGMA journal_mode = WAL;
             PRAGMA foreign_keys = ON;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA cache_size = -16384;
             PRAGMA secure_delete = ON;",
            )
        })
        .map_err(|error| at(file, error))?;
    Ok(connection)
}

/// From now on a lock of another program is told at once: whoever waits for it has other work on this thread.
pub(super) fn leave_waiting(connection: &Connection) -> StoreResult<()> {
    Ok(connection.busy_timeout(Duration::ZERO)?)
}

/// Opens a connection for nothing but checkpoints.
pub(super) fn open_checkpointer(file: &Path) -> StoreResult<Connection> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(SYNCHRONOUS).map_err(|error| at(file, error))?;
    Ok(connection)
}

/// Opens a connection that reads.
pub(super) fn open_reader(file: &Path) -> StoreResult<Connection> {
    open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a connection that reads a file which nobody may be using, and makes no files beside it.
///
/// SQLite makes the index of a write-ahead log also for a reader. Without a log there is nothing in it, and nobody who
/// writes.
pub(super) fn open_untouched(file: &Path) -> StoreResult<Connection> {
    let mut log = OsString::from(file);
    log.push("-wal");
    if Path::new(&log).exists() {
        return open_reader(file);
    }
    let path = percent_encode(file.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    let url = PathBuf::from(format!("file:{path}?immutable=1"));
    open(&url, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

fn open(file: &Path, flags: OpenFlags) -> StoreResult<Connection> {
    // Each connection stays on its thread, so SQLite need not lock it.
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| at(file, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| at(file, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Without this guarantee SQLite plans a statement anew each time that it is run with other values, if there is a
    // partial index on one of its tables. No plan here depends on values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| at(file, error))?;
    Ok(connection)
}

fn at(file: &Path, error: rusqlite::Error) -> crate::store::StoreError {
    unavailable(format!("{}: {error}", file.display()))
}
