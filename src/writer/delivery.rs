//! What goes out for a batch: encoded frames and answers.

use std::sync::Arc;

use bytes::Bytes;

use super::handle::{Receipt, WriteError};
use super::submission::{Answer, ReplyTo, Submission};
use crate::hub::{Ack, GroupFrames, Hub};
use crate::model::Message;
use crate::protocol::{Mode, frame, text};
use crate::store::Sent;

/// Frames for readers and answers for senders, collected while a batch is written, sent in one go.
#[derive(Default)]
pub(super) struct Delivery {
    frames: Vec<GroupFrames>,
    acks: Vec<Ack>,
    callers: Vec<(tokio::sync::oneshot::Sender<Answer>, Answer)>,
}

/// What became of one submission.
pub(super) struct Outcome {
    /// Who is told.
    pub(super) reply_to: ReplyTo,
    /// The size of the content, whose credit is given back.
    pub(super) bytes: usize,
    /// What is told.
    pub(super) answer: Answer,
}

impl Delivery {
    /// The frames of these messages, without answers.
    pub(super) fn of(hub: &Hub, messages: &[Message]) -> Self {
        let mut delivery = Self::default();
        delivery.add(hub, messages);
        delivery
    }

    /// Adds the frames of these messages: each encoded once per mode that its group's listeners use, those of
    /// a group laid end to end in one buffer, in their order.
    pub(super) fn add(&mut self, hub: &Hub, messages: &[Message]) {
        let mut by_group: Vec<&Message> = messages.iter().collect();
        by_group.sort_by_key(|message| message.group.id);
        for run in by_group.chunk_by(|a, b| a.group.id == b.group.id) {
            let group = run[0].group.id;
            let listeners = hub.listeners(group);
            if listeners.total() > 0 {
                let text = if listeners.text > 0 { encode_text(run) } else { Bytes::new() };
                self.frames.push(GroupFrames { group, text, json: Bytes::new() });
            }
        }
    }

    /// Adds an answer.
    pub(super) fn answer(&mut self, outcome: Outcome) {
        let Outcome { reply_to, bytes, answer } = outcome;
        match reply_to {
            ReplyTo::Socket { socket, mode } => {
                self.acks.push(Ack { socket, bytes, frame: ack_frame(mode, &answer) });
            }
            ReplyTo::Caller(caller) => self.callers.push((caller, answer)),
        }
    }

    /// Sends it all: messages to their readers first, then the answers.
    pub(super) async fn send(self, hub: &Hub) {
        let frames: Arc<[GroupFrames]> = self.frames.into();
        hub.deliver(frames, self.acks).await;
        for (caller, answer) in self.callers {
            // A caller who went away does not want to know.
            let _ = caller.send(answer);
        }
    }
}

impl Submission {
    /// The answer to a repeat of a message that is stored.
    pub(super) fn duplicate(self, sent: Sent) -> Outcome {
        self.outcome(Ok(Receipt::Duplicate(sent)))
    }

    /// The answer to a repeat of a message that was refused.
    pub(super) fn refused(self) -> Outcome {
        self.outcome(Err(WriteError::Refused))
    }

    fn outcome(self, answer: Answer) -> Outcome {
        Outcome { bytes: self.message.content.len(), reply_to: self.reply_to, answer }
    }
}

fn encode_text(messages: &[&Message]) -> Bytes {
    let size = messages.iter().map(|m| text::message_bytes(&m.user.username, &m.content)).sum();
    let mut out = Vec::with_capacity(size);
    messages.iter().for_each(|m| text::put_message(&mut out, &m.user.username, &m.content));
    out.into()
}

/// In text mode the sender's answer is its own echo; only a refusal needs a line.
fn ack_frame(mode: Mode, answer: &Answer) -> Bytes {
    match (mode, answer) {
        (Mode::Text, Err(_)) => frame::text(&[text::STORE_REFUSED]),
        _ => Bytes::new(),
    }
}
