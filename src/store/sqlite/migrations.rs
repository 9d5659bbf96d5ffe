//! Brings the tables up to date.

use rusqlite::Connection;

use crate::store::{StoreError, StoreResult};

mod embedded {
    #![allow(missing_docs, reason = "made by the macro")]
    refinery::embed_migrations!("sql/sqlite");
}

/// Applies what is missing, all of it in one transaction.
pub(super) fn run(connection: &mut Connection) -> StoreResult<()> {
    embedded::migrations::runner()
        .set_grouped(true)
        .run(connection)
        .map_err(|error| StoreError::Refused(error.into()))?;
    Ok(())
}
