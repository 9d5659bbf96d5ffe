//! The options of `groupcast verify`.

use std::time::Duration;

use clap::builder::RangedU64ValueParser;

/// The most messages and changes that one run may send; each is remembered until the end, in some 200 bytes.
const MESSAGES_MAX: u64 = 10_000_000;
/// The most that all receivers together may be shown; each remembers what the messages are to it, in some 150 bytes.
const SIGHTS_MAX: u64 = 50_000_000;

/// Why options can't be used, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidOptions(String);

impl InvalidOptions {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Servers of one run at most.
const NODES_MAX: u64 = 16;
/// Troubles for each of several servers, beside kills, unless asked otherwise.
const FAULTS_PER_NODE: usize = 2;

/// Check that a server loses, doubles and reorders nothing, while it is killed and its sockets are cut
///
/// Starts a server, or several on one Postgres, sends, edits, deletes, reacts and receives through it, kills it with SIGKILL at random moments and
/// restarts it, resets connections, and compares in the end what was acked, what was seen and what is stored. Several
/// servers are also frozen, stopped, and cut off from Postgres and NATS, and their clients go to others.
/// Exits with 0 if nothing is at fault, with 1 if something is, with 2 if an option cannot be used.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Command that starts a server; it is run by `sh` and gets HOST, PORT, DATABASE_URL and, with several nodes,
    /// CLUSTER in its environment [default: this program]
    #[arg(long, value_name = "COMMAND")]
    pub(crate) server: Option<String>,

    /// Database to check, as postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE; the users, groups and
    /// messages of the check stay in it [default: a temporary SQLite file]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,

    /// Seconds in which new messages are sent
    #[arg(long, default_value_t = 10, value_name = "COUNT",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=3_600))]
    pub(crate) seconds: u64,

    /// Servers that share the database, which must be a Postgres for more than one; 1 to 16
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = count(1, NODES_MAX))]
    pub(crate) nodes: usize,

    /// How several servers reach each other: nats://USER:PASSWORD@HOST:PORT or postgres [default: postgres]
    #[arg(long, value_name = "URL")]
    pub(crate) cluster: Option<String>,

    /// Times that a server is killed
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = count(0, 1_000))]
    pub(crate) kills: usize,

    /// Other troubles of several servers, of each kind as many: frozen, stopped, cut off from Postgres or NATS; up to
    /// 1000 [default: 2 for each node]
    #[arg(long, value_name = "COUNT", value_parser = count(0, 1_000))]
    pub(crate) faults: Option<usize>,

    /// Users who send, over sockets; if there are changes every fourth over REST
    #[arg(long, default_value_t = 8, value_name = "COUNT", value_parser = count(1, 1_000))]
    pub(crate) senders: usize,

    /// Sockets that receive: every other one all groups, the rest a single group, half of them in text mode
    #[arg(long, default_value_t = 8, value_name = "COUNT", value_parser = count(1, 1_000))]
    pub(crate) receivers: usize,

    /// Groups that they are spread over
    #[arg(long, default_value_t = 4, value_name = "COUNT", value_parser = count(1, 100))]
    pub(crate) groups: usize,

    /// Messages and changes a second of each sender
    #[arg(long, default_value_t = 100, value_name = "COUNT",
          value_parser = RangedU64ValueParser::<u32>::new().range(1..=10_000))]
    pub(crate) rate: u32,

    /// Messages and changes of a sender that may wait for their ack
    #[arg(long, default_value_t = 32, value_name = "COUNT", value_parser = count(1, 256))]
    pub(crate) window: usize,

    /// Percentage of edits, deletions, reactions and replies among what is sent; 0 for plain messages alone
    #[arg(long, default_value_t = 20, value_name = "PERCENT",
          value_parser = RangedU64ValueParser::<u64>::new().range(0..=90))]
    pub(crate) changes: u64,

    /// Mean time between two cuts of a socket
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = duration)]
    pub(crate) cut_every: Duration,

    /// How long the server may take to start, or the run be without any progress
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub(crate) patience: Duration,

    /// Number that the random choices follow from [default: a random one]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

impl Options {
    /// Checks what concerns more than one option.
    pub(crate) fn validate(&self) -> Result<(), InvalidOptions> {
        let messages = self.senders as u64 * u64::from(self.rate) * self.seconds;
        if messages > MESSAGES_MAX {
            return Err(InvalidOptions::new(format!(
                "--senders, --rate and --seconds make {messages} messages, at most {MESSAGES_MAX} can be compared"
            )));
        }
        if self.nodes == 1 && (self.cluster.is_some() || self.faults.is_some()) {
            return Err(InvalidOptions::new("--cluster and --faults are for --nodes=2 and more"));
        }
        // All but every other one read a single group.
        let receivers = self.receivers as u64;
        let sights = messages * (receivers.div_ceil(2) + self.nodes as u64)
            + messages * (receivers / 2) / self.groups as u64;
        if sights > SIGHTS_MAX {
            return Err(InvalidOptions::new(format!(
                "--receivers would be shown {sights} messages, at most {SIGHTS_MAX} can be compared"
            )));
        }
        Ok(())
    }

    /// Troubles beside kills.
    pub(crate) fn faults(&self) -> usize {
        self.faults.unwrap_or(if self.nodes > 1 { FAULTS_PER_NODE * self.nodes } else { 0 })
    }

    /// How long new messages are sent.
    pub(crate) fn sending(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn count(low: u64, high: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(low..=high)
}

/// Parses a time from 50 ms to an hour, in seconds unless a unit is given.
fn duration(text: &str) -> Result<Duration, String> {
    let mut text = text.trim().to_ascii_lowercase();
    if text.ends_with(|c: char| c.is_ascii_digit()) {
        text.push('s');
    }
    let time = humantime::parse_duration(&text)
        .map_err(|_| "expected a time such as 30s, 500ms or 2m".to_owned())?;
    if !(Duration::from_millis(50)..=Duration::from_secs(3_600)).contains(&time) {
        return Err("must be from 50ms to 1h".to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        for (text, millis) in
            [("25", 25_000), ("25 S", 25_000), ("50ms", 50), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "0", "-5s", "49ms", "61m", "1 day", "1e3", "18446744073709551615h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
