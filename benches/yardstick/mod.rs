//! What fan-out costs when there is nothing but sockets: no runtime, router, store, heartbeat or queue.
//!
//! One thread, one epoll, blocking on nothing else. A client connects to `/ws/group/{group}/{user}` and every
//! text frame it sends goes to all sockets of the group, itself included, as `user: content`. How the frames
//! get there is what the yardsticks differ in: [`OneSend`], [`Coalescing`] and [`Storing`].

#![expect(clippy::disallowed_methods, reason = "a benchmark goes by the real clock and its own command line")]

mod coalescing;
mod one_send;
mod storing;

use std::collections::HashMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;

use coalescing::Coalescing;
use one_send::OneSend;
use storing::Storing;

/// The first argument that makes this program serve; the second is as what.
pub(crate) const SERVE: &str = "serve";
/// The names of the yardsticks.
pub(crate) const ONE_SEND: &str = "one-send";
pub(crate) const COALESCING: &str = "coalescing";
pub(crate) const STORING: &str = "coalescing + bare store";

/// Serves as a yardstick if the arguments of this program are [`SERVE`] and its name, and says whether they were.
pub(crate) fn serve_if_asked() -> io::Result<bool> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [serving, name] = arguments.as_slice() else { return Ok(false) };
    if serving != SERVE {
        return Ok(false);
    }
    match name.as_str() {
        ONE_SEND => serve(listen()?, OneSend)?,
        COALESCING => serve(listen()?, Coalescing::default())?,
        STORING => serve(listen()?, Storing::open()?)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Listens on a port that the system chooses, and says on which.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// How frames get from a publisher to the sockets of its group.
trait FanOut {
    /// A content, and the finished frame with it for all members of the sender's group.
    fn publish(&mut self, from: &Member, content: &[u8], frame: &[u8], members: &Members) -> io::Result<()>;

    /// All sockets that were ready have been read.
    fn flush(&mut self, members: &Members) -> io::Result<()>;
}

/// The sockets of each group.
#[derive(Default)]
struct Members {
    groups: Vec<Vec<Rc<TcpStream>>>,
    numbers: HashMap<String, usize>,
}

impl Members {
    /// One `send` to each member of the group.
    ///
    /// A yardstick keeps no queue: a socket that cannot take all of it ends the run.
    fn send(&self, group: usize, bytes: &[u8]) -> io::Result<()> {
        for member in &self.groups[group] {
            if member.as_ref().write(bytes)? < bytes.len() {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    fn join(&mut self, group: &str, socket: Rc<TcpStream>) -> usize {
        let number = self.numbers.get(group).copied().unwrap_or_else(|| {
            self.numbers.insert(group.to_owned(), self.groups.len());
            self.groups.push(Vec::new());
            self.groups.len() - 1
        });
        self.groups[number].push(socket);
        number
    }

    fn leave(&mut self, socket: &Socket) {
        let Some(member) = &socket.member else { return };
        let members = &mut self.groups[member.group];
        if let Some(place) = members.iter().position(|stream| Rc::ptr_eq(stream, &socket.stream)) {
            members.swap_remove(place);
        }
    }
}

struct Socket {
    stream: Rc<TcpStream>,
    /// What was read and is not yet a whole request head or frame.
    unread: Vec<u8>,
    /// Set once the upgrade was answered.
    member: Option<Member>,
}

struct Member {
    group: usize,
    /// `user: `, the start of all that it publishes.
    prefix: Vec<u8>,
    /// Their numbers in a database that was seeded in the order of their names.
    group_id: i64,
    user_id: i64,
}

const READ_BYTES_MAX: usize = 64 * 1024;
const EVENTS_MAX: usize = 1024;

/// Serves until it is killed or something goes wrong.
fn serve(listener: TcpListener, mut fan_out: impl FanOut) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let listening = watch(&epoll, &listener)?;
    let mut sockets: Vec<Option<Socket>> = Vec::new();
    let mut members = Members::default();
    let mut events = Vec::with_capacity(EVENTS_MAX);
    let mut buffer = vec![0; READ_BYTES_MAX];
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            let ready = event.data.u64() as usize;
            if ready == listening {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                let number = watch(&epoll, &stream)?;
                if sockets.len() <= number {
                    sockets.resize_with(number + 1, || None);
                }
                sockets[number] = Some(Socket { stream: Rc::new(stream), unread: Vec::new(), member: None });
            } else if let Some(socket) = &mut sockets[ready] {
                let length = socket.stream.as_ref().read(&mut buffer).unwrap_or(0);
                if length > 0 {
                    socket.take(&buffer[..length], &mut members, &mut fan_out)?;
                } else if let Some(socket) = sockets[ready].take() {
                    members.leave(&socket);
                }
            }
        }
        fan_out.flush(&members)?;
    }
}

/// Asks for an event whenever there is something to read, and gives the number the events bear.
fn watch(epoll: &OwnedFd, source: &(impl AsFd + AsRawFd)) -> io::Result<usize> {
    let number = source.as_raw_fd() as usize;
    epoll::add(epoll, source, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
    Ok(number)
}

impl Socket {
    fn take(&mut self, bytes: &[u8], members: &mut Members, fan_out: &mut impl FanOut) -> io::Result<()> {
        self.unread.extend_from_slice(bytes);
        if self.member.is_none() {
            let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Ok(());
            };
            self.member = Some(self.upgrade(members)?);
            self.unread.drain(..end + 4);
        }
        let Some(member) = &self.member else { return Ok(()) };
        let mut start = 0;
        while let Some((content, length)) = unmask(&mut self.unread[start..]) {
            let frame = text_frame(&member.prefix, content);
            fan_out.publish(member, content, &frame, members)?;
            start += length;
        }
        self.unread.drain(..start);
        Ok(())
    }

    /// Answers the upgrade. The load client does not check `Sec-WebSocket-Accept`, so there is none.
    fn upgrade(&mut self, members: &mut Members) -> io::Result<Member> {
        let head = String::from_utf8_lossy(&self.unread);
        let mut path = head.split(' ').nth(1).unwrap_or_default().rsplit('/');
        let (Some(user), Some(group)) = (path.next(), path.next()) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let number = |name: &str| 1 + name.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let (group_id, user_id) = (number(group), number(user));
        let group = members.join(group, Rc::clone(&self.stream));
        let prefix = format!("{user}: ").into_bytes();
        self.stream.as_ref().write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        )?;
        Ok(Member { group, prefix, group_id, user_id })
    }
}

/// The content of the masked frame at the start of `bytes` and the length of the frame, if all of it is there.
fn unmask(bytes: &mut [u8]) -> Option<(&[u8], usize)> {
    let (head, length) = match *bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        short => (2, usize::from(short)),
    };
    let frame = bytes.get_mut(..head + 4 + length)?;
    let (key, content) = frame[head..].split_first_chunk_mut::<4>()?;
    for (byte, key) in content.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Some((content, head + 4 + length))
}

/// A finished text frame with `prefix` and `content` in it (RFC 6455, section 5.2).
fn text_frame(prefix: &[u8], content: &[u8]) -> Vec<u8> {
    let length = prefix.len() + content.len();
    let mut frame = Vec::with_capacity(length + 4);
    frame.push(0x81);
    if length < 126 {
        frame.push(length as u8);
    } else {
        frame.push(126);
        frame.extend_from_slice(&(length as u16).to_be_bytes());
    }
    frame.extend_from_slice(prefix);
    frame.extend_from_slice(content);
    frame
}
