//! The embedded store: one SQLite file in WAL mode, one connection that writes, a few that read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rusqlite::Connection;
use tokio::task::{spawn_blocking, spawn_local};
use tokio_util::sync::{CancellationToken, DropGuard};

mod accounts;
mod admins;
mod annotations;
mod batch;
mod changes;
mod checkpoints;
mod connection;
mod credentials;
mod deletion;
mod directory;
mod entries;
mod epoch;
mod erasure;
mod error;
mod export;
mod extents;
mod facts;
mod groups;
mod import;
mod keys;
mod log;
mod marks;
mod members;
mod mentioned;
mod mentions;
mod messages;
mod migrations;
mod moderation;
mod numbers;
mod outside;
mod overview;
mod own_groups;
mod ownership;
mod private;
mod record;
mod retention;
mod sanctions;
mod search;
mod search_index;
mod sessions;
mod slices;
mod standing;
mod targets;
mod threads;
mod unread;
mod users;
mod writer;

use checkpoints::Checkpoints;
use error::unavailable;
use ownership::Ownership;
use threads::Threads;
use writer::{Requests, Writer};

use super::indexing::{self, Load};
use super::row::places;
use super::transfer::{Import, Snapshot};
use super::{
    Asked, Beginning, Lifecycle, Opened, Search, SearchIndex, SearchPage, Store, StoreResult, Upgrade,
    writer_thread,
};

/// Most threads that read. More would only wait for each other's cores.
const READERS_MAX: usize = 64;

/// How long a question may take once a thread works on it.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// A store in an SQLite file.
struct SqliteStore {
    writer: Arc<Writer>,
    readers: Threads,
    load: Arc<Load>,
    /// Indexing ends with whoever could ask.
    indexing: DropGuard,
}

/// Opens `file`, see [`open`](super::open).
pub(super) async fn open(file: &Path, connections: usize) -> StoreResult<Opened> {
    let file = file.to_owned();
    let (backend, writer) = writer_thread::start(async move |opening| {
        // Migrations may take long; nothing else runs on this thread yet.
        match SqliteStore::open(&file, connections) {
            Ok((store, requests)) => {
                let indexing = store.index();
                _ = opening.send(Ok(store));
                spawn_local(indexing);
                requests.run().await;
            }
            Err(error) => _ = opening.send(Err(error)),
        }
    })
    .await?;
    Ok(Opened { store: Store::new(Arc::new(backend)), writer })
}

/// See [`lacks`](super::lacks).
pub(super) async fn lacks(file: &Path) -> StoreResult<Upgrade> {
    let file = file.to_owned();
    aside(move || {
        let place = ownership::resolve(&file)?;
        let changes = match place.exists() {
            true => migrations::missing(&connection::open_untouched(&place)?)?,
            false => migrations::all()?,
        };
        Ok(Upgrade { changes, original: None, is_in_use: Ownership::is_taken(&place) })
    })
    .await
}

/// See [`migrate`](super::migrate).
pub(super) async fn migrate(file: &Path) -> StoreResult<Upgrade> {
    let file = file.to_owned();
    aside(move || {
        let place = ownership::resolve(&file)?;
        let _ownership = Ownership::take(&place)?;
        let mut connection = connection::open_writer(&place)?;
        let changes = migrations::missing(&connection)?;
        migrations::run(&mut connection)?;
        Ok(Upgrade { changes, original: None, is_in_use: false })
    })
    .await
}

/// See [`snapshot`](super::snapshot).
pub(super) fn snapshot(file: &Path) -> Snapshot {
    export::snapshot(file)
}

/// See [`open_import`](super::open_import).
pub(super) fn open_import(file: &Path) -> StoreResult<Box<dyn Import>> {
    Ok(Box::new(import::open(file)?))
}

/// Does `work`, which may wait for the disk, on a thread of its own.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
    spawn_blocking(work).await.map_err(unavailable)?
}

impl SqliteStore {
    fn open(file: &Path, connections: usize) -> StoreResult<(Self, Requests)> {
        let place = ownership::resolve(file)?;
        let ownership = Arc::new(Ownership::take(&place)?);
        let mut writer = connection::open_writer(&place)?;
        migrations::run(&mut writer)?;
        import::check_complete(&writer, &place)?;
        search_index::prepare(&writer)?;
        connection::leave_waiting(&writer)?;
        let readers = (0..connections.clamp(1, READERS_MAX))
            .map(|_| connection::open_reader(&place))
            .collect::<StoreResult<Vec<_>>>()?;
        // All connections hold on to the file's ownership: it ends with the last of them, not before.
        let readers = Threads::start("store-read", readers, QUESTION_TIMEOUT, &ownership)?;
        let checkpoints = Checkpoints::start(connection::open_checkpointer(&place)?, &mut writer)?;
        let (writer, requests) = Writer::new(writer, checkpoints, ownership);
        let indexing = CancellationToken::new().drop_guard();
        Ok((Self { writer: Arc::new(writer), readers, load: Arc::default(), indexing }, requests))
    }

    /// Has messages indexed, until the store is closed.
    fn index(&self) -> impl Future<Output = ()> + use<> {
        let (writer, load) = (Arc::clone(&self.writer), Arc::clone(&self.load));
        let ended = self.indexing.token().clone();
        let slice = move || -> Asked<'static, _> {
            let writer = Arc::clone(&writer);
            Box::pin(async move { writer.write(|connection| Ok(search_index::slice(connection)?)).await })
        };
        ended.run_until_cancelled_owned(indexing::run(load, slice)).map(drop)
    }

    fn read<T, F>(&self, question: F) -> Asked<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> StoreResult<T> + Send + 'static,
    {
        self.readers.ask(question)
    }
}

impl Lifecycle for SqliteStore {
    fn epoch(&self) -> Asked<'_, String> {
        self.read(|connection| epoch::read(connection))
    }

    fn begin(&self, beginning: Beginning) -> Asked<'_, bool> {
        self.writer.write(move |connection| epoch::begin(connection, beginning))
    }

    fn settle(&self) -> Asked<'_, ()> {
        self.writer.write(epoch::settle)
    }

    fn ping(&self) -> Asked<'_, ()> {
        // Whether the file can be read.
        self.read(|connection| epoch::read(connection).map(drop))
    }

    fn close(&self) -> Asked<'_, ()> {
        Box::pin(async move {
            // The writer last: it moves what is in the write-ahead log into the file.
            self.indexing.token().cancel();
            self.readers.end().await;
            self.writer.end().await;
            Ok(())
        })
    }
}

impl SearchIndex for SqliteStore {
    fn search(&self, search: Search) -> Asked<'_, SearchPage> {
        self.read(move |connection| search::search(connection, &search))
    }
}
