//! The load client: many sockets on one thread, every frame checked.

mod message;
mod pace;
mod shape;
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;

use super::Result;
use super::credentials::Credentials;
use super::latency::Latencies;
use super::sockets::Sockets;
use message::Message;
use pace::Sending;
pub(crate) use pace::{Pace, Span};
pub(crate) use shape::Shape;
use wire::Heard;
pub(crate) use wire::Wire;

/// What was seen while publishers sent and until everything had arrived.
pub(crate) struct Outcome {
    /// Messages sent.
    pub(crate) messages: u64,
    /// Messages received, by all sockets together.
    pub(crate) deliveries: u64,
    /// From the first message to the last delivery.
    pub(crate) elapsed: Duration,
    /// From just before a message is written to when a socket's data has been read.
    pub(crate) latencies: Latencies,
}

/// Connected sockets and what they have seen.
pub(crate) struct Load {
    shape: Shape,
    wire: Wire,
    sockets: Sockets,
    /// Who is at each of the sockets.
    members: Vec<Member>,
    publishers: Vec<Publisher>,
    latencies: Latencies,
    messages: u64,
    deliveries: u64,
}

struct Member {
    group: usize,
    /// Whether it has heard anything that a publisher said.
    joined: bool,
    /// The number of the next message of each publisher of the group.
    expected: Vec<usize>,
    /// A digest of the order in which messages of all publishers came.
    order: u64,
}

struct Publisher {
    socket: usize,
    /// When each message was sent, in nanoseconds of the client's clock.
    sent: Vec<u64>,
    /// Messages it has received back.
    echoed: usize,
    /// Messages it sends at most, flat out.
    sent_max: usize,
}

/// Without any delivery for so long, what is missing counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// When nothing has come for so long, the probes have reached everyone they will reach.
const QUIET_TIME: Duration = Duration::from_millis(50);

impl Load {
    /// Connects all sockets, some at a time: pings are answered only once all are there. `path` names the
    /// socket's path by group and number, `credentials` has what it shows.
    pub(crate) fn connect(
        address: SocketAddr,
        shape: Shape,
        wire: Wire,
        path: impl Fn(usize, usize) -> String,
        credentials: &Credentials,
    ) -> Result<Load> {
        let mut sockets = Sockets::new()?;
        let mut members = Vec::with_capacity(shape.sockets());
        let mut publishers = Vec::with_capacity(shape.publishers());
        let opened = BlockingSocket::open_many(
            address,
            0..shape.sockets(),
            |number, socket| {
                let path = path(number / shape.members, number);
                socket.ask_upgrade_as(&path, wire.protocol(), credentials.authorization(number))
            },
            |_, socket| socket.await_upgrade(wire.protocol()),
        )?;
        for (number, socket) in opened.into_iter().enumerate() {
            sockets.add(socket)?;
            if number % shape.members < shape.publishers {
                publishers.push(Publisher { socket: number, sent: Vec::new(), echoed: 0, sent_max: 0 });
            }
            members.push(Member {
                group: number / shape.members,
                joined: false,
                expected: vec![0; shape.publishers],
                order: 0,
            });
        }
        Ok(Load {
            shape,
            wire,
            sockets,
            members,
            publishers,
            latencies: Latencies::new(),
            messages: 0,
            deliveries: 0,
        })
    }

    /// Waits until all sockets hear what is said in their groups: a server may answer the upgrade before it has
    /// made the socket a member.
    ///
    /// # Errors
    /// When a socket stays deaf.
    pub(crate) fn await_joined(&mut self) -> Result<()> {
        let idle = Sending::nothing();
        loop {
            let mut deaf: Vec<usize> =
                self.members.iter().filter(|member| !member.joined).map(|member| member.group).collect();
            deaf.dedup();
            let Some(first) = deaf.first() else { return Ok(()) };
            if idle.started.elapsed() > SILENCE_MAX {
                return Err(format!("a socket of group {first} hears nothing").into());
            }
            for group in deaf {
                let publisher = &self.publishers[group * self.shape.publishers];
                let mut probe = Vec::new();
                self.wire.push(&mut probe, group, message::PROBE);
                self.sockets.write(publisher.socket, &probe)?;
            }
            // Probes that are still under way would be measured with the messages.
            while self.wait(QUIET_TIME, &idle)? > 0 {}
        }
    }

