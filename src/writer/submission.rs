//! A message on its way into the writer, and where the answer goes.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

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
    Caller(Caller),
}

/// One without a socket who waits for an answer, or has given up waiting. Its message counts towards the bounds on
/// such messages until it is answered.
#[derive(Debug)]
pub struct Caller {
    answer: oneshot::Sender<Answer>,
    _place: OwnedSemaphorePermit,
    _room: OwnedSemaphorePermit,
}

impl Caller {
    /// A caller, and where its answer comes. It holds a place among the messages and room for its content.
    pub(super) fn new(
        place: OwnedSemaphorePermit,
        room: OwnedSemaphorePermit,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        (Self { answer, _place: place, _room: room }, answered)
    }

    /// Tells it.
    pub(super) fn answer(self, answer: Answer) {
        // A caller who went away does not want to know.
        let _ = self.answer.send(answer);
    }
}

/// What became of a message.
pub type Answer = Result<Receipt, WriteError>;
