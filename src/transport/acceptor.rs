//! From a socket to TLS.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::NoServerSessionStorage;
use tokio::net::TcpStream;

use super::certificate::Certificate;
use super::certificates::{CHALLENGE, Certificates};
use super::tls_stream::TlsStream;
use super::transport::Transport;

/// The only protocol that is spoken (ALPN; RFC 7301, section 6).
const HTTP: &[u8] = b"http/1.1";
/// The first byte of a handshake (RFC 8446, section 5.1: `ContentType`).
const HANDSHAKE: u8 = 22;

/// Makes TLS connections: 1.2 and 1.3, resumed by tickets of which nothing is kept here.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum AcceptError {
    /// The client speaks something that begins with a letter, such as HTTP. Nothing was read of it.
    Plain(TcpStream),
    /// An authority has seen what it asked for, and wants no more.
    Challenge,
    /// The client did something wrong, or its socket is broken.
    Failed(io::Error),
}

impl TlsAcceptor {
    /// One that has no certificate yet. If it is to get it by ACME, `acme`, authorities are answered.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn new(acme: bool) -> io::Result<Self> {
        let certificates = Arc::<Certificates>::default();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Certificates>::clone(&certificates));
        config.alpn_protocols = vec![HTTP.to_vec()];
        if acme {
            config.alpn_protocols.push(CHALLENGE.to_vec());
        }
        config.ticketer = ring::Ticketer::new().map_err(io::Error::other)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), certificates })
    }

    /// Shows this certificate to all that connect from now on.
    pub fn show(&self, certificate: &Certificate) {
        self.certificates.show(certificate.key());
    }

    /// Shows this certificate to an authority that asks whether the name is this server's (RFC 8737); with `None` none
    /// any more.
    pub fn answer(&self, name: &str, certificate: Option<&Certificate>) {
        self.certificates.answer(name, certificate.map(Certificate::key));
    }

    /// Does the handshake. How long that may take is up to who calls.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn accept(&self, tcp: TcpStream) -> Result<Transport, AcceptError> {
        let mut first = [0];
        if tcp.peek(&mut first).await.map_err(AcceptError::Failed)? == 0 {
            return Err(AcceptError::Failed(io::ErrorKind::UnexpectedEof.into()));
        }
        if first[0] != HANDSHAKE && first[0].is_ascii_alphabetic() {
            return Err(AcceptError::Plain(tcp));
        }
        let stream = TlsStream::new(tcp, Arc::clone(&self.config)).map_err(AcceptError::Failed)?;
        stream.shake_hands().await.map_err(AcceptError::Failed)?;
        if stream.speaks(CHALLENGE) {
            return Err(AcceptError::Challenge);
        }
        Ok(Transport::Tls(Box::new(stream)))
    }
}
