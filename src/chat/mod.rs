//! The use cases of the chat, free of any transport.

mod clock;
mod directory_cache;
mod error;
mod membership;
mod presence_notifier;
mod reading;
mod target;

use std::sync::Arc;
use std::time::Duration;

pub use error::{ChatError, Entity};
pub use membership::Membership;
pub use presence_notifier::PresenceNotifier;
pub use reading::{History, Replayed};
pub use target::SocketTarget;

use self::directory_cache::{DirectoryCache, Required};
use crate::auth::{PasswordHasher, RateLimit};
use crate::hub::Hub;
use crate::model::limits::{CLIENT_ID_BYTES_MAX, EMAIL_CHARS_MAX, GROUP_NAME_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::model::{Group, GroupId, Message, MessageId, NewMessage, NewUser, Seq, User, UserId};
use crate::store::{MessageFilter, MessagePage, Store, StoreError, Unique};
use crate::writer::{MessageWriter, Receipt, WriteError};

/// The result of a use case.
pub type ChatResult<T> = Result<T, ChatError>;

/// How long a message without a socket may wait for its commit before the sender is told to try again.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// New names tried for a private chat before giving up; each is one of 2^32.
const PRIVATE_NAMES_MAX: usize = 8;

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct ChatOptions {
    /// Longest content, in bytes of UTF-8.
    pub content_bytes_max: usize,
    /// Sockets in a group up to which comings and goings are announced.
    pub announce_members_max: usize,
}

/// The chat: what REST handlers and sockets ask. Shared by all threads.
pub struct Chat {
    store: Store,
    directory: DirectoryCache,
    passwords: PasswordHasher,
    writer: MessageWriter,
    hub: Hub,
    options: ChatOptions,
    send_limit: Option<Arc<RateLimit>>,
    /// Changes only when stored history was lost.
    epoch: Box<str>,
    /// Taken in turn by those who ask for a group's head.
    head_turns: [tokio::sync::Mutex<()>; 64],
}

/// Why a socket is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such user.
    #[error("no such user")]
    UnknownUser,
    /// There is no such group.
    #[error("no such group")]
    UnknownGroup,
    /// The user of a private chat's path does not exist.
    #[error("no such sender")]
    UnknownSender,
    /// The other user of a private chat does not exist.
    #[error("no such receiver")]
    UnknownReceiver,
    /// The group is private and has all its members.
    #[error("this is a private group and is already full")]
    GroupFull,
    /// The store could not be asked.
    #[error(transparent)]
    Failed(ChatError),
}

impl From<ChatError> for Refusal {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::GroupFull => Self::GroupFull,
            error => Self::Failed(error),
        }
    }
}

impl Chat {
    /// A chat over its parts; without a `send_limit` users may send as fast as they like.
    pub fn new(
        store: Store,
        passwords: PasswordHasher,
        writer: MessageWriter,
        hub: Hub,
        options: ChatOptions,
        send_limit: Option<Arc<RateLimit>>,
        epoch: String,
    ) -> Self {
        let directory = DirectoryCache::new(Arc::clone(&store.directory));
        let head_turns = std::array::from_fn(|_| tokio::sync::Mutex::default());
        let epoch = epoch.into();
        Self { store, directory, passwords, writer, hub, options, send_limit, epoch, head_turns }
    }

    /// An opaque name of the stored history; another one means that some of it was lost.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// What was set.
    pub fn options(&self) -> ChatOptions {
        self.options
    }

    /// How fast one user may send, over all their sockets and requests; `None` if that is not limited.
    pub fn send_limit(&self) -> Option<&RateLimit> {
        self.send_limit.as_deref()
    }

    /// Creates a user from values that were validated in form.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for what is too long or contains NUL, [`ChatError::Taken`] (e-mail before user
    /// name), [`ChatError::Busy`] when too many passwords are being hashed.
    pub async fn create_user(&self, username: String, email: String, password: String) -> ChatResult<User> {
        check_name("username", &username, USERNAME_CHARS_MAX)?;
        check_name("email", &email, EMAIL_CHARS_MAX)?;
        let password_hash = self.passwords.hash(password).await?;
        Ok(self.store.directory.create_user(NewUser { username, email, password_hash }).await?)
    }

