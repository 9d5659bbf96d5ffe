//! What is asked about users, groups and who belongs to which.

use super::{PostgresStore, groups, members, private, users};
use crate::model::{Group, GroupId, NewUser, Role, Timestamp, User, UserId};
use crate::store::{Asked, Directory, Join, Unique};

impl Directory for PostgresStore {
    fn taken<'a>(&'a self, username: &'a str, email: &'a str) -> Asked<'a, Option<Unique>> {
        let (username, email) = (username.to_owned(), email.to_owned());
        self.ask(move |client| Box::pin(users::taken(client, username, email)))
    }

    fn create_user(&self, user: NewUser) -> Asked<'_, User> {
        self.ask(move |client| Box::pin(users::create(client, user)))
    }

    fn user(&self, id: UserId) -> Asked<'_, Option<User>> {
        self.ask(move |client| Box::pin(users::by_id(client, id)))
    }

    fn user_by_name<'a>(&'a self, username: &'a str) -> Asked<'a, Option<User>> {
        self.ask_together(&self.users_by_name, username.to_owned(), |client, names| {
            Box::pin(users::by_names(client, names))
        })
    }

    fn create_group<'a>(
        &'a self,
        name: &'a str,
        is_private: bool,
        owner: Option<UserId>,
        now: Timestamp,
    ) -> Asked<'a, Group> {
        let name = name.to_owned();
        self.ask(move |client| Box::pin(groups::create(client, name, is_private, owner, now)))
    }

    fn group(&self, id: GroupId) -> Asked<'_, Option<Group>> {
        self.ask(move |client| Box::pin(groups::by_id(client, id)))
    }

    fn group_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Group>> {
        let name = name.to_owned();
        self.ask(move |client| Box::pin(groups::by_name(client, name)))
    }

    fn groups(&self, reader: Option<UserId>, after: GroupId, skip: u64, limit: u64) -> Asked<'_, Vec<Group>> {
        self.ask(move |client| Box::pin(groups::list(client, reader, after, skip, limit)))
    }

    fn private_group<'a>(
        &'a self,
        one: UserId,
        other: UserId,
        name: &'a str,
        now: Timestamp,
    ) -> Asked<'a, Group> {
        let name = name.to_owned();
        self.ask(move |client| Box::pin(private::of(client, one, other, name, now)))
    }

    fn join(&self, group: GroupId, user: UserId, now: Timestamp) -> Asked<'_, Join> {
        self.ask_together(&self.joins, (group, user, now), |client, asked| {
            Box::pin(members::join_all(client, asked))
        })
    }

    fn members(&self, group: GroupId, after: UserId, limit: u64) -> Asked<'_, Vec<(User, Role)>> {
        self.ask(move |client| Box::pin(members::list(client, group, after, limit)))
    }
}
