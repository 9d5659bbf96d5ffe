//! The two ways to speak over a WebSocket.

/// How a socket speaks; chosen at the handshake, kept for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Plain lines, `alice: content`: the original's wire.
    Text,
    /// One JSON object a frame, subprotocol `chat.v1.json`.
    Json,
}
