//! A WebSocket in JSON mode.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

/// The subprotocol of JSON mode.
const PROTOCOL: &str = "chat.v1.json";

/// Close codes that tell a client to come back: going away, try again later, too slow.
const COME_BACK: [u16; 3] = [1001, 1013, 4101];

/// An open socket. Answers pings while it is being read.
pub(super) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// Why a socket is no more.
#[derive(Debug)]
pub(super) enum Gone {
    /// The connection broke, could not be made, or was closed for the time being.
    Broken(String),
    /// The server closed it for good or answered what no server should.
    Refused(String),
}

impl Socket {
    /// Opens one at this path.
    pub(super) async fn open(address: SocketAddr, path: &str) -> Result<Self, Gone> {
        let stream = TcpStream::connect(address).await.map_err(|error| Gone::Broken(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| Gone::Broken(error.to_string()))?;
        let uri = format!("ws://{address}{path}").parse();
        let uri = uri.map_err(|error| Gone::Refused(format!("{path}: {error}")))?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(PROTOCOL);
        let (stream, _) = client_async(request, stream).await.map_err(gone)?;
        Ok(Self { stream })
    }

    /// Sends a frame. Returns when the system has taken it.
    pub(super) async fn send(&mut self, frame: String) -> Result<(), Gone> {
        self.stream.send(Message::text(frame)).await.map_err(gone)
    }

    /// The next frame of text. Nothing is lost when it is dropped while it waits.
    pub(super) async fn next(&mut self) -> Result<Utf8Bytes, Gone> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(Some(frame)))) if !COME_BACK.contains(&frame.code.into()) => {
                    let code = u16::from(frame.code);
                    return Err(Gone::Refused(format!("closed with {code} {}", frame.reason)));
                }
                Some(Ok(Message::Close(_))) | None => return Err(Gone::Broken("closed".to_owned())),
                Some(Ok(Message::Binary(_))) => return Err(Gone::Refused("a binary frame".to_owned())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(gone(error)),
            }
        }
    }

    /// Breaks the connection with a reset (RFC 9293 section 3.5.2): whatever is under way in either
    /// direction is lost.
    pub(super) fn cut(self) {
        // Without this it would end in good order, which is the weaker test.
        let _ = self.stream.get_ref().set_zero_linger();
    }
}

fn gone(error: Error) -> Gone {
    match error {
        Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed => Gone::Broken(error.to_string()),
        // The server is on its way out or not yet ready.
        Error::Http(answer) if answer.status() == 503 => Gone::Broken("HTTP 503".to_owned()),
        Error::Http(answer) => {
            let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            Gone::Refused(format!("handshake answered with {} {body}", answer.status()))
        }
        // The stream ended in the midst of a frame or a handshake, as it does when the server is killed.
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
            | tokio_tungstenite::tungstenite::error::ProtocolError::HandshakeIncomplete,
        ) => Gone::Broken(error.to_string()),
        error => Gone::Refused(error.to_string()),
    }
}
