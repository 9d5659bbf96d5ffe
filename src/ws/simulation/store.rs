//! A model of the store: a log that knows what it promised, and fails when a seed says so.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::sync::{Notify, watch};

use super::commons::Commons;
use super::gate::Gate;
use super::ledger::{Ledger, Place};
use super::people::{group, user};
use crate::model::{
    Annotations, Entry, Group, GroupId, Message, MessageId, NewUser, NodeId, Role, Seq, Timestamp, User,
    UserId,
};
use crate::store::{
    Asked, Beginning, Directory, Join, Lifecycle, LogBatch, MentionQuestion, Mentioned, MessageFilter,
    MessageLog, MessagePage, Sent, SentKey, StoreError, StoreResult, Target, TargetQuestion, Unique,
};

/// The model, as one server has it open.
pub(super) struct ModelStore {
    pub(super) shared: Arc<Shared>,
    /// Whose it is, if several nodes share it.
    pub(super) seat: Option<Seat>,
    /// So many batches from now one is stored and never answered, unless this is 0.
    until_stranded: AtomicU64,
    /// Told when that has come to pass.
    stranded: Notify,
}

/// What there is of it once.
pub(super) struct Shared {
    ledger: Mutex<Ledger>,
    commons: Mutex<Commons>,
    /// Changes when heads may be free.
    pub(super) released: watch::Sender<()>,
    random: Mutex<Random>,
    /// Whether it answers late and fails.
    is_troubled: AtomicBool,
}

/// A node's part of it.
pub(super) struct Seat {
    pub(super) node: NodeId,
    /// What the node is behind.
    pub(super) gate: Gate,
    /// Whether there is no way to the database.
    is_cut: AtomicBool,
    /// Told when the node has changed something that others must know.
    pub(super) noticed: Notify,
    /// The transaction that its writer has open; 0 if none.
    transaction: AtomicU64,
}

/// What happens to one question.
pub(super) struct Fate {
    pub(super) before: Duration,
    pub(super) after: Duration,
    pub(super) fails_before: bool,
    pub(super) fails_after: bool,
}

impl Shared {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn commons(&self) -> MutexGuard<'_, Commons> {
        self.commons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelStore {
    pub(super) fn new(random: Random) -> Self {
        let shared = Shared {
            ledger: Mutex::default(),
            commons: Mutex::default(),
            released: watch::Sender::default(),
            random: Mutex::new(random),
            is_troubled: AtomicBool::new(true),
        };
        Self::over(Arc::new(shared), None)
    }

    fn over(shared: Arc<Shared>, seat: Option<Seat>) -> Self {
        Self { shared, seat, until_stranded: AtomicU64::new(0), stranded: Notify::new() }
    }

    /// The same as a node has it open behind its gate.
    pub(super) fn seat(&self, node: NodeId, gate: Gate) -> Self {
        let (is_cut, noticed, transaction) = Default::default();
        let seat = Seat { node, gate, is_cut, noticed, transaction };
        Self::over(Arc::clone(&self.shared), Some(seat))
    }

    /// From now on it answers at once and never fails.
    pub(super) fn recover(&self) {
        self.shared.is_troubled.store(false, Ordering::Relaxed);
    }

    /// Takes the way to the database, or gives it back.
    pub(super) fn set_cut(&self, is_cut: bool) {
        if let Some(seat) = &self.seat {
            seat.is_cut.store(is_cut, Ordering::Relaxed);
        }
    }

    /// Waits until the server is let through to the database, or back.
    pub(super) async fn pass(&self) -> StoreResult<()> {
        let Some(seat) = &self.seat else { return Ok(()) };
        seat.gate.pass().await;
        if seat.is_cut.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            return Err(StoreError::Unavailable("no way".into()));
        }
        Ok(())
    }

    /// Whose it is.
    pub(super) fn node(&self) -> StoreResult<NodeId> {
        let node = self.seat.as_ref().map(|seat| seat.node);
        node.ok_or_else(|| StoreError::Unavailable("this is no node".into()))
    }

    pub(super) fn transaction(&self) -> Option<u64> {
        let open = self.seat.as_ref()?.transaction.load(Ordering::Relaxed);
        (open > 0).then_some(open)
    }

