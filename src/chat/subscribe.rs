//! Reading a group from a socket: membership, and where the group's messages end.

use std::sync::Arc;

use super::rights::Action;
use super::{Chat, ChatError, ChatResult, Membership, Principal};
use crate::model::{Group, GroupId, Seq};

/// From where to where a group's log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins: 1 until something is cut off.
    pub first: Seq,
    /// The highest `seq` in use; 0 without any.
    pub head: Seq,
}

impl Span {
    /// Where to read on behind `after`, or from now on: at the earliest before the first entry, at the latest behind
    /// the last.
    pub fn position(self, after: Option<Seq>) -> Seq {
        after.unwrap_or(self.head).max(Seq(self.first.0 - 1)).min(self.head)
    }
}

impl Chat {
    /// Lets somebody read a group, making them a member; answers from where to where its log goes at this moment.
    ///
    /// # Errors
    /// [`ChatError::GroupFull`], [`ChatError::Banned`], [`ChatError::NotFound`] if for them there is no such group,
    /// [`ChatError::Forbidden`], [`ChatError::Unavailable`].
    pub async fn subscribe(
        &self,
        principal: &Principal,
        group: Arc<Group>,
    ) -> ChatResult<(Membership, Span)> {
        let state = self.walk_in(principal, &group).await?;
        let membership = Membership::new(group, principal, state);
        let span = self.span(membership.group.id).await?;
        Ok((membership, span))
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

    /// The `seq` of the group's last message, as [`span`](Self::span) has it.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn head(&self, group: GroupId) -> ChatResult<Seq> {
        Ok(self.span(group).await?.head)
    }

    /// From where to where the group's log goes. Asks the store only for a group that nobody has read in JSON mode
    /// lately.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn span(&self, group: GroupId) -> ChatResult<Span> {
        let recent = self.hub.recent();
        if let Some(node) = &self.node {
            node.catch_up(group).await?;
        }
        let known = || Some(Span { first: recent.first(group)?, head: recent.head(group)? });
        if let Some(span) = known() {
            return Ok(span);
        }
        // Of many who come at once, one asks.
        let turn = &self.head_turns[group.0 as usize % self.head_turns.len()];
        let _turn = turn.lock().await;
        if let Some(span) = known() {
            return Ok(span);
        }
        recent.follow(group);
        let head = match &self.node {
            // As far as the log has gone out here.
            Some(node) => node.listen(group).await?,
            None => self.store.log.heads(vec![group]).await?.first().copied().unwrap_or_default(),
        };
        let first = self.store.retention.first_seq(group).await?;
        recent.learn(group, head);
        recent.begin_at(group, first);
        Ok(known().unwrap_or(Span { first, head }))
    }
}
