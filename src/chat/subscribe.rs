//! Reading a group from a socket: membership, and where the group's messages end.

use std::sync::Arc;

use super::rights::Action;
use super::{Chat, ChatError, ChatResult, Membership, Principal};
use crate::model::{Group, GroupId, Seq};

impl Chat {
    /// Lets somebody read a group, making them a member; answers where its messages end at this moment.
    ///
    /// # Errors
    /// [`ChatError::GroupFull`], [`ChatError::Banned`], [`ChatError::NotFound`] if for them there is no such group,
    /// [`ChatError::Forbidden`], [`ChatError::Unavailable`].
    pub async fn subscribe(&self, principal: &Principal, group: Arc<Group>) -> ChatResult<(Membership, Seq)> {
        let state = self.walk_in(principal, &group).await?;
        let membership = Membership::new(group, principal, state);
        let head = self.head(membership.group.id).await?;
        Ok((membership, head))
    }

    /// Somebody's membership in a group.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if for them there is no such group, [`ChatError::NotMember`], [`ChatError::Banned`],
    /// [`ChatError::Unavailable`].
    pub async fn membership(&self, principal: &Principal, group: GroupId) -> ChatResult<Membership> {
        let access = self.allowed(principal, group, Action::Read).await?;
        match access.member {
            Some(state) => Ok(Membership::new(access.group, principal, state)),
            // Who reads everything over REST is no member for that.
            None => Err(ChatError::NotMember),
        }
    }

    /// The `seq` of the group's last message. Asks the store only for a group that nobody has read in JSON mode
    /// lately.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn head(&self, group: GroupId) -> ChatResult<Seq> {
        let recent = self.hub.recent();
        if let Some(head) = recent.head(group) {
            return Ok(head);
        }
        // Of many who come at once, one asks.
        let turn = &self.head_turns[group.0 as usize % self.head_turns.len()];
        let _turn = turn.lock().await;
        if let Some(head) = recent.head(group) {
            return Ok(head);
        }
        recent.follow(group);
        let heads = self.store.log.heads(vec![group]).await?;
        let head = heads.first().copied().unwrap_or_default();
        recent.learn(group, head);
        Ok(recent.head(group).unwrap_or(head))
    }
}
