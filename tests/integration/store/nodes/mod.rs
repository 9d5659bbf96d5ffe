//! Several nodes on one Postgres.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use groupcast::model::{
    Change, ChangeKind, Entry, Group, GroupId, MemberState, Message, MessageId, NewEntry, NewEntryKind,
    NodeId, Seq, Timestamp, User,
};
use groupcast::store::{
    self, CarrierKind, Database, Joining, Known, LogBatch, Notifications, OpenedNode, PlainBatch, Sent,
    SharedLog, Store, StoreResult,
};

use super::{MEMBER, NOW, group, user};
use crate::support::postgres::Postgres;

mod news;
mod notices;
mod notifications;
mod ownership;
mod settling;
mod storing;
mod transactions;

/// A node of a database.
struct Node {
    id: NodeId,
    store: Store,
    shared: Arc<dyn SharedLog>,
    notifications: Arc<dyn Notifications>,
    serials: AtomicI64,
}

impl Node {
    async fn open(url: &str) -> Self {
        Self::try_open(url, CarrierKind::Nats).await.unwrap()
    }

    async fn try_open(url: &str, carrier: CarrierKind) -> StoreResult<Self> {
        static IDS: AtomicI64 = AtomicI64::new(1_000);
        let id = NodeId(IDS.fetch_add(1, Ordering::Relaxed));
        let database = Database::Postgres(url.into());
        let OpenedNode { opened, shared, notifications } =
            store::open_node(&database, 4, Joining { node: id, carrier }).await?;
        Ok(Self { id, store: opened.store, shared, notifications, serials: AtomicI64::new(0) })
    }

    fn serial(&self) -> i64 {
        self.serials.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn plain(&self, known: &Known, messages: Vec<NewEntry>) -> Arc<PlainBatch> {
        Arc::new(PlainBatch { serial: self.serial(), known: known.clone(), messages })
    }

    /// Stores what is not declined.
    async fn store(&self, known: &Known, messages: Vec<NewEntry>) -> Vec<Sent> {
        self.shared.store_plain(self.plain(known, messages)).await.unwrap().unwrap()
    }

    async fn known(&self) -> Known {
        let news = self.shared.news(Known::default()).await.unwrap();
        assert!(news.is_whole && news.notices.is_empty() && news.moved.is_empty(), "{news:?}");
        news.known
    }

    async fn entries(&self, group: GroupId) -> Vec<Entry> {
        self.store.log.entries(group, Seq(0), Seq(i64::MAX), 1_000).await.unwrap()
    }

    async fn close(self) {
        self.store.lifecycle.close().await.unwrap();
    }
}

/// A database with a group and a user in it, and its first node.
async fn one() -> (String, Node, Arc<Group>, Arc<User>) {
    let url = Postgres::shared().create_database();
    let node = Node::open(&url).await;
    let (general, alice) = (group(&node.store, "general").await, user(&node.store, "alice").await);
    (url, node, general, alice)
}

fn entry(group: &Arc<Group>, user: &Arc<User>, content: &str, client_id: Option<&str>) -> NewEntry {
    NewEntry {
        group: group.clone(),
        user: user.clone(),
        kind: NewEntryKind::Message { content: content.into(), reply_to: None, mentions_all: false },
        client_id: client_id.map(Into::into),
        received_at: NOW,
        member: Arc::new(MemberState::new(MEMBER)),
        validity: None,
    }
}

fn psql(url: &str, statements: &str) -> String {
    Postgres::shared().psql(url, statements)
}

/// Asks until the answer is yes.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < patience, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn numbered(id: MessageId, seq: Seq, at: Timestamp, entry: &NewEntry) -> Message {
    let NewEntryKind::Message { content, .. } = &entry.kind else { unreachable!() };
    Message {
        id,
        seq,
        group: entry.group.clone(),
        user: entry.user.clone(),
        content: content.clone(),
        client_id: entry.client_id.clone(),
        created_at: at,
        details: None,
    }
}

fn edited(message: &Message, seq: Seq, at: Timestamp, content: &str) -> Change {
    Change {
        seq,
        group: message.group.clone(),
        user: message.user.clone(),
        client_id: None,
        created_at: at,
        kind: ChangeKind::Edited { message: message.key(), content: content.into(), mentions: [].into() },
    }
}

fn log_batch(messages: Vec<Message>, changes: Vec<Change>) -> Arc<LogBatch> {
    Arc::new(LogBatch { messages, changes })
}
