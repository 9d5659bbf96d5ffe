//! Where users, groups, memberships and messages are kept: one contract, two databases.
//!
//! The contract is nine traits: [`MessageLog`], [`SearchIndex`], [`Directory`], [`Accounts`], [`Moderation`],
//! [`Overview`], [`Marks`], [`Retention`] and [`Lifecycle`]. They are asked once per batch of messages or per request, never per delivered message,
//! and their answers are the same whatever database is behind them; [`open`] and [`open_beside`] alone know which there are.
//!
//! Beside the contract stands the room `transfer`: all data go out of one database and into another.
//!
//! Each method is one transaction. Texts handed in contain no NUL and keep the bounds of
//! [`limits`](crate::model::limits). An absent row is `Ok(None)` or an empty list, never an error.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

mod accounts;
mod change_row;
mod database;
mod directory;
mod effects;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod indexing;
mod lifecycle;
mod log;
mod marks;
mod migration;
mod moderation;
mod overview;
mod page;
mod postgres;
mod prefix;
mod retention;
mod row;
mod search;
mod shared_log;
mod slice;
mod sqlite;
mod together;
mod transfer;
mod upgrade;
mod writer_thread;

pub use accounts::{Accounts, Credentials, Erased, Login, NewKey, Renewal, Renewed};
pub use database::Database;
pub use directory::{Directory, Join};
pub use error::{StoreError, Unique};
pub use lifecycle::{Beginning, Lifecycle};
pub use log::{
    LogBatch, MentionQuestion, Mentioned, MessageFilter, MessageLog, MessagePage, Sent, SentKey, Target,
    TargetQuestion,
};
pub use marks::{Marks, Swept};
pub use moderation::{GroupChange, Moderation, NewSanction, OwnGroup, Removed, Sanction};
pub use overview::{ListedGroup, ListedUser, Overview};
#[doc(hidden)]
pub use postgres::copy;
pub use retention::{Cut, CutEnd, Extent, Retention};
pub use search::{Search, SearchIndex, SearchPage, SearchPlace, SearchScope};
pub use shared_log::{
    Begun, CarrierKind, Joining, Known, News, Notice, Notifications, OpenedNode, PlainBatch, SharedLog,
};
pub(crate) use transfer::{Import, ImportProgress, ImportState, Record, Snapshot};
pub use upgrade::{Original, Upgrade};

/// The result of asking a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// A future of a store's answer. It may be awaited on any runtime: the work itself runs on the store's own
/// threads, so that a slow query never holds up a thread that serves sockets.
pub type Asked<'a, T> = BoxFuture<'a, StoreResult<T>>;

/// Checks the name of a database, as far as that can be done without connecting to it, and the certificates that it
/// names.
///
/// # Errors
/// [`StoreError::Refused`]: the URL is not well formed, asks for what is not offered, or names a file that cannot be used.
pub fn check(database: &Database) -> StoreResult<()> {
    match database {
        Database::Sqlite(_) => Ok(()),
        Database::Postgres(url) => postgres::check(url),
    }
}

/// An open database, by what is asked of it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// Messages.
    pub log: Arc<dyn MessageLog>,
    /// Messages by their words.
    pub search: Arc<dyn SearchIndex>,
    /// Users, groups and memberships.
    pub directory: Arc<dyn Directory>,
    /// Passwords, sessions and keys.
    pub accounts: Arc<dyn Accounts>,
    /// Roles, bans and mutes.
    pub moderation: Arc<dyn Moderation>,
    /// What admins of the server look through.
    pub overview: Arc<dyn Overview>,
    /// How far members have read.
    pub marks: Arc<dyn Marks>,
    /// How much of the logs is kept.
    pub retention: Arc<dyn Retention>,
    /// The beginning and the end of the work on it.
    pub lifecycle: Arc<dyn Lifecycle>,
}

impl Store {
    /// A store of which one value answers all questions.
    pub fn new<
        B: MessageLog
            + SearchIndex
            + Directory
            + Accounts
            + Moderation
            + Overview
            + Marks
            + Retention
            + Lifecycle,
    >(
        backend: Arc<B>,
    ) -> Self {
        Self {
            log: Arc::<B>::clone(&backend),
            search: Arc::<B>::clone(&backend),
            directory: Arc::<B>::clone(&backend),
            accounts: Arc::<B>::clone(&backend),
            moderation: Arc::<B>::clone(&backend),
            overview: Arc::<B>::clone(&backend),
            marks: Arc::<B>::clone(&backend),
            retention: Arc::<B>::clone(&backend),
            lifecycle: backend,
        }
    }
}

