//! A way through TLS: who connects to it speaks plainly, and it speaks TLS to a server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use socket2::SockRef;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Bytes that are taken at a time, in each direction.
const PIECE_BYTES: usize = 16 * 1024;
/// What the system may keep on the way to the client, in each of its buffers there, in bytes. Left to itself it keeps so
/// much that a client who does not read is not noticed.
const BUFFER_BYTES: usize = 256 * 1024;

/// A way through TLS on a thread of its own, which ends when this is dropped.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    _end: oneshot::Sender<()>,
}

impl Tunnel {
    /// A way to this server, which must show a certificate of `root`, in PEM, for this name.
    ///
    /// # Errors
    /// If there is no certificate, or those of the system.
    pub fn start(server: SocketAddr, root: &str, name: &str) -> io::Result<Self> {
        let connector = TlsConnector::from(Arc::new(client_config(root)?));
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("tunnel".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    _ = serve(listener, server, connector, name) => {}
                }
            });
        })?;
        Ok(Self { address, _end: end })
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// How a client of tests speaks TLS: 1.2 or 1.3, HTTP/1.1, and it trusts `root`, in PEM, alone.
///
/// # Errors
/// If that is no certificate.
pub fn client_config(root: &str) -> io::Result<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots(root)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// These certificates, in PEM, as those of authorities.
///
/// # Errors
/// If one of them is none.
pub fn roots(pem: &str) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    Ok(roots)
}

async fn serve(
    listener: std::net::TcpListener,
    server: SocketAddr,
    connector: TlsConnector,
    name: ServerName<'static>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (mut plain, _) = listener.accept().await?;
        let (connector, name) = (connector.clone(), name.clone());
        tokio::spawn(async move {
            plain.set_nodelay(true)?;
            SockRef::from(&plain).set_send_buffer_size(BUFFER_BYTES)?;
            let socket = if server.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            socket.set_recv_buffer_size(BUFFER_BYTES as u32)?;
            let stream = socket.connect(server).await?;
            stream.set_nodelay(true)?;
            let mut stream = connector.connect(name, stream).await?;
            copy_bidirectional_with_sizes(&mut plain, &mut stream, PIECE_BYTES, PIECE_BYTES).await
        });
    }
}
