//! Who was away or too slow gets what they missed: all of it, once, in order.

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::{Server, Signal};
use crate::support::socket::Socket;
use crate::support::until;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

both_stores_and_tls!(
    nothing_is_missed_while_the_group_is_written,
    a_long_absence_is_made_up_for,
    a_slow_socket_gets_everything,
    an_epoch_outlives_the_server,
);

/// A reader that keeps to the rules: what it saw last, and whether it waits for `caught_up`.
struct Reader {
    group: i64,
    last: i64,
    is_behind: bool,
}

impl Reader {
    fn new(group: i64) -> Self {
        Self { group, last: 0, is_behind: false }
    }

    /// Takes an event, which is to be the right one at this place.
    fn take(&mut self, event: &Value) {
        match event["type"].as_str().unwrap() {
            "subscribed" => {
                assert_eq!(event["after"], self.last, "{event}");
                assert!(event["head_seq"].as_i64() >= Some(self.last), "{event}");
                self.is_behind = true;
            }
            "message" => {
                assert_eq!(event["group_id"], self.group);
                assert_eq!(event["seq"], self.last + 1, "a gap, a double or a wrong order");
                self.last += 1;
            }
            "caught_up" => {
                assert!(self.is_behind, "caught up twice");
                assert_eq!(event["seq"], self.last, "{event}");
                self.is_behind = false;
            }
            "lagged" => {
                assert_eq!(event["seq"], self.last, "{event}");
                self.is_behind = true;
            }
            _ => {}
        }
    }

    /// Connects after what it has, one way or the other.
    async fn connect(&self, server: &Server, user: &str, by_hello: bool) -> JsonSocket {
        if by_hello {
            let mut socket = JsonSocket::over(Socket::open(server, "/ws").await);
            let resume = json!({ self.group.to_string(): self.last });
            socket.send(json!({ "type": "hello", "username": user, "resume": resume })).await;
            socket.event("welcome").await;
            socket
        } else {
            let mut socket = JsonSocket::hello(server, user).await;
            socket.send(json!({ "type": "subscribe", "group_id": self.group, "after": self.last })).await;
            socket
        }
    }

    /// Reads until it has this place and has caught up.
    async fn read_to(&mut self, socket: &mut JsonSocket, last: i64) {
        while self.last < last || self.is_behind {
            self.take(&socket.next().await);
        }
    }
}

/// Stores messages of this length and waits until all are acked.
async fn write(mut socket: JsonSocket, group: i64, count: usize, length: usize) {
    let content = "x".repeat(length);
    for _ in 0..count {
        socket.say(group, &content).await;
    }
    for _ in 0..count {
        socket.until("ack").await;
    }
}

async fn nothing_is_missed_while_the_group_is_written(store: Store) {
    const WRITERS: [&str; 3] = ["alice", "bob", "carol"];
    const MESSAGES: usize = 600;
    let server = Server::start_with(store, &["--threads", "2"]).await;
    server.users(&WRITERS).await;
    server.users(&["dave", "erin"]).await;
    let group = server.public_group("g").await;
    // A member who does not read the group, so that reading its echo does not slow a writer down.
    let mut writers = JoinSet::new();
    for name in WRITERS {
        let mut socket = JsonSocket::join(&server, group, name).await;
        socket.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
        writers.spawn(write(socket, group, MESSAGES, 10));
    }
    let total = (WRITERS.len() * MESSAGES) as i64;
    let mut readers = [Reader::new(group), Reader::new(group)];
    let read = async |reader: &mut Reader, user: &str, mut by_hello: bool| {
        let mut patience = 1;
        while reader.last < total {
            let mut socket = reader.connect(&server, user, by_hello).await;
            reader.take(&socket.event("subscribed").await);
            let target = total.min(reader.last + patience);
            // Sometimes it stays until it reads live, and sometimes it does not.
            while reader.last < target {
                reader.take(&socket.next().await);
            }
            socket.vanish();
            patience = (patience * 3) % 101;
            by_hello = !by_hello;
        }
        let mut socket = reader.connect(&server, user, by_hello).await;
        reader.take(&socket.event("subscribed").await);
        reader.read_to(&mut socket, total).await;
        socket
    };
    let [dave, erin] = &mut readers;
    let (mut dave_socket, mut erin_socket) =
        tokio::join!(read(dave, "dave", false), read(erin, "erin", true));
    crate::support::patiently("the writers", writers.join_all()).await;
    JsonSocket::join(&server, group, "alice").await.store(group, "live").await;
    dave.read_to(&mut dave_socket, total + 1).await;
    erin.read_to(&mut erin_socket, total + 1).await;
}