/// What [`open`] gives.
pub struct Opened {
    /// The database.
    pub store: Store,
    /// The runtime of the thread that has the connection through which messages are stored. A task there that
    /// [appends](MessageLog::append) wakes no other thread for it. It ends with [`Lifecycle::close`].
    pub writer: Handle,
}

/// Opens the store of this database for this process alone: makes what is missing (SQLite: the file, not its
/// folder), brings the tables up to date and takes ownership, which lasts until [`Lifecycle::close`] or the end
/// of the process. `connections` is how many questions are worked on at once besides the writer's, at least 1.
///
/// # Errors
/// - [`StoreError::Owned`]: another server has it.
/// - [`StoreError::Unavailable`]: it cannot be reached or opened; never names the password.
/// - [`StoreError::Refused`]: what is there cannot be used, or what [`check`] refuses.
pub async fn open(database: &Database, connections: usize) -> StoreResult<Opened> {
    match database {
        Database::Sqlite(file) => sqlite::open(file, connections).await,
        Database::Postgres(url) => postgres::open(url, connections).await,
    }
}

/// Opens the store of this database for one of several nodes: brings the tables up to date if no node runs yet, and takes
/// a share of it, which lasts until [`Lifecycle::close`] or the end of the process. All else as [`open`].
///
/// # Errors
/// Those of [`open`]; [`StoreError::Owned`] also if nodes of another [`CarrierKind`] have it, [`StoreError::Refused`] if
/// it is not Postgres.
pub async fn open_node(database: &Database, connections: usize, joining: Joining) -> StoreResult<OpenedNode> {
    match database {
        Database::Sqlite(_) => Err(StoreError::Refused("several nodes need a Postgres database".into())),
        Database::Postgres(url) => postgres::open_node(url, connections, joining).await,
    }
}

/// Opens the store of this database for an operator's command, which may run beside a server. Postgres: nothing is
/// owned, and messages cannot be [appended](MessageLog::append); the tables are brought up to date if no server uses
/// them. SQLite: as [`open`], so a file that a server uses is [`StoreError::Owned`].
///
/// # Errors
/// Those of [`open`]; also [`StoreError::Refused`] if a server uses a Postgres database whose tables are not those of
/// this program.
pub async fn open_beside(database: &Database) -> StoreResult<Store> {
    match database {
        Database::Sqlite(file) => Ok(sqlite::open(file, 1).await?.store),
        Database::Postgres(url) => postgres::open_beside(url).await,
    }
}

/// What this database lacks. Changes nothing and makes nothing, no file of SQLite's either.
///
/// # Errors
/// - [`StoreError::Unavailable`]: it cannot be reached or read; never names the password.
/// - [`StoreError::Refused`]: it is one of a newer program.
pub async fn lacks(database: &Database) -> StoreResult<Upgrade> {
    match database {
        Database::Sqlite(file) => sqlite::lacks(file).await,
        Database::Postgres(url) => postgres::lacks(url).await,
    }
}

/// Brings the tables of this database up to date, in one transaction, and answers what it lacked. Takes as long as it
/// takes.
///
/// # Errors
/// Those of [`open`].
pub async fn migrate(database: &Database) -> StoreResult<Upgrade> {
    match database {
        Database::Sqlite(file) => sqlite::migrate(file).await,
        Database::Postgres(url) => postgres::migrate(url).await,
    }
}

/// All that is to be exported of this database, as of one moment; beside a server too. The tables are brought up to date
/// if no server uses them.
///
/// # Errors
/// Those of [`open`] but [`StoreError::Owned`], with the first page. [`StoreError::Refused`] also if there is no such
/// SQLite file, if an import into the database is not complete, or if a server uses it whose tables are not those of this
/// program.
pub(crate) async fn snapshot(database: &Database) -> StoreResult<Snapshot> {
    match database {
        Database::Sqlite(file) => Ok(sqlite::snapshot(file)),
        Database::Postgres(url) => postgres::snapshot(url).await,
    }
}

/// Opens this database to read an export into it: makes what is missing, brings the tables up to date and takes ownership,
/// as [`open`].
///
/// # Errors
/// Those of [`open`].
pub(crate) async fn open_import(database: &Database) -> StoreResult<Box<dyn Import>> {
    match database {
        Database::Sqlite(file) => sqlite::open_import(file),
        Database::Postgres(url) => postgres::open_import(url).await,
    }
}
