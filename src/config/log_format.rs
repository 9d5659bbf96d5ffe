//! How the log is written.

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// As text where standard error is a terminal, else as JSON.
    Auto,
    /// A line for people.
    Text,
    /// A JSON object a line, for programs.
    Json,
}
