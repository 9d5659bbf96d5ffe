//! Creating a group.

use std::sync::Arc;

use super::validate::check_name;
use super::{Caller, Chat, ChatError, ChatResult, clock, principal};
use crate::model::limits::GROUP_NAME_CHARS_MAX;
use crate::model::{Group, Role, Scope, Standing};

impl Chat {
    /// Creates a group. The user who asks owns it; without one, as where names are believed and none was named, nobody
    /// does and it has no members.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for a name that is too long or contains NUL, [`ChatError::Taken`],
    /// [`ChatError::Forbidden`] for a key that may only read, [`ChatError::NotAuthenticated`],
    /// [`ChatError::Unavailable`].
    pub async fn create_group(
        &self,
        caller: &Caller,
        name: &str,
        is_private: bool,
    ) -> ChatResult<Arc<Group>> {
        if caller.grant().is_none() && !self.believes_names() {
            return Err(ChatError::NotAuthenticated);
        }
        if caller.scope() < Scope::Write {
            return Err(ChatError::Forbidden(principal::KEY_SCOPE));
        }
        check_name("name", name, GROUP_NAME_CHARS_MAX)?;
        let owner = caller.principal().map(|principal| principal.user().id);
        let group = self.store.directory.create_group(name, is_private, owner, clock::now()).await?;
        let group = self.directory.keep_group(group);
        if let Some(owner) = owner {
            let standing = Standing { role: Some(Role::Owner), ..Standing::default() };
            self.directory.change().await.keep_member(group.id, owner, standing);
        }
        Ok(group)
    }
}
