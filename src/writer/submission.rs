//! A message on its way into the writer, and where the answer goes.

use tokio::sync::oneshot;

use super::{Receipt, WriteError};
use crate::hub::SocketId;
use crate::model::NewMessage;
use crate::protocol::Mode;
use crate::protocol::command::RequestId;
use crate::store::SentKey;

/// A message that waits for its batch.
#[derive(Debug)]
pub struct Submission {
    /// The message.
    pub message: NewMessage,
    /// Who wants to know what became of it.
    pub reply_to: ReplyTo,
}

impl Submission {
    /// What a retry of it is known by, if it can be retried.
    pub(super) fn key(&self) -> Option<SentKey> {
        let client_id = self.message.client_id.clone()?;
        Some(SentKey { group: self.message.group.id, user: self.message.user.id, client_id })
    }
}

/// Where the answer to a submission goes.
#[derive(Debug)]
pub enum ReplyTo {
    /// To a socket, through its core.
    Socket {
        /// The sender.
        socket: SocketId,
        /// How it speaks.
        mode: Mode,
        /// What the answer is named by.
        request: Option<RequestId>,
    },
    /// To one who waits for it.
    Caller(oneshot::Sender<Answer>),
}

/// What became of a message.
pub type Answer = Result<Receipt, WriteError>;
