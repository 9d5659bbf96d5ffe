//! What the server keeps for itself.

use rusqlite::Connection;

use crate::store::StoreResult;

/// See [`Accounts::signing_secret`](crate::store::Accounts::signing_secret).
pub(super) fn signing_secret(connection: &Connection, fresh: &str) -> StoreResult<String> {
    connection
        .prepare_cached("UPDATE server SET signing_secret = ?1 WHERE signing_secret IS NULL")?
        .execute([fresh])?;
    Ok(connection.prepare_cached("SELECT signing_secret FROM server")?.query_row([], |row| row.get(0))?)
}

/// See [`Accounts::changes`](crate::store::Accounts::changes).
pub(super) fn changes(connection: &Connection) -> StoreResult<i64> {
    Ok(connection.prepare_cached("SELECT changes FROM server")?.query_row([], |row| row.get(0))?)
}

/// See [`Accounts::note_change`](crate::store::Accounts::note_change).
pub(super) fn note_change(connection: &Connection) -> StoreResult<()> {
    connection.prepare_cached("UPDATE server SET changes = changes + 1")?.execute([])?;
    Ok(())
}
