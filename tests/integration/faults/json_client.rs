//! A client in JSON mode that does what the protocol asks for: it reads from where it was, and sends again what was not
//! acked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::websocket::{Message, WebSocket};
use serde_json::{Value, json};
use tokio::time::{interval, sleep, timeout};

use super::phase::{Phase, Shared};

/// Messages under way at a time.
const WINDOW: usize = 8;
/// Time between two messages.
const PACE: Duration = Duration::from_millis(5);
/// Wait before it connects again, and before what was refused is asked again.
const RETRY: Duration = Duration::from_millis(100);
/// How long a restless one keeps a connection.
const RESTLESS: Duration = Duration::from_millis(400);
/// How long it waits for a handshake.
const PATIENCE: Duration = Duration::from_secs(20);

/// What it has done and seen.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The messages it was shown, in this order, by number and content; what came twice stands here once.
    pub(super) seen: Vec<(i64, String)>,
    /// What it sent.
    pub(super) sent: Vec<Sent>,
    /// What it should not have met.
    pub(super) complaints: Vec<String>,
}

/// A message that it sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) content: String,
    /// The message's id and number.
    pub(super) ack: Option<(i64, i64)>,
}

/// The client.
pub(super) struct JsonClient {
    name: String,
    group: i64,
    sends: bool,
    /// Whether it breaks its connection now and then.
    is_restless: bool,
    shared: Arc<Shared>,
    record: Record,
    /// The numbers of what is not acked; each is its message's `client_id`, too.
    unacked: BTreeSet<usize>,
    /// Those of them that were refused for the time being.
    refused: BTreeSet<usize>,
    /// Whether the group has to be asked for anew.
    is_unsubscribed: bool,
}

/// The connection has ended.
struct Gone;

impl JsonClient {
    /// One that sends.
    pub(super) fn sender(name: &str, group: i64, shared: &Arc<Shared>) -> Self {
        Self { sends: true, is_restless: false, ..Self::reader(name, group, shared) }
    }

    /// One that reads, and breaks its connection now and then.
    pub(super) fn reader(name: &str, group: i64, shared: &Arc<Shared>) -> Self {
        Self {
            name: name.to_owned(),
            group,
            sends: false,
            is_restless: true,
            shared: Arc::clone(shared),
            record: Record::default(),
            unacked: BTreeSet::new(),
            refused: BTreeSet::new(),
            is_unsubscribed: false,
        }
    }

    /// Does as it is told until the end.
    pub(super) async fn live(mut self) -> Record {
        while let Err(Gone) = self.connect().await {
            sleep(RETRY).await;
        }
        self.record
    }

    async fn connect(&mut self) -> Result<(), Gone> {
        let address = *self.shared.address.borrow();
        let opening = timeout(PATIENCE, WebSocket::open(address, "/ws", None)).await.map_err(|_| Gone)?;
        let mut socket = opening.map_err(|_| Gone)?;
        let resume = json!({ self.group.to_string(): self.last() });
        say(&mut socket, &json!({ "type": "hello", "username": self.name, "resume": resume })).await?;
        self.is_unsubscribed = false;
        if next(&mut socket).await?["type"] != "welcome" {
            return Err(Gone);
        }
        self.refused.clear();
        for number in self.unacked.clone() {
            self.send(&mut socket, number).await?;
        }
        self.talk(&mut socket).await
    }

