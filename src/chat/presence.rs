//! Who is online.

use std::sync::Arc;

use super::rights::Action;
use super::{Caller, Chat, ChatResult};
use crate::model::{GroupId, User};

/// Who is online in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Users with at least one socket in the group.
    pub online: usize,
    /// Who they are, in ascending order of `id`; left out above the size up to which a group names its
    /// members.
    pub users: Option<Vec<Arc<User>>>,
}

impl Chat {
    /// Who is online in the group.
    ///
    /// # Errors
    /// As of [`group_for`](Self::group_for).
    pub async fn presence(&self, caller: &Caller, group: GroupId) -> ChatResult<Presence> {
        self.group_for(caller, group, Action::Read).await?;
        let (online, ids) = self.hub.online(group, self.options.announce_members_max);
        let users = match ids {
            Some(ids) => {
                let mut users = Vec::with_capacity(ids.len());
                for id in ids {
                    // Of another node it is known a moment late that a user was erased.
                    users.extend(self.directory.user(id).await?);
                }
                Some(users)
            }
            None => None,
        };
        Ok(Presence { online, users })
    }
}
