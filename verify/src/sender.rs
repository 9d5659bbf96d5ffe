//! A client that writes over a socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::command::request;
use crate::content::{Key, content};
use crate::event::Event;
use crate::ledger::Author;
use crate::pace::Pace;
use crate::seat::Seat;
use crate::shared::{End, Phase, Shared};
use crate::socket::Socket;

/// How often a sender looks whether it may send more.
const TICK: Duration = Duration::from_millis(10);

/// A client that sends messages to one group, changes them, and asks again for what was not acked.
pub(crate) struct Sender {
    /// Which one, from 0.
    pub(crate) index: usize,
    /// As whom, and where.
    pub(crate) author: Author,
    /// The socket's path.
    pub(crate) path: String,
    /// How fast.
    pub(crate) pace: Pace,
    /// Messages and changes that may wait for their ack.
    pub(crate) window: usize,
    /// In so many of a hundred cases it does something else than to send a plain message.
    pub(crate) changes_percent: u64,
    /// When its sockets are cut, and what it does.
    pub(crate) random: Random,
    /// Where it is.
    pub(crate) seat: Seat,
    pub(crate) shared: Arc<Shared>,
}

impl Sender {
    /// Sends until the phase of sending is over and all is acked.
    pub(crate) async fn run(mut self) {
        let who = format!("sender {}", self.index);
        let shared = Arc::clone(&self.shared);
        // Sent and not acked, in the order of sending, and when that was.
        let mut unacked = VecDeque::new();
        loop {
            let end = match shared.connect(&self.path, &mut self.seat, &mut self.random).await {
                Ok(socket) => {
                    let end = self.live(&who, socket, &mut unacked).await.unwrap_or_else(|end| end);
                    if let Some(&(_, sent)) = unacked.front() {
                        self.leave(&end, sent);
                    }
                    end
                }
                Err(gone) => End::Gone(gone),
            };
            if !shared.go_on_after(&who, end, &mut self.seat).await {
                return;
            }
        }
    }

    /// What was sent from this moment on has no answer when a socket ends.
    fn leave(&self, end: &End, sent: Instant) {
        if matches!(end, End::Cut) {
            self.shared.waited(self.seat, sent);
        }
        // The answer may be on its way, and nobody reads it.
        let may_be_refused =
            self.seat.server.is_some_and(|server| self.shared.timing().may_have_refused(server, sent));
        if may_be_refused {
            self.shared.ledger().put_off(self.index);
        }
    }

    /// Lives one socket's life.
    async fn live(
        &mut self,
        who: &str,
        mut socket: Socket,
        unacked: &mut VecDeque<(Key, Instant)>,
    ) -> Result<End, End> {
        let shared = Arc::clone(&self.shared);
        let cut_at = shared.cut_time(&mut self.random);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for (key, sent) in unacked.iter_mut() {
            shared.ledger().send_again(*key);
            *sent = Instant::now();
            socket.send(self.frame(*key)).await?;
        }
        loop {
            let phase = shared.phase();
            if phase != Phase::Sending && unacked.is_empty() {
                return Ok(End::Done);
            }
            tokio::select! {
                frame = socket.next() => match shared.read(who, &frame?) {
                    Event::Ack(ack) => {
                        let key = shared.ledger().ack(self.index, &ack);
                        if let Some(&(_, sent)) = unacked.iter().find(|(unacked, _)| Some(*unacked) == key) {
                            shared.acked(self.seat, sent, Some((self.author.group, ack.seq)));
                        }
                        unacked.retain(|&(unacked, _)| Some(unacked) != key);
                    }
                    Event::Error { retry: true, retry_after_ms, .. } => {
                        shared.ledger().put_off(self.index);
                        return Ok(End::Later(Duration::from_millis(retry_after_ms)));
                    }
                    Event::Error { number, is_not_found, what, .. } => {
                        let denied = number.filter(|_| is_not_found);
                        let denied = denied.and_then(|number| shared.ledger().deny(self.index, number));
                        match denied {
                            Some(key) => unacked.retain(|&(unacked, _)| unacked != key),
                            None => shared.ledger().unexpected(&format!("{who}: {what}, about {number:?}")),
                        }
                    }
                    Event::GoesOn { .. } | Event::Entry(_) | Event::History { .. } | Event::Other => {}
                },
                _ = tick.tick() => {
                    while phase == Phase::Sending && unacked.len() < self.window && self.pace.is_due() {
                        let key = self.begin();
                        // It counts as sent even if the connection breaks now: nobody knows how much of it arrived.
                        unacked.push_back((key, Instant::now()));
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

    /// Begins with the next thing that it does.
    fn begin(&mut self) -> Key {
        self.pace.step();
        let mut ledger = self.shared.ledger();
        let action = ledger.choose(self.index, self.changes_percent, &mut self.random);
        ledger.begin(self.index, action)
    }

    fn frame(&self, key: Key) -> String {
        let (seed, asked) = {
            let ledger = self.shared.ledger();
            (ledger.seed(), ledger.request(key))
        };
        request(self.author.group, key, asked, &content(seed, key))
    }
}
