//! What a client may not do.

use crate::protocol::CloseCode;

/// Why a client is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// The code it is told.
    pub(super) code: CloseCode,
    /// The reason it is told.
    pub(super) reason: &'static str,
}

impl Violation {
    /// A message above the limit.
    pub(super) const TOO_BIG: Self = Self { code: CloseCode::TOO_BIG, reason: "message too big" };
    /// Text that is not UTF-8.
    pub(super) const INVALID_TEXT: Self = Self { code: CloseCode::INVALID_PAYLOAD, reason: "invalid UTF-8" };

    /// Nothing the client could know of: it may send the message again over a new connection.
    pub(super) const NO_ROOM: Self =
        Self { code: CloseCode::TRY_AGAIN_LATER, reason: "too many unfinished messages" };
}
