//! A client in JSON mode.

use serde_json::{Value, json};

use super::chat::text;
use super::patiently;
use super::server::Server;
use super::socket::{Socket, group_path};

/// An open socket in JSON mode.
pub struct JsonSocket {
    socket: Socket,
    /// Requests so far.
    requests: u64,
}

impl JsonSocket {
    /// Opens one at this path, asking for JSON mode in the query.
    pub async fn open(server: &Server, path: &str) -> Self {
        Self::over(Socket::open(server, &format!("{path}?protocol=chat.v1.json")).await)
    }

    /// Speaks JSON over a socket that is open.
    pub fn over(socket: Socket) -> Self {
        Self { socket, requests: 0 }
    }

    /// Opens one for any number of groups, and says who speaks.
    pub async fn hello(server: &Server, user: &str) -> Self {
        Self::hello_over(Socket::open(server, "/ws").await, user).await
    }

    /// Says who speaks over a socket that is open.
    pub async fn hello_over(socket: Socket, user: &str) -> Self {
        let mut socket = Self::over(socket);
        let welcome = socket.ask(json!({ "type": "hello", "username": user })).await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        socket
    }

    /// Opens one that reads this group from now on.
    pub async fn join(server: &Server, group: i64, user: &str) -> Self {
        let mut socket = Self::hello(server, user).await;
        socket.subscribe(group).await;
        socket
    }

    /// Opens one at the path of this group and user.
    pub async fn at_group(server: &Server, group: &str, user: &str) -> Self {
        let mut socket = Self::open(server, &group_path(group, user)).await;
        for kind in ["welcome", "subscribed", "caught_up"] {
            socket.event(kind).await;
        }
        socket
    }

    /// Reads this group from now on.
    pub async fn subscribe(&mut self, group: i64) {
        self.send(json!({ "type": "subscribe", "group_id": group })).await;
        self.until("subscribed").await;
        self.until("caught_up").await;
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: Value) {
        self.socket.send(&frame.to_string()).await;
    }

    /// Sends a message without waiting for its ack.
    pub async fn say(&mut self, group: i64, content: &str) {
        self.send(json!({ "type": "send", "group_id": group, "content": content })).await;
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        self.try_next().await.expect("a frame before the end")
    }

    /// The next frame, or the code of the close that came instead; no code if the connection broke.
    pub async fn try_next(&mut self) -> Result<Value, Option<u16>> {
        let text = self.socket.try_text().await?;
        Ok(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// The next frame, which is to be of this type.
    pub async fn event(&mut self, kind: &str) -> Value {
        let event = self.next().await;
        assert_eq!(event["type"], kind, "{event}");
        event
    }

    /// Reads frames until one is of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        patiently(kind, async {
            loop {
                let event = self.next().await;
                if event["type"] == kind {
                    return event;
                }
            }
        })
        .await
    }

    /// Reads the next frame, which is to be a message with this content.
    pub async fn message(&mut self, content: &str) -> Value {
        let message = self.event("message").await;
        assert_eq!(text(&message["content"]), content, "{message}");
        message
    }

    /// Sends a request under an `id` of its own and gives its answer. Reads over everything before that.
    pub async fn ask(&mut self, mut request: Value) -> Value {
        self.requests += 1;
        let id = json!(format!("request {}", self.requests));
        request["id"] = id.clone();
        self.send(request).await;
        patiently("an answer", async {
            loop {
                let answer = self.next().await;
                if answer["type"] != "message" && answer["id"] == id {
                    return answer;
                }
            }
        })
        .await
    }

    /// Sends a request that is to be refused with this code, which leaves the socket open.
    pub async fn refused(&mut self, request: Value, code: &str) -> Value {
        let error = self.ask(request).await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{error}");
        error
    }

    /// Sends a message and gives its ack.
    pub async fn store(&mut self, group: i64, content: &str) -> Value {
        let ack = self.ask(json!({ "type": "send", "group_id": group, "content": content })).await;
        assert_eq!((&ack["type"], &ack["duplicate"]), (&json!("ack"), &json!(false)), "{ack}");
        ack
    }

    /// Sends a message under this `client_id` and gives its ack.
    pub async fn store_as(&mut self, group: i64, content: &str, client_id: &str) -> Value {
        let message =
            json!({ "type": "send", "group_id": group, "content": content, "client_id": client_id });
        let ack = self.ask(message).await;
        assert_eq!((&ack["type"], &ack["client_id"]), (&json!("ack"), &json!(client_id)), "{ack}");
        ack
    }

    /// The socket itself.
    pub fn raw(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// The same, and no more than that.
    pub fn into_raw(self) -> Socket {
        self.socket
    }

    /// Ends the connection without a word.
    pub fn vanish(self) {
        self.socket.vanish();
    }
}
