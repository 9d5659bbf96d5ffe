//! Sending a message, from a socket or without one.

use std::sync::Arc;
use std::time::Duration;

use super::principal::KEY_SCOPE;
use super::rights::Action;
use super::validate::check_nul;
use super::{Chat, ChatError, ChatResult, Entity, Membership, Principal, clock};
use crate::hub::{Broadcast, Readers};
use crate::model::limits::CLIENT_ID_BYTES_MAX;
use crate::model::{GroupId, Message, MessageId, NewEntry, NewEntryKind, Removal, Scope, UserId};
use crate::protocol::{event, text};
use crate::writer::{Denial, Place, Receipt, WriteError};

/// How long a message without a socket may wait for its commit before the sender is told to try again.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// What somebody wants to say, its form checked.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    content: &'a str,
    client_id: Option<&'a str>,
    reply_to: Option<MessageId>,
}

/// What becomes of a socket's message while nothing can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileAway {
    /// It is refused: its sender knows how to send it again.
    Refuse,
    /// It waits, as its sender does: in text mode nothing could be said.
    Wait,
}

impl<'a> Draft<'a> {
    /// A draft of `content`, by which a retry is known if there is a `client_id`.
    ///
    /// # Errors
    /// [`ChatError::Invalid`]: either contains NUL, or `client_id` has more than 64 bytes of UTF-8.
    pub fn new(content: &'a str, client_id: Option<&'a str>) -> ChatResult<Self> {
        check_nul("content", content)?;
        if let Some(client_id) = client_id {
            if client_id.len() > CLIENT_ID_BYTES_MAX {
                let reason = format!("longer than {CLIENT_ID_BYTES_MAX} bytes");
                return Err(ChatError::Invalid { field: "client_id", reason });
            }
            check_nul("client_id", client_id)?;
        }
        Ok(Self { content, client_id, reply_to: None })
    }

    pub(super) fn content(self) -> &'a str {
        self.content
    }

    pub(super) fn client_id(self) -> Option<&'a str> {
        self.client_id
    }

    /// The same as an answer to a message.
    pub fn answering(self, reply_to: Option<MessageId>) -> Self {
        Self { reply_to, ..self }
    }
}

impl Chat {
    /// Takes a socket's message on its way to the writer: all that can be said against it is said here, without
    /// asking the store.
    ///
    /// # Errors
    /// [`ChatError::TooLarge`], [`ChatError::Unavailable`], [`ChatError::RateLimited`].
    pub fn accept(
        &self,
        sender: &Membership,
        draft: Draft<'_>,
        while_away: WhileAway,
    ) -> ChatResult<NewEntry> {
        check_may_write(sender)?;
        self.check_size(draft)?;
        if while_away == WhileAway::Refuse && self.refuses_entries() {
            return Err(ChatError::Unavailable(None));
        }
        self.check_rate(sender)?;
        Ok(self.new_message(sender, draft))
    }

    /// Whether messages and changes of those who know how to send them again are refused, since nothing can be stored now.
    pub fn refuses_entries(&self) -> bool {
        self.writer.is_failing()
    }

    /// Takes a message that is not to be stored; answers what its readers get.
    ///
    /// # Errors
    /// [`ChatError::TooLarge`], [`ChatError::RateLimited`].
    pub fn accept_ephemeral(&self, sender: &Membership, draft: Draft<'_>) -> ChatResult<Broadcast> {
        check_may_write(sender)?;
        // What is stored may be a retry, which the writer looks for before it asks this.
        if sender.state.is_muted(clock::now()) {
            return Err(ChatError::Muted);
        }
        self.check_size(draft)?;
        self.check_rate(sender)?;
        let (group, user) = (self.group_of(sender), &sender.user);
        let mut line = Vec::new();
        text::put_message(&mut line, &user.username, draft.content);
        let json = event::ephemeral(&group, user, draft.content, draft.client_id, clock::now());
        Ok(Broadcast { messages: 1, ..Broadcast::ephemeral(group.id, line.into(), json, Readers::All) })
    }

    /// Sends a message without a socket; answers after the commit. The sender becomes a member of the group
    /// as a connecting user does. A `client_id` that this sender has used in this group brings the message
    /// that was stored under it.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::GroupFull`], [`ChatError::TooLarge`], [`ChatError::RateLimited`],
    /// [`ChatError::Unavailable`].
    pub async fn post(&self, principal: &Principal, group: GroupId, draft: Draft<'_>) -> ChatResult<Message> {
        self.check_size(draft)?;
        let group = self.group(group).await?;
        // Before the membership, which may have to be asked for.
        self.check_rate_of(principal.user().id)?;
        let state = match self.believes_names() {
            true => self.walk_in(principal, &group).await?,
            false => {
                let access = self.access_of(principal, Arc::clone(&group)).await?;
                access.check(Action::Read)?;
                access.member.ok_or(ChatError::NotMember)?
            }
        };
        let sender = Membership::new(group, principal, state);
        check_may_write(&sender)?;
        match self.store_entry(self.new_message(&sender, draft).proven_by(principal.validity())).await? {
            Receipt::Stored { batch, place: Place::Message(index) } => Ok(batch.messages[index].clone()),
            Receipt::Stored { .. } => Err(ChatError::Internal(None)),
            Receipt::Duplicate(sent) => self.stored_message(sent.id).await,
        }
    }

