//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, ToSocketAddrs};
use std::num::{NonZero, NonZeroU32, TryFromIntError};
use std::time::Duration;

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::database::{self, DatabaseSource};
use super::quantity::{bytes, duration, show_bytes};
use super::verify::VerifyOptions;
use super::{
    BURST_SECONDS, CONNECTIONS_MAX, Config, ConfigError, Deliver, FILES_RESERVED, SendLimit, dotenv,
};

const AFTER_HELP: &str = "\
A variable may also stand in the file .env in the working directory; the environment comes before it, and the \
command line before both. Without DATABASE_URL, a Postgres server may be given in parts: MASTER_DB_USER, \
MASTER_DB_PASSWORD, MASTER_DB_HOSTNAME, MASTER_DB_PORT (5432 if not set) and MASTER_DB_NAME.

Sizes are in bytes or have a unit (KiB, MiB, GiB); times are in seconds or have a unit (ms, s, m, h).";

/// A self-hosted group-chat server.
#[derive(Debug, clap::Parser)]
#[command(name = "groupcast", version, about, after_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(super) struct Options {
    /// What to do instead of serving
    #[command(subcommand)]
    pub(super) subcommand: Option<Subcommand>,

    /// Address or host name to listen on
    #[arg(long, env = "HOST", default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: String,

    /// Port to listen on; 0 lets the system choose
    #[arg(long, env = "PORT", default_value_t = 8000)]
    port: u16,

    /// Where everything is kept: postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE [default:
    /// sqlite:groupcast.sqlite]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// Connections to Postgres, besides the one that writes messages
    #[arg(long, env = "GROUPCAST_DATABASE_CONNECTIONS", default_value_t = 8, value_name = "COUNT",
          value_parser = count(1, 1_000))]
    database_connections: usize,

    /// Threads that serve sockets [default: one for each core]
    #[arg(long, env = "GROUPCAST_THREADS", value_name = "COUNT", value_parser = count(1, 1_024))]
    threads: Option<usize>,

    /// When a message is handed to its readers: `commit`, after it is stored, or `eager`, at once: faster, and
    /// a crash may lose what was seen
    #[arg(
        long,
        env = "GROUPCAST_DELIVER",
        default_value = "commit",
        value_name = "WHEN",
        hide_possible_values = true
    )]
    deliver: Deliver,

    /// Longest content of a message
    #[arg(long, env = "GROUPCAST_CONTENT_BYTES_MAX", default_value = "1MiB", value_name = "SIZE",
          value_parser = bytes(1..=64 << 20))]
    content_bytes_max: usize,

    /// Longest request body
    #[arg(long, env = "GROUPCAST_BODY_BYTES_MAX", default_value = "2MiB", value_name = "SIZE",
          value_parser = bytes(1 << 10..=512 << 20))]
    body_bytes_max: usize,

    /// Open connections at most [default: the limit of open files less 256]
    #[arg(long, env = "GROUPCAST_CONNECTIONS_MAX", value_name = "COUNT",
          value_parser = count(1, CONNECTIONS_MAX as u64))]
    connections_max: Option<usize>,

    /// Time between pings; a peer that is silent for twice as long is dropped
    #[arg(long, env = "GROUPCAST_HEARTBEAT", default_value = "25s", value_name = "TIME", value_parser = duration)]
    heartbeat: Duration,

    /// How long a socket may take nothing while data waits for it
    #[arg(long, env = "GROUPCAST_STALL_TIMEOUT", default_value = "30s", value_name = "TIME",
          value_parser = duration)]
    stall_timeout: Duration,

    /// Bytes that may wait for one socket; at least the longest content
    #[arg(long, env = "GROUPCAST_OUTBOX_BYTES_MAX", default_value = "8MiB", value_name = "SIZE",
          value_parser = bytes(1..=1 << 30))]
    outbox_bytes_max: usize,

    /// Members online in a group up to which comings and goings are announced
    #[arg(long, env = "GROUPCAST_ANNOUNCE_MEMBERS_MAX", default_value_t = 200, value_name = "COUNT",
          value_parser = count(0, 1_000_000))]
    announce_members_max: usize,

    /// Messages a second that one user may send, over all their sockets and requests [default: no limit]
    #[arg(long, env = "GROUPCAST_SEND_RATE", value_name = "COUNT", value_parser = positive(1_000_000))]
    send_rate: Option<NonZeroU32>,

    /// Messages that one user may send at once after a rest [default: 10 times the rate]
    #[arg(long, env = "GROUPCAST_SEND_BURST", value_name = "COUNT", value_parser = positive(10_000_000))]
    send_burst: Option<NonZeroU32>,

    /// How long a socket on /ws may take to say who it is
    #[arg(long, env = "GROUPCAST_HELLO_TIMEOUT", default_value = "10s", value_name = "TIME",
          value_parser = duration)]
    hello_timeout: Duration,

    /// How long a client may take to send a request head
    #[arg(long, env = "GROUPCAST_HEAD_TIMEOUT", default_value = "10s", value_name = "TIME",
          value_parser = duration)]
    head_timeout: Duration,

    /// How long a client may take to send a request body
    #[arg(long, env = "GROUPCAST_BODY_TIMEOUT", default_value = "30s", value_name = "TIME",
          value_parser = duration)]
    body_timeout: Duration,

    /// How long an idle keep-alive connection stays open
    #[arg(long, env = "GROUPCAST_IDLE_TIMEOUT", default_value = "75s", value_name = "TIME",
          value_parser = duration)]
    idle_timeout: Duration,

    /// Origins that browsers may call from, separated by commas, such as https://chat.example.com [default:
    /// any]
    #[arg(long, env = "GROUPCAST_CORS_ORIGINS", value_name = "ORIGINS", value_delimiter = ',',
          value_parser = origin)]
    cors_origins: Vec<String>,

    /// What is logged: error, warn, info, debug, trace or off, for all or for one module (warn,groupcast=info)
    #[arg(long, env = "GROUPCAST_LOG", default_value = "warn,groupcast=info", value_name = "FILTER", value_parser = log_filter)]
    log: String,

    /// Tell clients that stored messages were lost, as after going back to an older backup: what they have seen
    /// counts no more, and they read anew
    #[arg(long)]
    new_epoch: bool,

    /// Print the settings that would be used, without passwords, and exit
    #[arg(long)]
    pub(super) check_config: bool,
}

