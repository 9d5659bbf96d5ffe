//! Sockets that get back what they send, for tests of how the server speaks WebSocket.

use super::context::SocketContext;
use super::stream::Stream;
use crate::protocol::{frame, text};

/// Longest message, in bytes: as long as the longest of the Autobahn suite.
pub(super) const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Sends a message back as it came: text or binary, in one frame, compressed if the socket has agreed on that.
pub(super) fn echo<S: Stream>(context: &SocketContext<S>, payload: &[u8], is_binary: bool) {
    if context.keeps_pace(|_| frame::text(&[text::RATE_LIMITED])) {
        context.reply(&frame::message(payload, is_binary));
    }
}
