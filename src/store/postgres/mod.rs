//! The store for production: a pool of connections for requests, and one connection of its own for the
//! messages.
//!
//! The pool runs on a small runtime of the store, and the connection for messages on the writer's thread, so that no
//! thread that serves sockets ever waits for, or parses, what the database says.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper as Client, Object, Pool};
use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

mod accounts;
mod admins;
mod annotations;
mod beside;
mod certificates;
mod changes;
mod connect;
pub mod copy;
mod credentials;
mod deletion;
mod directory;
mod encryption;
mod entries;
mod epoch;
mod erasure;
mod error;
mod export;
mod extents;
mod facts;
mod groups;
mod import;
mod instant;
mod keys;
mod log;
mod marks;
mod members;
mod mentioned;
mod mentions;
mod messages;
mod migrations;
mod moderation;
mod numbers;
mod outside;
mod overview;
mod own_groups;
mod ownership;
mod pool;
mod pooler;
mod private;
mod record;
mod retention;
mod sanctions;
mod search;
mod search_index;
mod session;
mod sessions;
mod slices;
mod standing;
mod targets;
mod unread;
mod users;
mod writer;

use connect::Target;
use error::unavailable;
use writer::{Keeper, Writer};

use super::indexing::{self, Load};
use super::together::{self, Together};
use super::transfer::{Import, Snapshot};
use super::{
    Asked, Beginning, Join, Joining, Lifecycle, Opened, OpenedNode, Search, SearchIndex, SearchPage, Store, StoreResult, Upgrade,
    writer_thread,
};
use crate::model::{
    ApiKey, Digest, GroupId, ReadMark, Seq, Session, SessionId, Standing, Timestamp, User, UserId,
};

/// Threads of the pool's runtime.
const RUNTIME_THREADS: usize = 2;

/// How long a question may take once it has a connection.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one may take that touches all messages of a user or a group.
const LONG_QUESTION_TIMEOUT: Duration = Duration::from_secs(600);

/// Connections of an operator's command.
const CONNECTIONS_BESIDE: usize = 2;

/// Checks a connection URL, see [`check`](super::check).
pub(super) fn check(url: &str) -> StoreResult<()> {
    Target::parse(url).map(drop)
}

/// A store in a Postgres database.
struct PostgresStore {
    /// `None` only while being dropped.
    runtime: Option<Runtime>,
    pool: Pool,
    /// `None` beside a server.
    writer: Option<Writer>,
    /// The questions under way.
    questions: TaskTracker,
    load: Arc<Load>,
    /// Indexing ends with whoever could ask.
    indexing: DropGuard,
    users_by_name: Arc<Together<String, Option<User>>>,
    joins: Arc<Together<(GroupId, UserId, Timestamp), Join>>,
    standings: Arc<Together<(GroupId, UserId), Standing>>,
    marks: Arc<Together<(GroupId, UserId, Seq), Option<ReadMark>>>,
    sessions: Arc<Together<SessionId, Option<Session>>>,
    keys: Arc<Together<Digest, Option<ApiKey>>>,
}

/// Opens the database of `url`, see [`open`](super::open).
pub(super) async fn open(url: &str, connections: usize) -> StoreResult<Opened> {
    let target = Target::parse(url)?;
    let pool = pool::build(&target, connections)?;
    let (writer, thread) = writer_thread::start(async move |opening| match Keeper::open(target).await {
        Ok((writer, keeper)) => {
            _ = opening.send(Ok(writer));
            keeper.run().await;
        }
        Err(error) => _ = opening.send(Err(error)),
    })
    .await?;
    let backend = PostgresStore::new(pool, Some(writer))?;
    backend.index();
    Ok(Opened { store: Store::new(Arc::new(backend)), writer: thread })
}

/// Opens the database of `url` for one of several nodes, see [`open_node`](super::open_node).
pub(super) async fn open_node(url: &str, connections: usize, joining: Joining) -> StoreResult<OpenedNode> {
    let _ = (url, connections, joining);
    Err(unavailable("not there yet"))
}

/// Opens the database of `url` for an operator's command, see [`open_beside`](super::open_beside).
pub(super) async fn open_beside(url: &str) -> StoreResult<Store> {
    let target = Target::parse(url)?;
    let pool = pool::build(&target, CONNECTIONS_BESIDE)?;
    beside::check(&target).await?;
    Ok(Store::new(Arc::new(PostgresStore::new(pool, None)?)))
}

/// See [`lacks`](super::lacks).
pub(super) async fn lacks(url: &str) -> StoreResult<Upgrade> {
    beside::lacks(&Target::parse(url)?).await
}

/// See [`migrate`](super::migrate).
pub(super) async fn migrate(url: &str) -> StoreResult<Upgrade> {
    beside::migrate(&Target::parse(url)?).await
}

/// See [`snapshot`](super::snapshot).
pub(super) async fn snapshot(url: &str) -> StoreResult<Snapshot> {
    export::snapshot(Target::parse(url)?).await
}

/// See [`open_import`](super::open_import).
pub(super) async fn open_import(url: &str) -> StoreResult<Box<dyn Import>> {
    Ok(Box::new(import::open(&Target::parse(url)?).await?))
}

