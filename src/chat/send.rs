//! Sending a message, from a socket or without one.

use std::sync::Arc;
use std::time::Duration;

use super::principal::KEY_SCOPE;
use super::rights::Action;
use super::validate::check_nul;
use super::{Chat, ChatError, ChatResult, Entity, Membership, Principal, clock};
use crate::hub::Broadcast;
use crate::model::limits::CLIENT_ID_BYTES_MAX;
use crate::model::{GroupId, Message, NewMessage, Removal, Seq, UserId};
use crate::protocol::{event, text};
use crate::store::{MessageFilter, MessagePage};
use crate::writer::{Receipt, WriteError};

/// How long a message without a socket may wait for its commit before the sender is told to try again.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// What somebody wants to say, its form checked.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    content: &'a str,
    client_id: Option<&'a str>,
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
        Ok(Self { content, client_id })
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
    ) -> ChatResult<NewMessage> {
        check_may_write(sender)?;
        self.check_size(draft)?;
        if while_away == WhileAway::Refuse && self.writer.is_failing() {
            return Err(ChatError::Unavailable(None));
        }
        self.check_rate(sender)?;
        Ok(self.new_message(sender, draft))
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
        Ok(Broadcast::ephemeral(group.id, line.into(), json, None))
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
        let stored = self.writer.store(self.new_message(&sender, draft));
        let stored = tokio::time::timeout(POST_TIMEOUT, stored).await;
        match stored.map_err(|_| ChatError::Unavailable(None))? {
            Ok(Receipt::Stored { batch, index }) => {
                batch.get(index).cloned().ok_or(ChatError::Internal(None))
            }
            Ok(Receipt::Duplicate(sent)) => self.stored_message(sender.group.id, sent.seq).await,
            Err(WriteError::Unavailable) => Err(ChatError::Unavailable(None)),
            Err(WriteError::Removed(removal)) => Err(gone(removal, self.is_hidden(&sender.group))),
            Err(WriteError::Muted) => Err(ChatError::Muted),
            Err(WriteError::Refused) => Err(ChatError::Internal(None)),
        }
    }

    fn check_size(&self, draft: Draft<'_>) -> ChatResult<()> {
        let limit = self.options.content_bytes_max;
        if draft.content.len() > limit { Err(ChatError::TooLarge { limit }) } else { Ok(()) }
    }

    fn check_rate(&self, sender: &Membership) -> ChatResult<()> {
        self.check_rate_of(sender.user.id)
    }

    fn check_rate_of(&self, user: UserId) -> ChatResult<()> {
        match &self.send_limit {
            Some(limit) => limit.check(user).map_err(|retry_after| ChatError::RateLimited { retry_after }),
            None => Ok(()),
        }
    }

    fn new_message(&self, sender: &Membership, draft: Draft<'_>) -> NewMessage {
        NewMessage {
            group: self.group_of(sender),
            user: Arc::clone(&sender.user),
            content: draft.content.into(),
            client_id: draft.client_id.map(Into::into),
            received_at: clock::now(),
            member: Arc::clone(&sender.state),
        }
    }

    async fn stored_message(&self, group: GroupId, seq: Seq) -> ChatResult<Message> {
        let filter = MessageFilter {
            group: Some(group),
            after_seq: Some(Seq(seq.0 - 1)),
            before_seq: Some(seq.next()),
            ..MessageFilter::default()
        };
        let page = MessagePage { filter, limit: 1, ..MessagePage::default() };
        self.store.log.messages(page).await?.pop().ok_or(ChatError::Internal(None))
    }
}

/// Refuses who is no member any more, and a key that may only read.
fn check_may_write(sender: &Membership) -> ChatResult<()> {
    if let Some(removal) = sender.removal() {
        return Err(gone(removal, false));
    }
    if sender.may_write { Ok(()) } else { Err(ChatError::Forbidden(KEY_SCOPE)) }
}

/// What one is told of a group that one is no member of any more.
fn gone(removal: Removal, is_hidden: bool) -> ChatError {
    match removal {
        Removal::Deleted => ChatError::NotFound(Entity::Group),
        _ if is_hidden => ChatError::NotFound(Entity::Group),
        Removal::Left | Removal::Kicked | Removal::Banned => ChatError::NotMember,
    }
}
