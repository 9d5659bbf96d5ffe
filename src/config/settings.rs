//! The settings of a server. Each is declared once, here: its option, its variable, its default, what it may
//! be, and its help, which is also its documentation and its row in docs/configuration.md.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use ipnet::IpNet;

use super::Database;
use super::auth_mode::AuthMode;
use super::cluster::{Cluster, ClusterParser};
use super::database::DatabaseParser;
use super::deliver::Deliver;
use super::domain::{Domain, directory, domain};
use super::jwks::JwksParser;
use super::log_format::LogFormat;
use super::quantity::{ByteSize, age, bytes, delay, duration};
use super::registration::Registration;
use super::secret_key::SecretKey;
use super::shown::Shown;
use super::value::{cores, count, host, log_filter, network, open_files_left, origin, positive};
use crate::auth::{JwksSource, TokenAlgorithm};
use crate::model::limits::RETAIN_MESSAGES_MAX;
use crate::model::{Rate, RetentionRule};

/// Open files that are not client connections: the database, the listeners, the runtimes.
pub const FILES_RESERVED: usize = 256;

/// The most that [`Config::connections_max`] can be, whatever number of files may be open.
pub const CONNECTIONS_MAX: usize = 4_000_000;

/// The seconds whose messages, requests or connections may come at once unless configured otherwise.
pub const BURST_SECONDS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Declares the struct as it is written, and how its values are shown.
macro_rules! settings {
    ($(#[$struct_attribute:meta])* pub struct $name:ident {
        $($(#[$attribute:meta])* pub $setting:ident: $type:ty,)*
    }) => {
        $(#[$struct_attribute])*
        pub struct $name {
            $($(#[$attribute])* pub $setting: $type,)*
        }

        impl $name {
            /// The value of each setting as an operator would write it, by the setting's name.
            pub(super) fn shown(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($setting), Shown::shown(&self.$setting))),*]
            }
        }
    };
}

settings! {
    /// All settings of a server, validated.
    #[derive(Clone, Debug, clap::Args)]
    pub struct Config {
        /// Address or host name to listen on
        #[arg(long, env = "HOST", default_value = "127.0.0.1", value_name = "ADDRESS", value_parser = host)]
        pub host: IpAddr,

        /// Port to listen on, up to 65535; 0 lets the system choose
        #[arg(long, env = "PORT", default_value = "8000")]
        pub port: u16,

        /// File with the certificate that the server shows, and those of who signed it behind it, in PEM. With it the port
        /// speaks TLS and nothing else; what is new in it is used without a restart [default: none]
        #[arg(long, env = "GROUPCAST_TLS_CERT", value_name = "FILE")]
        pub tls_cert: Option<PathBuf>,

        /// File with the private key of that certificate, in PEM: PKCS#8, PKCS#1 or SEC1 [default: none]
        #[arg(long, env = "GROUPCAST_TLS_KEY", value_name = "FILE")]
        pub tls_key: Option<PathBuf>,

        /// Names for which the server gets its certificate itself by ACME, separated by commas; they must lead to this server,
        /// and port 443 to its port, over which the authority looks for it. Not together with a certificate in files
        /// [default: none]
        #[arg(long, env = "GROUPCAST_ACME_DOMAIN", value_name = "NAMES", value_delimiter = ',', value_parser = domain)]
        pub acme_domain: Vec<Domain>,

        /// Address to which the authority writes when something is wrong with the certificate [default: none]
        #[arg(long, env = "GROUPCAST_ACME_EMAIL", value_name = "ADDRESS",
              value_parser = NonEmptyStringValueParser::new())]
        pub acme_email: Option<String>,

        /// The authority, by the URL of its directory, which must begin with https://
        #[arg(long, env = "GROUPCAST_ACME_DIRECTORY", value_name = "URL",
              default_value = "https://acme-v02.api.letsencrypt.org/directory", value_parser = directory)]
        pub acme_directory: String,

        /// File with the certificates, in PEM, of those who may have signed that of the authority's directory [default:
        /// those that browsers trust]
        #[arg(long, env = "GROUPCAST_ACME_CA", value_name = "FILE")]
        pub acme_ca: Option<PathBuf>,

        /// Folder in which the account at the authority and the certificate are kept, with their keys
        #[arg(long, env = "GROUPCAST_ACME_CACHE", value_name = "FOLDER", default_value = "acme")]
        pub acme_cache: PathBuf,

        /// Where everything is kept: postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE [default:
        /// sqlite:groupcast.sqlite]
        #[arg(long = "database-url", env = "DATABASE_URL", hide_env_values = true, value_name = "URL",
              default_value = "", hide_default_value = true, value_parser = DatabaseParser)]
        pub database: Database,

        /// Connections to Postgres, besides the one that writes messages; 1 to 1000
        #[arg(long, env = "GROUPCAST_DATABASE_CONNECTIONS", default_value = "8", value_name = "COUNT",
              value_parser = count(1, 1_000))]
        pub database_connections: usize,

        /// Threads that serve sockets; 1 to 1024 [default: one for each core]
        #[arg(long, env = "GROUPCAST_THREADS", value_name = "COUNT", value_parser = count(1, 1_024),
              default_value_t = cores(), hide_default_value = true)]
        pub threads: usize,

        /// How several servers on one Postgres reach each other: over NATS, as nats://USER:PASSWORD@HOST:PORT,HOST:PORT
        /// or tls://..., port 4222 unless given and at most 16 hosts; or `postgres`, through the database, for a few
        /// [default: none, the server is alone]
        #[arg(long, env = "CLUSTER", hide_env_values = true, value_name = "URL", value_parser = ClusterParser)]
        pub cluster: Option<Cluster>,

        /// How long a server that is told to stop goes on while /readyz says that it is not ready, so that a balancer
        /// sends no more clients here; a further signal ends that; 0 to 60s
        #[arg(long, env = "GROUPCAST_DRAIN_DELAY", default_value = "0", value_name = "TIME",
              value_parser = delay(60))]
        pub drain_delay: Duration,

        /// When a message is handed to its readers: `commit`, after it is stored, or `eager`, at once: faster,
        /// and a crash may lose what was seen; the next start then has a new epoch
        #[arg(long, env = "GROUPCAST_DELIVER", default_value = "commit", value_name = "WHEN",
              hide_possible_values = true)]
        pub deliver: Deliver,

        /// How users show who they are: `username`, by naming themselves, for networks in which everybody is trusted,
        /// or `token`, by logging in
        #[arg(long, env = "GROUPCAST_AUTH", default_value = "username", value_name = "HOW",
              hide_possible_values = true)]
        pub auth: AuthMode,

        /// Who may create users over REST: `open`, anybody, or `closed`, admins of the server alone
        #[arg(long, env = "GROUPCAST_REGISTRATION", default_value = "open", value_name = "WHO",
              hide_possible_values = true)]
        pub registration: Registration,

        /// The key under which access tokens are signed; without one it is made and kept in the database. Of the
        /// environment alone.
        #[arg(skip)]
        pub jwt_secret_key: Option<SecretKey>,

        /// How access tokens are signed: HS256, HS384 or HS512
        #[arg(long, env = "ALGORITHM", default_value = "HS256", value_name = "ALGORITHM")]
        pub jwt_algorithm: TokenAlgorithm,

        /// Minutes that an access token is good; 1 to 1440
        #[arg(long, env = "ACCESS_TOKEN_EXPIRE_MINUTES", default_value = "30", value_name = "COUNT",
              value_parser = count(1, 1_440))]
        pub access_token_expire_minutes: usize,

        /// File or URL with the keys of an outside issuer, whose tokens are taken too: a JSON Web Key Set [default:
        /// none]
        #[arg(long, env = "GROUPCAST_JWKS", value_name = "FILE|URL", hide_env_values = true,
              value_parser = JwksParser)]
        pub jwks: Option<JwksSource>,

        /// What `iss` must be in tokens of the outside issuer [default: none]
        #[arg(long, env = "GROUPCAST_JWT_ISSUER", value_name = "ISSUER",
              value_parser = NonEmptyStringValueParser::new())]
        pub jwt_issuer: Option<String>,

        /// What must be in `aud` in tokens of the outside issuer [default: any]
        #[arg(long, env = "GROUPCAST_JWT_AUDIENCE", value_name = "AUDIENCE",
              value_parser = NonEmptyStringValueParser::new())]
        pub jwt_audience: Option<String>,

        /// The claim with the user's name in tokens of the outside issuer [default: `preferred_username`, else `email`,
        /// else `sub`]
        #[arg(long, env = "GROUPCAST_JWT_USERNAME_CLAIM", value_name = "CLAIM",
              value_parser = NonEmptyStringValueParser::new())]
        pub jwt_username_claim: Option<String>,

        /// Longest content of a message in UTF-8; 1 to 64MiB
        #[arg(long, env = "GROUPCAST_CONTENT_BYTES_MAX", default_value = "1MiB", value_name = "SIZE",
              value_parser = bytes(1..=64 << 20))]
        pub content_bytes_max: ByteSize,

        /// Longest request body; 1KiB to 512MiB
        #[arg(long, env = "GROUPCAST_BODY_BYTES_MAX", default_value = "2MiB", value_name = "SIZE",
              value_parser = bytes(1 << 10..=512 << 20))]
        pub body_bytes_max: ByteSize,

        /// Open connections, further ones are refused with 503; 1 to 4000000 [default: the limit of open files
        /// less 256]
        #[arg(long, env = "GROUPCAST_CONNECTIONS_MAX", value_name = "COUNT",
              value_parser = count(1, CONNECTIONS_MAX as u64),
              default_value_t = open_files_left(FILES_RESERVED).clamp(1, CONNECTIONS_MAX),
              hide_default_value = true)]
        pub connections_max: usize,

        /// Time between pings; a peer that is silent for twice as long is dropped
        #[arg(long, env = "GROUPCAST_HEARTBEAT", default_value = "25s", value_name = "TIME",
              value_parser = duration)]
        pub heartbeat: Duration,

        /// How long a socket may take nothing while data waits for it, and a message that has begun may stand still
        #[arg(long, env = "GROUPCAST_STALL_TIMEOUT", default_value = "30s", value_name = "TIME",
              value_parser = duration)]
        pub stall_timeout: Duration,

        /// Whether messages of sockets that offer it are compressed, as permessage-deflate: fewer bytes for more work;
        /// `true` or `false`
        #[arg(long, env = "GROUPCAST_DEFLATE", value_name = "WHETHER", default_value = "false",
              default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
              action = clap::ArgAction::Set)]
        pub deflate: bool,

        /// Whether sockets on /ws/echo get back what they send, for tests of conformance: `true` or `false`
        #[arg(long, env = "GROUPCAST_ENABLE_ECHO", value_name = "WHETHER", default_value = "false",
              default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
              action = clap::ArgAction::Set)]
        pub enable_echo: bool,

        /// Bytes that may wait for one socket; at least the longest content, up to 1GiB
        #[arg(long, env = "GROUPCAST_OUTBOX_BYTES_MAX", default_value = "8MiB", value_name = "SIZE",
              value_parser = bytes(1..=1 << 30))]
        pub outbox_bytes_max: ByteSize,

        /// Bytes of messages and requests that have not arrived whole, over all sockets; near it the largest messages
        /// wait, and large requests are refused with 503; 1MiB to 64GiB
        #[arg(long, env = "GROUPCAST_UNFINISHED_BYTES_MAX", default_value = "256MiB", value_name = "SIZE",
              value_parser = bytes(1 << 20..=64 << 30))]
        pub unfinished_bytes_max: ByteSize,

        /// Bytes of answers above 64 KiB that clients have not taken, over all connections; when half of it is used, who
        /// takes nothing for two seconds is cut off, and without room large answers are refused with 503; 1MiB to 64GiB
        #[arg(long, env = "GROUPCAST_ANSWER_BYTES_MAX", default_value = "256MiB", value_name = "SIZE",
              value_parser = bytes(1 << 20..=64 << 30))]
        pub answer_bytes_max: ByteSize,

        /// How old an entry of a group's log may become before it is cut off, also in days as in `30d`, where the group
        /// has no rule of its own; 1s to 36500d [default: any age]
        #[arg(long, env = "GROUPCAST_RETAIN_AGE", value_name = "TIME", value_parser = age(1))]
        pub retain_age: Option<Duration>,

        /// Messages of a group that are kept, the newest of them, where the group has no rule of its own; 1 to
        /// 1000000000 [default: all]
        #[arg(long, env = "GROUPCAST_RETAIN_MESSAGES", value_name = "COUNT",
              value_parser = positive(RETAIN_MESSAGES_MAX.into()))]
        pub retain_messages: Option<NonZeroU32>,

        /// How often it is looked what is to be cut off
        #[arg(long, env = "GROUPCAST_RETAIN_INTERVAL", default_value = "10s", value_name = "TIME",
              value_parser = duration)]
        pub retain_interval: Duration,

        /// Members online in a group up to which comings and goings are announced; 0 to 1000000
        #[arg(long, env = "GROUPCAST_ANNOUNCE_MEMBERS_MAX", default_value = "200", value_name = "COUNT",
              value_parser = count(0, 1_000_000))]
        pub announce_members_max: usize,

        /// Messages a second that one user may send, over all their sockets and requests; what is above it is
        /// refused; 1 to 1000000 [default: no limit]
        #[arg(long, env = "GROUPCAST_SEND_RATE", value_name = "COUNT", value_parser = positive(1_000_000))]
        pub send_rate: Option<NonZeroU32>,

        /// Messages that one user may send at once after a rest; 1 to 10000000 [default: 10 times the rate]
        #[arg(long, env = "GROUPCAST_SEND_BURST", value_name = "COUNT", value_parser = positive(10_000_000))]
        pub send_burst: Option<NonZeroU32>,

        /// Messages a second that one socket may send, commands among them; what is above it is refused; 1 to 1000000
        /// [default: no limit]
        #[arg(long, env = "GROUPCAST_COMMAND_RATE", value_name = "COUNT", value_parser = positive(1_000_000))]
        pub command_rate: Option<NonZeroU32>,

        /// Messages that one socket may send at once after a rest; 1 to 10000000 [default: 10 times the rate]
        #[arg(long, env = "GROUPCAST_COMMAND_BURST", value_name = "COUNT", value_parser = positive(10_000_000))]
        pub command_burst: Option<NonZeroU32>,

        /// Requests a second from one address, handshakes of sockets among them; what is above it is refused with 429;
        /// 1 to 1000000 [default: no limit]
        #[arg(long, env = "GROUPCAST_REQUEST_RATE", value_name = "COUNT", value_parser = positive(1_000_000))]
        pub request_rate: Option<NonZeroU32>,

        /// Requests at once from one address after a rest; 1 to 10000000 [default: 10 times the rate]
        #[arg(long, env = "GROUPCAST_REQUEST_BURST", value_name = "COUNT", value_parser = positive(10_000_000))]
        pub request_burst: Option<NonZeroU32>,

        /// New connections a second from one address, or through a trusted proxy new sockets; what is above it is
        /// refused with 429; 1 to 1000000 [default: no limit]
        #[arg(long, env = "GROUPCAST_CONNECT_RATE", value_name = "COUNT", value_parser = positive(1_000_000))]
        pub connect_rate: Option<NonZeroU32>,

        /// New connections at once from one address after a rest; 1 to 10000000 [default: 10 times the rate]
        #[arg(long, env = "GROUPCAST_CONNECT_BURST", value_name = "COUNT", value_parser = positive(10_000_000))]
        pub connect_burst: Option<NonZeroU32>,

        /// Addresses and networks of proxies in front of the server, separated by commas, such as
        /// `127.0.0.1,10.0.0.0/8`: what they say of a client's address in `Forwarded`, or without that in
        /// `X-Forwarded-For`, is believed [default: none]
        #[arg(long, env = "GROUPCAST_TRUSTED_PROXIES", value_name = "ADDRESSES", value_delimiter = ',',
              value_parser = network)]
        pub trusted_proxies: Vec<IpNet>,

        /// Whether connections from trusted proxies begin with a header of the PROXY protocol, version 1 or 2: `true`
        /// or `false`
        #[arg(long, env = "GROUPCAST_PROXY_PROTOCOL", value_name = "WHETHER", default_value = "false",
              default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true,
              action = clap::ArgAction::Set)]
        pub proxy_protocol: bool,

        /// Address and port of their own for the metrics, which are then not at /metrics of the other [default: none]
        #[arg(long, env = "GROUPCAST_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
        pub metrics_listen: Option<SocketAddr>,

        /// How long a socket on /ws may take to say who it is
        #[arg(long, env = "GROUPCAST_HELLO_TIMEOUT", default_value = "10s", value_name = "TIME",
              value_parser = duration)]
        pub hello_timeout: Duration,

        /// How long a client may take to send a request head
        #[arg(long, env = "GROUPCAST_HEAD_TIMEOUT", default_value = "10s", value_name = "TIME",
              value_parser = duration)]
        pub head_timeout: Duration,

        /// How long a client may take to send a request body
        #[arg(long, env = "GROUPCAST_BODY_TIMEOUT", default_value = "30s", value_name = "TIME",
              value_parser = duration)]
        pub body_timeout: Duration,

        /// How long an idle keep-alive connection stays open
        #[arg(long, env = "GROUPCAST_IDLE_TIMEOUT", default_value = "75s", value_name = "TIME",
              value_parser = duration)]
        pub idle_timeout: Duration,

        /// Origins that browsers may call and open sockets from, separated by commas, such as
        /// `https://chat.example.com` or `null`; any if there is none [default: any]
        #[arg(long, env = "GROUPCAST_CORS_ORIGINS", value_name = "ORIGINS", value_delimiter = ',',
              value_parser = origin)]
        pub cors_origins: Vec<String>,

        /// What is logged to standard error: error, warn, info, debug, trace or off, for all or for one module
        #[arg(long, env = "GROUPCAST_LOG", default_value = "warn,groupcast=info", value_name = "FILTER",
              value_parser = log_filter)]
        pub log: String,

        /// How the log is written: `text`, `json`, an object a line, or `auto`: text where standard error is a
        /// terminal, else JSON
        #[arg(long, env = "GROUPCAST_LOG_FORMAT", default_value = "auto", value_name = "FORMAT",
              hide_possible_values = true)]
        pub log_format: LogFormat,

        /// Tell clients that stored messages were lost, as after going back to an older backup: what they have
        /// seen counts no more, and they read anew
        #[arg(long)]
        pub new_epoch: bool,
    }
}

