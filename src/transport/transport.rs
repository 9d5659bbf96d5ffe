//! The byte stream of a connection.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream as StdStream};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::session::Session;
use super::socket;
use super::tls_stream::TlsStream;

/// The byte stream of a connection, as large as the bare socket.
pub enum Transport {
    /// The bare socket.
    Plain(TcpStream),
    /// What is in the records of TLS.
    Tls(Box<TlsStream>),
}

/// A [`Transport`] that belongs to no runtime, on its way to another thread.
pub struct Detached {
    stream: StdStream,
    session: Option<Box<Session>>,
}

impl Transport {
    /// Writes without waiting; [`io::ErrorKind::WouldBlock`] if nothing is taken now. Of a buffer that was taken in part
    /// the rest must be written next.
    ///
    /// # Errors
    /// Those of the socket, and of a TLS connection that has failed.
    #[inline]
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => socket::write(tcp, bytes),
            Self::Tls(tls) => tls.try_write(bytes),
        }
    }

    /// Writes several buffers in one go, without waiting. Each must have two bytes or more, or be the rest of one that
    /// was taken in part.
    ///
    /// # Errors
    /// As those of [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_write_vectored(buffers),
            Self::Tls(tls) => tls.try_write_vectored(buffers),
        }
    }

    /// Waits until a write may be taken.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_write_ready(cx)
    }

    /// Waits until there may be something to read.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => tcp.poll_read_ready(cx),
            Self::Tls(tls) => tls.poll_readable(cx),
        }
    }

    /// Reads without waiting; 0 at the peer's end. [`io::ErrorKind::WouldBlock`] if nothing is there now.
    ///
    /// # Errors
    /// Those of the socket; and if a TLS connection breaks the protocol, or ends without saying so.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => socket::read(tcp, buffer),
            Self::Tls(tls) => tls.try_read(buffer),
        }
    }

    /// Waits for the next bytes and copies them, so that they are still there for a read; none at the peer's end.
    ///
    /// # Errors
    /// As those of [`try_read`](Self::try_read).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => tcp.poll_peek(cx, buffer),
            Self::Tls(tls) => {
                let length = ready!(tls.poll_peek(cx, buffer.initialize_unfilled()))?;
                buffer.advance(length);
                Poll::Ready(Ok(length))
            }
        }
    }

    /// Ends the direction to the peer, behind all that was written; over TLS with a `close_notify` (RFC 8446, section
    /// 6.1).
    ///
    /// # Errors
    /// Those of the socket, and of a TLS connection that has failed.
    pub fn poll_end_writing(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Poll::Ready(SockRef::from(tcp).shutdown(Shutdown::Write)),
            Self::Tls(tls) => tls.poll_end_writing(cx),
        }
    }

    /// Makes the end of this stream a reset, so that the kernel too lets go of what the peer does not take.
    pub fn end_with_reset(&self) {
        // Failing only means that the kernel keeps the unsent data for a while.
        let _ = SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO));
    }

    /// Takes it away from its runtime.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn detach(self) -> io::Result<Detached> {
        Ok(match self {
            Self::Plain(tcp) => Detached { stream: tcp.into_std()?, session: None },
            Self::Tls(tls) => {
                let (tcp, session) = tls.into_parts();
                Detached { stream: tcp.into_std()?, session: Some(Box::new(session)) }
            }
        })
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.tcp(),
        }
    }
}

impl Detached {
    /// Gives it to the runtime of the thread that calls.
    ///
    /// # Errors
    /// Those of the runtime.
    pub fn attach(self) -> io::Result<Transport> {
        let tcp = TcpStream::from_std(self.stream)?;
        Ok(match self.session {
            None => Transport::Plain(tcp),
            Some(session) => Transport::Tls(Box::new(TlsStream::from_parts(tcp, *session))),
        })
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tls = match self.get_mut() {
            Self::Plain(tcp) => return Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => tls,
        };
        loop {
            ready!(tls.poll_readable(cx))?;
            match tls.try_read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(length) => {
                    buffer.advance(length);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let tls = match self.get_mut() {
            Self::Plain(tcp) => return Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => tls,
        };
        loop {
            match tls.try_write_vectored(&[IoSlice::new(bytes)]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(tls.tcp().poll_write_ready(cx))?;
                }
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, buffers),
            tls @ Self::Tls(_) => {
                let first = buffers.iter().find(|buffer| !buffer.is_empty());
                Pin::new(tls).poll_write(cx, first.map_or(&[], |buffer| buffer))
            }
        }
    }

    /// Over TLS one buffer is better than two records.
    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was taken is on its way: over TLS the last byte of what is not is not taken.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end_writing(cx)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(tcp) => f.debug_tuple("Plain").field(tcp).finish(),
            Self::Tls(tls) => f.debug_tuple("Tls").field(tls.tcp()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::Transport;

    /// There is one for each open socket.
    #[test]
    fn a_transport_is_as_large_as_a_socket() {
        assert_eq!(size_of::<Transport>(), size_of::<TcpStream>());
    }
}
