//! Sockets so cheap that one can have ten thousand: blocking, without a runtime, with few buffers.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::sync::{Mutex, MutexGuard};

use crate::frame::{self, Frame};
use crate::http::request;
use crate::response::Response;
use crate::wait::PATIENCE;

/// Sockets that leave from one loopback address; a system has some 28,000 ports for each.
const SOCKETS_PER_SOURCE: usize = 5_000;
/// Sockets that open together: fewer than a server lets wait.
const AT_A_TIME: usize = 50;
const READ_BYTES: usize = 4 * 1024;

/// A connection that is a WebSocket once it was upgraded. Waits at most a minute for anything.
#[derive(Debug)]
pub struct BlockingSocket {
    stream: TcpStream,
    /// What was read and is not yet a whole answer or frame.
    unread: BytesMut,
}

impl BlockingSocket {
    /// Opens as many as there are `numbers`, some at a time. Each says what `ask` makes it say; when some have done
    /// so, each hears what `hear` makes it hear, and may go on: a server waits only so long for that.
    ///
    /// # Errors
    /// The first of connecting, `ask` and `hear`.
    pub fn open_many(
        address: SocketAddr,
        numbers: Range<usize>,
        mut ask: impl FnMut(usize, &mut Self) -> io::Result<()>,
        mut hear: impl FnMut(usize, &mut Self) -> io::Result<()>,
    ) -> io::Result<Vec<Self>> {
        let mut sockets = Vec::with_capacity(numbers.len());
        for first in numbers.clone().step_by(AT_A_TIME) {
            let some = first..numbers.end.min(first + AT_A_TIME);
            let opened = sockets.len();
            for number in some.clone() {
                sockets.push(Self::connect(address, number)?);
            }
            for (number, socket) in some.clone().zip(&mut sockets[opened..]) {
                ask(number, socket)?;
            }
            for (number, socket) in some.zip(&mut sockets[opened..]) {
                hear(number, socket)?;
            }
        }
        Ok(sockets)
    }

    /// Connects. `number` spreads many connections over the loopback addresses, so that ports suffice; `address`
    /// is to be of IPv4.
    ///
    /// # Errors
    /// If nobody accepts.
    pub fn connect(address: SocketAddr, number: usize) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let source = Ipv4Addr::new(127, 0, 0, (number / SOCKETS_PER_SOURCE + 1) as u8);
        socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))?;
        while let Err(error) = socket.connect(&address.into()) {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        socket.set_tcp_nodelay(true)?;
        // Closed by a reset: thousands of ports that linger would be missing when all come back.
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: socket.into(), unread: BytesMut::new() })
    }

    /// Asks for an upgrade at `path`, with this subprotocol.
    ///
    /// # Errors
    /// If the server does not read.
    pub fn ask_upgrade(&mut self, path: &str, protocol: Option<&str>) -> io::Result<()> {
        self.ask_upgrade_as(path, protocol, None)
    }

    /// The same with this value of `Authorization`.
    ///
    /// # Errors
    /// If the server does not read.
    pub fn ask_upgrade_as(
        &mut self,
        path: &str,
        protocol: Option<&str>,
        authorization: Option<&str>,
    ) -> io::Result<()> {
        let protocol = protocol.map(|protocol| ("Sec-WebSocket-Protocol", protocol));
        let authorization = authorization.map(|authorization| ("Authorization", authorization));
        let headers: Vec<_> = protocol.into_iter().chain(authorization).collect();
        self.ask_upgrade_with(path, &headers)
    }

    /// The same with these further headers.
    ///
    /// # Errors
    /// If the server does not read.
    pub fn ask_upgrade_with(&mut self, path: &str, more: &[(&str, &str)]) -> io::Result<()> {
        let mut headers = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        headers.extend_from_slice(more);
        self.send_bytes(&request("GET", path, &headers, b""))
    }

    /// Waits for the upgrade. `Sec-WebSocket-Accept` is not looked at.
    ///
    /// # Errors
    /// If the answer is not 101 or does not choose the subprotocol that was asked for.
    pub fn await_upgrade(&mut self, protocol: Option<&str>) -> io::Result<()> {
        let answer = self.receive()?;
        if answer.status != 101 || answer.header("sec-websocket-protocol") != protocol {
            return Err(io::Error::other(format!("no upgrade: {answer:?}")));
        }
        Ok(())
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// If none comes.
    pub fn receive(&mut self) -> io::Result<Response> {
        loop {
            if let Some((response, length)) = Response::parse(&self.unread)? {
                self.unread.advance(length);
                return Ok(response);
            }
            self.read()?;
        }
    }

    /// Sends these bytes, whatever they are.
    ///
    /// # Errors
    /// If the server does not read.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a text.
    ///
    /// # Errors
    /// If the server does not read.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(text.len() + 14);
        frame::push(&mut bytes, frame::TEXT, text.as_bytes());
        self.send_bytes(&bytes)
    }

    /// The next text. Control frames are read over; pings are not answered.
    ///
    /// # Errors
    /// If none comes, or one that is not UTF-8.
    pub fn text(&mut self) -> io::Result<String> {
        loop {
            let Some(found) = Frame::first(&self.unread) else {
                self.read()?;
                continue;
            };
            let text = (found.opcode == frame::TEXT).then(|| String::from_utf8(found.payload.to_vec()));
            let length = found.length;
            self.unread.advance(length);
            if let Some(text) = text {
                return text.map_err(io::Error::other);
            }
        }
    }

    /// The connection, and what was read from it and not used.
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.unread.to_vec())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; READ_BYTES];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server has closed")),
            Ok(length) => {
                self.unread.extend_from_slice(&bytes[..length]);
                Ok(())
            }
            // The end of a child process, such as another test's server.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Waits until nobody else in this process has a crowd of sockets: together they would need more files than one
/// process may have open.
pub async fn crowd_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Raises the limit of open files, of this process and those it starts, as far as it may be, and gives it.
///
/// # Errors
/// Those of the system.
pub fn raise_open_files_max() -> io::Result<usize> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    Ok(usize::try_from(files).unwrap_or(usize::MAX))
}
