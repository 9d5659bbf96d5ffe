//! A group of two where names are believed, and commands about its log.

use serde_json::{Value, json};

use crate::access::people::Person;
use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Socket, encoded};

/// A server on which alice owns the group `g`, and bob is somebody else.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) group: i64,
    pub(crate) alice: i64,
    pub(crate) bob: i64,
}

impl Scene {
    pub(crate) async fn start(store: Store) -> Self {
        Self::start_with(store, &[]).await
    }

    /// The same with further options of the server's.
    pub(crate) async fn start_with(store: Store, options: &[&str]) -> Self {
        let server = Server::start_with(store, options).await;
        let (alice, bob) = (server.user("alice").await, server.user("bob").await);
        let body = json!({ "name": "g", "is_private": false, "user_id": alice });
        let group = server.http().await.post("/api/v1/groups/", &body).await.ok();
        Self { server, group: group["id"].as_i64().expect("a number"), alice, bob }
    }

    /// A socket of this user's that reads the group from now on.
    pub(crate) async fn join(&self, user: &str) -> JsonSocket {
        JsonSocket::join(&self.server, self.group, user).await
    }

    /// A request below `/api/v1/` in the name of this user.
    pub(crate) async fn ask(&self, user: i64, method: &str, path: &str, body: Value) -> Response {
        let path = format!("/api/v1/{path}?user_id={user}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Content-Type", "application/json")];
        self.server.http().await.request(method, &path, &headers, body.as_bytes()).await
    }

    /// What stands below this path, to anybody.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.server.http().await.get(&format!("/api/v1/{path}")).await.ok()
    }

    /// One message as it is listed.
    pub(crate) async fn message(&self, id: &Value) -> Value {
        self.get(&format!("messages/{id}")).await
    }

    /// The group's messages as they are listed.
    pub(crate) async fn list(&self) -> Value {
        self.get(&format!("messages/?group_id={}&limit=1000000", self.group)).await
    }

    /// The group's log from this `seq` on.
    pub(crate) async fn log(&self, after: i64) -> Value {
        self.get(&format!("groups/{}/log/?after_seq={after}&limit=1000", self.group)).await
    }

    /// Posts a message and gives it.
    pub(crate) async fn post(&self, user: i64, content: &str) -> Value {
        let body = json!({ "group_id": self.group, "user_id": user, "content": content });
        self.server.http().await.post("/api/v1/messages/", &body).await.ok()
    }
}

/// A socket of somebody's who has logged in.
pub(crate) async fn hello(server: &Server, token: &str) -> JsonSocket {
    let mut socket = JsonSocket::over(Socket::open(server, "/ws").await);
    let welcome = socket.ask(json!({ "type": "hello", "token": token })).await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    socket
}

/// The same, which reads this group from now on.
pub(crate) async fn read(server: &Server, person: &Person, group: i64) -> JsonSocket {
    let mut socket = hello(server, &person.token).await;
    socket.subscribe(group).await;
    socket
}

pub(crate) fn edit(group: i64, message: &Value, content: &str) -> Value {
    json!({ "type": "edit", "group_id": group, "message_id": message, "content": content })
}

pub(crate) fn edit_as(group: i64, message: &Value, content: &str, client_id: &str) -> Value {
    let mut edit = edit(group, message, content);
    edit["client_id"] = json!(client_id);
    edit
}

pub(crate) fn delete(group: i64, message: &Value) -> Value {
    json!({ "type": "delete", "group_id": group, "message_id": message })
}

pub(crate) fn react(group: i64, message: &Value, emoji: &str, on: bool) -> Value {
    json!({ "type": "react", "group_id": group, "message_id": message, "emoji": emoji, "on": on })
}

pub(crate) fn reply(group: i64, message: &Value, content: &str) -> Value {
    json!({ "type": "send", "group_id": group, "reply_to": message, "content": content })
}

/// The path of somebody's reaction to a message.
pub(crate) fn reaction_path(message: &Value, emoji: &str) -> String {
    format!("messages/{message}/reactions/{}", encoded(emoji))
}

/// Sends a command that changes something, and gives its ack.
pub(crate) async fn made(socket: &mut JsonSocket, command: Value) -> Value {
    let ack = socket.ask(command).await;
    assert_eq!((&ack["type"], &ack["duplicate"]), (&json!("ack"), &json!(false)), "{ack}");
    ack
}

/// Sends a command that changes nothing: it is as the entry with this `seq` and time has made it.
pub(crate) async fn repeated(socket: &mut JsonSocket, command: Value, first: &Value) {
    let ack = socket.ask(command).await;
    assert_eq!((&ack["type"], &ack["duplicate"]), (&json!("ack"), &json!(true)), "{ack}");
    for field in ["message_id", "seq", "created_at", "group_id"] {
        assert_eq!(ack[field], first[field], "{field}: {ack}");
    }
}

/// The frames of a group's entries behind `after`, as a socket that subscribes from there gets them.
pub(crate) async fn replay(socket: &mut JsonSocket, group: i64, after: i64) -> Vec<String> {
    socket.send(json!({ "type": "subscribe", "group_id": group, "after": after })).await;
    let mut frames = Vec::new();
    loop {
        let frame = socket.raw().text().await;
        let event: Value = serde_json::from_str(&frame).expect("JSON");
        match event["type"].as_str() {
            Some("caught_up") => return frames,
            _ if is_entry(&event) => frames.push(frame),
            _ => {}
        }
    }
}

/// Where the group's log begins and ends, as `subscribed` says it.
pub(crate) async fn span(socket: &mut JsonSocket, group: i64) -> (i64, i64) {
    let subscribed = socket.ask(json!({ "type": "subscribe", "group_id": group })).await;
    let first = subscribed.get("first_seq").map_or(1, |first| first.as_i64().expect("a number"));
    assert_ne!(subscribed.get("first_seq"), Some(&json!(1)), "what is not cut off is not said");
    (first, subscribed["head_seq"].as_i64().expect("a number"))
}

/// Whether an event is an entry of a log.
pub(crate) fn is_entry(event: &Value) -> bool {
    let kinds = ["message", "edited", "deleted", "reaction", "member", "group"];
    kinds.iter().any(|kind| event["type"] == *kind)
}

/// The next entry of a log that the socket is told.
pub(crate) async fn next_entry(socket: &mut JsonSocket) -> Value {
    loop {
        let event = socket.next().await;
        if is_entry(&event) {
            return event;
        }
    }
}
