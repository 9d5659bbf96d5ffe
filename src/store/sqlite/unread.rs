//! What a member has not read, counted along indexes.

use rusqlite::{Connection, params};

use crate::model::limits::UNREAD_MAX;
use crate::model::{GroupId, Seq, Unread, UserId};
use crate::store::StoreResult;

/// Of the entries after the mark those that are no changes, and no deleted messages. `?1` is the group, `?2` the user, `?3`
/// the mark, `?4` the head. What was cut off counts as read. Between two changes lie as many
/// as their places say, the first of which need not be 1.
fn sql() -> String {
    format!(
        "SELECT ?4 - max(?3, (SELECT first_seq - 1 FROM groups WHERE id = ?1))
             - coalesce((SELECT place + 1 FROM log_entries WHERE group_id = ?1 ORDER BY seq DESC LIMIT 1)
                 - (SELECT place FROM log_entries WHERE group_id = ?1 AND seq > ?3 ORDER BY seq LIMIT 1), 0)
             - (SELECT count(*) FROM messages INDEXED BY ix_messages_deleted
                WHERE group_id = ?1 AND seq > ?3 AND deleted_seq IS NOT NULL),
             (SELECT count(*) FROM (
                 SELECT 1 FROM mentions WHERE user_id = ?2 AND group_id = ?1 AND seq > ?3 LIMIT {UNREAD_MAX}))"
    )
}

/// What comes after a member's mark in a group with this head. The member's own messages are before the mark.
pub(super) fn after(
    connection: &Connection,
    group: GroupId,
    user: UserId,
    mark: Seq,
    head: Seq,
) -> StoreResult<Unread> {
    if mark >= head {
        return Ok(Unread::default());
    }
    let (messages, mentions): (i64, i64) = connection
        .prepare_cached(&sql())?
        .query_row(params![group.0, user.0, mark.0, head.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Unread::new(messages.max(0).unsigned_abs(), mentions.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::sql;
    use crate::store::sqlite::migrations;

    #[test]
    fn nothing_is_looked_through() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", sql());
        let mut statement = connection.prepare(&sql).unwrap();
        let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        for part in [
            "messages USING COVERING INDEX ix_messages_deleted (group_id=? AND seq>?)",
            "mentions USING PRIMARY KEY (user_id=? AND group_id=? AND seq>?)",
            "log_entries USING PRIMARY KEY (group_id=? AND seq>?)",
        ] {
            assert!(plan.contains(part), "{part}: {plan}");
        }
        assert!(!plan.contains("SCAN m") && !plan.contains("SCAN l") && !plan.contains("TEMP"), "{plan}");
    }
}
