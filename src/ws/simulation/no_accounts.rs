//! The rest of the store's contract: nobody logs in, whoever was not taken out is a member of every group, and all is kept.

use std::num::NonZeroU32;

use super::store::ModelStore;
use crate::model::{
    ApiKey, Digest, Group, GroupId, NewUser, ReadMark, RefreshDigests, Removal, RetentionRule, Role, Seq,
    Session, SessionId, Standing, Timestamp, User, UserId,
};
use crate::store::{
    Accounts, Asked, Credentials, Cut, CutEnd, Erased, Extent, GroupChange, Join, ListedGroup, ListedUser,
    Login, Marks, Moderation, NewKey, NewSanction, Overview, OwnGroup, Removed, Renewal, Renewed, Retention,
    Sanction, Search, SearchIndex, SearchPage, StoreError, Swept,
};

fn unavailable<'a, T: Send + 'a>() -> Asked<'a, T> {
    Box::pin(async { Err(StoreError::Unavailable("nobody does this here".into())) })
}

impl SearchIndex for ModelStore {
    fn search(&self, _: Search) -> Asked<'_, SearchPage> {
        unavailable()
    }
}

impl Retention for ModelStore {
    fn rule(&self, _: GroupId) -> Asked<'_, RetentionRule> {
        unavailable()
    }

    fn first_seq(&self, _: GroupId) -> Asked<'_, Seq> {
        Box::pin(self.answer(Seq(1)))
    }

    fn extents(&self, _: GroupId, _: bool, _: u64) -> Asked<'_, Vec<Extent>> {
        unavailable()
    }

    fn place_of_newest(&self, _: GroupId, _: NonZeroU32) -> Asked<'_, Option<Seq>> {
        unavailable()
    }

    fn cut(&self, _: GroupId, _: CutEnd) -> Asked<'_, Option<Cut>> {
        unavailable()
    }
}

impl Moderation for ModelStore {
    fn standing(&self, group: GroupId, user: UserId) -> Asked<'_, Standing> {
        Box::pin(self.ask(5, move |ledger| Ok(ledger.members.standing(group, user))))
    }

    fn add_member(&self, _: GroupId, _: UserId, _: Role, _: Timestamp) -> Asked<'_, Join> {
        unavailable()
    }

    fn set_role(&self, _: GroupId, _: UserId, _: Role) -> Asked<'_, bool> {
        unavailable()
    }

    fn remove_member(&self, group: GroupId, user: UserId, _: Removal) -> Asked<'_, Option<Removed>> {
        Box::pin(self.take_out(group, user))
    }

    fn ban(&self, _: NewSanction) -> Asked<'_, Option<Removed>> {
        unavailable()
    }

    fn unban(&self, _: GroupId, _: UserId) -> Asked<'_, bool> {
        unavailable()
    }

    fn bans(&self, _: GroupId, _: UserId, _: u64, _: Timestamp) -> Asked<'_, Vec<Sanction>> {
        unavailable()
    }

    fn mute(&self, _: NewSanction) -> Asked<'_, bool> {
        unavailable()
    }

    fn unmute(&self, _: GroupId, _: UserId) -> Asked<'_, bool> {
        unavailable()
    }

    fn mutes(&self, _: GroupId, _: UserId, _: u64, _: Timestamp) -> Asked<'_, Vec<Sanction>> {
        unavailable()
    }

    fn change_group(&self, _: GroupId, _: GroupChange) -> Asked<'_, Option<Group>> {
        unavailable()
    }

    fn delete_group(&self, _: GroupId) -> Asked<'_, bool> {
        unavailable()
    }

    fn own_groups(&self, _: UserId) -> Asked<'_, Vec<OwnGroup>> {
        unavailable()
    }
}

impl Marks for ModelStore {
    fn mark(&self, _: GroupId, _: UserId, _: Seq) -> Asked<'_, Option<ReadMark>> {
        unavailable()
    }

    fn sweep(&self) -> Asked<'_, Swept> {
        unavailable()
    }
}

