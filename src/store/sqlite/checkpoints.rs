//! Moving what is in the write-ahead log into the file, out of the commits' way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Error};

use super::error::unavailable;
use crate::store::StoreResult;

/// Pages of the log (4 KiB each) from which the bulk of it is moved by a thread of its own, while commits go on.
///
/// Each checkpoint writes the same pages of the indexes again, so it is 32 MiB and not the 4 of SQLite's default.
const BULK_PAGES: u32 = 8_192;

/// Pages that the writing connection moves itself when the bulk is done, so that the log begins anew: some
/// milliseconds. With more of them left, another bulk is moved first.
const REST_PAGES: u32 = 1_024;

/// Pages above which the writing connection moves all of them at once, however long that takes: 256 MiB. So many there
/// are only when the disk does not keep up or somebody has read from the file for long.
const PAGES_MAX: u32 = 65_536;

/// What the writing connection is to do between two commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Go on.
    None,
    /// Look at the file anew, so that its old view does not keep the log from being moved, and
    /// [begin](Checkpoints::begin) a bulk.
    Bulk,
    /// Move the rest itself, with [`checkpoint`], while it has no view.
    Rest,
}

/// The thread that moves the bulk, and what the log has grown to.
pub(super) struct Checkpoints {
    start: SyncSender<()>,
    thread: JoinHandle<()>,
    is_moving: Arc<AtomicBool>,
    /// Pages that the last bulk has left behind it, counted from the log's begin.
    moved: Arc<AtomicU32>,
    pages: Arc<AtomicU32>,
}

impl Checkpoints {
    /// Starts the thread, with a connection of its own; `writer` is the one that writes.
    pub(super) fn start(connection: Connection, writer: &mut Connection) -> StoreResult<Self> {
        let (is_moving, moved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let pages = Arc::new(AtomicU32::new(0));
        let (start, starts) = sync_channel(1);
        let work = {
            let (is_moving, moved) = (is_moving.clone(), moved.clone());
            move || run(&connection, &starts, &is_moving, &moved)
        };
        let thread = std::thread::Builder::new().name("store-checkpoint".into()).spawn(work);
        let grown = pages.clone();
        writer.wal_hook(Some(move |_: &mut _, pages: i32| {
            grown.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok::<(), Error>(())
        }))?;
        Ok(Self { start, thread: thread.map_err(unavailable)?, is_moving, moved, pages })
    }

    /// What is to be done after a commit.
    pub(super) fn next(&self) -> Step {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages > PAGES_MAX {
            return Step::Rest;
        }
        if pages < BULK_PAGES || self.is_moving.load(Ordering::Acquire) {
            return Step::None;
        }
        let moved = self.moved.load(Ordering::Relaxed);
        if moved > 0 && pages.saturating_sub(moved) <= REST_PAGES { Step::Rest } else { Step::Bulk }
    }

    /// Has the thread move what the connection's view lets it.
    pub(super) fn begin(&self) {
        self.is_moving.store(true, Ordering::Release);
        if self.start.try_send(()).is_err() {
            self.is_moving.store(false, Ordering::Release);
        }
    }

    /// Moves all that the readers let it, on the writing connection.
    pub(super) fn finish(&self, writer: &Connection) {
        checkpoint(writer);
        self.moved.store(0, Ordering::Relaxed);
        self.pages.store(0, Ordering::Relaxed);
    }

    /// Waits for the thread to close its connection.
    pub(super) fn end(self) {
        drop(self.start);
        _ = self.thread.join();
    }
}

fn run(connection: &Connection, starts: &Receiver<()>, is_moving: &AtomicBool, moved: &AtomicU32) {
    while let Ok(()) = starts.recv() {
        moved.store(checkpoint(connection), Ordering::Relaxed);
        is_moving.store(false, Ordering::Release);
    }
}

/// Moves what can be moved without waiting for anyone; answers how many pages of the log are in the file now.
fn checkpoint(connection: &Connection) -> u32 {
    let moved = connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(2)));
    match moved {
        Ok(moved) => u32::try_from(moved).unwrap_or(0),
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log could not be moved into the file; it grows");
            0
        }
    }
}
