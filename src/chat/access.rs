//! Whether somebody may do something in a group.

use std::sync::Arc;

use super::rights::{self, Action, Place, Power, Verdict};
use super::{Caller, Chat, ChatError, ChatResult, Entity, Principal, clock, principal};
use crate::model::{Group, GroupId, JoinPolicy, MemberState, Removal, Role, Standing};
use crate::protocol::command::GroupRef;

/// Somebody in front of a group.
pub(super) struct Access {
    pub(super) group: Arc<Group>,
    /// What a member shares with their sockets.
    pub(super) member: Option<Arc<MemberState>>,
    pub(super) place: Place,
}

impl Access {
    /// # Errors
    /// [`ChatError::NotFound`] if for them there is no such group, else what they lack.
    pub(super) fn check(&self, action: Action) -> ChatResult<()> {
        match rights::decide(self.place, action) {
            Verdict::Yes => Ok(()),
            Verdict::Absent => Err(ChatError::NotFound(Entity::Group)),
            Verdict::Banned => Err(ChatError::Banned),
            Verdict::Muted => Err(ChatError::Muted),
            Verdict::OutOfScope => Err(ChatError::Forbidden(principal::KEY_SCOPE)),
            Verdict::Forbidden if self.place.role.is_none() => Err(ChatError::NotMember),
            Verdict::Forbidden => Err(ChatError::Forbidden("your role in this group does not allow this")),
        }
    }

    /// Refuses to act on somebody who has this role.
    pub(super) fn check_outranks(&self, target: Option<Role>) -> ChatResult<()> {
        if rights::outranks(self.place, target) {
            Ok(())
        } else {
            Err(ChatError::Forbidden("your role in this group does not allow this"))
        }
    }
}

impl Chat {
    /// Somebody's place in a group, whatever they may do there.
    pub(super) async fn access(&self, caller: &Caller, group: Arc<Group>) -> ChatResult<Access> {
        match caller {
            Caller::User(principal) => self.access_of(principal, group).await,
            Caller::Nobody if !self.believes_names() => Err(ChatError::NotAuthenticated),
            Caller::Nobody | Caller::Any(_) | Caller::Server(_) => {
                let (power, scope) = (caller.power(), caller.scope());
                let place = Place { is_hidden: self.is_hidden(&group), power, scope, ..Place::default() };
                Ok(Access { group, member: None, place })
            }
        }
    }

    /// The same of a user.
    pub(super) async fn access_of(&self, principal: &Principal, group: Arc<Group>) -> ChatResult<Access> {
        let found = self.directory.member(group.id, principal.user().id).await?;
        let now = clock::now();
        let (member, standing) = match found {
            Ok(state) => (Some(state), Standing::default()),
            Err(standing) => (None, standing),
        };
        let role = member.as_ref().map(|state| state.role()).transpose();
        if role == Err(Removal::Deleted) {
            return Err(ChatError::NotFound(Entity::Group));
        }
        let place = Place {
            role: role.unwrap_or(None),
            is_banned: standing.banned_until.is_some_and(|until| until > now),
            is_muted: member.as_ref().is_some_and(|state| state.is_muted(now)),
            is_hidden: self.is_hidden(&group),
            power: self.power(principal).await?,
            scope: principal.scope(),
        };
        Ok(Access { group, member, place })
    }

    /// What somebody may do in every group at this moment: who speaks over a socket may govern no more.
    async fn power(&self, principal: &Principal) -> ChatResult<Power> {
        if !principal.user().is_admin {
            return Ok(principal.power());
        }
        let user = self.directory.user(principal.user().id).await?;
        Ok(user.map_or(Power::None, |user| Principal::new(user, principal.grant().cloned()).power()))
    }

    /// A group in which the caller may do this.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know; [`ChatError::NotMember`],
    /// [`ChatError::Forbidden`], [`ChatError::Banned`], [`ChatError::Muted`]; [`ChatError::NotAuthenticated`],
    /// [`ChatError::Unavailable`].
    pub async fn group_for(&self, caller: &Caller, group: GroupId, action: Action) -> ChatResult<Arc<Group>> {
        let access = self.access(caller, self.find_group(GroupRef::Id(group)).await?).await?;
        access.check(action)?;
        Ok(access.group)
    }

    /// Somebody in front of a group in which they may do this.
    pub(super) async fn allowed(
        &self,
        principal: &Principal,
        group: GroupId,
        action: Action,
    ) -> ChatResult<Access> {
        let access = self.access_of(principal, self.find_group(GroupRef::Id(group)).await?).await?;
        access.check(action)?;
        Ok(access)
    }

    /// The same of whoever governs, which a key without a user may too.
    pub(super) async fn governed(
        &self,
        caller: &Caller,
        group: GroupId,
        action: Action,
    ) -> ChatResult<Access> {
        let access = self.access(caller, self.find_group(GroupRef::Id(group)).await?).await?;
        access.check(action)?;
        Ok(access)
    }

    /// Whether somebody may join who is no member, as far as the group says. The store knows who is banned.
    pub(super) async fn check_stranger(&self, principal: &Principal, group: &Arc<Group>) -> ChatResult<()> {
        let place = Place {
            is_hidden: self.is_hidden(group),
            power: self.power(principal).await?,
            scope: principal.scope(),
            ..Place::default()
        };
        Access { group: Arc::clone(group), member: None, place }.check(Action::Join)?;
        if group.is_private && !self.believes_names() {
            return Err(ChatError::Forbidden("a private group takes in whom its owner adds"));
        }
        Ok(())
    }

    /// Whether only those know of the group who belong to it. Where names are believed the first two walk into a private
    /// group, so it is no secret.
    pub(super) fn is_hidden(&self, group: &Group) -> bool {
        match self.believes_names() {
            true => group.join == JoinPolicy::Invite,
            false => group.is_hidden(),
        }
    }

    /// Whether somebody may read everything.
    pub(super) fn reads_all(&self, caller: &Caller) -> ChatResult<bool> {
        match caller {
            Caller::Nobody if !self.believes_names() => Err(ChatError::NotAuthenticated),
            caller => Ok(caller.power() != Power::None),
        }
    }
}
