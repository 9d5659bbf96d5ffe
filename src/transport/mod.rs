//! The byte stream of a connection: a socket, or TLS over it.

mod acceptor;
mod certificate;
mod certificates;
mod session;
mod socket;
#[cfg(test)]
mod tests;
mod tls_stream;
#[expect(clippy::module_inception, reason = "it is what the room is about")]
mod transport;

pub use acceptor::{AcceptError, TlsAcceptor};
pub use certificate::{Certificate, CertificateError};
pub use tls_stream::TlsStream;
pub use transport::{Detached, Transport};