impl Config {
    /// Whether the port speaks TLS.
    pub fn has_tls(&self) -> bool {
        self.tls_cert.is_some() || !self.acme_domain.is_empty()
    }

    /// How long an access token is good.
    pub fn access_token_lifetime(&self) -> Duration {
        Duration::from_secs(self.access_token_expire_minutes as u64 * 60)
    }

    /// How much of the log of a group is kept that has no rule of its own.
    pub fn retention(&self) -> RetentionRule {
        RetentionRule { max_age: self.retain_age, max_messages: self.retain_messages }
    }

    /// How fast one user may send messages, over all their sockets and requests; `None`: as they like.
    pub fn send_limit(&self) -> Option<Rate> {
        limit(self.send_rate, self.send_burst)
    }

    /// How fast one socket may send messages of any kind; `None`: as it likes.
    pub fn command_limit(&self) -> Option<Rate> {
        limit(self.command_rate, self.command_burst)
    }

    /// How fast requests may come from one address; `None`: as they like.
    pub fn request_limit(&self) -> Option<Rate> {
        limit(self.request_rate, self.request_burst)
    }

    /// How fast connections may come from one address; `None`: as they like.
    pub fn connect_limit(&self) -> Option<Rate> {
        limit(self.connect_rate, self.connect_burst)
    }
}

fn limit(rate: Option<NonZeroU32>, burst: Option<NonZeroU32>) -> Option<Rate> {
    Some(Rate { rate: rate?, burst: burst? })
}
