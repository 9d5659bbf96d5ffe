//! TLS: what only clients see who speak it. That all else is as without it is held where it is held without it, by
//! tests that also run over a tunnel.

mod acme;
mod ending;
mod files;
mod handshake;
mod hostile;

use std::sync::Arc;

use groupcast_kit::tunnel::client_config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::support::database::Store;
use crate::support::http::request;
use crate::support::patiently;
use crate::support::server::{NAME, Server};

/// A server that speaks TLS.
async fn start(options: &[&str]) -> Server {
    Server::start_with(Store::SqliteOverTls, options).await
}

/// A client who trusts who signed the server's certificate.
fn client(server: &Server) -> ClientConfig {
    client_config(&server.authority().certificate()).unwrap()
}

/// A connection to the server itself, with no tunnel between.
async fn bare(server: &Server) -> TcpStream {
    TcpStream::connect(server.bare_address()).await.unwrap()
}

/// A handshake with the server, which may fail.
async fn connect(server: &Server, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    connect_with(server, &Arc::new(config)).await
}

async fn connect_with(server: &Server, config: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let connector = TlsConnector::from(Arc::clone(config));
    let name = ServerName::try_from(NAME).unwrap();
    patiently("a handshake", connector.connect(name, bare(server).await)).await
}

/// Asks whether the server lives, over a connection that stays open.
async fn ask(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(&request("GET", "/healthz", &[], b"")).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(patiently("an answer", stream.read_buf(&mut answer)).await.unwrap(), 0, "{answer:?}");
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", answer.escape_ascii());
}

/// All that comes until the server ends the connection, and whether that is as it should be.
async fn rest(stream: &mut TlsStream<TcpStream>) -> (Vec<u8>, std::io::Result<usize>) {
    let mut rest = Vec::new();
    let end = patiently("the end", stream.read_to_end(&mut rest)).await;
    (rest, end)
}

/// The value of a series.
async fn figure(server: &Server, series: &str) -> f64 {
    let metrics = server.http().await.get("/metrics").await;
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series}")).parse().unwrap()
}
