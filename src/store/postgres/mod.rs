//! The store for production: a pool of connections for requests, and one connection of its own for the
//! messages.
//!
//! The pool runs on a small runtime of the store, and the connection for messages on the writer's thread, so that no
//! thread that serves sockets ever waits for, or parses, what the database says.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper as Client, Object, Pool};
use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

mod accounts;
mod admins;
mod annotations;
mod batches;
mod beside;
mod certificates;
mod changes;
mod columns;
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
mod heard;
mod import;
mod indexer;
mod instant;
mod joining;
mod keeper;
mod keys;
mod log;
mod marks;
mod members;
mod mentioned;
mod mentions;
mod messages;
mod migrations;
mod moderation;
mod news;
mod node;
mod notices;
mod numbers;
mod open_batch;
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
mod settled;
mod shared_log;
mod slices;
mod standing;
mod targets;
mod unread;
mod users;
mod writer;

use connect::Target;
use error::unavailable;
use keeper::Keeper;
use node::Node;
use writer::Writer;

use super::indexing::Load;
use super::together::{self, Together};
use super::transfer::{Import, Snapshot};
use super::{
    Asked, Beginning, Join, Joining, Lifecycle, Opened, OpenedNode, Search, SearchIndex, SearchPage, Store,
    StoreResult, Upgrade, writer_thread,
};
use crate::model::{
    ApiKey, Digest, GroupId, NodeId, ReadMark, Seq, Session, SessionId, Standing, Timestamp, User, UserId,
};

/// Threads of the pool's runtime.
const RUNTIME_THREADS: usize = 2;

/// How long a question may take once it has a connection.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a change may take that touches all messages of a user or a group.
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
    /// `None` unless other nodes use the database too.
    node: Option<Arc<Node>>,
    /// The questions under way.
    questions: TaskTracker,
    load: Arc<Load>,
    /// What runs beside the questions ends with whoever could ask.
    closing: DropGuard,
    users_by_name: Arc<Together<String, Option<User>>>,
    joins: Arc<Together<(GroupId, UserId, Timestamp), Join>>,
    standings: Arc<Together<(GroupId, UserId), Standing>>,
    marks: Arc<Together<(GroupId, UserId, Seq), Option<ReadMark>>>,
    sessions: Arc<Together<SessionId, Option<Session>>>,
    keys: Arc<Together<Digest, Option<ApiKey>>>,
}

/// Opens the database of `url`, see [`open`](super::open).
pub(super) async fn open(url: &str, connections: usize) -> StoreResult<Opened> {
    let (backend, writer) = open_as(url, connections, None).await?;
    Ok(Opened { store: Store::new(backend), writer })
}

async fn open_as(
    url: &str,
    connections: usize,
    joining: Option<Joining>,
) -> StoreResult<(Arc<PostgresStore>, Handle)> {
    let target = Target::parse(url)?;
    let pool = pool::build(&target, connections, joining.is_some())?;
    let place = target.clone();
    let (writer, thread) =
        writer_thread::start(async move |opening| match Keeper::open(target, joining).await {
            Ok((writer, keeper)) => {
                _ = opening.send(Ok(writer));
                keeper.run().await;
            }
            Err(error) => _ = opening.send(Err(error)),
        })
        .await?;
    let node = joining.map(|joining| Arc::new(Node::new(joining)));
    let backend = Arc::new(PostgresStore::new(pool, Some(writer), node)?);
    backend.index();
    backend.listen(place);
    Ok((backend, thread))
}

/// Opens the database of `url` for one of several nodes, see [`open_node`](super::open_node).
pub(super) async fn open_node(url: &str, connections: usize, joining: Joining) -> StoreResult<OpenedNode> {
    let (backend, writer) = open_as(url, connections, Some(joining)).await?;
    let notifications = Arc::<PostgresStore>::clone(&backend);
    let shared = Arc::<PostgresStore>::clone(&backend);
    Ok(OpenedNode { opened: Opened { store: Store::new(backend), writer }, shared, notifications })
}

/// Opens the database of `url` for an operator's command, see [`open_beside`](super::open_beside).
pub(super) async fn open_beside(url: &str) -> StoreResult<Store> {
    let target = Target::parse(url)?;
    let pool = pool::build(&target, CONNECTIONS_BESIDE, false)?;
    beside::check(&target).await?;
    Ok(Store::new(Arc::new(PostgresStore::new(pool, None, None)?)))
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
    fn new(pool: Pool, writer: Option<Writer>, node: Option<Arc<Node>>) -> StoreResult<Self> {
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
            node,
            questions: TaskTracker::new(),
            load: Arc::default(),
            closing: CancellationToken::new().drop_guard(),
            users_by_name: Arc::new(Together::new()),
            joins: Arc::new(Together::new()),
            standings: Arc::new(Together::new()),
            marks: Arc::new(Together::new()),
            sessions: Arc::new(Together::new()),
            keys: Arc::new(Together::new()),
        })
    }

    /// Runs something beside what is asked, until the store is closed.
    fn until_closed(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            let work = self.closing.token().clone().run_until_cancelled_owned(work);
            self.questions.spawn_on(work, runtime.handle());
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.token().is_cancelled()
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

    /// The same of a change that may be a notice for other nodes: it gets the node for which it writes such.
    fn change<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Client, Option<NodeId>) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        self.change_within(QUESTION_TIMEOUT, question)
    }

    fn change_within<T, F>(&self, time_max: Duration, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Client, Option<NodeId>) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        let (node, pool) = (self.node.clone(), self.pool.clone());
        self.run(async move {
            let id = node.as_ref().map(|node| node.id);
            let changed = ask_pool(pool, time_max, move |client| question(client, id)).await;
            if let Some(node) = node {
                node.noticed.notify_one();
            }
            changed
        })
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
            // Nodes deliver nothing before it is stored.
            Ok(_) if self.node.is_some() => return Box::pin(async { Ok(()) }),
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
            self.closing.token().cancel();
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
