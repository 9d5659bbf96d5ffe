//! The task that gets the session back when it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connect::{Connection, Target};
use super::error::unavailable;
use super::open_batch::OpenBatches;
use super::session::Session;
use super::writer::{State, Writer};
use crate::store::{Joining, StoreResult};

/// How long an attempt to get the session back may take.
const RESUME_TIMEOUT: Duration = Duration::from_secs(15);

/// Time between attempts to get the session back: doubled from the first to the last, which delays what waits when the
/// database is back.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_millis(500);

/// Keeps the session.
pub(super) struct Keeper {
    target: Target,
    owner: Arc<str>,
    joining: Option<Joining>,
    connection: Connection,
    state: watch::Sender<State>,
    open: OpenBatches,
    questions: TaskTracker,
    closing: CancellationToken,
}

impl Keeper {
    /// Takes ownership of the database, or a node's share of it. The session's connection runs on the current runtime.
    pub(super) async fn open(target: Target, joining: Option<Joining>) -> StoreResult<(Writer, Self)> {
        let (session, connection, owner) = Session::open(&target, joining).await?;
        let owner: Arc<str> = owner.into();
        let (state, receiver) = watch::channel(State::Connected(Arc::new(session)));
        let (questions, closing, open) =
            (TaskTracker::new(), CancellationToken::new(), OpenBatches::default());
        let writer = Writer::new(owner.clone(), receiver, open.clone(), questions.clone(), closing.clone());
        Ok((writer, Self { target, owner, joining, connection, state, open, questions, closing }))
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
            drop(self.open.take());
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
                resumed = timeout(RESUME_TIMEOUT, Session::resume(&self.target, &self.owner, self.joining)) => {
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
