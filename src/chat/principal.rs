//! Who asks, as a user.

use std::sync::Arc;

use super::grant::Grant;
use super::rights::Power;
use super::{ChatError, ChatResult};
use crate::model::{Scope, SessionId, User, Validity};

/// A user who asks for something. Made once, at the edge, and handed to every use case that acts on somebody's behalf;
/// no use case takes the name of an actor from anywhere else.
#[derive(Clone, Debug)]
pub struct Principal {
    user: Arc<User>,
    /// What proves it; a name that is believed needs nothing.
    grant: Option<Arc<Grant>>,
}

impl Principal {
    pub(super) fn new(user: Arc<User>, grant: Option<Arc<Grant>>) -> Self {
        Self { user, grant }
    }

    /// The user who asks.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// What proves who it is; `None` for a name that was believed.
    pub fn grant(&self) -> Option<&Arc<Grant>> {
        self.grant.as_ref()
    }

    /// Whether what proves it still counts.
    pub(super) fn validity(&self) -> Option<Arc<Validity>> {
        self.grant.as_ref().map(|grant| Arc::clone(grant.validity()))
    }

    /// What the proof may be used for.
    pub(super) fn scope(&self) -> Scope {
        self.grant.as_ref().map_or(Scope::Admin, |grant| grant.scope())
    }

    /// What they may do in groups that are not theirs. A name that was believed gives no power over others.
    pub(super) fn power(&self) -> Power {
        match &self.grant {
            // Whom a key names it is, and no more than they are, unless it governs.
            Some(grant) if grant.is_of_any() && grant.scope() < Scope::Admin => Power::None,
            Some(grant) if grant.is_of_any() => Power::Governor,
            Some(grant) if self.user.is_admin && grant.scope() == Scope::Admin => Power::Governor,
            Some(_) if self.user.is_admin => Power::Reader,
            Some(_) | None => Power::None,
        }
    }

    /// Whether they govern the server.
    pub fn is_server_admin(&self) -> bool {
        self.power() == Power::Governor
    }

    /// Nothing that a key may not be used for.
    pub(super) fn check_scope(&self, needed: Scope) -> ChatResult<()> {
        if self.scope() >= needed { Ok(()) } else { Err(ChatError::Forbidden(KEY_SCOPE)) }
    }

    /// The session they speak in, if they logged in here.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.grant.as_ref().and_then(|grant| grant.session())
    }

    /// Refuses a key: what concerns a user's own account is for the user alone.
    pub(super) fn check_in_person(&self) -> ChatResult<()> {
        match &self.grant {
            Some(grant) if grant.is_key() => Err(ChatError::Forbidden("a key may not do this")),
            Some(_) => Ok(()),
            None => Err(ChatError::NotAuthenticated),
        }
    }
}

/// Why a key was refused.
pub(super) const KEY_SCOPE: &str = "the scope of this key does not allow this";
