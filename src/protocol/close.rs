//! Why a WebSocket is closed.

/// A close code, RFC 6455 section 7.4; those from 4000 on are this server's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// All was said.
    pub const NORMAL: Self = Self(1000);
    /// The server is stopping; connect again.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke RFC 6455.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A binary frame, which this server does not take.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// Text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// What the client asked for is not offered.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// A message above the limit.
    pub const TOO_BIG: Self = Self(1009);
    /// A fault of the server.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The server is overloaded or its database away; try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// The handshake or `hello` named no user, or what the socket spoke by has ended.
    pub const UNAUTHENTICATED: Self = Self(4001);
    /// The user may not do this.
    pub const FORBIDDEN: Self = Self(4003);
    /// There is no such group.
    pub const NOT_FOUND: Self = Self(4004);
    /// The client went on sending although it was refused for its rate.
    pub const RATE_LIMITED: Self = Self(4008);
    /// The socket took its messages too slowly; connect again and read what was missed.
    pub const TOO_SLOW: Self = Self(4101);

    /// What it is called where sockets are counted by why the server closed them; `None` if nothing was wrong.
    pub fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::GOING_AWAY => "going_away",
            Self::PROTOCOL_ERROR => "protocol_error",
            Self::UNSUPPORTED_DATA => "unsupported_data",
            Self::INVALID_PAYLOAD => "invalid_payload",
            Self::POLICY_VIOLATION => "policy_violation",
            Self::TOO_BIG => "too_big",
            Self::INTERNAL_ERROR => "internal_error",
            Self::TRY_AGAIN_LATER => "try_again_later",
            Self::UNAUTHENTICATED => "unauthenticated",
            Self::FORBIDDEN => "forbidden",
            Self::NOT_FOUND => "not_found",
            Self::RATE_LIMITED => "rate_limited",
            Self::TOO_SLOW => "too_slow",
            _ => return None,
        })
    }

    /// Whether a peer may send this code, RFC 6455 section 7.4.1 and 7.4.2.
    pub fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}
