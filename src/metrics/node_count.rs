//! How a node stands among the others.

use std::sync::atomic::Ordering;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How one of several servers stands at this moment; what grows does so since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCount {
    /// Servers that live, as far as this one knows, with it.
    pub nodes: u64,
    /// Whether there is a way to the others but through the database.
    pub is_up: bool,
    /// Entries that are known to be stored and have not come yet, over all groups that are listened to here.
    pub lag: u64,
    /// Entries that were read from the database since they had not come.
    pub filled: u64,
    /// Payloads that were dropped on their way out or in, or not understood.
    pub dropped: u64,
}

/// Series without labels, which are there once there is something to show.
type Series<M> = Family<[(&'static str, &'static str); 0], M>;

/// The series of a node; none on a server that is alone.
#[derive(Default)]
pub(super) struct NodeSeries {
    nodes: Series<Gauge>,
    up: Series<Gauge>,
    lag: Series<Gauge>,
    filled: Series<Counter>,
    dropped: Series<Counter>,
}

impl NodeSeries {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("cluster_nodes", "Servers that live, with this one", self.nodes.clone());
        registry.register("cluster_up", "Whether there is a way to the other servers", self.up.clone());
        let lag = "Entries that are stored and have not come yet";
        registry.register("cluster_lag_entries", lag, self.lag.clone());
        let filled = "Entries read from the database since they had not come";
        registry.register("cluster_filled_entries", filled, self.filled.clone());
        registry.register("cluster_dropped_payloads", "Payloads dropped on their way", self.dropped.clone());
    }

    pub(super) fn set(&self, count: NodeCount) {
        let NodeCount { nodes, is_up, lag, filled, dropped } = count;
        self.nodes.get_or_create(&[]).set(nodes as i64);
        self.up.get_or_create(&[]).set(is_up.into());
        self.lag.get_or_create(&[]).set(lag as i64);
        self.filled.get_or_create(&[]).inner().store(filled, Ordering::Relaxed);
        self.dropped.get_or_create(&[]).inner().store(dropped, Ordering::Relaxed);
    }
}
