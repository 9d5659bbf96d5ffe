//! The load client for several nodes: senders in JSON mode, who have acks, and listeners in text mode, on one thread.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::frame::{self, CLOSE, Frame, PING, PONG, TEXT};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::content;
use crate::support::latency::Latencies;
use crate::support::load::{Pace, Span};
use crate::support::{JSON_MODE, Result};

/// What was seen from the first message until all were acked and had arrived.
pub(crate) struct Outcome {
    pub(crate) messages: u64,
    pub(crate) deliveries: u64,
    pub(crate) elapsed: Duration,
    /// From just before a message is written to when its ack has been read.
    pub(crate) acks: Latencies,
    /// From when the ack has been read to when the last listener's data has; zero if the ack came later.
    pub(crate) behind: Latencies,
}

/// Connected sockets, and the messages of the run under way.
pub(crate) struct Client {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    sockets: Vec<Socket>,
    senders: Vec<Sender>,
    clock: Instant,
    messages: Vec<Message>,
    acked: u64,
    deliveries: u64,
}

struct Socket {
    stream: TcpStream,
    /// The start of a frame whose rest has not come yet.
    unread: Vec<u8>,
    /// `None` for a listener.
    sender: Option<usize>,
}

struct Sender {
    socket: usize,
    /// Messages in all runs.
    sent: usize,
    /// In this run.
    sent_now: usize,
    /// Messages whose ack has not come.
    waiting: VecDeque<usize>,
}

/// Times are in nanoseconds of the client's clock.
struct Message {
    sent: u64,
    acked: u64,
    heard: u64,
    last_heard: u64,
}

/// How messages are sent, and where they go.
pub(crate) struct Plan<'a> {
    pub(crate) pace: Pace,
    pub(crate) span: Span,
    /// The group of a sender's messages, by the sender and how many there were before.
    pub(crate) group: &'a dyn Fn(usize, usize) -> i64,
    /// Listeners that hear each message.
    pub(crate) listeners: u64,
}

/// Without any ack or delivery for so long, what is missing counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(20);
const READ_BYTES_MAX: usize = 256 * 1024;
const EVENTS_MAX: usize = 1024;
const ACK: &[u8] = br#"{"type":"ack""#;
const ERROR: &[u8] = br#"{"type":"error""#;

