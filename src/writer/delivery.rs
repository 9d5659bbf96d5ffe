//! What goes out for a batch: encoded frames and answers.

use std::sync::Arc;

use bytes::Bytes;

use super::handle::{Receipt, WriteError};
use super::submission::{Answer, ReplyTo, Submission};
use crate::hub::{self, GroupFrames, Hub};
use crate::model::{GroupId, Message, NewMessage};
use crate::protocol::command::RequestId;
use crate::protocol::event::{self, Ack, ErrorCode, Failure};
use crate::protocol::{Mode, frame, text};
use crate::store::Sent;

/// Frames for readers and answers for senders, collected while a batch is written, sent in one go.
#[derive(Default)]
pub(super) struct Delivery {
    frames: Vec<GroupFrames>,
    acks: Vec<hub::Ack>,
    callers: Vec<(tokio::sync::oneshot::Sender<Answer>, Answer)>,
}

/// What became of one submission.
pub(super) struct Outcome {
    /// Who is told.
    pub(super) reply_to: ReplyTo,
    /// Where the message was to go.
    pub(super) group: GroupId,
    /// The sender's name for it.
    pub(super) client_id: Option<Box<str>>,
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
            let followed = hub.recent().follows(group);
            if listeners.total() == 0 && !followed {
                continue;
            }
            let text = if listeners.text > 0 { encode_text(run) } else { Bytes::new() };
            let json = if listeners.json > 0 || followed { encode_json(run) } else { Bytes::new() };
            let (first, last) = (run[0].seq, run[run.len() - 1].seq);
            let frames = GroupFrames { group, first, last, except: None, as_of: 0, text, json };
            if !frames.json.is_empty() {
                hub.recent().keep(&frames);
            }
            self.frames.push(frames);
        }
    }

    /// Adds an answer.
    pub(super) fn answer(&mut self, outcome: Outcome) {
        let Outcome { reply_to, group, client_id, bytes, answer } = outcome;
        match reply_to {
            ReplyTo::Socket { socket, mode, request } => {
                let frame = match mode {
                    Mode::Text => text_answer(&answer),
                    Mode::Json => json_answer(request.as_ref(), group, client_id.as_deref(), &answer),
                };
                self.acks.push(hub::Ack { socket, bytes, frame });
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

impl Outcome {
    /// What became of this message.
    pub(super) fn of(message: &Message, reply_to: ReplyTo, answer: Answer) -> Self {
        let Message { group, client_id, content, .. } = message;
        Self { reply_to, group: group.id, client_id: client_id.clone(), bytes: content.len(), answer }
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
        let NewMessage { group, client_id, content, .. } = self.message;
        Outcome { reply_to: self.reply_to, group: group.id, client_id, bytes: content.len(), answer }
    }
}

fn encode_text(messages: &[&Message]) -> Bytes {
    let size = messages.iter().map(|m| text::message_bytes(&m.user.username, &m.content)).sum();
    let mut out = Vec::with_capacity(size);
    messages.iter().for_each(|m| text::put_message(&mut out, &m.user.username, &m.content));
    out.into()
}

fn encode_json(messages: &[&Message]) -> Bytes {
    let mut out = Vec::with_capacity(messages.iter().map(|m| event::message_bytes(m)).sum());
    messages.iter().for_each(|m| event::put_message(&mut out, m));
    out.into()
}

/// In text mode the sender's answer is its own echo; only a refusal needs a line.
fn text_answer(answer: &Answer) -> Bytes {
    match answer {
        Ok(_) => Bytes::new(),
        Err(_) => frame::text(&[text::STORE_REFUSED]),
    }
}

fn json_answer(
    request: Option<&RequestId>,
    group: GroupId,
    client_id: Option<&str>,
    answer: &Answer,
) -> Bytes {
    let (id, seq, created_at, duplicate) = match answer {
        Ok(Receipt::Stored { batch, index }) => {
            let Some(message) = batch.get(*index) else { return Bytes::new() };
            (message.id, message.seq, message.created_at, false)
        }
        Ok(Receipt::Duplicate(sent)) => (sent.id, sent.seq, sent.created_at, true),
        Err(_) => {
            let error = Failure::new(ErrorCode::Internal, "the message could not be stored");
            return event::error(request, Some(group), &error);
        }
    };
    event::ack(request, &Ack { id, group, seq, created_at, client_id, duplicate })
}
