//! The messages of one transaction.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;

use super::answer::WriteError;
use super::numbering::Numbering;
use super::pending::{Pending, Sender};
use crate::model::{Message, NewMessage};
use crate::store::{Sent, SentKey};

/// Messages on their way through one transaction, and all who wait for them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Not numbered yet.
    pending: Vec<Pending>,
    /// Numbered, to be stored.
    messages: Arc<[Message]>,
    /// The senders of the numbered messages, in their order.
    senders: VecDeque<Sender>,
    /// Messages whose `client_id` stands in the batch before them, and the place of the one that has it.
    repeats: Vec<(Pending, usize)>,
}

impl Batch {
    /// A batch of these messages, in this order.
    pub(super) fn new(pending: Vec<Pending>) -> Self {
        Self { pending, ..Self::default() }
    }

    /// Takes out the messages of those who are no members any more, and what waits for them.
    pub(super) fn take_removed(&mut self) -> Vec<(Pending, WriteError)> {
        self.take_refused(|message| message.member.role().err().map(WriteError::Removed))
    }

    /// Takes out the messages that are not stored yet and whose senders might not write when they were handed in, and
    /// what waits for them.
    pub(super) fn take_muted(&mut self) -> Vec<(Pending, WriteError)> {
        self.take_refused(|message| message.member.is_muted(message.received_at).then_some(WriteError::Muted))
    }

    /// Takes out the messages that something is against. A message that waits for one of them shares its fate: it is the
    /// same sender's.
    fn take_refused(
        &mut self,
        refusal: impl Fn(&NewMessage) -> Option<WriteError>,
    ) -> Vec<(Pending, WriteError)> {
        if self.pending.iter().all(|pending| refusal(&pending.message).is_none()) {
            return Vec::new();
        }
        let mut refused = Vec::new();
        // Where each message is now, or why it is not stored.
        let mut places = Vec::with_capacity(self.pending.len());
        for pending in mem::take(&mut self.pending) {
            match refusal(&pending.message) {
                Some(error) => {
                    places.push(Err(error));
                    refused.push((pending, error));
                }
                None => {
                    places.push(Ok(self.pending.len()));
                    self.pending.push(pending);
                }
            }
        }
        for (pending, first) in mem::take(&mut self.repeats) {
            match places[first] {
                Ok(place) => self.repeats.push((pending, place)),
                Err(error) => refused.push((pending, error)),
            }
        }
        refused
    }

    /// What retries of the messages are known by, for those that can be retried.
    pub(super) fn keys(&self) -> Vec<SentKey> {
        self.pending.iter().filter_map(Pending::key).collect()
    }

    /// Takes out the messages that are stored already: `known` says it for each of [`keys`](Self::keys). Those whose
    /// `client_id` stands in the batch before them wait for that one.
    pub(super) fn set_aside_repeats(&mut self, known: Vec<Option<Sent>>) -> Vec<(Pending, Sent)> {
        let (mut known, mut stored) = (known.into_iter(), Vec::new());
        let mut first_places: HashMap<SentKey, usize> = HashMap::new();
        for pending in mem::take(&mut self.pending) {
            let Some(key) = pending.key() else {
                self.pending.push(pending);
                continue;
            };
            if let Some(Some(sent)) = known.next() {
                stored.push((pending, sent));
            } else if let Some(&first) = first_places.get(&key) {
                self.repeats.push((pending, first));
            } else {
                first_places.insert(key, self.pending.len());
                self.pending.push(pending);
            }
        }
        stored
    }

    /// The messages that are not numbered yet.
    pub(super) fn unnumbered(&self) -> impl Iterator<Item = &NewMessage> {
        self.pending.iter().map(|pending| &pending.message)
    }

    /// Gives the messages their numbers.
    pub(super) fn number(&mut self, numbering: &Numbering) {
        let (messages, senders): (Vec<_>, VecDeque<_>) =
            self.pending.drain(..).map(|pending| (pending.message, pending.sender)).unzip();
        self.messages = numbering.number(messages.into_iter()).into();
        self.senders = senders;
    }

    /// The numbered messages.
    pub(super) fn messages(&self) -> &Arc<[Message]> {
        &self.messages
    }

    /// Lets the sender of the next of them go to be answered.
    pub(super) fn next_sender(&mut self) -> Option<Sender> {
        self.senders.pop_front()
    }

    /// Lets those go who wait for a message before theirs to be stored; each with the place of that.
    pub(super) fn take_repeats(&mut self) -> Vec<(Pending, usize)> {
        mem::take(&mut self.repeats)
    }

    /// All who wait for an answer.
    pub(super) fn waiting(&mut self) -> impl Iterator<Item = &mut Sender> {
        let repeats = self.repeats.iter_mut().map(|(pending, _)| pending);
        let pending = self.pending.iter_mut().chain(repeats).map(|pending| &mut pending.sender);
        self.senders.iter_mut().chain(pending)
    }
}
