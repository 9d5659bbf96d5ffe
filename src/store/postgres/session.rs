//! The one session that owns the database, or a node's share of it, and stores messages.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Statement};

use super::connect::{Connection, SESSION_SETTINGS, Target};
use super::error::{is_duplicate, unavailable};
use super::ownership::Share;
use super::{
    batches, changes, copy, import, joining, mentioned, messages, migrations, numbers, ownership,
    search_index, slices, targets,
};
use crate::model::{Change, GroupId, Message, NodeId};
use crate::store::slice::Slice;
use crate::store::{
    self, Begun, Cut, Joining, Known, LogBatch, MentionQuestion, Mentioned, PlainBatch, Sent, SentKey,
    StoreResult, TargetQuestion,
};

/// What the database itself ends, a little before the writer gives up on the connection. All that is asked here is
/// looked up by its key: without good statistics the planner may find a table small enough to look through it.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s';
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;";

/// The same of a node, which others wait for. Each question of a statement is to see what is committed by then.
const NODE_SETTINGS: &str = "SET default_transaction_isolation = 'read committed';
     SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '1s';
     SET tcp_user_timeout = '30s';
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;";

/// How long an orderly goodbye may take.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes handed to the connection at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A connection that owns the database, which takes that back when it ends.
pub(super) struct Session {
    client: Client,
    connection: AbortHandle,
    copy: Statement,
    find_sent: Statement,
    targets: Statement,
    members: mentioned::Statements,
    changes: changes::Statements,
    slices: slices::Statements,
    /// Of a node.
    batches: Option<(NodeId, batches::Statements)>,
}

impl Session {
    /// Takes ownership of the database and brings its tables up to date. Returns the owner's name with it.
    pub(super) async fn open(
        target: &Target,
        joining: Option<Joining>,
    ) -> StoreResult<(Self, Connection, String)> {
        match joining {
            Some(joining) => Self::join(target, joining).await,
            None => Self::own(target).await,
        }
    }

    async fn join(target: &Target, joining: Joining) -> StoreResult<(Self, Connection, String)> {
        let share = Share::Of(joining.carrier);
        let (mut client, connection) = ownership::take_patiently(target, share).await?;
        let owner = joining::start(&mut client, target, joining.node).await?;
        ownership::started(&client).await?;
        let session = Self::prepare(client, &connection, Some(joining.node)).await?;
        Ok((session, connection, owner))
    }

    async fn own(target: &Target) -> StoreResult<(Self, Connection, String)> {
        let (mut client, connection) = ownership::take_patiently(target, Share::All).await?;
        migrations::run(&mut client).await?;
        import::check_complete(&client, target).await?;
        search_index::prepare(&client).await?;
        client.batch_execute(SESSION_SETTINGS).await?;
        client.batch_execute(joining::FORGET).await?;
        let row = client
            .query_one("UPDATE server SET owner = gen_random_uuid()::text RETURNING owner", &[])
            .await?;
        let owner = row.try_get(0)?;
        let session = Self::prepare(client, &connection, None).await?;
        Ok((session, connection, owner))
    }

    /// Takes ownership, or a share of it, back after the connection was lost. Fails if another server was the owner
    /// meanwhile, which other nodes are not: what this one knows no longer fits.
    pub(super) async fn resume(
        target: &Target,
        owner: &str,
        joining: Option<Joining>,
    ) -> StoreResult<(Self, Connection)> {
        let share = joining.map_or(Share::All, |joining| Share::Of(joining.carrier));
        let (client, connection) = ownership::take(target, share).await?;
        let row = client.query_one("SELECT owner IS NOT DISTINCT FROM $1 FROM server", &[&owner]).await?;
        if !row.try_get::<_, bool>(0)? {
            return Err(unavailable(format!(
                "another server has used {} meanwhile; this one must be started anew",
                target.place
            )));
        }
        Ok((Self::prepare(client, &connection, joining.map(|joining| joining.node)).await?, connection))
    }

    async fn prepare(client: Client, connection: &Connection, node: Option<NodeId>) -> StoreResult<Self> {
        client.batch_execute(SESSION_SETTINGS).await?;
        client.batch_execute(if node.is_some() { NODE_SETTINGS } else { SETTINGS }).await?;
        let batches = match node {
            Some(node) => Some((node, batches::Statements::prepare(&client).await?)),
            None => None,
        };
        let (copy, find_sent, targets, members, changes, slices) = tokio::try_join!(
            client.prepare(copy::STATEMENT),
            client.prepare(numbers::FIND_SENT),
            client.prepare(targets::QUESTION),
            mentioned::Statements::prepare(&client),
            changes::Statements::prepare(&client),
            slices::Statements::prepare(&client),
        )?;
        let connection = connection.abort_handle();
        Ok(Self { client, connection, copy, find_sent, targets, members, changes, slices, batches })
    }

    /// Closes the socket now, whatever it waits for: ownership can only be had again once it is.
    pub(super) fn end(&self) {
        self.connection.abort();
    }

    /// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
    pub(super) async fn find_sent(&self, keys: &[SentKey]) -> StoreResult<Vec<Option<Sent>>> {
        numbers::find_sent(&self.client, &self.find_sent, keys).await
    }

    /// See [`MessageLog::targets`](crate::store::MessageLog::targets).
    pub(super) async fn targets(
        &self,
        questions: &[TargetQuestion],
    ) -> StoreResult<Vec<Option<store::Target>>> {
        targets::of(&self.client, &self.targets, questions).await
    }

