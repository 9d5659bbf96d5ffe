//! Changing a group.

use std::sync::Arc;

use super::rights::Action;
use super::validate::check_name;
use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::limits::{GROUP_NAME_CHARS_MAX, PAGE_ROWS_MAX, TOPIC_CHARS_MAX};
use crate::model::{ChangeKind, Group, GroupId, Role, User, UserId};
use crate::store::GroupChange;

impl Chat {
    /// Gives a group another name, topic, way to join, or rule about how much of its log is kept. What is stored and sent
    /// from then on bears the new name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know; [`ChatError::Invalid`] for what
    /// is too long or contains NUL; [`ChatError::Taken`]; those of a lack of rights; [`ChatError::Unavailable`].
    pub async fn change_group(
        &self,
        caller: &Caller,
        group: GroupId,
        change: GroupChange,
    ) -> ChatResult<Arc<Group>> {
        let is_described = change.name.is_some() || change.topic.is_some() || change.join.is_some();
        let is_ruled = change.retention.is_some();
        let action = if is_ruled && !is_described { Action::Retain } else { Action::Change };
        let access = self.governed(caller, group, action).await?;
        if is_ruled {
            access.check(Action::Retain)?;
        }
        if let Some(name) = &change.name {
            check_name("name", name, GROUP_NAME_CHARS_MAX)?;
        }
        if let Some(topic) = &change.topic {
            check_name("topic", topic, TOPIC_CHARS_MAX)?;
        }
        let before = access.group;
        {
            let directory = self.directory.change().await;
            let changed = self.store.moderation.change_group(group, change).await?;
            changed.ok_or(ChatError::NotFound(Entity::Group))?;
            directory.invalidate_group(group);
        }
        // Kept, so that who acts for a member finds it without asking.
        let after = self.group(group).await?;
        if before.name != after.name {
            // Its messages are shown under the name of today.
            self.hub.recent().clear();
        }
        self.record_group(caller, &before, &after).await?;
        Ok(after)
    }

    /// Writes into the group's log what has changed about it, if anything has. Where nobody did it, as with a key that
    /// acts as nobody, it stands there as done by the owner, else by one of the members; without any nobody reads it.
    async fn record_group(&self, caller: &Caller, before: &Group, after: &Arc<Group>) -> ChatResult<()> {
        let name = (before.name != after.name).then(|| (*after.name).into());
        let topic = (before.topic != after.topic).then(|| (*after.topic).into());
        let join = (before.join != after.join).then_some(after.join);
        if name.is_none() && topic.is_none() && join.is_none() {
            return Ok(());
        }
        let actor = match caller.principal() {
            Some(principal) => Arc::clone(principal.user()),
            None => match self.owner_or_member(after.id).await? {
                Some(user) => user,
                None => return Ok(()),
            },
        };
        self.record(after, &actor, ChangeKind::Group { name, topic, join }).await
    }

    /// The owner of a group as far as one page of members goes, else the first member.
    async fn owner_or_member(&self, group: GroupId) -> ChatResult<Option<Arc<User>>> {
        let members = self.store.directory.members(group, UserId(0), PAGE_ROWS_MAX as u64).await?;
        let owner = members.iter().position(|(_, role)| *role == Role::Owner).unwrap_or_default();
        Ok(members.into_iter().nth(owner).map(|(user, _)| Arc::new(user)))
    }
}
