//! What `--check-config` prints.

use std::fmt::Write;
use std::num::NonZeroU32;

use clap::ArgMatches;
use clap::ValueEnum;

use super::database::DatabaseSource;
use super::options::origin_of;
use super::quantity::{show_bytes, show_duration};
use super::{Config, SendLimit, dotenv};

/// All settings, one a line: the option, its value, where it came from.
pub(super) fn report(
    config: &Config,
    matches: &ArgMatches,
    dotenv: &dotenv::Loaded,
    database_source: DatabaseSource,
) -> String {
    let mut text = String::new();
    for (id, value) in values(config) {
        let origin = match (id, database_source) {
            ("database_url", DatabaseSource::Parts) => "MASTER_DB_* variables".to_owned(),
            _ => origin_of(id, matches, dotenv),
        };
        let option = id.replace('_', "-");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{option:<22} {value:<40} {origin}");
    }
    text
}

/// The settings by the names of their options.
fn values(config: &Config) -> [(&'static str, String); 21] {
    let bytes = |value: usize| show_bytes(value as u64);
    let origins =
        if config.cors_origins.is_empty() { "any".to_owned() } else { config.cors_origins.join(",") };
    let limit = |part: fn(SendLimit) -> NonZeroU32| {
        config.send_limit.map_or_else(|| "none".to_owned(), |limit| part(limit).to_string())
    };
    let deliver =
        config.deliver.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    [
        ("host", config.host.to_string()),
        ("port", config.port.to_string()),
        ("database_url", config.database.to_string()),
        ("database_connections", config.database_connections.to_string()),
        ("threads", config.threads.to_string()),
        ("deliver", deliver),
        ("content_bytes_max", bytes(config.content_bytes_max)),
        ("body_bytes_max", bytes(config.body_bytes_max)),
        ("connections_max", config.connections_max.to_string()),
        ("heartbeat", show_duration(config.heartbeat)),
        ("stall_timeout", show_duration(config.stall_timeout)),
        ("outbox_bytes_max", bytes(config.outbox_bytes_max)),
        ("announce_members_max", config.announce_members_max.to_string()),
        ("send_rate", limit(|limit| limit.rate)),
        ("send_burst", limit(|limit| limit.burst)),
        ("hello_timeout", show_duration(config.hello_timeout)),
        ("head_timeout", show_duration(config.head_timeout)),
        ("body_timeout", show_duration(config.body_timeout)),
        ("idle_timeout", show_duration(config.idle_timeout)),
        ("cors_origins", origins),
        ("log", config.log.clone()),
    ]
}
