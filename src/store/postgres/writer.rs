//! The owner's session, through which batches are stored, and the task that gets it back when it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connect::{Connection, Target};
use super::error::unavailable;
use super::session::Session;
use crate::store::slice::Slice;
use crate::store::{
    self, Cut, LogBatch, MentionQuestion, Mentioned, Sent, SentKey, StoreError, StoreResult, TargetQuestion,
};

/// How long storing a batch, or another question, may take before its outcome counts as unknown.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an attempt to get the session back may take.
const RESUME_TIMEOUT: Duration = Duration::from_secs(15);

/// Time between attempts to get the session back: doubled from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Whether batches can be stored.
#[derive(Clone)]
enum State {
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
    /// Questions under way, and those that wait for their turn.
    questions: TaskTracker,
    closing: CancellationToken,
    /// The keeper ends with whoever could ask.
    _closes: DropGuard,
}

impl Writer {
    /// See [`MessageLog::append`](crate::store::MessageLog::append).
    pub(super) async fn append(&self, batch: Arc<LogBatch>) -> StoreResult<()> {
        let session = self.session().await?;
        self.bring_to_end(&session, {
            let session = session.clone();
            async move { session.append(&batch).await }
        })
        .await
    }

    /// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
    pub(super) async fn find_sent(&self, keys: Vec<SentKey>) -> StoreResult<Vec<Option<Sent>>> {
        let session = self.session().await?;
        self.bring_to_end(&session, {
            let session = session.clone();
            async move { session.find_sent(&keys).await }
        })
        .await
    }

    /// See [`MessageLog::targets`](crate::store::MessageLog::targets).
    pub(super) async fn targets(
        &self,
        questions: Vec<TargetQuestion>,
    ) -> StoreResult<Vec<Option<store::Target>>> {
        let session = self.session().await?;
        self.bring_to_end(&session, {
            let session = session.clone();
            async move { session.targets(&questions).await }
        })
        .await
    }

    /// See [`MessageLog::mentioned`](crate::store::MessageLog::mentioned).
    pub(super) async fn mentioned(&self, questions: Vec<MentionQuestion>) -> StoreResult<Vec<Mentioned>> {
        let session = self.session().await?;
        self.bring_to_end(&session, {
            let session = session.clone();
            async move { session.mentioned(&questions).await }
        })
        .await
    }

    /// See [`Retention::cut`](crate::store::Retention::cut).
    pub(super) async fn cut(&self, slice: Slice) -> StoreResult<Option<Cut>> {
        let session = self.session().await?;
        self.bring_to_end(&session, {
            let session = session.clone();
            async move { session.cut(&slice).await }
        })
        .await
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

    /// Answers a question, also if the caller goes away, so that no transaction is left half done.
    async fn bring_to_end<T: Send + 'static>(
        &self,
        session: &Arc<Session>,
        question: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        let session = Arc::clone(session);
        // Taken before it is looked whether the store closes, so that the close waits for this or this sees the close.
        let under_way = self.questions.token();
        if self.closing.is_cancelled() {
            return Err(closed());
        }
        let turn = self.turn.clone();
        let work = async move {
            let _under_way = under_way;
            let _turn = turn.lock().await;
            timeout(QUESTION_TIMEOUT, question).await.unwrap_or_else(|_| {
                // What it still does must end before anyone asks again.
                session.end();
                Err(unavailable("the database has not answered in time"))
            })
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
        // The keeper drops its end when all is done.
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}

fn closed() -> StoreError {
    unavailable("the store is closed")
}

/// Keeps the session.
pub(super) struct Keeper {
    target: Target,
    owner: Arc<str>,
    connection: Connection,
    state: watch::Sender<State>,
    questions: TaskTracker,
    closing: CancellationToken,
}

impl Keeper {
    /// Takes ownership of the database. The session's connection runs on the current runtime.
    pub(super) async fn open(target: Target) -> StoreResult<(Writer, Self)> {
        let (session, connection, owner) = Session::open(&target).await?;
        let owner: Arc<str> = owner.into();
        let (state, receiver) = watch::channel(State::Connected(Arc::new(session)));
        let (questions, closing) = (TaskTracker::new(), CancellationToken::new());
        let writer = Writer {
            owner: owner.clone(),
            state: receiver,
            runtime: Handle::current(),
            turn: Arc::default(),
            questions: questions.clone(),
            closing: closing.clone(),
            _closes: closing.clone().drop_guard(),
        };
        Ok((writer, Self { target, owner, connection, state, questions, closing }))
    }

    /// Gets the session back whenever it is lost, until the store is closed.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                _ = &mut self.connection => {}
                () = self.closing.cancelled() => break,
            }
            self.state.send_replace(State::Away("the connection was lost".into()));
            match self.reconnect().await {
                Some((session, connection)) => {
                    self.connection = connection;
                    self.state.send_replace(State::Connected(Arc::new(session)));
                }
                None => {
                    self.state.send_replace(State::Closed);
                    return;
                }
            }
        }
        self.questions.close();
        self.questions.wait().await;
        let state = self.state.send_replace(State::Closed);
        if let State::Connected(session) = state {
            session.release(self.connection).await;
        }
    }

    /// Gets the session back, however long it takes; `None` when closing.
    async fn reconnect(&mut self) -> Option<(Session, Connection)> {
        let mut delay = RETRY_MIN;
        let mut told = String::new();
        loop {
            let resumed = tokio::select! {
                resumed = timeout(RESUME_TIMEOUT, Session::resume(&self.target, &self.owner)) => {
                    resumed.unwrap_or_else(|_| Err(unavailable("no answer in time")))
                }
                () = self.closing.cancelled() => return None,
            };
            match resumed {
                Ok(resumed) => {
                    tracing::info!("storing messages in {} again", self.target.place);
                    return Some(resumed);
                }
                Err(error) => {
                    let reason = error.to_string();
                    if reason != told {
                        tracing::warn!("messages cannot be stored: {reason}");
                    }
                    self.state.send_replace(State::Away(reason.as_str().into()));
                    told = reason;
                }
            }
            tokio::select! {
                () = sleep(delay) => {}
                () = self.closing.cancelled() => return None,
            }
            delay = RETRY_MAX.min(delay * 2);
        }
    }
}
