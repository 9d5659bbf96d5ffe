//! A message on its way into the writer, and where the answer goes.

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::answer::Answer;
use crate::hub::{self, SocketId};
use crate::model::{GroupId, NewEntry};
use crate::protocol::Mode;
use crate::protocol::command::RequestId;
use crate::protocol::event::{self, ErrorCode, Failure};
use crate::store::SentKey;

/// A message or change that waits to be stored, and who wants to know what became of it.
#[derive(Debug)]
pub(super) struct Pending {
    /// What it is.
    pub(super) entry: NewEntry,
    /// Its sender.
    pub(super) sender: Sender,
}

/// The sender of one message.
#[derive(Debug)]
pub(super) struct Sender {
    /// Who is told.
    pub(super) reply_to: ReplyTo,
    /// Where the message was to go.
    pub(super) group: GroupId,
    /// The size of the content, whose credit is given back.
    pub(super) bytes: usize,
    /// Where it stands among those of its batch, whose answers come in this order.
    pub(super) index: usize,
    /// When the message was handed over.
    since: Instant,
    /// Whether the sender knows that it has to wait.
    is_told: bool,
}

/// Where an answer goes.
#[derive(Debug)]
pub(super) enum ReplyTo {
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
pub(super) struct Caller {
    answer: oneshot::Sender<Answer>,
    _place: OwnedSemaphorePermit,
    _room: OwnedSemaphorePermit,
}

impl Pending {
    /// What is handed over now.
    pub(super) fn new(entry: NewEntry, reply_to: ReplyTo) -> Self {
        let (group, bytes) = (entry.group.id, entry.content_bytes());
        let since = Instant::now();
        Self { entry, sender: Sender { reply_to, group, bytes, index: 0, since, is_told: false } }
    }

    /// What a retry of it is known by, if it can be retried.
    pub(super) fn key(&self) -> Option<SentKey> {
        let client_id = self.entry.client_id.clone()?;
        Some(SentKey { group: self.entry.group.id, user: self.entry.user.id, client_id })
    }
}

impl Sender {
    /// Whether it has waited for longer than `patience`.
    pub(super) fn is_overdue(&self, patience: Duration, now: Instant) -> bool {
        now >= self.since + patience
    }

    /// What is said once to a sender who has to wait. It keeps waiting: this gives no credit back, and the answer will
    /// follow.
    ///
    /// In text mode there is nothing to say, since the echo tells when a message is stored; other callers know by
    /// themselves how long they wait.
    pub(super) fn notice(&mut self) -> Option<hub::Ack> {
        if std::mem::replace(&mut self.is_told, true) {
            return None;
        }
        match &self.reply_to {
            ReplyTo::Socket { socket, mode: Mode::Json, request } => {
                let failure = Failure::new(ErrorCode::Unavailable, "the message still waits to be stored");
                let frame = event::error(request.as_ref(), Some(self.group), &failure);
                Some(hub::Ack { socket: *socket, credit: None, frame })
            }
            ReplyTo::Socket { mode: Mode::Text, .. } | ReplyTo::Caller(_) => None,
        }
    }
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
