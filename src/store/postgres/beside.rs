//! Using a database beside the server that owns it.

use super::connect::Target;
use super::migrations;
use super::session::OWNER_LOCK;
use crate::store::{StoreError, StoreResult};

/// Brings the tables up to date if no server owns the database.
///
/// # Errors
/// [`StoreError::Refused`] if one does and they are not those of this program.
pub(super) async fn check(target: &Target) -> StoreResult<()> {
    let (mut client, connection) = target.connect().await?;
    let is_owner = client.query_one("SELECT pg_try_advisory_lock($1)", &[&OWNER_LOCK]).await?.try_get(0)?;
    let checked = if is_owner {
        migrations::run(&mut client).await
    } else if migrations::are_up_to_date(&client).await? {
        Ok(())
    } else {
        let reason = format!(
            "a server of another version is using {}; stop it, or use the program of its version",
            target.place
        );
        Err(StoreError::Refused(reason.into()))
    };
    if is_owner {
        // A server may be about to start.
        client.query_one("SELECT pg_advisory_unlock($1)", &[&OWNER_LOCK]).await?;
    }
    drop(client);
    _ = connection.await;
    checked
}
