//! Deleting a group.

use rusqlite::Connection;

use super::{mentions, search_index};
use crate::model::GroupId;
use crate::store::StoreResult;

/// See [`Moderation::delete_group`](crate::store::Moderation::delete_group). The numbers of the group and its messages
/// are never used again: sockets and clients may still know them.
pub(super) fn delete(connection: &Connection, group: GroupId) -> StoreResult<bool> {
    connection
        .prepare_cached(
            "UPDATE server SET last_message_id = max(last_message_id, id), last_message_at = max(last_message_at, created_at)
             FROM (SELECT id, created_at FROM messages WHERE group_id = ?1 ORDER BY seq DESC LIMIT 1)",
        )?
        .execute([group.0])?;
    connection
        .prepare_cached(
            "UPDATE server SET last_message_at = max(last_message_at, created_at)
             FROM (SELECT created_at FROM log_entries WHERE group_id = ?1 ORDER BY seq DESC LIMIT 1)",
        )?
        .execute([group.0])?;
    search_index::take_out_group(connection, group)?;
    mentions::forget_all(connection, "group_id", group.0)?;
    for table in [
        "messages",
        "log_entries",
        "sent_ids",
        "group_memberships",
        "group_bans",
        "group_mutes",
        "private_pairs",
    ] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE group_id = ?1"))?.execute([group.0])?;
    }
    let is_deleted = connection.prepare_cached("DELETE FROM groups WHERE id = ?1")?.execute([group.0])? > 0;
    if is_deleted {
        connection
            .prepare_cached("UPDATE server SET last_group_id = max(last_group_id, ?1)")?
            .execute([group.0])?;
    }
    Ok(is_deleted)
}
