//! The options of `groupcast bench`.

use clap::builder::RangedU64ValueParser;

/// Measure how fast messages reach all sockets, in some seconds
///
/// Starts a server, opens sockets in JSON mode, sends to their groups, first at a steady rate, then flat out, and tells
/// how many messages reached everybody, how long they took, and what that has cost the server. Both run on this machine.
/// The server takes its other settings from the environment.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Database of the server, as postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE; the users, groups and messages
    /// of the measurement stay in it [default: a temporary SQLite file]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,

    /// Sockets, all of which listen; one in each group sends
    #[arg(long, default_value_t = 1_000, value_name = "COUNT", value_parser = count(1, 15_000))]
    pub(crate) sockets: usize,

    /// Groups that they are spread over
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = count(1, 1_000))]
    pub(crate) groups: usize,

    /// Messages a second at the steady rate, over all groups
    #[arg(long, default_value_t = 100, value_name = "COUNT",
          value_parser = RangedU64ValueParser::<u32>::new().range(1..=100_000))]
    pub(crate) rate: u32,

    /// Seconds of each of the two parts
    #[arg(long, default_value_t = 5, value_name = "COUNT",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=600))]
    pub(crate) seconds: u64,

    /// As JSON, for programs; times in microseconds
    #[arg(long)]
    pub json: bool,
}

impl Options {
    /// Checks what can be checked without a server, but for what clap has checked. The URL is not repeated, for it may
    /// have a password.
    ///
    /// # Errors
    /// What can't be used, in one line.
    pub fn check(&self) -> Result<(), String> {
        let is_known = |url: &str| {
            ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme))
        };
        match self.database_url.as_deref().is_none_or(is_known) {
            true => Ok(()),
            false => Err("--database-url must start with postgres://, postgresql:// or sqlite:".to_owned()),
        }
    }
}

fn count(low: u64, high: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(low..=high)
}
