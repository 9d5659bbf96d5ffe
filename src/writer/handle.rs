//! The handle through which all threads reach the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::answer::{Receipt, WriteError};
use super::pending::{Caller, Pending, ReplyTo};
use crate::model::NewEntry;

/// Messages of callers without a socket that may wait for the writer at a time.
const CALLERS_MAX: usize = 4096;
/// KiB of content of these messages that may wait for the writer at a time.
const CALLERS_KIB_MAX: usize = 64 * 1024;

/// Hands messages to the writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MessageWriter {
    queue: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    callers: Arc<Semaphore>,
    callers_kib: Arc<Semaphore>,
    failing: AtomicBool,
    has_misled: AtomicBool,
}

/// What the writer's task is asked.
#[derive(Debug)]
pub(super) enum Command {
    /// Store these, in this order.
    Submit(Vec<Pending>),
    /// Answer when all that was submitted before is delivered.
    Flush(oneshot::Sender<()>),
}

impl MessageWriter {
    /// A handle and the other end of its queue.
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever submits holds credit, of its core or of the semaphores here, and these are bounded"
    )]
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (queue, commands) = mpsc::unbounded_channel();
        let shared = Shared {
            callers: Arc::new(Semaphore::new(CALLERS_MAX)),
            callers_kib: Arc::new(Semaphore::new(CALLERS_KIB_MAX)),
            failing: AtomicBool::new(false),
            has_misled: AtomicBool::new(false),
        };
        (Self { queue, shared: Arc::new(shared) }, commands)
    }

    /// Whether the last attempt to store a batch failed.
    pub fn is_failing(&self) -> bool {
        self.shared.failing.load(Ordering::Relaxed)
    }

    /// Whether a message was seen that is not stored as it was seen, and never will be: in eager mode, when the database
    /// refuses it.
    pub fn has_misled(&self) -> bool {
        self.shared.has_misled.load(Ordering::Relaxed)
    }

    pub(super) fn set_misled(&self) {
        self.shared.has_misled.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_failing(&self, failing: bool) {
        self.shared.failing.store(failing, Ordering::Relaxed);
    }

    /// Stores a message or change and waits for its commit.
    ///
    /// # Errors
    /// [`WriteError::Unavailable`] at once while the database is away, and when the server stops;
    /// [`WriteError::Refused`].
    pub async fn store(&self, entry: NewEntry) -> Result<Receipt, WriteError> {
        if self.is_failing() {
            return Err(WriteError::Unavailable);
        }
        let kib = u32::try_from(entry.content_bytes() / 1024 + 1).unwrap_or(u32::MAX);
        let place = Arc::clone(&self.shared.callers).acquire_owned();
        let place = place.await.map_err(|_| WriteError::Unavailable)?;
        let room = Arc::clone(&self.shared.callers_kib).acquire_many_owned(kib.min(CALLERS_KIB_MAX as u32));
        let room = room.await.map_err(|_| WriteError::Unavailable)?;
        let (caller, answer) = Caller::new(place, room);
        self.submit(Command::Submit(vec![Pending::new(entry, ReplyTo::Caller(caller))]));
        answer.await.unwrap_or(Err(WriteError::Unavailable))
    }

    /// Waits until all that was submitted so far is stored and delivered, or the writer has ended.
    pub async fn flush(&self) {
        let (sender, done) = oneshot::channel();
        self.submit(Command::Flush(sender));
        let _ = done.await;
    }

    pub(super) fn submit(&self, command: Command) {
        // Fails only when the task has ended; those who wait for an answer learn it by their channel.
        let _ = self.queue.send(command);
    }
}
