//! Which NATS servers nodes meet at.

use std::fmt;
use std::str::FromStr;

use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;

/// The most that may be named.
pub const NATS_SERVERS_MAX: usize = 16;

/// The servers of one NATS, any of which does, and what they are told of who asks. As a text they are
/// `nats://USER:PASSWORD@HOST:PORT,HOST:PORT`, or `tls://` for TLS that shows who the server is; the port is 4222 unless
/// given, and a user without a password is a token. `Display` and `Debug` hide the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsServers {
    addresses: Vec<ServerAddr>,
    login: Option<Login>,
}

/// What a server is told.
#[derive(Clone, PartialEq, Eq)]
enum Login {
    Token(String),
    User { name: String, password: String },
}

/// The text names no servers. It never shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NatsServersError {
    /// It does not begin as it should.
    #[error("it must begin with nats:// or tls://")]
    Scheme,
    /// One of the servers is more or less than a host and perhaps a port.
    #[error("expected nats://HOST:PORT or tls://HOST:PORT, more hosts separated by commas")]
    Address,
    /// There are more than [`NATS_SERVERS_MAX`].
    #[error("more than {NATS_SERVERS_MAX} hosts")]
    TooMany,
    /// There is more than one user, password or token, or some servers are reached with TLS and some without.
    #[error("all hosts must have the same scheme, user and password; give them with the first alone")]
    Mixed,
    /// The user or password is not percent-encoded UTF-8, or the user is missing.
    #[error("the user or password is not percent-encoded")]
    Login,
}

impl NatsServers {
    /// Where they are.
    pub(super) fn addresses(&self) -> &[ServerAddr] {
        &self.addresses
    }

    /// `options` with what the servers are to be told.
    pub(super) fn log_in(&self, options: ConnectOptions) -> ConnectOptions {
        match &self.login {
            Some(Login::Token(token)) => options.token(token.clone()),
            Some(Login::User { name, password }) => options.user_and_password(name.clone(), password.clone()),
            None => options,
        }
    }
}

impl FromStr for NatsServers {
    type Err = NatsServersError;

    fn from_str(text: &str) -> Result<Self, NatsServersError> {
        let (scheme, rest) = text.split_once("://").ok_or(NatsServersError::Scheme)?;
        if scheme != "nats" && scheme != "tls" {
            return Err(NatsServersError::Scheme);
        }
        let mut login = None;
        let mut addresses = Vec::new();
        for (index, server) in rest.split(',').map(str::trim).enumerate() {
            if index == NATS_SERVERS_MAX {
                return Err(NatsServersError::TooMany);
            }
            // Other programs write the scheme before each.
            let server = match server.split_once("://") {
                Some((again, server)) if again == scheme => server,
                Some(_) => return Err(NatsServersError::Mixed),
                None => server,
            };
            let place = match server.rsplit_once('@') {
                Some((given, place)) => {
                    let given = Some(given.parse::<Login>()?);
                    if index == 0 {
                        login = given;
                    } else if login != given {
                        return Err(NatsServersError::Mixed);
                    }
                    place
                }
                None => server,
            };
            addresses.push(address(scheme, place)?);
        }
        Ok(Self { addresses, login })
    }
}

impl FromStr for Login {
    type Err = NatsServersError;

    fn from_str(text: &str) -> Result<Self, NatsServersError> {
        let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| NatsServersError::Login);
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (decoded(user)?, Some(decoded(password)?)),
            None => (decoded(text)?, None),
        };
        match (user.into_owned(), password) {
            (user, _) if user.is_empty() => Err(NatsServersError::Login),
            (name, Some(password)) => Ok(Self::User { name, password: password.into_owned() }),
            (token, None) => Ok(Self::Token(token)),
        }
    }
}

/// A host and perhaps a port.
fn address(scheme: &str, place: &str) -> Result<ServerAddr, NatsServersError> {
    if place.contains(['/', '?', '#', '\\']) || place.contains(char::is_whitespace) {
        return Err(NatsServersError::Address);
    }
    let address: ServerAddr = format!("{scheme}://{place}").parse().map_err(|_| NatsServersError::Address)?;
    if address.host().is_empty() || address.port() == 0 {
        return Err(NatsServersError::Address);
    }
    Ok(address)
}

impl fmt::Display for NatsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.addresses.first().map_or("nats", ServerAddr::scheme);
        write!(f, "{scheme}://")?;
        match &self.login {
            Some(Login::Token(_)) => f.write_str("***@")?,
            Some(Login::User { name, .. }) => write!(f, "{name}:***@")?,
            None => {}
        }
        for (index, address) in self.addresses.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match (address.host(), address.port()) {
                (host, port) if host.contains(':') => write!(f, "{comma}[{host}]:{port}")?,
                (host, port) => write!(f, "{comma}{host}:{port}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for NatsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_servers_and_shows_no_secret() {
        for (text, shown) in [
            ("nats://h", "nats://h:4222"),
            ("tls://h:1,[::1]:2, k", "tls://h:1,[::1]:2,k:4222"),
            ("nats://u:p%40ss@h,k:5", "nats://u:***@h:4222,k:5"),
            ("nats://u:p@h,nats://u:p@k", "nats://u:***@h:4222,k:4222"),
            ("nats://u:p@ss@h", "nats://u:***@h:4222"),
            ("nats://hidden@127.0.0.1:65535", "nats://***@127.0.0.1:65535"),
        ] {
            let servers: NatsServers = text.parse().unwrap();
            assert_eq!(servers.to_string(), shown);
            assert_eq!(format!("{servers:?}"), shown);
        }
        let decoded: NatsServers = "nats://u%3A:p%40ss%2C@h".parse().unwrap();
        assert!(decoded.login == Some(Login::User { name: "u:".to_owned(), password: "p@ss,".to_owned() }));
    }

    #[test]
    fn what_names_none_is_refused() {
        let too_many = format!("nats://h{}", ",h".repeat(NATS_SERVERS_MAX));
        for (text, error) in [
            ("h:4222", NatsServersError::Scheme),
            ("ws://h", NatsServersError::Scheme),
            ("nats://", NatsServersError::Address),
            ("nats://h,", NatsServersError::Address),
            ("nats://h:65536", NatsServersError::Address),
            ("nats://h:0", NatsServersError::Address),
            ("nats://h/path", NatsServersError::Address),
            ("nats://u:p@", NatsServersError::Address),
            ("nats://h,tls://k", NatsServersError::Mixed),
            ("nats://u:p@h,v:p@k", NatsServersError::Mixed),
            ("nats://h,u:p@k", NatsServersError::Mixed),
            ("nats://:p@h", NatsServersError::Login),
            ("nats://%ff@h", NatsServersError::Login),
            (&too_many, NatsServersError::TooMany),
        ] {
            assert_eq!(text.parse::<NatsServers>(), Err(error), "{text}");
        }
    }
}
