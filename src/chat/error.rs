//! Why a request to the chat was not carried out.

use std::time::Duration;

use tokio::task::JoinError;

use crate::auth::PasswordError;
use crate::store::{StoreError, Unique};

/// What a failure that the client can do nothing about comes from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure, by its cause. Transports map it to their own codes.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// There is no such user or group.
    #[error("{0} not found")]
    NotFound(Entity),
    /// A value that must be unique is in use.
    #[error("{0} already in use")]
    Taken(Unique),
    /// A value that can not be taken, whoever sends it.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field of the request.
        field: &'static str,
        /// What is wrong with it, as a sentence for its sender.
        reason: String,
    },
    /// A private group that has all the members it can have.
    #[error("This is a private group and is already full.")]
    GroupFull,
    /// The user is no member of the group.
    #[error("not a member of this group")]
    NotMember,
    /// Nothing shows who asks.
    #[error("not authenticated")]
    NotAuthenticated,
    /// What was shown is no good, or no longer.
    #[error("could not validate credentials")]
    BadCredentials,
    /// No account has this name and password.
    #[error("incorrect username or password")]
    WrongLogin,
    /// It has to be said as whom the caller acts.
    #[error("it is not said as whom")]
    Unnamed,
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The user is banned from the group.
    #[error("banned")]
    Banned,
    /// The member may not write now.
    #[error("muted")]
    Muted,
    /// Nobody would govern the server any more.
    #[error("the last admin of the server can not give it up")]
    LastAdmin,
    /// The message has as many different reactions as it can have.
    #[error("the message has too many different reactions")]
    TooManyReactions,
    /// Too many wrong passwords; worth another try after a while.
    #[error("too many wrong passwords")]
    Locked {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// The content is over the limit.
    #[error("content is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes of UTF-8.
        limit: usize,
    },
    /// Too much of this is under way already; worth another try after a while.
    #[error("too busy")]
    Busy {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// The user sends faster than is allowed; worth another try after a while.
    #[error("too many messages in too short a time")]
    RateLimited {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// The database is away, or the server is stopping; worth another try after a while. Without a cause where
    /// that was logged already.
    #[error("the service is temporarily unavailable")]
    Unavailable(Option<Cause>),
    /// A fault of the server; its log says more.
    #[error("internal error")]
    Internal(Option<Cause>),
}

impl ChatError {
    /// Tells the log what the client is not told. For whoever turns the error into an answer: once.
    pub fn log(&self) {
        match self {
            Self::Unavailable(Some(cause)) => {
                tracing::warn!(error = %cause, "a request could not be served now")
            }
            Self::Internal(Some(cause)) => tracing::error!(error = %cause, "a request failed"),
            _ => {}
        }
    }
}

/// What was looked for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A user.
    User,
    /// A group.
    Group,
    /// A member of a group.
    Member,
    /// A ban.
    Ban,
    /// A mute.
    Mute,
    /// A session.
    Session,
    /// A message.
    Message,
    /// An API key.
    Key,
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Member => "Member",
            Self::Ban => "Ban",
            Self::Mute => "Mute",
            Self::Session => "Session",
            Self::Message => "Message",
            Self::Key => "Key",
        })
    }
}

impl From<StoreError> for ChatError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(what) => Self::Taken(what),
            // They were there when they were looked up, or are erased.
            StoreError::Missing("user") => Self::NotFound(Entity::User),
            StoreError::Missing("group") => Self::NotFound(Entity::Group),
            StoreError::Unavailable(_) => Self::Unavailable(Some(error.into())),
            _ => Self::Internal(Some(error.into())),
        }
    }
}

impl From<getrandom::Error> for ChatError {
    fn from(error: getrandom::Error) -> Self {
        Self::Internal(Some(error.into()))
    }
}

impl From<JoinError> for ChatError {
    fn from(error: JoinError) -> Self {
        Self::Internal(Some(error.into()))
    }
}

impl From<PasswordError> for ChatError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy { retry_after } => Self::Busy { retry_after },
            PasswordError::Failed(_) => Self::Internal(Some(error.into())),
        }
    }
}
