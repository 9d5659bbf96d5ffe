//! Brings the tables up to date.

use tokio_postgres::Client;

use super::error::describe;
use crate::store::{StoreError, StoreResult};

mod embedded {
    #![allow(missing_docs, reason = "made by the macro")]
    refinery::embed_migrations!("sql/postgres");
}

/// Applies what is missing, all of it in one transaction. Takes as long as it takes: the tables of an
/// earlier program may be large.
pub(super) async fn run(client: &mut Client) -> StoreResult<()> {
    embedded::migrations::runner()
        .set_grouped(true)
        .run_async(client)
        .await
        .map_err(|error| StoreError::Refused(describe(&error).into()))?;
    Ok(())
}
