//! All sockets, and those of them that send.

use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::crowd::BlockingSocket;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::error::BenchError;
use crate::listener::{Listener, Writer};
use crate::options::Options;
use crate::phase::{Pace, Phase};
use crate::scene::Scene;
use crate::tally::Tally;

/// Without any delivery for so long, what is missing counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether all has arrived. A delivery is noted when it comes.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const JSON_MODE: &str = "chat.v1.json";

/// Sockets that listen, one in each group with the right to send.
pub(crate) struct Crowd {
    tally: Arc<Tally>,
    senders: Vec<Sender>,
    listeners: JoinSet<()>,
}

/// A socket that sends to its group.
struct Sender {
    writer: Writer,
    group: i64,
    /// Sockets that hear it.
    members: u64,
    /// A permit for each message that it may send, flat out.
    leave: Arc<Semaphore>,
}

impl Crowd {
    /// Opens the sockets; each reads one group.
    pub(crate) async fn open(scene: &Scene, options: &Options) -> Result<Self, BenchError> {
        let group_of = |index: usize| scene.groups[index % scene.groups.len()];
        let hello = |group: i64| {
            json!({ "type": "hello", "username": scene.user, "resume": { group.to_string(): 0 } }).to_string()
        };
        let opened = BlockingSocket::open_many(
            scene.address(),
            0..options.sockets,
            |_, socket| socket.ask_upgrade("/ws", Some(JSON_MODE)),
            |index, socket| {
                socket.await_upgrade(Some(JSON_MODE))?;
                socket.send(&hello(group_of(index)))?;
                while !socket.text()?.contains(r#""caught_up""#) {}
                Ok(())
            },
        )?;
        let tally = Arc::new(Tally::new()?);
        let (mut senders, mut listeners): (Vec<Sender>, _) = (Vec::new(), JoinSet::new());
        for (index, socket) in opened.into_iter().enumerate() {
            let (stream, unread) = socket.into_parts();
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let (reader, writer) = TcpStream::from_std(stream)?.into_split();
            let writer = Arc::new(Mutex::new(writer));
            let leave = match senders.get_mut(index % scene.groups.len()) {
                Some(sender) => {
                    sender.members += 1;
                    None
                }
                None => {
                    let leave = Arc::new(Semaphore::new(0));
                    let sender = Sender {
                        writer: Arc::clone(&writer),
                        group: group_of(index),
                        members: 1,
                        leave: Arc::clone(&leave),
                    };
                    senders.push(sender);
                    Some(leave)
                }
            };
            let listener = Listener { reader, unread, writer, leave };
            listeners.spawn(listener.run(Arc::clone(&tally)));
        }
        Ok(Self { tally, senders, listeners })
    }

    /// Sends for this long, then waits until everybody has heard everything.
    pub(crate) async fn run(&mut self, pace: Pace, time: Duration) -> Result<Phase, BenchError> {
        self.tally.take();
        let started = Instant::now();
        let sent = match pace {
            Pace::PerSecond(rate) => self.send_steadily(rate, started + time).await?,
            Pace::Window(window) => self.send_flat_out(window, started + time).await?,
        };
        let expected =
            self.senders.iter().zip(&sent).map(|(sender, sent)| sender.members * sent).sum::<u64>();
        let elapsed = self.await_all(expected, started).await?;
        let (deliveries, latencies) = self.tally.take();
        let messages = sent.iter().sum();
        Ok(Phase { pace, messages, deliveries, elapsed, cpu: None, latencies })
    }

    /// Sends at even distances, the senders taking turns; gives how many each has sent.
    async fn send_steadily(&self, rate: u32, until: Instant) -> Result<Vec<u64>, BenchError> {
        let mut sent = vec![0; self.senders.len()];
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for turn in 0.. {
            ticks.tick().await;
            if Instant::now() >= until {
                break;
            }
            let index = turn % self.senders.len();
            self.senders[index].send(&self.tally, 1).await?;
            sent[index] += 1;
        }
        Ok(sent)
    }

    /// Has all senders send whatever their window lets them; gives how many each has sent.
    async fn send_flat_out(&self, window: usize, until: Instant) -> Result<Vec<u64>, BenchError> {
        let mut sending = Vec::new();
        for sender in &self.senders {
            // What was heard at another pace gives no leave here.
            sender.leave.forget_permits(usize::MAX);
            sender.leave.add_permits(window);
            let (sender, tally) = (sender.clone(), Arc::clone(&self.tally));
            sending.push(tokio::spawn(async move {
                let mut sent = 0;
                while Instant::now() < until {
                    let Ok(leave) = sender.leave.acquire().await else { break };
                    leave.forget();
                    let count = 1 + sender.leave.forget_permits(window);
                    sender.send(&tally, count).await?;
                    sent += count as u64;
                }
                Ok::<_, BenchError>(sent)
            }));
        }
        let mut sent = Vec::new();
        for sending in sending {
            sent.push(sending.await.map_err(|error| BenchError::Answer(error.to_string()))??);
        }
        Ok(sent)
    }

    /// Waits for so many deliveries; gives how long they took since `started`.
    async fn await_all(&self, expected: u64, started: Instant) -> Result<Duration, BenchError> {
        let (mut heard, mut last) = (self.tally.heard(), Instant::now());
        while heard < expected {
            sleep(LOOK_EVERY).await;
            if let Some(failure) = self.tally.failure() {
                return Err(BenchError::Answer(failure));
            }
            if self.tally.heard() > heard {
                (heard, last) = (self.tally.heard(), Instant::now());
            } else if last.elapsed() > SILENCE_MAX {
                let missing = expected - heard;
                return Err(BenchError::Answer(format!("{missing} of {expected} deliveries are missing")));
            }
        }
        Ok(last - started)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.listeners.abort_all();
    }
}

impl Sender {
    /// Sends so many messages in one write.
    async fn send(&self, tally: &Tally, count: usize) -> Result<(), BenchError> {
        let mut frames = Vec::new();
        (0..count).for_each(|_| tally.push_message(&mut frames, self.group));
        Ok(self.writer.lock().await.write_all(&frames).await?)
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        let Self { writer, group, members, leave } = self;
        Self { writer: Arc::clone(writer), group: *group, members: *members, leave: Arc::clone(leave) }
    }
}
