//! Becoming a member by oneself: by connecting, subscribing, joining, and where names are believed by sending.

use std::sync::Arc;

use super::{Chat, ChatError, ChatResult, Principal};
use crate::model::{Group, MemberState};

impl Chat {
    /// Lets a user into a group as one who asks for it by themself: whoever is a member already, and whoever may join.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if for them there is no such group; [`ChatError::GroupFull`], [`ChatError::Banned`],
    /// [`ChatError::Forbidden`], [`ChatError::Unavailable`].
    pub(super) async fn walk_in(
        &self,
        principal: &Principal,
        group: &Arc<Group>,
    ) -> ChatResult<Arc<MemberState>> {
        let user = principal.user();
        // Most groups let everyone in, and whether somebody is a member is found out by making them one.
        match self.check_stranger(principal, group).await {
            Ok(()) => {
                let joined = self.directory.join(group, user).await;
                if let Err(ChatError::NotFound(_)) = joined {
                    let directory = self.directory.change().await;
                    directory.invalidate_user(user.id);
                    directory.invalidate_group(group.id);
                }
                joined
            }
            Err(refusal) => self.directory.member(group.id, user.id).await?.map_err(|_| refusal),
        }
    }
}