impl Overview for ModelStore {
    fn listed_users<'a>(&'a self, _: &'a str, _: UserId, _: u64, _: Timestamp) -> Asked<'a, Vec<ListedUser>> {
        unavailable()
    }

    fn listed_groups<'a>(&'a self, _: &'a str, _: GroupId, _: u64) -> Asked<'a, Vec<ListedGroup>> {
        unavailable()
    }

    fn newest_sessions(
        &self,
        _: Option<SessionId>,
        _: u64,
        _: Timestamp,
    ) -> Asked<'_, Option<Vec<(Session, User)>>> {
        unavailable()
    }
}

impl Accounts for ModelStore {
    fn credentials<'a>(&'a self, _: Login<'a>) -> Asked<'a, Option<Credentials>> {
        unavailable()
    }

    fn set_password(&self, _: UserId, _: String, _: Option<SessionId>) -> Asked<'_, Vec<SessionId>> {
        unavailable()
    }

    fn replace_hash(&self, _: UserId, _: String, _: String) -> Asked<'_, ()> {
        unavailable()
    }

    fn set_email<'a>(&'a self, _: UserId, _: &'a str) -> Asked<'a, ()> {
        unavailable()
    }

    fn set_admin(&self, _: UserId, _: bool) -> Asked<'_, ()> {
        unavailable()
    }

    fn take_admin(&self, _: UserId) -> Asked<'_, bool> {
        unavailable()
    }

    fn create_first_admin(&self, _: NewUser) -> Asked<'_, Option<User>> {
        unavailable()
    }

    fn has_admin(&self) -> Asked<'_, bool> {
        unavailable()
    }

    fn users(&self, _: UserId, _: u64) -> Asked<'_, Vec<User>> {
        unavailable()
    }

    fn search_users<'a>(&'a self, _: &'a str, _: u64) -> Asked<'a, Vec<User>> {
        unavailable()
    }

    fn erase_user(&self, _: UserId, _: bool) -> Asked<'_, Option<Erased>> {
        unavailable()
    }

    fn start_session(&self, _: Session, _: RefreshDigests) -> Asked<'_, Vec<SessionId>> {
        unavailable()
    }

    fn session(&self, _: SessionId) -> Asked<'_, Option<Session>> {
        unavailable()
    }

    fn live_sessions(&self, _: Vec<SessionId>) -> Asked<'_, Vec<bool>> {
        unavailable()
    }

    fn sessions(&self, _: UserId) -> Asked<'_, Vec<Session>> {
        unavailable()
    }

    fn renew_session(&self, _: Renewal) -> Asked<'_, Renewed> {
        unavailable()
    }

    fn end_session(&self, _: SessionId, _: Option<UserId>) -> Asked<'_, bool> {
        unavailable()
    }

    fn create_key(&self, _: NewKey) -> Asked<'_, ApiKey> {
        unavailable()
    }

    fn key(&self, _: Digest) -> Asked<'_, Option<ApiKey>> {
        unavailable()
    }

    fn keys(&self) -> Asked<'_, Vec<ApiKey>> {
        unavailable()
    }

    fn revoke_key<'a>(&'a self, _: &'a str) -> Asked<'a, Option<Digest>> {
        unavailable()
    }

    fn outside_user<'a>(&'a self, _: &'a str, _: &'a str) -> Asked<'a, Option<User>> {
        unavailable()
    }

    fn create_outside_user(&self, _: String, _: String, _: NewUser) -> Asked<'_, User> {
        unavailable()
    }

    fn end_token(&self, _: Digest, _: Timestamp, _: Timestamp) -> Asked<'_, ()> {
        unavailable()
    }

    fn is_token_ended(&self, _: Digest) -> Asked<'_, bool> {
        unavailable()
    }

    fn signing_secret(&self, _: String) -> Asked<'_, String> {
        unavailable()
    }

    fn changes(&self) -> Asked<'_, i64> {
        unavailable()
    }

    fn note_change(&self) -> Asked<'_, ()> {
        unavailable()
    }
}
