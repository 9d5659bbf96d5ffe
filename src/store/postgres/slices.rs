//! Cutting off a part of a log.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::error::column;
use super::instant::Instant;
use super::notices::{Kind, noted};
use super::search_index::TakeOut;
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, NodeId, Seq};
use crate::store::slice::{Old, Slice};
use crate::store::{Cut, CutEnd, StoreResult, row};

/// What is being deleted or erased elsewhere is not waited for, since all that is to be stored would wait too.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '50ms'";

/// The group that is cut, as it is then.
const CUT: &str = "(SELECT id, first_seq FROM groups WHERE id = $1) cut";

/// What [`Retention::cut`](crate::store::Retention::cut) is to cut off.
pub(super) async fn find(
    client: &mut ClientWrapper,
    group: GroupId,
    end: CutEnd,
) -> StoreResult<Option<Slice>> {
    // Both tables are read as of one moment.
    let select = client
        .prepare_cached(
            "(SELECT seq, created_at, id, octet_length(content) FROM messages
              WHERE group_id = $1 ORDER BY seq LIMIT $2)
             UNION ALL
             (SELECT seq, created_at, NULL, NULL FROM log_entries WHERE group_id = $1 ORDER BY seq LIMIT $2)",
        )
        .await?;
    let rows = client.query(&select, &[&group.0, &(PAGE_ROWS_MAX as i64)]).await?;
    let entries = rows.iter().map(old).collect::<StoreResult<Vec<_>>>()?;
    let (messages, changes) = entries.into_iter().partition(|entry| entry.message.is_some());
    Ok(Slice::of(group, messages, changes, end))
}

fn old(row: &Row) -> StoreResult<Old> {
    let at: Instant = column(row, 1, "messages", "created_at")?;
    let id: Option<i64> = column(row, 2, "messages", "id")?;
    let bytes: Option<i32> = column(row, 3, "messages", "content")?;
    let bytes = bytes.unwrap_or_default().unsigned_abs() as usize;
    Ok(Old {
        seq: row::seq(column(row, 0, "messages", "seq")?)?,
        created_at: at.0,
        message: id.map(|id| row::message_id(id).map(|id| (id, bytes))).transpose()?,
    })
}

/// The statements that cut. `$1` is the group, `$2` the place before which all goes.
pub(super) struct Statements {
    begin_at: Statement,
    keep_sent: Statement,
    keep_marks: Statement,
    forget_mentions: Statement,
    take_out: TakeOut,
    delete: Statement,
    note_last: Statement,
    tell: Statement,
}

impl Statements {
    /// Prepares them.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let tell =
            format!("WITH {} SELECT 1", noted(CUT, Kind::Cut, "group_id, number", "id, first_seq", "$2"));
        let (begin_at, keep_sent, keep_marks, forget_mentions, take_out, delete, note_last, tell) = tokio::try_join!(
            client.prepare(
                "UPDATE groups SET first_seq = greatest(first_seq, $2) WHERE id = $1 RETURNING first_seq"
            ),
            // Those who send once more get their first answer.
            client.prepare(
                "INSERT INTO sent_ids (group_id, user_id, client_id, message_id, seq, created_at)
                 SELECT group_id, user_id, client_id, id, seq, created_at FROM messages
                 WHERE group_id = $1 AND seq < $2 AND client_id IS NOT NULL
                 UNION ALL
                 SELECT group_id, user_id, client_id, message_id, seq, created_at FROM log_entries
                 WHERE group_id = $1 AND seq < $2 AND client_id IS NOT NULL
                 ON CONFLICT DO NOTHING"
            ),
            // Who has sent something has read up to it, also when it is gone before a sweep has come to it.
            client.prepare(
                "WITH behind AS MATERIALIZED (
                     SELECT member.user_id, sent.seq
                     FROM (SELECT user_id, max(seq) AS seq FROM messages
                           WHERE group_id = $1 AND seq < $2 GROUP BY user_id) sent
                     JOIN group_memberships member
                          ON member.group_id = $1 AND member.user_id = sent.user_id AND member.read_seq < sent.seq
                     ORDER BY member.user_id FOR NO KEY UPDATE OF member)
                 UPDATE group_memberships member SET read_seq = behind.seq FROM behind
                 WHERE member.group_id = $1 AND member.user_id = behind.user_id AND member.read_seq < behind.seq"
            ),
            client.prepare(
                "DELETE FROM mentions gone USING messages m CROSS JOIN LATERAL unnest(m.mentions) AS named
                 WHERE m.group_id = $1 AND m.seq < $2 AND m.mentions IS NOT NULL
                   AND gone.user_id = named AND gone.group_id = m.group_id AND gone.seq = m.seq"
            ),
            TakeOut::prepare(client),
            // Reactions go with their messages.
            client.prepare(
                "WITH gone AS (DELETE FROM messages WHERE group_id = $1 AND seq < $2)
                 DELETE FROM log_entries WHERE group_id = $1 AND seq < $2"
            ),
            client.prepare(
                "UPDATE server SET last_message_id = greatest(last_message_id, $1),
                     last_message_at = greatest(last_message_at, $2)"
            ),
            client.prepare(&tell),
        )?;
        Ok(Self { begin_at, keep_sent, keep_marks, forget_mentions, take_out, delete, note_last, tell })
    }

    /// Cuts off what was [found](find), in a transaction that is said in one go: one of which a part fails ends without
    /// having done anything. A group that was deleted meanwhile has nothing to cut off.
    pub(super) async fn cut(
        &self,
        client: &Client,
        node: Option<NodeId>,
        slice: &Slice,
    ) -> StoreResult<Option<Cut>> {
        let (group, first) = (slice.group.0, slice.first.0);
        let place: [&(dyn ToSql + Sync); 2] = [&group, &first];
        let (last_message, last_at) = (slice.last_message(), Instant(slice.last_at));
        let messages: Vec<i64> = slice.messages.iter().map(|id| id.0).collect();
        let last: [&(dyn ToSql + Sync); 2] = [&last_message, &last_at];
        // Whatever else knows of these messages, or is true only while they are there, is put right here, before they
        // go.
        let node = node.map(|node| node.0);
        let to_tell: [&(dyn ToSql + Sync); 2] = [&group, &node];
        let (begun, begins, kept, marked, forgotten, taken_out, deleted, noted, told, committed) = tokio::join!(
            client.batch_execute(BEGIN),
            client.query_opt(&self.begin_at, &place),
            client.execute(&self.keep_sent, &place),
            client.execute(&self.keep_marks, &place),
            client.execute(&self.forget_mentions, &place),
            self.take_out.messages(client, &messages),
            client.execute(&self.delete, &place),
            // Their numbers are never used again, also when nothing is left.
            client.execute(&self.note_last, &last),
            client.execute(&self.tell, &to_tell),
            client.batch_execute("COMMIT"),
        );
        // The first that failed is the cause, and the others only say that there was one.
        let begins = begun.and(begins).and_then(|begins| {
            kept.and(marked).and(forgotten).and(taken_out).and(deleted).and(noted).and(told)?;
            committed?;
            Ok(begins)
        })?;
        let Some(begins) = begins else { return Ok(None) };
        Ok(Some(slice.cut(Seq(column(&begins, 0, "groups", "first_seq")?))))
    }
}
