//! Threads with a connection each, and the bounded queue of what they are asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Ownership;
use super::error::unavailable;
use crate::store::{Asked, StoreResult};

/// Questions that may wait for a thread; who asks more waits for room.
const QUEUE_MAX: usize = 1024;

/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS_A_LOOK: i32 = 1_000;

type Question = Box<dyn FnOnce(&mut Connection) + Send>;

/// Threads that answer questions from one queue.
pub(super) struct Threads {
    /// `None` once [`end`](Self::end) was called.
    queue: Mutex<Option<mpsc::Sender<Question>>>,
    /// Yields `None` when the last thread has ended.
    ended: tokio::sync::Mutex<mpsc::Receiver<Infallible>>,
}

impl Threads {
    /// Starts a thread for each connection. What takes longer than `time_max`, once a thread works on it, is ended and is
    /// [`StoreError::Unavailable`](crate::store::StoreError::Unavailable).
    pub(super) fn start(
        name: &str,
        connections: Vec<Connection>,
        time_max: Duration,
        ownership: &Arc<Ownership>,
    ) -> StoreResult<Self> {
        let (queue, questions) = mpsc::channel::<Question>(QUEUE_MAX);
        let (alive, ended) = mpsc::channel(1);
        let questions = Arc::new(Mutex::new(questions));
        for mut connection in connections {
            let (questions, alive, ownership) = (questions.clone(), alive.clone(), ownership.clone());
            let deadline = Arc::new(Mutex::new(Instant::now()));
            let ends = Arc::clone(&deadline);
            let is_over = move || Instant::now() > *ends.lock().unwrap_or_else(PoisonError::into_inner);
            connection.progress_handler(STEPS_A_LOOK, Some(is_over))?;
            let work = move || {
                while let Some(question) = next(&questions) {
                    *deadline.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + time_max;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rusqlite::Connection;

    use super::Threads;
    use crate::store::StoreError;
    use crate::store::sqlite::ownership::Ownership;

    #[tokio::test]
    async fn a_question_that_takes_too_long_is_ended_and_the_thread_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let ownership = Arc::new(Ownership::take(&folder.path().join("chat.db")).unwrap());
        let connection = Connection::open_in_memory().unwrap();
        let threads =
            Threads::start("test", vec![connection], Duration::from_millis(20), &ownership).unwrap();
        let ask = |sql| {
            threads.ask(move |connection| Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?))
        };
        let endless = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT max(n) FROM n";
        let answer = ask(endless).await;
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        assert_eq!(ask("SELECT 7").await.unwrap(), 7);
    }
}
