//! How the server is.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::{AuthMode, Status};
use crate::metrics::{TimingsCount, Usage};

/// How the server is at one moment. What only grows does so since the server began; the difference of two answers is what
/// happened between them.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
pub(in crate::http) struct StatusView<'s> {
    version: &'static str,
    /// The commit that the server was built from; may be empty.
    commit: &'static str,
    /// `username` or `token`.
    auth: &'static str,
    /// `sqlite` or `postgres`.
    store: &'static str,
    /// In seconds.
    uptime_s: f64,
    connections: Connections,
    messages_committed: u64,
    deliveries: u64,
    queue_messages: u64,
    outbox_bytes: u64,
    lagged: u64,
    /// Sockets that the server closed, by why.
    dropped_sockets: &'s BTreeMap<&'static str, u64>,
    commit_seconds: Timings,
    logins: &'s BTreeMap<&'static str, u64>,
    /// Left out where the system tells nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Process>,
}

/// Open sockets by mode.
#[derive(Serialize, ToSchema)]
struct Connections {
    text: u64,
    json: u64,
}

/// A histogram of times.
#[derive(Serialize, ToSchema)]
struct Timings {
    /// Of all times.
    count: u64,
    /// In seconds.
    sum: f64,
    buckets: Vec<Bucket>,
}

/// How many times were not above a bound.
#[derive(Serialize, ToSchema)]
struct Bucket {
    /// In seconds.
    le: f64,
    count: u64,
}

/// What the process uses.
#[derive(Serialize, ToSchema)]
#[schema(as = ProcessUsage)]
struct Process {
    resident_bytes: u64,
    cpu_seconds: f64,
    threads: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_files: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_files_max: Option<u64>,
}

impl<'s> From<&'s Status> for StatusView<'s> {
    fn from(status: &'s Status) -> Self {
        let Status { counts, store, auth, uptime } = status;
        let cores = &counts.cores;
        Self {
            version: counts.version,
            commit: counts.commit,
            auth: match auth {
                AuthMode::Username => "username",
                AuthMode::Token => "token",
            },
            store,
            uptime_s: uptime.as_secs_f64(),
            connections: Connections { text: cores.text, json: cores.json },
            messages_committed: counts.messages_committed,
            deliveries: cores.deliveries,
            queue_messages: counts.queue_messages,
            outbox_bytes: cores.outbox_bytes,
            lagged: cores.lagged,
            dropped_sockets: &cores.dropped,
            commit_seconds: Timings::from(&counts.commit_seconds),
            logins: &counts.logins,
            process: counts.usage.map(Process::from),
        }
    }
}

impl From<&TimingsCount> for Timings {
    fn from(timings: &TimingsCount) -> Self {
        let TimingsCount { buckets, sum } = timings;
        // What JSON can not write, the bucket without a bound, is the count of all.
        let bounded = buckets.iter().filter(|(le, _)| le.is_finite());
        Self {
            count: buckets.last().map_or(0, |(_, count)| *count),
            sum: *sum,
            buckets: bounded.map(|&(le, count)| Bucket { le, count }).collect(),
        }
    }
}

impl From<Usage> for Process {
    fn from(usage: Usage) -> Self {
        let Usage { resident_bytes, cpu_seconds, threads, open_files, open_files_max, .. } = usage;
        Self { resident_bytes, cpu_seconds, threads, open_files, open_files_max }
    }
}
