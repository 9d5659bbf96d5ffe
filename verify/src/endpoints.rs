//! The hosts that a URL names, so that something can stand between.

use std::net::Ipv4Addr;

/// A URL, taken apart at its hosts. Has the password, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// Scheme, user and password.
    before: String,
    /// Names or addresses, those of IPv6 without brackets, and ports.
    pub(crate) hosts: Vec<(String, u16)>,
    /// Path and parameters.
    after: String,
}

impl Endpoints {
    /// Those of `SCHEME://USER:PASSWORD@HOST:PORT,HOST:PORT/PATH?PARAMETERS`; `None` if it names no host there that can
    /// be reached over TCP.
    pub(crate) fn parse(url: &str, default_port: u16) -> Option<Self> {
        let start = url.find("://")? + "://".len();
        let query = url[start..].find('?').map_or(url.len(), |at| start + at);
        // A password may have any character that a host has not.
        let hosts = url[start..query].rfind('@').map_or(start, |at| start + at + 1);
        let end = url[hosts..query].find('/').map_or(query, |at| hosts + at);
        let split = |host: &str| match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => Some((name.to_owned(), port.parse().ok()?)),
            _ => Some((host.to_owned(), default_port)),
        };
        let bare = |(name, port): (String, u16)| {
            let name = name.trim_start_matches('[').trim_end_matches(']');
            // An encoded path is that of a socket in the file system.
            (!name.is_empty() && !name.contains('%')).then(|| (name.to_owned(), port))
        };
        let named =
            url[hosts..end].split(',').map(|host| split(host).and_then(bare)).collect::<Option<_>>()?;
        Some(Self { before: url[..hosts].to_owned(), hosts: named, after: url[end..].to_owned() })
    }

    /// The URL with these ports of 127.0.0.1 in the place of the hosts.
    pub(crate) fn at_ports(&self, ports: impl IntoIterator<Item = u16>) -> String {
        let hosts: Vec<String> =
            ports.into_iter().map(|port| format!("{}:{port}", Ipv4Addr::LOCALHOST)).collect();
        format!("{}{}{}", self.before, hosts.join(","), self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_and_exchanged() {
        for (url, hosts, exchanged) in [
            ("postgres://u:p@h:1/d", &[("h", 1)][..], "postgres://u:p@127.0.0.1:9/d"),
            ("postgres://u:p@s/@h/d?a=b@c", &[("h", 5)], "postgres://u:p@s/@127.0.0.1:9/d?a=b@c"),
            ("postgres://h?a=b", &[("h", 5)], "postgres://127.0.0.1:9?a=b"),
            ("nats://[::1]:7", &[("::1", 7)], "nats://127.0.0.1:9"),
            ("nats://[::1]", &[("::1", 5)], "nats://127.0.0.1:9"),
            ("nats://t@a:1,b", &[("a", 1), ("b", 5)], "nats://t@127.0.0.1:9,127.0.0.1:10"),
        ] {
            let parsed = Endpoints::parse(url, 5).unwrap();
            let expected: Vec<_> = hosts.iter().map(|&(host, port)| (host.to_owned(), port)).collect();
            assert_eq!(parsed.hosts, expected, "{url}");
            assert_eq!(parsed.at_ports((9..).take(hosts.len())), exchanged);
        }
    }

    #[test]
    fn what_names_no_host_has_none() {
        for url in ["postgres:///d", "postgres://%2Frun/d", "postgres://h:x/d", "nats", "nats://a,"] {
            assert!(Endpoints::parse(url, 5).is_none(), "{url}");
        }
    }
}
