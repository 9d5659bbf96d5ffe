//! What goes out for a batch: encoded frames and answers.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::answer::{Answer, Receipt, WriteError};
use super::decisions::Denial;
use super::pending::{ReplyTo, Sender};
use crate::cluster::Node;
use crate::hub::{self, Broadcast, Hub, Page, Readers, Twins};
use crate::model::{GroupId, Removal};
use crate::protocol::command::RequestId;
use crate::protocol::event::{self, Ack, ErrorCode, Failure};
use crate::protocol::{Logged, Mode, encode_json, encode_text, frame, text};
use crate::store::{LogBatch, Sent};

/// What is settled and not told yet: messages for their readers and answers for their senders. Collected while a
/// batch is written, encoded and sent in one go.
#[derive(Default)]
pub(super) struct Delivery {
    batches: Vec<Arc<LogBatch>>,
    /// When the last of them was committed.
    committed: Option<Instant>,
    /// Each with the sender's name for the message, if the receipt does not say that.
    answers: Vec<(Sender, Option<Box<str>>, Answer)>,
}

impl Delivery {
    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.answers.is_empty()
    }

    /// Adds entries for their readers, committed at this time if they are.
    pub(super) fn publish(&mut self, batch: Arc<LogBatch>, committed: Option<Instant>) {
        self.batches.push(batch);
        self.committed = committed;
    }

    /// Adds the answer to the sender of a message that was new.
    pub(super) fn answer(&mut self, sender: Sender, answer: Answer) {
        self.answers.push((sender, None, answer));
    }

    /// Adds the answer to the sender of a message whose `client_id` was used before.
    pub(super) fn answer_repeat(&mut self, sender: Sender, client_id: Option<Box<str>>, answer: Answer) {
        self.answers.push((sender, client_id, answer));
    }

    /// Sends it all: messages to their readers first, those on other nodes too if there are some, then the answers in the
    /// order in which they were asked for.
    pub(super) async fn send(mut self, hub: &Hub, node: Option<&Node>) {
        if self.is_empty() {
            return;
        }
        // What changed nothing was settled before the others.
        self.answers.sort_by_key(|(sender, _, _)| sender.index);
        let pages: Vec<Page> =
            self.batches.iter().flat_map(|batch| encode(hub, batch, node.is_some())).collect();
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
        match node {
            Some(node) => node.deliver(pages, acks, self.committed).await,
            None => {
                pages.iter().for_each(|page| hub.recent().take(page));
                let frames = pages.into_iter().map(|page| page.frames).collect();
                hub.deliver(frames, acks, self.committed).await;
            }
        }
        callers.into_iter().for_each(|(caller, answer)| caller.answer(answer));
    }
}

/// The frames of a batch: each entry encoded once per mode that its group's listeners use, or with `everything` in both
/// modes, for other nodes; those of a group laid end to end in one buffer, in their order.
fn encode(hub: &Hub, batch: &LogBatch, everything: bool) -> Vec<Page> {
    let mut entries: Vec<Logged<'_>> = batch.messages.iter().map(Logged::Message).collect();
    if batch.changes.is_empty() {
        // Messages ascend in `seq` within their group.
        entries.sort_by_key(Logged::group);
    } else {
        entries.extend(batch.changes.iter().map(Logged::Change));
        entries.sort_by_key(|entry| (entry.group(), entry.seq()));
    }
    let mut all = Vec::new();
    for run in entries.chunk_by(|a, b| a.group() == b.group()) {
        let group = run[0].group();
        let (listeners, as_of) = hub.listeners_as_of(group);
        let followed = hub.recent().follows(group);
        if listeners.here() == 0 && !followed && !everything {
            continue;
        }
        let text = if listeners.text > 0 || everything { encode_text(run) } else { Bytes::new() };
        let json = if listeners.json > 0 || followed || everything { encode_json(run) } else { Bytes::new() };
        // Encoded for everybody, they are for those too who have come since.
        let as_of = if everything { 0 } else { as_of };
        let (first, last) = (run[0].seq(), run[run.len() - 1].seq());
        let messages = run.iter().filter(|entry| matches!(entry, Logged::Message(_))).count() as u32;
        let (readers, twins) = (Readers::All, Twins::default());
        let frames = Broadcast { group, first, last, readers, as_of, messages, text, json, twins };
        all.push(Page { frames, rewrites: run.iter().any(Logged::changes_what_was_said) });
    }
    all
}

/// In text mode the sender's answer is its own echo; only a refusal needs a line.
fn text_answer(answer: &Answer) -> Bytes {
    match answer {
        Ok(_) => Bytes::new(),
        Err(WriteError::Muted) => frame::text(&[text::MUTED]),
        // The socket is told of that itself.
        Err(WriteError::Removed(_) | WriteError::Ended) => Bytes::new(),
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
        Ok(Receipt::Stored { batch, place }) => {
            let Sent { id, seq, created_at } = place.sent(batch);
            Ack { id, group, seq, created_at, client_id: place.client_id(batch), duplicate: false }
        }
        Ok(Receipt::Duplicate(Sent { id, seq, created_at })) => {
            Ack { id: *id, group, seq: *seq, created_at: *created_at, client_id, duplicate: true }
        }
        Err(error) => {
            let (code, text) = match error {
                WriteError::Removed(Removal::Deleted) => (ErrorCode::NotFound, "Group not found"),
                WriteError::Removed(_) => (ErrorCode::Forbidden, "not a member of this group"),
                WriteError::Ended => (ErrorCode::Unauthenticated, "the session has ended"),
                WriteError::Muted => (ErrorCode::Forbidden, "muted"),
                WriteError::Denied(Denial::NoMessage) => (ErrorCode::NotFound, "Message not found"),
                WriteError::Denied(Denial::NotYours) => {
                    (ErrorCode::Forbidden, "this message is somebody else's")
                }
                WriteError::Denied(Denial::TooManyReactions) => {
                    (ErrorCode::TooLarge, "the message has too many different reactions")
                }
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
