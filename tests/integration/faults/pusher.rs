//! Sockets in text mode that send as much as the server takes, each in a group of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};

use groupcast_kit::frame::{Frame, TEXT, push};

use crate::support::PATIENCE;
use crate::support::socket::group_path;

/// A socket, and how much it has to send.
pub(super) struct Pusher {
    name: &'static str,
    socket: TcpStream,
    unread: Vec<u8>,
    messages: usize,
    bytes: usize,
}

impl Pusher {
    /// Opens a socket in the group, for so many messages of so many bytes.
    pub(super) fn open(
        address: SocketAddr,
        name: &'static str,
        group: &str,
        messages: usize,
        bytes: usize,
    ) -> Self {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: groupcast.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            group_path(group, name)
        );
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut unread = Vec::new();
        while !unread.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            unread.push(byte[0]);
        }
        assert!(unread.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&unread));
        unread.clear();
        let mut pusher = Self { name, socket, unread, messages, bytes };
        assert_eq!(pusher.line(), format!("{name} joined {group}."));
        pusher
    }

    /// Begins to send. The end is when all of it has come back, once and in order; the socket has to stay.
    pub(super) fn push(mut self) -> JoinHandle<()> {
        let (name, messages, bytes) = (self.name, self.messages, self.bytes);
        let mut socket = self.socket.try_clone().unwrap();
        thread::spawn(move || {
            thread::scope(|scope| {
                scope.spawn(move || {
                    let mut frames = Vec::new();
                    for number in 0..messages {
                        frames.clear();
                        push(&mut frames, TEXT, content(number, bytes).as_bytes());
                        socket.write_all(&frames).unwrap();
                    }
                });
                for number in 0..messages {
                    assert_eq!(self.line(), format!("{name}: {}", content(number, bytes)));
                }
            });
            _ = self.socket.shutdown(Shutdown::Both);
        })
    }

    /// The next line.
    fn line(&mut self) -> String {
        loop {
            if let Some(Frame { opcode, payload, length }) = Frame::first(&self.unread) {
                let line = (opcode == TEXT).then(|| String::from_utf8(payload.to_vec()).unwrap());
                self.unread.drain(..length);
                match line {
                    Some(line) => return line,
                    None => continue,
                }
            }
            let mut buffer = [0; 64 * 1024];
            let length = self.socket.read(&mut buffer).unwrap();
            assert!(length > 0, "{}'s socket was closed", self.name);
            self.unread.extend_from_slice(&buffer[..length]);
        }
    }
}

/// The message of this number.
pub(super) fn content(number: usize, bytes: usize) -> String {
    let mut content = format!("{number} ");
    content.extend(std::iter::repeat_n('x', bytes.saturating_sub(content.len())));
    content
}
