//! A door for the fuzz targets: the header of a proxy.

use std::io;
use std::net::IpAddr;

use super::proxy_header;

/// The address in a whole header of the PROXY protocol.
///
/// # Errors
/// It is none.
pub fn proxied_client(header: &[u8]) -> io::Result<Option<IpAddr>> {
    proxy_header::client(header)
}
