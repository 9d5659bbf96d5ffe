//! Messages.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::error::column;
use super::instant::Instant;
use super::{groups, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{GroupId, Message, MessageId, Seq, Timestamp};
use crate::store::page::Page;
use crate::store::{MessageFilter, MessagePage, Sent, SentKey, StoreResult, row};

/// The columns of a message that [`from_row`] reads, followed there by those of its user and group.
const COLUMNS: &str = "m.id, m.seq, m.content, m.client_id, m.created_at";

/// How the messages that a filter lets through are found.
struct Lookup {
    condition: &'static str,
    /// `id` or `seq`, whichever the index of this kind of filter follows. In a group both orders are one.
    order: &'static str,
    /// From `$4` on. `$1` is the message after which they come, `$2` how many to leave out, `$3` how many
    /// to bring.
    parameters: Vec<i64>,
}

impl Lookup {
    fn new(filter: &MessageFilter) -> Self {
        let (after_seq, before_seq) = row::places(filter);
        match (filter.group, filter.user) {
            (Some(group), None) => Self {
                condition: "group_id = $4 AND id > $1 AND seq < $6 AND seq > greatest($5,
                    coalesce((SELECT seq FROM messages WHERE id = $1 AND group_id = $4), 0))",
                order: "seq",
                parameters: vec![group.0, after_seq, before_seq],
            },
            (Some(group), Some(user)) => Self {
                condition: "user_id = $4 AND id > $1 AND group_id = $5 AND seq > $6 AND seq < $7",
                order: "id",
                parameters: vec![user.0, group.0, after_seq, before_seq],
            },
            (None, Some(user)) => {
                Self { condition: "user_id = $4 AND id > $1", order: "id", parameters: vec![user.0] }
            }
            (None, None) => Self { condition: "id > $1", order: "id", parameters: Vec::new() },
        }
    }

    async fn query(
        &self,
        client: &Client,
        sql: &str,
        [after, skip, limit]: [i64; 3],
    ) -> StoreResult<Vec<Row>> {
        let statement = client.prepare_cached(sql).await?;
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&after, &skip, &limit];
        parameters.extend(self.parameters.iter().map(|value| value as &(dyn ToSql + Sync)));
        Ok(client.query(&statement, &parameters).await?)
    }
}

/// See [`MessageLog::messages`](crate::store::MessageLog::messages).
pub(super) async fn page(client: &Client, page: MessagePage) -> StoreResult<Vec<Message>> {
    let lookup = Lookup::new(&page.filter);
    // First the rows, then how many bytes come before each (known without reading a long content), and
    // only for those that are sent the user and the group.
    let sql = format!(
        "SELECT {COLUMNS}, {}, {}
         FROM (SELECT *, sum(octet_length(content)) OVER (ORDER BY {}) - octet_length(content) AS bytes_before
               FROM (SELECT * FROM messages WHERE {} ORDER BY {} LIMIT $3 OFFSET $2) page) m
         JOIN users u ON u.id = m.user_id JOIN groups g ON g.id = m.group_id
         WHERE m.bytes_before < {PAGE_BYTES_MAX} ORDER BY m.{}",
        users::COLUMNS,
        groups::COLUMNS,
        lookup.order,
        lookup.condition,
        lookup.order,
        lookup.order,
    );
    let numbers = [page.after.0, row::count(page.skip), row::page_rows(page.limit)];
    let rows = lookup.query(client, &sql, numbers).await?;
    let mut shared = Page::default();
    rows.iter().map(|row| from_row(row, &mut shared)).collect()
}

/// See [`MessageLog::newest`](crate::store::MessageLog::newest).
pub(super) async fn newest(client: &Client, filter: MessageFilter, count: u64) -> StoreResult<MessageId> {
    let lookup = Lookup::new(&filter);
    let sql = format!(
        "SELECT id FROM messages WHERE {} ORDER BY {} DESC LIMIT $3 OFFSET $2",
        lookup.condition, lookup.order
    );
    match lookup.query(client, &sql, [0, row::count(count), 1]).await?.first() {
        Some(row) => row::message_id(column(row, 0, "messages", "id")?),
        None => Ok(MessageId(0)),
    }
}

/// See [`MessageLog::last_message`](crate::store::MessageLog::last_message).
pub(super) async fn last(client: &Client) -> StoreResult<(MessageId, Timestamp)> {
    let select =
        client.prepare_cached("SELECT id, created_at FROM messages ORDER BY id DESC LIMIT 1").await?;
    match client.query_opt(&select, &[]).await? {
        Some(row) => Ok((row::message_id(column(&row, 0, "messages", "id")?)?, created_at(&row, 1)?)),
        None => Ok((MessageId(0), Timestamp(0))),
    }
}

