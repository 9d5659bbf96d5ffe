//! Reads and writes of a TCP socket that know of the runtime no more than they must.

use std::io::{self, Read, Write};

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Writes without waiting, past the runtime, whose record of the socket's readiness would be one more cache line for
/// each socket. That the socket is full is noted by the next write that goes through the runtime.
#[inline]
pub(super) fn write(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    (&*SockRef::from(tcp)).write(bytes)
}

/// Reads without waiting; 0 at the peer's end. A read that does not fill the buffer has emptied the socket, so it also
/// marks the socket as not ready: that saves the read that would only say so.
pub(super) fn read(tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = None;
    let result = tcp.try_io(Interest::READABLE, || {
        let read = (&*SockRef::from(tcp)).read(buffer)?;
        length = Some(read);
        if read > 0 && read < buffer.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match (length, result) {
        (Some(length), _) => Ok(length),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(io::ErrorKind::WouldBlock.into()),
    }
}
