//! `groupcast healthcheck`: asks the server of these settings whether it lives. It is for containers, in which there is
//! no other program that could ask.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use groupcast::config::Config;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

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
    let (scheme, tls) = match config.has_tls() {
        true => ("https", Some(connector().map_err(|error| error.to_string())?)),
        false => ("http", None),
    };
    let fault = match timeout(PATIENCE, beginning(address, header, tls)).await {
        Ok(Ok(answer)) if answer == WELL => return Ok(()),
        Ok(Ok(answer)) => format!("it answers {}", answer.escape_ascii()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    Err(format!("{scheme}://{address}/healthz: {fault}"))
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
async fn beginning(
    address: SocketAddr,
    header: &str,
    tls: Option<TlsConnector>,
) -> io::Result<[u8; WELL.len()]> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(header.as_bytes()).await?;
    match tls {
        None => ask_over(stream, address).await,
        Some(tls) => ask_over(tls.connect(address.ip().into(), stream).await?, address).await,
    }
}

/// Asks over a stream.
async fn ask_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
) -> io::Result<[u8; WELL.len()]> {
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; WELL.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// TLS to a server whose certificate is not looked at: it is for names, and this is an address of this machine.
fn connector() -> Result<TlsConnector, Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes any certificate of which the server has the key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
