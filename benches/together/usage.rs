//! What a run has used.

use std::time::Duration;

/// Sums since the start; what a run has used is the [difference](Self::since) of two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time of each node.
    pub(crate) nodes: Vec<Duration>,
    /// CPU time of all processes of the database.
    pub(crate) postgres: Duration,
    /// CPU time of NATS.
    pub(crate) nats: Duration,
    /// Bytes that NATS has read.
    pub(crate) nats_in: u64,
    /// Bytes that NATS has written.
    pub(crate) nats_out: u64,
    /// Bytes of the database's write-ahead log.
    pub(crate) wal: u64,
    /// Rows that were inserted, updated or deleted.
    pub(crate) rows: u64,
    /// Transactions that were committed.
    pub(crate) commits: u64,
}

impl Usage {
    pub(crate) fn since(&self, before: &Usage) -> Usage {
        let nodes = self.nodes.iter().zip(&before.nodes).map(|(now, before)| now.saturating_sub(*before));
        Usage {
            nodes: nodes.collect(),
            postgres: self.postgres.saturating_sub(before.postgres),
            nats: self.nats.saturating_sub(before.nats),
            nats_in: self.nats_in.saturating_sub(before.nats_in),
            nats_out: self.nats_out.saturating_sub(before.nats_out),
            wal: self.wal.saturating_sub(before.wal),
            rows: self.rows.saturating_sub(before.rows),
            commits: self.commits.saturating_sub(before.commits),
        }
    }

    /// CPU time of all nodes.
    pub(crate) fn of_nodes(&self) -> Duration {
        self.nodes.iter().sum()
    }

    /// CPU time of all.
    pub(crate) fn cpu(&self) -> Duration {
        self.of_nodes() + self.postgres + self.nats
    }
}

/// Of so many, what each has of this.
pub(crate) fn each(sum: u64, count: u64) -> f64 {
    sum as f64 / count.max(1) as f64
}
