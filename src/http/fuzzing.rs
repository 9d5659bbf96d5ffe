//! A door for the fuzz targets: what is read of headers.

use std::net::IpAddr;

use hyper::header::HeaderMap;

use super::TrustedProxies;
use super::need::bearer;
use super::resource::Serves;
use super::routes::RESOURCES;

/// The address of the client that sent these headers over a connection from `peer`.
pub fn client(proxies: &TrustedProxies, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    proxies.client(headers, peer)
}

/// The bearer token in these headers, if there is one and no other.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).ok().flatten()
}

/// Of each resource the templates of its paths, and whether it is one for sockets.
pub fn templates() -> impl Iterator<Item = (&'static [&'static str], bool)> {
    RESOURCES.iter().map(|resource| (resource.paths, matches!(resource.serves, Serves::Socket(_))))
}
