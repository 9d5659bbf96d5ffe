//! The options of `groupcast verify`.

use std::time::Duration;

use clap::builder::RangedU64ValueParser;

use super::database;
use super::quantity::duration;
use super::value::count;
use super::{ConfigError, Database};

/// The most messages that one run may send; each is remembered until the end, in some 150 bytes.
pub const VERIFY_MESSAGES_MAX: u64 = 10_000_000;

/// What `groupcast verify` is to do, validated.
#[derive(Clone, Debug)]
pub struct VerifyConfig {
    /// The command that starts the server, for a shell. Default: this program.
    pub server: Option<String>,
    /// Where the server keeps everything. Default: a temporary SQLite file.
    pub database: Option<Database>,
    /// How long new messages are sent, 1 s to 1 h. Default 10 s.
    pub sending: Duration,
    /// How often the server is killed meanwhile, 0 to 1,000. Default 5.
    pub kills: usize,
    /// Sockets that send, 1 to 1,000. Default 8.
    pub senders: usize,
    /// Sockets that receive, 1 to 1,000. Default 8.
    pub receivers: usize,
    /// Groups they are spread over, 1 to 100. Default 4.
    pub groups: usize,
    /// Messages a second of each sender, 1 to 10,000. Default 100.
    pub rate: u32,
    /// Messages of a sender that may wait for their ack, 1 to 256; then it sends no more. Default 32.
    pub window: usize,
    /// Time between two cuts of a socket, 50 ms to 1 h: the mean of an even distribution. Default 2 s.
    pub cut_every: Duration,
    /// How long the server may take to start, and the run to make some progress, 50 ms to 1 h; longer is a
    /// failure. Default 30 s.
    pub patience: Duration,
    /// What the random choices follow from. Default: a random number.
    pub seed: Option<u64>,
}

/// Check that a server loses, doubles and reorders nothing, while it is killed and its sockets are cut
///
/// Starts a server, sends and receives through it in JSON mode, kills it with SIGKILL at random moments and
/// restarts it, resets connections, and compares in the end what was acked, what was seen and what is stored.
/// Exits with 0 if nothing is at fault, with 1 if something is, with 2 if an option cannot be used.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct VerifyOptions {
    /// Command that starts the server; it is run by `sh` and gets HOST, PORT and DATABASE_URL in its
    /// environment [default: this program]
    #[arg(long, value_name = "COMMAND")]
    server: Option<String>,

    /// Database to check, as postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE; the users, groups and
    /// messages of the check stay in it [default: a temporary SQLite file]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// Seconds in which new messages are sent
    #[arg(long, default_value_t = 10, value_name = "COUNT",
          value_parser = RangedU64ValueParser::<u64>::new().range(1..=3_600))]
    seconds: u64,

    /// Times that the server is killed
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = count(0, 1_000))]
    kills: usize,

    /// Sockets that send
    #[arg(long, default_value_t = 8, value_name = "COUNT", value_parser = count(1, 1_000))]
    senders: usize,

    /// Sockets that receive: every other one a single group, the rest all groups
    #[arg(long, default_value_t = 8, value_name = "COUNT", value_parser = count(1, 1_000))]
    receivers: usize,

    /// Groups that they are spread over
    #[arg(long, default_value_t = 4, value_name = "COUNT", value_parser = count(1, 100))]
    groups: usize,

    /// Messages a second of each sender
    #[arg(long, default_value_t = 100, value_name = "COUNT",
          value_parser = RangedU64ValueParser::<u32>::new().range(1..=10_000))]
    rate: u32,

    /// Messages of a sender that may wait for their ack
    #[arg(long, default_value_t = 32, value_name = "COUNT", value_parser = count(1, 256))]
    window: usize,

    /// Mean time between two cuts of a socket
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = duration)]
    cut_every: Duration,

    /// How long the server may take to start, or the run be without any progress
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    patience: Duration,

    /// Number that the random choices follow from [default: a random one]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

impl VerifyOptions {
    /// Checks what concerns more than one option.
    pub(super) fn validate(self) -> Result<VerifyConfig, ConfigError> {
        let messages = self.senders as u64 * u64::from(self.rate) * self.seconds;
        if messages > VERIFY_MESSAGES_MAX {
            return Err(ConfigError::new(format!(
                "--senders, --rate and --seconds make {messages} messages, at most {VERIFY_MESSAGES_MAX} can be \
                 compared"
            )));
        }
        Ok(VerifyConfig {
            server: self.server,
            database: self.database_url.as_deref().map(database::from_url).transpose()?,
            sending: Duration::from_secs(self.seconds),
            kills: self.kills,
            senders: self.senders,
            receivers: self.receivers,
            groups: self.groups,
            rate: self.rate,
            window: self.window,
            cut_every: self.cut_every,
            patience: self.patience,
            seed: self.seed,
        })
    }
}
