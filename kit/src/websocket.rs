//! A WebSocket client.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode;

pub use tokio_tungstenite::tungstenite::error::ProtocolError;
pub use tokio_tungstenite::tungstenite::protocol::CloseFrame;
pub use tokio_tungstenite::tungstenite::protocol::frame::Frame;
pub use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;
pub use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// An open socket. Answers pings while it is being read. Time-outs are the caller's.
#[derive(Debug)]
pub struct WebSocket {
    stream: WebSocketStream<TcpStream>,
    protocol: Option<String>,
}

impl WebSocket {
    /// Connects and opens a socket at this path. `protocol` is the subprotocol to ask for, or several with commas
    /// between them.
    ///
    /// # Errors
    /// If nobody accepts or the handshake is refused, also if the server chooses a subprotocol that was not asked
    /// for, or none.
    pub async fn open(address: SocketAddr, path: &str, protocol: Option<&str>) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Self::open_over(stream, path, protocol).await
    }

    /// The same over a connection that exists already.
    ///
    /// # Errors
    /// If the handshake is refused.
    pub async fn open_over(stream: TcpStream, path: &str, protocol: Option<&str>) -> Result<Self, Error> {
        let mut request = ClientRequestBuilder::new(format!("ws://groupcast.test{path}").parse()?);
        if let Some(protocol) = protocol {
            request = request.with_sub_protocol(protocol);
        }
        let (stream, answer) = tokio_tungstenite::client_async(request, stream).await?;
        let protocol = answer.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
        Ok(Self { stream, protocol: protocol.map(ToOwned::to_owned) })
    }

    /// The same without a subprotocol, with this value of `Authorization`.
    ///
    /// # Errors
    /// If the handshake is refused.
    pub async fn open_authorized(stream: TcpStream, path: &str, authorization: &str) -> Result<Self, Error> {
        let request = ClientRequestBuilder::new(format!("ws://groupcast.test{path}").parse()?);
        let request = request.with_header(AUTHORIZATION.as_str(), authorization);
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { stream, protocol: None })
    }

    /// The subprotocol that the server chose.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Sends a message. Returns when the system has taken it.
    ///
    /// # Errors
    /// If the connection has ended.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.stream.send(message).await
    }

    /// Sends one data frame, perhaps only a part of a message and perhaps not valid.
    ///
    /// # Errors
    /// If the connection has ended.
    pub async fn send_frame(&mut self, payload: &[u8], opcode: Data, is_final: bool) -> Result<(), Error> {
        self.send(Message::Frame(Frame::message(payload.to_vec(), OpCode::Data(opcode), is_final))).await
    }

    /// The next message, control frames among them; `None` after the end. Nothing is lost when this is dropped
    /// while it waits.
    ///
    /// # Errors
    /// If the connection breaks or what comes is no message.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        self.stream.next().await
    }

    /// Begins to close it. It is closed when [`next`](Self::next) says so.
    ///
    /// # Errors
    /// If the connection has ended.
    pub async fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        self.stream.close(frame).await
    }

    /// Breaks the connection with a reset (RFC 9293, section 3.5.2): whatever is under way in either direction is
    /// lost. Dropping it ends the connection in good order.
    pub fn reset(self) {
        // If it can't be set, the connection has ended already.
        let _ = self.stream.get_ref().set_zero_linger();
    }
}
