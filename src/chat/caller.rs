//! Who asks, known or not.

use std::sync::Arc;

use super::grant::Grant;
use super::identity::AuthMode;
use super::rights::Power;
use super::{Chat, ChatError, ChatResult, Entity, Principal, validate};
use crate::model::{Scope, User, UserId};

/// Who asks, as far as they have shown it.
#[derive(Clone, Debug, Default)]
pub enum Caller {
    /// Has shown nothing. Where names are believed they may read everything, and act as whomever they name.
    #[default]
    Nobody,
    /// A user.
    User(Principal),
    /// A key that acts as whomever it names, and reads everything.
    Any(Arc<Grant>),
    /// A key that acts as nobody, and reads everything.
    Server(Arc<Grant>),
}

/// How somebody says who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim<'a> {
    /// By number, as in the body of a REST request.
    UserId(UserId),
    /// By name, as in the path of a socket or in `hello`.
    Username(&'a str),
}

impl Claim<'_> {
    fn fits(self, user: &User) -> bool {
        match self {
            Self::UserId(id) => user.id == id,
            Self::Username(name) => *user.username == *name,
        }
    }
}

impl Chat {
    /// As whom somebody acts: themself, or whomever they may name.
    ///
    /// # Errors
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unnamed`] if a name is needed, [`ChatError::Forbidden`] if they may
    /// not act as this one, [`ChatError::NotFound`] if there is no such user, [`ChatError::Unavailable`].
    pub async fn act_as(&self, caller: &Caller, claim: Option<Claim<'_>>) -> ChatResult<Principal> {
        match (caller, claim) {
            (Caller::User(principal), None) => Ok(principal.clone()),
            (Caller::User(principal), Some(claim)) if claim.fits(principal.user()) => Ok(principal.clone()),
            (Caller::User(_), Some(claim)) if self.believes_names() => self.named(claim, None).await,
            (Caller::User(_), Some(_)) => Err(ChatError::Forbidden("a token acts as its own user alone")),
            (Caller::Any(grant), Some(claim)) => self.named(claim, Some(grant)).await,
            (Caller::Server(_), _) => Err(ChatError::Forbidden("this key acts as nobody")),
            (Caller::Nobody, _) if !self.believes_names() => Err(ChatError::NotAuthenticated),
            (Caller::Nobody, Some(claim)) => self.named(claim, None).await,
            (Caller::Nobody | Caller::Any(_), None) => Err(ChatError::Unnamed),
        }
    }

    /// The user of this name or number, whoever claims to be them.
    async fn named(&self, claim: Claim<'_>, grant: Option<&Arc<Grant>>) -> ChatResult<Principal> {
        let user = match claim {
            Claim::UserId(id) => self.directory.user(id).await?,
            // The database could not even be asked for a name with NUL.
            Claim::Username(name) if validate::contains_nul(name) => None,
            Claim::Username(name) => self.directory.user_by_name(name).await?,
        };
        let user = user.ok_or(ChatError::NotFound(Entity::User))?;
        Ok(Principal::new(user, grant.cloned()))
    }

    /// Whether a name is enough to be somebody.
    pub fn believes_names(&self) -> bool {
        self.options.auth == AuthMode::Username
    }
}

impl Caller {
    /// The user who asks, if it is one.
    pub fn principal(&self) -> Option<&Principal> {
        match self {
            Self::User(principal) => Some(principal),
            Self::Nobody | Self::Any(_) | Self::Server(_) => None,
        }
    }

    /// What they may do in every group; for [`Caller::Nobody`], where names are believed.
    pub(super) fn power(&self) -> Power {
        match self {
            Self::Nobody => Power::Reader,
            Self::User(principal) => principal.power(),
            Self::Any(grant) | Self::Server(grant) => grant.power(),
        }
    }

    /// Whether they have shown that they govern the server.
    pub(super) fn governs(&self) -> bool {
        self.grant().is_some() && self.power() == Power::Governor
    }

    /// What their proof may be used for.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Nobody => Scope::Admin,
            Self::User(principal) => principal.scope(),
            Self::Any(grant) | Self::Server(grant) => grant.scope(),
        }
    }

    /// What proves it.
    pub fn grant(&self) -> Option<&Arc<Grant>> {
        match self {
            Self::Nobody => None,
            Self::User(principal) => principal.grant(),
            Self::Any(grant) | Self::Server(grant) => Some(grant),
        }
    }
}
