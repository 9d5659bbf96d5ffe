//! The load client for several nodes: senders in JSON mode, who have acks, and listeners in text mode, on one thread.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::frame::{self, TEXT};

use super::content;
use crate::support::latency::Latencies;
use crate::support::load::{Pace, Span};
use crate::support::sockets::Sockets;
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
    sockets: Sockets,
    /// The sender at each of the sockets; `None` for a listener.
    places: Vec<Option<usize>>,
    senders: Vec<Sender>,
    messages: Vec<Message>,
    acked: u64,
    deliveries: u64,
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
const ACK: &[u8] = br#"{"type":"ack""#;
const ERROR: &[u8] = br#"{"type":"error""#;

impl Client {
    pub(crate) fn new() -> Result<Client> {
        Ok(Client {
            sockets: Sockets::new()?,
            places: Vec::new(),
            senders: Vec::new(),
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
        self.sockets.add(socket)?;
        self.places.push(sender);
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
        let sent = self.sockets.now();
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
        self.sockets.write(sender.socket, &frames).map_err(|error| format!("sending: {error}").into())
    }

    /// Waits for data, at most for `timeout`, and takes it in.
    fn wait(&mut self, timeout: Duration) -> Result<()> {
        for place in 0..self.sockets.wait(timeout)? {
            self.read(self.sockets.ready(place))?;
        }
        Ok(())
    }

    fn read(&mut self, number: usize) -> Result<()> {
        self.sockets.read(number, |text, now| {
            match self.places[number] {
                Some(sender) if text.starts_with(ACK) => {
                    let message = self.senders[sender].waiting.pop_front().ok_or("an ack for nothing")?;
                    self.messages[message].acked = now;
                    self.acked += 1;
                }
                Some(_) if text.starts_with(ERROR) => return Err(String::from_utf8_lossy(text).into()),
                Some(_) => {}
                None => {
                    // What is late from a run before would be one too many.
                    if let Some(message) = content::number(text) {
                        let message = self.messages.get_mut(message).ok_or("a message of nobody")?;
                        message.heard += 1;
                        message.last_heard = now;
                        self.deliveries += 1;
                    }
                }
            }
            Ok(())
        })
    }
}