    /// One user.
    ///
    /// # Errors
    /// [`ChatError::NotFound`].
    pub async fn user(&self, id: UserId) -> ChatResult<Arc<User>> {
        self.directory.user(id).await?.required(Entity::User)
    }

    /// Creates a group.
    ///
    /// # Errors
    /// [`ChatError::Invalid`], [`ChatError::Taken`].
    pub async fn create_group(&self, name: &str, is_private: bool) -> ChatResult<Arc<Group>> {
        check_name("name", name, GROUP_NAME_CHARS_MAX)?;
        Ok(self.directory.keep_group(self.store.directory.create_group(name, is_private).await?))
    }

    /// One group.
    ///
    /// # Errors
    /// [`ChatError::NotFound`].
    pub async fn group(&self, id: GroupId) -> ChatResult<Arc<Group>> {
        self.directory.group(id).await?.required(Entity::Group)
    }

    /// A page of groups, see [`Directory::groups`](crate::store::Directory::groups).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn groups(&self, after: GroupId, skip: u64, limit: u64) -> ChatResult<Vec<Group>> {
        Ok(self.store.directory.groups(after, skip, limit).await?)
    }

    /// A page of the members of a group, see [`Directory::members`](crate::store::Directory::members).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`]. An unknown group has no members.
    pub async fn members(&self, group: GroupId, after: UserId, limit: u64) -> ChatResult<Vec<User>> {
        Ok(self.store.directory.members(group, after, limit).await?)
    }

    /// A page of messages, see [`MessageLog::messages`](crate::store::MessageLog::messages).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn messages(&self, page: MessagePage) -> ChatResult<Vec<Message>> {
        Ok(self.store.log.messages(page).await?)
    }

    /// Where the newest `count` messages start, see [`MessageLog::newest`](crate::store::MessageLog::newest).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn newest(&self, filter: MessageFilter, count: u64) -> ChatResult<MessageId> {
        Ok(self.store.log.newest(filter, count).await?)
    }

    /// Sends a message without a socket; answers after the commit. The sender becomes a member of the group
    /// as a connecting user does. A `client_id` that this sender has used in this group brings the message
    /// that was stored under it.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::GroupFull`], [`ChatError::Invalid`] (NUL, `client_id` too
    /// long), [`ChatError::TooLarge`], [`ChatError::RateLimited`], [`ChatError::Unavailable`].
    pub async fn post(
        &self,
        group: GroupId,
        user: UserId,
        content: String,
        client_id: Option<String>,
    ) -> ChatResult<Message> {
        if content.len() > self.options.content_bytes_max {
            return Err(ChatError::TooLarge { limit: self.options.content_bytes_max });
        }
        check_nul("content", &content)?;
        if let Some(client_id) = &client_id {
            check_nul("client_id", client_id)?;
            if client_id.len() > CLIENT_ID_BYTES_MAX {
                let reason = format!("should have at most {CLIENT_ID_BYTES_MAX} bytes");
                return Err(ChatError::Invalid { field: "client_id", reason });
            }
        }
        let user = self.user(user).await?;
        let group = self.group(group).await?;
        // Before the membership, which may have to be asked for.
        if let Some(limit) = self.send_limit() {
            limit.check(user.id).map_err(|retry_after| ChatError::RateLimited { retry_after })?;
        }
        self.directory.join(&group, &user).await?;
        let message = NewMessage {
            group: Arc::clone(&group),
            user,
            content: content.into(),
            client_id: client_id.map(Into::into),
            received_at: clock::now(),
        };
        let stored = tokio::time::timeout(POST_TIMEOUT, self.writer.store(message)).await;
        match stored.map_err(|_| ChatError::Unavailable)? {
            Ok(Receipt::Stored { batch, index }) => batch.get(index).cloned().ok_or(ChatError::Internal),
            Ok(Receipt::Duplicate(sent)) => self.message(group.id, sent.seq).await,
            Err(WriteError::Unavailable) => Err(ChatError::Unavailable),
            Err(WriteError::Refused) => Err(ChatError::Internal),
        }
    }

    /// How many sockets listen to the group of this name; 0 if nobody asked for it lately.
    pub fn listeners(&self, group: &str) -> usize {
        self.directory.known_group(group).map_or(0, |group| self.hub.listeners(group.id).total())
    }

    /// Who is online in the group.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn presence(&self, group: GroupId) -> ChatResult<Presence> {
        self.group(group).await?;
        let (online, ids) = self.hub.online(group, self.options.announce_members_max);
        let users = match ids {
            Some(ids) => {
                let mut users = Vec::with_capacity(ids.len());
                for id in ids {
                    users.push(self.user(id).await?);
                }
                Some(users)
            }
            None => None,
        };
        Ok(Presence { online, users })
    }

    /// Whether requests can be served: the database answers and messages are being stored.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn ready(&self) -> ChatResult<()> {
        self.store.lifecycle.ping().await?;
        if self.writer.is_failing() { Err(ChatError::Unavailable) } else { Ok(()) }
    }

    /// Lets a socket in: finds its user and group, makes the private group of a pair if there is none, and
    /// makes the user a member. `None` for a socket that names its groups later.
    ///
    /// # Errors
    /// The refusal to be told.
    pub async fn enter(&self, target: SocketTarget) -> Result<Option<Membership>, Refusal> {
        let is_private_chat = matches!(target, SocketTarget::Private { .. });
        let (group, user) = match target {
            SocketTarget::Group { group, username } => self.find(&group, &username).await?,
            SocketTarget::Private { user, receiver } => self.find_pair(user, &receiver).await?,
            // Enters its groups one by one.
            SocketTarget::Any => return Ok(None),
        };
        self.directory.join(&group, &user).await?;
        Ok(Some(Membership { group, user, is_private_chat }))
    }

    async fn find(&self, group: &str, username: &str) -> Result<(Arc<Group>, Arc<User>), Refusal> {
        // The database could not even be asked for a name with NUL.
        let group = match group {
            name if contains_nul(name) => None,
            name => self.directory.group_by_name(name).await?,
        };
        let user = match username {
            name if contains_nul(name) => None,
            name => self.directory.user_by_name(name).await?,
        };
        Ok((group.ok_or(Refusal::UnknownGroup)?, user.ok_or(Refusal::UnknownUser)?))
    }

    async fn find_pair(&self, user: UserId, receiver: &str) -> Result<(Arc<Group>, Arc<User>), Refusal> {
        let user = self.directory.user(user).await?.ok_or(Refusal::UnknownSender)?;
        let receiver = match receiver {
            name if contains_nul(name) => None,
            name => self.directory.user_by_name(name).await?,
        };
        let receiver = receiver.ok_or(Refusal::UnknownReceiver)?;
        for _ in 0..PRIVATE_NAMES_MAX {
            let random = getrandom::u32().map_err(|_| Refusal::Failed(ChatError::Internal))?;
            match self
                .store
                .directory
                .private_group(user.id, receiver.id, &format!("private_{random:08x}"))
                .await
            {
                Ok(group) => return Ok((self.directory.keep_group(group), user)),
                Err(StoreError::Taken(Unique::GroupName)) => {}
                Err(error) => return Err(Refusal::Failed(error.into())),
            }
        }
        Err(Refusal::Failed(ChatError::Internal))
    }

    async fn message(&self, group: GroupId, seq: Seq) -> ChatResult<Message> {
        let filter = MessageFilter {
            group: Some(group),
            after_seq: Some(Seq(seq.0 - 1)),
            before_seq: Some(seq.next()),
            ..MessageFilter::default()
        };
        let page = MessagePage { filter, limit: 1, ..MessagePage::default() };
        self.store.log.messages(page).await?.pop().ok_or(ChatError::Internal)
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

/// Whether the text contains NUL, the one character that Postgres cannot store.
fn contains_nul(text: &str) -> bool {
    text.as_bytes().contains(&0)
}

fn check_nul(field: &'static str, text: &str) -> ChatResult<()> {
    if contains_nul(text) {
        return Err(ChatError::Invalid { field, reason: "should not contain NUL".into() });
    }
    Ok(())
}

fn check_name(field: &'static str, name: &str, chars_max: usize) -> ChatResult<()> {
    check_nul(field, name)?;
    if name.chars().count() > chars_max {
        return Err(ChatError::Invalid {
            field,
            reason: format!("should have at most {chars_max} characters"),
        });
    }
    Ok(())
}
