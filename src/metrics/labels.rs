//! What series are told apart by. No label has a name that a user, group or path brought along.

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Mode {
    mode: &'static str,
}

impl Mode {
    pub(super) const TEXT: Self = Self { mode: "text" };
    pub(super) const JSON: Self = Self { mode: "json" };
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ClosedFor {
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    method: &'static str,
    route: &'static str,
    status: u16,
}

impl Request {
    /// A method that is not one of RFC 9110 or RFC 5789, and an unknown path, are `other`.
    pub(super) fn new(method: &str, route: Option<&'static str>, status: u16) -> Self {
        const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        Self { method, route: route.unwrap_or("other"), status }
    }
}

/// How an attempt to log in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// A session has begun.
    Ok,
    /// There is no such account, or the password is another.
    Wrong,
    /// Refused after too many of these.
    Locked,
    /// It could not be found out.
    Unavailable,
}

impl LoginResult {
    pub(super) const ALL: [Self; 4] = [Self::Ok, Self::Wrong, Self::Locked, Self::Unavailable];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Locked => "locked",
            Self::Unavailable => "unavailable",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LoggedIn {
    result: &'static str,
}

impl From<LoginResult> for LoggedIn {
    fn from(result: LoginResult) -> Self {
        Self { result: result.name() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
    pub(super) commit: &'static str,
}

impl Build {
    pub(super) fn of_this() -> Self {
        let (version, commit) =
            env!("GROUPCAST_VERSION").split_once(' ').unwrap_or((env!("CARGO_PKG_VERSION"), ""));
        Self { version, commit }
    }
}
