//! What members of a group are, may not do, and how they go.

use super::{Asked, Join};
use crate::model::{
    Group, GroupId, JoinPolicy, Message, Removal, RetentionRule, Role, Seq, Standing, Timestamp, Unread,
    User, UserId,
};

/// Roles, removals, bans and mutes. Each change is one transaction; none is made for who may not: the caller has asked
/// the table of rights before.
pub trait Moderation: Send + Sync + 'static {
    /// What the user is to the group. Of nobody, or to no group, the default.
    fn standing(&self, group: GroupId, user: UserId) -> Asked<'_, Standing>;

    /// Makes the user a member with this role, [`Role::Owner`] excepted; of a member the role stays as it is. A private
    /// group takes [`PRIVATE_MEMBERS_MAX`](crate::model::limits::PRIVATE_MEMBERS_MAX).
    ///
    /// # Errors
    /// `StoreError::Missing` if there is no such group or user, `StoreError::Refused` for the owner's role.
    fn add_member(&self, group: GroupId, user: UserId, role: Role, now: Timestamp) -> Asked<'_, Join>;

    /// Gives a member another role. Whoever owned the group becomes an admin when somebody else is made its owner.
    /// `false` if the user is no member.
    fn set_role(&self, group: GroupId, user: UserId, role: Role) -> Asked<'_, bool>;

    /// Takes a member out; mutes stay. `None` if the user is no member. Other nodes are told how it was.
    fn remove_member(&self, group: GroupId, user: UserId, removal: Removal) -> Asked<'_, Option<Removed>>;

    /// Bans a user, member or not, and takes them out. A ban that there is already is replaced.
    ///
    /// # Errors
    /// `StoreError::Missing` if there is no such group or user.
    fn ban(&self, ban: NewSanction) -> Asked<'_, Option<Removed>>;

    /// Lifts a ban; `false` if there is none.
    fn unban(&self, group: GroupId, user: UserId) -> Asked<'_, bool>;

    /// Bans of the group that are not over at `now`, in ascending order of the user's `id`, those above `after`, at
    /// most [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit`.
    fn bans(&self, group: GroupId, after: UserId, limit: u64, now: Timestamp) -> Asked<'_, Vec<Sanction>>;

    /// Mutes a member. A mute that there is already is replaced. `false` if the user is no member.
    fn mute(&self, mute: NewSanction) -> Asked<'_, bool>;

    /// Lifts a mute; `false` if there is none.
    fn unmute(&self, group: GroupId, user: UserId) -> Asked<'_, bool>;

    /// The same of mutes as [`bans`](Self::bans).
    fn mutes(&self, group: GroupId, after: UserId, limit: u64, now: Timestamp) -> Asked<'_, Vec<Sanction>>;

    /// Changes a group; answers how it is now, `None` if there is none.
    ///
    /// # Errors
    /// `StoreError::Taken` with [`Unique::GroupName`](super::Unique::GroupName).
    fn change_group(&self, group: GroupId, change: GroupChange) -> Asked<'_, Option<Group>>;

    /// Deletes a group and all that is in it, messages too; `false` if there is none.
    fn delete_group(&self, group: GroupId) -> Asked<'_, bool>;

    /// The groups that the user belongs to: those with the newest message first, deleted or not, those without any last,
    /// then by `id` descending. At most 10,000. The last messages are told up to the one that brings their contents to
    /// [`PAGE_BYTES_MAX`](crate::model::limits::PAGE_BYTES_MAX).
    fn own_groups(&self, user: UserId) -> Asked<'_, Vec<OwnGroup>>;
}

/// How a member went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Who owns the group from now on, if the one who went did: the oldest admin, else the oldest member. `None` also
    /// if nobody is left.
    pub heir: Option<UserId>,
}

/// What it takes to ban or mute somebody.
#[derive(Clone, Debug)]
pub struct NewSanction {
    /// Where.
    pub group: GroupId,
    /// Whom.
    pub user: UserId,
    /// Who does it; `None` for a key that acts as nobody.
    pub by: Option<UserId>,
    /// Why, at most [`REASON_CHARS_MAX`](crate::model::limits::REASON_CHARS_MAX) characters; mutes have none.
    pub reason: Option<String>,
    /// How long; [`Timestamp::FOREVER`] without an end.
    pub until: Timestamp,
    /// When.
    pub created_at: Timestamp,
}

/// A ban or a mute, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanction {
    /// Whom.
    pub user: User,
    /// Who did it.
    pub by: Option<UserId>,
    /// Why.
    pub reason: Option<Box<str>>,
    /// How long; [`Timestamp::FOREVER`] without an end.
    pub until: Timestamp,
    /// Since when.
    pub created_at: Timestamp,
}

/// What changes about a group; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// See [`Group::name`].
    pub name: Option<String>,
    /// See [`Group::topic`].
    pub topic: Option<String>,
    /// See [`Group::join`].
    pub join: Option<JoinPolicy>,
    /// Its own rule about how much of its log is kept; the default takes it away.
    pub retention: Option<RetentionRule>,
}

/// A group of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnGroup {
    /// The group.
    pub group: Group,
    /// One's part in it.
    pub role: Role,
    /// The highest `seq` in use; 0 without any.
    pub head: Seq,
    /// Up to which `seq` one has read; what one has sent oneself counts as read.
    pub read: Seq,
    /// What one has not.
    pub unread: Unread,
    /// Its newest message that is not deleted; `None` also where there was no room for more.
    pub last_message: Option<Message>,
}
