//! What looks at a server from outside: clients, the server as a process, random choices.
//!
//! Tests, benchmarks and `groupcast verify` share it. It knows HTTP, WebSockets and processes, and nothing of
//! groupcast but the line that it prints when it listens. The clients answer with errors, and leave it to their
//! user whether one is a fault: a test fails by it, a benchmark ends, a check of lost messages counts it.
//!
//! | module | what is there |
//! |---|---|
//! | [`http`] | a client that keeps its connection and can send any bytes |
//! | [`response`] | an answer, taken from bytes |
//! | [`websocket`] | a client on tungstenite |
//! | [`link`] | a network that can be cut |
//! | [`process`] | a server that is started, waited for and killed |
//! | [`random`] | choices that follow from a seed |
//!
//! With the feature `harness`, for tests and benchmarks only:
//!
//! | module | what is there |
//! |---|---|
//! | `crowd` | sockets so cheap that one can have ten thousand |
//! | `figures` | what a process uses |
//! | `frame` | WebSocket frames as bytes |
//! | `nats` | a NATS that ends with the process |
//! | `pebble` | an ACME authority that ends with the process |
//! | `pgbouncer` | a PgBouncer that ends with the process |
//! | `postgres` | a Postgres that ends with the process |
//! | `tunnel` | a way through TLS |
//! | `wait` | waiting for what should happen |

#[cfg(feature = "harness")]
pub mod crowd;
#[cfg(feature = "harness")]
pub mod figures;
#[cfg(feature = "harness")]
pub mod frame;
pub mod http;
pub mod link;
#[cfg(feature = "harness")]
pub mod nats;
#[cfg(feature = "harness")]
pub mod pebble;
#[cfg(feature = "harness")]
pub mod pgbouncer;
#[cfg(feature = "harness")]
pub mod postgres;
pub mod process;
pub mod random;
pub mod response;
#[cfg(feature = "harness")]
pub mod tunnel;
#[cfg(feature = "harness")]
pub mod wait;
#[cfg(feature = "harness")]
mod watched;
pub mod websocket;
