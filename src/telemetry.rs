//! Logging: to standard error, one line an event, for people on a terminal and for programs elsewhere.

use std::io::{self, IsTerminal};

use groupcast::config::LogFormat;
use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// What the targets of our own events begin with.
const OURS: &str = "groupcast";

/// What the targets of async-nats begin with.
const NOISY: &str = "async_nats";

/// Starts logging what `filter` lets through. Colours are for terminals alone. JSON has the fields of the event beside
/// `timestamp` (RFC 3339, UTC), `level`, `target` and `message`, and under `span` the request that it belongs to.
///
/// Of foreign crates nothing below INFO is logged, whatever `filter` says: there they tell what they were given, and
/// tokio-postgres is given password hashes and the key under which tokens are signed. Of async-nats nothing is: it has a
/// line for each attempt to connect, and `groupcast::cluster` tells what matters.
///
/// # Errors
/// A reason if `filter` is not in the syntax of [`EnvFilter`], or logging was started before.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
    let is_told = |level, target: &str| level <= LevelFilter::INFO && !target.starts_with(NOISY);
    let discreet =
        filter_fn(move |event| event.target().starts_with(OURS) || is_told(*event.level(), event.target()))
            .with_max_level_hint(LevelFilter::TRACE);
    let is_terminal = io::stderr().is_terminal();
    let is_text = match format {
        LogFormat::Auto => is_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match is_text {
        true => lines.with_ansi(is_terminal).compact().boxed(),
        false => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let lines = lines.with_filter(filter.and(discreet));
    tracing_subscriber::registry().with(lines).try_init().map_err(|error| error.to_string())
}
