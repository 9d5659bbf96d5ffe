//! The task that keeps the owner's session and stores batches through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connect::Target;
use super::error::unavailable;
use super::session::Session;
use crate::model::Message;
use crate::store::StoreResult;

/// How long storing a batch may take before its outcome counts as unknown.
const APPEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an attempt to get the session back may take.
const RESUME_TIMEOUT: Duration = Duration::from_secs(15);

/// Time between attempts to get the session back: doubled from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Batches that may wait. There is one caller, who waits for each.
const QUEUE_MAX: usize = 16;

struct Append {
    batch: Arc<[Message]>,
    answer: oneshot::Sender<StoreResult<()>>,
}

/// A handle of the task.
pub(super) struct Writer {
    owner: Arc<str>,
    queue: mpsc::Sender<Append>,
    connected: Arc<AtomicBool>,
    closing: CancellationToken,
}

impl Writer {
    /// Takes ownership of the database and starts the task, both on the current runtime.
    pub(super) async fn open(target: Target) -> StoreResult<Self> {
        let (session, owner) = Session::open(&target).await?;
        let owner: Arc<str> = owner.into();
        let (queue, appends) = mpsc::channel(QUEUE_MAX);
        let (connected, closing) = (Arc::new(AtomicBool::new(true)), CancellationToken::new());
        let task = Task {
            target,
            owner: owner.clone(),
            appends,
            connected: connected.clone(),
            closing: closing.clone(),
        };
        tokio::spawn(task.run(session));
        Ok(Self { owner, queue, connected, closing })
    }

    /// See [`Store::append`](crate::store::Store::append).
    pub(super) async fn append(&self, batch: Arc<[Message]>) -> StoreResult<()> {
        let (answer, answered) = oneshot::channel();
        let closed = || unavailable("the store is closed");
        self.queue.send(Append { batch, answer }).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// The name under which this process owns the database.
    pub(super) fn owner(&self) -> Arc<str> {
        self.owner.clone()
    }

    /// Whether the session stands.
    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Stores what was asked for before and gives up ownership.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.queue.closed().await;
    }
}

struct Task {
    target: Target,
    /// The name under which this process owns the database.
    owner: Arc<str>,
    appends: mpsc::Receiver<Append>,
    connected: Arc<AtomicBool>,
    closing: CancellationToken,
}

impl Task {
    async fn run(mut self, mut session: Session) {
        loop {
            let is_lost = tokio::select! {
                biased;
                append = self.appends.recv() => match append {
                    Some(append) => self.store(&session, append).await,
                    None => break,
                },
                () = self.closing.cancelled() => break,
                _ = &mut session.connection => true,
            };
            if is_lost {
                self.connected.store(false, Ordering::Relaxed);
                // Closes the socket now, whatever it waits for: ownership can only be had again once it is.
                session.connection.abort();
                drop(session);
                match self.reconnect().await {
                    Some(resumed) => session = resumed,
                    None => return,
                }
                self.connected.store(true, Ordering::Relaxed);
            }
        }
        session.release().await;
    }

    /// Stores a batch; whether the session is lost.
    async fn store(&self, session: &Session, Append { batch, answer }: Append) -> bool {
        let stored = timeout(APPEND_TIMEOUT, session.append(&batch)).await;
        let is_lost = stored.is_err() || session.is_lost();
        let stored = stored.unwrap_or_else(|_| Err(unavailable("a batch was not stored in time")));
        _ = answer.send(stored);
        is_lost
    }

    /// Gets the session back, however long it takes; `None` when closing. Batches that come meanwhile wait
    /// for the next attempt, which paces a caller who asks again at once.
    async fn reconnect(&mut self) -> Option<Session> {
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
                Ok(session) => {
                    tracing::info!("storing messages in {} again", self.target.place);
                    return Some(session);
                }
                Err(error) => {
                    let reason = error.to_string();
                    if reason != told {
                        tracing::warn!("messages cannot be stored: {reason}");
                    }
                    self.refuse_waiting(&reason);
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

    fn refuse_waiting(&mut self, reason: &str) {
        while let Ok(append) = self.appends.try_recv() {
            _ = append.answer.send(Err(unavailable(reason)));
        }
    }
}
