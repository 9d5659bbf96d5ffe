//! A model of the store: a list of messages that knows what it promised, and fails when a seed says so.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use groupcast_kit::random::Random;

use crate::model::{
    Group, GroupId, JoinPolicy, Message, MessageId, NewUser, Role, Seq, Standing, Timestamp, User, UserId,
};
use crate::protocol::{event, text};
use crate::store::{
    Asked, Beginning, Directory, Join, Lifecycle, MessageFilter, MessageLog, MessagePage, Sent, SentKey,
    StoreError, StoreResult, Unique,
};

/// Content with this in it is refused.
pub(super) const POISON: &str = "poison";

/// What everybody is to every group.
pub(super) const MEMBER: Standing =
    Standing { role: Some(Role::Member), muted_until: None, banned_until: None };

/// The model.
pub(super) struct ModelStore {
    ledger: Mutex<Ledger>,
    random: Mutex<Random>,
    /// Whether it answers late and fails.
    is_troubled: AtomicBool,
}

/// What is stored.
#[derive(Default)]
pub(super) struct Ledger {
    /// In ascending order of `id`.
    messages: Vec<Message>,
    groups: HashMap<GroupId, Vec<usize>>,
    sent: HashMap<SentKey, Sent>,
    contents: HashSet<Box<str>>,
    /// Each message's frames as they must go out, in both modes.
    frames: HashMap<Bytes, (GroupId, Seq)>,
    /// The first promise that was broken by who writes.
    fault: Option<String>,
}

impl Ledger {
    pub(super) fn head(&self, group: GroupId) -> Seq {
        Seq(self.groups.get(&group).map_or(0, |indices| indices.len() as i64))
    }

    pub(super) fn message(&self, group: GroupId, seq: Seq) -> Option<&Message> {
        let index = usize::try_from(seq.0).ok()?.checked_sub(1)?;
        self.messages.get(*self.groups.get(&group)?.get(index)?)
    }

    /// Which stored message a finished frame is.
    pub(super) fn frame(&self, frame: &[u8]) -> Option<(GroupId, Seq)> {
        self.frames.get(frame).copied()
    }

    pub(super) fn has_content(&self, content: &str) -> bool {
        self.contents.contains(content)
    }

    pub(super) fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    fn last(&self) -> (MessageId, Timestamp) {
        self.messages.last().map_or_else(Default::default, |last| (last.id, last.created_at))
    }

    fn append(&mut self, batch: &[Message]) -> StoreResult<()> {
        let Some(first) = batch.first() else { return Ok(()) };
        if first.id <= self.last().0 {
            let from = self.messages.partition_point(|message| message.id < first.id);
            return match self.messages.get(from..from + batch.len()) {
                Some(stored) if stored == batch => Ok(()),
                _ => Err(StoreError::Refused("a number is in use".into())),
            };
        }
        if batch.iter().any(|message| message.content.contains(POISON)) {
            return Err(StoreError::Refused("poison".into()));
        }
        batch.iter().for_each(|message| self.push(message));
        Ok(())
    }

    fn push(&mut self, message: &Message) {
        let group = message.group.id;
        let is_next = message.seq == self.head(group).next();
        let is_later = (message.id, message.created_at) > self.last() && message.created_at > self.last().1;
        let key =
            message.client_id.clone().map(|client_id| SentKey { group, user: message.user.id, client_id });
        let sent = Sent { id: message.id, seq: message.seq, created_at: message.created_at };
        let is_new = key.is_none_or(|key| self.sent.insert(key, sent).is_none());
        let is_single = self.contents.insert(message.content.clone());
        if !(is_next && is_later && is_new && is_single) {
            let (head, last) = (self.head(group), self.last());
            let fault = format!("stored out of order or twice: {message:?} after {head}, {last:?}");
            self.fault.get_or_insert(fault);
        }
        let (mut json, mut line) = (Vec::new(), Vec::new());
        event::put_message(&mut json, message);
        text::put_message(&mut line, &message.user.username, &message.content);
        self.frames.insert(json.into(), (group, message.seq));
        self.frames.insert(line.into(), (group, message.seq));
        self.groups.entry(group).or_default().push(self.messages.len());
        self.messages.push(message.clone());
    }
}

/// What happens to one question.
struct Fate {
    before: Duration,
    after: Duration,
    fails_before: bool,
    fails_after: bool,
}

impl ModelStore {
    pub(super) fn new(random: Random) -> Self {
        Self { ledger: Mutex::default(), random: Mutex::new(random), is_troubled: AtomicBool::new(true) }
    }

    /// From now on it answers at once and never fails.
    pub(super) fn recover(&self) {
        self.is_troubled.store(false, Ordering::Relaxed);
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, fails_percent: u64) -> Fate {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let is_troubled = self.is_troubled.load(Ordering::Relaxed);
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
    async fn ask<T>(
        &self,
        fails_percent: u64,
        work: impl FnOnce(&mut Ledger) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let fate = self.fate(fails_percent);
        wait(fate.before).await;
        if fate.fails_before {
            return Err(StoreError::Unavailable("before it was done".into()));
        }
        let answer = work(&mut self.ledger());
        wait(fate.after).await;
        if fate.fails_after {
            return Err(StoreError::Unavailable("after it was done".into()));
        }
        answer
    }

    fn page_rows(&self, limit: u64) -> usize {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
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
            let indices =
                group.and_then(|group| ledger.groups.get(&group)).map_or(&[][..], |indices| indices);
            let end = before_seq.map_or(indices.len(), |seq| (seq.0 as usize - 1).min(indices.len()));
            let known = after_seq.map_or(0, |seq| seq.0 as usize).min(end);
            Ok(indices[known..end].iter().take(rows).map(|&index| ledger.messages[index].clone()).collect())
        }))
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

    fn append(&self, batch: Arc<[Message]>) -> Asked<'_, ()> {
        Box::pin(self.ask(15, move |ledger| ledger.append(&batch)))
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

    fn join(&self, _: GroupId, _: UserId, _: Timestamp) -> Asked<'_, Join> {
        Box::pin(self.ask(5, |_| Ok(Join::AlreadyMember(MEMBER))))
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

/// The group of this number.
pub(super) fn group(id: GroupId) -> Group {
    Group { id, name: format!("g{id}").into(), is_private: false, topic: "".into(), join: JoinPolicy::Open }
}

/// The user of this number.
pub(super) fn user(id: UserId) -> User {
    User { id, username: format!("u{id}").into(), email: "".into(), is_admin: false }
}
