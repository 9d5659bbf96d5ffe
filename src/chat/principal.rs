//! Who asks.

use std::sync::Arc;

use super::{Chat, ChatError, ChatResult, Entity, validate};
use crate::model::{User, UserId};

/// Who asks for something, as far as the server knows. Made once, at the edge, and handed to every use case that
/// acts on somebody's behalf; no use case takes the name of an actor from anywhere else.
#[derive(Clone, Debug)]
pub struct Principal {
    user: Arc<User>,
}

/// How somebody says who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim<'a> {
    /// By number, as in the body of a REST request. Believed.
    UserId(UserId),
    /// By name, as in the path of a socket or in `hello`. Believed.
    Username(&'a str),
}

impl Principal {
    pub(super) fn new(user: Arc<User>) -> Self {
        Self { user }
    }

    /// The user who asks.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }
}

impl Chat {
    /// Finds out who makes this claim.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user, [`ChatError::Unavailable`].
    pub async fn principal(&self, claim: Claim<'_>) -> ChatResult<Principal> {
        let user = match claim {
            Claim::UserId(id) => self.directory.user(id).await?,
            // The database could not even be asked for a name with NUL.
            Claim::Username(name) if validate::contains_nul(name) => None,
            Claim::Username(name) => self.directory.user_by_name(name).await?,
        };
        Ok(Principal { user: user.ok_or(ChatError::NotFound(Entity::User))? })
    }
}
