//! What goes out for a batch: encoded frames and answers.

use std::sync::Arc;

use bytes::Bytes;

use super::answer::{Answer, Receipt, WriteError};
use super::pending::{ReplyTo, Sender};
use crate::hub::{self, Broadcast, Hub};
use crate::model::{GroupId, Message, Removal};
use crate::protocol::command::RequestId;
use crate::protocol::event::{self, Ack, ErrorCode, Failure};
use crate::protocol::{Mode, frame, text};
use crate::store::Sent;

/// What is settled and not told yet: messages for their readers and answers for their senders. Collected while a
/// batch is written, encoded and sent in one go.
#[derive(Default)]
pub(super) struct Delivery {
    batches: Vec<Arc<[Message]>>,
    /// Each with the sender's name for the message, if the receipt does not say that.
    answers: Vec<(Sender, Option<Box<str>>, Answer)>,
}

impl Delivery {
    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.answers.is_empty()
    }

    /// Adds messages for their readers.
    pub(super) fn publish(&mut self, batch: Arc<[Message]>) {
        self.batches.push(batch);
    }

    /// Adds the answer to the sender of a message that was new.
    pub(super) fn answer(&mut self, sender: Sender, answer: Answer) {
        self.answers.push((sender, None, answer));
    }

    /// Adds the answer to the sender of a message whose `client_id` was used before.
    pub(super) fn answer_repeat(&mut self, sender: Sender, client_id: Option<Box<str>>, answer: Answer) {
        self.answers.push((sender, client_id, answer));
    }

    /// Sends it all: messages to their readers first, then the answers.
    pub(super) async fn send(self, hub: &Hub) {
        if self.is_empty() {
            return;
        }
        let frames: Vec<Broadcast> = self.batches.iter().flat_map(|batch| encode(hub, batch)).collect();
        let (mut acks, mut callers) = (Vec::new(), Vec::new());
        for (sender, client_id, answer) in self.answers {
            let Sender { reply_to, group, bytes, .. } = sender;
            match reply_to {
                ReplyTo::Socket { socket, mode, request } => {
                    let frame = match mode {
                        Mode::Text => text_answer(&answer),
                        Mode::Json => json_answer(request.as_ref(), group, client_id.as_deref(), &answer),
                    };
                    acks.push(hub::Ack { socket, credit: Some(bytes), frame });
                }
                ReplyTo::Caller(caller) => callers.push((caller, answer)),
            }
        }
        hub.deliver(frames.into(), acks).await;
        callers.into_iter().for_each(|(caller, answer)| caller.answer(answer));
    }
}

/// The frames of a batch: each message encoded once per mode that its group's listeners use, those of a group laid end
/// to end in one buffer, in their order.
fn encode(hub: &Hub, batch: &[Message]) -> Vec<Broadcast> {
    let mut by_group: Vec<&Message> = batch.iter().collect();
    by_group.sort_by_key(|message| message.group.id);
    let mut all = Vec::new();
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
        let frames = Broadcast { group, first, last, except: None, as_of: 0, text, json };
        if !frames.json.is_empty() {
            hub.recent().keep(&frames);
        }
        all.push(frames);
    }
    all
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
        Err(WriteError::Muted) => frame::text(&[text::MUTED]),
        // The socket is told of its removal itself.
        Err(WriteError::Removed(_)) => Bytes::new(),
        Err(_) => frame::text(&[text::STORE_REFUSED]),
    }
}

fn json_answer(
    request: Option<&RequestId>,
    group: GroupId,
    client_id: Option<&str>,
    answer: &Answer,
) -> Bytes {
    let ack = match answer {
        Ok(Receipt::Stored { batch, index }) => {
            let Some(message) = batch.get(*index) else { return Bytes::new() };
            let Message { id, seq, created_at, .. } = *message;
            Ack { id, group, seq, created_at, client_id: message.client_id.as_deref(), duplicate: false }
        }
        Ok(Receipt::Duplicate(Sent { id, seq, created_at })) => {
            Ack { id: *id, group, seq: *seq, created_at: *created_at, client_id, duplicate: true }
        }
        Err(error) => {
            let (code, text) = match error {
                WriteError::Removed(Removal::Deleted) => (ErrorCode::NotFound, "Group not found"),
                WriteError::Removed(_) => (ErrorCode::Forbidden, "not a member of this group"),
                WriteError::Muted => (ErrorCode::Forbidden, "muted"),
                WriteError::Refused | WriteError::Unavailable => {
                    (ErrorCode::Internal, "the message could not be stored")
                }
            };
            let error = Failure::new(code, text);
            return event::error(request, Some(group), &error);
        }
    };
    event::ack(request, &ack)
}
