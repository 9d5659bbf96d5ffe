//! What it costs to be one of several nodes on a database.
//!
//! All is real and on this machine: the nodes, Postgres, NATS. In each case the set-ups take turns, each on a database
//! of its own; what is compared is CPU time for a message, a delivery or a request, of which the machine's other work
//! takes nothing. Nothing is pinned.
//!
//! `cargo bench --bench nodes` runs all; `cargo test --bench nodes` a small part, to see that it works.

mod support;
mod together;
#[expect(dead_code, reason = "what is shared names the yardsticks, which are not compared here")]
mod yardstick;

use groupcast_kit::crowd::raise_open_files_max;
use support::Result;
use support::options::Options;
use together::site::Ground;
use together::{asking, delivering, latency, listening, presence, sending};

/// Measures a case and prints its table.
type Measure = fn(&Ground, &Options) -> Result<()>;

const CASES: [(&str, Measure); 6] = [
    ("sending", sending::measure),
    ("listening", listening::measure),
    ("delivering", delivering::measure),
    ("latency", latency::measure),
    ("presence", presence::measure),
    ("asking", asking::measure),
];

fn main() -> Result<()> {
    let Some(options) = Options::parse("nodes")? else { return Ok(()) };
    raise_open_files_max()?;
    let ground = Ground::new();
    for (name, measure) in CASES.iter().filter(|(name, _)| options.wants(name)) {
        measure(&ground, &options).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}
