//! Whether a change can be made, and whether it changes anything: without I/O.

use std::collections::{HashMap, HashSet};

use super::mentions;
use super::ready::{Ready, ReadyKind};
use crate::model::limits::EMOJIS_MAX;
use crate::model::{
    ChangeKind, Mentions, MessageDetails, MessageId, MessageKey, NewEntry, NewEntryKind, Seq, Timestamp,
    UserId,
};
use crate::store::{Mentioned, Sent, Target};

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// There is no such message in this group, or none any more.
    NoMessage,
    /// The message is somebody else's.
    NotYours,
    /// The message has as many different reactions as it can have.
    TooManyReactions,
}

/// What becomes of an entry.
#[derive(Debug)]
pub(super) enum Decision {
    /// It goes into the log.
    Ready(Ready),
    /// It changes nothing: it is as the one with this index among what is ready makes it.
    As(usize),
    /// It changes nothing: it is as this one has made it.
    AsStored(Sent),
    /// It is not made.
    Denied(Denial),
}

/// What made something what it is.
#[derive(Clone, Copy, Debug)]
enum Maker {
    /// Something of this batch, by its index among what is ready.
    Batch(usize),
    /// Something stored.
    Stored(Seq, Timestamp),
}

/// Why an entry does not go into the log.
enum Refusal {
    Denied(Denial),
    As(Maker),
}

/// A message that changes of this batch are about, with those that come before.
struct State {
    key: MessageKey,
    sent_at: Timestamp,
    sender: UserId,
    content: Box<str>,
    is_deleted: bool,
    /// What has made the content what it is.
    made_by: Maker,
    /// Whether those that were looked at are there, and what has made it so.
    reactions: HashMap<(UserId, Box<str>), (bool, Maker)>,
    /// Different reactions.
    emojis: usize,
    /// Those of which it is known that somebody has them.
    known_emojis: HashSet<Box<str>>,
}

/// What was found out about what an entry names.
#[derive(Default)]
pub(super) struct About {
    /// The message that it is about or answers.
    pub(super) target: Option<Target>,
    /// Whom its content mentions.
    pub(super) mentions: Mentions,
}

/// Decides about the entries of one batch, each in the light of those before it.
pub(super) struct Decisions {
    targets: std::vec::IntoIter<Option<Target>>,
    mentioned: std::vec::IntoIter<Mentioned>,
    states: HashMap<MessageId, State>,
}

impl Decisions {
    /// `targets` are the answers about those entries that are about messages, `mentioned` about those that may mention
    /// somebody, both in their order.
    pub(super) fn new(targets: Vec<Option<Target>>, mentioned: Vec<Mentioned>) -> Self {
        Self { targets: targets.into_iter(), mentioned: mentioned.into_iter(), states: HashMap::new() }
    }

    /// The answer about the next entry that is about a message.
    pub(super) fn next_target(&mut self) -> Option<Target> {
        self.targets.next().flatten()
    }

    /// Whom the next entry mentions, which is this one.
    pub(super) fn next_mentions(&mut self, entry: &NewEntry) -> Mentions {
        match mentions::question(entry) {
            Some(_) => mentions::mentioned(entry, self.mentioned.next().unwrap_or_default()),
            None => Mentions::default(),
        }
    }

    /// Decides about an entry that would be the one with this index among what is ready.
    pub(super) fn decide(&mut self, entry: NewEntry, about: About, index: usize) -> Decision {
        let About { target, mentions } = about;
        let NewEntry { group, user, client_id, received_at, kind, member, .. } = entry;
        let message = kind.target();
        let actor = user.id;
        let kind = match kind {
            NewEntryKind::Message { content, reply_to, .. } => {
                details(reply_to, target, mentions).map(|details| ReadyKind::Message { content, details })
            }
            NewEntryKind::Record(kind) => Ok(ReadyKind::Change(kind)),
            NewEntryKind::Edit { message, content, .. } => {
                let edited = self.state(message, target).and_then(|state| state.edit(actor, &content, index));
                edited.map(|message| ReadyKind::Change(ChangeKind::Edited { message, content, mentions }))
            }
            NewEntryKind::Delete { message, governs, as_admin } => {
                let governs = governs || (as_admin && member.is_admin());
                let deleted =
                    self.state(message, target).and_then(|state| state.delete(actor, governs, index));
                deleted.map(|message| ReadyKind::Change(ChangeKind::Deleted { message }))
            }
            NewEntryKind::React { message, emoji, on } => {
                let asked = target.as_ref().map(|target| (target.reaction, target.emojis.1));
                let (known, is_known_emoji) = asked.unwrap_or_default();
                let reacted = self.state(message, target).and_then(|state| {
                    state.know(actor, &emoji, known, is_known_emoji);
                    state.react(actor, &emoji, on, index)
                });
                reacted.map(|message| ReadyKind::Change(ChangeKind::Reaction { message, emoji, on }))
            }
        };
        match kind {
            Ok(kind) => Decision::Ready(Ready { group, user, client_id, received_at, kind }),
            Err(Refusal::Denied(denial)) => Decision::Denied(denial),
            Err(Refusal::As(Maker::Batch(index))) => Decision::As(index),
            Err(Refusal::As(Maker::Stored(seq, created_at))) => {
                Decision::AsStored(Sent { id: message.unwrap_or_default(), seq, created_at })
            }
        }
    }