async fn a_long_absence_is_made_up_for(store: Store) {
    const MESSAGES: usize = 2_500;
    let mut server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    write(JsonSocket::join(&server, group, "alice").await, group, MESSAGES, 10).await;
    // What is in memory is gone then.
    server.terminate().await;
    server.restart().await;

    for (after, by_hello) in [(0, false), (0, true), (123, false), (MESSAGES as i64 - 1, true)] {
        let mut reader = Reader { group, last: after, is_behind: false };
        let mut socket = reader.connect(&server, "bob", by_hello).await;
        let subscribed = socket.event("subscribed").await;
        assert_eq!(subscribed["head_seq"], MESSAGES);
        reader.take(&subscribed);
        reader.read_to(&mut socket, MESSAGES as i64).await;
    }
    // At the head and beyond there is nothing to make up for.
    for after in [json!(MESSAGES), json!(MESSAGES + 1), json!(i64::MAX), json!(null)] {
        let mut socket = JsonSocket::hello(&server, "bob").await;
        socket.send(json!({ "type": "subscribe", "group_id": group, "after": after })).await;
        assert_eq!(socket.event("subscribed").await["after"], MESSAGES);
        assert_eq!(socket.event("caught_up").await["seq"], MESSAGES);
    }
    // Subscribed to once more, it is read once more.
    let mut reader = Reader::new(group);
    let mut socket = JsonSocket::join(&server, group, "bob").await;
    socket.send(json!({ "type": "subscribe", "group_id": group, "after": 0 })).await;
    reader.take(&socket.event("subscribed").await);
    reader.read_to(&mut socket, MESSAGES as i64).await;
    socket.say(group, "live").await;
    reader.read_to(&mut socket, MESSAGES as i64 + 1).await;
}

#[tokio::test]
async fn a_group_that_can_not_be_resumed_does_not_stop_the_others() {
    let server = Server::start(Store::Sqlite).await;
    server.users(&["alice", "bob", "carol"]).await;
    let private = server.private_group("p").await;
    for user in ["bob", "carol"] {
        JsonSocket::join(&server, private, user).await;
    }
    let one = server.public_group("one").await;
    let two = server.public_group("two").await;
    write(JsonSocket::join(&server, one, "bob").await, one, 3, 1).await;
    let mut alice = JsonSocket::over(Socket::open(&server, "/ws").await);
    let resume = json!({
        "0": 1, private.to_string(): 0, one.to_string(): 1, two.to_string(): 7,
    });
    alice.send(json!({ "type": "hello", "username": "alice", "resume": resume, "id": 1 })).await;
    assert_eq!(alice.event("welcome").await["id"], 1);
    let mut errors = Vec::new();
    let mut caught_up = Vec::new();
    let mut places = Vec::new();
    while errors.len() < 2 || caught_up.len() < 2 {
        let event = alice.next().await;
        match event["type"].as_str().unwrap() {
            "error" => errors.push((event["group_id"].clone(), event["code"].clone())),
            "caught_up" => caught_up.push((event["group_id"].clone(), event["seq"].clone())),
            "message" => places.push(event["seq"].clone()),
            _ => {}
        }
    }
    errors.sort_by_key(|(group, _)| group.as_i64());
    let full = (json!(private), json!("group_full"));
    assert_eq!(errors, [(json!(0), json!("not_found")), full]);
    caught_up.sort_by_key(|(group, _)| group.as_i64());
    assert_eq!(caught_up, [(json!(one), json!(3)), (json!(two), json!(0))]);
    assert_eq!(places, [2, 3]);
}

