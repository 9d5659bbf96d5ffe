//! The way to the session through which batches are stored.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::error::unavailable;
use super::open_batch::OpenBatches;
use super::session::Session;
use crate::model::GroupId;
use crate::store::slice::Slice;
use crate::store::{
    self, Begun, Cut, Known, LogBatch, MentionQuestion, Mentioned, PlainBatch, Sent, SentKey, StoreError,
    StoreResult, TargetQuestion,
};

/// How long storing a batch, or another question, may take before its outcome counts as unknown.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(12);

/// Whether batches can be stored.
#[derive(Clone)]
pub(super) enum State {
    Connected(Arc<Session>),
    /// Not now, for this reason.
    Away(Arc<str>),
    /// Nor ever again.
    Closed,
}

/// The way to the session.
pub(super) struct Writer {
    owner: Arc<str>,
    state: watch::Receiver<State>,
    /// Where the session's connection runs.
    runtime: Handle,
    /// Held by the question under way: there is one transaction at a time.
    turn: Arc<Mutex<()>>,
    open: OpenBatches,
    /// Questions under way, and those that wait for their turn.
    questions: TaskTracker,
    closing: CancellationToken,
    /// The keeper ends with whoever could ask.
    _closes: DropGuard,
}

impl Writer {
    /// The way to this session, which may change, and its turns. The session's connection runs on the current runtime.
    pub(super) fn new(
        owner: Arc<str>,
        state: watch::Receiver<State>,
        open: OpenBatches,
        questions: TaskTracker,
        closing: CancellationToken,
    ) -> Self {
        let (runtime, closes) = (Handle::current(), closing.clone().drop_guard());
        Self { owner, state, runtime, turn: Arc::default(), open, questions, closing, _closes: closes }
    }

    /// See [`MessageLog::append`](crate::store::MessageLog::append).
    pub(super) async fn append(&self, batch: Arc<LogBatch>) -> StoreResult<()> {
        self.ask(move |session| async move { session.append(&batch).await }).await
    }

    /// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
    pub(super) async fn find_sent(&self, keys: Vec<SentKey>) -> StoreResult<Vec<Option<Sent>>> {
        self.ask_within(move |session| async move { session.find_sent(&keys).await }).await
    }

    /// See [`MessageLog::targets`](crate::store::MessageLog::targets).
    pub(super) async fn targets(
        &self,
        questions: Vec<TargetQuestion>,
    ) -> StoreResult<Vec<Option<store::Target>>> {
        self.ask_within(move |session| async move { session.targets(&questions).await }).await
    }

    /// See [`MessageLog::mentioned`](crate::store::MessageLog::mentioned).
    pub(super) async fn mentioned(&self, questions: Vec<MentionQuestion>) -> StoreResult<Vec<Mentioned>> {
        self.ask_within(move |session| async move { session.mentioned(&questions).await }).await
    }

    /// See [`Retention::cut`](crate::store::Retention::cut).
    pub(super) async fn cut(&self, slice: Slice) -> StoreResult<Option<Cut>> {
        self.ask(move |session| async move { session.cut(&slice).await }).await
    }

    /// See [`SharedLog::store_plain`](crate::store::SharedLog::store_plain).
    pub(super) async fn store_plain(&self, batch: Arc<PlainBatch>) -> StoreResult<Option<Vec<Sent>>> {
        self.roll_back().await?;
        self.ask(move |session| async move { session.store_plain(&batch).await }).await
    }

    /// See [`SharedLog::begin`](crate::store::SharedLog::begin).
    pub(super) async fn begin(
        &self,
        groups: Vec<GroupId>,
        messages: usize,
        known: Known,
    ) -> StoreResult<Begun> {
        self.roll_back().await?;
        let session = self.session().await?;
        let (turn, open) = (self.turn.clone(), self.open.clone());
        let gone = CancellationToken::new();
        let _here = gone.clone().drop_guard();
        self.bring_to_end(async move {
            let turn = turn.lock_owned().await;
            let begun = in_time(&session, session.begin(&groups, messages, &known)).await?;
            if begun.is_current {
                open.put(Arc::clone(&session), turn);
                // Whoever asked has gone away: what comes next has looked for it already, and waits for its turn.
                if gone.is_cancelled()
                    && let Some(open) = open.take()
                {
                    open.session.roll_back().await;
                }
            }
            Ok(begun)
        })
        .await
    }

