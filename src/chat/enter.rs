//! Letting a socket in by the path of its handshake.

use std::sync::Arc;

use super::{Chat, ChatError, ChatResult, Claim, Entity, Membership, Principal};
use crate::model::{Group, GroupId, UserId};
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
    pub async fn enter(&self, target: SocketTarget) -> Result<Option<Membership>, Refusal> {
        let membership = match target {
            SocketTarget::Group { group, username } => self.enter_group(&group, &username).await?,
            SocketTarget::Private { user, receiver } => self.enter_private_chat(user, &receiver).await?,
            SocketTarget::Any => return Ok(None),
        };
        match self.directory.join(&membership.group, &membership.user).await {
            Ok(()) => Ok(Some(membership)),
            Err(ChatError::GroupFull) => Err(Refusal::GroupFull(membership.group.id)),
            Err(error) => Err(error.into()),
        }
    }

    async fn enter_group(&self, group: &str, username: &str) -> Result<Membership, Refusal> {
        let group = found(self.find_group(GroupRef::Name(group)).await)?.ok_or(Refusal::UnknownGroup)?;
        let principal = found(self.principal(Claim::Username(username)).await)?;
        Ok(Membership::new(group, &principal.ok_or(Refusal::UnknownUser)?))
    }

    async fn enter_private_chat(&self, user: UserId, receiver: &str) -> Result<Membership, Refusal> {
        let principal = found(self.principal(Claim::UserId(user)).await)?.ok_or(Refusal::UnknownSender)?;
        let receiver = found(self.principal(Claim::Username(receiver)).await)?;
        let receiver = receiver.ok_or(Refusal::UnknownReceiver)?;
        let group = self.private_group(&principal, &receiver).await?;
        Ok(Membership { is_private_chat: true, ..Membership::new(group, &principal) })
    }

    /// The group of these two, made if there is none, under a name that nobody has.
    async fn private_group(&self, one: &Principal, other: &Principal) -> ChatResult<Arc<Group>> {
        for _ in 0..PRIVATE_NAMES_MAX {
            let random = getrandom::u32().map_err(|error| ChatError::Internal(Some(error.into())))?;
            let name = format!("private_{random:08x}");
            match self.store.directory.private_group(one.user().id, other.user().id, &name).await {
                Ok(group) => {
                    for member in [one, other] {
                        self.directory.keep_membership(group.id, member.user().id);
                    }
                    return Ok(self.directory.keep_group(group));
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
