//! Making users members, and members something else.

use std::sync::Arc;

use super::rights::Action;
use super::{Caller, Chat, ChatError, ChatResult, Entity, clock};
use crate::model::{Group, GroupId, MemberChange, Role, User, UserId};
use crate::protocol::command::GroupRef;
use crate::protocol::event;
use crate::store::Join;

/// A member of a group, as they are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub user: Arc<User>,
    /// What they are there.
    pub role: Role,
}

impl Chat {
    /// Joins (oneself), adds somebody, or gives a member another role. Who is made owner takes the group over from the
    /// one who was. Without a role a member stays what they are.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know, or no such user;
    /// [`ChatError::GroupFull`], [`ChatError::Banned`], those of a lack of rights; [`ChatError::Unavailable`].
    pub async fn put_member(
        &self,
        caller: &Caller,
        group: GroupId,
        user: UserId,
        role: Option<Role>,
    ) -> ChatResult<Member> {
        let access = self.access(caller, self.find_group(GroupRef::Id(group)).await?).await?;
        access.check(Action::Look)?;
        let found = self.role(group, user).await?;
        let role = match (found, role) {
            (None, role) if caller.principal().is_some_and(|principal| principal.user().id == user) => {
                self.join_in_person(caller, group, role).await?
            }
            (None, role) => {
                access.check(Action::Add)?;
                self.add(caller, group, user, role.unwrap_or_default()).await?
            }
            (Some(is), role) => {
                let Some(role) = role.filter(|role| *role != is) else {
                    // It changes nothing, but only who might have done it is told what others are.
                    let is_oneself = caller.principal().is_some_and(|principal| principal.user().id == user);
                    access.check(if is_oneself { Action::Join } else { Action::Add })?;
                    return Ok(Member { user: self.user(user).await?, role: is });
                };
                access.check(Action::SetRole)?;
                if is == Role::Owner {
                    return Err(ChatError::Forbidden("an owner hands the group over to somebody else"));
                }
                access.check_outranks(Some(is))?;
                self.set_role(group, user, role).await?;
                role
            }
        };
        let user = self.user(user).await?;
        let (change, told) = match found {
            None => (MemberChange::Joined, Some(role).filter(|role| *role != Role::Member)),
            Some(_) => (MemberChange::Role, Some(role)),
        };
        let is_oneself = caller.principal().is_some_and(|principal| principal.user().id == user.id);
        if found.is_none() && !is_oneself {
            self.tell_added(&access.group, user.id, role).await;
        }
        self.record_member(caller, &access.group, &user, change, told, None).await?;
        Ok(Member { user, role })
    }

    /// Tells a user's sockets that somebody else has made them a member of a group, which they need not read.
    pub(super) async fn tell_added(&self, group: &Group, user: UserId, role: Role) {
        self.hub.notify(user, event::added(group, role)).await;
    }

    async fn join_in_person(&self, caller: &Caller, group: GroupId, role: Option<Role>) -> ChatResult<Role> {
        let Some(principal) = caller.principal() else { return Err(ChatError::Unnamed) };
        let role = role.unwrap_or_default();
        if role != Role::Member {
            // Asked before they join: who may not have this role is no member afterwards.
            self.allowed(principal, group, Action::SetRole).await?;
        }
        let group = self.find_group(GroupRef::Id(group)).await?;
        let state = self.walk_in(principal, &group).await?;
        if role == Role::Member {
            return state.role().map_err(|_| ChatError::NotMember);
        }
        self.set_role(group.id, principal.user().id, role).await?;
        Ok(role)
    }

    async fn add(&self, caller: &Caller, group: GroupId, user: UserId, role: Role) -> ChatResult<Role> {
        if role != Role::Member {
            self.governed(caller, group, Action::SetRole).await?;
        }
        self.user(user).await?;
        let first = if role == Role::Owner { Role::Member } else { role };
        let directory = self.directory.change().await;
        let joined = self.store.moderation.add_member(group, user, first, clock::now()).await?;
        let standing = match joined {
            Join::Joined(standing) | Join::AlreadyMember(standing) => standing,
            Join::Full => return Err(ChatError::GroupFull),
            Join::Banned => return Err(ChatError::Banned),
        };
        directory.keep_member(group, user, standing);
        drop(directory);
        if role == Role::Owner {
            self.set_role(group, user, role).await?;
            return Ok(role);
        }
        Ok(standing.role.unwrap_or(first))
    }

    /// Gives a member another role, the rights to do so being checked.
    async fn set_role(&self, group: GroupId, user: UserId, role: Role) -> ChatResult<()> {
        let directory = self.directory.change().await;
        if !self.store.moderation.set_role(group, user, role).await? {
            return Err(ChatError::NotFound(Entity::Member));
        }
        if role == Role::Owner {
            let owners = directory.states(|of, _| of == group).into_iter();
            let owners = owners.filter(|(_, state)| state.role() == Ok(Role::Owner));
            owners.for_each(|(_, state)| state.set_role(Role::Admin));
        }
        if let Some(state) = directory.member(group, user) {
            state.set_role(role);
        }
        Ok(())
    }
}