impl Client {
    pub(crate) fn new() -> Result<Client> {
        Ok(Client {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS_MAX),
            buffer: vec![0; READ_BYTES_MAX],
            sockets: Vec::new(),
            senders: Vec::new(),
            clock: Instant::now(),
            messages: Vec::new(),
            acked: 0,
            deliveries: 0,
        })
    }

    /// Connects senders, as the users of these numbers.
    pub(crate) fn add_senders(&mut self, address: SocketAddr, numbers: Range<usize>) -> Result<()> {
        let ask = |number, socket: &mut BlockingSocket| {
            socket.ask_upgrade("/ws", Some(JSON_MODE))?;
            socket.send(&format!(r#"{{"type":"hello","username":"u{number:06}"}}"#))
        };
        let hear = |_, socket: &mut BlockingSocket| {
            socket.await_upgrade(Some(JSON_MODE))?;
            match socket.text()? {
                text if text.starts_with(r#"{"type":"welcome""#) => Ok(()),
                text => Err(std::io::Error::other(text)),
            }
        };
        for socket in BlockingSocket::open_many(address, numbers, ask, hear)? {
            let sender =
                Sender { socket: self.sockets.len(), sent: 0, sent_now: 0, waiting: VecDeque::new() };
            self.add(socket, Some(self.senders.len()))?;
            self.senders.push(sender);
        }
        Ok(())
    }

    /// Connects listeners, as the users of these numbers, at their paths.
    pub(crate) fn add_listeners(
        &mut self,
        address: SocketAddr,
        numbers: Range<usize>,
        path: impl Fn(usize) -> String,
    ) -> Result<()> {
        let ask = |number, socket: &mut BlockingSocket| socket.ask_upgrade(&path(number), None);
        let hear = |_, socket: &mut BlockingSocket| {
            socket.await_upgrade(None)?;
            // Its own join line: it hears its group now.
            socket.text().map(drop)
        };
        for socket in BlockingSocket::open_many(address, numbers, ask, hear)? {
            self.add(socket, None)?;
        }
        Ok(())
    }

    fn add(&mut self, socket: BlockingSocket, sender: Option<usize>) -> Result<()> {
        let (stream, unread) = socket.into_parts();
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(self.sockets.len() as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)?;
        self.sockets.push(Socket { stream, unread, sender });
        Ok(())
    }

    /// Sends, then waits until all is acked and has arrived.
    ///
    /// # Errors
    /// When something is refused, is missing or comes twice.
    pub(crate) fn run(&mut self, plan: &Plan<'_>) -> Result<Outcome> {
        self.messages.clear();
        (self.acked, self.deliveries) = (0, 0);
        self.senders.iter_mut().for_each(|sender| sender.sent_now = 0);
        let started = Instant::now();
        let mut last_news = started;
        let mut last_seen = 0;
        loop {
            let is_over = match plan.span {
                Span::Time(duration) => started.elapsed() >= duration,
                Span::Messages(each) => self.messages.len() >= each * self.senders.len(),
            };
            let wait = if is_over { Duration::from_millis(100) } else { self.send_due(plan, started)? };
            let sent = self.messages.len() as u64;
            if is_over && self.acked == sent && self.deliveries == sent * plan.listeners {
                break;
            }
            self.wait(wait)?;
            let seen = self.acked + self.deliveries;
            if seen > last_seen {
                (last_seen, last_news) = (seen, Instant::now());
            } else if last_news.elapsed() > SILENCE_MAX {
                let (acked, heard) = (self.acked, self.deliveries);
                return Err(format!("of {sent} messages {acked} were acked, and heard {heard} times").into());
            }
        }
        self.outcome(plan, last_news - started)
    }

    fn outcome(&self, plan: &Plan<'_>, elapsed: Duration) -> Result<Outcome> {
        let (mut acks, mut behind) = (Latencies::new(), Latencies::new());
        for (number, message) in self.messages.iter().enumerate() {
            if message.heard != plan.listeners {
                return Err(format!("message {number} was heard {} times", message.heard).into());
            }
            acks.add(message.acked - message.sent);
            behind.add(message.last_heard.saturating_sub(message.acked));
        }
        let messages = self.messages.len() as u64;
        Ok(Outcome { messages, deliveries: self.deliveries, elapsed, acks, behind })
    }

    /// Sends what may be sent now, and gives the time until more may be.
    fn send_due(&mut self, plan: &Plan<'_>, started: Instant) -> Result<Duration> {
        match plan.pace {
            Pace::Window(window) => {
                for sender in 0..self.senders.len() {
                    let Sender { waiting, sent_now, .. } = &self.senders[sender];
                    let free = window - waiting.len();
                    let count = match plan.span {
                        Span::Time(_) => free,
                        Span::Messages(each) => free.min(each - sent_now),
                    };
                    self.send(plan, sender, count)?;
                }
                Ok(Duration::from_millis(100))
            }
            Pace::PerSecond(rate) => {
                let due = (started.elapsed().as_secs_f64() * rate) as usize;
                while self.messages.len() < due {
                    self.send(plan, self.messages.len() % self.senders.len(), 1)?;
                }
                let next = Duration::from_secs_f64((self.messages.len() + 1) as f64 / rate);
                Ok(next.saturating_sub(started.elapsed()))
            }
        }
    }

    fn send(&mut self, plan: &Plan<'_>, sender: usize, count: usize) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let mut frames = Vec::new();
        let number = sender;
        let sender = &mut self.senders[number];
        let sent = self.clock.elapsed().as_nanos() as u64;
        for _ in 0..count {
            let group = (plan.group)(number, sender.sent);
            let content = content::of(self.messages.len());
            let json = format!(r#"{{"type":"send","group_id":{group},"content":"{content}"}}"#);
            frame::push(&mut frames, TEXT, json.as_bytes());
            sender.waiting.push_back(self.messages.len());
            sender.sent += 1;
            sender.sent_now += 1;
            self.messages.push(Message { sent, acked: 0, heard: 0, last_heard: 0 });
        }
        let stream = &mut self.sockets[sender.socket].stream;
        stream.write_all(&frames).map_err(|error| format!("sending: {error}").into())
    }

    /// Waits for data, at most for `timeout`, and takes it in.
    fn wait(&mut self, timeout: Duration) -> Result<()> {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&Timespec::try_from(timeout)?))?;
        for event in &events {
            self.read(event.data.u64() as usize)?;
        }
        self.events = events;
        Ok(())
    }

    fn read(&mut self, number: usize) -> Result<()> {
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
            match (frame.opcode, socket.sender) {
                (TEXT, Some(sender)) if frame.payload.starts_with(ACK) => {
                    let message = self.senders[sender].waiting.pop_front().ok_or("an ack for nothing")?;
                    self.messages[message].acked = now;
                    self.acked += 1;
                }
                (TEXT, Some(_)) if frame.payload.starts_with(ERROR) => {
                    return Err(String::from_utf8_lossy(frame.payload).into());
                }
                (TEXT, None) => {
                    // What is late from a run before would be one too many.
                    if let Some(message) = content::number(frame.payload) {
                        let message = self.messages.get_mut(message).ok_or("a message of nobody")?;
                        message.heard += 1;
                        message.last_heard = now;
                        self.deliveries += 1;
                    }
                }
                (PING, _) => {
                    let mut pong = Vec::new();
                    frame::push(&mut pong, PONG, frame.payload);
                    socket.stream.write_all(&pong)?;
                }
                (CLOSE, _) => return Err(format!("socket {number} was told to close").into()),
                _ => {}
            }
            start += frame.length;
        }
        socket.unread.clear();
        socket.unread.extend_from_slice(&self.buffer[start..length]);
        Ok(())
    }
}
