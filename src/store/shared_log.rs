//! The log where several nodes write it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Asked, LogBatch, Sent};
use crate::model::{Digest, GroupId, NewEntry, NodeId, Removal, Seq, SessionId, Timestamp, UserId};

/// The log of a database that several nodes share. Numbers are given under locks of the groups' heads, which hold until
/// the batch is stored; what one node changes is news for the others.
///
/// The writer alone asks the methods that store, one question at a time, on the runtime that
/// [`open_node`](super::open_node) gives for it. Between [`begin`](Self::begin) and [`commit`](Self::commit) or
/// [`roll_back`](Self::roll_back), what it asks of [`MessageLog`](super::MessageLog) (`find_sent`, `targets`,
/// `mentioned`) is answered inside the same transaction.
pub trait SharedLog: Send + Sync + 'static {
    /// Stores messages about which nothing has to be found out, all or none of them, with one question: none of them
    /// answers or mentions anybody, and no two have one key. Gives their numbers, in the same order, with the clock of
    /// the database. `None` if nothing was stored: one of the keys is in use, or there are notices beyond
    /// [`PlainBatch::known`]. Asked again with the same `serial` it gives what was stored the first time.
    ///
    /// # Errors
    /// - `StoreError::Refused`: a row can never be stored (its group or user is gone). Nothing was stored.
    /// - `StoreError::Unavailable`: the outcome is not known; ask again with the same batch.
    fn store_plain(&self, batch: Arc<PlainBatch>) -> Asked<'_, Option<Vec<Sent>>>;

    /// Begins a transaction and locks the heads of these groups, which are in ascending order and all different, in this
    /// order. A transaction that is open already is given up. A node that stops in the middle of one loses it after a
    /// second.
    fn begin(&self, groups: Vec<GroupId>, messages: usize, known: Known) -> Asked<'_, Begun>;

    /// Stores a batch that was numbered on from what [`begin`](Self::begin) gave, and ends the transaction. `false` if
    /// nothing was stored, since the transaction is gone: the batch is to be begun anew. Asked again with the same
    /// `serial` after its outcome was unknown, it says whether the batch is stored.
    ///
    /// # Errors
    /// Those of [`MessageLog::append`](super::MessageLog::append).
    fn commit(&self, serial: i64, batch: Arc<LogBatch>) -> Asked<'_, bool>;

    /// Gives up the transaction that is open, if one is.
    fn roll_back(&self) -> Asked<'_, ()>;

    /// What other nodes have changed since `known`, as of one moment after this was asked.
    fn news(&self, known: Known) -> Asked<'_, News>;

    /// Waits until all batches have ended that nodes were storing when this was asked, at most 3 s: what is stored after
    /// that heeds the notices that were written before.
    ///
    /// # Errors
    /// `StoreError::Unavailable`, also if some have not ended by then.
    fn outlast_batches(&self) -> Asked<'_, ()>;

    /// Waits until this process has changed something that is a notice for others.
    fn noticed(&self) -> BoxFuture<'_, ()>;
}

/// Messages that are stored with one question.
#[derive(Debug)]
pub struct PlainBatch {
    /// Counts the batches of this node, from 1, ascending.
    pub serial: i64,
    /// What is known of what other nodes have changed.
    pub known: Known,
    /// All of the kind [`Message`](crate::model::NewEntryKind::Message), without `reply_to` and mentions.
    pub messages: Vec<NewEntry>,
}

/// A transaction that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// For each group its head and the latest `created_at` there, in the same order.
    pub heads: Vec<(Seq, Timestamp)>,
    /// As many numbers for messages as were asked for, ascending, above all that are used in these groups.
    pub ids: Vec<crate::model::MessageId>,
    /// The time by the clock of the database.
    pub now: Timestamp,
    /// Whether there are no notices but those that are known. Else the transaction was given up.
    pub is_current: bool,
}

/// How far a node knows what others have changed. Empty at its start, when it knows nothing of the database yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether it was given by the store.
    pub(super) is_set: bool,
    /// Transactions below this number have ended.
    pub(super) horizon: i64,
    /// Notices of transactions from that on that were read.
    pub(super) seen: Arc<[i64]>,
    /// The last batch that was read of each other node.
    pub(super) serials: Arc<[(NodeId, i64)]>,
}

#[cfg(test)]
impl Known {
    /// All up to this, for a model of a database that counts what is changed.
    pub(crate) fn up_to(number: i64) -> Self {
        Self { is_set: true, horizon: number, ..Self::default() }
    }

    /// How far that goes; 0 at a node's start.
    pub(crate) fn number(&self) -> i64 {
        self.horizon
    }

    /// Whether it is not that of a node's start.
    pub(crate) fn is_given(&self) -> bool {
        self.is_set
    }
}

/// What other nodes have changed.
#[derive(Clone, Debug)]
pub struct News {
    /// How far this goes.
    pub known: Known,
    /// In the order of their numbers.
    pub notices: Vec<Notice>,
    /// The same of this node: it may not have learnt that it has changed this.
    pub own: Vec<Notice>,
    /// Heads of groups as other nodes have moved them, of each group once.
    pub moved: Vec<(GroupId, Seq)>,
    /// Nodes that have shown within the last ten seconds that they live, this one among them.
    pub alive: Vec<NodeId>,
    /// `false` if some of it is not there any more: then anything may have changed. The first answer is whole and empty.
    pub is_whole: bool,
}

/// What is true no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A member was taken out of a group.
    Removed {
        /// The group.
        group: GroupId,
        /// The member.
        user: UserId,
        /// How.
        removal: Removal,
    },
    /// A member has another role, or may write again or no more.
    Member {
        /// The group.
        group: GroupId,
        /// The member.
        user: UserId,
    },
    /// A group has another name, topic or way to join.
    Group(GroupId),
    /// A group was deleted.
    GroupDeleted(GroupId),
    /// A group's log begins later than it did.
    Cut {
        /// The group.
        group: GroupId,
        /// Where it begins.
        first: Seq,
    },
    /// A user has another address or other rights.
    User(UserId),
    /// A user was erased; taken out of groups by notices of their own.
    UserErased(UserId),
    /// A session has ended.
    Session(SessionId),
    /// Tokens of outside issuers that name this user are not believed any more, if they were issued before.
    Tokens(UserId),
    /// An API key was revoked.
    Key(Digest),
    /// A token of an outside issuer was ended.
    Token(Digest),
}

/// What a node is to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The node.
    pub node: NodeId,
    /// How nodes of this database reach each other: all must do it in the same way.
    pub carrier: CarrierKind,
}

/// How nodes reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierKind {
    /// Over NATS.
    Nats,
    /// By LISTEN and NOTIFY of the database.
    Postgres,
}

/// A store that is shared by several nodes.
pub struct OpenedNode {
    /// The database.
    pub opened: super::Opened,
    /// The log as it is written together.
    pub shared: Arc<dyn SharedLog>,
    /// The way to other nodes through the database.
    pub notifications: Arc<dyn Notifications>,
}

/// LISTEN and NOTIFY of the database. Nothing goes over it, and no connection is held for it, unless the
/// [`CarrierKind`] is `Postgres`.
pub trait Notifications: Send + Sync + 'static {
    /// Hands texts of at most 7,900 bytes to all nodes that listen, this one too. What is sent while the database is away
    /// may be lost.
    fn notify(&self, payloads: Vec<String>) -> Asked<'_, ()>;

    /// The next text that came. Some may be lost without notice. Waits for ever while the database is away.
    fn next(&self) -> BoxFuture<'_, String>;

    /// Whether the connection that listens stands.
    fn is_up(&self) -> bool;
}
