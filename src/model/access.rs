//! What proves who somebody is.

use super::{Timestamp, UserId};

/// A session's number: random, from 1 and below 2^53, so that a JavaScript client can hold it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// The SHA-256 of a secret. The secret itself is kept nowhere.
pub type Digest = [u8; 32];

/// A log-in that lasts until it is ended or not renewed in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub renewed_at: Timestamp,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
    /// What the client called itself, at most 200 characters; may be empty.
    pub client: Box<str>,
}

/// The secrets of a session's refresh token, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshDigests {
    /// Of the part that all refresh tokens of the session share: who has it had one of them.
    pub family: Digest,
    /// Of the one token that is not spent.
    pub current: Digest,
}

/// What a key may be used for. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Reading.
    Read,
    /// Also what members do.
    Write,
    /// Also what admins do.
    Admin,
}

impl Scope {
    /// As clients and operators write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The scope that they write so.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|scope| scope.name() == name)
    }
}

/// As whom a key acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyActor {
    /// This user. The key goes with them.
    User(UserId),
    /// Whoever it names.
    Any,
    /// Nobody: it reads everything.
    Server,
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The number the database gave.
    pub id: i64,
    /// Unique, 1 to 50 characters.
    pub name: Box<str>,
    /// What it may be used for.
    pub scope: Scope,
    /// As whom it acts.
    pub actor: KeyActor,
    /// When it was made.
    pub created_at: Timestamp,
}
