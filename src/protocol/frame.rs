//! WebSocket frames as the server sends them: finished bytes, unmasked, RFC 6455 section 5.2.

use bytes::Bytes;

use super::CloseCode;

/// Opcode and FIN bit of a whole text message.
const TEXT: u8 = 0x81;
/// Opcode and FIN bit of a whole binary message.
const BINARY: u8 = 0x82;
/// The bit of a message that is compressed, RFC 7692 section 6.
const DEFLATED: u8 = 0x40;
/// Opcode and FIN bit of a close frame.
const CLOSE: u8 = 0x88;
/// Opcode and FIN bit of a pong.
const PONG: u8 = 0x8A;

/// Longest payload of a control frame, in bytes.
const CONTROL_BYTES_MAX: usize = 125;

/// Longest header of a frame that a server sends, in bytes.
pub const HEADER_BYTES_MAX: usize = 10;

/// A ping without payload.
pub const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// Appends the header of a text frame whose payload has `length` bytes.
pub fn put_text_header(out: &mut Vec<u8>, length: usize) {
    put_header(out, TEXT, length);
}

/// Appends the header of a frame that is like one that begins with `first`, but compressed to `length` bytes.
pub fn put_deflated_header(out: &mut Vec<u8>, first: u8, length: usize) {
    put_header(out, first | DEFLATED, length);
}

/// Whether a frame that begins with `first` is a whole message that is not compressed.
pub fn is_whole_message(first: u8) -> bool {
    first == TEXT || first == BINARY
}

fn put_header(out: &mut Vec<u8>, first: u8, length: usize) {
    match length {
        0..=125 => out.extend_from_slice(&[first, length as u8]),
        126..=0xFFFF => {
            out.extend_from_slice(&[first, 126]);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.extend_from_slice(&[first, 127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The first byte of the first of these frames, where its payload begins and where it should end; `None` without a whole
/// header. Finished frames only, which are not masked.
pub fn extent(frames: &[u8]) -> Option<(u8, usize, usize)> {
    let (&[first, length], rest) = frames.split_first_chunk()?;
    let (head, length) = match (length, rest) {
        (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize)
        }
        (126 | 127, _) => return None,
        (length, _) => (2, usize::from(length)),
    };
    Some((first, head, head + length))
}

/// What is left of frames of text, laid end to end, without the first `count`. Finished frames only: as
/// [`put_text_header`] and [`put_deflated_header`] make them.
pub fn skip(frames: &Bytes, count: usize) -> Bytes {
    let mut rest = &frames[..];
    for _ in 0..count {
        let Some((_, _, end)) = extent(rest) else { return Bytes::new() };
        rest = rest.get(end..).unwrap_or_default();
    }
    frames.slice_ref(rest)
}

/// A text frame of this payload, or a binary one.
pub fn message(payload: &[u8], is_binary: bool) -> Bytes {
    let mut out = Vec::with_capacity(HEADER_BYTES_MAX + payload.len());
    put_header(&mut out, if is_binary { BINARY } else { TEXT }, payload.len());
    out.extend_from_slice(payload);
    out.into()
}

/// A text frame of the parts laid end to end.
pub fn text(parts: &[&str]) -> Bytes {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(HEADER_BYTES_MAX + length);
    put_text_header(&mut out, length);
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.into()
}

/// The answer to a ping: its payload returned, RFC 6455 section 5.5.3. A longer payload than a control frame
/// can have is cut.
pub fn pong(payload: &[u8]) -> Bytes {
    control(PONG, &[payload])
}

/// A close frame. A reason that does not fit is cut at a character.
pub fn close(code: CloseCode, reason: &str) -> Bytes {
    let end = reason.floor_char_boundary(CONTROL_BYTES_MAX - 2);
    control(CLOSE, &[&code.0.to_be_bytes(), &reason.as_bytes()[..end]])
}

/// The answer to a close frame without a code, RFC 6455 section 5.5.1.
pub fn close_without_code() -> Bytes {
    control(CLOSE, &[])
}

fn control(first: u8, parts: &[&[u8]]) -> Bytes {
    let mut payload = Vec::with_capacity(CONTROL_BYTES_MAX);
    for part in parts {
        let room = CONTROL_BYTES_MAX - payload.len();
        payload.extend_from_slice(&part[..part.len().min(room)]);
    }
    let mut out = Vec::with_capacity(2 + payload.len());
    put_header(&mut out, first, payload.len());
    out.extend_from_slice(&payload);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, header) in [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 0xFF, 0xFF]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut out = Vec::new();
            put_text_header(&mut out, length);
            assert_eq!(out, header);
        }
    }

    #[test]
    fn frames_are_skipped_whole() {
        let parts = ["", "a", &"b".repeat(200), &"c".repeat(70_000), "d"].map(|part| text(&[part]));
        let all = Bytes::from(parts.concat());
        for count in 0..=parts.len() {
            assert_eq!(skip(&all, count), parts[count..].concat());
        }
        assert!(skip(&all, parts.len() + 1).is_empty());
    }

    #[test]
    fn control_frames_keep_their_bound() {
        assert_eq!(&close(CloseCode::NORMAL, "")[..], [0x88, 2, 0x03, 0xE8]);
        assert_eq!(&close_without_code()[..], [0x88, 0]);
        assert_eq!(&pong(b"hi")[..], [0x8A, 2, b'h', b'i']);
        assert_eq!(pong(&[0; 300]).len(), 2 + 125);
        let long = close(CloseCode::TOO_SLOW, &"é".repeat(100));
        assert_eq!(long.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&long[4..]).is_ok());
    }
}
