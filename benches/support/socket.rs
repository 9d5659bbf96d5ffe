//! One WebSocket of the load client: handshake and frames (RFC 6455), no more than the benchmarks need.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::Result;

/// The subprotocol of JSON mode.
pub(crate) const JSON_MODE: &str = "chat.v1.json";

const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 8 * 1024;
/// Sockets that leave from one loopback address; a system has some 28,000 ports for each.
const SOCKETS_PER_SOURCE: usize = 5_000;

/// Connects; `number` spreads many connections over the loopback addresses, so that ports suffice.
pub(crate) fn connect(address: SocketAddr, number: usize) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let source = Ipv4Addr::new(127, 0, 1, (number / SOCKETS_PER_SOURCE + 1) as u8);
    socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))?;
    socket.connect(&address.into())?;
    socket.set_tcp_nodelay(true)?;
    // Closed by a reset: thousands of ports that linger would be missing in the next run.
    socket.set_linger(Some(Duration::ZERO))?;
    socket.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    Ok(socket.into())
}

/// Asks for an upgrade of `path`.
pub(crate) fn ask_upgrade(stream: &mut TcpStream, path: &str, protocol: Option<&str>) -> Result<()> {
    let wanted = protocol.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{wanted}\r\n"
    );
    Ok(stream.write_all(request.as_bytes())?)
}

/// Waits for the upgrade; gives what came after the answer's head.
///
/// # Errors
/// When the answer is not 101 or does not choose the subprotocol that was asked for.
pub(crate) fn await_upgrade(stream: &mut TcpStream, protocol: Option<&str>) -> Result<Vec<u8>> {
    let (head, rest) = read_head(stream)?;
    if !head.starts_with("HTTP/1.1 101") || protocol.is_some_and(|name| !head.contains(name)) {
        return Err(format!("no upgrade: {}", head.lines().next().unwrap_or_default()).into());
    }
    Ok(rest)
}

/// Asks for `path`; the connection is to stay open.
pub(crate) fn ask(stream: &mut TcpStream, path: &str) -> Result<()> {
    Ok(write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n")?)
}

/// Reads all of an answer.
///
/// # Errors
/// When it is not 200.
pub(crate) fn await_answer(stream: &mut TcpStream) -> Result<()> {
    let (head, rest) = read_head(stream)?;
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).ok_or("no length")?;
    let mut body = vec![0; length.trim().parse::<usize>()?.saturating_sub(rest.len())];
    stream.read_exact(&mut body)?;
    if !head.starts_with("http/1.1 200") {
        return Err(format!("refused: {}", head.lines().next().unwrap_or_default()).into());
    }
    Ok(())
}

/// Reads the head of an answer and what came with it.
fn read_head(stream: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    while bytes.len() < ANSWER_BYTES_MAX {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8(bytes)?, rest));
        }
        match stream.read(&mut chunk)? {
            0 => return Err("closed before it was answered".into()),
            length => bytes.extend_from_slice(&chunk[..length]),
        }
    }
    Err("the answer has no end".into())
}

/// Appends a text frame as a client sends it. The key of the mask is zero, which is legal and leaves the content
/// as it is; the server has the same work with any key.
pub(crate) fn push_text(frames: &mut Vec<u8>, content: &[u8]) {
    push(frames, TEXT, content);
}

/// Appends the answer to a ping.
pub(crate) fn push_pong(frames: &mut Vec<u8>, content: &[u8]) {
    push(frames, PONG, content);
}

fn push(frames: &mut Vec<u8>, opcode: u8, content: &[u8]) {
    debug_assert!(content.len() <= usize::from(u16::MAX), "the benchmarks send short frames only");
    frames.push(0x80 | opcode);
    if content.len() < 126 {
        frames.push(0x80 | content.len() as u8);
    } else {
        frames.push(0x80 | 126);
        frames.extend_from_slice(&(content.len() as u16).to_be_bytes());
    }
    frames.extend_from_slice(&[0; 4]);
    frames.extend_from_slice(content);
}

/// The opcodes that the benchmarks meet.
pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A whole frame from the server.
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// With its head, in bytes.
    pub(crate) length: usize,
}

/// The frame at the start of `bytes`, if all of it is there.
pub(crate) fn first_frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let (head, length) = match *bytes.get(1)? {
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?) as usize),
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(head..head + length)?;
    Some(Frame { opcode: bytes[0] & 0x0f, payload, length: head + length })
}
