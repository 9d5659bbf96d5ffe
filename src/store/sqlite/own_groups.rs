//! The groups of one user.

use rusqlite::{Connection, params};

use super::error::column;
use super::{groups, messages, numbers};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{MessageId, Seq, UserId};
use crate::store::page::Page;
use crate::store::{OwnGroup, StoreResult, row};

/// See [`Moderation::own_groups`](crate::store::Moderation::own_groups).
pub(super) fn list(connection: &Connection, user: UserId) -> StoreResult<Vec<OwnGroup>> {
    // The messages are read as of the same moment as the list.
    let _view = connection.unchecked_transaction()?;
    let mut select = connection.prepare_cached(&format!(
        "SELECT {}, m.role,
                (SELECT id FROM messages WHERE group_id = m.group_id ORDER BY seq DESC LIMIT 1) AS last,
                {}
         FROM group_memberships m JOIN groups g ON g.id = m.group_id
         WHERE m.user_id = ?1 ORDER BY last DESC, g.id DESC LIMIT ?2",
        groups::COLUMNS,
        numbers::head_sql("m.group_id")
    ))?;
    let mut rows = select.query(params![user.0, row::LIST_ROWS_MAX])?;
    let (mut own, mut shared, mut bytes) = (Vec::new(), Page::default(), 0);
    while let Some(row) = rows.next()? {
        let last: Option<i64> = column(row, 6, "messages", "id")?;
        let last_message = match last {
            Some(id) if bytes < PAGE_BYTES_MAX => messages::by_id(connection, MessageId(id), &mut shared)?,
            _ => None,
        };
        bytes += last_message.as_ref().map_or(0, |message| message.content.len());
        own.push(OwnGroup {
            group: groups::from_row(row)?,
            role: row::role(column(row, 5, "group_memberships", "role")?)?,
            head: Seq(column(row, 7, "messages", "seq")?),
            last_message,
        });
    }
    Ok(own)
}
