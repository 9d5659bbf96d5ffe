//! Where users, groups, memberships and messages are kept: one contract, two databases.
//!
//! [`Store`] is asked once per batch of messages or per request, never per delivered message. Its answers
//! are the same whatever database is behind it; [`open`] alone knows which there are.

use std::sync::Arc;

use futures_util::future::BoxFuture;

mod database;
mod error;
mod migration;
mod page;
mod postgres;
mod row;
mod sqlite;

pub use database::Database;
pub use error::{StoreError, Unique};
#[doc(hidden)]
pub use postgres::copy;

use crate::model::{Group, GroupId, Message, MessageId, NewUser, Seq, Timestamp, User, UserId};

/// The result of asking a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// A future of a store's answer. It may be awaited on any runtime: the work itself runs on the store's own
/// threads, so that a slow query never holds up a thread that serves sockets.
pub type Asked<'a, T> = BoxFuture<'a, StoreResult<T>>;

/// Checks the name of a database, as far as that can be done without connecting to it.
///
/// # Errors
/// [`StoreError::Refused`]: the URL is not well formed, or asks for what is not offered (TLS).
pub fn check(database: &Database) -> StoreResult<()> {
    match database {
        Database::Sqlite(_) => Ok(()),
        Database::Postgres(url) => postgres::check(url),
    }
}

/// Opens the store of this database for this process alone: makes what is missing (SQLite: the file, not its
/// folder), brings the tables up to date and takes ownership, which lasts until [`Store::close`] or the end
/// of the process. `connections` is how many questions are worked on at once besides the writer's, at least 1.
///
/// # Errors
/// - [`StoreError::Owned`]: another server has it.
/// - [`StoreError::Unavailable`]: it cannot be reached or opened; never names the password.
/// - [`StoreError::Refused`]: what is there cannot be used, or the URL asks for what is not offered (TLS).
pub async fn open(database: &Database, connections: usize) -> StoreResult<Arc<dyn Store>> {
    Ok(match database {
        Database::Sqlite(file) => Arc::new(sqlite::SqliteStore::open(file, connections).await?),
        Database::Postgres(url) => Arc::new(postgres::PostgresStore::open(url, connections).await?),
    })
}

