//! One message, and what stands beside messages.

use std::sync::Arc;

use super::access::Access;
use super::rights::Action;
use super::{Caller, Chat, ChatError, ChatResult, Entity, Membership, Principal};
use crate::model::{Annotations, Message, MessageId};

impl Chat {
    /// One message.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such message as far as the caller may know, [`ChatError::NotMember`],
    /// [`ChatError::Banned`], [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn message(&self, caller: &Caller, id: MessageId) -> ChatResult<Message> {
        let message = self.stored_message(id).await?;
        self.access(caller, Arc::clone(&message.group)).await?.check(Action::Read).map_err(absent)?;
        Ok(message)
    }

    /// What stands beside these messages, in the same order. Who asks may read them.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn annotations(&self, messages: &[Message]) -> ChatResult<Vec<Annotations>> {
        Ok(self.store.log.annotations(messages.iter().map(|message| message.id).collect()).await?)
    }

    /// Somebody in front of a message's group, which they may at least read.
    pub(super) async fn access_to_message(&self, caller: &Caller, id: MessageId) -> ChatResult<Access> {
        let message = self.stored_message(id).await?;
        let group = self.group(message.group.id).await?;
        let access = self.access(caller, group).await?;
        access.check(Action::Read).map_err(absent)?;
        Ok(access)
    }

    /// The membership in which a user may change a message or react to it.
    pub(super) async fn writes_beside(&self, principal: &Principal, id: MessageId) -> ChatResult<Membership> {
        let access = self.access_to_message(&Caller::User(principal.clone()), id).await?;
        let state = access.member.ok_or(ChatError::NotMember)?;
        Ok(Membership::new(access.group, principal, state))
    }
}

/// A message of a group that one may not know of is one that is not there.
fn absent(error: ChatError) -> ChatError {
    match error {
        ChatError::NotFound(_) => ChatError::NotFound(Entity::Message),
        error => error,
    }
}
