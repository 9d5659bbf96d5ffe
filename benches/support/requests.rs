//! The HTTP side of the load client: many connections that ask again as soon as they are answered.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::response::Response;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::Result;
use super::latency::Latencies;

/// When no more requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After so long.
    Time(Duration),
    /// After so many.
    Requests(usize),
}

/// What was seen.
pub(crate) struct Answers {
    /// How many there were, all of them 200.
    pub(crate) count: usize,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// From just before a request is written to when its answer has been read.
    pub(crate) latencies: Latencies,
    /// The body of the last answer.
    pub(crate) last: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
    asked: Instant,
}

/// Without any answer for so long, the server counts as hung.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const READ_BYTES_MAX: usize = 64 * 1024;

/// Asks over so many connections; `request` makes the request of each number.
///
/// # Errors
/// When an answer is not 200, or none comes.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    until: Until,
    request: impl Fn(usize) -> Vec<u8>,
) -> Result<Answers> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut open = Vec::with_capacity(connections);
    for number in 0..connections {
        let (stream, _) = BlockingSocket::connect(address, number)?.into_parts();
        epoll::add(&epoll, &stream, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        open.push(Connection { stream, unread: Vec::new(), asked: Instant::now() });
    }
    let started = Instant::now();
    let may_ask = |asked: usize| match until {
        Until::Time(duration) => started.elapsed() < duration,
        Until::Requests(count) => asked < count,
    };
    let mut asked = 0;
    for connection in &mut open {
        if may_ask(asked) {
            connection.ask(&request(asked))?;
            asked += 1;
        }
    }
    let mut answers =
        Answers { count: 0, elapsed: Duration::ZERO, latencies: Latencies::new(), last: Vec::new() };
    let mut buffer = vec![0; READ_BYTES_MAX];
    while answers.count < asked {
        for number in ready(&epoll, connections)? {
            let connection = &mut open[number];
            if let Some(body) = connection.read(&mut buffer)? {
                answers.last = body;
                answers.count += 1;
                answers.latencies.add(connection.asked.elapsed().as_nanos() as u64);
                if may_ask(asked) {
                    connection.ask(&request(asked))?;
                    asked += 1;
                }
            }
        }
    }
    answers.elapsed = started.elapsed();
    Ok(answers)
}

/// The connections that have something to read.
fn ready(epoll: &OwnedFd, connections: usize) -> Result<Vec<usize>> {
    let mut events = Vec::with_capacity(connections);
    epoll::wait(epoll, spare_capacity(&mut events), Some(&Timespec::try_from(SILENCE_MAX)?))?;
    if events.is_empty() {
        return Err("the server does not answer".into());
    }
    Ok(events.iter().map(|event| event.data.u64() as usize).collect())
}

impl Connection {
    fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.asked = Instant::now();
        Ok(self.stream.write_all(request)?)
    }

    /// Reads what is there; gives the body once all of it is.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<Vec<u8>>> {
        match self.stream.read(buffer) {
            Ok(0) => return Err("the server has closed a connection".into()),
            Ok(length) => self.unread.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let Some((response, _)) = Response::parse(&self.unread)? else { return Ok(None) };
        if response.status != 200 {
            return Err(format!("refused: {}", String::from_utf8_lossy(&self.unread)).into());
        }
        self.unread.clear();
        Ok(Some(response.body))
    }
}