    /// See [`MessageLog::mentioned`](crate::store::MessageLog::mentioned).
    pub(super) async fn mentioned(&self, questions: &[MentionQuestion]) -> StoreResult<Vec<Mentioned>> {
        self.members.find(&self.client, questions).await
    }

    /// See [`Retention::cut`](crate::store::Retention::cut).
    pub(super) async fn cut(&self, slice: &Slice) -> StoreResult<Option<Cut>> {
        let node = self.batches.as_ref().map(|(node, _)| *node);
        self.slices.cut(&self.client, node, slice).await
    }

    /// See [`SharedLog::store_plain`](crate::store::SharedLog::store_plain).
    pub(super) async fn store_plain(&self, batch: &PlainBatch) -> StoreResult<Option<Vec<Sent>>> {
        let (node, batches) = self.batches()?;
        batches.store_plain(&self.client, node, batch).await
    }

    /// See [`SharedLog::begin`](crate::store::SharedLog::begin). The transaction is open afterwards if this is current.
    pub(super) async fn begin(
        &self,
        groups: &[GroupId],
        messages: usize,
        known: &Known,
    ) -> StoreResult<Begun> {
        let (node, batches) = self.batches()?;
        let begun = batches.begin(&self.client, node, groups, messages, known).await;
        if !matches!(begun, Ok(Begun { is_current: true, .. })) {
            self.roll_back().await;
        }
        begun
    }

    /// See [`SharedLog::commit`](crate::store::SharedLog::commit), in the transaction that is open.
    pub(super) async fn commit(&self, serial: i64, batch: &LogBatch) -> StoreResult<()> {
        let (node, batches) = self.batches()?;
        Ok(batches.commit(&self.client, &self.changes, node, serial, batch).await?)
    }

    /// Whether this batch of the node is stored.
    pub(super) async fn is_batch_stored(&self, serial: i64, batch: &LogBatch) -> StoreResult<bool> {
        let (node, batches) = self.batches()?;
        batches.is_stored(&self.client, node, serial, batch).await
    }

    /// Gives up the transaction that may be open.
    pub(super) async fn roll_back(&self) {
        if self.client.batch_execute("ROLLBACK").await.is_err() {
            // Nobody is to ask anything in what may be left of it.
            self.end();
        }
    }

    fn batches(&self) -> StoreResult<(NodeId, &batches::Statements)> {
        let batches = self.batches.as_ref().map(|(node, batches)| (*node, batches));
        batches.ok_or_else(|| unavailable("no other node has the database"))
    }

    /// Whether nothing more can be asked.
    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// See [`MessageLog::append`](crate::store::MessageLog::append).
    pub(super) async fn append(&self, batch: &LogBatch) -> StoreResult<()> {
        let stored = match (&*batch.messages, &*batch.changes) {
            ([], [_, ..]) => self.make(&batch.changes).await,
            (messages, changes) => self.copy_in(messages, changes).await,
        };
        match stored {
            Err(error) if is_duplicate(&error) => {
                if self.is_stored(batch).await? {
                    Ok(())
                } else {
                    Err(error.into())
                }
            }
            stored => Ok(stored?),
        }
    }

    async fn is_stored(&self, batch: &LogBatch) -> StoreResult<bool> {
        Ok(messages::are_stored(&self.client, &batch.messages).await?
            && changes::are_stored(&self.client, &batch.changes).await?)
    }

    /// Stores changes in one transaction, said in one go as in [`copy_in`](Self::copy_in).
    async fn make(&self, changes: &[Change]) -> Result<(), tokio_postgres::Error> {
        let (begun, made, committed) = tokio::join!(
            self.client.batch_execute("BEGIN"),
            self.changes.make(&self.client, changes),
            self.client.batch_execute("COMMIT"),
        );
        begun.and(made).and(committed)
    }

    /// Stores the batch in one transaction. Its frame travels with the data instead of waiting for answers: a
    /// COMMIT after a COPY that failed ends the transaction without storing anything.
    async fn copy_in(&self, messages: &[Message], changes: &[Change]) -> Result<(), tokio_postgres::Error> {
        let mut data = BytesMut::with_capacity(copy::encoded_bytes(messages));
        copy::encode(messages, &mut data);
        let mut data = data.freeze();
        let (begun, sink) =
            tokio::join!(self.client.batch_execute("BEGIN"), self.client.copy_in::<_, Bytes>(&self.copy));
        begun?;
        match sink {
            Ok(sink) => {
                let mut sink = pin!(sink);
                let copying = async {
                    while !data.is_empty() {
                        sink.feed(data.split_to(CHUNK_BYTES.min(data.len()))).await?;
                    }
                    sink.finish().await.map(drop)
                };
                let making = self.changes.make(&self.client, changes);
                let noting = self.changes.note_mentions(&self.client, messages);
                let (copied, noted, made, committed) =
                    tokio::join!(copying, noting, making, self.client.batch_execute("COMMIT"));
                copied.and(noted).and(made).and(committed)
            }
            Err(error) => self.client.batch_execute("ROLLBACK").await.and(Err(error)),
        }
    }

    /// Gives up ownership and ends the connection.
    pub(super) async fn release(self: Arc<Self>, connection: Connection) {
        // Unlocked here rather than by the end of the connection, which the database may notice later.
        let goodbye = async move {
            if let Some((node, _)) = &self.batches {
                joining::leave(&self.client, *node).await;
            }
            ownership::release(&self.client).await;
            drop(self);
            _ = connection.await;
        };
        _ = timeout(RELEASE_TIMEOUT, goodbye).await;
    }
}
