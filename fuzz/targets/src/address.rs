//! What proxies say of a client's address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use groupcast::http::TrustedProxies;
use groupcast::http::fuzzing::{bearer_token, client};
use groupcast::server::fuzzing::proxied_client;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

/// A proxy that is trusted.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// Somebody else.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// How a header of version 2 begins.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Nobody but a trusted proxy is believed; whatever a client writes, what the proxy appends to it counts; and the header of
/// a connection is read as a plain twin reads it.
pub fn address(data: &[u8]) {
    let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
    for name in ["forwarded", "x-forwarded-for"] {
        let Ok(value) = HeaderValue::from_bytes(data) else { break };
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        assert_eq!(client(&proxies, &headers, STRANGER), STRANGER);
        let found = client(&proxies, &headers, PROXY);
        assert!(found == found.to_canonical());
        if let (false, Ok(text)) = (data.is_empty(), str::from_utf8(data)) {
            appended(&proxies, name, text);
        }
    }
    if let Ok(value) = HeaderValue::from_bytes(data) {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let token = bearer_token(&headers);
        assert!(token.is_none_or(|token| !token.is_empty() && token.trim_matches(' ') == token));
    }
    if let Some(header) = header(data) {
        assert_eq!(proxied_client(header).ok(), twin(header), "{header:?}");
    }
}

/// What a proxy appends counts, be it in the same header or in one of its own.
fn appended(proxies: &TrustedProxies, name: &'static str, text: &str) {
    let said = if name == "forwarded" { "for=\"192.0.2.7:80\"" } else { "192.0.2.7" };
    let header = HeaderName::from_static(name);
    let Ok(joined) = HeaderValue::from_str(&format!("{text}, {said}")) else { return };
    let one = HeaderMap::from_iter([(header.clone(), joined)]);
    assert_eq!(client(proxies, &one, PROXY), STRANGER, "{name}: {text}");
    let Ok(first) = HeaderValue::from_str(text) else { return };
    let mut two = HeaderMap::new();
    two.append(header.clone(), first);
    two.append(header, HeaderValue::from_static(said));
    assert_eq!(client(proxies, &two, PROXY), STRANGER, "{name}: {text}");
}

/// What the server reads of a connection that begins so before it looks at it.
fn header(data: &[u8]) -> Option<&[u8]> {
    let rest = match data.strip_prefix(V2) {
        Some(rest) => 16 + usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?])),
        None => 1 + data.iter().take(107).position(|&byte| byte == b'\n')?,
    };
    data.get(..rest)
}

/// The address in a header of the PROXY protocol, `proxy-protocol.txt` sections 2.1 and 2.2; `None` if it is none, and
/// within it if the proxy speaks for itself.
fn twin(header: &[u8]) -> Option<Option<IpAddr>> {
    let address = match header.strip_prefix(V2) {
        Some(rest) => binary(rest)?,
        None => text(header)?,
    };
    Some(address.map(|address| address.to_canonical()))
}

fn text(header: &[u8]) -> Option<Option<IpAddr>> {
    let line = header.strip_suffix(b"\r\n")?;
    if line == b"PROXY UNKNOWN" || line.starts_with(b"PROXY UNKNOWN ") {
        return Some(None);
    }
    let words: Vec<&str> = str::from_utf8(line).ok()?.split(' ').collect();
    let ["PROXY", family, source, destination, from, to] = words.as_slice() else { return None };
    let is_port = |port: &str| port.parse::<u16>().is_ok() && (port == "0" || !port.starts_with('0'));
    let address: IpAddr = match *family {
        "TCP4" => destination.parse::<Ipv4Addr>().and(source.parse::<Ipv4Addr>()).ok()?.into(),
        "TCP6" => destination.parse::<Ipv6Addr>().and(source.parse::<Ipv6Addr>()).ok()?.into(),
        _ => return None,
    };
    (is_port(from) && is_port(to)).then_some(Some(address))
}

fn binary(rest: &[u8]) -> Option<Option<IpAddr>> {
    let [kind, family, high, low, rest @ ..] = rest else { return None };
    let rest = rest.get(..usize::from(u16::from_be_bytes([*high, *low])))?;
    let is_proxied = match kind {
        0x20 => false,
        0x21 => true,
        _ => return None,
    };
    let (transport, family) = (family & 15, family >> 4);
    if transport > 2 {
        return None;
    }
    let address: Option<IpAddr> = match family {
        0 => None,
        1 => Some(<[u8; 4]>::try_from(rest.get(..12)?.get(..4)?).ok()?.into()),
        2 => Some(<[u8; 16]>::try_from(rest.get(..36)?.get(..16)?).ok()?.into()),
        3 => rest.get(..216).map(|_| None)?,
        _ => return None,
    };
    Some(address.filter(|_| is_proxied))
}
