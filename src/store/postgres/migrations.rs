//! Brings the tables up to date.

use tokio_postgres::Client;

use super::error::describe;
use crate::store::migration::{self, Embedded, runner};
use crate::store::{Original, StoreError, StoreResult};

/// The files of `sql/postgres`.
const FILES: &[Embedded] = &[
    ("V1__users_and_groups", include_str!("../../../sql/postgres/V1__users_and_groups.sql")),
    ("V2__messages", include_str!("../../../sql/postgres/V2__messages.sql")),
    ("V3__server", include_str!("../../../sql/postgres/V3__server.sql")),
    ("V4__unsettled", include_str!("../../../sql/postgres/V4__unsettled.sql")),
    ("V5__access", include_str!("../../../sql/postgres/V5__access.sql")),
    ("V6__log", include_str!("../../../sql/postgres/V6__log.sql")),
    ("V7__read_marks", include_str!("../../../sql/postgres/V7__read_marks.sql")),
    ("V8__retention", include_str!("../../../sql/postgres/V8__retention.sql")),
    ("V9__search", include_str!("../../../sql/postgres/V9__search.sql")),
    ("V10__import", include_str!("../../../sql/postgres/V10__import.sql")),
    ("V11__overview", include_str!("../../../sql/postgres/V11__overview.sql")),
    ("V12__several_nodes", include_str!("../../../sql/postgres/V12__several_nodes.sql")),
];

/// Applies what is missing, all of it in one transaction. Takes as long as it takes: the tables of an
/// earlier program may be large.
///
/// # Errors
/// Those of [`missing`], or what the database says.
pub(super) async fn run(client: &mut Client) -> StoreResult<()> {
    missing(client).await?;
    let refused = |error| StoreError::Refused(describe(&error).into());
    runner(FILES).map_err(refused)?.run_async(client).await.map_err(refused)?;
    Ok(())
}

/// The names of those that are missing.
///
/// # Errors
/// [`StoreError::Refused`] if there is one that this program does not know.
pub(super) async fn missing(client: &Client) -> StoreResult<Vec<String>> {
    migration::missing(FILES, &applied(client).await?)
}

/// The numbers of those that were applied. The list of them is made before the first one, by itself.
async fn applied(client: &Client) -> StoreResult<Vec<i32>> {
    if !exists(client, "refinery_schema_history").await? {
        return Ok(Vec::new());
    }
    let rows = client.query("SELECT version FROM refinery_schema_history", &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// What the FastAPI program has left here, if none of this program's changes was applied yet.
pub(super) async fn original(client: &Client) -> StoreResult<Option<Original>> {
    if !applied(client).await?.is_empty() {
        return Ok(None);
    }
    let mut rows = [0; 3];
    for (table, rows) in ["users", "groups", "messages"].into_iter().zip(&mut rows) {
        if !exists(client, table).await? {
            return Ok(None);
        }
        let count = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
        *rows = count.try_get::<_, i64>(0)?.unsigned_abs();
    }
    let [users, groups, messages] = rows;
    Ok(Some(Original { users, groups, messages }))
}

async fn exists(client: &Client, table: &str) -> StoreResult<bool> {
    Ok(client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await?.try_get(0)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_is_listed() {
        crate::store::migration::assert_all_listed("postgres", super::FILES);
    }
}
