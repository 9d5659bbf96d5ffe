//! How several servers reach each other.

use std::ffi::OsStr;
use std::fmt;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use super::ConfigError;
use crate::cluster::NatsServers;

/// How the servers of one database reach each other. `Display` and `Debug` hide passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Over NATS, at these servers.
    Nats(NatsServers),
    /// By LISTEN and NOTIFY of the database.
    Postgres,
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nats(servers) => servers.fmt(f),
            Self::Postgres => f.write_str("postgres"),
        }
    }
}

/// Parses `--cluster`.
#[derive(Clone)]
pub(super) struct ClusterParser;

impl TypedValueParser for ClusterParser {
    type Value = Cluster;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<Cluster, clap::Error> {
        let cluster = match value.to_str().map(str::trim) {
            Some("postgres") => Ok(Cluster::Postgres),
            Some(text) if text.contains("://") => {
                text.parse().map(Cluster::Nats).map_err(|error| error.to_string())
            }
            _ => Err("expected nats://HOST:PORT, tls://HOST:PORT or postgres".to_owned()),
        };
        // Where a parser gives a plain error, clap adds the value, which may hold a password.
        cluster.map_err(|reason| {
            let error = ConfigError::new(format!("--cluster: {reason}"));
            command.clone().error(ErrorKind::ValueValidation, error)
        })
    }
}
