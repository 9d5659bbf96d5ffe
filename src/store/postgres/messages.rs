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
    condition: String,
    /// `id` or `seq`, whichever the index of this kind of filter follows. In a group both orders are one.
    order: &'static str,
    /// From `$4` on. `$1` is the message after which they come, `$2` how many to leave out, `$3` how many
    /// to bring.
    parameters: Vec<i64>,
}

impl Lookup {
    fn new(filter: &MessageFilter) -> Self {
        let (after_seq, before_seq) = row::places(filter);
        let (condition, order, mut parameters) = match (filter.group, filter.user) {
            (Some(group), None) => (
                "group_id = $4 AND id > $1 AND seq < $6 AND seq > greatest($5,
                 coalesce((SELECT seq FROM messages WHERE id = $1 AND group_id = $4), 0))",
                "seq",
                vec![group.0, after_seq, before_seq],
            ),
            (Some(group), Some(user)) => (
                "group_id = $4 AND id > $1 AND seq > $5 AND seq < $6 AND user_id = $7",
                "id",
                vec![group.0, after_seq, before_seq, user.0],
            ),
            (None, Some(user)) => ("user_id = $4 AND id > $1", "id", vec![user.0]),
            (None, None) => ("id > $1", "id", Vec::new()),
        };
        let mut condition = condition.to_owned();
        if let Some(reader) = filter.reader {
            parameters.push(reader.0);
            let place = 3 + parameters.len();
            // Their groups are looked up once, and do not lead the planner away from the order.
            condition += &match filter.group {
                Some(_) => format!(
                    " AND EXISTS (SELECT 1 FROM group_memberships r WHERE r.group_id = $4 AND r.user_id = ${place})"
                ),
                None => format!(
                    " AND group_id = ANY (ARRAY(SELECT r.group_id FROM group_memberships r WHERE r.user_id = ${place}))"
                ),
            };
        }
        Self { condition, order, parameters }
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

/// See [`MessageLog::last_message`](crate::store::MessageLog::last_message). Counts those that went with their group.
pub(super) async fn last(client: &Client) -> StoreResult<(MessageId, Timestamp)> {
    let select = client
        .prepare_cached(
            "SELECT greatest(last_message_id, id), greatest(last_message_at, created_at)
             FROM server LEFT JOIN (SELECT id, created_at FROM messages ORDER BY id DESC LIMIT 1) last ON true",
        )
        .await?;
    let row = client.query_one(&select, &[]).await?;
    let id = column(&row, 0, "messages", "id")?;
    Ok((if id == 0 { MessageId(0) } else { row::message_id(id)? }, created_at(&row, 1)?))
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

/// Where the columns of a message's user and group begin, and how many all are.
const USER: usize = 5;
pub(super) const GROUP: usize = USER + users::COLUMN_COUNT;
pub(super) const COLUMN_COUNT: usize = GROUP + groups::COLUMN_COUNT;

/// A message from [`COLUMNS`], [`users::COLUMNS`] and [`groups::COLUMNS`].
pub(super) fn from_row(row: &Row, shared: &mut Page) -> StoreResult<Message> {
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
