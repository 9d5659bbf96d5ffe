//! The one session that owns the database and stores messages.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Client, Statement};

use super::connect::{SESSION_SETTINGS, Target};
use super::error::{is_duplicate, unavailable};
use super::{changes, copy, mentioned, messages, migrations, numbers, search_index, slices, targets};
use crate::model::{Change, Message};
use crate::store::slice::Slice;
use crate::store::{
    self, Cut, LogBatch, MentionQuestion, Mentioned, Sent, SentKey, StoreError, StoreResult, TargetQuestion,
};

/// The advisory lock that the owner of a database holds: "groupcas" in ASCII.
pub(super) const OWNER_LOCK: i64 = 0x6772_6f75_7063_6173;

/// What the database itself ends, a little before the writer gives up on the connection. All that is asked here is
/// looked up by its key: without good statistics the planner may find a table small enough to look through it.
const SETTINGS: &str = "SET statement_timeout = '25s'; SET idle_in_transaction_session_timeout = '25s';
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;";

/// How long it may take to connect and to take ownership.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a starting server waits for the lock: the database may take a moment to notice that a predecessor
/// was killed.
const OWNED_TIMEOUT: Duration = Duration::from_secs(3);

/// How often it tries.
const OWNED_RETRY: Duration = Duration::from_millis(50);

/// How long an orderly goodbye may take.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes handed to the connection at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A connection that holds [`OWNER_LOCK`]. The database takes the lock back when it ends.
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

/// The task of a session's connection, which ends when that does.
pub(super) type Connection = JoinHandle<()>;

impl Session {
    /// Takes ownership of the database and brings its tables up to date. Returns the owner's name with it.
    pub(super) async fn open(target: &Target) -> StoreResult<(Self, Connection, String)> {
        let deadline = Instant::now() + OWNED_TIMEOUT;
        let (mut client, connection) = loop {
            match connect(target).await {
                Err(StoreError::Owned(_)) if Instant::now() < deadline => sleep(OWNED_RETRY).await,
                settled => break settled?,
            }
        };
        migrations::run(&mut client).await?;
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
        let (client, connection) = connect(target).await?;
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
            _ = self.client.execute("SELECT pg_advisory_unlock($1)", &[&OWNER_LOCK]).await;
            drop(self);
            _ = connection.await;
        };
        _ = timeout(RELEASE_TIMEOUT, goodbye).await;
    }
}

/// Connects and takes the lock.
async fn connect(target: &Target) -> StoreResult<(Client, JoinHandle<()>)> {
    timeout(CONNECT_TIMEOUT, connect_and_lock(target))
        .await
        .unwrap_or_else(|_| Err(unavailable(format!("{}: no answer in time", target.place))))
}

async fn connect_and_lock(target: &Target) -> StoreResult<(Client, JoinHandle<()>)> {
    let (client, connection) = target.connect().await?;
    let row = client
        .query_one("SELECT pg_try_advisory_lock($1), current_setting('server_encoding')", &[&OWNER_LOCK])
        .await?;
    if !row.try_get::<_, bool>(0)? {
        return Err(StoreError::Owned(target.place.clone()));
    }
    let encoding: String = row.try_get(1)?;
    if encoding != "UTF8" {
        return Err(StoreError::Refused(
            format!("{} is encoded in {encoding}; UTF8 is needed", target.place).into(),
        ));
    }
    Ok((client, connection))
}
