//! The life of one WebSocket: from the handshake's end to its last byte.

mod admission;
mod aside;
#[cfg(test)]
mod asyncapi;
mod claim;
mod commands;
mod connection;
mod context;
mod echo;
mod endpoint;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hand_in;
mod heartbeat;
mod hold;
mod identified;
mod inflating;
mod json;
mod lease;
mod pace;
mod pongs;
mod reader;
mod replay;
mod session;
#[cfg(test)]
mod simulation;
mod stage;
mod stream;
mod subscriptions;
mod timer;
mod turn;
mod unfinished;
mod violation;

pub use admission::Admission;
pub use claim::Claim;
pub use endpoint::{Endpoint, WsOptions};
pub use heartbeat::heartbeat;
pub use stream::Stream;
pub(crate) use timer::StallTimer;
pub use unfinished::{NoRoom, UnfinishedBytes};

/// The value of `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`, RFC 6455 section 4.2.2.
pub fn accept_key(key: &[u8]) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key)
}
