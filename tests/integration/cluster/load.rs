//! People who write and read over all nodes, whatever happens to these, and what they have seen in the end.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use groupcast_kit::websocket::{Message, WebSocket};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::scene::Nodes;
use crate::support::{patiently, until};

/// How long a connection may be silent before it is given up and another node is tried.
const SILENCE: Duration = Duration::from_secs(15);
/// Time between attempts to connect.
const RETRY: Duration = Duration::from_millis(50);
/// Messages of one writer that have no ack.
const UNACKED_MAX: usize = 4;

/// What is under way.
pub(super) struct Load {
    group: i64,
    addresses: Addresses,
    stop: watch::Sender<bool>,
    head: watch::Sender<i64>,
    acked: Arc<Mutex<Vec<Acked>>>,
    writers: Vec<JoinHandle<()>>,
    readers: Vec<JoinHandle<Vec<Value>>>,
}

type Addresses = Arc<Mutex<Vec<SocketAddr>>>;

struct Acked {
    client_id: String,
    seq: i64,
    at: Instant,
    node: usize,
}

impl Load {
    /// One writer and one reader who prefer each node, and so on. The writers' names are `writer 0` and so on.
    pub(super) async fn start(nodes: &Nodes) -> Self {
        let group = nodes[0].public_group("load").await;
        let addresses: Addresses = Arc::new(Mutex::new(nodes.iter().map(|node| node.address()).collect()));
        let (stop, head) = (watch::Sender::new(false), watch::Sender::new(i64::MAX));
        let (acked, mut writers, mut readers) = (Arc::default(), Vec::new(), Vec::new());
        nodes[0].user("reader").await;
        for index in 0..nodes.len() {
            let name = format!("writer {index}");
            nodes[0].user(&name).await;
            let client = Client { addresses: Arc::clone(&addresses), home: index, at: index, name };
            writers.push(tokio::spawn(write(client, group, stop.subscribe(), Arc::clone(&acked))));
            let client = Client {
                addresses: Arc::clone(&addresses),
                home: index,
                at: index,
                name: "reader".to_owned(),
            };
            readers.push(tokio::spawn(read(client, group, head.subscribe())));
        }
        Self { group, addresses, stop, head, acked, writers, readers }
    }

    /// The node is somewhere else now.
    pub(super) fn moved(&self, node: usize, address: SocketAddr) {
        self.addresses.lock().unwrap()[node] = address;
    }

    /// Waits until so many more messages are acked by these nodes.
    pub(super) async fn go_on(&self, nodes: &[usize], count: usize) {
        let since = Instant::now();
        until("more acks", async || {
            let acked = self.acked.lock().unwrap();
            let is_new = |node| move |acked: &&Acked| acked.node == node && acked.at > since;
            nodes.iter().all(|&node| acked.iter().filter(is_new(node)).count() >= count).then_some(())
        })
        .await;
    }

    /// The longest time without an ack of this node, between these two moments.
    pub(super) fn longest_pause(&self, node: usize, from: Instant, to: Instant) -> Duration {
        let acked = self.acked.lock().unwrap();
        let times = acked.iter().filter(|acked| acked.node == node && acked.at > from && acked.at < to);
        let (mut last, mut longest) = (from, Duration::ZERO);
        for at in times.map(|acked| acked.at).chain([to]) {
            longest = longest.max(at - last);
            last = at;
        }
        longest
    }

    /// Ends it: all that was acked is stored once, in the order of each writer, and every reader has seen the whole log
    /// without a gap, which is the same on all nodes.
    pub(super) async fn end(self, nodes: &Nodes) {
        self.stop.send_replace(true);
        for writer in self.writers {
            patiently("the last ack", writer).await.expect("a writer without a fault");
        }
        let stored = nodes[0].messages(self.group).await;
        self.head.send_replace(stored.len() as i64);
        for reader in self.readers {
            let seen = patiently("the whole log", reader).await.expect("a reader without a fault");
            let of = |messages: &[Value]| -> Vec<Value> {
                let fields = |message: &Value| json!([message["seq"], message["id"], message["client_id"]]);
                messages.iter().map(fields).collect()
            };
            assert_eq!(of(&seen), of(&stored));
        }
        for node in nodes.iter() {
            assert_eq!(node.messages(self.group).await, stored);
        }
        let is_in_order = |pair: &[Value]| pair[0]["created_at"].as_str() <= pair[1]["created_at"].as_str();
        assert!(stored.windows(2).all(is_in_order), "the times of a log ascend");
        let mut by_name: HashMap<&str, Vec<i64>> = HashMap::new();
        for message in &stored {
            by_name
                .entry(message["client_id"].as_str().unwrap())
                .or_default()
                .push(message["seq"].as_i64().unwrap());
        }
        let acked = self.acked.lock().unwrap();
        for Acked { client_id, seq, .. } in &*acked {
            assert_eq!(by_name.get(client_id.as_str()), Some(&vec![*seq]), "{client_id}");
        }
        assert_eq!(by_name.len(), acked.len(), "all that is stored was acked");
        // A writer's messages stand in the order of their numbers.
        let mut last: HashMap<&str, i64> = HashMap::new();
        for message in &stored {
            let (writer, number) = message["client_id"].as_str().unwrap().split_once('/').unwrap();
            let number: i64 = number.parse().unwrap();
            let before = last.insert(writer, number).unwrap_or(-1);
            assert_eq!(number, before + 1, "the order of {writer} at {message}");
        }
    }
}