/// Durable storage. All methods may be called from any thread; each is one transaction.
///
/// Texts handed in contain no NUL and keep the bounds of [`limits`](crate::model::limits). An absent row
/// is `Ok(None)` or an empty list, never an error.
pub trait Store: Send + Sync + 'static {
    /// Which of these is in use by some user: the address before the name.
    fn taken<'a>(&'a self, username: &'a str, email: &'a str) -> Asked<'a, Option<Unique>>;

    /// Creates a user.
    ///
    /// # Errors
    /// [`StoreError::Taken`] with [`Unique::Email`] if the address is in use, else with [`Unique::Username`]
    /// if the name is.
    fn create_user(&self, user: NewUser) -> Asked<'_, User>;

    /// The user of this number.
    fn user(&self, id: UserId) -> Asked<'_, Option<User>>;

    /// The user of this name, compared byte by byte.
    fn user_by_name<'a>(&'a self, username: &'a str) -> Asked<'a, Option<User>>;

    /// Creates a group.
    ///
    /// # Errors
    /// [`StoreError::Taken`] with [`Unique::GroupName`].
    fn create_group<'a>(&'a self, name: &'a str, is_private: bool) -> Asked<'a, Group>;

    /// The group of this number.
    fn group(&self, id: GroupId) -> Asked<'_, Option<Group>>;

    /// The group of this name, compared byte by byte.
    fn group_by_name<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Group>>;

    /// Groups in ascending order of `id`, those above `after`, the first `skip` of them left out, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less.
    fn groups(&self, after: GroupId, skip: u64, limit: u64) -> Asked<'_, Vec<Group>>;

    /// The private group of these two users: the one made for them here, else the oldest private group that
    /// has just these two as members, else a new one under `name`. There is one per pair, whatever the order
    /// and even when several ask at once; both are members of it. A user's group with themself has one
    /// member and is always one made here.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no such user, [`StoreError::Taken`] with [`Unique::GroupName`] if a group was to be made and the name is in use.
    fn private_group<'a>(&'a self, one: UserId, other: UserId, name: &'a str) -> Asked<'a, Group>;

    /// Makes the user a member of the group, unless the group is private and already has
    /// [`PRIVATE_MEMBERS_MAX`](crate::model::limits::PRIVATE_MEMBERS_MAX) others. Of several who ask at once
    /// for the last place one gets it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no such group or user.
    fn join(&self, group: GroupId, user: UserId) -> Asked<'_, Join>;

    /// Whether the user is a member of the group.
    fn is_member(&self, group: GroupId, user: UserId) -> Asked<'_, bool>;

    /// Members of the group in ascending order of `id`, those above `after`, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less.
    fn members(&self, group: GroupId, after: UserId, limit: u64) -> Asked<'_, Vec<User>>;

    /// Messages in ascending order of `id`, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less, and
    /// none after the one that brings the contents to [`PAGE_BYTES_MAX`](crate::model::limits::PAGE_BYTES_MAX). So a page may be shorter than was
    /// asked for; an empty page tells that there are no more.
    fn messages(&self, page: MessagePage) -> Asked<'_, Vec<Message>>;

    /// The `id` of the message just before the newest `count` among those `filter` lets through: paging
    /// forward from there reads just these. 0 if there are no more than `count`.
    fn newest(&self, filter: MessageFilter, count: u64) -> Asked<'_, MessageId>;

    /// The highest message number in use and the `created_at` of that message, both 0 in an empty store.
    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)>;

    /// The highest `seq` in use in each of `groups`, in the same order; 0 for a group without messages.
    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>>;

    /// Which of these retries are known: for each key the message stored under it, if any, in the same
    /// order.
    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>>;

    /// Stores a batch, all of it or nothing; when this answers `Ok` it survives a loss of power.
    ///
    /// The rows carry their numbers, ascending in `id`. A batch that is already stored under the same
    /// numbers is a success too, so a caller who did not learn the outcome asks again with the same batch.
    ///
    /// # Errors
    /// - [`StoreError::Refused`]: a row of this batch can never be stored (its group or user is gone, its
    ///   `client_id` or a number is in use by another message). Nothing was stored.
    /// - [`StoreError::Unavailable`]: the outcome is not known or nothing was stored; ask again.
    fn append(&self, batch: Arc<[Message]>) -> Asked<'_, ()>;

    /// The opaque name of this history. It changes only when history that was seen was lost, as by going back to
    /// an older backup.
    fn epoch(&self) -> Asked<'_, String>;

    /// Begins a server's work on the history, before it delivers anything. An unsettled history gets a new
    /// epoch. The answer is whether it was unsettled.
    ///
    /// Unsettled is the history of a server that delivers messages before they are stored, from here until
    /// [`settle`](Self::settle).
    fn begin(&self, beginning: Beginning) -> Asked<'_, bool>;

    /// Notes that all messages that anyone has seen are stored, and that no more will be seen before they are.
    fn settle(&self) -> Asked<'_, ()>;

    /// Whether the database answers and messages can be stored.
    fn ping(&self) -> Asked<'_, ()>;

    /// Ends all connections after what is under way and gives up ownership. Whatever is asked afterwards is
    /// [`StoreError::Unavailable`].
    fn close(&self) -> Asked<'_, ()>;
}

/// How a server's work on a history begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// The history gets a new epoch in any case.
    pub new_epoch: bool,
    /// Messages will be seen before they are stored.
    pub eager: bool,
}

/// What came of asking for membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// A member from now on.
    Joined,
    /// Was a member before.
    AlreadyMember,
    /// The group is private and has all the members it can have.
    Full,
}

/// Which messages are meant. Conditions hold together; the default lets all through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Those of this group.
    pub group: Option<GroupId>,
    /// Those of this sender.
    pub user: Option<UserId>,
    /// Those with a higher place; nothing without `group`.
    pub after_seq: Option<Seq>,
    /// Those with a lower place; nothing without `group`.
    pub before_seq: Option<Seq>,
}

/// One page of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessagePage {
    /// Which messages are meant.
    pub filter: MessageFilter,
    /// Those above this number. With a group but no user in the filter this is cheap for the number of a
    /// message of that group, as the last of the page before or [`Store::newest`] give it; any other number
    /// makes the store look through the group.
    pub after: MessageId,
    /// How many of them to leave out.
    pub skip: u64,
    /// How many to bring at most.
    pub limit: u64,
}

/// What a retry is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SentKey {
    /// The group it was sent to.
    pub group: GroupId,
    /// The sender.
    pub user: UserId,
    /// The sender's name for the message.
    pub client_id: Box<str>,
}

/// The numbers of a message that was stored before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub id: MessageId,
    /// Its place in the group.
    pub seq: Seq,
    /// When the server took it.
    pub created_at: Timestamp,
}
