//! Lists, a page at a time.

use super::{Chat, ChatResult};
use crate::model::{Group, GroupId, Message, MessageId, User, UserId};
use crate::store::{MessageFilter, MessagePage};

impl Chat {
    /// A page of groups, see [`Directory::groups`](crate::store::Directory::groups).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn groups(&self, after: GroupId, skip: u64, limit: u64) -> ChatResult<Vec<Group>> {
        Ok(self.store.directory.groups(None, after, skip, limit).await?)
    }

    /// A page of the members of a group, see [`Directory::members`](crate::store::Directory::members).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable). An unknown group has no members.
    pub async fn members(&self, group: GroupId, after: UserId, limit: u64) -> ChatResult<Vec<User>> {
        Ok(self
            .store
            .directory
            .members(group, after, limit)
            .await?
            .into_iter()
            .map(|(user, _)| user)
            .collect())
    }

    /// A page of messages, see [`MessageLog::messages`](crate::store::MessageLog::messages).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn messages(&self, page: MessagePage) -> ChatResult<Vec<Message>> {
        Ok(self.store.log.messages(page).await?)
    }

    /// Where the newest `count` messages start, see [`MessageLog::newest`](crate::store::MessageLog::newest).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn newest(&self, filter: MessageFilter, count: u64) -> ChatResult<MessageId> {
        Ok(self.store.log.newest(filter, count).await?)
    }
}
