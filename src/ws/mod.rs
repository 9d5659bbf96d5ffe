//! The life of one WebSocket: from the handshake's end to its last byte.

mod connection;
mod endpoint;
mod heartbeat;
mod json;
mod reader;
mod replay;
mod session;
#[cfg(test)]
mod simulation;
mod subscriptions;
mod work;

pub use endpoint::{Admission, Endpoint, WsOptions};
pub use heartbeat::heartbeat;

/// The value of `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`, RFC 6455 section 4.2.2.
pub fn accept_key(key: &[u8]) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key)
}
