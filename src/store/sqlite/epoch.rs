//! The name of the history, and whether it is settled.

use rusqlite::{Connection, TransactionBehavior};

use super::error::from_sqlite;
use crate::store::{Beginning, StoreResult};

/// See [`Store::epoch`](crate::store::Store::epoch).
pub(super) fn read(connection: &Connection) -> StoreResult<String> {
    connection
        .prepare_cached("SELECT epoch FROM server")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(from_sqlite)
}

/// See [`Store::begin`](crate::store::Store::begin).
pub(super) fn begin(connection: &mut Connection, beginning: Beginning) -> StoreResult<bool> {
    let Beginning { new_epoch, eager } = beginning;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let was_unsettled = transaction.query_row("SELECT unsettled FROM server", [], |row| row.get(0))?;
    transaction.execute("UPDATE server SET unsettled = ?1", [eager])?;
    if new_epoch || was_unsettled {
        transaction.execute("UPDATE server SET epoch = lower(hex(randomblob(16)))", [])?;
    }
    transaction.commit()?;
    Ok(was_unsettled)
}

/// See [`Store::settle`](crate::store::Store::settle).
pub(super) fn settle(connection: &Connection) -> StoreResult<()> {
    connection.execute("UPDATE server SET unsettled = 0", [])?;
    Ok(())
}
