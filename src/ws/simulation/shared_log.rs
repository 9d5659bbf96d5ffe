//! The model of the store as several nodes use it. What a node has asked for is done even if the node is gone by then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep, timeout};

use super::commons::Committed;
use super::ledger::POISON;
use super::store::{ModelStore, Shared};
use crate::model::{GroupId, Message, NewEntry, NewEntryKind, NodeId, Removal, Seq, Timestamp, UserId};
use crate::store::{
    Asked, Begun, Known, LogBatch, News, Notice, PlainBatch, Removed, Sent, SentKey, SharedLog, StoreError,
    StoreResult,
};

/// How long a lock is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is looked whether its holder is idle for too long.
const LOCK_PERIOD: Duration = Duration::from_millis(100);

impl ModelStore {
    /// Has the database do something, and may never hear what came of it, or `gives_up` before it is done.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        gives_up: bool,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        self.pass().await?;
        let fate = self.fate(6);
        if fate.fails_before {
            sleep(fate.before).await;
            return Err(StoreError::Unavailable("before it was done".into()));
        }
        let done = tokio::spawn(async move {
            sleep(fate.before).await;
            work.await
        });
        // An answer that is lost may be missed before there is one.
        let answer = match fate.fails_after && gives_up {
            true => timeout(fate.after, done).await.map_err(|_| ()),
            false => Ok(done.await),
        };
        if !fate.fails_after || !gives_up {
            sleep(fate.after).await;
        }
        self.pass().await?;
        match answer {
            Ok(Ok(answer)) if !fate.fails_after => answer,
            _ => Err(StoreError::Unavailable("nobody knows".into())),
        }
    }

    /// The same of what the writer asks, one question at a time: what is asked no more is done no more.
    async fn in_session<T: Send + 'static, W: Future<Output = StoreResult<T>> + Send + 'static>(
        &self,
        work: impl FnOnce(Session) -> W,
    ) -> StoreResult<T> {
        let (shared, node) = (Arc::clone(&self.shared), self.node()?);
        let question = shared.commons().ask(node);
        self.apart(true, work(Session { shared, node, question })).await
    }

    /// Takes a member out of a group, of which other nodes are to know.
    pub(super) async fn take_out(&self, group: GroupId, user: UserId) -> StoreResult<Option<Removed>> {
        let (shared, node) = (Arc::clone(&self.shared), self.node()?);
        // A node looks at what it has changed itself when it has no answer, and hears of nothing after that.
        let taken = self.apart(false, async move {
            let is_taken = shared.ledger().members.take_out(group, user);
            if is_taken {
                let removal = Removal::Kicked;
                let notice = Notice::Removed { group, user, removal };
                shared.commons().commit(node, Committed::Notice(notice));
            }
            Ok(is_taken.then(Removed::default))
        });
        let answer = taken.await;
        if let Some(seat) = &self.seat {
            seat.noticed.notify_one();
        }
        answer
    }
}

/// A question of a node's writer.
struct Session {
    shared: Arc<Shared>,
    node: NodeId,
    question: u64,
}

impl Session {
    /// Whether the writer still waits for this.
    fn is_asked(&self) -> bool {
        self.shared.commons().is_newest(self.node, self.question)
    }

    async fn lock(&self, transaction: u64, groups: &[GroupId]) -> StoreResult<()> {
        let deadline = Instant::now() + LOCK_TIMEOUT;
        let mut released = self.shared.released.subscribe();
        for &group in groups {
            loop {
                let now = Instant::now();
                if !self.is_asked() || now >= deadline || !self.shared.commons().touch(transaction, now) {
                    self.shared.end(transaction);
                    return Err(StoreError::Unavailable("no lock".into()));
                }
                if self.shared.commons().lock(transaction, group, now) {
                    break;
                }
                _ = timeout(LOCK_PERIOD, released.changed()).await;
            }
        }
        Ok(())
    }

    async fn begin(self, groups: Vec<GroupId>, messages: usize, horizon: i64) -> StoreResult<(u64, Begun)> {
        let Self { shared, node, .. } = &self;
        shared.give_up(*node);
        let transaction = shared.commons().open(*node, Instant::now());
        self.lock(transaction, &groups).await?;
        let is_current = shared.commons().is_current(*node, horizon);
        if !is_current {
            shared.end(transaction);
        }
        let ledger = shared.ledger();
        let heads = groups.iter().map(|&group| (ledger.head(group), ledger.last_of(group).1)).collect();
        let mut commons = shared.commons();
        let now = commons.clock(Instant::now());
        Ok((transaction, Begun { heads, ids: commons.ids(messages), now, is_current }))
    }

    fn commit(self, open: Option<u64>, serial: i64, batch: &LogBatch) -> StoreResult<bool> {
        let Self { shared, node, .. } = &self;
        let is_open = |open: &u64| self.is_asked() && shared.commons().touch(*open, Instant::now());
        let Some(transaction) = open.filter(is_open) else {
            return Ok(shared.commons().batch(*node, serial).is_some());
        };
        let stored = shared.ledger().append(batch);
        if stored.is_ok() {
            shared.commons().commit(*node, Committed::Batch(serial, moved(batch), Vec::new()));
        }
        shared.end(transaction);
        stored.map(|()| true)
    }

    async fn store_plain(self, plain: Arc<PlainBatch>) -> StoreResult<Option<Vec<Sent>>> {
        let mut groups: Vec<GroupId> = plain.messages.iter().map(|entry| entry.group.id).collect();
        groups.sort_unstable();
        groups.dedup();
        self.shared.give_up(self.node);
        let transaction = self.shared.commons().open(self.node, Instant::now());
        self.lock(transaction, &groups).await?;
        let stored = self.shared.store_locked(self.node, &plain);
        self.shared.end(transaction);
        stored
    }
}

