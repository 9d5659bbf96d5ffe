//! What became of a message.

use std::sync::Arc;

use super::decisions::Denial;
use super::ready::Place;
use crate::model::Removal;
use crate::store::{LogBatch, Sent};

/// What became of a message.
pub(super) type Answer = Result<Receipt, WriteError>;

/// What the sender of a message gets back.
#[derive(Clone, Debug)]
pub enum Receipt {
    /// It is stored.
    Stored {
        /// The batch it was stored with.
        batch: Arc<LogBatch>,
        /// Where it stands in the batch.
        place: Place,
    },
    /// Its `client_id` was stored before, or it changes nothing; these are the numbers of what was there.
    Duplicate(Sent),
}

/// Why a message was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The sender is no member any more.
    #[error("not a member of this group")]
    Removed(Removal),
    /// What the sender spoke by has ended.
    #[error("the session has ended")]
    Ended,
    /// The change can not be made.
    #[error("this change can not be made")]
    Denied(Denial),
    /// The sender may not write now.
    #[error("muted")]
    Muted,
    /// The database refused this message for good.
    #[error("the database refused the message")]
    Refused,
    /// The database is away or the server stops. The message may have been stored all the same; with a
    /// `client_id` a retry is safe.
    #[error("the message could not be stored now")]
    Unavailable,
}
