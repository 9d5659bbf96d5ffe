//! All users, and which of them are admins.

use std::sync::Arc;

use super::super::rights::Action;
use super::super::{Caller, Chat, ChatError, ChatResult, clock, validate};
use crate::model::{User, UserId};
use crate::store::ListedUser;

/// A user, as admins see them.
#[derive(Clone, Debug)]
pub struct UserEntry {
    /// The user, and how many sessions of theirs there are.
    pub listed: ListedUser,
    /// Whether a socket of theirs listens to a group.
    pub is_online: bool,
}

impl Chat {
    /// A page of all users, see [`Overview::listed_users`](crate::store::Overview::listed_users); at most
    /// [`OVERVIEW_ROWS_MAX`](crate::model::limits::OVERVIEW_ROWS_MAX).
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for who does not govern, [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn list_users(
        &self,
        caller: &Caller,
        prefix: &str,
        after: UserId,
        limit: u64,
    ) -> ChatResult<Vec<UserEntry>> {
        self.check_governs(caller, Action::Oversee)?;
        if validate::contains_nul(prefix) {
            return Ok(Vec::new());
        }
        let now = clock::now();
        let listed = self.store.overview.listed_users(prefix, after, super::rows(limit), now).await?;
        let ids: Vec<UserId> = listed.iter().map(|listed| listed.user.id).collect();
        let online = self.hub.online_among(&ids);
        let entry = |listed: ListedUser| UserEntry { is_online: online.contains(&listed.user.id), listed };
        Ok(listed.into_iter().map(entry).collect())
    }

    /// Makes a user an admin of the server, or no longer; gives the user as they are then. It counts at once.
    ///
    /// # Errors
    /// [`ChatError::LastAdmin`] if nobody else would be one; [`ChatError::NotFound`], [`ChatError::Forbidden`] for who
    /// does not govern, [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn set_admin(&self, caller: &Caller, user: UserId, is_admin: bool) -> ChatResult<Arc<User>> {
        self.check_governs(caller, Action::Govern)?;
        {
            let directory = self.directory.change().await;
            if is_admin {
                self.store.accounts.set_admin(user, true).await?;
            } else if !self.store.accounts.take_admin(user).await? {
                return Err(ChatError::LastAdmin);
            }
            directory.invalidate_user(user);
        }
        self.user(user).await
    }
}