impl Shared {
    fn end(&self, transaction: u64) {
        self.commons().end(transaction);
        self.released.send_replace(());
    }

    fn give_up(&self, node: NodeId) {
        self.commons().give_up(node);
        self.released.send_replace(());
    }

    fn store_locked(&self, node: NodeId, plain: &PlainBatch) -> StoreResult<Option<Vec<Sent>>> {
        let (mut ledger, mut commons) = (self.ledger(), self.commons());
        if let Some(sent) = commons.batch(node, plain.serial) {
            return Ok(Some(sent.to_vec()));
        }
        let is_sent = |entry: &NewEntry| key(entry).is_some_and(|key| ledger.sent.contains_key(&key));
        if !commons.is_current(node, plain.known.number()) || plain.messages.iter().any(is_sent) {
            return Ok(None);
        }
        let now = commons.clock(Instant::now());
        let ids = commons.ids(plain.messages.len());
        let mut heads: HashMap<GroupId, (Seq, Timestamp)> = HashMap::new();
        let mut batch = LogBatch::default();
        for (entry, id) in plain.messages.iter().zip(ids) {
            let NewEntryKind::Message { content, .. } = &entry.kind else { continue };
            if content.contains(POISON) {
                return Err(StoreError::Refused("poison".into()));
            }
            let group = entry.group.id;
            let (seq, at) =
                heads.entry(group).or_insert_with(|| (ledger.head(group), ledger.last_of(group).1));
            (*seq, *at) = (seq.next(), Timestamp(now.0.max(at.0 + 1)));
            batch.messages.push(Message {
                id,
                seq: *seq,
                group: Arc::clone(&entry.group),
                user: Arc::clone(&entry.user),
                content: content.clone(),
                client_id: entry.client_id.clone(),
                created_at: *at,
                details: None,
            });
        }
        let sent =
            |message: &Message| Sent { id: message.id, seq: message.seq, created_at: message.created_at };
        let sent: Vec<Sent> = batch.messages.iter().map(sent).collect();
        ledger.append(&batch)?;
        commons.commit(node, Committed::Batch(plain.serial, moved(&batch), sent.clone()));
        Ok(Some(sent))
    }

    fn news(&self, node: NodeId, known: &Known, is_whole: bool) -> News {
        let commons = self.commons();
        let (mut notices, mut moved) = (Vec::new(), HashMap::new());
        let since = if known.is_given() { known.number() } else { commons.horizon() };
        for what in commons.since(node, since).filter(|_| is_whole) {
            match what {
                Committed::Batch(_, heads, _) => moved.extend(heads.iter().copied()),
                Committed::Notice(notice) => notices.push(notice.clone()),
            }
        }
        let mut moved: Vec<_> = moved.into_iter().collect();
        moved.sort_unstable();
        let known = Known::up_to(commons.horizon());
        News { known, notices, own: Vec::new(), moved, alive: Vec::new(), is_whole }
    }
}

impl SharedLog for ModelStore {
    fn store_plain(&self, batch: Arc<PlainBatch>) -> Asked<'_, Option<Vec<Sent>>> {
        Box::pin(async move {
            let answer = self.in_session(|session| session.store_plain(batch)).await;
            self.strand(matches!(answer, Ok(Some(_)))).await;
            answer
        })
    }

    fn begin(&self, groups: Vec<GroupId>, messages: usize, known: Known) -> Asked<'_, Begun> {
        Box::pin(async move {
            self.set_transaction(None);
            let begin = |session: Session| session.begin(groups, messages, known.number());
            let (transaction, begun) = self.in_session(begin).await?;
            self.set_transaction(Some(transaction));
            Ok(begun)
        })
    }

    fn commit(&self, serial: i64, batch: Arc<LogBatch>) -> Asked<'_, bool> {
        Box::pin(async move {
            let open = self.transaction();
            let commit = |session: Session| async move { session.commit(open, serial, &batch) };
            let answer = self.in_session(commit).await;
            self.strand(matches!(answer, Ok(true))).await;
            answer
        })
    }

    fn roll_back(&self) -> Asked<'_, ()> {
        Box::pin(self.in_session(|Session { shared, node, .. }| async move {
            shared.give_up(node);
            Ok(())
        }))
    }

    fn news(&self, known: Known) -> Asked<'_, News> {
        Box::pin(async move {
            let (shared, node) = (Arc::clone(&self.shared), self.node()?);
            let is_whole = !known.is_given() || !self.forgets();
            self.apart(true, async move { Ok(shared.news(node, &known, is_whole)) }).await
        })
    }

    fn outlast_batches(&self) -> Asked<'_, ()> {
        // Nobody's session ends here.
        Box::pin(async { Ok(()) })
    }

    fn noticed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match &self.seat {
                Some(seat) => seat.noticed.notified().await,
                None => std::future::pending().await,
            }
        })
    }
}

/// What a retry of an entry is known by.
fn key(entry: &NewEntry) -> Option<SentKey> {
    let client_id = entry.client_id.clone()?;
    Some(SentKey { group: entry.group.id, user: entry.user.id, client_id })
}

/// The heads of the groups of a batch.
fn moved(batch: &LogBatch) -> Vec<(GroupId, Seq)> {
    let messages = batch.messages.iter().map(|message| (message.group.id, message.seq));
    let changes = batch.changes.iter().map(|change| (change.group.id, change.seq));
    let mut heads: HashMap<GroupId, Seq> = HashMap::new();
    for (group, seq) in messages.chain(changes) {
        let head = heads.entry(group).or_default();
        *head = seq.max(*head);
    }
    heads.into_iter().collect()
}
