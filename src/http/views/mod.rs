//! What clients see of users, groups and logs, and admins of the server of all of it.

mod account;
pub(super) mod admin;
mod entry;
mod group;
mod message;
mod person;
mod words;

pub(super) use account::Account;
pub(super) use entry::entries;
pub(super) use group::GroupView;
pub(super) use message::MESSAGE;
pub(super) use person::Person;
pub(super) use words::{JOIN_POLICIES, ROLES, role};
