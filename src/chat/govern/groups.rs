//! All groups.

use super::super::rights::Action;
use super::super::{Caller, Chat, ChatResult, validate};
use crate::model::GroupId;
use crate::store::ListedGroup;

/// A group, as admins see it.
#[derive(Clone, Debug)]
pub struct GroupEntry {
    /// The group, how many members it has, and where its log ends.
    pub listed: ListedGroup,
    /// Users with at least one socket in the group.
    pub online: usize,
}

impl Chat {
    /// A page of all groups, see [`Overview::listed_groups`](crate::store::Overview::listed_groups); at most
    /// [`OVERVIEW_ROWS_MAX`](crate::model::limits::OVERVIEW_ROWS_MAX).
    ///
    /// # Errors
    /// [`ChatError::Forbidden`](crate::chat::ChatError::Forbidden) for who does not govern,
    /// [`ChatError::NotAuthenticated`](crate::chat::ChatError::NotAuthenticated),
    /// [`ChatError::Unavailable`](crate::chat::ChatError::Unavailable).
    pub async fn list_groups(
        &self,
        caller: &Caller,
        prefix: &str,
        after: GroupId,
        limit: u64,
    ) -> ChatResult<Vec<GroupEntry>> {
        self.check_governs(caller, Action::Oversee)?;
        if validate::contains_nul(prefix) {
            return Ok(Vec::new());
        }
        let listed = self.store.overview.listed_groups(prefix, after, super::rows(limit)).await?;
        let entry = |listed: ListedGroup| {
            let (online, _) = self.hub.online(listed.group.id, 0);
            GroupEntry { listed, online }
        };
        Ok(listed.into_iter().map(entry).collect())
    }
}
