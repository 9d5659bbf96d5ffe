//! The connection that writes, and what it is asked.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::batch;
use super::checkpoints::{Checkpoints, Step};
use super::error::{is_busy, is_stale, unavailable};
use super::ownership::Ownership;
use crate::store::{Asked, LogBatch, StoreError, StoreResult};

/// Requests that may wait for the connection; who has another one waits for room.
const QUEUE_MAX: usize = 1024;

/// Requests that may share a transaction.
const REQUESTS_A_TURN: usize = 64;

/// How long to wait while another program (a backup, a shell) writes, before those who wait are told.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to look whether it still does.
const BUSY_RETRY: Duration = Duration::from_millis(5);

/// What the connection is asked.
enum Request {
    /// Store a batch.
    Append(Arc<LogBatch>, oneshot::Sender<StoreResult<()>>),
    /// Change something.
    Write(Work<Settle>),
    /// Look something up.
    Read(Work<()>),
    /// Close the connection.
    End,
}

type Work<T> = Box<dyn FnOnce(&Connection) -> T + Send>;

/// A change that was made and is not committed.
struct Settle {
    /// Whether it is to be committed.
    stays: bool,
    /// Tells the caller, given what came of the commit.
    tell: Box<Tell>,
}

type Tell = dyn FnOnce(Result<&(), &StoreError>);

/// The way to the connection.
pub(super) struct Writer {
    queue: mpsc::Sender<Request>,
}

impl Writer {
    /// The way to a connection, and its end there.
    pub(super) fn new(
        connection: Connection,
        checkpoints: Checkpoints,
        ownership: Arc<Ownership>,
    ) -> (Self, Requests) {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        (Self { queue }, Requests { connection, checkpoints, ownership, queue: receiver })
    }

    /// See [`MessageLog::append`](crate::store::MessageLog::append).
    pub(super) fn append(&self, batch: Arc<LogBatch>) -> Asked<'_, ()> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Append(batch, answer), answered)
    }

    /// Has the connection do `change`, in a transaction that it shares with whatever else waits; if it fails, all that
    /// it did is taken back. Nothing is done for a caller who has gone before its turn came.
    pub(super) fn write<T, F>(&self, change: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<StoreResult<T>>();
        let change = move |connection: &Connection| {
            let changed = (!answer.is_closed()).then(|| change(connection));
            let stays = changed.as_ref().is_some_and(Result::is_ok);
            let tell = move |committed: Result<&(), &StoreError>| {
                let changed = changed.unwrap_or_else(|| Err(unavailable("nobody waits for the answer")));
                _ = answer.send(committed.map_err(|error| unavailable(error.to_string())).and(changed));
            };
            Settle { stays, tell: Box::new(tell) }
        };
        self.ask(Request::Write(Box::new(change)), answered)
    }

    /// Has the connection answer `question`, which changes nothing.
    pub(super) fn read<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let question = move |connection: &Connection| {
            if !answer.is_closed() {
                _ = answer.send(question(connection));
            }
        };
        self.ask(Request::Read(Box::new(question)), answered)
    }

    fn ask<T: Send + 'static>(
        &self,
        request: Request,
        answered: oneshot::Receiver<StoreResult<T>>,
    ) -> Asked<'_, T> {
        Box::pin(async move {
            self.queue.send(request).await.map_err(|_| unavailable("the store is closed"))?;
            answered.await.map_err(|_| unavailable("the database did not take it"))?
        })
    }

    /// Has what waits done, takes nothing more and returns when the connection is closed.
    pub(super) async fn end(&self) {
        _ = self.queue.send(Request::End).await;
        self.queue.closed().await;
    }
}

/// The connection, and what waits for it.
pub(super) struct Requests {
    connection: Connection,
    checkpoints: Checkpoints,
    /// Given up after the connection is closed.
    ownership: Arc<Ownership>,
    queue: mpsc::Receiver<Request>,
}

/// What came of a look at what waits.
enum Turn {
    /// Some of it is done.
    Done,
    /// Another program writes.
    Busy,
    /// Another program has written, so the connection must look at the file anew.
    Stale,
}

impl Requests {
    /// Does what is asked until the end is.
    pub(super) async fn run(self) {
        let Self { connection, checkpoints, ownership, mut queue } = self;
        let mut waiting = Vec::with_capacity(REQUESTS_A_TURN);
        let mut step = Step::None;
        while let ControlFlow::Continue(next) =
            serve(&connection, &checkpoints, step, &mut queue, &mut waiting).await
        {
            if next == Step::Rest {
                checkpoints.finish(&connection);
            }
            step = next;
        }
        // The writing connection is the last to be closed, which moves what is in the log into the file; then the
        // ownership goes, and then whoever waits for the end is told.
        checkpoints.end();
        drop(connection);
        drop(ownership);
        drop(queue);
    }
}