/// Somebody who finds their way to a node that answers.
struct Client {
    addresses: Addresses,
    /// The node that is tried first.
    home: usize,
    /// The one that is tried, or answered.
    at: usize,
    name: String,
}

impl Client {
    /// A connection that knows who speaks.
    async fn connect(&mut self) -> WebSocket {
        self.at = self.home;
        loop {
            let address = self.addresses.lock().unwrap()[self.at];
            if let Ok(Some(socket)) = timeout(SILENCE, self.hello(address)).await {
                return socket;
            }
            self.at = (self.at + 1) % self.addresses.lock().unwrap().len();
            sleep(RETRY).await;
        }
    }

    async fn hello(&self, address: SocketAddr) -> Option<WebSocket> {
        let mut socket = WebSocket::open(address, "/ws", None).await.ok()?;
        let hello = json!({ "type": "hello", "username": self.name });
        socket.send(Message::text(hello.to_string())).await.ok()?;
        let welcome = next(&mut socket).await?;
        (welcome["type"] == "welcome").then_some(socket)
    }
}

/// The next frame; `None` if the connection is of no use any more.
async fn next(socket: &mut WebSocket) -> Option<Value> {
    loop {
        match timeout(SILENCE, socket.next()).await.ok()??.ok()? {
            Message::Text(text) => return Some(serde_json::from_str(&text).expect("JSON")),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

/// Sends message after message; after a break all that has no ack, in its order.
async fn write(mut client: Client, group: i64, stop: watch::Receiver<bool>, acked: Arc<Mutex<Vec<Acked>>>) {
    let mut unacked: VecDeque<String> = VecDeque::new();
    let mut numbers = 0..;
    'connection: loop {
        let mut socket = client.connect().await;
        let subscribe = json!({ "type": "subscribe", "group_id": group });
        let mut to_send: VecDeque<String> = unacked.clone();
        let mut said = socket.send(Message::text(subscribe.to_string())).await;
        loop {
            while unacked.len() < UNACKED_MAX && !*stop.borrow() {
                let client_id = format!("{}/{}", client.name, numbers.next().unwrap());
                unacked.push_back(client_id.clone());
                to_send.push_back(client_id);
            }
            if unacked.is_empty() {
                return;
            }
            for client_id in to_send.drain(..) {
                let send = json!({ "type": "send", "group_id": group, "content": client_id, "client_id": client_id });
                said = said.and(socket.send(Message::text(send.to_string())).await);
            }
            if said.is_err() {
                continue 'connection;
            }
            let Some(event) = next(&mut socket).await else { continue 'connection };
            match event["type"].as_str() {
                Some("ack") => {
                    let client_id = event["client_id"].as_str().unwrap().to_owned();
                    let Some(place) = unacked.iter().position(|one| *one == client_id) else { continue };
                    unacked.remove(place);
                    let (seq, at) = (event["seq"].as_i64().unwrap(), Instant::now());
                    acked.lock().unwrap().push(Acked { client_id, seq, at, node: client.at });
                }
                // What was refused is sent again, with all behind it.
                Some("error") => {
                    assert_eq!(event["retry"], true, "{event}");
                    sleep(RETRY).await;
                    continue 'connection;
                }
                _ => {}
            }
        }
    }
}

/// Reads on from the last message that it has seen, on whatever node.
async fn read(mut client: Client, group: i64, mut head: watch::Receiver<i64>) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    'connection: loop {
        let mut socket = client.connect().await;
        let subscribe = json!({ "type": "subscribe", "group_id": group, "after": seen.len() });
        if socket.send(Message::text(subscribe.to_string())).await.is_err() {
            continue 'connection;
        }
        loop {
            if seen.len() as i64 >= *head.borrow_and_update() {
                return seen;
            }
            let event = tokio::select! {
                event = next(&mut socket) => event,
                _ = head.changed() => continue,
            };
            let Some(event) = event else { continue 'connection };
            if event["type"] == "message" {
                let seq = event["seq"].as_i64().unwrap();
                assert!(seq <= seen.len() as i64 + 1, "a gap before {event}, {} came before", seen.len());
                if seq == seen.len() as i64 + 1 {
                    seen.push(event);
                }
            }
        }
    }
}
