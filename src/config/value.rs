//! What the value of a setting may be.

use std::net::{IpAddr, ToSocketAddrs};
use std::num::{NonZero, NonZeroU32, TryFromIntError};

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use ipnet::{IpNet, Ipv4Net};

/// A parser of whole numbers from `low` to `high`.
pub(super) fn count(low: u64, high: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(low..=high)
}

/// A parser of whole numbers from 1 to `high`.
pub(super) fn positive(high: u64) -> impl TypedValueParser<Value = NonZeroU32> {
    RangedU64ValueParser::<u32>::new()
        .range(1..=high)
        .try_map(|count| -> Result<_, TryFromIntError> { NonZeroU32::try_from(count) })
}

/// Looks up an address by its name if need be: IPv4 before IPv6, as most clients try `localhost`.
pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        return Ok(address);
    }
    let found = (text, 0)
        .to_socket_addrs()
        .map_err(|error| format!("neither an address nor a known host name: {error}"))?;
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(|| "the name has no address".to_owned())
}

/// Takes an address, or a network as RFC 4632 section 3.1 and RFC 4291 section 2.3 write it: `10.0.0.0/8`. One of
/// IPv4-mapped addresses is the network of their IPv4 addresses.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| {
            "expected an address such as 192.0.2.1 or 2001:db8::1, or a network such as 10.0.0.0/8".to_owned()
        })?,
    };
    let mapped = match network.trunc() {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => {
            v6.addr().to_ipv4_mapped().map(|v4| (v4, v6.prefix_len() - 96))
        }
        _ => None,
    };
    let as_v4 = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    Ok(as_v4.map_or(network.trunc(), IpNet::V4))
}

/// Takes `*`, `null` and origins as RFC 6454 section 6.2 writes them: scheme, host and perhaps port, no path.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"/?#@".contains(&b));
    match text.split_once("://") {
        Some((scheme, host)) if plain(scheme) && plain(host) => Ok(text.to_ascii_lowercase()),
        None if text == "*" || text == "null" => Ok(text.to_owned()),
        _ => Err("expected *, null or an origin such as https://chat.example.com, without a path".to_owned()),
    }
}

/// Takes what `tracing_subscriber::EnvFilter` takes.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// How many files this process may have open, less `reserved`.
pub(super) fn open_files_left(reserved: usize) -> usize {
    // Without a limit, and where there is none to ask for, the most that settings allow is the bound.
    let files = rlimit::Resource::NOFILE.get_soft().unwrap_or(u64::MAX);
    usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(reserved)
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn networks_are_addresses_or_have_a_prefix() {
        for (text, shown) in [
            ("192.0.2.1", "192.0.2.1/32"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8:1::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()).as_deref(), Ok(shown), "{text}");
        }
        for text in
            ["", "10.0.0.0/33", "10.0.0", "::1/129", "proxy.example", "10.0.0.0/8/8", "[::1]", "fe80::1%eth0"]
        {
            assert!(network(text).is_err(), "{text}");
        }
    }
}
