//! Where a request came from, behind proxies.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Reads the address in an element of a header; `None` if there is none.
type ReadAddress = fn(&[u8]) -> Option<IpAddr>;

/// The proxies whose word counts: the addresses and networks that the operator has named.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    /// Trusts these; by default nobody is.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether this is the address of one. An IPv4-mapped address is the IPv4 address in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The address of the client that sent these headers over a connection from `peer`: the peer's, unless that is a
    /// trusted proxy. Then it is looked for in `Forwarded` (RFC 7239), or without that in `X-Forwarded-For`: the first
    /// address from the right that is no trusted proxy's, since what stands left of it may be anybody's invention. An
    /// entry that is no address, such as `unknown`, ends the search at the proxy that wrote it.
    pub(super) fn client(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let mut address = peer.to_canonical();
        if !self.contains(address) {
            return address;
        }
        let (name, read): (_, ReadAddress) = match headers.contains_key(FORWARDED) {
            true => (FORWARDED, forwarded_for),
            false => (X_FORWARDED_FOR, node),
        };
        let mut values: Vec<_> = headers.get_all(name).iter().collect();
        while let Some(value) = values.pop() {
            // Bytes, since what a client has written need not be text, and must not hide what a proxy wrote behind it.
            // Empty elements of a list count for nothing (RFC 9110, section 5.6.1.2).
            let elements = parts_from_the_right(value.as_bytes(), b',');
            for element in elements.filter(|element| !element.is_empty()) {
                let Some(found) = read(element) else { return address };
                address = found;
                if !self.contains(address) {
                    return address;
                }
            }
        }
        address
    }
}

/// The parts of a text between these separators, the last one first. A separator in a quoted string is none. Read from
/// the right, a quote that a client has left open does not reach what a proxy wrote behind it.
fn parts_from_the_right(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut is_quoted = false;
        let end = text.iter().enumerate().rev().find_map(|(index, &byte)| {
            is_quoted ^= byte == b'"' && !is_escaped(text, index);
            (byte == separator && !is_quoted).then_some(index)
        });
        rest = end.map(|end| &text[..end]);
        Some(text[end.map_or(0, |end| end + 1)..].trim_ascii())
    })
}

/// Whether an odd number of backslashes stands before this byte.
fn is_escaped(text: &[u8], index: usize) -> bool {
    text[..index].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// The address in the `for` of an element of `Forwarded`, which must have one and no more.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in parts_from_the_right(element, b';') {
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"for") && found.replace(value).is_some() {
            return None;
        }
    }
    let value = found?;
    node(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
}

/// The address of a node (RFC 7239, section 6), with or without a port.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    let bare = || text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse();
    let address: IpAddr = bare().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use hyper::header::{HeaderMap, HeaderName, HeaderValue};

    use super::TrustedProxies;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8:a::/48"];
        let proxies = TrustedProxies::new(networks.map(|network| network.parse().unwrap()).to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            map.append(HeaderName::from_static(name), value);
        }
        proxies.client(&map, peer.parse::<IpAddr>().unwrap()).to_string()
    }

    fn by(name: &'static str, value: &'static str) -> String {
        client("10.0.0.1", &[(name, value)])
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let headers = [("forwarded", "for=192.0.2.7"), ("x-forwarded-for", "192.0.2.8")];
        for (peer, expected) in [
            ("10.0.0.1", "192.0.2.7"),
            ("::ffff:10.0.0.1", "192.0.2.7"),
            ("2001:db8:a::1", "192.0.2.7"),
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:b::1", "2001:db8:b::1"),
        ] {
            assert_eq!(client(peer, &headers), expected, "{peer}");
        }
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        for (value, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:80", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:80", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("203.0.113.1, 192.0.2.7", "192.0.2.7"),
            ("192.0.2.7,10.0.0.2 , 10.0.0.3", "192.0.2.7"),
            ("192.0.2.7,, 10.0.0.2,", "192.0.2.7"),
            ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
            ("192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7"),
            ("192.0.2.7, x", "10.0.0.1"),
            ("192.0.2.7, 192.0.2", "10.0.0.1"),
            ("192.0.2.7, 192.0.2.8:", "10.0.0.1"),
            ("192.0.2.7, 192.0.2.8:99999", "10.0.0.1"),
            ("192.0.2.7, fe80::1%eth0", "10.0.0.1"),
            ("192.0.2.7, ü", "10.0.0.1"),
            ("ü, 192.0.2.7", "192.0.2.7"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(by("x-forwarded-for", value), expected, "{value}");
        }
    }

    #[test]
    fn forwarded_is_read_from_the_right() {
        for (value, expected) in [
            ("for=192.0.2.7", "192.0.2.7"),
            ("For=\"192.0.2.7:4711\";proto=https;by=203.0.113.43", "192.0.2.7"),
            ("proto=http; for=\"[2001:db8::7]:80\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=192.0.2.7, for=10.0.0.2", "192.0.2.7"),
            ("for=192.0.2.7;host=\"a,b\", for=10.0.0.2", "192.0.2.7"),
            ("for=192.0.2.7, for=unknown, for=10.0.0.2", "10.0.0.2"),
            ("for=192.0.2.7, for=_hidden", "10.0.0.1"),
            ("for=192.0.2.7, proto=https", "10.0.0.1"),
            ("for=192.0.2.7, for=192.0.2.8;for=192.0.2.9", "10.0.0.1"),
            ("for=192.0.2.7, for", "10.0.0.1"),
            ("192.0.2.7", "10.0.0.1"),
            ("", "10.0.0.1"),
            ("for=ü, for=192.0.2.7;host=ü", "192.0.2.7"),
            // What a client leaves open does not swallow what the proxy appends.
            ("for=\", for=192.0.2.7", "192.0.2.7"),
            ("for=\"\\, for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=203.0.113.1, for=\"a, for=10.0.0.2", "10.0.0.2"),
            ("for=192.0.2.7;host=\"\\\",\", for=10.0.0.2", "192.0.2.7"),
            ("for=192.0.2.7;host=\"a;for=203.0.113.1\"", "192.0.2.7"),
        ] {
            assert_eq!(by("forwarded", value), expected, "{value}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let two = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "10.0.0.2, 10.0.0.3")];
        assert_eq!(client("10.0.0.1", &two), "192.0.2.7");
        let two = [("forwarded", "for=203.0.113.1"), ("forwarded", "for=192.0.2.7")];
        assert_eq!(client("10.0.0.1", &two), "192.0.2.7");
        // `Forwarded` goes before, even if it says nothing.
        let both = [("forwarded", "for=unknown"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(client("10.0.0.1", &both), "10.0.0.1");
    }
}
