//! How the value of a setting is shown.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;

use super::Database;
use super::deliver::Deliver;
use super::quantity::{ByteSize, show_duration};

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

displayed!(bool, u16, usize, String, IpAddr, Database, ByteSize);

impl Shown for Duration {
    fn shown(&self) -> String {
        show_duration(*self)
    }
}

impl Shown for Deliver {
    fn shown(&self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl Shown for Option<NonZeroU32> {
    fn shown(&self) -> String {
        self.map_or_else(|| "none".to_owned(), |value| value.to_string())
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
