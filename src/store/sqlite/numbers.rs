//! Which numbers and names are in use.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::column;
use crate::model::{GroupId, MessageId, Seq, Timestamp};
use crate::store::{Sent, SentKey, StoreResult, row};

/// See [`MessageLog::last_message`](crate::store::MessageLog::last_message). Counts those that went with their group, or were
/// cut off.
pub(super) fn last(connection: &Connection) -> StoreResult<(MessageId, Timestamp)> {
    let mut select = connection.prepare_cached(
        "SELECT max(last_message_id, coalesce(id, 0)),
                max(last_message_at, coalesce(created_at, 0), coalesce((SELECT max(created_at) FROM log_entries), 0))
         FROM server LEFT JOIN (SELECT id, created_at FROM messages ORDER BY id DESC LIMIT 1)",
    )?;
    select.query_row([], |row| {
        Ok(column(row, 0, "messages", "id").and_then(|id| {
            let id = if id == 0 { MessageId(0) } else { row::message_id(id)? };
            Ok((id, Timestamp(column(row, 1, "messages", "created_at")?)))
        }))
    })?
}

/// The number of a group's newest entry, of which `group` is the number or a column of the query around; 0 without any.
/// Counts those that were cut off.
pub(super) fn head_sql(group: &str) -> String {
    format!(
        "max(coalesce((SELECT max(seq) FROM messages WHERE group_id = {group}), 0),
             coalesce((SELECT max(seq) FROM log_entries WHERE group_id = {group}), 0),
             coalesce((SELECT first_seq FROM groups WHERE id = {group}), 1) - 1)"
    )
}

/// See [`MessageLog::heads`](crate::store::MessageLog::heads).
pub(super) fn heads(connection: &Connection, groups: &[GroupId]) -> StoreResult<Vec<Seq>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {}", head_sql("?1")))?;
    groups.iter().map(|group| Ok(Seq(statement.query_row([group.0], |row| row.get(0))?))).collect()
}

const FIND_SENT: &str = "SELECT id, seq, created_at FROM messages
     WHERE group_id = ?1 AND user_id = ?2 AND client_id = ?3
     UNION ALL
     SELECT message_id, seq, created_at FROM log_entries
     WHERE group_id = ?1 AND user_id = ?2 AND client_id = ?3
     UNION ALL
     SELECT message_id, seq, created_at FROM sent_ids
     WHERE group_id = ?1 AND user_id = ?2 AND client_id = ?3 LIMIT 1";

/// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
pub(super) fn find_sent(connection: &Connection, keys: &[SentKey]) -> StoreResult<Vec<Option<Sent>>> {
    let mut statement = connection.prepare_cached(FIND_SENT)?;
    keys.iter()
        .map(|key| {
            statement
                .query_row(params![key.group.0, key.user.0, key.client_id], |row| {
                    Ok(column(row, 0, "messages", "id").and_then(|id| {
                        Ok(Sent {
                            id: row::message_id(id)?,
                            seq: row::seq(column(row, 1, "messages", "seq")?)?,
                            created_at: Timestamp(column(row, 2, "messages", "created_at")?),
                        })
                    }))
                })
                .optional()?
                .transpose()
        })
        .collect()
}

/// See [`MessageLog::keep_sent`](crate::store::MessageLog::keep_sent).
pub(super) fn keep_sent(connection: &Connection, sent: &[(SentKey, Sent)]) -> StoreResult<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO sent_ids (group_id, user_id, client_id, message_id, seq, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    for (SentKey { group, user, client_id }, Sent { id, seq, created_at }) in sent {
        insert.execute(params![group.0, user.0, client_id, id.0, seq.0, created_at.0])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{FIND_SENT, head_sql};
    use crate::store::sqlite::migrations;

    #[test]
    fn nothing_is_looked_through() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let newest = "SELECT max(created_at) FROM log_entries";
        let (place, key) = ("log_entries USING PRIMARY KEY (group_id=?)", "ix_log_entries_client_id");
        for (sql, index) in [
            (newest, "ix_log_entries_created_at"),
            (&format!("SELECT {}", head_sql("?1")), place),
            (&format!("SELECT {}", head_sql("?1")), "groups USING INTEGER PRIMARY KEY"),
            (FIND_SENT, key),
            (FIND_SENT, "sent_ids USING PRIMARY KEY (group_id=? AND user_id=? AND client_id=?)"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(
                plan.contains(index) && !plan.contains("SCAN messages") && !plan.contains("SCAN log"),
                "{plan}"
            );
        }
    }
}
