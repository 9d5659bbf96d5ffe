//! Frames that clients send.

use std::io::{self, Read, Write};

use groupcast::ws::fuzzing::{Message, Reader};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, WebSocket};

use crate::input::Input;

/// The bounds of a message among which an input chooses: either side of where lengths take another form.
const MESSAGE_MAX: [usize; 4] = [125, 300, 4_096, 70_000];

/// The longest header of a frame, and the longest control frame: what may be kept beside a message.
const BESIDE_MAX: usize = 14 + 14 + 125;

/// What a stream says.
#[derive(Debug, PartialEq)]
struct Said {
    messages: Vec<Message>,
    violation: Option<(u16, &'static str)>,
}

/// Bytes that come out of compressed messages up to which one read takes them all.
const FREE_BYTES: usize = 1024 * 1024;

/// A stream says the same however it is cut, and no more is kept of it than the longest message; up to a close frame
/// tungstenite understands it in the same way. With compressed messages, which that does not know, none is longer than may
/// be.
pub fn frames(data: &[u8]) {
    let mut input = Input(data);
    let message_max = MESSAGE_MAX[usize::from(input.byte()) % MESSAGE_MAX.len()];
    let cuts: Vec<usize> = input.list(15, |input| usize::from(input.byte()));
    let stream = input.0;
    inflated(message_max, stream, &cuts);
    let whole = read(message_max, false, [stream].into_iter());
    assert_eq!(whole, read(message_max, false, pieces(stream, &cuts)), "cut at {cuts:?}");
    assert_eq!(whole, read(message_max, false, stream.chunks(1)), "cut everywhere");
    compare(&whole, message_max, stream);
}

fn inflated(message_max: usize, stream: &[u8], cuts: &[usize]) {
    let whole = read(message_max, true, [stream].into_iter());
    let length = |message: &Message| if let Message::Text(text) = message { text.len() } else { 0 };
    let lengths: Vec<usize> = whole.messages.iter().map(length).collect();
    assert!(lengths.iter().all(|&length| length <= message_max));
    // Beyond, it depends on how much comes in one read.
    let is_free = lengths.iter().sum::<usize>() + message_max < FREE_BYTES;
    assert!(!is_free || whole == read(message_max, true, pieces(stream, cuts)), "cut at {cuts:?}");
}

fn read<'s>(message_max: usize, inflates: bool, pieces: impl Iterator<Item = &'s [u8]>) -> Said {
    let mut reader = Reader::new(message_max, inflates);
    let mut messages = Vec::new();
    for piece in pieces {
        let read = reader.read(&mut piece.to_vec(), |message| messages.push(message));
        if let Err(violation) = read {
            return Said { messages, violation: Some(violation) };
        }
        let kept = reader.kept();
        let deflated_max = if inflates { message_max / 64 + 256 } else { 0 };
        assert!(
            kept <= message_max + deflated_max + BESIDE_MAX,
            "{kept} bytes are kept of a message of {message_max}"
        );
    }
    Said { messages, violation: None }
}

/// The stream in pieces of these lengths, again and again.
fn pieces<'s>(stream: &'s [u8], lengths: &[usize]) -> impl Iterator<Item = &'s [u8]> {
    let mut lengths = lengths.iter().filter(|&&length| length > 0).cycle();
    let mut rest = stream;
    std::iter::from_fn(move || {
        let length = lengths.next().copied().unwrap_or(usize::MAX).min(rest.len());
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Compares with what tungstenite makes of the stream.
fn compare(said: &Said, message_max: usize, stream: &[u8]) {
    let is_close = |message: &Message| matches!(message, Message::Close(_));
    // Behind a close frame nobody reads; tungstenite does not either.
    let (ours, violation) = match said.messages.iter().position(is_close) {
        Some(close) => (&said.messages[..=close], None),
        None => (&said.messages[..], said.violation),
    };
    // What is wrong with a frame tungstenite may see only when all of it has come.
    let padding = if violation.is_some() { message_max + 1 } else { 0 };
    let mut twin = Twin::new(message_max, [stream, &vec![0; padding]].concat());
    for (index, message) in ours.iter().enumerate() {
        match twin.next() {
            // This code came later than the others, and is not known there.
            Ok(Some(Message::Close(Some((1002, _)))))
                if matches!(message, Message::Close(Some((1014, _)))) => {}
            Ok(theirs) => assert_eq!(Some(message), theirs.as_ref(), "message {index}"),
            // It looks at each fragment; what comes in between is still answered here.
            Err(tungstenite::Error::Utf8(_)) => {
                let rest = &ours[index..];
                assert!(rest.iter().all(|message| !matches!(message, Message::Text(_))), "{rest:?}");
                return;
            }
            Err(error) => panic!("message {index}: {message:?}, {error}"),
        }
    }
    if ours.last().is_some_and(is_close) {
        return;
    }
    match (violation, twin.next()) {
        (None, Err(tungstenite::Error::Io(error))) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        (None, Err(tungstenite::Error::Utf8(_))) => {}
        (None, theirs) => panic!("{theirs:?} is not seen"),
        // Binary messages are understood there, and what comes between their fragments is seen.
        (Some((1003, _)), _) => {}
        // It is taken for another one.
        (Some((1002, "invalid close code")), Ok(Some(Message::Close(Some((1002, _)))))) => {}
        (Some(violation), Err(tungstenite::Error::Io(error))) => panic!("{violation:?} is none: {error}"),
        (Some(_), Err(_)) => {}
        (Some(violation), Ok(theirs)) => panic!("{violation:?}, and there {theirs:?}"),
    }
}

struct Twin(WebSocket<Stream>);

impl Twin {
    fn new(message_max: usize, stream: Vec<u8>) -> Self {
        let config =
            WebSocketConfig::default().max_message_size(Some(message_max)).max_frame_size(Some(message_max));
        Self(WebSocket::from_raw_socket(Stream(io::Cursor::new(stream)), Role::Server, Some(config)))
    }

    /// The next message; `None` for a binary one.
    fn next(&mut self) -> Result<Option<Message>, tungstenite::Error> {
        Ok(Some(match self.0.read()? {
            tungstenite::Message::Text(text) => Message::Text(text.as_str().to_owned()),
            tungstenite::Message::Ping(payload) => Message::Ping(payload.to_vec()),
            tungstenite::Message::Pong(_) => Message::Pong,
            tungstenite::Message::Close(frame) => {
                Message::Close(frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())))
            }
            tungstenite::Message::Binary(_) | tungstenite::Message::Frame(_) => return Ok(None),
        }))
    }
}

/// A stream of which no more comes for now, and that takes all answers.
struct Stream(io::Cursor<Vec<u8>>);

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.0.read(to)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
