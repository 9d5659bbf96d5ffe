//! Brings the tables up to date.

use tokio_postgres::Client;

use super::error::describe;
use crate::store::migration::{Embedded, newest, runner};
use crate::store::{StoreError, StoreResult};

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
];

/// Applies what is missing, all of it in one transaction. Takes as long as it takes: the tables of an
/// earlier program may be large.
pub(super) async fn run(client: &mut Client) -> StoreResult<()> {
    let refused = |error| StoreError::Refused(describe(&error).into());
    runner(FILES).map_err(refused)?.run_async(client).await.map_err(refused)?;
    Ok(())
}

/// Whether nothing is missing, and nothing there that this program does not know.
pub(super) async fn are_up_to_date(client: &Client) -> StoreResult<bool> {
    let refused = |error| StoreError::Refused(describe(&error).into());
    let history = client.query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[]).await?;
    if !history.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    let last = client.query_one("SELECT max(version) FROM refinery_schema_history", &[]).await?;
    Ok(last.try_get::<_, Option<i32>>(0)? == Some(newest(FILES).map_err(refused)?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_is_listed() {
        crate::store::migration::assert_all_listed("postgres", super::FILES);
    }
}
