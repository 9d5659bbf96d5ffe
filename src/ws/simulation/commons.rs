//! What a database keeps for several nodes beside the log: locks, numbers, and what each has changed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{GroupId, MessageId, NodeId, Seq, Timestamp};
use crate::store::{Notice, Sent};

/// A transaction in which nothing is asked for so long is given up.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// The same for all nodes.
#[derive(Default)]
pub(super) struct Commons {
    /// The heads that are locked, each by a transaction.
    locks: HashMap<GroupId, u64>,
    open: BTreeMap<u64, Open>,
    transactions: u64,
    /// The newest question of each node's writer.
    questions: HashMap<NodeId, u64>,
    ids: i64,
    started: Option<Instant>,
    /// What was committed, in that order.
    committed: Vec<(NodeId, Committed)>,
}

/// A transaction under way.
struct Open {
    node: NodeId,
    asked_at: Instant,
}

/// What others want to know of.
pub(super) enum Committed {
    /// A batch: its serial, what it has moved, and the numbers in it if they are asked for.
    Batch(i64, Vec<(GroupId, Seq)>, Vec<Sent>),
    Notice(Notice),
}

impl Open {
    fn is_over(&self, now: Instant) -> bool {
        now >= self.asked_at + IDLE_MAX
    }
}

impl Commons {
    /// Begins a transaction of a node.
    pub(super) fn open(&mut self, node: NodeId, now: Instant) -> u64 {
        self.transactions += 1;
        self.open.insert(self.transactions, Open { node, asked_at: now });
        self.transactions
    }

    /// Whether a transaction is still open. It counts as used.
    pub(super) fn touch(&mut self, transaction: u64, now: Instant) -> bool {
        let open = self.open.get_mut(&transaction).filter(|open| !open.is_over(now));
        open.map(|open| open.asked_at = now).is_some()
    }

    /// The writer of a node asks something: what it asked before is not done any more if it was not yet.
    pub(super) fn ask(&mut self, node: NodeId) -> u64 {
        let newest = self.questions.entry(node).or_default();
        *newest += 1;
        *newest
    }

    /// Whether that is the newest question of a node.
    pub(super) fn is_newest(&self, node: NodeId, question: u64) -> bool {
        self.questions.get(&node) == Some(&question)
    }

    /// Ends a transaction.
    pub(super) fn end(&mut self, transaction: u64) {
        self.open.remove(&transaction);
        self.locks.retain(|_, holder| *holder != transaction);
    }

    /// Gives up all that a node has open.
    pub(super) fn give_up(&mut self, node: NodeId) {
        let of_node = self.open.iter().filter(|(_, open)| open.node == node);
        let transactions: Vec<u64> = of_node.map(|(&transaction, _)| transaction).collect();
        transactions.into_iter().for_each(|transaction| self.end(transaction));
    }

    /// Locks a head, unless another transaction has it that is not idle for too long.
    pub(super) fn lock(&mut self, transaction: u64, group: GroupId, now: Instant) -> bool {
        if let Some(&holder) = self.locks.get(&group) {
            if self.open.get(&holder).is_some_and(|open| !open.is_over(now)) {
                return holder == transaction;
            }
            self.end(holder);
        }
        self.locks.insert(group, transaction);
        true
    }

    /// So many numbers for messages.
    pub(super) fn ids(&mut self, count: usize) -> Vec<MessageId> {
        let first = self.ids + 1;
        self.ids += count as i64;
        (first..=self.ids).map(MessageId).collect()
    }

    /// The clock of the database.
    pub(super) fn clock(&mut self, now: Instant) -> Timestamp {
        let started = *self.started.get_or_insert(now);
        Timestamp(1_000 + now.duration_since(started).as_micros() as i64)
    }

    /// A change of a node is there from now on.
    pub(super) fn commit(&mut self, node: NodeId, what: Committed) {
        self.committed.push((node, what));
    }

    /// The numbers in this batch of the node, if it is stored.
    pub(super) fn batch(&self, node: NodeId, serial: i64) -> Option<&[Sent]> {
        self.committed.iter().rev().find_map(|(by, what)| match what {
            Committed::Batch(number, _, sent) if (*by, *number) == (node, serial) => Some(&sent[..]),
            _ => None,
        })
    }

    /// How much was committed so far.
    pub(super) fn horizon(&self) -> i64 {
        self.committed.len() as i64
    }

    /// What others than this node have committed since.
    pub(super) fn since(&self, node: NodeId, horizon: i64) -> impl Iterator<Item = &Committed> {
        let since = &self.committed[(horizon as usize).min(self.committed.len())..];
        since.iter().filter(move |(by, _)| *by != node).map(|(_, what)| what)
    }

    /// Whether a node that knows this much knows all notices.
    pub(super) fn is_current(&self, node: NodeId, horizon: i64) -> bool {
        !self.since(node, horizon).any(|what| matches!(what, Committed::Notice(_)))
    }
}
