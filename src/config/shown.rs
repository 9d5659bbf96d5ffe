//! How the value of a setting is shown.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;

use super::Database;
use super::auth_mode::AuthMode;
use super::cluster::Cluster;
use super::deliver::Deliver;
use super::domain::Domain;
use super::log_format::LogFormat;
use super::quantity::{ByteSize, show_duration};
use super::registration::Registration;
use super::secret_key::SecretKey;
use crate::auth::{JwksSource, TokenAlgorithm};

/// A value that has a text, as an operator would write it. A secret's text hides it.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

/// Types whose `Display` is what an operator writes.
macro_rules! displayed {
    ($($type:ty),*) => {
        $(impl Shown for $type {
            fn shown(&self) -> String {
                self.to_string()
            }
        })*
    };
}

displayed!(
    bool,
    u16,
    usize,
    String,
    IpAddr,
    SocketAddr,
    NonZeroU32,
    Cluster,
    Database,
    ByteSize,
    JwksSource,
    SecretKey,
    TokenAlgorithm
);

/// Types of which an operator writes one of a few words.
macro_rules! named {
    ($($type:ty),*) => {
        $(impl Shown for $type {
            fn shown(&self) -> String {
                self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
            }
        })*
    };
}

named!(AuthMode, Deliver, LogFormat, Registration);

impl Shown for Duration {
    fn shown(&self) -> String {
        show_duration(*self)
    }
}

impl Shown for Vec<Domain> {
    fn shown(&self) -> String {
        let names: Vec<&str> = self.iter().map(Domain::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(",") }
    }
}

impl Shown for PathBuf {
    fn shown(&self) -> String {
        self.display().to_string()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Shown::shown)
    }
}

impl Shown for Vec<String> {
    fn shown(&self) -> String {
        if self.is_empty() { "any".to_owned() } else { self.join(",") }
    }
}

impl Shown for Vec<IpNet> {
    fn shown(&self) -> String {
        let networks: Vec<String> = self.iter().map(ToString::to_string).collect();
        if networks.is_empty() { "none".to_owned() } else { networks.join(",") }
    }
}
