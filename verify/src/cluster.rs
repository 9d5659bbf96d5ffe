//! How the servers of a check reach each other.

use std::fmt;

use crate::options::InvalidOptions;

/// What `CLUSTER` is to be for them. Its texts hide the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Cluster {
    /// Over NATS, at this URL.
    Nats(String),
    /// Through the database.
    Postgres,
}

impl Cluster {
    /// The one that `--cluster` names.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidOptions> {
        match text {
            "postgres" => Ok(Self::Postgres),
            url if url.starts_with("nats://") || url.starts_with("tls://") => Ok(Self::Nats(url.to_owned())),
            _ => Err(InvalidOptions::new(
                "--cluster must be nats://USER:PASSWORD@HOST:PORT, tls://... or postgres",
            )),
        }
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Nats(url) = self else { return f.write_str("postgres") };
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
        write!(f, "{scheme}://{hosts}")
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hide_the_password() {
        for (text, shown) in [
            ("postgres", "postgres"),
            ("nats://u:p@ss@h:1,i", "nats://h:1,i"),
            ("tls://token@h", "tls://h"),
            ("nats://h", "nats://h"),
        ] {
            let cluster = Cluster::parse(text).unwrap();
            assert_eq!((cluster.to_string(), format!("{cluster:?}")), (shown.to_owned(), shown.to_owned()));
        }
        let refused = Cluster::parse("redis://u:secret@h").unwrap_err().to_string();
        assert!(refused.contains("postgres") && !refused.contains("secret"), "{refused}");
    }
}
