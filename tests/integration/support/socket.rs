//! The kit's WebSocket client, which waits patiently: for what it waits for, not for each of the pings that come meanwhile.

use groupcast_kit::websocket::Error;
use tokio::net::TcpStream;

pub use groupcast_kit::websocket::{CloseFrame, Data, Message, WebSocket};

use super::server::Server;
use super::{http, patiently};

/// An open socket. Answers pings while it is being read.
pub struct Socket(WebSocket);

impl Socket {
    /// Opens one at this path.
    pub async fn open(server: &Server, path: &str) -> Self {
        Self::open_over(server.tcp().await, path).await
    }

    /// Opens one at this path over a connection that exists already.
    pub async fn open_over(stream: TcpStream, path: &str) -> Self {
        let opening = WebSocket::open_over(stream, path, None);
        Self(patiently("the handshake", opening).await.expect("the handshake succeeds"))
    }

    /// Opens one at this path, asking for these subprotocols.
    pub async fn open_with(server: &Server, path: &str, protocols: &str) -> Self {
        let opening = WebSocket::open_over(server.tcp().await, path, Some(protocols));
        Self(patiently("the handshake", opening).await.expect("the handshake succeeds"))
    }

    /// Opens one at this path with this value of `Authorization`.
    pub async fn open_authorized(server: &Server, path: &str, authorization: &str) -> Self {
        let opening = WebSocket::open_authorized(server.tcp().await, path, authorization);
        Self(patiently("the handshake", opening).await.expect("the handshake succeeds"))
    }

    /// The subprotocol that the server chose.
    pub fn protocol(&self) -> Option<&str> {
        self.0.protocol()
    }

    /// Opens one in the group as the user, and reads the line that says so.
    pub async fn join(server: &Server, group: &str, user: &str) -> Self {
        let mut socket = Self::open(server, &group_path(group, user)).await;
        socket.expect(&format!("{user} joined {group}.")).await;
        socket
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    /// Sends any message. The server may have closed already, which is for the next read to tell.
    pub async fn send_message(&mut self, message: Message) {
        let _ = patiently("the server to read", self.0.send(message)).await;
    }

    /// Sends one data frame, perhaps only a part of a message.
    pub async fn send_frame(&mut self, payload: &[u8], opcode: Data, is_final: bool) {
        let _ = patiently("the server to read", self.0.send_frame(payload, opcode, is_final)).await;
    }

    /// The next message, control frames among them; `None` when the connection ended.
    pub async fn next(&mut self) -> Option<Message> {
        match patiently("a message", self.0.next()).await {
            Some(Ok(message)) => Some(message),
            Some(Err(Error::ConnectionClosed | Error::Protocol(_) | Error::Io(_))) | None => None,
            Some(Err(error)) => panic!("{error}"),
        }
    }

    /// The next text, or the code of the close that came instead; no code if the connection broke.
    pub async fn try_text(&mut self) -> Result<String, Option<u16>> {
        patiently("a text or a close", async {
            loop {
                match self.next().await.ok_or(None)? {
                    Message::Text(text) => return Ok(text.as_str().to_owned()),
                    Message::Close(frame) => return Err(frame.map(|frame| frame.code.into())),
                    Message::Binary(bytes) => panic!("a binary message: {bytes:?}"),
                    Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                }
            }
        })
        .await
    }

    /// The next text.
    pub async fn text(&mut self) -> String {
        self.try_text().await.expect("a text before the end")
    }

    /// Reads the next text, which is to be this one.
    pub async fn expect(&mut self, text: &str) {
        assert_eq!(self.text().await, text);
    }

    /// Reads texts until one is this one.
    pub async fn until(&mut self, text: &str) {
        patiently(text, async { while self.text().await != text {} }).await;
    }

    /// Reads the next messages until one is a ping, and answers it.
    pub async fn expect_ping(&mut self) {
        let is_ping = |message| matches!(message, Message::Ping(_));
        patiently("a ping", async { while !is_ping(self.next().await.expect("a ping before the end")) {} })
            .await;
    }

    /// Reads the next messages until one is a pong, and gives its payload.
    pub async fn expect_pong(&mut self) -> Vec<u8> {
        patiently("a pong", async {
            loop {
                if let Message::Pong(payload) = self.next().await.expect("a pong before the end") {
                    return payload.to_vec();
                }
            }
        })
        .await
    }

    /// Reads the close with this code, before which no text may come, and closes too.
    pub async fn expect_close(mut self, code: u16) {
        assert_eq!(self.try_text().await, Err(Some(code)));
        self.end().await;
    }

    /// Reads texts until the close with this code, and the end of the connection.
    pub async fn until_close(&mut self, code: u16) {
        let close = patiently("a close", async {
            loop {
                if let Err(close) = self.try_text().await {
                    return close;
                }
            }
        });
        let close = close.await;
        assert_eq!(close, Some(code));
        self.end().await;
    }

    /// Closes it and waits until the server has closed it too.
    pub async fn close(mut self) {
        let _ = patiently("the server to read", self.0.close(None)).await;
        self.end().await;
    }

    /// Waits until the server has ended the connection.
    async fn end(&mut self) {
        patiently("the end of a connection", async { while self.next().await.is_some() {} }).await;
    }

    /// Ends the connection without a word.
    pub fn vanish(self) {
        drop(self);
    }
}

/// The path of a group's socket, names percent-encoded.
pub fn group_path(group: &str, user: &str) -> String {
    format!("/ws/group/{}/{}", encoded(group), encoded(user))
}

/// A name as it stands in a path.
pub fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The answer to a WebSocket handshake at this path that is to be refused before it succeeds.
pub async fn refused_handshake(server: &Server, path: &str) -> http::Response {
    let mut connection = server.http().await;
    let headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    connection.request("GET", path, &headers, b"").await
}
