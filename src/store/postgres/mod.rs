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
use tokio_util::task::TaskTracker;

mod connect;
pub mod copy;
mod epoch;
mod error;
mod groups;
mod instant;
mod messages;
mod migrations;
mod pool;
mod session;
mod users;
mod writer;

use connect::Target;
use error::unavailable;
use writer::{Keeper, Writer};

use super::together::{self, Together};
use super::{
    Asked, Beginning, Directory, Join, Lifecycle, MessageFilter, MessageLog, MessagePage, Opened, Sent,
    SentKey, Store, StoreResult, Unique, writer_thread,
};
use crate::model::{Group, GroupId, Message, MessageId, NewUser, Seq, Timestamp, User, UserId};

/// Threads of the pool's runtime.
const RUNTIME_THREADS: usize = 2;

/// How long a question may take once it has a connection.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Checks a connection URL, see [`check`](super::check).
pub(super) fn check(url: &str) -> StoreResult<()> {
    Target::parse(url).map(drop)
}

/// A store in a Postgres database.
struct PostgresStore {
    /// `None` only while being dropped.
    runtime: Option<Runtime>,
    pool: Pool,
    writer: Writer,
    /// The questions under way.
    questions: TaskTracker,
    users_by_name: Arc<Together<String, Option<User>>>,
    joins: Arc<Together<(GroupId, UserId), Join>>,
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
    let runtime = Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .thread_name("store-postgres")
        .enable_all()
        .build()
        .map_err(unavailable)?;
    let backend = PostgresStore {
        runtime: Some(runtime),
        pool,
        writer,
        questions: TaskTracker::new(),
        users_by_name: Arc::new(Together::new()),
        joins: Arc::new(Together::new()),
    };
    Ok(Opened { store: Store::new(Arc::new(backend)), writer: thread })
}

impl PostgresStore {
    /// Has a pooled connection answer `question`. If the caller goes away the question is still brought to
    /// its end, so no connection returns to the pool in the middle of a transaction.
    fn ask<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        self.run(ask_pool(self.pool.clone(), question))
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
                        let answered = ask_pool(pool.clone(), move |client| ask(client, keys)).await;
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
async fn ask_pool<T, F>(pool: Pool, question: F) -> StoreResult<T>
where
    F: for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, StoreResult<T>> + Send,
{
    let mut client = pool.get().await.map_err(error::from_pool)?;
    let answer = timeout(QUESTION_TIMEOUT, question(&mut client)).await;
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

impl MessageLog for PostgresStore {
    fn messages(&self, page: MessagePage) -> Asked<'_, Vec<Message>> {
        self.ask(move |client| Box::pin(messages::page(client, page)))
    }

    fn newest(&self, filter: MessageFilter, count: u64) -> Asked<'_, MessageId> {
        self.ask(move |client| Box::pin(messages::newest(client, filter, count)))
    }

    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>> {
        self.ask(move |client| Box::pin(messages::heads(client, groups)))
    }

    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)> {
        self.ask(|client| Box::pin(messages::last(client)))
    }

    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>> {
        Box::pin(self.writer.find_sent(keys))
    }

    fn append(&self, batch: Arc<[Message]>) -> Asked<'_, ()> {
        Box::pin(self.writer.append(batch))
    }
}

impl Directory for PostgresStore {
    fn taken<'a>(&'a self, username: &'a str, email: &'a str) -> Asked<'a, Option<Unique>> {
        let (username, email) = (username.to_owned(), email.to_owned());
        self.ask(move |client| Box::pin(users::taken(client, username, email)))
    }

    fn create_user(&self, user: NewUser) -> Asked<'_, User> {
        self.ask(move |client| Box::pin(users::create(client, user)))
    }

    fn user(&self, id: UserId) -> Asked<'_, Option<User>> {
        self.ask(move |client| Box::pin(users::by_id(client, id)))
    }

    fn user_by_name<'a>(&'a self, username: &'a str) -> Asked<'a, Option<User>> {
        self.ask_together(&self.users_by_name, username.to_owned(), |client, names| {
            Box::pin(users::by_names(client, names))
        })
    }

    fn create_group<'a>(&'a self, name: &'a str, is_private: bool) -> Asked<'a, Group> {
        let name = name.to_owned();
        self.ask(move |client| Box::pin(groups::create(client, name, is_private)))
    }

    fn group(&self, id: GroupId) -> Asked<'_, Option<Group>> {
        self.ask(move |client| Box::pin(groups::by_id(client, id)))
    }

    fn group_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Group>> {
        let name = name.to_owned();
        self.ask(move |client| Box::pin(groups::by_name(client, name)))
    }

    fn groups(&self, after: GroupId, skip: u64, limit: u64) -> Asked<'_, Vec<Group>> {
        self.ask(move |client| Box::pin(groups::list(client, after, skip, limit)))
    }

    fn private_group<'a>(&'a self, one: UserId, other: UserId, name: &'a str) -> Asked<'a, Group> {
        let name = name.to_owned();
        self.ask(move |client| Box::pin(groups::private(client, one, other, name)))
    }

    fn join(&self, group: GroupId, user: UserId) -> Asked<'_, Join> {
        self.ask_together(&self.joins, (group, user), |client, asked| {
            Box::pin(groups::join_all(client, asked))
        })
    }

    fn is_member(&self, group: GroupId, user: UserId) -> Asked<'_, bool> {
        self.ask(move |client| Box::pin(groups::is_member(client, group, user)))
    }

    fn members(&self, group: GroupId, after: UserId, limit: u64) -> Asked<'_, Vec<User>> {
        self.ask(move |client| Box::pin(groups::members(client, group, after, limit)))
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
        let owner = self.writer.owner();
        self.ask(move |client| Box::pin(async move { epoch::settle(client, &owner).await }))
    }

    fn ping(&self) -> Asked<'_, ()> {
        if !self.writer.is_connected() {
            return Box::pin(async { Err(unavailable("the connection that stores messages is away")) });
        }
        self.ask(|client| Box::pin(async move { client.batch_execute("SELECT 1").await.map_err(Into::into) }))
    }

    fn close(&self) -> Asked<'_, ()> {
        Box::pin(async move {
            self.writer.close().await;
            self.questions.close();
            self.questions.wait().await;
            self.pool.close();
            Ok(())
        })
    }
}
