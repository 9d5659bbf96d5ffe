//! Settings: command line, environment, `.env`, defaults, in this order.

use std::net::IpAddr;
use std::time::Duration;

pub use crate::store::Database;

/// All settings of a server, validated.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on. Default 127.0.0.1.
    pub host: IpAddr,
    /// Port to listen on; 0 lets the system choose. Default 8000.
    pub port: u16,
    /// Where messages are kept.
    pub database: Database,
    /// Connections to Postgres for everything but the writer. Default 8.
    pub database_connections: usize,
    /// Threads that serve sockets. Default: the cores this process may use.
    pub threads: usize,
    /// When a message is handed to its readers. Default: after its commit.
    pub deliver: Deliver,
    /// Longest content of a message, in bytes of UTF-8. Default 1 MiB.
    pub content_bytes_max: usize,
    /// Longest request body, in bytes. Default 2 MiB.
    pub body_bytes_max: usize,
    /// Open connections at most; further ones are refused with 503. Default: the limit of open files less 256.
    pub connections_max: usize,
    /// Time between pings; a peer that has been silent for twice as long is dropped. Default 25 s.
    pub heartbeat: Duration,
    /// How long a socket may take nothing while data waits for it. Default 30 s.
    pub stall_timeout: Duration,
    /// Bytes that may wait for one socket. Default 8 MiB.
    pub outbox_bytes_max: usize,
    /// Members online in a group up to which comings and goings are announced. Default 200.
    pub announce_members_max: usize,
    /// How long a client may take to send a request head. Default 10 s.
    pub head_timeout: Duration,
    /// How long a client may take to send a request body. Default 30 s.
    pub body_timeout: Duration,
    /// How long an idle keep-alive connection stays open. Default 75 s.
    pub idle_timeout: Duration,
    /// Origins that browsers may call from; empty means any. Default: any.
    pub cors_origins: Vec<String>,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`. Default `info`.
    pub log: String,
}

/// When a message is handed to its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deliver {
    /// After its batch is committed: whatever anyone saw is stored.
    Commit,
    /// At once, while it is being stored: lower latency, and a crash may lose what was seen.
    Eager,
}
