//! What clients see of users and groups.

mod account;
mod group;
mod person;

pub(super) use account::Account;
pub(super) use group::GroupView;
pub(super) use person::Person;
