//! Logging: to standard error, one line an event.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Starts logging what `filter` lets through. Colours are for terminals alone.
///
/// # Errors
/// A reason if `filter` is not in the syntax of [`EnvFilter`], or logging was started before.
pub(crate) fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .compact()
        .try_init()
        .map_err(|error| error.to_string())
}
