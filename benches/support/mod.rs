//! What the end-to-end benchmarks share: contenders as child processes, the load client, figures.

#![allow(clippy::disallowed_methods, reason = "a benchmark goes by the real clock and its own command line")]
#![allow(dead_code, reason = "each benchmark is a program of its own and uses a part of this")]

pub(crate) mod contender;
pub(crate) mod credentials;
pub(crate) mod database;
pub(crate) mod figures;
pub(crate) mod latency;
pub(crate) mod load;
pub(crate) mod options;
pub(crate) mod process;
pub(crate) mod requests;
pub(crate) mod sockets;

/// The subprotocol of JSON mode.
pub(crate) const JSON_MODE: &str = "chat.v1.json";

/// What can go wrong in a benchmark: it ends, with this as its last line.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
