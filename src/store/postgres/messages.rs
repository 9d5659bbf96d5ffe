//! Messages.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::column;
use super::instant::Instant;
use super::{groups, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{Mentions, Message, MessageDetails, MessageId, Timestamp};
use crate::store::page::Page;
use crate::store::{MessageFilter, MessagePage, StoreResult, row};

/// The columns of a message that [`from_row`] reads, followed there by those of its user and group.
pub(super) const COLUMNS: &str = "m.id, m.seq, m.content, m.client_id, m.created_at, m.reply_to, m.thread_id, \
    m.mentions, m.edited_at, m.deleted_at IS NOT NULL";

/// How the messages that a filter lets through are found.
struct Lookup {
    source: &'static str,
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
        let all = "messages";
        let (source, condition, order, mut parameters) = match (filter.group, filter.thread, filter.user) {
            (Some(group), None, None) => (
                all,
                "group_id = $4 AND id > $1 AND seq < $6 AND seq > greatest($5,
                 coalesce((SELECT seq FROM messages WHERE id = $1 AND group_id = $4), 0))",
                "seq",
                vec![group.0, after_seq, before_seq],
            ),
            // The first message, and those that name it; a sum keeps the planner from the index of the group's places.
            (Some(group), Some(thread), user) => (
                "(SELECT * FROM messages WHERE id = $7
                  UNION ALL SELECT * FROM messages WHERE thread_id = $7) thread",
                "group_id + 0 = $4 AND id > $1 AND seq + 0 > $5 AND seq + 0 < $6
                 AND ($8::bigint = 0 OR user_id = $9)",
                "id",
                vec![
                    group.0,
                    after_seq,
                    before_seq,
                    thread.0,
                    user.is_some().into(),
                    user.unwrap_or_default().0,
                ],
            ),
            (Some(group), None, Some(user)) => (
                all,
                "group_id = $4 AND id > $1 AND seq > $5 AND seq < $6 AND user_id = $7",
                "id",
                vec![group.0, after_seq, before_seq, user.0],
            ),
            (None, _, Some(user)) => (all, "user_id = $4 AND id > $1", "id", vec![user.0]),
            (None, _, None) => (all, "id > $1", "id", Vec::new()),
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
        Self { source, condition, order, parameters }
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
               FROM (SELECT * FROM {} WHERE {} ORDER BY {} LIMIT $3 OFFSET $2) page) m
         JOIN users u ON u.id = m.user_id JOIN groups g ON g.id = m.group_id
         WHERE m.bytes_before < {PAGE_BYTES_MAX} ORDER BY m.{}",
        users::COLUMNS,
        groups::COLUMNS,
        lookup.order,
        lookup.source,
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
        "SELECT id FROM {} WHERE {} ORDER BY {} DESC LIMIT $3 OFFSET $2",
        lookup.source, lookup.condition, lookup.order
    );
    match lookup.query(client, &sql, [0, row::count(count), 1]).await?.first() {
        Some(row) => row::message_id(column(row, 0, "messages", "id")?),
        None => Ok(MessageId(0)),
    }
}

/// See [`MessageLog::message`](crate::store::MessageLog::message).
pub(super) async fn by_id(client: &Client, id: MessageId) -> StoreResult<Option<Message>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, {}, {} FROM messages m
             JOIN users u ON u.id = m.user_id JOIN groups g ON g.id = m.group_id WHERE m.id = $1",
            users::COLUMNS,
            groups::COLUMNS
        ))
        .await?;
    let row = client.query_opt(&select, &[&id.0]).await?;
    row.map(|row| from_row(&row, &mut Page::default())).transpose()
}

/// Whether each row of the batch is stored just as it stands there.
pub(super) async fn are_stored(client: &tokio_postgres::Client, batch: &[Message]) -> StoreResult<bool> {
    let ids: Vec<i64> = batch.iter().map(|message| message.id.0).collect();
    let rows = client
        .query(
            "SELECT id, seq, group_id, user_id, content, client_id, created_at, reply_to, thread_id, mentions
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
            && created_at(row, 6)? == message.created_at
            && named(row, 7)? == *message.details.as_deref().unwrap_or(&MessageDetails::default());
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where the columns of a message's user and group begin, and how many all are.
pub(super) const USER: usize = 10;
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
        details: row::details(MessageDetails {
            edited_at: column::<Option<Instant>>(row, 8, "messages", "edited_at")?.map(|at| at.0),
            is_deleted: column(row, 9, "messages", "deleted_at")?,
            ..named(row, 5)?
        }),
    })
}

/// Messages and users that a message names, from three columns that begin at `first`.
fn named(row: &Row, first: usize) -> StoreResult<MessageDetails> {
    let message =
        |index, name| column::<Option<i64>>(row, index, "messages", name)?.map(row::message_id).transpose();
    Ok(MessageDetails {
        reply_to: message(first, "reply_to")?,
        thread_id: message(first + 1, "thread_id")?,
        mentions: mentions(row, first + 2)?,
        ..MessageDetails::default()
    })
}

/// Whom a content mentions.
pub(super) fn mentions(row: &Row, index: usize) -> StoreResult<Mentions> {
    let mentions: Option<Vec<i64>> = column(row, index, "messages", "mentions")?;
    let number = |number| row::user_id(number, "messages", "mentions");
    mentions.unwrap_or_default().into_iter().map(number).collect()
}

pub(super) fn created_at(row: &Row, index: usize) -> StoreResult<Timestamp> {
    column::<Instant>(row, index, "messages", "created_at").map(|instant| instant.0)
}