    /// The message with what this batch has made of it so far.
    fn state(&mut self, id: MessageId, target: Option<Target>) -> Result<&mut State, Refusal> {
        let target = target.ok_or(Refusal::Denied(Denial::NoMessage))?;
        Ok(self.states.entry(id).or_insert_with(|| State {
            key: MessageKey { id, seq: target.seq },
            sent_at: target.sent_at,
            sender: target.sender,
            content: target.content,
            is_deleted: target.is_deleted,
            made_by: Maker::Stored(target.made_by.0, target.made_by.1),
            reactions: HashMap::new(),
            emojis: target.emojis.0,
            known_emojis: HashSet::new(),
        }))
    }
}

/// What a new message has beside its content.
fn details(
    reply_to: Option<MessageId>,
    target: Option<Target>,
    mentions: Mentions,
) -> Result<Option<Box<MessageDetails>>, Refusal> {
    if reply_to.is_none() && mentions.is_empty() {
        return Ok(None);
    }
    let thread_id = match reply_to {
        None => None,
        // A deleted message can be answered.
        Some(id) => {
            let answered = target.ok_or(Refusal::Denied(Denial::NoMessage))?;
            Some(answered.thread_id.unwrap_or(id))
        }
    };
    Ok(Some(Box::new(MessageDetails { reply_to, thread_id, mentions, ..MessageDetails::default() })))
}

impl State {
    fn edit(&mut self, actor: UserId, content: &str, index: usize) -> Result<MessageKey, Refusal> {
        if self.is_deleted {
            return Err(Refusal::Denied(Denial::NoMessage));
        }
        if self.sender != actor {
            return Err(Refusal::Denied(Denial::NotYours));
        }
        if *self.content == *content {
            return Err(Refusal::As(self.made_by));
        }
        self.content = content.into();
        self.made_by = Maker::Batch(index);
        Ok(self.key)
    }

    fn delete(&mut self, actor: UserId, governs: bool, index: usize) -> Result<MessageKey, Refusal> {
        if self.sender != actor && !governs {
            return Err(Refusal::Denied(Denial::NotYours));
        }
        if self.is_deleted {
            return Err(Refusal::As(self.made_by));
        }
        self.is_deleted = true;
        self.made_by = Maker::Batch(index);
        Ok(self.key)
    }

    /// Takes in what is stored of a reaction, unless this batch has changed it.
    fn know(
        &mut self,
        actor: UserId,
        emoji: &str,
        stored: Option<(bool, Seq, Timestamp)>,
        is_known_emoji: bool,
    ) {
        if let Some((on, seq, at)) = stored {
            self.reactions.entry((actor, emoji.into())).or_insert((on, Maker::Stored(seq, at)));
        }
        if is_known_emoji {
            self.known_emojis.insert(emoji.into());
        }
    }

    fn react(&mut self, actor: UserId, emoji: &str, on: bool, index: usize) -> Result<MessageKey, Refusal> {
        if self.is_deleted {
            return Err(Refusal::Denied(Denial::NoMessage));
        }
        // What never was there is as the message itself has made it.
        let never = (false, Maker::Stored(self.key.seq, self.sent_at));
        let reaction = self.reactions.entry((actor, emoji.into())).or_insert(never);
        if reaction.0 == on {
            return Err(Refusal::As(reaction.1));
        }
        if on && !self.known_emojis.contains(emoji) {
            if self.emojis >= EMOJIS_MAX {
                return Err(Refusal::Denied(Denial::TooManyReactions));
            }
            // Not counted down when the last of a kind goes in the same batch: the next batch counts anew.
            self.emojis += 1;
            self.known_emojis.insert(emoji.into());
        }
        *reaction = (on, Maker::Batch(index));
        Ok(self.key)
    }
}

#[cfg(test)]
mod tests;