/// What the program can do beside serving.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    Verify(VerifyOptions),
}

/// What came of reading the command line.
pub(super) enum Parsed {
    /// Options, to be validated.
    Options(Box<ParsedOptions>),
    /// A text to print: help or version.
    Text(String),
}

/// Options, and where each came from.
pub(super) struct ParsedOptions {
    pub(super) options: Options,
    pub(super) matches: ArgMatches,
}

/// Parses `args`, the program's name first.
pub(super) fn parse(
    args: impl IntoIterator<Item = OsString>,
    dotenv: &dotenv::Loaded,
) -> Result<Parsed, ConfigError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = Options::command().try_get_matches_from(&args).and_then(|matches| {
        Ok(Box::new(ParsedOptions { options: Options::from_arg_matches(&matches)?, matches }))
    });
    match parsed {
        Ok(parsed) => Ok(Parsed::Options(parsed)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(error.to_string()))
        }
        Err(error) => {
            let variable = blamed_variable(&error, &args, dotenv);
            let error = ConfigError::from(error);
            Err(match variable {
                Some(variable) => ConfigError::new(format!("{error} ({variable})")),
                None => error,
            })
        }
    }
}

/// The environment variable that an invalid value came from, for clap names the option alone.
fn blamed_variable(error: &clap::Error, args: &[OsString], dotenv: &dotenv::Loaded) -> Option<String> {
    let Some(ContextValue::String(blamed)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = blamed.split([' ', '=', '[']).next()?;
    let command = Options::command();
    let arg = command.get_arguments().find(|arg| arg.get_long() == option.strip_prefix("--"))?;
    let given =
        args.iter().any(|given| given.to_str().and_then(|given| given.split('=').next()) == Some(option));
    let variable = arg.get_env()?.to_str()?;
    (!given).then(|| from_variable(variable, dotenv))
}

/// Where the value of the option `id` came from, as a phrase.
pub(super) fn origin_of(id: &str, matches: &ArgMatches, dotenv: &dotenv::Loaded) -> String {
    match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "command line".to_owned(),
        Some(ValueSource::EnvVariable) => {
            let command = Options::command();
            let arg = command.get_arguments().find(|arg| arg.get_id() == id);
            let variable = arg.and_then(|arg| arg.get_env()?.to_str());
            from_variable(variable.unwrap_or_default(), dotenv)
        }
        _ => "default".to_owned(),
    }
}

