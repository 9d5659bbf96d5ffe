//! Users, groups and who belongs to which.

use super::{Asked, Unique};
use crate::model::{Group, GroupId, NewUser, Role, Standing, Timestamp, User, UserId};

/// Users, groups and memberships. They are asked seldom: whoever asks often keeps the answers.
///
/// A user who is [erased](super::Accounts::erase_user) is found by number alone, for the sake of what they wrote, and
/// is no user to whatever else is asked.
///
/// A new question is a method here, a function of the same name in `users` or `groups` of both backends, and a case in
/// the conformance tests (`tests/integration/store`), which run over both.
pub trait Directory: Send + Sync + 'static {
    /// Which of these is in use by some user: the address before the name.
    fn taken<'a>(&'a self, username: &'a str, email: &'a str) -> Asked<'a, Option<Unique>>;

    /// Creates a user.
    ///
    /// # Errors
    /// `StoreError::Taken` with [`Unique::Email`] if the address is in use, else with [`Unique::Username`]
    /// if the name is.
    fn create_user(&self, user: NewUser) -> Asked<'_, User>;

    /// The user of this number.
    fn user(&self, id: UserId) -> Asked<'_, Option<User>>;

    /// The user of this name, compared byte by byte.
    fn user_by_name<'a>(&'a self, username: &'a str) -> Asked<'a, Option<User>>;

    /// Creates a group, which anybody may join if it is public. With an `owner` that user is its first member.
    ///
    /// # Errors
    /// `StoreError::Taken` with [`Unique::GroupName`], `StoreError::Missing` if there is no such user.
    fn create_group<'a>(
        &'a self,
        name: &'a str,
        is_private: bool,
        owner: Option<UserId>,
        now: Timestamp,
    ) -> Asked<'a, Group>;

    /// The group of this number.
    fn group(&self, id: GroupId) -> Asked<'_, Option<Group>>;

    /// The group of this name, compared byte by byte.
    fn group_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Group>>;

    /// Groups in ascending order of `id`, those above `after`, the first `skip` of them left out, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less. With a `reader`
    /// those that this user belongs to, and those that are not [hidden](Group::is_hidden).
    fn groups(&self, reader: Option<UserId>, after: GroupId, skip: u64, limit: u64) -> Asked<'_, Vec<Group>>;

    /// The private group of these two users: the one made for them here, else the oldest private group that
    /// has just these two as members, else a new one under `name`. There is one per pair, whatever the order
    /// and even when several ask at once; both are members of it. A user's group with themself has one
    /// member and is always one made here. Whoever has left it is in it again, but for one who is banned `now`, and not
    /// if somebody else has taken the place.
    ///
    /// # Errors
    /// `StoreError::Missing` if there is no such user, `StoreError::Taken` with [`Unique::GroupName`] if a
    /// group was to be made and the name is in use.
    fn private_group<'a>(
        &'a self,
        one: UserId,
        other: UserId,
        name: &'a str,
        now: Timestamp,
    ) -> Asked<'a, Group>;

    /// Makes the user a member of the group, unless they are banned at `now`, or the group is private and already has
    /// [`PRIVATE_MEMBERS_MAX`](crate::model::limits::PRIVATE_MEMBERS_MAX) others. Of several who ask at once
    /// for the last place one gets it. Questions that come together are asked together.
    ///
    /// # Errors
    /// `StoreError::Missing` if there is no such group or user.
    fn join(&self, group: GroupId, user: UserId, now: Timestamp) -> Asked<'_, Join>;

    /// Members of the group in ascending order of `id`, those above `after`, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less.
    fn members(&self, group: GroupId, after: UserId, limit: u64) -> Asked<'_, Vec<(User, Role)>>;
}

/// What came of asking for membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// A member from now on.
    Joined(Standing),
    /// Was a member before.
    AlreadyMember(Standing),
    /// The group is private and has all the members it can have.
    Full,
    /// Banned.
    Banned,
}
