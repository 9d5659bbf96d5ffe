//! Why a request failed.

use std::time::Duration;

/// How long to wait before another try while the store is away.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(1);

/// What is wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Not JSON, not an object, or a field is missing or wrong.
    BadFrame,
    /// The socket has not said who it is.
    Unauthenticated,
    /// The user is no member.
    Forbidden,
    /// There is no such user or group.
    NotFound,
    /// The socket does not read the group.
    NotSubscribed,
    /// The private group has all its members.
    GroupFull,
    /// The content or the number of groups is over a limit.
    TooLarge,
    /// The user sends faster than is allowed; worth another try.
    RateLimited,
    /// The store is away; worth another try.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl ErrorCode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BadFrame => "bad_frame",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::NotSubscribed => "not_subscribed",
            Self::GroupFull => "group_full",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
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