/// See [`MessageLog::heads`](crate::store::MessageLog::heads).
pub(super) async fn heads(client: &Client, groups: Vec<GroupId>) -> StoreResult<Vec<Seq>> {
    let select = client
        .prepare_cached(
            "SELECT coalesce((SELECT max(seq) FROM messages WHERE group_id = asked.group_id), 0)
             FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (group_id, position) ORDER BY position",
        )
        .await?;
    let groups: Vec<i64> = groups.iter().map(|id| id.0).collect();
    let rows = client.query(&select, &[&groups]).await?;
    rows.iter().map(|row| column(row, 0, "messages", "seq").map(Seq)).collect()
}

/// What [`find_sent`] asks.
pub(super) const FIND_SENT: &str = "SELECT m.id, m.seq, m.created_at
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) WITH ORDINALITY AS asked (group_id, user_id, client_id, position)
    LEFT JOIN messages m ON m.group_id = asked.group_id AND m.user_id = asked.user_id
         AND m.client_id = asked.client_id
    ORDER BY position";

/// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
pub(super) async fn find_sent(
    client: &tokio_postgres::Client,
    select: &Statement,
    keys: &[SentKey],
) -> StoreResult<Vec<Option<Sent>>> {
    let groups: Vec<i64> = keys.iter().map(|key| key.group.0).collect();
    let users: Vec<i64> = keys.iter().map(|key| key.user.0).collect();
    let client_ids: Vec<&str> = keys.iter().map(|key| &*key.client_id).collect();
    let rows = client.query(select, &[&groups, &users, &client_ids]).await?;
    rows.iter()
        .map(|row| {
            let Some(id) = column(row, 0, "messages", "id")? else { return Ok(None) };
            Ok(Some(Sent {
                id: row::message_id(id)?,
                seq: row::seq(column(row, 1, "messages", "seq")?)?,
                created_at: created_at(row, 2)?,
            }))
        })
        .collect()
}

/// Whether each row of the batch is stored just as it stands there.
pub(super) async fn are_stored(client: &tokio_postgres::Client, batch: &[Message]) -> StoreResult<bool> {
    let ids: Vec<i64> = batch.iter().map(|message| message.id.0).collect();
    let rows = client
        .query(
            "SELECT id, seq, group_id, user_id, content, client_id, created_at
             FROM messages WHERE id = ANY ($1)",
            &[&ids],
        )
        .await?;
    let mut stored = HashMap::with_capacity(rows.len());
    for row in &rows {
        stored.insert(column::<i64>(row, 0, "messages", "id")?, row);
    }
    for message in batch {
        let Some(row) = stored.get(&message.id.0) else { return Ok(false) };
        let is_same = column::<i64>(row, 1, "messages", "seq")? == message.seq.0
            && column::<i64>(row, 2, "messages", "group_id")? == message.group.id.0
            && column::<i64>(row, 3, "messages", "user_id")? == message.user.id.0
            && column::<&str>(row, 4, "messages", "content")? == &*message.content
            && column::<Option<&str>>(row, 5, "messages", "client_id")? == message.client_id.as_deref()
            && created_at(row, 6)? == message.created_at;
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A message from [`COLUMNS`], [`users::COLUMNS`] and [`groups::COLUMNS`].
fn from_row(row: &Row, shared: &mut Page) -> StoreResult<Message> {
    const USER: usize = 5;
    const GROUP: usize = 8;
    let user = row::user_id(column(row, USER, "messages", "user_id")?, "messages", "user_id")?;
    let group = row::group_id(column(row, GROUP, "messages", "group_id")?, "messages", "group_id")?;
    Ok(Message {
        id: row::message_id(column(row, 0, "messages", "id")?)?,
        seq: row::seq(column(row, 1, "messages", "seq")?)?,
        user: shared.user(user, || users::from_row_at(row, USER))?,
        group: shared.group(group, || groups::from_row_at(row, GROUP))?,
        content: column::<&str>(row, 2, "messages", "content")?.into(),
        client_id: column::<Option<&str>>(row, 3, "messages", "client_id")?.map(Into::into),
        created_at: created_at(row, 4)?,
    })
}

fn created_at(row: &Row, index: usize) -> StoreResult<Timestamp> {
    column::<Instant>(row, index, "messages", "created_at").map(|instant| instant.0)
}
