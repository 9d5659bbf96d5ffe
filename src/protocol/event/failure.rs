//! Why a request failed.

use std::time::Duration;

/// How long to wait before another try while the store is away.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(1);

super::names::names! {
    /// What is wrong, for programs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ErrorCode {
        /// Not JSON, not an object, or a field is missing or wrong.
        BadFrame = "bad_frame",
        /// The socket has not said who it is, or what it has shown is no good.
        Unauthenticated = "unauthenticated",
        /// The user is no member, or may not do this.
        Forbidden = "forbidden",
        /// There is no such user or group.
        NotFound = "not_found",
        /// The socket does not read the group.
        NotSubscribed = "not_subscribed",
        /// The private group has all its members.
        GroupFull = "group_full",
        /// The content or the number of groups is over a limit.
        TooLarge = "too_large",
        /// The user, or the socket, sends faster than is allowed; worth another try.
        RateLimited = "rate_limited",
        /// The store is away; worth another try.
        Unavailable = "unavailable",
        /// A fault of the server.
        Internal = "internal",
    }
}

/// An error as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// How long to wait before another try, if that may help; told in milliseconds, rounded up.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure. Another try may help if the store is away, after a second.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retry_after = (code == ErrorCode::Unavailable).then_some(UNAVAILABLE_RETRY);
        Self { code, message: message.into(), retry_after }
    }

    /// The same, with another time after which a try may help.
    pub fn with_retry(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }
}