/// Does what is asked for as long as its view of the file holds: until somebody else has written, or the log is to be
/// moved.
///
/// A question that is never read to its end keeps the view, and with it most of the locks that a transaction needs: for
/// each commit there is one lock to take and to give back, not four.
async fn serve(
    connection: &Connection,
    checkpoints: &Checkpoints,
    step: Step,
    queue: &mut mpsc::Receiver<Request>,
    waiting: &mut Vec<Request>,
) -> ControlFlow<(), Step> {
    let mut view = connection.prepare_cached("SELECT 1 FROM server").ok();
    let mut view = view.as_mut().and_then(|view| view.query([]).ok());
    // Without a view all goes on, a little slower.
    _ = view.as_mut().map(|view| view.next().map(drop));
    if step == Step::Bulk {
        checkpoints.begin();
    }
    let (mut busy_until, mut was_busy) = (None, false);
    loop {
        if waiting.is_empty() && queue.recv_many(waiting, REQUESTS_A_TURN).await == 0 {
            return ControlFlow::Break(());
        }
        match turn(connection, waiting) {
            Turn::Done => {
                busy_until = None;
                let step = checkpoints.next();
                if step != Step::None || was_busy {
                    return ControlFlow::Continue(step);
                }
                let is_end = |request: &Request| matches!(request, Request::End);
                if !waiting.is_empty() && waiting.iter().all(is_end) {
                    return ControlFlow::Break(());
                }
            }
            Turn::Stale => return ControlFlow::Continue(Step::None),
            Turn::Busy => {
                // Whoever writes may wait for this view to go, so that the log can begin anew.
                drop(view.take());
                was_busy = true;
                if Instant::now() < *busy_until.get_or_insert_with(|| Instant::now() + BUSY_TIMEOUT) {
                    sleep(BUSY_RETRY).await;
                } else {
                    busy_until = None;
                    refuse(waiting, &unavailable("another program is writing to the database"));
                }
            }
        }
    }
}

/// Answers questions, then makes the changes that wait in one transaction: a batch of messages, and whatever else there
/// is. What is still in `waiting` is for the next turn; an end stays there until it is alone.
fn turn(connection: &Connection, waiting: &mut Vec<Request>) -> Turn {
    for read in waiting.extract_if(.., |request| matches!(request, Request::Read(_))) {
        if let Request::Read(question) = read {
            question(connection);
        }
    }
    if waiting.iter().all(|request| matches!(request, Request::End)) {
        return Turn::Done;
    }
    let transaction = match Transaction::begin(connection) {
        Ok(transaction) => transaction,
        Err(error) if is_stale(&error) => return Turn::Stale,
        Err(error) if is_busy(&error) => return Turn::Busy,
        Err(error) => {
            refuse(waiting, &error.into());
            return Turn::Done;
        }
    };
    let mut appended = None;
    if let Some(place) = waiting.iter().position(|request| matches!(request, Request::Append(..)))
        && let Request::Append(batch, answer) = waiting.remove(place)
    {
        if let Err(error) = batch::insert(connection, &batch) {
            // The other changes have another turn.
            drop(transaction);
            _ = answer.send(batch::resolve(connection, &batch, error));
            return Turn::Done;
        }
        appended = Some(answer);
    }
    let writes = waiting.extract_if(.., |request| matches!(request, Request::Write(_)));
    let mut changes = Vec::new();
    let made = writes.into_iter().try_for_each(|write| match write {
        Request::Write(change) => make(connection, change, &mut changes),
        Request::Append(..) | Request::Read(_) | Request::End => Ok(()),
    });
    let committed = made.and_then(|()| transaction.commit()).map_err(StoreError::from);
    changes.into_iter().for_each(|Settle { tell, .. }| tell(committed.as_ref()));
    if let Some(answer) = appended {
        _ = answer.send(committed);
    }
    Turn::Done
}

/// A transaction that may write, taken back unless it is committed. Its statements are prepared once.
struct Transaction<'c>(&'c Connection);

impl<'c> Transaction<'c> {
    fn begin(connection: &'c Connection) -> rusqlite::Result<Self> {
        execute(connection, "BEGIN IMMEDIATE")?;
        Ok(Self(connection))
    }

    fn commit(self) -> rusqlite::Result<()> {
        execute(self.0, "COMMIT")
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = execute(self.0, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be taken back");
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Makes one change of several in a transaction.
fn make(connection: &Connection, change: Work<Settle>, changes: &mut Vec<Settle>) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT change")?;
    let change = change(connection);
    let stays = change.stays;
    changes.push(change);
    if !stays {
        execute(connection, "ROLLBACK TO change")?;
    }
    execute(connection, "RELEASE change")
}

fn refuse(waiting: &mut Vec<Request>, error: &StoreError) {
    for request in waiting.extract_if(.., |request| !matches!(request, Request::End)) {
        match request {
            Request::Append(_, answer) => _ = answer.send(Err(unavailable(error.to_string()))),
            // Their answers are dropped with them, which says the same.
            Request::Write(_) | Request::Read(_) | Request::End => {}
        }
    }
}
