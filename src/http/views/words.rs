//! Words that stand for something.

use utoipa::openapi::{RefOr, Schema};

use crate::http::openapi::Field;
use crate::model::{JoinPolicy, Role};

/// What somebody is in a group.
pub(in crate::http) const ROLES: &[&str] = &[Role::Owner.name(), Role::Admin.name(), Role::Member.name()];

/// How one becomes a member of a public group.
pub(in crate::http) const JOIN_POLICIES: &[&str] = &[JoinPolicy::Open.name(), JoinPolicy::Invite.name()];

/// The schema of a role.
pub(in crate::http) fn role() -> RefOr<Schema> {
    Field::word("role", ROLES, "").alone()
}

/// The schema of a way to join.
pub(in crate::http) fn join_policy() -> RefOr<Schema> {
    Field::word("join", JOIN_POLICIES, "").alone()
}
