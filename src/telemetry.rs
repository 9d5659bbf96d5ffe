//! Logging: to standard error, one line an event.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// What the targets of our own events begin with.
const OURS: &str = "groupcast";

/// Starts logging what `filter` lets through. Colours are for terminals alone.
///
/// Of foreign crates nothing below INFO is logged, whatever `filter` says: there they tell what they were given, and
/// tokio-postgres is given password hashes and the key under which tokens are signed.
///
/// # Errors
/// A reason if `filter` is not in the syntax of [`EnvFilter`], or logging was started before.
pub(crate) fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
    let discreet = filter_fn(|event| *event.level() <= LevelFilter::INFO || event.target().starts_with(OURS))
        .with_max_level_hint(LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .compact()
        .with_filter(filter.and(discreet));
    tracing_subscriber::registry().with(lines).try_init().map_err(|error| error.to_string())
}
