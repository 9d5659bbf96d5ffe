//! A group's log, for who polls, and what is done to a group as part of it.

use std::sync::Arc;

use super::rights::Action;
use super::{Caller, Chat, ChatResult, clock};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{
    ChangeKind, Entry, Group, GroupId, MemberChange, MemberState, NewEntry, NewEntryKind, Role, Seq,
    Standing, Timestamp, User,
};

impl Chat {
    /// Entries of a group's log above `after`, in ascending order, at most `limit` of them; one step may bring fewer.
    ///
    /// # Errors
    /// As of [`group_for`](Self::group_for).
    pub async fn log(
        &self,
        caller: &Caller,
        group: GroupId,
        after: Seq,
        limit: u64,
    ) -> ChatResult<Vec<Entry>> {
        self.group_for(caller, group, Action::Read).await?;
        let limit = limit.min(PAGE_ROWS_MAX as u64);
        Ok(self.store.log.entries(group, after, Seq(i64::MAX), limit).await?)
    }

    /// Writes into a group's log what has become of a member, once the store knows; answers after the commit. Where
    /// nobody did it, as with a key that acts as nobody, it stands there as done by the member.
    pub(super) async fn record_member(
        &self,
        caller: &Caller,
        group: &Arc<Group>,
        member: &Arc<User>,
        change: MemberChange,
        role: Option<Role>,
        until: Option<Timestamp>,
    ) -> ChatResult<()> {
        let actor = caller.principal().map_or(member, |principal| principal.user());
        let until = until.filter(|until| *until != Timestamp::FOREVER);
        let kind = ChangeKind::Member { member: Arc::clone(member), change, role, until };
        self.record(group, actor, kind).await
    }

    /// Writes into a group's log what was done to it, once the store knows; answers after the commit.
    pub(super) async fn record(
        &self,
        group: &Arc<Group>,
        actor: &Arc<User>,
        kind: ChangeKind,
    ) -> ChatResult<()> {
        self.store_entry(self.governing_entry(group, actor, NewEntryKind::Record(kind))).await.map(drop)
    }

    /// Something that is done whether or not the actor is a member.
    pub(super) fn governing_entry(
        &self,
        group: &Arc<Group>,
        actor: &Arc<User>,
        kind: NewEntryKind,
    ) -> NewEntry {
        let standing = Standing { role: Some(Role::Member), ..Standing::default() };
        NewEntry {
            group: Arc::clone(group),
            user: Arc::clone(actor),
            kind,
            client_id: None,
            received_at: clock::now(),
            member: Arc::new(MemberState::new(standing)),
            validity: None,
        }
    }
}
