//! What is asked about roles, removals, bans and mutes.

use super::{
    LONG_QUESTION_TIMEOUT, PostgresStore, deletion, groups, members, own_groups, sanctions, standing,
};
use crate::model::{Group, GroupId, Removal, Role, Standing, Timestamp, UserId};
use crate::store::{Asked, GroupChange, Join, Moderation, NewSanction, OwnGroup, Removed, Sanction};

impl Moderation for PostgresStore {
    fn standing(&self, group: GroupId, user: UserId) -> Asked<'_, Standing> {
        self.ask_together(&self.standings, (group, user), |client, asked| {
            Box::pin(standing::of_all(client, asked))
        })
    }

    fn add_member(&self, group: GroupId, user: UserId, role: Role, now: Timestamp) -> Asked<'_, Join> {
        self.ask(move |client| Box::pin(members::admit(client, group, user, role, now)))
    }

    fn set_role(&self, group: GroupId, user: UserId, role: Role) -> Asked<'_, bool> {
        self.change(move |client, node| Box::pin(members::set_role(client, node, group, user, role)))
    }

    fn remove_member(&self, group: GroupId, user: UserId, removal: Removal) -> Asked<'_, Option<Removed>> {
        self.change(move |client, node| Box::pin(members::remove(client, node, group, user, removal)))
    }

    fn ban(&self, ban: NewSanction) -> Asked<'_, Option<Removed>> {
        self.change(move |client, node| Box::pin(sanctions::ban(client, node, ban)))
    }

    fn unban(&self, group: GroupId, user: UserId) -> Asked<'_, bool> {
        self.ask(move |client| Box::pin(sanctions::unban(client, group, user)))
    }

    fn bans(&self, group: GroupId, after: UserId, limit: u64, now: Timestamp) -> Asked<'_, Vec<Sanction>> {
        self.ask(move |client| Box::pin(sanctions::bans(client, group, after, limit, now)))
    }

    fn mute(&self, mute: NewSanction) -> Asked<'_, bool> {
        self.change(move |client, node| Box::pin(sanctions::mute(client, node, mute)))
    }

    fn unmute(&self, group: GroupId, user: UserId) -> Asked<'_, bool> {
        self.change(move |client, node| Box::pin(sanctions::unmute(client, node, group, user)))
    }

    fn mutes(&self, group: GroupId, after: UserId, limit: u64, now: Timestamp) -> Asked<'_, Vec<Sanction>> {
        self.ask(move |client| Box::pin(sanctions::mutes(client, group, after, limit, now)))
    }

    fn change_group(&self, group: GroupId, change: GroupChange) -> Asked<'_, Option<Group>> {
        self.change(move |client, node| Box::pin(groups::change(client, node, group, change)))
    }

    fn delete_group(&self, group: GroupId) -> Asked<'_, bool> {
        self.change_within(LONG_QUESTION_TIMEOUT, move |client, node| {
            Box::pin(deletion::delete(client, node, group))
        })
    }

    fn own_groups(&self, user: UserId) -> Asked<'_, Vec<OwnGroup>> {
        self.ask(move |client| Box::pin(own_groups::list(client, user)))
    }
}
