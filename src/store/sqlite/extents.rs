//! From where to where logs go, and how much of them is kept.

use std::num::NonZeroU32;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use super::numbers;
use crate::model::{GroupId, RetentionRule, Seq, Timestamp};
use crate::store::{Extent, StoreResult, row};

/// See [`Retention::rule`](crate::store::Retention::rule).
pub(super) fn rule(connection: &Connection, group: GroupId) -> StoreResult<RetentionRule> {
    let rule = connection
        .prepare_cached("SELECT retain_age_s, retain_messages FROM groups WHERE id = ?1")?
        .query_row([group.0], |row| Ok(row::retention(row.get(0)?, row.get(1)?)))
        .optional()?;
    rule.unwrap_or(Ok(RetentionRule::default()))
}

/// See [`Retention::first_seq`](crate::store::Retention::first_seq).
pub(super) fn first_seq(connection: &Connection, group: GroupId) -> StoreResult<Seq> {
    let first = connection
        .prepare_cached("SELECT first_seq FROM groups WHERE id = ?1")?
        .query_row([group.0], |row| row.get(0))
        .optional()?;
    row::seq(first.unwrap_or(1))
}

/// `?1` is the group after which these come, `?2` how many there are at most.
fn list_sql(all: bool) -> String {
    let ruled = if all { "" } else { "AND (retain_age_s IS NOT NULL OR retain_messages IS NOT NULL)" };
    let oldest = |column, table| {
        format!("(SELECT {column} FROM {table} WHERE group_id = groups.id ORDER BY seq LIMIT 1)")
    };
    format!(
        "SELECT id, retain_age_s, retain_messages, first_seq, {}, {}, {}, {}, {} FROM groups
         WHERE id > ?1 {ruled} ORDER BY id LIMIT ?2",
        numbers::head_sql("groups.id"),
        oldest("seq", "messages"),
        oldest("created_at", "messages"),
        oldest("seq", "log_entries"),
        oldest("created_at", "log_entries"),
    )
}

/// See [`Retention::extents`](crate::store::Retention::extents).
pub(super) fn list(
    connection: &Connection,
    after: GroupId,
    all: bool,
    limit: u64,
) -> StoreResult<Vec<Extent>> {
    connection
        .prepare_cached(&list_sql(all))?
        .query_and_then(params![after.0, row::page_rows(limit)], from_row)?
        .collect()
}

fn from_row(row: &Row<'_>) -> StoreResult<Extent> {
    let oldest = |first: usize, table| -> StoreResult<Option<(Seq, Timestamp)>> {
        let seq: Option<i64> = column(row, first, table, "seq")?;
        let Some(seq) = seq else { return Ok(None) };
        Ok(Some((Seq(seq), Timestamp(column(row, first + 1, table, "created_at")?))))
    };
    Ok(Extent {
        group: row::group_id(column(row, 0, "groups", "id")?, "groups", "id")?,
        rule: row::retention(
            column(row, 1, "groups", "retain_age_s")?,
            column(row, 2, "groups", "retain_messages")?,
        )?,
        first: row::seq(column(row, 3, "groups", "first_seq")?)?,
        head: Seq(column(row, 4, "messages", "seq")?),
        oldest: row::older(oldest(5, "messages")?, oldest(7, "log_entries")?),
    })
}

const PLACE_OF_NEWEST: &str =
    "SELECT seq FROM messages WHERE group_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2";

/// See [`Retention::place_of_newest`](crate::store::Retention::place_of_newest).
pub(super) fn place_of_newest(
    connection: &Connection,
    group: GroupId,
    count: NonZeroU32,
) -> StoreResult<Option<Seq>> {
    let mut select = connection.prepare_cached(PLACE_OF_NEWEST)?;
    let place = select.query_row(params![group.0, count.get() - 1], |row| row.get(0)).optional()?;
    Ok(place.map(Seq))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{PLACE_OF_NEWEST, list_sql};
    use crate::store::sqlite::migrations;

    #[test]
    fn nothing_is_looked_through() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let place = "messages USING COVERING INDEX ix_messages_place (group_id=?)";
        for (sql, index) in [
            (list_sql(true), "groups USING INTEGER PRIMARY KEY (rowid>?)"),
            (list_sql(false), "ix_groups_retained"),
            (list_sql(false), "messages USING INDEX ix_messages_place (group_id=?)"),
            (list_sql(false), "log_entries USING PRIMARY KEY (group_id=?)"),
            (list_sql(false), place),
            (PLACE_OF_NEWEST.to_owned(), place),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(
                plan.contains(index) && !plan.contains("SCAN messages") && !plan.contains("TEMP B-TREE"),
                "{plan}"
            );
        }
    }
}