    /// Publishes, then waits until each member of each group has received everything.
    ///
    /// # Errors
    /// When something is missing, comes twice, comes to the wrong group, or when members of a group see
    /// different orders.
    pub(crate) fn run(&mut self, pace: Pace, span: Span) -> Result<Outcome> {
        self.latencies = Latencies::new();
        (self.messages, self.deliveries) = (0, 0);
        for publisher in &mut self.publishers {
            publisher.sent_max = match span {
                Span::Time(_) => usize::MAX,
                Span::Messages(each) => publisher.sent.len() + each,
            };
        }
        let mut sending = Sending::new(pace, span);
        let mut last_delivery = sending.started;
        for publisher in 0..self.publishers.len() {
            self.send(publisher, sending.allowed(self, publisher))?;
        }
        loop {
            sending.check(self);
            if sending.done && self.deliveries == self.messages * self.shape.members as u64 {
                break;
            }
            let wait = match pace {
                Pace::PerSecond(rate) if !sending.done => self.send_due(rate, &sending)?,
                _ => Duration::from_millis(100),
            };
            let seen = self.deliveries;
            self.wait(wait, &sending)?;
            if self.deliveries > seen {
                last_delivery = Instant::now();
            } else if last_delivery.elapsed() > SILENCE_MAX {
                return Err(self.missing().into());
            }
        }
        self.check_orders()?;
        Ok(Outcome {
            messages: self.messages,
            deliveries: self.deliveries,
            elapsed: last_delivery - sending.started,
            latencies: self.latencies.clone(),
        })
    }

    /// Waits for data, at most for `timeout`, and takes it in; gives the number of sockets that had some.
    fn wait(&mut self, timeout: Duration, sending: &Sending) -> Result<usize> {
        let count = self.sockets.wait(timeout)?;
        for place in 0..count {
            self.read(self.sockets.ready(place), sending)?;
        }
        Ok(count)
    }

    /// Reads what a socket has, checks it, and publishes again if it is a publisher that got its own back.
    fn read(&mut self, number: usize, sending: &Sending) -> Result<()> {
        let member = &mut self.members[number];
        let mut echoes = None;
        self.sockets.read(number, |text, now| {
            match self.wire.hear(text) {
                Heard::Probe => member.joined = true,
                Heard::Message(message) => {
                    let publisher = member.take(number, message, self.shape)?;
                    self.deliveries += 1;
                    let publisher = &mut self.publishers[publisher];
                    self.latencies.add(now - publisher.sent[message.counter]);
                    if publisher.socket == number {
                        publisher.echoed += 1;
                        echoes = Some(member.group * self.shape.publishers + message.publisher);
                    }
                }
                Heard::Other => {}
            }
            Ok(())
        })?;
        match echoes {
            Some(publisher) => self.send(publisher, sending.allowed(self, publisher)),
            None => Ok(()),
        }
    }

    /// Writes `count` new messages of a publisher at once.
    fn send(&mut self, publisher: usize, count: usize) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let mut frames = Vec::new();
        let publishers = self.shape.publishers;
        let (group, number) = (publisher / publishers, publisher % publishers);
        let publisher = &mut self.publishers[publisher];
        let now = self.sockets.now();
        for _ in 0..count {
            let message = Message { group, publisher: number, counter: publisher.sent.len() };
            self.wire.push_message(&mut frames, message);
            publisher.sent.push(now);
        }
        self.messages += count as u64;
        self.sockets.write(publisher.socket, &frames).map_err(|error| format!("publishing: {error}").into())
    }

    /// Sends what is due at this rate, and gives the time until the next.
    ///
    /// Latency counts from the sending, not from when it was due: a sender here never waits for the server, so
    /// the difference would be the client's own slowness.
    fn send_due(&mut self, rate: f64, sending: &Sending) -> Result<Duration> {
        let due = (sending.started.elapsed().as_secs_f64() * rate) as u64;
        while self.messages < due {
            let publisher = self.messages as usize % self.publishers.len();
            self.send(publisher, 1)?;
        }
        let next = Duration::from_secs_f64((self.messages + 1) as f64 / rate);
        Ok(next.saturating_sub(sending.started.elapsed()))
    }

    fn missing(&self) -> String {
        let sent = self.messages * self.shape.members as u64;
        format!("{} of {sent} deliveries are missing", sent - self.deliveries)
    }

    fn check_orders(&self) -> Result<()> {
        for group in self.members.chunks(self.shape.members) {
            if group.iter().any(|member| member.order != group[0].order) {
                return Err(format!("members of group {} saw different orders", group[0].group).into());
            }
        }
        Ok(())
    }
}

impl Member {
    /// Checks that the message is the next of its publisher; gives the publisher's number.
    fn take(&mut self, number: usize, message: Message, shape: Shape) -> Result<usize> {
        let Message { group, publisher, counter } = message;
        if group != self.group || publisher >= shape.publishers {
            return Err(format!("socket {number} of group {} got {message:?}", self.group).into());
        }
        let expected = self.expected[publisher];
        if counter != expected {
            return Err(format!("socket {number} expected message {expected}, got {message:?}").into());
        }
        self.expected[publisher] += 1;
        self.order = (self.order.rotate_left(5) ^ publisher as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Ok(group * shape.publishers + publisher)
    }
}
