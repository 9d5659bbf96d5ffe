//! Letting a socket in by the path of its handshake.

use std::sync::Arc;

use super::{Caller, Chat, ChatError, ChatResult, Claim, Entity, Membership, Principal, clock, validate};
use crate::model::{Group, GroupId, Role, Scope, UserId};
use crate::protocol::command::GroupRef;
use crate::store::{StoreError, Unique};

/// New names tried for a private chat before giving up; each is one of 2^32.
const PRIVATE_NAMES_MAX: usize = 8;

/// What the path of a WebSocket handshake asks for, names already percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketTarget {
    /// `/ws/group/{group_name}/{username}`
    Group {
        /// The group to join.
        group: String,
        /// Who joins.
        username: String,
    },
    /// `/ws/chat/{user_id}/{receiver_username}`: the private group of the two.
    Private {
        /// Who joins.
        user: UserId,
        /// The other one.
        receiver: String,
    },
    /// `/ws`: any number of groups, named later.
    Any,
}

/// Why a socket is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such user.
    #[error("no such user")]
    UnknownUser,
    /// There is no such group.
    #[error("no such group")]
    UnknownGroup,
    /// The user of a private chat's path does not exist.
    #[error("no such sender")]
    UnknownSender,
    /// The other user of a private chat does not exist.
    #[error("no such receiver")]
    UnknownReceiver,
    /// The group is private and has all its members.
    #[error("this is a private group and is already full")]
    GroupFull(GroupId),
    /// The path names another user than the token.
    #[error("this path is another user's")]
    AnotherUser,
    /// The same of the path of a private chat.
    #[error("this path is another user's")]
    AnotherSender,
    /// Nothing shows who it is, or what does is no good.
    #[error("could not validate credentials")]
    Unauthenticated,
    /// The user is banned from the group.
    #[error("banned")]
    Banned(Arc<Group>),
    /// The store could not be asked.
    #[error(transparent)]
    Failed(#[from] ChatError),
}

impl Chat {
    /// Lets a socket in: finds its user and group, makes the private group of a pair if there is none, and
    /// makes the user a member. `None` for a socket that names its groups later.
    ///
    /// # Errors
    /// The refusal to be told.
    pub async fn enter(
        &self,
        caller: &Caller,
        target: &SocketTarget,
    ) -> Result<Option<(Principal, Membership)>, Refusal> {
        match target {
            SocketTarget::Group { group, username } => {
                self.enter_group(caller, group, username).await.map(Some)
            }
            SocketTarget::Private { user, receiver } => {
                self.enter_private_chat(caller, *user, receiver).await.map(Some)
            }
            SocketTarget::Any => Ok(None),
        }
    }

    async fn enter_group(
        &self,
        caller: &Caller,
        group: &str,
        username: &str,
    ) -> Result<(Principal, Membership), Refusal> {
        let group = found(self.find_group(GroupRef::Name(group)).await);
        let principal = match self.act_as(caller, Some(Claim::Username(username))).await {
            // What is wrong with the group is told before what is wrong with the user, unless the user is another.
            Err(ChatError::NotFound(_)) => {
                group?.ok_or(Refusal::UnknownGroup)?;
                return Err(Refusal::UnknownUser);
            }
            Err(ChatError::Forbidden(_)) => return Err(Refusal::AnotherUser),
            Err(ChatError::NotAuthenticated) => return Err(Refusal::Unauthenticated),
            found => found?,
        };
        let group = group?.ok_or(Refusal::UnknownGroup)?;
        let membership = self.let_in(&principal, group).await?;
        Ok((principal, membership))
    }

    async fn enter_private_chat(
        &self,
        caller: &Caller,
        user: UserId,
        receiver: &str,
    ) -> Result<(Principal, Membership), Refusal> {
        let principal = match self.act_as(caller, Some(Claim::UserId(user))).await {
            Err(ChatError::NotFound(_)) => return Err(Refusal::UnknownSender),
            Err(ChatError::Forbidden(_)) => return Err(Refusal::AnotherSender),
            Err(ChatError::NotAuthenticated) => return Err(Refusal::Unauthenticated),
            found => found?,
        };
        let receiver = match receiver {
            name if validate::contains_nul(name) => None,
            name => self.directory.user_by_name(name).await?,
        };
        let receiver = receiver.ok_or(Refusal::UnknownReceiver)?;
        principal.check_scope(Scope::Write)?;
        let group = self.private_group(principal.user().id, receiver.id).await?;
        let membership = self.let_in(&principal, group).await?;
        Ok((principal, Membership { is_private_chat: true, ..membership }))
    }

    /// Makes the user a member, unless something is against it.
    async fn let_in(&self, principal: &Principal, group: Arc<Group>) -> Result<Membership, Refusal> {
        match self.walk_in(principal, &group).await {
            Ok(state) => {
                self.listen(group.id).await?;
                Ok(Membership::new(group, principal, state))
            }
            Err(ChatError::GroupFull) => Err(Refusal::GroupFull(group.id)),
            Err(ChatError::Banned) => Err(Refusal::Banned(group)),
            Err(ChatError::NotFound(_)) => Err(Refusal::UnknownGroup),
            Err(error) => Err(error.into()),
        }
    }

    /// The group of these two, which the first one asks for, made if there is none, under a name that nobody has.
    async fn private_group(&self, one: UserId, other: UserId) -> ChatResult<Arc<Group>> {
        for _ in 0..PRIVATE_NAMES_MAX {
            let random = getrandom::u32()?;
            let name = format!("private_{random:08x}");
            match self.store.directory.private_group(one, other, &name, clock::now()).await {
                Ok(group) => {
                    let group = self.directory.keep_group(group);
                    // A group that was there already has another name.
                    if *group.name == *name && other != one {
                        self.tell_added(&group, other, Role::Member).await;
                    }
                    return Ok(group);
                }
                Err(StoreError::Taken(Unique::GroupName)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ChatError::Internal(Some("no name was free for a private chat".into())))
    }
}

/// `None` for what is not there: here that is an answer, not an error.
fn found<T>(result: ChatResult<T>) -> ChatResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ChatError::NotFound(Entity::User | Entity::Group)) => Ok(None),
        Err(error) => Err(error),
    }
}
