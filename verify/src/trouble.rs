//! What is done to servers, and to that which they need.

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// A server is killed with SIGKILL, and started again.
    Kill,
    /// A server stands still (SIGSTOP) for a while.
    Freeze,
    /// A server is stopped with SIGTERM, as an update does it, and started again.
    Terminate,
    /// What one server and Postgres say to each other hangs for a while.
    HangDatabase,
    /// The connections of one server to Postgres are closed.
    SeverDatabase,
    /// Those of all servers, as when Postgres starts anew.
    SeverDatabases,
    /// What one server and NATS say to each other hangs for a while.
    HangNats,
    /// NATS refuses one server for a while.
    RefuseNats,
    /// NATS hangs for all servers for a while.
    HangNatsForAll,
    /// NATS hangs for all, and meanwhile a server is killed.
    KillWithoutNats,
}

impl Trouble {
    /// All but kills, which are counted by an option of their own.
    pub(crate) const DRAWN: [Self; 9] = [
        Self::Freeze,
        Self::HangNats,
        Self::HangDatabase,
        Self::KillWithoutNats,
        Self::Terminate,
        Self::SeverDatabase,
        Self::RefuseNats,
        Self::SeverDatabases,
        Self::HangNatsForAll,
    ];

    /// Its name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::Freeze => "frozen",
            Self::Terminate => "stopped by SIGTERM",
            Self::HangDatabase => "Postgres hung for one",
            Self::SeverDatabase => "Postgres severed from one",
            Self::SeverDatabases => "Postgres severed from all",
            Self::HangNats => "NATS hung for one",
            Self::RefuseNats => "NATS refused one",
            Self::HangNatsForAll => "NATS hung for all",
            Self::KillWithoutNats => "killed while NATS hung for all",
        }
    }

    /// Whether it befalls a single server.
    pub(crate) fn is_of_one(self) -> bool {
        !matches!(self, Self::SeverDatabases | Self::HangNatsForAll)
    }

    /// Whether a server may refuse for the moment what is sent to it.
    pub(crate) fn refuses(self) -> bool {
        self.cuts_database() || matches!(self, Self::Freeze | Self::Terminate)
    }

    /// Whether a server starts anew after it.
    pub(crate) fn restarts(self) -> bool {
        matches!(self, Self::Kill | Self::KillWithoutNats | Self::Terminate)
    }

    /// Whether it needs a link to Postgres that can be cut.
    pub(crate) fn cuts_database(self) -> bool {
        matches!(self, Self::HangDatabase | Self::SeverDatabase | Self::SeverDatabases)
    }

    /// Whether it needs links to NATS that can be cut.
    pub(crate) fn cuts_nats(self) -> bool {
        matches!(self, Self::HangNats | Self::RefuseNats | Self::HangNatsForAll | Self::KillWithoutNats)
    }

    /// Whether the server that it befalls may be slow for that; without NATS it must not be.
    pub(crate) fn slows(self) -> bool {
        !matches!(self, Self::HangNats | Self::RefuseNats | Self::HangNatsForAll)
    }
}
