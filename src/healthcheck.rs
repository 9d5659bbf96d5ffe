//! `groupcast healthcheck`: asks the server of these settings whether it lives. It is for containers, in which there is
//! no other program that could ask.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use groupcast::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the server may take to answer. It does no work for this answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What an answer begins with that says that all is well (RFC 9112, section 4).
const WELL: &[u8] = b"HTTP/1.1 200 ";

/// The header of a connection that speaks for nobody else (the PROXY protocol, version 1).
const FOR_NOBODY: &str = "PROXY UNKNOWN\r\n";

/// Asks once, at the address and port that a server with these settings listens on.
///
/// # Errors
/// What speaks against the server, in one line: it does not answer within [`PATIENCE`], or with something else than
/// 200. A server that has as many connections as it may refuses this one too.
pub(crate) async fn ask(config: &Config) -> Result<(), String> {
    let address = SocketAddr::new(reachable(config.host), config.port);
    let is_proxy = config.trusted_proxies.iter().any(|network| network.contains(&address.ip()));
    let header = if config.proxy_protocol && is_proxy { FOR_NOBODY } else { "" };
    let request = format!("{header}GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let fault = match timeout(PATIENCE, beginning(address, request.as_bytes())).await {
        Ok(Ok(answer)) if answer == WELL => return Ok(()),
        Ok(Ok(answer)) => format!("it answers {}", answer.escape_ascii()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    Err(format!("http://{address}/healthz: {fault}"))
}

/// An address at which the server is reached from this machine when it listens on this one.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

/// The first bytes of the answer, as many as [`WELL`] has.
async fn beginning(address: SocketAddr, request: &[u8]) -> io::Result<[u8; WELL.len()]> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut answer = [0; WELL.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
