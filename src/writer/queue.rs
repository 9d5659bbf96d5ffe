//! What waits for the writer.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::handle::Command;
use super::senders::{Sender, Senders, Ticket};
use super::submission::Submission;
use crate::hub;
use crate::model::NewMessage;
use crate::store::SentKey;

/// Messages in the order in which they came, and all senders that wait for an answer.
#[derive(Debug)]
pub(super) struct Queue {
    commands: mpsc::UnboundedReceiver<Command>,
    waiting: VecDeque<Waiting>,
    senders: Senders,
}

/// A message to be stored.
#[derive(Debug)]
pub(super) struct Queued {
    /// The message.
    pub(super) message: NewMessage,
    /// Who wants to know what became of it.
    pub(super) sender: Ticket,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(super) enum Work {
    /// Store these messages, at least one.
    Store(Vec<Queued>),
    /// Answer when all that came before is delivered.
    Flush(oneshot::Sender<()>),
}

#[derive(Debug)]
enum Waiting {
    Message(Queued),
    Flush(oneshot::Sender<()>),
}

impl Queue {
    /// A queue of what comes over this channel.
    pub(super) fn new(commands: mpsc::UnboundedReceiver<Command>, patience: Duration) -> Self {
        Self { commands, waiting: VecDeque::new(), senders: Senders::new(patience) }
    }

    /// Takes the next work, if there is any: a batch is what waits, up to so many messages and to the message
    /// that brings the contents to so many bytes.
    pub(super) fn take(&mut self, messages_max: usize, bytes_max: usize) -> Option<Work> {
        self.collect();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < messages_max && bytes < bytes_max {
            match self.waiting.pop_front() {
                Some(Waiting::Message(queued)) => {
                    bytes += queued.message.content.len();
                    batch.push(queued);
                }
                Some(Waiting::Flush(done)) if batch.is_empty() => return Some(Work::Flush(done)),
                Some(flush @ Waiting::Flush(_)) => {
                    self.waiting.push_front(flush);
                    break;
                }
                None => break,
            }
        }
        (!batch.is_empty()).then_some(Work::Store(batch))
    }

    /// Waits until something comes.
    pub(super) async fn wait(&mut self) {
        match self.commands.recv().await {
            Some(command) => self.add(command, Instant::now()),
            // The writer holds a handle itself, so the channel does not close while anyone waits here.
            None => std::future::pending().await,
        }
    }

    /// Lets a sender go to be answered.
    pub(super) fn release(&mut self, sender: Ticket) -> Option<Sender> {
        self.senders.release(sender)
    }

    /// What is to be said to those who have waited too long, see [`Senders::overdue`].
    pub(super) fn overdue(&mut self) -> Vec<hub::Ack> {
        self.collect();
        self.senders.overdue(Instant::now())
    }

    fn collect(&mut self) {
        let now = Instant::now();
        while let Ok(command) = self.commands.try_recv() {
            self.add(command, now);
        }
    }

    fn add(&mut self, command: Command, now: Instant) {
        match command {
            Command::Submit(submissions) => submissions.into_iter().for_each(|one| self.add_one(one, now)),
            Command::SubmitOne(submission) => self.add_one(submission, now),
            Command::Flush(done) => self.waiting.push_back(Waiting::Flush(done)),
        }
    }

    fn add_one(&mut self, Submission { message, reply_to }: Submission, now: Instant) {
        let (group, bytes) = (message.group.id, message.content.len());
        let sender = self.senders.admit(Sender { reply_to, group, bytes, since: now });
        self.waiting.push_back(Waiting::Message(Queued { message, sender }));
    }
}

impl Queued {
    /// What a retry of it is known by, if it can be retried.
    pub(super) fn key(&self) -> Option<SentKey> {
        let client_id = self.message.client_id.clone()?;
        Some(SentKey { group: self.message.group.id, user: self.message.user.id, client_id })
    }
}
