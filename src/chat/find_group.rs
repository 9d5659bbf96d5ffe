//! Finding a group.

use std::sync::Arc;

use super::{Chat, ChatError, ChatResult, Entity, Membership, validate};
use crate::model::{Group, GroupId};
use crate::protocol::command::GroupRef;

impl Chat {
    /// One group.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn group(&self, id: GroupId) -> ChatResult<Arc<Group>> {
        self.find_group(GroupRef::Id(id)).await
    }

    /// The group of this number or name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn find_group(&self, group: GroupRef<'_>) -> ChatResult<Arc<Group>> {
        let found = match group {
            GroupRef::Id(id) => self.directory.group(id).await?,
            // The database could not even be asked for a name with NUL.
            GroupRef::Name(name) if validate::contains_nul(name) => None,
            GroupRef::Name(name) => self.directory.group_by_name(name).await?,
        };
        found.ok_or(ChatError::NotFound(Entity::Group))
    }

    /// The group of a member as it is now: it may have another name since they came.
    pub fn group_of(&self, member: &Membership) -> Arc<Group> {
        let now = member.state.is_stale().then(|| self.directory.current_group(member.group.id)).flatten();
        now.unwrap_or_else(|| Arc::clone(&member.group))
    }

    /// How many sockets of this node listen to the group of this name; 0 if nobody asked for it lately.
    pub fn listeners(&self, group: &str) -> usize {
        self.directory.known_group(group).map_or(0, |group| self.hub.listeners(group.id).here())
    }
}
