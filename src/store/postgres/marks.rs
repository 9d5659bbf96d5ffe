//! Read marks.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::node::Node;
use super::{PostgresStore, numbers, unread};
use crate::model::{GroupId, ReadMark, Seq, UserId};
use crate::store::row::MARKED_MESSAGES_MAX;
use crate::store::{Asked, Marks, StoreResult, Swept};

/// Each membership is looked up by its key, however many there are: without good statistics the planner may find the table
/// small enough to look through it.
const BY_KEY: &str =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// A sweep gives way to whoever else changes memberships: it comes again.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '500ms'";

impl Marks for PostgresStore {
    fn mark(&self, group: GroupId, user: UserId, seq: Seq) -> Asked<'_, Option<ReadMark>> {
        self.ask_together(&self.marks, (group, user, seq), |client, asked| Box::pin(mark_all(client, asked)))
    }

    fn sweep(&self) -> Asked<'_, Swept> {
        let node = self.node.clone();
        self.ask(move |client| Box::pin(async move { sweep(client, node.as_deref()).await }))
    }
}

/// Of several marks of one member the farthest holds. Rows are locked in one order always, so that this and a sweep wait
/// for each other one way round.
fn mark_sql() -> String {
    format!(
        "WITH found AS MATERIALIZED (
             SELECT asked.position, m.group_id, m.user_id, h.head,
                    greatest(m.read_seq, {}) AS before,
                    max(least(asked.seq, h.head)) OVER (PARTITION BY m.group_id, m.user_id) AS wanted
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
                 AS asked (group_id, user_id, seq, position)
             CROSS JOIN LATERAL (SELECT group_id, user_id, read_seq FROM group_memberships
                                 WHERE group_id = asked.group_id AND user_id = asked.user_id LIMIT 1) m
             CROSS JOIN LATERAL (SELECT {} AS head OFFSET 0) h
         ), behind AS MATERIALIZED (
             SELECT member.group_id, member.user_id, far.wanted
             FROM (SELECT DISTINCT group_id, user_id, wanted FROM found WHERE wanted > before
                   ORDER BY group_id, user_id) far
             CROSS JOIN LATERAL (
                 SELECT group_id, user_id FROM group_memberships
                 WHERE group_id = far.group_id AND user_id = far.user_id LIMIT 1 FOR NO KEY UPDATE) member
         ), moved AS (
             UPDATE group_memberships member SET read_seq = behind.wanted FROM behind
             WHERE member.group_id = behind.group_id AND member.user_id = behind.user_id
               AND member.read_seq < behind.wanted
         )
         SELECT position, mark, mark > before, {}
         FROM (SELECT *, greatest(before, wanted) AS mark FROM found OFFSET 0) found ORDER BY position",
        unread::sent_sql("m.group_id", "m.user_id"),
        numbers::head_sql("m.group_id"),
        unread::columns("found.group_id", "found.user_id", "found.mark", "found.head"),
    )
}

async fn mark_all(
    client: &mut Client,
    asked: Vec<(GroupId, UserId, Seq)>,
) -> StoreResult<Vec<StoreResult<Option<ReadMark>>>> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(BY_KEY).await?;
    let mark = transaction.prepare_cached(&mark_sql()).await?;
    let groups: Vec<i64> = asked.iter().map(|(group, ..)| group.0).collect();
    let users: Vec<i64> = asked.iter().map(|(_, user, _)| user.0).collect();
    let seqs: Vec<i64> = asked.iter().map(|(.., seq)| seq.0).collect();
    let rows = transaction.query(&mark, &[&groups, &users, &seqs]).await?;
    transaction.commit().await?;
    let mut answers: Vec<_> = asked.iter().map(|_| Ok(None)).collect();
    for row in &rows {
        let position: i64 = column(row, 0, "group_memberships", "read_seq")?;
        if let Some(answer) = usize::try_from(position - 1).ok().and_then(|place| answers.get_mut(place)) {
            *answer = from_row(row).map(Some);
        }
    }
    Ok(answers)
}

fn from_row(row: &Row) -> StoreResult<ReadMark> {
    Ok(ReadMark {
        seq: Seq(column(row, 1, "group_memberships", "read_seq")?),
        has_moved: column(row, 2, "group_memberships", "read_seq")?,
        unread: unread::from_row(row, 3)?,
    })
}

/// `$1` is the message after which those come that are looked at, `$2` the last of them. They are read in the order of their
/// numbers first, for in that of their groups the planner would read all messages there are.
const SWEEP: &str = "WITH slice AS MATERIALIZED (
         SELECT group_id, user_id, seq FROM messages WHERE id > $1 AND id <= $2 ORDER BY id
     ), sent AS MATERIALIZED (
         SELECT group_id, user_id, max(seq) AS seq FROM slice GROUP BY group_id, user_id ORDER BY group_id, user_id
     ), behind AS MATERIALIZED (
         SELECT member.group_id, member.user_id, sent.seq
         FROM sent CROSS JOIN LATERAL (
             SELECT group_id, user_id FROM group_memberships
             WHERE group_id = sent.group_id AND user_id = sent.user_id AND read_seq < sent.seq
             LIMIT 1 FOR NO KEY UPDATE) member
     ), moved AS (
         UPDATE group_memberships member SET read_seq = behind.seq FROM behind
         WHERE member.group_id = behind.group_id AND member.user_id = behind.user_id AND member.read_seq < behind.seq
     )
     UPDATE server SET marked_id = $2 WHERE marked_id < $2";

/// Held by the one of several nodes that sweeps: "groupswe" in ASCII.
const SWEEP_LOCK: i64 = 0x6772_6f75_7073_7765;

/// See [`Marks::sweep`]. Where one session stores all messages they become visible in the order of their numbers; of
/// several nodes those are left for later of which some may still come.
async fn sweep(client: &mut Client, node: Option<&Node>) -> StoreResult<Swept> {
    let settled = match node {
        Some(node) => node.settled.look(client).await?.0,
        None => i64::MAX,
    };
    let look = client
        .prepare_cached(
            "SELECT marked_id, last.id, last.count FROM server, LATERAL (
                 SELECT max(id) AS id, count(*) AS count
                 FROM (SELECT id FROM messages WHERE id > marked_id AND id <= $2 ORDER BY id LIMIT $1) newer) last",
        )
        .await?;
    let row = client.query_one(&look, &[&MARKED_MESSAGES_MAX, &settled]).await?;
    let after: i64 = column(&row, 0, "server", "marked_id")?;
    let Some(upto) = column::<Option<i64>>(&row, 1, "messages", "id")? else { return Ok(Swept::All) };
    let transaction = client.transaction().await?;
    if node.is_some() {
        let lock = transaction.prepare_cached("SELECT pg_try_advisory_xact_lock($1)").await?;
        let row = transaction.query_one(&lock, &[&SWEEP_LOCK]).await?;
        if !column(&row, 0, "server", "marked_id")? {
            return Ok(Swept::All);
        }
    }
    transaction.batch_execute(BY_KEY).await?;
    transaction.batch_execute(LOCK_TIMEOUT).await?;
    let sweep = transaction.prepare_cached(SWEEP).await?;
    transaction.execute(&sweep, &[&after, &upto]).await?;
    transaction.commit().await?;
    let count: i64 = column(&row, 2, "messages", "id")?;
    Ok(if count < MARKED_MESSAGES_MAX { Swept::All } else { Swept::Part })
}
