//! Finding users by the beginning of their names.

use super::{Caller, Chat, ChatResult, validate};
use crate::model::User;
use crate::model::limits::FOUND_USERS_MAX;

impl Chat {
    /// Users whose name begins with `prefix` in any case, at most `limit` of them, at most 100 whatever is asked. None
    /// for an empty prefix.
    ///
    /// # Errors
    /// [`ChatError::NotAuthenticated`](super::ChatError::NotAuthenticated) where a name is not enough,
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn search_users(&self, caller: &Caller, prefix: &str, limit: u64) -> ChatResult<Vec<User>> {
        self.reads_all(caller)?;
        if prefix.is_empty() || validate::contains_nul(prefix) {
            return Ok(Vec::new());
        }
        Ok(self.store.accounts.search_users(prefix, limit.min(FOUND_USERS_MAX)).await?)
    }
}
