//! What waits for the writer.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};

use super::handle::Command;
use super::pending::{Pending, Sender};

/// Messages in the order in which they came.
#[derive(Debug)]
pub(super) struct Queue {
    commands: mpsc::UnboundedReceiver<Command>,
    waiting: VecDeque<Pending>,
    /// Messages taken so far.
    taken: u64,
    /// Those who wait until so many messages were taken and delivered, in that order.
    flushes: VecDeque<(u64, oneshot::Sender<()>)>,
}

impl Queue {
    /// A queue of what comes over this channel.
    pub(super) fn new(commands: mpsc::UnboundedReceiver<Command>) -> Self {
        Self { commands, waiting: VecDeque::new(), taken: 0, flushes: VecDeque::new() }
    }

    /// Takes what waits, up to so many messages and to the message that brings the contents to so many bytes.
    pub(super) fn take(&mut self, messages_max: usize, bytes_max: usize) -> Vec<Pending> {
        self.collect();
        let (mut count, mut bytes) = (0, 0);
        while count < messages_max.min(self.waiting.len()) && bytes < bytes_max {
            bytes += self.waiting[count].sender.bytes;
            count += 1;
        }
        self.taken += count as u64;
        self.waiting.drain(..count).collect()
    }

    /// How much waits that has been looked at.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there is something to take.
    pub(super) fn is_empty(&mut self) -> bool {
        self.collect();
        self.waiting.is_empty()
    }

    /// All that was taken is delivered: tells those who wait for that.
    pub(super) fn delivered(&mut self) {
        while self.flushes.front().is_some_and(|(messages, _)| *messages <= self.taken) {
            if let Some((_, done)) = self.flushes.pop_front() {
                let _ = done.send(());
            }
        }
    }

    /// Waits until something comes.
    pub(super) async fn wait(&mut self) {
        match self.commands.recv().await {
            Some(command) => self.add(command),
            // The writer holds a handle itself, so the channel does not close while anyone waits here.
            None => std::future::pending().await,
        }
    }

    /// The senders of what waits, in the order in which they came.
    pub(super) fn waiting(&mut self) -> impl Iterator<Item = &mut Sender> {
        self.collect();
        self.waiting.iter_mut().map(|pending| &mut pending.sender)
    }

    fn collect(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            self.add(command);
        }
    }

    fn add(&mut self, command: Command) {
        match command {
            Command::Submit(messages) => self.waiting.extend(messages),
            Command::Flush(done) => self.flushes.push_back((self.taken + self.waiting.len() as u64, done)),
        }
    }
}
