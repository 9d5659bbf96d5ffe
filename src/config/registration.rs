//! Who may create users.

/// Who may create users over REST. Operators always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Registration {
    /// Anybody who reaches the server.
    Open,
    /// Admins of the server alone.
    Closed,
}
