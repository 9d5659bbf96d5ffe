//! A group, as admins of the server see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::GroupEntry;

/// A group in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminGroup)]
pub(in crate::http) struct GroupRow<'g> {
    id: i64,
    name: &'g str,
    is_private: bool,
    topic: &'g str,
    join: &'static str,
    /// How many users belong to it.
    members: u64,
    /// How many users have a socket in it.
    online: usize,
    /// The highest `seq` in use; 0 without any.
    head_seq: i64,
}

impl<'g> From<&'g GroupEntry> for GroupRow<'g> {
    fn from(entry: &'g GroupEntry) -> Self {
        let GroupEntry { listed, online } = entry;
        Self {
            id: listed.group.id.0,
            name: &listed.group.name,
            is_private: listed.group.is_private,
            topic: &listed.group.topic,
            join: listed.group.join.name(),
            members: listed.members,
            online: *online,
            head_seq: listed.head.0,
        }
    }
}
