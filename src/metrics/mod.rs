//! What the server counts, and how it is shown: OpenMetrics 1.0 text.
//!
//! Nothing on the path of a message is shared between threads: each core counts in cells of its own, and is asked for
//! a [`CoreCount`] when somebody looks. What happens once a batch, a request or a log-in is counted here at once.

mod core_count;
mod labels;
mod node_count;
mod process;
mod snapshot;
mod timings;
mod tls;

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use core_count::CoreCount;
pub use labels::LoginResult;
use labels::{Build, ClosedFor, LoggedIn, Mode, Request};
pub use node_count::NodeCount;
use node_count::NodeSeries;
pub use process::Usage;
pub use snapshot::Snapshot;
use timings::Timings;
pub use timings::TimingsCount;
pub use tls::Handshake;
use tls::TlsSeries;

/// The `Content-Type` of what [`Metrics::encode`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All that is counted. The number of series does not grow with users or groups.
pub struct Metrics {
    registry: Registry,
    messages_committed: Counter,
    commit_seconds: Timings,
    batch_messages: Histogram,
    queue_messages: Gauge,
    delivery_seconds: Histogram,
    http_requests: Family<Request, Counter>,
    logins: Family<LoggedIn, Counter>,
    cores: Cores,
    node: NodeSeries,
    tls: TlsSeries,
}

/// The sums over the cores, as of the last time that somebody looked.
#[derive(Default)]
struct Cores {
    connections: Family<Mode, Gauge>,
    deliveries: Counter,
    outbox_bytes: Gauge,
    lagged: Counter,
    dropped: Family<ClosedFor, Counter>,
    /// What each core said last.
    counts: Mutex<Vec<CoreCount>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            messages_committed: Counter::default(),
            commit_seconds: Timings::default(),
            // 1 to 1,024 messages: the most that one batch holds is 1,000.
            batch_messages: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            queue_messages: Gauge::default(),
            delivery_seconds: Histogram::new(exponential_buckets(0.0001, 2.0, 16)),
            http_requests: Family::default(),
            logins: Family::default(),
            cores: Cores::default(),
            node: NodeSeries::default(),
            tls: TlsSeries::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let (cores, registry) = (&self.cores, self.registry.sub_registry_with_prefix("groupcast"));
        registry.register("connections", "Open WebSockets", cores.connections.clone());
        registry.register("deliveries", "Live message frames handed to sockets", cores.deliveries.clone());
        registry.register("outbox_bytes", "Bytes that wait for slow sockets", cores.outbox_bytes.clone());
        registry.register("lagged", "Times that a socket fell behind", cores.lagged.clone());
        registry.register("dropped_sockets", "Sockets that the server closed", cores.dropped.clone());
        registry.register("messages_committed", "Messages stored", self.messages_committed.clone());
        registry.register("commit_seconds", "Time of one transaction", self.commit_seconds.clone());
        registry.register("batch_messages", "Entries in one transaction", self.batch_messages.clone());
        registry.register("queue_messages", "Entries that wait to be stored", self.queue_messages.clone());
        let delivery = "Time from the commit of a batch to its last socket";
        registry.register("delivery_seconds", delivery, self.delivery_seconds.clone());
        registry.register("http_requests", "Requests answered, handshakes too", self.http_requests.clone());
        registry.register("logins", "Attempts to log in with a password", self.logins.clone());
        registry.register("build", "The version of the server", Info::new(Build::of_this()));
        self.node.register(registry);
        self.tls.register(registry);
        self.registry.register_collector(Box::new(process::Process));
        // A series that is not there yet cannot be watched for its first increase.
        LoginResult::ALL.into_iter().for_each(|result| drop(self.logins.get_or_create(&result.into())));
    }

    /// Counts a batch of which so many entries were messages, and how long its transaction took.
    pub fn committed(&self, entries: usize, messages: usize, took: Duration) {
        self.messages_committed.inc_by(messages as u64);
        self.batch_messages.observe(entries as f64);
        self.commit_seconds.observe(took);
    }

    /// Notes how many entries wait to be stored.
    pub fn queued(&self, entries: usize) {
        self.queue_messages.set(entries as i64);
    }

    /// Counts the delivery of a batch, which took so long from its commit to its last socket.
    pub fn delivered(&self, took: Duration) {
        self.delivery_seconds.observe(took.as_secs_f64());
    }

    /// Counts a request. `route` is the template of its path, `None` for a path that nothing is under.
    pub fn answered(&self, method: &str, route: Option<&'static str>, status: u16) {
        self.http_requests.get_or_create(&Request::new(method, route, status)).inc();
    }

    /// Notes how this server stands among others.
    pub fn note_node(&self, count: NodeCount) {
        self.node.set(count);
    }

    /// Notes when the certificate that the server shows ends to be valid, in seconds since 1970.
    pub fn note_certificate(&self, expires: u64) {
        self.tls.note_certificate(expires);
    }

    /// Counts a handshake of TLS.
    pub fn shook_hands(&self, result: Handshake) {
        self.tls.shook_hands(result);
    }

    /// Counts an attempt to log in.
    pub fn logged_in(&self, result: LoginResult) {
        self.logins.get_or_create(&result.into()).inc();
    }

    /// What is counted, as figures. Of a core that was too busy to say how it stands there is what it said last.
    pub fn snapshot(&self, cores: Vec<Option<CoreCount>>) -> Snapshot {
        let Build { version, commit } = Build::of_this();
        let logins = LoginResult::ALL.into_iter();
        Snapshot {
            version,
            commit,
            cores: self.cores.sum(cores),
            messages_committed: self.messages_committed.get(),
            queue_messages: self.queue_messages.get().unsigned_abs(),
            commit_seconds: self.commit_seconds.count(),
            logins: logins
                .map(|result| (result.name(), self.logins.get_or_create(&result.into()).get()))
                .collect(),
            usage: process::usage(),
        }
    }

    /// All of it, in the format of [`CONTENT_TYPE`]; of a core that was too busy as of [`snapshot`](Self::snapshot).
    pub fn encode(&self, cores: Vec<Option<CoreCount>>) -> String {
        self.cores.sum(cores);
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

impl Cores {
    /// Adds up what the cores say, shows it, and gives it.
    fn sum(&self, newest: Vec<Option<CoreCount>>) -> CoreCount {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.resize_with(newest.len(), CoreCount::default);
        for (known, newest) in counts.iter_mut().zip(newest) {
            if let Some(newest) = newest {
                *known = newest;
            }
        }
        let mut sum = CoreCount::default();
        counts.iter().for_each(|core| sum.add(core));
        self.connections.get_or_create(&Mode::TEXT).set(sum.text as i64);
        self.connections.get_or_create(&Mode::JSON).set(sum.json as i64);
        self.outbox_bytes.set(sum.outbox_bytes as i64);
        self.deliveries.inner().store(sum.deliveries, Ordering::Relaxed);
        self.lagged.inner().store(sum.lagged, Ordering::Relaxed);
        for (&reason, &dropped) in &sum.dropped {
            self.dropped.get_or_create(&ClosedFor { reason }).inner().store(dropped, Ordering::Relaxed);
        }
        sum
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
