//! What is asked about users, groups and who belongs to which.

use super::{SqliteStore, groups, members, private, users};
use crate::model::{Group, GroupId, NewUser, Role, Timestamp, User, UserId};
use crate::store::{Asked, Directory, Join, Unique};

impl Directory for SqliteStore {
    fn taken<'a>(&'a self, username: &'a str, email: &'a str) -> Asked<'a, Option<Unique>> {
        let (username, email) = (username.to_owned(), email.to_owned());
        self.read(move |connection| users::taken(connection, &username, &email))
    }

    fn create_user(&self, user: NewUser) -> Asked<'_, User> {
        self.writer.write(move |connection| users::create(connection, user))
    }

    fn user(&self, id: UserId) -> Asked<'_, Option<User>> {
        self.read(move |connection| users::by_id(connection, id))
    }

    fn user_by_name<'a>(&'a self, username: &'a str) -> Asked<'a, Option<User>> {
        let username = username.to_owned();
        self.read(move |connection| users::by_name(connection, &username))
    }

    fn create_group<'a>(
        &'a self,
        name: &'a str,
        is_private: bool,
        owner: Option<UserId>,
        now: Timestamp,
    ) -> Asked<'a, Group> {
        let name = name.to_owned();
        self.writer.write(move |connection| groups::create(connection, &name, is_private, owner, now))
    }

    fn group(&self, id: GroupId) -> Asked<'_, Option<Group>> {
        self.read(move |connection| groups::by_id(connection, id))
    }

    fn group_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Group>> {
        let name = name.to_owned();
        self.read(move |connection| groups::by_name(connection, &name))
    }

    fn groups(&self, reader: Option<UserId>, after: GroupId, skip: u64, limit: u64) -> Asked<'_, Vec<Group>> {
        self.read(move |connection| groups::list(connection, reader, after, skip, limit))
    }

    fn private_group<'a>(
        &'a self,
        one: UserId,
        other: UserId,
        name: &'a str,
        now: Timestamp,
    ) -> Asked<'a, Group> {
        let name = name.to_owned();
        self.writer.write(move |connection| private::of(connection, one, other, &name, now))
    }

    fn join(&self, group: GroupId, user: UserId, now: Timestamp) -> Asked<'_, Join> {
        self.writer.write(move |connection| members::admit(connection, group, user, Role::Member, now))
    }

    fn members(&self, group: GroupId, after: UserId, limit: u64) -> Asked<'_, Vec<(User, Role)>> {
        self.read(move |connection| members::list(connection, group, after, limit))
    }
}
