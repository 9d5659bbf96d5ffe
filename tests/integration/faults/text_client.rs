//! A client in text mode. It knows that what it sent is stored by seeing it, and sends nothing again.

use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::websocket::{Message, WebSocket};
use tokio::time::{interval, sleep};

use super::phase::{Phase, Shared};
use crate::support::socket::group_path;

/// Messages under way at a time.
const WINDOW: usize = 8;
/// Time between two messages.
const PACE: Duration = Duration::from_millis(5);
/// Wait before it connects again.
const RETRY: Duration = Duration::from_millis(100);

/// What it has done and seen.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The lines of each of its connections, in order.
    pub(super) seen: Vec<Vec<String>>,
    /// What it sent, as it is shown.
    pub(super) sent: Vec<String>,
    /// How much of that was on its way when a connection ended.
    pub(super) lost: usize,
    /// What it should not have met.
    pub(super) complaints: Vec<String>,
}

/// The client.
pub(super) struct TextClient {
    name: String,
    group: String,
    shared: Arc<Shared>,
    record: Lines,
}

impl TextClient {
    /// One that reads and writes in this group.
    pub(super) fn new(name: &str, group: &str, shared: &Arc<Shared>) -> Self {
        let (name, group) = (name.to_owned(), group.to_owned());
        Self { name, group, shared: Arc::clone(shared), record: Lines::default() }
    }

    /// Does as it is told until the end.
    pub(super) async fn live(mut self) -> Lines {
        while !self.connect().await {
            sleep(RETRY).await;
        }
        self.record
    }

    /// Whether it has done all it had to.
    async fn connect(&mut self) -> bool {
        let address = *self.shared.address.borrow();
        let path = group_path(&self.group, &self.name);
        let Ok(mut socket) = WebSocket::open(address, &path, None).await else { return false };
        let mut phase = self.shared.phase.subscribe();
        let mut pace = interval(PACE);
        let (mut seen, mut under_way, mut is_in) = (Vec::new(), 0, false);
        loop {
            match self.shared.now() {
                Phase::Seeing { line, .. }
                    if seen.last().is_none_or(|last| *last == *line) && under_way == 0 =>
                {
                    self.record.seen.push(seen);
                    return true;
                }
                _ => {}
            }
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(line))) => {
                        let line = line.as_str();
                        if line.contains(": ") {
                            if line.starts_with(&format!("{}: ", self.name)) {
                                under_way -= 1;
                                self.shared.settled(1);
                                self.shared.acks.send_modify(|acks| *acks += 1);
                            }
                            seen.push(line.to_owned());
                        }
                        is_in = true;
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
                _ = phase.changed() => {}
                _ = pace.tick(), if is_in && under_way < WINDOW && self.shared.now() == Phase::Sending => {
                    let content = format!("{}", self.record.sent.len());
                    self.record.sent.push(format!("{}: {content}", self.name));
                    under_way += 1;
                    self.shared.sent();
                    if socket.send(Message::text(content)).await.is_err() {
                        break;
                    }
                }
            }
        }
        self.record.seen.push(seen);
        self.record.lost += under_way;
        self.shared.settled(under_way);
        if !self.shared.may_end && is_in {
            self.record.complaints.push(format!("{}: the socket was closed", self.name));
        }
        false
    }
}
