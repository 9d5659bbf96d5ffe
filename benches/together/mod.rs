//! What the benchmark of several nodes is made of: the nodes with what they stand on, the client, and the cases.

#![allow(clippy::disallowed_methods, reason = "a benchmark goes by the real clock and its own command line")]

pub(crate) mod asking;
pub(crate) mod client;
pub(crate) mod content;
pub(crate) mod delivering;
pub(crate) mod latency;
pub(crate) mod listening;
pub(crate) mod presence;
pub(crate) mod sending;
pub(crate) mod site;
pub(crate) mod usage;
