//! From where to where logs go, and how much of them is kept.

use std::num::NonZeroU32;

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::instant::Instant;
use super::numbers;
use crate::model::{GroupId, RetentionRule, Seq, Timestamp};
use crate::store::{Extent, StoreResult, row};

/// See [`Retention::rule`](crate::store::Retention::rule).
pub(super) async fn rule(client: &Client, group: GroupId) -> StoreResult<RetentionRule> {
    let select =
        client.prepare_cached("SELECT retain_age_s, retain_messages FROM groups WHERE id = $1").await?;
    let Some(row) = client.query_opt(&select, &[&group.0]).await? else {
        return Ok(RetentionRule::default());
    };
    rule_at(&row, 0)
}

fn rule_at(row: &Row, first: usize) -> StoreResult<RetentionRule> {
    row::retention(
        column(row, first, "groups", "retain_age_s")?,
        column(row, first + 1, "groups", "retain_messages")?,
    )
}

/// See [`Retention::first_seq`](crate::store::Retention::first_seq).
pub(super) async fn first_seq(client: &Client, group: GroupId) -> StoreResult<Seq> {
    let select = client.prepare_cached("SELECT first_seq FROM groups WHERE id = $1").await?;
    let row = client.query_opt(&select, &[&group.0]).await?;
    row::seq(row.map_or(Ok(1), |row| column(&row, 0, "groups", "first_seq"))?)
}

/// See [`Retention::extents`](crate::store::Retention::extents).
pub(super) async fn list(client: &Client, after: GroupId, all: bool, limit: u64) -> StoreResult<Vec<Extent>> {
    let ruled = if all { "" } else { "AND (g.retain_age_s IS NOT NULL OR g.retain_messages IS NOT NULL)" };
    let select = client
        .prepare_cached(&format!(
            "SELECT g.id, g.retain_age_s, g.retain_messages, g.first_seq, {}, m.seq, m.created_at, e.seq, e.created_at
             FROM (SELECT * FROM groups g WHERE g.id > $1 {ruled} ORDER BY g.id LIMIT $2) g
             LEFT JOIN LATERAL (SELECT seq, created_at FROM messages WHERE group_id = g.id ORDER BY seq LIMIT 1) m
                 ON true
             LEFT JOIN LATERAL (SELECT seq, created_at FROM log_entries WHERE group_id = g.id ORDER BY seq LIMIT 1) e
                 ON true
             ORDER BY g.id",
            numbers::head_sql("g.id")
        ))
        .await?;
    let rows = client.query(&select, &[&after.0, &row::page_rows(limit)]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> StoreResult<Extent> {
    let oldest = |first: usize, table| -> StoreResult<Option<(Seq, Timestamp)>> {
        let seq: Option<i64> = column(row, first, table, "seq")?;
        let Some(seq) = seq else { return Ok(None) };
        let at: Instant = column(row, first + 1, table, "created_at")?;
        Ok(Some((Seq(seq), at.0)))
    };
    Ok(Extent {
        group: row::group_id(column(row, 0, "groups", "id")?, "groups", "id")?,
        rule: rule_at(row, 1)?,
        first: row::seq(column(row, 3, "groups", "first_seq")?)?,
        head: Seq(column(row, 4, "messages", "seq")?),
        oldest: row::older(oldest(5, "messages")?, oldest(7, "log_entries")?),
    })
}

/// See [`Retention::place_of_newest`](crate::store::Retention::place_of_newest).
pub(super) async fn place_of_newest(
    client: &Client,
    group: GroupId,
    count: NonZeroU32,
) -> StoreResult<Option<Seq>> {
    let select = client
        .prepare_cached("SELECT seq FROM messages WHERE group_id = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2")
        .await?;
    let row = client.query_opt(&select, &[&group.0, &i64::from(count.get() - 1)]).await?;
    row.map(|row| column(&row, 0, "messages", "seq").map(Seq)).transpose()
}
