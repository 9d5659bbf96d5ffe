//! A client that receives in JSON mode.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::time::{Instant, sleep_until};

use crate::command::{hello, subscribe};
use crate::cursor::Step;
use crate::event::Event;
use crate::ids::GroupId;
use crate::seat::Seat;
use crate::shared::{End, Phase, Shared};
use crate::socket::Socket;

/// How a receiver comes to its groups.
pub(crate) enum Entrance {
    /// The path names the user and one group; it subscribes again from where it was.
    Path(String),
    /// A socket for any number of groups; its `hello` names the user and where it was in each.
    Hello(String),
}

/// A client that wants every entry of its groups once and in order.
pub(crate) struct Receiver {
    /// Which one, from 0.
    pub(crate) index: usize,
    pub(crate) entrance: Entrance,
    /// When its sockets are cut.
    pub(crate) random: Random,
    /// Where it is.
    pub(crate) seat: Seat,
    pub(crate) shared: Arc<Shared>,
}

impl Receiver {
    /// Receives until it has seen all that is stored.
    pub(crate) async fn run(mut self) {
        let who = format!("receiver {}", self.index);
        let shared = Arc::clone(&self.shared);
        loop {
            let end = self.connect_and_live(&who).await.unwrap_or_else(|end| end);
            shared.ledger().disconnect(self.index);
            if !shared.go_on_after(&who, end, &mut self.seat).await {
                return;
            }
        }
    }

    async fn connect_and_live(&mut self, who: &str) -> Result<End, End> {
        let shared = Arc::clone(&self.shared);
        let path = match &self.entrance {
            Entrance::Path(path) => path,
            Entrance::Hello(_) => "/ws",
        };
        shared.ledger().connect(self.index);
        let mut socket = shared.connect(path, &mut self.seat, &mut self.random).await?;
        // Groups whose subscription has been asked for and not been answered.
        let mut asked = HashSet::new();
        match &self.entrance {
            Entrance::Hello(username) => {
                let hello = hello(username, shared.ledger().places(self.index));
                socket.send(hello).await?;
            }
            Entrance::Path(_) => {
                let groups: Vec<GroupId> =
                    shared.ledger().places(self.index).map(|(group, _)| group).collect();
                for group in groups {
                    asked.insert(group);
                    let place = shared.ledger().ask(self.index, group);
                    socket.send(subscribe(group, place)).await?;
                }
            }
        }
        self.live(who, socket, asked).await
    }

    /// Lives one socket's life.
    async fn live(&mut self, who: &str, mut socket: Socket, mut asked: HashSet<GroupId>) -> Result<End, End> {
        let shared = Arc::clone(&self.shared);
        let cut_at = shared.cut_time(&mut self.random);
        // Since when it reads what is new in each group.
        let mut since = HashMap::new();
        let mut phases = shared.phase.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            if phase == Phase::Seeing && shared.ledger().has_seen_all(self.index) {
                return Ok(End::Done);
            }
            tokio::select! {
                frame = socket.next() => match shared.read(who, &frame?) {
                    Event::GoesOn { group, after, begun, is_answer } => {
                        shared.ledger().goes_on(self.index, group, after, begun, is_answer);
                        since.insert(group, Instant::now());
                        if is_answer {
                            asked.remove(&group);
                        }
                    }
                    Event::Entry(entry) => {
                        let step = shared.ledger().see(self.index, &entry);
                        let (group, seq) = (entry.head().group, entry.head().seq);
                        if let (Some(server), Some(&since)) = (self.seat.server, since.get(&group)) {
                            shared.timing().seen(server, group, seq, since, Instant::now());
                        }
                        if step == Step::Ask && asked.insert(group) {
                            let place = shared.ledger().ask(self.index, group);
                            socket.send(subscribe(group, place)).await?;
                        }
                    }
                    Event::Error { retry: true, retry_after_ms, .. } => {
                        return Ok(End::Later(Duration::from_millis(retry_after_ms)));
                    }
                    Event::Error { what, .. } => shared.ledger().unexpected(&format!("{who}: {what}")),
                    Event::Ack(_) | Event::History { .. } | Event::Other => {}
                },
                _ = phases.changed() => {}
                () = sleep_until(cut_at), if phase == Phase::Sending => {
                    socket.cut();
                    return Ok(End::Cut);
                }
            }
        }
    }
}
