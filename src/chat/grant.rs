//! What proves who somebody is, while it is in use.

use std::sync::{Arc, Mutex, PoisonError};

use super::rights::Power;
use crate::hub::SocketId;
use crate::model::limits::GRANT_SOCKETS_MAX;
use crate::model::{Digest, Scope, SessionId, Timestamp, UserId, Validity};

/// A session, a key or a token of an outside issuer that was found good: one for all that use it, so that who ends it
/// reaches every socket at once.
#[derive(Debug)]
pub struct Grant {
    kind: GrantKind,
    /// Whose it is; `None` for a key that acts as anybody or nobody.
    user: Option<UserId>,
    scope: Scope,
    /// Whether it is a key that acts as nobody.
    is_of_nobody: bool,
    /// When it runs out by itself; sessions and keys are renewed or last.
    expires_at: Timestamp,
    validity: Arc<Validity>,
    sockets: Mutex<Vec<SocketId>>,
}

/// Which proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum GrantKind {
    /// A log-in here.
    Session(SessionId),
    /// An API key, by the hash of its secret.
    Key(Digest),
    /// A token of an outside issuer, by its hash.
    Outside(Digest),
}

impl Grant {
    pub(super) fn new(kind: GrantKind, user: Option<UserId>, scope: Scope) -> Self {
        Self {
            kind,
            user,
            scope,
            is_of_nobody: false,
            expires_at: Timestamp::FOREVER,
            validity: Arc::default(),
            sockets: Mutex::default(),
        }
    }

    /// The same, of a key that acts as nobody.
    pub(super) fn of_nobody(self) -> Self {
        Self { is_of_nobody: true, ..self }
    }

    /// The same, until then.
    pub(super) fn until(self, expires_at: Timestamp) -> Self {
        Self { expires_at, ..self }
    }

    pub(super) fn is_of_nobody(&self) -> bool {
        self.is_of_nobody
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    pub(super) fn kind(&self) -> GrantKind {
        self.kind
    }

    pub(super) fn user(&self) -> Option<UserId> {
        self.user
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        match self.kind {
            GrantKind::Session(id) => Some(id),
            GrantKind::Key(_) | GrantKind::Outside(_) => None,
        }
    }

    pub(super) fn is_key(&self) -> bool {
        matches!(self.kind, GrantKind::Key(_))
    }

    /// Whether it is a key of no user's.
    pub(super) fn is_of_any(&self) -> bool {
        self.user.is_none()
    }

    /// What a key of no user's may do.
    pub(super) fn power(&self) -> Power {
        if self.scope == Scope::Admin { Power::Governor } else { Power::Reader }
    }

    /// Whether it still counts, for what is handed in by it.
    pub fn validity(&self) -> &Arc<Validity> {
        &self.validity
    }

    /// Whether it proves nothing any more.
    pub fn is_ended(&self) -> bool {
        self.validity.is_over()
    }

    /// Adds a socket that speaks by it, to be [detached](Self::detach) when it does no longer. `false` if it has ended,
    /// or has as many as it may have: then the socket is to be closed.
    pub fn attach(&self, socket: SocketId) -> bool {
        {
            let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
            if sockets.len() >= GRANT_SOCKETS_MAX {
                return false;
            }
            sockets.push(socket);
        }
        // Looked at after the socket stands there: whoever ends it marks it first and takes the sockets then.
        !self.is_ended()
    }

    /// Takes a socket out.
    pub fn detach(&self, socket: SocketId) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = sockets.iter().position(|one| *one == socket) {
            sockets.swap_remove(index);
        }
    }

    /// How many sockets speak by it.
    pub(super) fn sockets(&self) -> usize {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Proves nothing from now on; gives the sockets that spoke by it.
    pub(super) fn end(&self) -> Vec<SocketId> {
        self.validity.end();
        std::mem::take(&mut *self.sockets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
