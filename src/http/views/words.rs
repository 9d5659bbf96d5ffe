//! Words that stand for something.

use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

use crate::model::{JoinPolicy, Role};

/// What somebody is in a group.
pub(in crate::http) const ROLES: &[&str] = &[Role::Owner.name(), Role::Admin.name(), Role::Member.name()];

/// How one becomes a member of a public group.
pub(in crate::http) const JOIN_POLICIES: &[&str] = &[JoinPolicy::Open.name(), JoinPolicy::Invite.name()];

/// The schema of a role.
pub(in crate::http) fn role() -> RefOr<Schema> {
    one_of(ROLES)
}

/// The schema of a way to join.
pub(in crate::http) fn join_policy() -> RefOr<Schema> {
    one_of(JOIN_POLICIES)
}

fn one_of(words: &[&str]) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).into()
}
