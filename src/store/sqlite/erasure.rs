//! Erasing a user.

use rusqlite::{Connection, params};

use super::{members, mentions, search_index, sessions, users};
use crate::model::{GroupId, UserId};
use crate::store::{Erased, StoreError, StoreResult, prefix, row};

/// See [`Accounts::erase_user`](crate::store::Accounts::erase_user).
pub(super) fn erase(
    connection: &Connection,
    user: UserId,
    with_messages: bool,
) -> StoreResult<Option<Erased>> {
    match users::check(connection, user) {
        Err(StoreError::Missing(_)) => return Ok(None),
        checked => checked?,
    }
    let username = free(connection, user, "username")?;
    let email = free(connection, user, "email")?;
    connection
        .prepare_cached(
            "UPDATE users SET username = ?2, username_lower = ?3, email = ?4, password = '', is_admin = 0, erased = 1
             WHERE id = ?1",
        )?
        .execute(params![user.0, username, prefix::lower(&username), email])?;
    let groups = connection
        .prepare_cached("SELECT group_id FROM group_memberships WHERE user_id = ?1 ORDER BY group_id")?
        .query_map([user.0], |row| row.get(0).map(GroupId))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut heirs = Vec::new();
    for &group in &groups {
        let removed = members::remove(connection, group, user)?;
        heirs.extend(removed.and_then(|removed| removed.heir).map(|heir| (group, heir)));
    }
    for table in ["group_bans", "group_mutes", "api_keys", "outside_identities", "mentions", "sent_ids"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE user_id = ?1"))?.execute([user.0])?;
    }
    if with_messages {
        mentions::forget_all(connection, "user_id", user.0)?;
        search_index::take_out_sender(connection, user)?;
        connection
            .prepare_cached(
                "UPDATE messages SET content = '', mentions = NULL
                 WHERE user_id = ?1 AND (content <> '' OR mentions IS NOT NULL)",
            )?
            .execute([user.0])?;
    }
    let sessions = sessions::end_all(connection, user, None)?;
    Ok(Some(Erased { sessions, groups, heirs }))
}

/// The first placeholder that nobody has in this column.
fn free(connection: &Connection, user: UserId, column: &str) -> StoreResult<String> {
    let mut select = connection.prepare_cached(&format!("SELECT 1 FROM users WHERE {column} = ?1"))?;
    for name in row::placeholders(user) {
        if !select.exists([&name])? {
            return Ok(name);
        }
    }
    Err(StoreError::Refused("others have all names that stand for one who is erased".into()))
}