/// A server whose sockets fall behind soon, and a group in which they do.
async fn start_narrow(store: Store, options: &[&str]) -> (Server, i64) {
    let narrow = ["--outbox-bytes-max", "64KiB", "--content-bytes-max", "64KiB"];
    let server = Server::start_with(store, &[&narrow, options].concat()).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

/// A connection that takes a fixed amount before it is read from.
async fn narrow_socket(server: &Server) -> Socket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(256 * 1024).unwrap();
    Socket::open_over(socket.connect(server.address()).await.unwrap(), "/ws").await
}

/// Longer than what the kernel keeps for a socket that is not read from, in messages of 60,000 bytes.
const FLOOD: usize = 250;

async fn a_slow_socket_gets_everything(store: Store) {
    let (server, group) = start_narrow(store, &[]).await;
    let mut slow = JsonSocket::hello_over(narrow_socket(&server).await, "bob").await;
    let mut reader = Reader::new(group);
    slow.send(json!({ "type": "subscribe", "group_id": group })).await;
    reader.take(&slow.event("subscribed").await);
    reader.take(&slow.event("caught_up").await);

    let mut total = 0;
    for _ in 0..2 {
        let mut alice = JsonSocket::join(&server, group, "alice").await;
        alice.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
        write(alice, group, FLOOD, 60_000).await;
        total += FLOOD as i64;
        loop {
            let event = slow.next().await;
            reader.take(&event);
            if event["type"] == "lagged" {
                break;
            }
        }
        assert!(reader.last < total, "it has fallen behind");
        reader.read_to(&mut slow, total).await;
        // From here on it reads live.
        JsonSocket::join(&server, group, "alice").await.store(group, "live").await;
        total += 1;
        reader.read_to(&mut slow, total).await;
    }
}

#[tokio::test]
async fn a_socket_that_never_reads_is_closed() {
    let (server, group) = start_narrow(Store::Sqlite, &["--stall-timeout", "200ms"]).await;
    let mut stuck = JsonSocket::hello_over(narrow_socket(&server).await, "bob").await;
    stuck.subscribe(group).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    alice.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
    write(alice, group, FLOOD, 60_000).await;
    until("the socket to be given up", async || {
        let presence = server.http().await.get(&format!("/api/v1/groups/{group}/presence/")).await;
        (presence.ok()["online"] == 0).then_some(())
    })
    .await;
    let end = loop {
        if let Err(end) = stuck.try_next().await {
            break end;
        }
    };
    assert!(matches!(end, None | Some(4101)), "{end:?}");
}

#[tokio::test]
async fn a_stop_says_when_to_come_back() {
    let mut server = Server::start(Store::Sqlite).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(JsonSocket::join(&server, group, "alice").await);
    }
    sockets.push(JsonSocket::over(Socket::open(&server, "/ws").await));
    server.signal(Signal::TERM);
    let mut waits = Vec::new();
    for mut socket in sockets {
        let closing = socket.until("closing").await;
        assert!(closing["reason"].is_string());
        waits.push(closing["reconnect_in_ms"].as_u64().unwrap());
        socket.into_raw().expect_close(1001).await;
    }
    assert!(waits.iter().all(|&wait| wait <= 60_000), "{waits:?}");
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 5, "not spread: {waits:?}");
    assert_eq!(server.exit().await.code(), Some(0));
}

async fn an_epoch_outlives_the_server(store: Store) {
    let mut server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let epoch = async |server: &Server| {
        let mut socket = JsonSocket::hello(server, "alice").await;
        socket.ask(json!({ "type": "subscribe", "group_id": group })).await["epoch"].clone()
    };
    let first = epoch(&server).await;
    assert!(first.as_str().is_some_and(|epoch| !epoch.is_empty()));
    server.kill9().await;
    server.restart().await;
    assert_eq!(epoch(&server).await, first);
    server.terminate().await;
    server.restart().await;
    assert_eq!(epoch(&server).await, first);
    let other = Server::start(store).await;
    other.users(&["alice"]).await;
    assert_eq!(other.public_group("g").await, group);
    assert_ne!(epoch(&other).await, first);
}
