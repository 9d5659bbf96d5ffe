//! What admins of the server look through.

use super::Asked;
use crate::model::{Group, GroupId, Seq, Session, SessionId, Timestamp, User, UserId};

/// Pages over everything there is. Each has at most [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit`
/// rows, whichever is less. Everything begins with an empty `prefix`.
pub trait Overview: Send + Sync + 'static {
    /// Users in ascending order of `id`, those above `after`, without the erased: those whose name begins with `prefix`
    /// as in [`search_users`](super::Accounts::search_users), or whose address does, the letters A to Z in any case. Their
    /// sessions are those that have not run out by `now`.
    fn listed_users<'a>(
        &'a self,
        prefix: &'a str,
        after: UserId,
        limit: u64,
        now: Timestamp,
    ) -> Asked<'a, Vec<ListedUser>>;

    /// Groups in ascending order of `id`, those above `after`, whose name begins with `prefix`, the letters A to Z in any
    /// case.
    fn listed_groups<'a>(
        &'a self,
        prefix: &'a str,
        after: GroupId,
        limit: u64,
    ) -> Asked<'a, Vec<ListedGroup>>;

    /// Sessions that have not run out by `now`, the one begun last first, and whose they are; with `after` those that come
    /// behind this one, whether it has run out or not. `None` if that has ended, so that nobody knows where it stood.
    fn newest_sessions(
        &self,
        after: Option<SessionId>,
        limit: u64,
        now: Timestamp,
    ) -> Asked<'_, Option<Vec<(Session, User)>>>;
}

/// A user in a list for admins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// The user.
    pub user: User,
    /// How many sessions of theirs there are.
    pub sessions: u64,
}

/// A group in a list for admins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// The group.
    pub group: Group,
    /// How many members it has.
    pub members: u64,
    /// The highest `seq` in use; 0 without any.
    pub head: Seq,
}