    async fn talk(&mut self, socket: &mut WebSocket) -> Result<(), Gone> {
        let mut phase = self.shared.phase.subscribe();
        let (mut pace, mut retry) = (interval(PACE), interval(RETRY));
        let life = sleep(if self.is_restless { RESTLESS } else { Duration::MAX / 4 });
        tokio::pin!(life);
        while !self.is_done() {
            tokio::select! {
                frame = next(socket) => self.take(&frame?),
                _ = phase.changed() => {}
                _ = pace.tick(), if self.sends && self.unacked.len() < WINDOW => {
                    if self.shared.now() == Phase::Sending {
                        let number = self.record.sent.len();
                        let content = format!("{} says {number}", self.name);
                        self.record.sent.push(Sent { content, ack: None });
                        self.unacked.insert(number);
                        self.shared.sent();
                        self.send(socket, number).await?;
                    }
                }
                _ = retry.tick() => {
                    for number in std::mem::take(&mut self.refused) {
                        self.send(socket, number).await?;
                    }
                    if std::mem::take(&mut self.is_unsubscribed) {
                        let subscribe = json!({ "type": "subscribe", "group_id": self.group, "after": self.last() });
                        say(socket, &subscribe).await?;
                    }
                }
                () = &mut life, if self.shared.now() == Phase::Sending => return Err(Gone),
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        match self.shared.now() {
            Phase::Seeing { head, .. } => self.unacked.is_empty() && self.last() >= head,
            Phase::Sending | Phase::Acking => false,
        }
    }

    fn last(&self) -> i64 {
        self.record.seen.last().map_or(0, |(seq, _)| *seq)
    }

    async fn send(&self, socket: &mut WebSocket, number: usize) -> Result<(), Gone> {
        let content = &self.record.sent[number].content;
        let message = json!({
            "type": "send", "id": number, "group_id": self.group, "content": content, "client_id": number.to_string(),
        });
        say(socket, &message).await
    }

    fn take(&mut self, frame: &Value) {
        match frame["type"].as_str().unwrap_or_default() {
            "message" => self.see(frame),
            "ack" => self.acked(frame),
            "error" => self.refused(frame),
            _ => {}
        }
    }

    fn see(&mut self, frame: &Value) {
        let (seq, content) =
            (number(&frame["seq"]), frame["content"].as_str().unwrap_or_default().to_owned());
        let last = self.last();
        if seq <= last {
            // What comes again is what came before.
            if self.record.seen[(seq - 1) as usize].1 != content {
                self.complain(format!("{seq} is something else now: {content:?}"));
            }
        } else {
            if seq != last + 1 {
                self.complain(format!("{seq} comes after {last}"));
            }
            self.record.seen.push((seq, content));
        }
    }

    fn acked(&mut self, frame: &Value) {
        let ack = (number(&frame["message_id"]), number(&frame["seq"]));
        let Some(index) = frame["client_id"].as_str().and_then(|id| id.parse::<usize>().ok()) else {
            return self.complain(format!("an ack of nothing: {frame}"));
        };
        match self.record.sent[index].ack {
            Some(before) if before != ack => {
                self.complain(format!("{index} was acked as {before:?}: {frame}"))
            }
            Some(_) => {}
            None => {
                self.record.sent[index].ack = Some(ack);
                self.unacked.remove(&index);
                self.refused.remove(&index);
                self.shared.settled(1);
                self.shared.acks.send_modify(|acks| *acks += 1);
            }
        }
    }

    fn refused(&mut self, frame: &Value) {
        if frame["code"] != "unavailable" || frame["retry"] != true {
            return self.complain(format!("an error that will not pass: {frame}"));
        }
        match frame["id"].as_u64() {
            Some(index) if self.unacked.contains(&(index as usize)) => {
                _ = self.refused.insert(index as usize)
            }
            Some(_) => {}
            None => self.is_unsubscribed = true,
        }
    }

    fn complain(&mut self, complaint: String) {
        self.record.complaints.push(format!("{}: {complaint}", self.name));
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not a number: {value}"))
}

async fn say(socket: &mut WebSocket, frame: &Value) -> Result<(), Gone> {
    socket.send(Message::text(frame.to_string())).await.map_err(|_| Gone)
}

/// The next frame. Nothing is lost when this is dropped while it waits.
async fn next(socket: &mut WebSocket) -> Result<Value, Gone> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                return Ok(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
            Some(Ok(_)) => {}
        }
    }
}
