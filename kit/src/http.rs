//! An HTTP/1.1 client that can say anything.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::response::Response;

/// The longest answer taken, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;
const READ_BYTES: usize = 16 << 10;

/// One connection, kept alive as long as the server does. Time-outs are the caller's.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What was read and is not yet a whole answer.
    unread: BytesMut,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody accepts.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Goes on with a connection over which no answer has come.
    pub fn over(stream: TcpStream) -> Self {
        Self { stream, unread: BytesMut::new() }
    }

    /// Sends these bytes, whatever they are.
    ///
    /// # Errors
    /// If the server has closed already.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Reads the next answer. What was read is kept when this is dropped while it waits.
    ///
    /// # Errors
    /// If the server closes before the answer is whole, or what it says is no answer or is longer than 256 MiB.
    pub async fn receive(&mut self) -> io::Result<Response> {
        loop {
            if let Some((response, length)) = Response::parse(&self.unread)? {
                self.unread.advance(length);
                return Ok(response);
            }
            if self.unread.len() > ANSWER_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
            }
            self.unread.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                let start = String::from_utf8_lossy(&self.unread);
                let told = format!("the server closed after {start:?}");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, told));
            }
        }
    }

    /// Makes a request, see [`request`], and gives its answer.
    ///
    /// # Errors
    /// Those of [`send`](Self::send) and [`receive`](Self::receive).
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        self.send(&request(method, path, headers, body)).await?;
        self.receive().await
    }

    /// Whatever the server still says until it closes, orderly or not.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = self.unread.split().to_vec();
        // A reset is an end as well.
        let _ = self.stream.read_to_end(&mut rest).await;
        rest
    }
}

/// The bytes of a request. It has a length if it has a body or is a `POST`.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: groupcast.test\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    if !body.is_empty() || method == "POST" {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}
