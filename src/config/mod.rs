//! Settings: command line before environment before `.env` before defaults.

mod database;
mod dotenv;
mod error;
mod options;
mod quantity;
mod report;
mod verify;

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

pub use error::ConfigError;
pub use verify::{VERIFY_MESSAGES_MAX, VerifyConfig};

pub use crate::store::Database;

/// All settings of a server, validated.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on. Default 127.0.0.1.
    pub host: IpAddr,
    /// Port to listen on; 0 lets the system choose. Default 8000.
    pub port: u16,
    /// Where everything is kept. Default: the SQLite file `groupcast.sqlite` in the working directory.
    pub database: Database,
    /// Connections to Postgres for everything but the writer, 1 to 1,000. Default 8.
    pub database_connections: usize,
    /// Threads that serve sockets, 1 to 1,024. Default: the cores this process may use.
    pub threads: usize,
    /// When a message is handed to its readers. Default: after its commit.
    pub deliver: Deliver,
    /// Whether the history gets a new epoch at this start, because some of it was lost. Default: no.
    pub new_epoch: bool,
    /// Longest content of a message, in bytes of UTF-8, 1 byte to 64 MiB. Default 1 MiB.
    pub content_bytes_max: usize,
    /// Longest request body, in bytes, 1 KiB to 512 MiB. Default 2 MiB.
    pub body_bytes_max: usize,
    /// Open connections at most; further ones are refused with 503. Default: the limit of open files less
    /// [`FILES_RESERVED`], at most [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// Time between pings, 50 ms to 1 h; a peer that has been silent for twice as long is dropped. Default
    /// 25 s.
    pub heartbeat: Duration,
    /// How long a socket may take nothing while data waits for it, 50 ms to 1 h. Default 30 s.
    pub stall_timeout: Duration,
    /// Bytes that may wait for one socket, from `content_bytes_max` to 1 GiB. Default 8 MiB.
    pub outbox_bytes_max: usize,
    /// Members online in a group up to which comings and goings are announced, 0 to 1,000,000. Default 200.
    pub announce_members_max: usize,
    /// How fast one user may send messages, over all their sockets and requests. Default: as they like.
    pub send_limit: Option<SendLimit>,
    /// How long a socket on `/ws` may take to say who it is, 50 ms to 1 h. Default 10 s.
    pub hello_timeout: Duration,
    /// How long a client may take to send a request head, 50 ms to 1 h. Default 10 s.
    pub head_timeout: Duration,
    /// How long a client may take to send a request body, 50 ms to 1 h. Default 30 s.
    pub body_timeout: Duration,
    /// How long an idle keep-alive connection stays open, 50 ms to 1 h. Default 75 s.
    pub idle_timeout: Duration,
    /// Origins that browsers may call from, as they stand in the `Origin` header; empty means any. Default:
    /// any.
    pub cors_origins: Vec<String>,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`. Default `warn,groupcast=info`.
    pub log: String,
}

/// Open files that are not client connections: the database, the listeners, the runtimes.
pub const FILES_RESERVED: usize = 256;

/// The most that [`Config::connections_max`] can be, whatever number of files may be open.
pub const CONNECTIONS_MAX: usize = 4_000_000;

/// How fast one user may send messages. What is above it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimit {
    /// Messages a second in the long run, 1 to 1,000,000.
    pub rate: NonZeroU32,
    /// Messages at once, after a rest, 1 to 10,000,000. Default: those of [`BURST_SECONDS`].
    pub burst: NonZeroU32,
}

/// The seconds whose messages may be sent at once unless configured otherwise.
pub const BURST_SECONDS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// When a message is handed to its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Deliver {
    /// After its batch is committed: whatever anyone saw is stored.
    Commit,
    /// At once, while it is being stored: lower latency, and a crash may lose what was seen.
    Eager,
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Run a server with these settings.
    Serve(Box<Config>),
    /// Check a server for lost messages.
    Verify(Box<VerifyConfig>),
    /// Print this text and exit: the help, the version, or the settings.
    Print(String),
}

impl Command {
    /// Reads the command line, the environment, and `.env` in the working directory. `open_files_max` is
    /// how many files this process may have open.
    ///
    /// Sets environment variables from `.env`, so call it before any thread is started.
    ///
    /// # Errors
    /// The first setting that is not usable, as one line.
    pub fn load(open_files_max: u64) -> Result<Self, ConfigError> {
        let dotenv = dotenv::load(".env".as_ref())?;
        Self::parse(std::env::args_os(), &dotenv, open_files_max)
    }

    /// Reads `args`, the program's name first, and the environment, in which the variables named in `dotenv`
    /// came from `.env`.
    fn parse(
        args: impl IntoIterator<Item = OsString>,
        dotenv: &dotenv::Loaded,
        open_files_max: u64,
    ) -> Result<Self, ConfigError> {
        let parsed = match options::parse(args, dotenv)? {
            options::Parsed::Options(parsed) => parsed,
            options::Parsed::Text(text) => return Ok(Self::Print(text)),
        };
        if let Some(options::Subcommand::Verify(options)) = parsed.options.subcommand {
            return Ok(Self::Verify(Box::new(options.validate()?)));
        }
        let check = parsed.options.check_config;
        let (config, database_source) = parsed.options.validate(open_files_max)?;
        if check {
            return Ok(Self::Print(report::report(&config, &parsed.matches, dotenv, database_source)));
        }
        Ok(Self::Serve(Box::new(config)))
    }
}
