//! What a node asks of the log that several write.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::connect::Target;
use super::error::unavailable;
use super::heard::{self, Heard};
use super::node::Node;
use super::{PostgresStore, QUESTION_TIMEOUT, ask_pool, news};
use crate::model::GroupId;
use crate::store::{
    Asked, Begun, Known, LogBatch, News, Notifications, PlainBatch, Sent, SharedLog, StoreResult,
};

/// How long batches that are under way are waited for, and how often it is looked. One of a node that has stopped is ended
/// before that.
const OUTLAST_TIMEOUT: Duration = Duration::from_secs(3);
const OUTLAST_PERIOD: Duration = Duration::from_millis(5);

impl PostgresStore {
    fn node(&self) -> StoreResult<&Arc<Node>> {
        self.node.as_ref().ok_or_else(|| unavailable("no other node has the database"))
    }

    fn heard(&self) -> Option<&Heard> {
        self.node.as_ref().and_then(|node| node.heard.as_ref())
    }

    /// Listens to other nodes, if that is how they are heard, until the store is closed.
    pub(super) fn listen(&self, target: Target) {
        let Some(node) = self.node.clone() else { return };
        self.until_closed(async move {
            if let Some(heard) = &node.heard {
                heard.run(target).await;
            }
        });
    }

    /// Has old news cleared away, which nobody waits for.
    fn clear_news(&self) {
        if let Some(runtime) = &self.runtime {
            let clear = ask_pool(self.pool.clone(), QUESTION_TIMEOUT, |client| Box::pin(news::clear(client)));
            self.questions.spawn_on(
                async {
                    if let Err(error) = clear.await {
                        tracing::debug!(%error, "old news cannot be cleared away");
                    }
                },
                runtime.handle(),
            );
        }
    }
}

impl SharedLog for PostgresStore {
    fn store_plain(&self, batch: Arc<PlainBatch>) -> Asked<'_, Option<Vec<Sent>>> {
        self.load.during(Box::pin(async move { self.writer()?.store_plain(batch).await }))
    }

    fn begin(&self, groups: Vec<GroupId>, messages: usize, known: Known) -> Asked<'_, Begun> {
        Box::pin(async move { self.writer()?.begin(groups, messages, known).await })
    }

    fn commit(&self, serial: i64, batch: Arc<LogBatch>) -> Asked<'_, bool> {
        self.load.during(Box::pin(async move { self.writer()?.commit(serial, batch).await }))
    }

    fn roll_back(&self) -> Asked<'_, ()> {
        Box::pin(async move { self.writer()?.roll_back().await })
    }

    fn news(&self, known: Known) -> Asked<'_, News> {
        Box::pin(async move {
            let node = self.node()?;
            let id = node.id;
            if self.is_closing() {
                // It has gone, and is not to be seen again.
                return Err(unavailable("the store is being closed"));
            }
            let news = self.ask(move |client| Box::pin(news::read(client, id, known))).await?;
            if node.has_to_clear() {
                self.clear_news();
            }
            Ok(news)
        })
    }

    fn outlast_batches(&self) -> Asked<'_, ()> {
        Box::pin(async move {
            let batches: Arc<[String]> =
                self.ask(|client| Box::pin(news::being_stored(client))).await?.into();
            let deadline = Instant::now() + OUTLAST_TIMEOUT;
            loop {
                let these = Arc::clone(&batches);
                let are_there = self
                    .ask(move |client| Box::pin(async move { news::are_being_stored(client, &these).await }));
                if batches.is_empty() || !are_there.await? {
                    return Ok(());
                }
                if Instant::now() > deadline {
                    return Err(unavailable("batches have been under way for long"));
                }
                sleep(OUTLAST_PERIOD).await;
            }
        })
    }

    fn noticed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            match &self.node {
                Some(node) => node.noticed.notified().await,
                None => std::future::pending().await,
            }
        })
    }
}

impl Notifications for PostgresStore {
    fn notify(&self, payloads: Vec<String>) -> Asked<'_, ()> {
        if self.heard().is_none() {
            return Box::pin(async { Err(unavailable("the database carries nothing between nodes")) });
        }
        self.ask(move |client| Box::pin(heard::notify(client, payloads)))
    }

    fn next(&self) -> BoxFuture<'_, String> {
        Box::pin(async {
            match self.heard() {
                Some(heard) => heard.next().await,
                None => std::future::pending().await,
            }
        })
    }

    fn is_up(&self) -> bool {
        self.heard().is_some_and(Heard::is_up)
    }
}
