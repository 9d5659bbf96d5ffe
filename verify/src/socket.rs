//! A WebSocket.

use std::net::SocketAddr;

use groupcast_kit::websocket::{Error, Message, ProtocolError, Utf8Bytes, WebSocket};

/// The subprotocol of JSON mode.
pub(crate) const JSON_MODE: &str = "chat.v1.json";

/// Close codes that tell a client to come back: going away, try again later, too slow.
const COME_BACK: [u16; 3] = [1001, 1013, 4101];

/// An open socket. Answers pings while it is being read.
pub(crate) struct Socket(WebSocket);

/// Why a socket is no more.
#[derive(Debug)]
pub(crate) enum Gone {
    /// The connection broke, could not be made, or was closed for the time being.
    Broken(String),
    /// The server closed it for good or answered what no server should.
    Refused(String),
}

impl Socket {
    /// Opens one at this path with this subprotocol; without one it is in text mode.
    pub(crate) async fn open(address: SocketAddr, path: &str, protocol: Option<&str>) -> Result<Self, Gone> {
        Ok(Self(WebSocket::open(address, path, protocol).await?))
    }

    /// Sends a frame. Returns when the system has taken it.
    pub(crate) async fn send(&mut self, frame: String) -> Result<(), Gone> {
        Ok(self.0.send(Message::text(frame)).await?)
    }

    /// The next frame of text. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Utf8Bytes, Gone> {
        loop {
            match self.0.next().await.transpose()? {
                Some(Message::Text(text)) => return Ok(text),
                Some(Message::Close(Some(frame))) if !COME_BACK.contains(&frame.code.into()) => {
                    let code = u16::from(frame.code);
                    return Err(Gone::Refused(format!("closed with {code} {}", frame.reason)));
                }
                Some(Message::Close(_)) | None => return Err(Gone::Broken("closed".to_owned())),
                Some(Message::Binary(_)) => return Err(Gone::Refused("a binary frame".to_owned())),
                Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            }
        }
    }

    /// Breaks the connection: whatever is under way in either direction is lost. To end it in good order would be
    /// the weaker test.
    pub(crate) fn cut(self) {
        self.0.reset();
    }
}

impl From<Error> for Gone {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed => Self::Broken(error.to_string()),
            // The server is on its way out or not yet ready.
            Error::Http(answer) if answer.status() == 503 => Self::Broken("HTTP 503".to_owned()),
            Error::Http(answer) => {
                let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                Self::Refused(format!("handshake answered with {} {body}", answer.status()))
            }
            // The stream ended in the midst of a frame or a handshake, as it does when the server is killed; or the server was
            // told to stop in the midst of a handshake, and says that it closes the connection.
            Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake
                | ProtocolError::HandshakeIncomplete
                | ProtocolError::MissingConnectionUpgradeHeader,
            ) => Self::Broken(error.to_string()),
            error => Self::Refused(error.to_string()),
        }
    }
}
