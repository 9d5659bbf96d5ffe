//! Threads with a connection each, and the bounded queue of what they are asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Ownership;
use super::error::unavailable;
use crate::store::{Asked, StoreResult};

/// Questions that may wait for a thread; who asks more waits for room.
const QUEUE_MAX: usize = 1024;

type Question = Box<dyn FnOnce(&mut Connection) + Send>;

/// Threads that answer questions from one queue.
pub(super) struct Threads {
    /// `None` once [`end`](Self::end) was called.
    queue: Mutex<Option<mpsc::Sender<Question>>>,
    /// Yields `None` when the last thread has ended.
    ended: tokio::sync::Mutex<mpsc::Receiver<Infallible>>,
}

impl Threads {
    /// Starts a thread for each connection.
    pub(super) fn start(
        name: &str,
        connections: Vec<Connection>,
        ownership: &Arc<Ownership>,
    ) -> StoreResult<Self> {
        let (queue, questions) = mpsc::channel::<Question>(QUEUE_MAX);
        let (alive, ended) = mpsc::channel(1);
        let questions = Arc::new(Mutex::new(questions));
        for mut connection in connections {
            let (questions, alive, ownership) = (questions.clone(), alive.clone(), ownership.clone());
            let work = move || {
                while let Some(question) = next(&questions) {
                    question(&mut connection);
                }
                drop(connection);
                drop(ownership);
                drop(alive);
            };
            std::thread::Builder::new().name(name.into()).spawn(work).map_err(unavailable)?;
        }
        Ok(Self { queue: Mutex::new(Some(queue)), ended: tokio::sync::Mutex::new(ended) })
    }

    /// Has a thread answer `question`. Nothing is done for a caller who has gone before its turn came.
    pub(super) fn ask<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> StoreResult<T> + Send + 'static,
    {
        Box::pin(async move {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let queue = queue.ok_or_else(|| unavailable("the store is closed"))?;
            let (answer, answered) = oneshot::channel();
            let question: Question = Box::new(move |connection| {
                if !answer.is_closed() {
                    _ = answer.send(question(connection));
                }
            });
            queue.send(question).await.map_err(|_| unavailable("the store's thread has ended"))?;
            drop(queue);
            answered.await.map_err(|_| unavailable("the store's thread has ended"))?
        })
    }

    /// Takes no more questions, has those that wait answered and returns when the connections are closed.
    pub(super) async fn end(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        while self.ended.lock().await.recv().await.is_some() {}
    }
}

/// The next question, one thread waiting at a time; `None` when there will be no more.
fn next(questions: &Mutex<mpsc::Receiver<Question>>) -> Option<Question> {
    questions.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}
