//! Addresses, as far as limits tell them apart.

use std::net::{IpAddr, Ipv6Addr};

/// What one client has to itself, under which its tries are counted: an IPv4 address as it is, also where it
/// comes mapped into IPv6 (RFC 4291, section 2.5.5.2); of any other IPv6 address the /64, since a single host
/// may use all of that (RFC 7421).
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::client_network;

    #[test]
    fn a_client_has_one_network() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("::1", "::"),
        ] {
            assert_eq!(
                client_network(address.parse().unwrap()),
                network.parse::<std::net::IpAddr>().unwrap()
            );
        }
    }
}
