//! A TCP socket over which TLS is spoken.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::session::{RECORD_BYTES_MAX, Session};
use super::socket;

/// The most that is read at a time, in bytes.
const READ_BYTES_MAX: usize = 64 * 1024;

thread_local! {
    /// What comes from a socket of this thread, until it is decrypted.
    static INCOMING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// The record that is on its way to a socket of this thread.
    static OUTGOING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A TCP socket over which TLS is spoken, read and written like the bare one.
///
/// Records are made one at a time, and each is sent before the next is made. If the socket takes only a part of one, the
/// rest is kept, and of its plaintext all is reported as taken but the last byte. So who writes keeps that byte and
/// comes again with it; then the rest of the record is sent first, and the byte counts as sent. Whoever writes a buffer
/// to its end once it was begun writes whole records by that, and neither has to know of the other.
pub struct TlsStream {
    tcp: TcpStream,
    session: RefCell<Session>,
}

impl TlsStream {
    /// A stream of which nothing was read.
    pub(super) fn new(tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self { tcp, session: RefCell::new(Session::new(config)?) })
    }

    /// Of what [`into_parts`](Self::into_parts) gave.
    pub(super) fn from_parts(tcp: TcpStream, session: Session) -> Self {
        Self { tcp, session: RefCell::new(session) }
    }

    pub(super) fn into_parts(self) -> (TcpStream, Session) {
        (self.tcp, self.session.into_inner())
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Whether this protocol was chosen at the handshake (ALPN; RFC 7301).
    pub(super) fn speaks(&self, protocol: &[u8]) -> bool {
        self.session.borrow().protocol() == Some(protocol)
    }

    /// Does the handshake.
    ///
    /// # Errors
    /// What the peer did wrong, or those of the socket.
    pub(super) async fn shake_hands(&self) -> io::Result<()> {
        loop {
            let flushed = poll_fn(|cx| self.poll_flush(cx)).await;
            if !self.session.borrow().is_handshaking() {
                return flushed;
            }
            match self.session.borrow().nothing_read() {
                Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => flushed?,
                Err(error) => return Err(error),
            }
            self.tcp.readable().await?;
            // What comes of it is looked at above, when the peer has been told.
            let _ = self.read_ahead();
        }
    }

    /// See [`Transport::try_write`](super::Transport::try_write).
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.write_records(&[IoSlice::new(bytes)], |record| socket::write(&self.tcp, record))
    }

    /// See [`Transport::try_write_vectored`](super::Transport::try_write_vectored).
    pub(super) fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_records(buffers, |record| self.tcp.try_write(record))
    }

    /// Writes records, none of which has bytes of two buffers: a buffer that is begun is known by it, since more than
    /// one byte of it was written.
    fn write_records(
        &self,
        buffers: &[IoSlice<'_>],
        write: impl Fn(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let session = &mut *self.session.borrow_mut();
        self.flush(session)?;
        let mut owed = usize::from(std::mem::take(&mut session.owes));
        let mut taken = owed;
        let mut out = OUTGOING.take();
        let mut result = Ok(());
        'buffers: for buffer in buffers {
            let skipped = owed.min(buffer.len());
            owed -= skipped;
            for plain in buffer[skipped..].chunks(RECORD_BYTES_MAX) {
                let length = match session.encrypt(plain, &mut out) {
                    Ok(length) => length,
                    Err(error) => {
                        result = Err(error);
                        break 'buffers;
                    }
                };
                taken += plain.len();
                let written = match write(&out[..length]) {
                    Ok(written) => written,
                    Err(error) if would_block(&error) => 0,
                    Err(error) => {
                        result = Err(error);
                        break 'buffers;
                    }
                };
                if written < length {
                    session.unsent = out[written..length].to_vec();
                    session.owes = true;
                    taken -= 1;
                    if taken == 0 {
                        result = Err(io::ErrorKind::WouldBlock.into());
                    }
                    break 'buffers;
                }
            }
        }
        OUTGOING.set(out);
        result.map(|()| taken)
    }

    /// Sends what is to be sent before anything else.
    fn flush(&self, session: &mut Session) -> io::Result<()> {
        while !session.unsent.is_empty() {
            let written = self.tcp.try_write(&session.unsent)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            session.unsent.drain(..written);
        }
        session.unsent = Vec::new();
        Ok(())
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.flush(&mut self.session.borrow_mut()) {
                Err(error) if would_block(&error) => ready!(self.tcp.poll_write_ready(cx))?,
                result => return Poll::Ready(result),
            }
        }
    }

    /// See [`Transport::poll_readable`](super::Transport::poll_readable).
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.session.borrow().has_something() { Poll::Ready(Ok(())) } else { self.tcp.poll_read_ready(cx) }
    }

    /// See [`Transport::try_read`](super::Transport::try_read).
    pub(super) fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        let session = &mut *self.session.borrow_mut();
        match session.take_plain(room) {
            Some(length) => Ok(length),
            None => self.read(session, room.len(), room),
        }
    }

    /// Reads what is there and decrypts it, for a later read; 0 at the peer's end.
    fn read_ahead(&self) -> io::Result<usize> {
        let session = &mut *self.session.borrow_mut();
        let read = match session.plain().is_empty() {
            true => self.read(session, RECORD_BYTES_MAX, &mut []),
            false => Ok(0),
        };
        match session.plain().len() {
            0 => read,
            length => Ok(length),
        }
    }

    /// Waits for the first bytes, and copies them into `room`; they stay to be read. None at the peer's end.
    pub(super) fn poll_peek(&self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.read_ahead() {
                Err(error) if would_block(&error) => ready!(self.tcp.poll_read_ready(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
                Ok(_) => break,
            }
        }
        let session = self.session.borrow();
        let length = session.plain().len().min(room.len());
        room[..length].copy_from_slice(&session.plain()[..length]);
        Poll::Ready(Ok(length))
    }

    /// Reads at most so many bytes of the socket, and decrypts them into `room` as far as that goes.
    fn read(&self, session: &mut Session, bytes_max: usize, room: &mut [u8]) -> io::Result<usize> {
        if session.has_something() {
            return session.nothing_read();
        }
        let mut buffer = INCOMING.take();
        let kept = session.kept().len();
        let end = kept + bytes_max.clamp(1, READ_BYTES_MAX);
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        let result = match socket::read(&self.tcp, &mut buffer[kept..end]) {
            Ok(0) => {
                session.cut();
                session.nothing_read()
            }
            Ok(length) => {
                buffer[..kept].copy_from_slice(session.kept());
                match session.receive(&mut buffer[..kept + length], room) {
                    0 => session.nothing_read(),
                    filled => Ok(filled),
                }
            }
            Err(error) => Err(error),
        };
        INCOMING.set(buffer);
        if !session.unsent.is_empty() && !session.owes {
            // What the peer did wrong, or keys that it has asked for. If it does not fit, the next write sends it.
            let _ = self.flush(session);
        }
        result
    }

    /// See [`Transport::poll_end_writing`](super::Transport::poll_end_writing).
    pub(super) fn poll_end_writing(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        self.session.borrow_mut().say_goodbye()?;
        ready!(self.poll_flush(cx))?;
        Poll::Ready(SockRef::from(&self.tcp).shutdown(Shutdown::Write))
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
