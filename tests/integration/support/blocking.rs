//! A WebSocket client so cheap that a test can have ten thousand: a blocking socket, no runtime, no masking.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use tokio::sync::{Mutex, MutexGuard};

use super::PATIENCE;

/// An open socket at the path of any number of groups, in JSON mode.
pub struct BlockingSocket {
    stream: BufReader<TcpStream>,
}

/// Sockets that open together: fewer than a server lets wait.
const AT_A_TIME: usize = 50;
const READ_BYTES: usize = 4 * 1024;
/// The first byte of a text frame that is a whole message (RFC 6455, section 5.2).
const TEXT: u8 = 0x81;
/// The bit that says that a client's frame is masked.
const MASKED: u8 = 0x80;

impl BlockingSocket {
    /// Opens so many. Each begins with what `begin` sends, by its number: the server waits only so long for that.
    pub fn open_many(
        address: SocketAddr,
        count: usize,
        mut begin: impl FnMut(usize, &mut Self),
    ) -> Vec<Self> {
        let mut sockets = Vec::with_capacity(count);
        while sockets.len() < count {
            let first = sockets.len();
            sockets.extend((first..count.min(first + AT_A_TIME)).map(|_| Self::connect(address)));
            sockets[first..].iter_mut().for_each(Self::ask_upgrade);
            for (number, socket) in (first..).zip(&mut sockets[first..]) {
                socket.await_upgrade();
                begin(number, socket);
            }
        }
        sockets
    }

    fn connect(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.connect(&address.into()).expect("the server accepts");
        socket.set_tcp_nodelay(true).unwrap();
        // Closed by a reset: thousands of ports that linger would be missing when all come back.
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::with_capacity(READ_BYTES, socket.into()) }
    }

    fn ask_upgrade(&mut self) {
        let request = "GET /ws HTTP/1.1\r\nHost: groupcast.test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        self.stream.get_mut().write_all(request.as_bytes()).expect("the server reads");
    }

    fn await_upgrade(&mut self) {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer");
        assert!(line.starts_with("HTTP/1.1 101"), "{line}");
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line).expect("a whole answer");
        }
    }

    /// Sends a text. Its mask is zero, which is legal and leaves the text as it is.
    pub fn send(&mut self, text: &str) {
        let length = u16::try_from(text.len()).expect("a short text");
        let mut frame = vec![TEXT];
        match length {
            0..126 => frame.push(MASKED | length as u8),
            _ => {
                frame.push(MASKED | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.get_mut().write_all(&frame).expect("the server reads");
    }

    /// The next text. Pings are not answered.
    pub fn text(&mut self) -> String {
        loop {
            let [opcode, length] = self.bytes();
            let length = match length {
                126 => usize::from(u16::from_be_bytes(self.bytes())),
                127 => u64::from_be_bytes(self.bytes()) as usize,
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).expect("a whole frame");
            if opcode == TEXT {
                return String::from_utf8(payload).expect("a text");
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).expect("a frame");
        bytes
    }
}

/// Waits until no other test of this process has a crowd of sockets: together they would need more files than one
/// process may have open.
pub async fn crowd_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Raises the limit of open files as far as it may be, and gives it.
pub fn raise_open_files_max() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    maximum.map_or(usize::MAX, |files| files as usize)
}
