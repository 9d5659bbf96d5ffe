//! Many WebSockets on one thread: which of them have something to read, and the texts in it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::frame::{self, CLOSE, Frame, PING, PONG, TEXT};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::Result;

/// Connected sockets, numbered from 0 as they were added.
pub(crate) struct Sockets {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    sockets: Vec<Socket>,
    clock: Instant,
}

struct Socket {
    stream: TcpStream,
    /// The start of a frame whose rest has not come yet.
    unread: Vec<u8>,
}

const READ_BYTES_MAX: usize = 256 * 1024;
const EVENTS_MAX: usize = 1024;

impl Sockets {
    /// None yet.
    pub(crate) fn new() -> Result<Sockets> {
        Ok(Sockets {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS_MAX),
            buffer: vec![0; READ_BYTES_MAX],
            sockets: Vec::new(),
            clock: Instant::now(),
        })
    }

    /// Adds one that was upgraded.
    pub(crate) fn add(&mut self, socket: BlockingSocket) -> Result<()> {
        let (stream, unread) = socket.into_parts();
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(self.sockets.len() as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)?;
        self.sockets.push(Socket { stream, unread });
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Nanoseconds of the clock that [`read`](Self::read) goes by.
    pub(crate) fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    /// Writes frames to a socket.
    pub(crate) fn write(&mut self, number: usize, frames: &[u8]) -> io::Result<()> {
        self.sockets[number].stream.write_all(frames)
    }

    /// Waits until some have data, at most for `timeout`; gives how many do.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Result<usize> {
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&Timespec::try_from(timeout)?))?;
        Ok(self.events.len())
    }

    /// The number of one of those that had data when they were waited for, by its place among them.
    pub(crate) fn ready(&self, place: usize) -> usize {
        self.events[place].data.u64() as usize
    }

    /// Reads what a socket has. `hear` gets each text, and when all of them were read; pings are answered.
    ///
    /// # Errors
    /// Those of `hear`, or when the socket was closed.
    pub(crate) fn read(
        &mut self,
        number: usize,
        mut hear: impl FnMut(&[u8], u64) -> Result<()>,
    ) -> Result<()> {
        let socket = &mut self.sockets[number];
        let kept = socket.unread.len();
        self.buffer[..kept].copy_from_slice(&socket.unread);
        let length = match socket.stream.read(&mut self.buffer[kept..]) {
            Ok(0) => return Err(format!("socket {number} was closed").into()),
            Ok(length) => kept + length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(format!("socket {number}: {error}").into()),
        };
        let now = self.clock.elapsed().as_nanos() as u64;
        let mut start = 0;
        while let Some(frame) = Frame::first(&self.buffer[start..length]) {
            match frame.opcode {
                TEXT => hear(frame.payload, now)?,
                PING => {
                    let mut pong = Vec::new();
                    frame::push(&mut pong, PONG, frame.payload);
                    socket.stream.write_all(&pong)?;
                }
                CLOSE => return Err(format!("socket {number} was told to close").into()),
                _ => {}
            }
            start += frame.length;
        }
        socket.unread.clear();
        socket.unread.extend_from_slice(&self.buffer[start..length]);
        Ok(())
    }
}
