//! Changes: the rows of the log, and what they do to messages.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use super::{mentions, search_index};
use crate::model::{Change, Timestamp};
use crate::store::change_row::{COLUMNS, ChangeRow, Detail};
use crate::store::effects::Effects;
use crate::store::{StoreError, StoreResult};

/// Stores changes and has them take effect. Whatever is stored already fails before it does anything.
pub(super) fn make(connection: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(&format!(
        "INSERT INTO log_entries ({COLUMNS}, place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
             1 + coalesce((SELECT place FROM log_entries WHERE group_id = ?1 ORDER BY seq DESC LIMIT 1), 0))"
    ))?;
    for change in changes {
        let ChangeRow { group, seq, user, created_at, client_id, detail } = ChangeRow::of(change);
        insert.execute(params![
            group,
            seq,
            user,
            detail.kind,
            detail.message_id,
            detail.message_seq,
            detail.emoji,
            detail.is_on,
            detail.member,
            detail.member_change,
            detail.role,
            detail.until.map(|until| until.0),
            detail.name,
            detail.topic,
            detail.invite_only,
            client_id,
            created_at.0,
        ])?;
    }
    take_effect(connection, &Effects::of(changes))
}

fn take_effect(connection: &Connection, effects: &Effects<'_>) -> rusqlite::Result<()> {
    for edit in &effects.edits {
        mentions::forget(connection, edit.message)?;
        search_index::take_out_for_now(connection, edit.message)?;
        connection
            .prepare_cached(
                "UPDATE messages SET content = ?2, mentions = ?3, edited_at = ?4, edited_seq = ?5
                 WHERE id = ?1 AND group_id = ?6 AND deleted_seq IS NULL",
            )?
            .execute(params![
                edit.message.0,
                edit.content,
                mentions::text(edit.mentions),
                edit.by.created_at.0,
                edit.by.seq.0,
                edit.by.group.id.0,
            ])?;
        if !edit.mentions.is_empty() {
            mentions::note(connection, edit.message)?;
        }
    }
    for (message, by) in &effects.deletions {
        mentions::forget(connection, *message)?;
        search_index::take_out(connection, *message)?;
        connection
            .prepare_cached(
                "UPDATE messages SET content = '', mentions = NULL, edited_at = NULL, edited_seq = NULL,
                     deleted_at = ?2, deleted_seq = ?3 WHERE id = ?1 AND group_id = ?4 AND deleted_seq IS NULL",
            )?
            .execute(params![message.0, by.created_at.0, by.seq.0, by.group.id.0])?;
        connection.prepare_cached("DELETE FROM reactions WHERE message_id = ?1")?.execute([message.0])?;
    }
    // The message may have been cut off since it was looked at.
    for reaction in &effects.reactions {
        connection
            .prepare_cached(
                "INSERT INTO reactions (message_id, emoji, user_id, is_on, seq, created_at)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM messages WHERE id = ?1)
                 ON CONFLICT (message_id, emoji, user_id)
                 DO UPDATE SET is_on = excluded.is_on, seq = excluded.seq, created_at = excluded.created_at",
            )?
            .execute(params![
                reaction.message.0,
                reaction.emoji,
                reaction.by.user.id.0,
                reaction.is_on,
                reaction.by.seq.0,
                reaction.by.created_at.0,
            ])?;
    }
    Ok(())
}

/// Whether the row of each change is stored just as it stands there.
pub(super) fn are_stored(connection: &Connection, changes: &[Change]) -> StoreResult<bool> {
    let mut select = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM log_entries WHERE group_id = ?1 AND seq = ?2"))?;
    for change in changes {
        let row = ChangeRow::of(change);
        let is_stored = select
            .query_row([row.group, row.seq], |stored| Ok(read(stored).map(|stored| stored == row)))
            .optional()?
            .transpose()?;
        if is_stored != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A row from [`COLUMNS`].
pub(super) fn read<'r>(row: &'r Row<'_>) -> StoreResult<ChangeRow<'r>> {
    Ok(ChangeRow {
        group: column(row, 0, "log_entries", "group_id")?,
        seq: column(row, 1, "log_entries", "seq")?,
        user: column(row, 2, "log_entries", "user_id")?,
        detail: Detail {
            kind: column(row, 3, "log_entries", "kind")?,
            message_id: column(row, 4, "log_entries", "message_id")?,
            message_seq: column(row, 5, "log_entries", "message_seq")?,
            emoji: text(row, 6, "emoji")?,
            is_on: column(row, 7, "log_entries", "is_on")?,
            member: column(row, 8, "log_entries", "member_id")?,
            member_change: column(row, 9, "log_entries", "member_change")?,
            role: column(row, 10, "log_entries", "role")?,
            until: column::<Option<i64>>(row, 11, "log_entries", "until")?.map(Timestamp),
            name: text(row, 12, "name")?,
            topic: text(row, 13, "topic")?,
            invite_only: column(row, 14, "log_entries", "invite_only")?,
        },
        client_id: text(row, 15, "client_id")?,
        created_at: Timestamp(column(row, 16, "log_entries", "created_at")?),
    })
}

/// A text without a copy.
fn text<'r>(row: &'r Row<'_>, index: usize, name: &'static str) -> StoreResult<Option<&'r str>> {
    let corrupt = |reason: String| StoreError::Corrupt { table: "log_entries", column: name, reason };
    let value = row.get_ref(index)?;
    value.as_str_or_null().map_err(|error| corrupt(error.to_string()))
}
