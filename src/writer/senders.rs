//! Who waits for an answer.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::submission::ReplyTo;
use crate::hub;
use crate::model::GroupId;
use crate::protocol::Mode;
use crate::protocol::event::{self, ErrorCode, Failure};

/// The senders of all messages that are not answered yet, in the order in which they came.
#[derive(Debug)]
pub(super) struct Senders {
    /// `None` for one who was answered before somebody who came earlier.
    waiting: VecDeque<Option<Sender>>,
    /// The ticket of the first of them.
    first: u64,
    /// The ticket of the first who was not looked at yet by [`overdue`](Self::overdue).
    next_overdue: u64,
    /// How long they wait before they are told that they have to.
    patience: Duration,
}

/// Stands for one sender and one message.
#[derive(Debug)]
pub(super) struct Ticket(u64);

/// The sender of one message.
#[derive(Debug)]
pub(super) struct Sender {
    /// Who is told.
    pub(super) reply_to: ReplyTo,
    /// Where the message was to go.
    pub(super) group: GroupId,
    /// The size of the content, whose credit is given back.
    pub(super) bytes: usize,
    /// When the message came.
    pub(super) since: Instant,
}

impl Senders {
    /// Nobody yet. Who waits for longer than `patience` is [`overdue`](Self::overdue).
    pub(super) fn new(patience: Duration) -> Self {
        Self { waiting: VecDeque::new(), first: 0, next_overdue: 0, patience }
    }

    /// Takes one in, who came no earlier than those before.
    pub(super) fn admit(&mut self, sender: Sender) -> Ticket {
        self.waiting.push_back(Some(sender));
        Ticket(self.first + self.waiting.len() as u64 - 1)
    }

    /// Lets one go to be answered; there is one for every ticket.
    pub(super) fn release(&mut self, Ticket(ticket): Ticket) -> Option<Sender> {
        let place = usize::try_from(ticket.checked_sub(self.first)?).ok()?;
        let sender = self.waiting.get_mut(place)?.take();
        while let Some(None) = self.waiting.front() {
            self.waiting.pop_front();
            self.first += 1;
        }
        sender
    }

    /// What is to be said to the sockets in JSON mode that have waited too long, to each once. They keep waiting:
    /// this gives no credit back, and their answers will follow.
    ///
    /// In text mode there is nothing to say, since the echo tells when a message is stored; other callers know by
    /// themselves how long they wait.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<hub::Ack> {
        let mut notices = Vec::new();
        self.next_overdue = self.next_overdue.max(self.first);
        while let Some(slot) = self.waiting.get((self.next_overdue - self.first) as usize) {
            if let Some(sender) = slot {
                if now < sender.since + self.patience {
                    break;
                }
                notices.extend(sender.notice());
            }
            self.next_overdue += 1;
        }
        notices
    }
}

impl Sender {
    fn notice(&self) -> Option<hub::Ack> {
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