impl PostgresStore {
    fn new(pool: Pool, writer: Option<Writer>) -> StoreResult<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("store-postgres")
            .enable_all()
            .build()
            .map_err(unavailable)?;
        Ok(Self {
            runtime: Some(runtime),
            pool,
            writer,
            questions: TaskTracker::new(),
            load: Arc::default(),
            indexing: CancellationToken::new().drop_guard(),
            users_by_name: Arc::new(Together::new()),
            joins: Arc::new(Together::new()),
            standings: Arc::new(Together::new()),
            marks: Arc::new(Together::new()),
            sessions: Arc::new(Together::new()),
            keys: Arc::new(Together::new()),
        })
    }

    /// Has messages indexed, until the store is closed.
    fn index(&self) {
        let (pool, load) = (self.pool.clone(), Arc::clone(&self.load));
        let ended = self.indexing.token().clone();
        let slice = move || -> Asked<'static, _> {
            let slice =
                ask_pool(pool.clone(), QUESTION_TIMEOUT, |client| Box::pin(search_index::slice(client)));
            Box::pin(slice)
        };
        if let Some(runtime) = &self.runtime {
            let all = ended.run_until_cancelled_owned(indexing::run(load, slice));
            self.questions.spawn_on(all, runtime.handle());
        }
    }

    /// Has a pooled connection answer `question`. If the caller goes away the question is still brought to
    /// its end, so no connection returns to the pool in the middle of a transaction.
    fn ask<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        self.run(ask_pool(self.pool.clone(), QUESTION_TIMEOUT, question))
    }

    /// The same of what touches all messages of a user or a group.
    fn ask_at_length<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        self.run(ask_pool(self.pool.clone(), LONG_QUESTION_TIMEOUT, question))
    }

    /// The way to the session that stores messages.
    fn writer(&self) -> StoreResult<&Writer> {
        self.writer.as_ref().ok_or_else(|| unavailable("messages are stored by the server beside this"))
    }

    /// Asks a question together with all of its kind that come while others are asked, see [`Together`].
    fn ask_together<'a, K, V, F>(&'a self, together: &'a Arc<Together<K, V>>, key: K, ask: F) -> Asked<'a, V>
    where
        K: Send + 'static,
        V: Send + 'static,
        F: for<'c> Fn(&'c mut Client, Vec<K>) -> BoxFuture<'c, StoreResult<Vec<StoreResult<V>>>>
            + Send
            + Sync
            + Copy
            + 'static,
    {
        Box::pin(async move {
            let runtime = self.runtime.as_ref().ok_or_else(|| unavailable("the store is closed"))?;
            let (answered, has_to_ask) = together.add(key);
            if has_to_ask {
                let (together, pool) = (Arc::clone(together), self.pool.clone());
                let asking = async move {
                    while let Some((keys, answers)) = together.take() {
                        let answered =
                            ask_pool(pool.clone(), QUESTION_TIMEOUT, move |client| ask(client, keys)).await;
                        together::settle(answers, answered);
                    }
                };
                self.questions.spawn_on(asking, runtime.handle());
            }
            answered.await.map_err(unavailable)?
        })
    }

    fn run<T, F>(&self, work: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send + 'static,
    {
        Box::pin(async move {
            let runtime = self.runtime.as_ref().ok_or_else(|| unavailable("the store is closed"))?;
            let task = self.questions.spawn_on(work, runtime.handle());
            task.await.map_err(unavailable)?
        })
    }
}

/// Has a connection of the pool answer `question`.
async fn ask_pool<T, F>(pool: Pool, time_max: Duration, question: F) -> StoreResult<T>
where
    F: for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, StoreResult<T>> + Send,
{
    let mut client = pool.get().await.map_err(error::from_pool)?;
    let answer = timeout(time_max, question(&mut client)).await;
    answer.unwrap_or_else(|_| {
        // Whatever it still does, nobody else shall wait behind it.
        drop(Object::take(client));
        Err(unavailable("the database has not answered in time"))
    })
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Waiting for the threads, as a plain drop does, is forbidden on a thread that runs futures.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Lifecycle for PostgresStore {
    fn epoch(&self) -> Asked<'_, String> {
        self.ask(|client| Box::pin(epoch::read(client)))
    }

    fn begin(&self, beginning: Beginning) -> Asked<'_, bool> {
        self.ask(move |client| Box::pin(epoch::begin(client, beginning)))
    }

    fn settle(&self) -> Asked<'_, ()> {
        let owner = match self.writer() {
            Ok(writer) => writer.owner(),
            Err(error) => return Box::pin(async { Err(error) }),
        };
        self.ask(move |client| Box::pin(async move { epoch::settle(client, &owner).await }))
    }

    fn ping(&self) -> Asked<'_, ()> {
        if self.writer.as_ref().is_some_and(|writer| !writer.is_connected()) {
            return Box::pin(async { Err(unavailable("the connection that stores messages is away")) });
        }
        self.ask(|client| Box::pin(async move { client.batch_execute("SELECT 1").await.map_err(Into::into) }))
    }

    fn close(&self) -> Asked<'_, ()> {
        Box::pin(async move {
            self.indexing.token().cancel();
            if let Some(writer) = &self.writer {
                writer.close().await;
            }
            self.questions.close();
            self.questions.wait().await;
            self.pool.close();
            Ok(())
        })
    }
}

impl SearchIndex for PostgresStore {
    fn search(&self, search: Search) -> Asked<'_, SearchPage> {
        self.ask(move |client| Box::pin(search::search(client, search)))
    }
}
