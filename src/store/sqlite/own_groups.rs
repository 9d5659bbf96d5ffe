//! The groups of one user.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::column;
use super::{groups, marks, messages, numbers, unread};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{GroupId, Message, Seq, UserId};
use crate::store::page::Page;
use crate::store::{OwnGroup, StoreResult, row};

/// `?1` is the user, `?2` how many to bring.
fn sql() -> String {
    format!(
        "SELECT {}, m.role, m.read_seq,
                (SELECT id FROM messages WHERE group_id = m.group_id ORDER BY seq DESC LIMIT 1) AS last,
                {}
         FROM group_memberships m JOIN groups g ON g.id = m.group_id
         WHERE m.user_id = ?1 ORDER BY last DESC, g.id DESC LIMIT ?2",
        groups::COLUMNS,
        numbers::head_sql("m.group_id")
    )
}

fn last_sql() -> String {
    format!(
        "SELECT {} FROM messages INDEXED BY ix_messages_place
         WHERE group_id = ?1 AND deleted_seq IS NULL ORDER BY seq DESC LIMIT 1",
        messages::COLUMNS
    )
}

/// See [`Moderation::own_groups`](crate::store::Moderation::own_groups).
pub(super) fn list(connection: &Connection, user: UserId) -> StoreResult<Vec<OwnGroup>> {
    // All of it is read as of one moment.
    let _view = connection.unchecked_transaction()?;
    let sent = marks::sent_since(connection, user)?;
    let mut select = connection.prepare_cached(&sql())?;
    let mut rows = select.query(params![user.0, row::LIST_ROWS_MAX])?;
    let (mut own, mut shared, mut bytes) = (Vec::new(), Page::default(), 0);
    while let Some(row) = rows.next()? {
        let group = groups::from_row(row)?;
        let read: i64 = column(row, 6, "group_memberships", "read_seq")?;
        let read = Seq(read.max(sent.get(&group.id.0).copied().unwrap_or(0)));
        let newest: Option<i64> = column(row, 7, "messages", "id")?;
        let head = Seq(column(row, 8, "messages", "seq")?);
        let last_message = match newest {
            Some(_) if bytes < PAGE_BYTES_MAX => last(connection, group.id, &mut shared)?,
            _ => None,
        };
        bytes += last_message.as_ref().map_or(0, |message| message.content.len());
        own.push(OwnGroup {
            role: row::role(column(row, 5, "group_memberships", "role")?)?,
            head,
            read,
            unread: unread::after(connection, group.id, user, read, head)?,
            last_message,
            group,
        });
    }
    Ok(own)
}

/// The newest message that is not deleted.
fn last(connection: &Connection, group: GroupId, shared: &mut Page) -> StoreResult<Option<Message>> {
    connection
        .prepare_cached(&last_sql())?
        .query_row([group.0], |row| Ok(messages::from_row(connection, row, shared)))
        .optional()?
        .transpose()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{last_sql, sql};
    use crate::store::sqlite::migrations;

    #[test]
    fn nothing_is_looked_through() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (sql, part) in [
            (sql(), "m USING INDEX ix_group_memberships_user (user_id=?)"),
            (last_sql(), "messages USING INDEX ix_messages_place (group_id=?)"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(plan.contains(part) && !plan.contains("SCAN"), "{plan}");
        }
    }
}
