//! What a socket is told of its rights.

use std::time::Duration;

use bytes::Bytes;

use super::{EventType, Object};
use crate::model::{Group, GroupId, Removal, Role};
use crate::protocol::command::RequestId;

/// `unsubscribed` that was not asked for.
pub fn removed(group: GroupId, removal: Removal) -> Bytes {
    Object::new(EventType::Unsubscribed, None)
        .integer("group_id", group.0)
        .string("reason", removal.name())
        .frame()
}

/// `added`: somebody else has made the user a member of this group.
pub fn added(group: &Group, role: Role) -> Bytes {
    Object::new(EventType::Added, None).group(group).string("role", role.name()).frame()
}

/// `expiring`: what the socket speaks by runs out after this time, told in milliseconds, rounded down.
pub fn expiring(left: Duration) -> Bytes {
    let ms = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
    Object::new(EventType::Expiring, None).integer("in_ms", ms).frame()
}

/// `refreshed`: the socket may go on for this time, told in whole seconds, rounded down; without a time for what does
/// not run out.
pub fn refreshed(request: Option<&RequestId>, left: Option<Duration>) -> Bytes {
    let object = Object::new(EventType::Refreshed, request);
    match left {
        Some(left) => object.integer("expires_in", i64::try_from(left.as_secs()).unwrap_or(i64::MAX)),
        None => object,
    }
    .frame()
}