    /// See [`SharedLog::commit`](crate::store::SharedLog::commit).
    pub(super) async fn commit(&self, serial: i64, batch: Arc<LogBatch>) -> StoreResult<bool> {
        match self.open.take() {
            Some(open) => {
                self.bring_to_end(async move {
                    in_time(&open.session, open.session.commit(serial, &batch)).await?;
                    Ok(true)
                })
                .await
            }
            None => {
                self.ask(move |session| async move { session.is_batch_stored(serial, &batch).await }).await
            }
        }
    }

    /// See [`SharedLog::roll_back`](crate::store::SharedLog::roll_back).
    pub(super) async fn roll_back(&self) -> StoreResult<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.bring_to_end(async move {
            in_time(&open.session, async {
                open.session.roll_back().await;
                Ok(())
            })
            .await
        })
        .await
    }

    /// Asks the session when it is this question's turn.
    async fn ask<T: Send + 'static, F: Future<Output = StoreResult<T>> + Send + 'static>(
        &self,
        question: impl FnOnce(Arc<Session>) -> F + Send + 'static,
    ) -> StoreResult<T> {
        let session = self.session().await?;
        let turn = self.turn.clone();
        self.bring_to_end(async move {
            let _turn = turn.lock().await;
            in_time(&session, question(session.clone())).await
        })
        .await
    }

    /// The same, within the transaction that is open if one is.
    async fn ask_within<T: Send + 'static, F: Future<Output = StoreResult<T>> + Send + 'static>(
        &self,
        question: impl FnOnce(Arc<Session>) -> F + Send + 'static,
    ) -> StoreResult<T> {
        match self.open.session() {
            Some(session) => {
                self.bring_to_end(async move { in_time(&session, question(session.clone())).await }).await
            }
            None => self.ask(question).await,
        }
    }

    /// The session. While there is none, the end of the next attempt to get it back is waited for, which paces a caller
    /// who asks again at once.
    async fn session(&self) -> StoreResult<Arc<Session>> {
        let mut state = self.state.clone();
        state.mark_unchanged();
        let mut now = state.borrow().clone();
        if let State::Away(_) = now {
            _ = state.changed().await;
            now = state.borrow().clone();
        }
        match now {
            State::Connected(session) => Ok(session),
            State::Away(reason) => Err(unavailable(&*reason)),
            State::Closed => Err(closed()),
        }
    }

    /// Does something to its end, also if the caller goes away, so that no transaction is left half done.
    async fn bring_to_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        // Taken before it is looked whether the store closes, so that the close waits for this or this sees the close.
        let under_way = self.questions.token();
        if self.closing.is_cancelled() {
            return Err(closed());
        }
        let work = async move {
            let _under_way = under_way;
            work.await
        };
        self.runtime.spawn(work).await.map_err(|_| closed())?
    }

    /// The name under which this process owns the database.
    pub(super) fn owner(&self) -> Arc<str> {
        self.owner.clone()
    }

    /// Whether the session stands.
    pub(super) fn is_connected(&self) -> bool {
        matches!(&*self.state.borrow(), State::Connected(session) if !session.is_lost())
    }

    /// Gives up ownership after what is under way.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        // Who waits for a turn gets it.
        drop(self.open.take());
        // The keeper drops its end when all is done.
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}

/// Has a question answered in time.
async fn in_time<T>(session: &Session, question: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    timeout(QUESTION_TIMEOUT, question).await.unwrap_or_else(|_| {
        // What it still does must end before anyone asks again.
        session.end();
        Err(unavailable("the database has not answered in time"))
    })
}

fn closed() -> StoreError {
    unavailable("the store is closed")
}
