//! The name of the history, and whether it is settled.

use rusqlite::Connection;

use super::error::from_sqlite;
use crate::store::{Beginning, StoreResult};

/// See [`Lifecycle::epoch`](crate::store::Lifecycle::epoch).
pub(super) fn read(connection: &Connection) -> StoreResult<String> {
    connection
        .prepare_cached("SELECT epoch FROM server")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(from_sqlite)
}

/// See [`Lifecycle::begin`](crate::store::Lifecycle::begin).
pub(super) fn begin(connection: &Connection, beginning: Beginning) -> StoreResult<bool> {
    let Beginning { new_epoch, eager } = beginning;
    let was_unsettled = connection.query_row("SELECT unsettled FROM server", [], |row| row.get(0))?;
    connection.execute("UPDATE server SET unsettled = ?1", [eager])?;
    if new_epoch || was_unsettled {
        connection.execute("UPDATE server SET epoch = lower(hex(randomblob(16)))", [])?;
    }
    Ok(was_unsettled)
}

/// See [`Lifecycle::settle`](crate::store::Lifecycle::settle).
pub(super) fn settle(connection: &Connection) -> StoreResult<()> {
    connection.execute("UPDATE server SET unsettled = 0", [])?;
    Ok(())
}
