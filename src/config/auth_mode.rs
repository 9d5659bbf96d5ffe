//! Whether a name is enough to be somebody.

/// How users show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AuthMode {
    /// Whoever names a user is that user: for networks in which everybody is trusted.
    Username,
    /// By a token, for which one logs in, or by a key.
    Token,
}
