//! A client that compresses, and inflates with no larger window than it has asked for.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use groupcast_kit::frame::{self, Frame};
use groupcast_kit::http::request;
use groupcast_kit::response::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::patiently;
use crate::support::server::Server;

/// Offers compression and nothing else.
pub(super) const OFFER: &str = "permessage-deflate";
/// The bit of a compressed message.
pub(super) const RSV1: u8 = 0x40;
const FINAL: u8 = 0x80;
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// An open socket, frame by frame.
pub(super) struct Peer {
    stream: TcpStream,
    unread: Vec<u8>,
    /// What the server has agreed to.
    pub(super) agreed: Option<String>,
    window: u8,
    /// Bytes of messages as they came, and compressed messages among them.
    pub(super) wire_bytes: usize,
    pub(super) deflated: usize,
}

/// The answer to a handshake at this path with these further headers.
pub(super) async fn handshake(
    server: &Server,
    path: &str,
    more: &[(&str, &str)],
) -> (TcpStream, Response, Vec<u8>) {
    let mut headers = vec![
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    headers.extend_from_slice(more);
    let mut stream = server.tcp().await;
    stream.write_all(&request("GET", path, &headers, b"")).await.unwrap();
    let mut unread = Vec::new();
    loop {
        if let Some((response, length)) = Response::parse(&unread).unwrap() {
            unread.drain(..length);
            return (stream, response, unread);
        }
        assert!(patiently("an answer", stream.read_buf(&mut unread)).await.unwrap() > 0);
    }
}

impl Peer {
    /// Opens one at this path that offers this; nothing if it is empty.
    pub(super) async fn open(server: &Server, path: &str, offer: &str) -> Self {
        let headers = [("Sec-WebSocket-Extensions", offer)];
        let (stream, answer, unread) =
            handshake(server, path, if offer.is_empty() { &[] } else { &headers }).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        let agreed = answer.header("sec-websocket-extensions").map(str::to_owned);
        let bits = agreed.as_deref().and_then(|agreed| agreed.split_once("server_max_window_bits="));
        let window = bits.map_or(15, |(_, bits)| bits.parse().unwrap());
        Self { stream, unread, agreed, window, wire_bytes: 0, deflated: 0 }
    }

    /// Sends these bytes, whatever they are. The server may have closed already, which is for the next read to tell.
    pub(super) async fn bytes(&mut self, bytes: &[u8]) {
        let _ = patiently("the server to read", self.stream.write_all(bytes)).await;
    }

    /// Sends a frame that begins with this byte.
    pub(super) async fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut bytes = Vec::new();
        frame::push(&mut bytes, 0, payload);
        bytes[0] = first;
        self.bytes(&bytes).await;
    }

    /// Sends a text as it is.
    pub(super) async fn say(&mut self, text: &str) {
        self.frame(FINAL | frame::TEXT, text.as_bytes()).await;
    }

    /// Sends a text compressed.
    pub(super) async fn say_deflated(&mut self, text: &str) {
        self.frame(FINAL | RSV1 | frame::TEXT, &deflated(text.as_bytes())).await;
    }

    /// The next message or close as it was before it was compressed: its opcode and content; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        patiently("a message or a close", self.read()).await
    }

    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(Frame { opcode, payload, length }) = Frame::first(&self.unread) {
                let (is_deflated, payload) = (self.unread[0] & RSV1 != 0, payload.to_vec());
                assert_eq!(self.unread[0] & 0x30, 0, "a reserved bit");
                self.unread.drain(..length);
                match opcode {
                    frame::PING | frame::PONG => continue,
                    frame::CLOSE => return Some((opcode, payload)),
                    _ => {}
                }
                self.wire_bytes += length;
                if !is_deflated {
                    return Some((opcode, payload));
                }
                self.deflated += 1;
                return Some((opcode, inflated(&payload, self.window)));
            }
            if self.stream.read_buf(&mut self.unread).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The next text, or the code of the close that came instead.
    pub(super) async fn try_text(&mut self) -> Result<String, Option<u16>> {
        match self.next().await {
            Some((frame::TEXT, payload)) => Ok(String::from_utf8(payload).unwrap()),
            Some((frame::CLOSE, payload)) => Err(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            Some(other) => panic!("{other:?}"),
            None => Err(None),
        }
    }

    /// The next text.
    pub(super) async fn text(&mut self) -> String {
        self.try_text().await.expect("a text before the end")
    }

    /// Reads texts until one is this one.
    pub(super) async fn until(&mut self, text: &str) {
        while self.text().await != text {}
    }

    /// Reads texts until the server closes with this code.
    pub(super) async fn until_close(&mut self, code: u16) {
        let close = loop {
            if let Err(close) = self.try_text().await {
                break close;
            }
        };
        assert_eq!(close, Some(code));
    }
}

/// As a client compresses: without what the flush ends with.
pub(super) fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 100 + 1024);
    let mut state = Compress::new(Compression::default(), false);
    state.compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - TAIL.len());
    out
}

/// What came compressed, to one who sees this far back. zlib has no window of 8 bits.
fn inflated(payload: &[u8], window: u8) -> Vec<u8> {
    let input = [payload, &TAIL].concat();
    let mut state = Decompress::new_with_window_bits(false, window.max(9));
    let mut out = Vec::with_capacity(64 * 1024);
    while state.total_in() < input.len() as u64 || out.len() == out.capacity() {
        out.reserve(out.len().max(1));
        let rest = &input[state.total_in() as usize..];
        state.decompress_vec(rest, &mut out, FlushDecompress::Sync).unwrap();
    }
    out
}

/// Text of that many bytes, as people and programs write it.
pub(super) fn prose(length: usize) -> String {
    let words =
        ["the", "server", "wrote", "what", "alice", "said", "to", "bob", "about", "it", "and", "again"];
    let mut text = String::new();
    let mut state = 7_usize;
    while text.len() < length {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7FFF_FFFF;
        text += words[(state >> 16) % words.len()];
        text.push(' ');
    }
    text.truncate(length);
    text
}

/// Bytes that do not become fewer.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}