    /// Stores what comes without a socket; answers after the commit.
    ///
    /// # Errors
    /// [`ChatError::NotMember`], or [`ChatError::NotFound`] for a hidden group, for who is no member any more;
    /// [`ChatError::Muted`]; what is wrong with a change; [`ChatError::Unavailable`].
    pub(super) async fn store_entry(&self, entry: NewEntry) -> ChatResult<Receipt> {
        let is_hidden = self.is_hidden(&entry.group);
        let stored = tokio::time::timeout(POST_TIMEOUT, self.writer.store(entry)).await;
        match stored.map_err(|_| ChatError::Unavailable(None))? {
            Ok(receipt) => Ok(receipt),
            Err(WriteError::Unavailable) => Err(ChatError::Unavailable(None)),
            Err(WriteError::Denied(Denial::NoMessage)) => Err(ChatError::NotFound(Entity::Message)),
            Err(WriteError::Denied(Denial::NotYours)) => {
                Err(ChatError::Forbidden("this message is somebody else's"))
            }
            Err(WriteError::Denied(Denial::TooManyReactions)) => Err(ChatError::TooManyReactions),
            Err(WriteError::Removed(removal)) => Err(gone(removal, is_hidden)),
            Err(WriteError::Muted) => Err(ChatError::Muted),
            Err(WriteError::Ended) => Err(ChatError::BadCredentials),
            Err(WriteError::Refused) => Err(ChatError::Internal(None)),
        }
    }

    pub(super) fn check_size(&self, draft: Draft<'_>) -> ChatResult<()> {
        let limit = self.options.content_bytes_max;
        if draft.content.len() > limit { Err(ChatError::TooLarge { limit }) } else { Ok(()) }
    }

    pub(super) fn check_rate(&self, sender: &Membership) -> ChatResult<()> {
        self.check_rate_of(sender.user.id)
    }

    fn check_rate_of(&self, user: UserId) -> ChatResult<()> {
        match &self.send_limit {
            Some(limit) => limit.check(user).map_err(|retry_after| ChatError::RateLimited { retry_after }),
            None => Ok(()),
        }
    }

    fn new_message(&self, sender: &Membership, draft: Draft<'_>) -> NewEntry {
        let Draft { content, client_id, reply_to } = draft;
        let mentions_all = self.heeds_roles();
        let kind = NewEntryKind::Message { content: content.into(), reply_to, mentions_all };
        self.new_entry(sender, kind, client_id)
    }

    /// Whether who governs a group may mention everybody in it: where that is more than a believed name.
    pub(super) fn heeds_roles(&self) -> bool {
        !self.believes_names()
    }

    /// What a member hands in for the log.
    pub(super) fn new_entry(
        &self,
        sender: &Membership,
        kind: NewEntryKind,
        client_id: Option<&str>,
    ) -> NewEntry {
        NewEntry {
            group: self.group_of(sender),
            user: Arc::clone(&sender.user),
            kind,
            client_id: client_id.map(Into::into),
            received_at: clock::now(),
            member: Arc::clone(&sender.state),
            validity: None,
        }
    }

    /// The message of this number.
    pub(super) async fn stored_message(&self, id: MessageId) -> ChatResult<Message> {
        self.store.log.message(id).await?.ok_or(ChatError::NotFound(Entity::Message))
    }
}

/// Refuses who is no member any more, and a key that may only read.
pub(super) fn check_may_write(sender: &Membership) -> ChatResult<()> {
    if let Some(removal) = sender.removal() {
        return Err(gone(removal, false));
    }
    if sender.scope >= Scope::Write { Ok(()) } else { Err(ChatError::Forbidden(KEY_SCOPE)) }
}

/// What one is told of a group that one is no member of any more.
fn gone(removal: Removal, is_hidden: bool) -> ChatError {
    match removal {
        Removal::Deleted => ChatError::NotFound(Entity::Group),
        _ if is_hidden => ChatError::NotFound(Entity::Group),
        Removal::Left | Removal::Kicked | Removal::Banned => ChatError::NotMember,
    }
}
