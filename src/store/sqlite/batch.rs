//! Batches as a whole.

use rusqlite::Connection;

use super::error::is_duplicate;
use super::{changes, mentions, messages};
use crate::store::{LogBatch, StoreError, StoreResult};

/// Stores a batch in the transaction that is under way.
pub(super) fn insert(connection: &Connection, batch: &LogBatch) -> rusqlite::Result<()> {
    messages::insert(connection, &batch.messages)?;
    for message in batch.messages.iter().filter(|message| message.mentions_anybody()) {
        mentions::note(connection, message.id)?;
    }
    if batch.changes.is_empty() { Ok(()) } else { changes::make(connection, &batch.changes) }
}

/// What a batch that failed with this error, and was taken back, has come to: it may have been stored before.
pub(super) fn resolve(connection: &Connection, batch: &LogBatch, error: rusqlite::Error) -> StoreResult<()> {
    if !is_duplicate(&error) {
        return Err(error.into());
    }
    let is_stored = messages::are_stored(connection, &batch.messages)?
        && changes::are_stored(connection, &batch.changes)?;
    if is_stored { Ok(()) } else { Err(StoreError::Refused(error.into())) }
}
