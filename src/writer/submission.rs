//! A message on its way into the writer, and where the answer goes.

use tokio::sync::oneshot;

use super::{Receipt, WriteError};
use crate::hub::SocketId;
use crate::model::NewMessage;
use crate::protocol::Mode;
use crate::protocol::command::RequestId;

/// A message that waits for its batch.
#[derive(Debug)]
pub struct Submission {
    /// The message.
    pub message: NewMessage,
    /// Who wants to know what became of it.
    pub reply_to: ReplyTo,
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
