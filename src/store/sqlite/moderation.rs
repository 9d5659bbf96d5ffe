//! What is asked about roles, removals, bans and mutes.

use super::{SqliteStore, deletion, groups, members, own_groups, sanctions, standing};
use crate::model::{Group, GroupId, Removal, Role, Standing, Timestamp, UserId};
use crate::store::{Asked, GroupChange, Join, Moderation, NewSanction, OwnGroup, Removed, Sanction};

impl Moderation for SqliteStore {
    fn standing(&self, group: GroupId, user: UserId) -> Asked<'_, Standing> {
        self.read(move |connection| standing::of(connection, group, user))
    }

    fn add_member(&self, group: GroupId, user: UserId, role: Role, now: Timestamp) -> Asked<'_, Join> {
        self.writer.write(move |connection| members::admit(connection, group, user, role, now))
    }

    fn set_role(&self, group: GroupId, user: UserId, role: Role) -> Asked<'_, bool> {
        self.writer.write(move |connection| members::set_role(connection, group, user, role))
    }

    fn remove_member(&self, group: GroupId, user: UserId, _: Removal) -> Asked<'_, Option<Removed>> {
        self.writer.write(move |connection| members::remove(connection, group, user))
    }

    fn ban(&self, ban: NewSanction) -> Asked<'_, Option<Removed>> {
        self.writer.write(move |connection| sanctions::ban(connection, &ban))
    }

    fn unban(&self, group: GroupId, user: UserId) -> Asked<'_, bool> {
        self.writer.write(move |connection| sanctions::unban(connection, group, user))
    }

    fn bans(&self, group: GroupId, after: UserId, limit: u64, now: Timestamp) -> Asked<'_, Vec<Sanction>> {
        self.read(move |connection| sanctions::bans(connection, group, after, limit, now))
    }

    fn mute(&self, mute: NewSanction) -> Asked<'_, bool> {
        self.writer.write(move |connection| sanctions::mute(connection, &mute))
    }

    fn unmute(&self, group: GroupId, user: UserId) -> Asked<'_, bool> {
        self.writer.write(move |connection| sanctions::unmute(connection, group, user))
    }

    fn mutes(&self, group: GroupId, after: UserId, limit: u64, now: Timestamp) -> Asked<'_, Vec<Sanction>> {
        self.read(move |connection| sanctions::mutes(connection, group, after, limit, now))
    }

    fn change_group(&self, group: GroupId, change: GroupChange) -> Asked<'_, Option<Group>> {
        self.writer.write(move |connection| groups::change(connection, group, &change))
    }

    fn delete_group(&self, group: GroupId) -> Asked<'_, bool> {
        self.writer.write(move |connection| deletion::delete(connection, group))
    }

    fn own_groups(&self, user: UserId) -> Asked<'_, Vec<OwnGroup>> {
        self.read(move |connection| own_groups::list(connection, user))
    }
}