    pub(super) fn set_transaction(&self, open: Option<u64>) {
        if let Some(seat) = &self.seat {
            seat.transaction.store(open.unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Whether what a node asks for is not there any more.
    pub(super) fn forgets(&self) -> bool {
        let mut random = self.shared.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.is_troubled.load(Ordering::Relaxed) && random.chance(3)
    }

    /// Has the writer wait for ever when so many batches more are stored; 0 for never.
    pub(super) fn strand_after(&self, batches: u64) {
        self.until_stranded.store(batches, Ordering::Relaxed);
    }

    /// Ready when a batch is stored of which the writer will never know.
    pub(super) async fn stranded(&self) {
        self.stranded.notified().await;
    }

    /// A batch was asked for, and perhaps stored: may never come back.
    pub(super) async fn strand(&self, is_stored: bool) {
        let left = self.until_stranded.load(Ordering::Relaxed);
        self.until_stranded.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 1 && is_stored {
            self.stranded.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Stores a batch, and may never come back from that.
    async fn store(&self, batch: &LogBatch) -> StoreResult<()> {
        let answer = self
            .ask(15, |ledger| {
                let answer = ledger.append(batch);
                let left = self.until_stranded.load(Ordering::Relaxed);
                self.until_stranded.store(left.saturating_sub(1), Ordering::Relaxed);
                if left == 1 && answer.is_ok() {
                    self.stranded.notify_one();
                }
                Ok((answer, left == 1))
            })
            .await;
        match answer? {
            (Ok(()), true) => std::future::pending().await,
            (answer, _) => answer,
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.shared.ledger()
    }

    pub(super) fn fate(&self, fails_percent: u64) -> Fate {
        let mut random = self.shared.random.lock().unwrap_or_else(PoisonError::into_inner);
        let is_troubled = self.shared.is_troubled.load(Ordering::Relaxed);
        let mut delay =
            || if is_troubled && random.chance(70) { random.micros(3_000) } else { Duration::ZERO };
        let (before, after) = (delay(), delay());
        let mut fails = || is_troubled && random.chance(fails_percent);
        Fate { before, after, fails_before: fails(), fails_after: fails() }
    }

    /// The same of what only looks.
    pub(super) async fn answer<T>(&self, value: T) -> StoreResult<T> {
        self.ask(5, |_| Ok(value)).await
    }

    /// Does the work at one moment between being asked and the answer.
    pub(super) async fn ask<T>(
        &self,
        fails_percent: u64,
        work: impl FnOnce(&mut Ledger) -> StoreResult<T>,
    ) -> StoreResult<T> {
        self.pass().await?;
        let fate = self.fate(fails_percent);
        wait(fate.before).await;
        if fate.fails_before {
            return Err(StoreError::Unavailable("before it was done".into()));
        }
        let answer = work(&mut self.ledger());
        wait(fate.after).await;
        self.pass().await?;
        if fate.fails_after {
            return Err(StoreError::Unavailable("after it was done".into()));
        }
        answer
    }

    fn page_rows(&self, limit: u64) -> usize {
        let mut random = self.shared.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.size(12).max(1).min(limit as usize)
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

impl MessageLog for ModelStore {
    fn messages(&self, page: MessagePage) -> Asked<'_, Vec<Message>> {
        let rows = self.page_rows(page.limit);
        Box::pin(self.ask(10, move |ledger| {
            let MessageFilter { group, after_seq, before_seq, .. } = page.filter;
            let (after, before) = (after_seq.unwrap_or_default(), before_seq.unwrap_or(Seq(i64::MAX)));
            let places = group.map_or(&[][..], |group| ledger.between(group, after, before));
            let messages = places.iter().filter_map(|&place| match place {
                Place::Message(index) => Some(ledger.messages[index].clone()),
                Place::Change(_) => None,
            });
            Ok(messages.take(rows).collect())
        }))
    }

    fn entries(&self, group: GroupId, after: Seq, before: Seq, limit: u64) -> Asked<'_, Vec<Entry>> {
        let rows = self.page_rows(limit);
        Box::pin(self.ask(10, move |ledger| {
            let places = ledger.between(group, after, before);
            Ok(places.iter().take(rows).map(|&place| ledger.entry(place)).collect())
        }))
    }

    fn message(&self, id: MessageId) -> Asked<'_, Option<Message>> {
        Box::pin(self.ask(10, move |ledger| Ok(ledger.find(id).cloned())))
    }

    fn annotations(&self, messages: Vec<MessageId>) -> Asked<'_, Vec<Annotations>> {
        Box::pin(self.ask(10, move |_| Ok(messages.iter().map(|_| Annotations::default()).collect())))
    }

    fn targets(&self, questions: Vec<TargetQuestion>) -> Asked<'_, Vec<Option<Target>>> {
        Box::pin(
            self.ask(10, move |ledger| {
                Ok(questions.iter().map(|question| ledger.target(question)).collect())
            }),
        )
    }

    fn mentioned(&self, questions: Vec<MentionQuestion>) -> Asked<'_, Vec<Mentioned>> {
        Box::pin(self.ask(10, move |_| Ok(questions.iter().map(|_| Mentioned::default()).collect())))
    }

    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>> {
        Box::pin(self.ask(10, move |ledger| Ok(groups.iter().map(|&group| ledger.head(group)).collect())))
    }

    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)> {
        Box::pin(self.ask(10, |ledger| Ok(ledger.last())))
    }

    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>> {
        Box::pin(
            self.ask(10, move |ledger| Ok(keys.iter().map(|key| ledger.sent.get(key).copied()).collect())),
        )
    }

    fn keep_sent(&self, sent: Vec<(SentKey, Sent)>) -> Asked<'_, ()> {
        Box::pin(self.ask(10, move |ledger| {
            sent.iter().for_each(|(key, sent)| {
                ledger.sent.entry(key.clone()).or_insert(*sent);
            });
            Ok(())
        }))
    }

