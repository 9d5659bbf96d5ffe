//! A client that sends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::command::send;
use crate::content::{Key, content};
use crate::event::Event;
use crate::ledger::Author;
use crate::shared::{End, Phase, Shared};
use crate::socket::Socket;

/// How often a sender looks whether it may send more.
const TICK: Duration = Duration::from_millis(10);

/// A client that sends messages to one group, and sends again what was not acked.
pub(crate) struct Sender {
    /// Which one, from 0.
    pub(crate) index: usize,
    /// As whom, and where.
    pub(crate) author: Author,
    /// The socket's path.
    pub(crate) path: String,
    /// Messages a second.
    pub(crate) rate: u32,
    /// Messages that may wait for their ack.
    pub(crate) window: usize,
    /// When its sockets are cut.
    pub(crate) random: Random,
    pub(crate) shared: Arc<Shared>,
}

/// What is under way.
struct Outbox {
    /// Sent and not acked, in the order of sending.
    unacked: VecDeque<Key>,
    /// Messages begun.
    begun: u64,
    /// When the first one could be sent.
    start: Option<Instant>,
}

impl Sender {
    /// Sends until the phase of sending is over and all is acked.
    pub(crate) async fn run(mut self) {
        let who = format!("sender {}", self.index);
        let shared = Arc::clone(&self.shared);
        let mut outbox = Outbox { unacked: VecDeque::new(), begun: 0, start: None };
        loop {
            let end = match shared.connect(&self.path).await {
                Ok(socket) => self.live(&who, socket, &mut outbox).await.unwrap_or_else(|end| end),
                Err(gone) => End::Gone(gone),
            };
            if !shared.go_on_after(&who, end).await {
                return;
            }
        }
    }

    /// Lives one socket's life.
    async fn live(&mut self, who: &str, mut socket: Socket, outbox: &mut Outbox) -> Result<End, End> {
        let shared = Arc::clone(&self.shared);
        let cut_at = shared.cut_time(&mut self.random);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for &key in &outbox.unacked {
            shared.ledger().send_again();
            socket.send(self.frame(key)).await?;
        }
        loop {
            let phase = shared.phase();
            if phase != Phase::Sending && outbox.unacked.is_empty() {
                return Ok(End::Done);
            }
            tokio::select! {
                frame = socket.next() => match shared.read(who, &frame?) {
                    Event::Ack(ack) => {
                        let key = shared.ledger().ack(self.index, &ack);
                        outbox.unacked.retain(|&unacked| Some(unacked) != key);
                    }
                    Event::Error { retry: true, retry_after_ms, .. } => {
                        shared.ledger().put_off(self.index);
                        return Ok(End::Later(Duration::from_millis(retry_after_ms)));
                    }
                    Event::Error { what, .. } => shared.ledger().unexpected(&format!("{who}: {what}")),
                    Event::GoesOn { .. } | Event::Message(_) | Event::Other => {}
                },
                _ = tick.tick() => {
                    while phase == Phase::Sending && outbox.may_send(self.rate, self.window) {
                        let key = shared.ledger().send(self.index);
                        outbox.begun += 1;
                        // It counts as sent even if the connection breaks now: nobody knows how much of it arrived.
                        outbox.unacked.push_back(key);
                        socket.send(self.frame(key)).await?;
                    }
                }
                () = sleep_until(cut_at), if phase == Phase::Sending => {
                    socket.cut();
                    return Ok(End::Cut);
                }
            }
        }
    }

    fn frame(&self, key: Key) -> String {
        let seed = self.shared.ledger().seed();
        send(self.author.group, &key.client_id(), &content(seed, key))
    }
}

impl Outbox {
    /// Whether both the window and the rate let one more message go. The rate is kept over the whole time, so
    /// what an outage has held up is made up for.
    fn may_send(&mut self, rate: u32, window: usize) -> bool {
        let elapsed = self.start.get_or_insert_with(Instant::now).elapsed();
        let due = elapsed.as_micros() * u128::from(rate) / 1_000_000;
        self.unacked.len() < window && u128::from(self.begun) < due
    }
}