fn from_variable(variable: &str, dotenv: &dotenv::Loaded) -> String {
    let place = if dotenv.contains(variable) { ".env" } else { "the environment" };
    format!("{variable} in {place}")
}

impl Options {
    /// Checks what concerns more than one option, looks up the host, fills in what depends on the machine.
    pub(super) fn validate(self, open_files_max: u64) -> Result<(Config, DatabaseSource), ConfigError> {
        if self.outbox_bytes_max < self.content_bytes_max {
            return Err(ConfigError::new(format!(
                "--outbox-bytes-max ({}) must not be below --content-bytes-max ({}), or a message could not pass",
                show_bytes(self.outbox_bytes_max as u64),
                show_bytes(self.content_bytes_max as u64),
            )));
        }
        let send_limit = match (self.send_rate, self.send_burst) {
            (Some(rate), burst) => {
                Some(SendLimit { rate, burst: burst.unwrap_or(rate.saturating_mul(BURST_SECONDS)) })
            }
            (None, None) => None,
            (None, Some(_)) => {
                return Err(ConfigError::new("--send-burst has no effect without --send-rate"));
            }
        };
        let (database, source) =
            database::choose(self.database_url.as_deref(), |name| std::env::var(name).ok())?;
        let files = usize::try_from(open_files_max).unwrap_or(usize::MAX);
        let config = Config {
            host: resolve(&self.host)?,
            port: self.port,
            database,
            database_connections: self.database_connections,
            threads: self
                .threads
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get)),
            deliver: self.deliver,
            new_epoch: self.new_epoch,
            content_bytes_max: self.content_bytes_max,
            body_bytes_max: self.body_bytes_max,
            connections_max: self
                .connections_max
                .unwrap_or_else(|| files.saturating_sub(FILES_RESERVED).clamp(1, CONNECTIONS_MAX)),
            heartbeat: self.heartbeat,
            stall_timeout: self.stall_timeout,
            outbox_bytes_max: self.outbox_bytes_max,
            announce_members_max: self.announce_members_max,
            send_limit,
            hello_timeout: self.hello_timeout,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            idle_timeout: self.idle_timeout,
            cors_origins: self.cors_origins.into_iter().filter(|origin| origin != "*").collect(),
            log: self.log,
        };
        Ok((config, source))
    }
}

/// The address of `host`: IPv4 before IPv6, as most clients try `localhost`.
fn resolve(host: &str) -> Result<IpAddr, ConfigError> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Ok(address);
    }
    let found = (host, 0).to_socket_addrs().map_err(|error| {
        ConfigError::new(format!("--host {host:?} is neither an address nor a known host name: {error}"))
    })?;
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(|| ConfigError::new(format!("--host {host:?} has no address")))
}

pub(super) fn count(low: u64, high: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(low..=high)
}

fn positive(high: u64) -> impl TypedValueParser<Value = NonZeroU32> {
    RangedU64ValueParser::<u32>::new()
        .range(1..=high)
        .try_map(|count| -> Result<_, TryFromIntError> { NonZeroU32::try_from(count) })
}

/// Takes `*` and origins as RFC 6454 section 6.2 writes them: scheme, host and perhaps port, no path.
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"/?#@".contains(&b));
    match text.split_once("://") {
        Some((scheme, host)) if plain(scheme) && plain(host) => Ok(text.to_ascii_lowercase()),
        None if text == "*" => Ok(text.to_owned()),
        _ => Err("expected * or an origin such as https://chat.example.com, without a path".to_owned()),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