    fn append(&self, batch: Arc<LogBatch>) -> Asked<'_, ()> {
        Box::pin(async move { self.store(&batch).await })
    }

    fn newest(&self, _: MessageFilter, _: u64) -> Asked<'_, MessageId> {
        Box::pin(async { Ok(MessageId(0)) })
    }
}

impl Directory for ModelStore {
    fn user(&self, id: UserId) -> Asked<'_, Option<User>> {
        Box::pin(self.ask(5, move |_| Ok(Some(user(id)))))
    }

    fn user_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<User>> {
        let id = name.strip_prefix('u').and_then(|id| id.parse().ok());
        Box::pin(self.ask(5, move |_| Ok(id.map(UserId).map(user))))
    }

    fn group_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Group>> {
        let id = name.strip_prefix('g').and_then(|id| id.parse().ok());
        Box::pin(self.ask(5, move |_| Ok(id.map(GroupId).map(group))))
    }

    fn taken<'a>(&'a self, _: &'a str, _: &'a str) -> Asked<'a, Option<Unique>> {
        Box::pin(async { Ok(None) })
    }

    fn group(&self, id: GroupId) -> Asked<'_, Option<Group>> {
        Box::pin(self.ask(5, move |_| Ok(Some(group(id)))))
    }

    fn join(&self, group: GroupId, user: UserId, _: Timestamp) -> Asked<'_, Join> {
        Box::pin(self.ask(5, move |ledger| {
            let standing = ledger.members.standing(group, user);
            Ok(if standing.role.is_some() { Join::AlreadyMember(standing) } else { Join::Banned })
        }))
    }

    // What follows nobody here asks for.

    fn create_user(&self, _: NewUser) -> Asked<'_, User> {
        Box::pin(async { Err(StoreError::Missing("user")) })
    }

    fn create_group<'a>(&'a self, _: &'a str, _: bool, _: Option<UserId>, _: Timestamp) -> Asked<'a, Group> {
        Box::pin(async { Err(StoreError::Missing("group")) })
    }

    fn groups(&self, _: Option<UserId>, _: GroupId, _: u64, _: u64) -> Asked<'_, Vec<Group>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn private_group<'a>(&'a self, _: UserId, _: UserId, _: &'a str, _: Timestamp) -> Asked<'a, Group> {
        Box::pin(async { Err(StoreError::Missing("group")) })
    }

    fn members(&self, _: GroupId, _: UserId, _: u64) -> Asked<'_, Vec<(User, Role)>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Lifecycle for ModelStore {
    fn epoch(&self) -> Asked<'_, String> {
        Box::pin(async { Ok("epoch".into()) })
    }

    fn begin(&self, _: Beginning) -> Asked<'_, bool> {
        Box::pin(async { Ok(false) })
    }

    fn settle(&self) -> Asked<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn ping(&self) -> Asked<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> Asked<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
