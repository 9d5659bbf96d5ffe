//! The one session that owns the database and stores messages.

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
use super::{
    changes, copy, import, mentioned, messages, migrations, numbers, ownership, search_index, slices, targets,
};
use crate::model::{Change, Message};
use crate::store::slice::Slice;
use crate::store::{
    self, Cut, LogBatch, MentionQuestion, Mentioned, Sent, SentKey, StoreResult, TargetQuestion,
};

/// What the database itself ends, a little before the writer gives up on the connection. All that is asked here is
/// looked up by its key: without good statistics the planner may find a table small enough to look through it.
const SETTINGS: &str = "SET statement_timeout = '25s'; SET idle_in_transaction_session_timeout = '25s';
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
}

impl Session {
    /// Takes ownership of the database and brings its tables up to date. Returns the owner's name with it.
    pub(super) async fn open(target: &Target) -> StoreResult<(Self, Connection, String)> {
        let (mut client, connection) = ownership::take_patiently(target).await?;
        migrations::run(&mut client).await?;
        import::check_complete(&client, target).await?;
        search_index::prepare(&client).await?;
        client.batch_execute(SESSION_SETTINGS).await?;
        client.batch_execute(SETTINGS).await?;
        let row = client
            .query_one("UPDATE server SET owner = gen_random_uuid()::text RETURNING owner", &[])
            .await?;
        let owner = row.try_get(0)?;
        let session = Self::prepare(client, &connection).await?;
        Ok((session, connection, owner))
    }

    /// Takes ownership back after the connection was lost. Fails if another server was the owner meanwhile:
    /// what this one has numbered no longer fits.
    pub(super) async fn resume(target: &Target, owner: &str) -> StoreResult<(Self, Connection)> {
        let (client, connection) = ownership::take(target).await?;
        client.batch_execute(SESSION_SETTINGS).await?;
        client.batch_execute(SETTINGS).await?;
        let row = client.query_one("SELECT owner IS NOT DISTINCT FROM $1 FROM server", &[&owner]).await?;
        if !row.try_get::<_, bool>(0)? {
            return Err(unavailable(format!(
                "another server has used {} meanwhile; this one must be started anew",
                target.place
            )));
        }
        Ok((Self::prepare(client, &connection).await?, connection))
    }

    async fn prepare(client: Client, connection: &Connection) -> StoreResult<Self> {
        let (copy, find_sent, targets, members, changes, slices) = tokio::try_join!(
            client.prepare(copy::STATEMENT),
            client.prepare(numbers::FIND_SENT),
            client.prepare(targets::QUESTION),
            mentioned::Statements::prepare(&client),
            changes::Statements::prepare(&client),
            slices::Statements::prepare(&client),
        )?;
        let connection = connection.abort_handle();
        Ok(Self { client, connection, copy, find_sent, targets, members, changes, slices })
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
        self.slices.cut(&self.client, slice).await
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
                let making = async {
                    if changes.is_empty() { Ok(()) } else { self.changes.make(&self.client, changes).await }
                };
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
            ownership::release(&self.client).await;
            drop(self);
            _ = connection.await;
        };
        _ = timeout(RELEASE_TIMEOUT, goodbye).await;
    }
}
