//! Brings the tables up to date.

use rusqlite::Connection;

use crate::store::migration::{self, Embedded, runner};
use crate::store::{StoreError, StoreResult};

/// The files of `sql/sqlite`.
const FILES: &[Embedded] = &[
    ("V1__users_and_groups", include_str!("../../../sql/sqlite/V1__users_and_groups.sql")),
    ("V2__messages", include_str!("../../../sql/sqlite/V2__messages.sql")),
    ("V3__server", include_str!("../../../sql/sqlite/V3__server.sql")),
    ("V4__unsettled", include_str!("../../../sql/sqlite/V4__unsettled.sql")),
    ("V5__access", include_str!("../../../sql/sqlite/V5__access.sql")),
    ("V6__log", include_str!("../../../sql/sqlite/V6__log.sql")),
    ("V7__read_marks", include_str!("../../../sql/sqlite/V7__read_marks.sql")),
    ("V8__retention", include_str!("../../../sql/sqlite/V8__retention.sql")),
    ("V9__search", include_str!("../../../sql/sqlite/V9__search.sql")),
    ("V10__import", include_str!("../../../sql/sqlite/V10__import.sql")),
    ("V11__overview", include_str!("../../../sql/sqlite/V11__overview.sql")),
    ("V12__several_nodes", include_str!("../../../sql/sqlite/V12__several_nodes.sql")),
];

/// Applies what is missing, all of it in one transaction.
///
/// # Errors
/// Those of [`missing`], or what the database says.
pub(super) fn run(connection: &mut Connection) -> StoreResult<()> {
    missing(connection)?;
    let refused = |error: refinery_core::Error| StoreError::Refused(error.into());
    runner(FILES).map_err(refused)?.run(connection).map_err(refused)?;
    Ok(())
}

/// The names of those that are missing.
///
/// # Errors
/// [`StoreError::Refused`] if there is one that this program does not know.
pub(super) fn missing(connection: &Connection) -> StoreResult<Vec<String>> {
    let mut applied = Vec::new();
    if connection.table_exists(None, "refinery_schema_history")? {
        let mut statement = connection.prepare("SELECT version FROM refinery_schema_history")?;
        applied = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    }
    migration::missing(FILES, &applied)
}

/// The names of all there are: what a file that does not exist is missing.
pub(super) fn all() -> StoreResult<Vec<String>> {
    migration::missing(FILES, &[])
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_is_listed() {
        crate::store::migration::assert_all_listed("sqlite", super::FILES);
    }
}
