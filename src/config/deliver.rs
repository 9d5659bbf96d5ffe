//! When a message is delivered.

/// When a message is handed to its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Deliver {
    /// After its batch is committed: whatever anyone saw is stored.
    Commit,
    /// At once, while it is being stored: lower latency, and a crash may lose what was seen.
    Eager,
}
