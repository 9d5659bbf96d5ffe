//! Batches that several nodes store, each under the locks of the groups' heads.

use std::collections::BTreeMap;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::changes;
use super::columns::each;
use super::error::column;
use super::instant::Instant;
use crate::model::{GroupId, Message, MessageId, NewEntryKind, NodeId, Seq, Timestamp};
use crate::store::{Begun, Known, LogBatch, PlainBatch, Sent, StoreError, StoreResult, row};

/// The statements of a node.
pub(super) struct Statements {
    store_plain: Statement,
    begin: Statement,
    insert: Statement,
    end: Statement,
    is_stored: Statement,
}

impl Statements {
    /// Prepares them.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let (store_plain, begin, insert, end, is_stored) = tokio::try_join!(
            client.prepare("SELECT ids, seqs, times FROM store_plain($1, $2, $3, $4, $5, $6, $7, $8)"),
            client.prepare("SELECT is_current, heads, times, ids, moment FROM begin_batch($1, $2, $3, $4, $5)"),
            // Not COPY: while its data is waited for, the database does not end the transaction of a node that stopped.
            client.prepare(
                "INSERT INTO messages (id, seq, group_id, user_id, created_at, content, client_id, reply_to, thread_id,
                     mentions)
                 SELECT new.id, new.seq, new.group_id, new.user_id, new.at, new.content, new.client_id, new.reply_to,
                     new.thread_id, new.mentions::bigint[]
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[],
                     $7::text[], $8::bigint[], $9::bigint[], $10::text[])
                     AS new (id, seq, group_id, user_id, at, content, client_id, reply_to, thread_id, mentions)"
            ),
            client.prepare("SELECT end_batch($1, $2, $3, $4, $5)"),
            client.prepare("SELECT is_batch_stored($1, $2, $3)"),
        )?;
        Ok(Self { store_plain, begin, insert, end, is_stored })
    }

    /// See [`SharedLog::store_plain`](crate::store::SharedLog::store_plain). One statement that commits by itself: a node
    /// that stops once it is said holds nobody up.
    pub(super) async fn store_plain(
        &self,
        client: &Client,
        node: NodeId,
        batch: &PlainBatch,
    ) -> StoreResult<Option<Vec<Sent>>> {
        let contents = batch.messages.iter().map(|entry| match &entry.kind {
            NewEntryKind::Message { content, .. } => Ok(&**content),
            _ => Err(StoreError::Refused("no message".into())),
        });
        let contents = contents.collect::<StoreResult<Vec<&str>>>()?;
        let groups = each(&batch.messages, |entry| entry.group.id.0);
        let users = each(&batch.messages, |entry| entry.user.id.0);
        let names = each(&batch.messages, |entry| entry.client_id.as_deref());
        let known = &batch.known;
        let row = client
            .query_one(
                &self.store_plain,
                &[
                    &node.0,
                    &batch.serial,
                    &known.horizon,
                    &&known.seen[..],
                    &groups,
                    &users,
                    &contents,
                    &names,
                ],
            )
            .await?;
        let ids: Option<Vec<i64>> = column(&row, 0, "messages", "id")?;
        let Some(ids) = ids else { return Ok(None) };
        let seqs: Vec<i64> = column(&row, 1, "messages", "seq")?;
        let times = times(&row, 2)?;
        let numbers = ids.into_iter().zip(seqs).zip(times);
        let sent =
            |((id, seq), created_at)| Ok(Sent { id: row::message_id(id)?, seq: row::seq(seq)?, created_at });
        numbers.map(sent).collect::<StoreResult<_>>().map(Some)
    }

    /// See [`SharedLog::begin`](crate::store::SharedLog::begin). The transaction stays open, also if what this finds is
    /// not current or an error.
    pub(super) async fn begin(
        &self,
        client: &Client,
        node: NodeId,
        groups: &[GroupId],
        messages: usize,
        known: &Known,
    ) -> StoreResult<Begun> {
        let groups: Vec<i64> = groups.iter().map(|group| group.0).collect();
        let messages = row::count(messages as u64);
        let question: [&(dyn ToSql + Sync); 5] =
            [&node.0, &known.horizon, &&known.seen[..], &groups, &messages];
        let (begun, row) =
            tokio::join!(client.batch_execute("BEGIN"), client.query_one(&self.begin, &question));
        begun?;
        let row = row?;
        let heads: Vec<i64> = column(&row, 1, "group_heads", "head")?;
        let ids: Vec<i64> = column(&row, 3, "messages", "id")?;
        Ok(Begun {
            heads: heads.into_iter().map(Seq).zip(times(&row, 2)?).collect(),
            ids: ids.into_iter().map(row::message_id).collect::<StoreResult<Vec<MessageId>>>()?,
            now: column::<Instant>(&row, 4, "group_heads", "last_at")?.0,
            is_current: column(&row, 0, "notices", "id")?,
        })
    }

    /// Stores a batch in the transaction that has begun, and commits it. All is said in one go: one of which a part fails
    /// ends without having done anything.
    pub(super) async fn commit(
        &self,
        client: &Client,
        changes: &changes::Statements,
        node: NodeId,
        serial: i64,
        batch: &LogBatch,
    ) -> Result<(), Error> {
        let (inserted, noted, made, ended, committed) = tokio::join!(
            self.insert(client, &batch.messages),
            changes.note_mentions(client, &batch.messages),
            changes.make(client, &batch.changes),
            self.end(client, node, serial, batch),
            client.batch_execute("COMMIT"),
        );
        // The first that failed is the cause, and the others only say that there was one.
        inserted.and(noted).and(made).and(ended).and(committed)
    }

    /// Whether a batch is stored, of which a part may still be under way.
    pub(super) async fn is_stored(
        &self,
        client: &Client,
        node: NodeId,
        serial: i64,
        batch: &LogBatch,
    ) -> StoreResult<bool> {
        let groups: Vec<i64> = tops(batch).into_keys().collect();
        let row = client.query_one(&self.is_stored, &[&node.0, &serial, &groups]).await?;
        column(&row, 0, "batches", "serial")
    }

    async fn insert(&self, client: &Client, messages: &[Message]) -> Result<(), Error> {
        if messages.is_empty() {
            return Ok(());
        }
        let columns: [&(dyn ToSql + Sync); 10] = [
            &each(messages, |message| message.id.0),
            &each(messages, |message| message.seq.0),
            &each(messages, |message| message.group.id.0),
            &each(messages, |message| message.user.id.0),
            &each(messages, |message| Instant(message.created_at)),
            &each(messages, |message| &*message.content),
            &each(messages, |message| message.client_id.as_deref()),
            &each(messages, |message| Some(message.details.as_deref()?.reply_to?.0)),
            &each(messages, |message| Some(message.details.as_deref()?.thread_id?.0)),
            &each(messages, |message| row::mentions_text(&message.details.as_deref()?.mentions, ['{', '}'])),
        ];
        client.execute(&self.insert, &columns).await.map(drop)
    }

    async fn end(&self, client: &Client, node: NodeId, serial: i64, batch: &LogBatch) -> Result<(), Error> {
        let tops = tops(batch);
        let groups: Vec<i64> = tops.keys().copied().collect();
        let heads: Vec<i64> = tops.values().map(|(seq, _)| seq.0).collect();
        let times: Vec<Instant> = tops.values().map(|(_, at)| Instant(*at)).collect();
        client.query_one(&self.end, &[&node.0, &serial, &groups, &heads, &times]).await.map(drop)
    }
}

/// Where each group of a batch ends, and the latest time there.
fn tops(batch: &LogBatch) -> BTreeMap<i64, (Seq, Timestamp)> {
    let messages = batch.messages.iter().map(|entry| (entry.group.id.0, entry.seq, entry.created_at));
    let changes = batch.changes.iter().map(|entry| (entry.group.id.0, entry.seq, entry.created_at));
    let mut tops = BTreeMap::new();
    for (group, seq, at) in messages.chain(changes) {
        let top = tops.entry(group).or_insert((seq, at));
        *top = (top.0.max(seq), top.1.max(at));
    }
    tops
}

fn times(row: &Row, index: usize) -> StoreResult<Vec<Timestamp>> {
    let times: Vec<Instant> = column(row, index, "messages", "created_at")?;
    Ok(times.into_iter().map(|at| at.0).collect())
}
