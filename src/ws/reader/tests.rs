//! Frames as they come over the wire, whole and in pieces, right and wrong.

use super::*;

const MASK: [u8; 4] = [1, 2, 3, 4];

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    unmask(&mut out[start..], MASK);
    out
}

fn text_of(incoming: &Incoming<'_>) -> String {
    match incoming {
        Incoming::Text(text) => format!("text {text}"),
        Incoming::Binary(bytes) => format!("binary {bytes:?}"),
        Incoming::Ping(payload) => format!("ping {}", String::from_utf8_lossy(payload)),
        Incoming::Pong => "pong".into(),
        Incoming::Close(close) => format!("close {:?}", close.map(|(code, reason)| (code.0, reason))),
    }
}

/// Feeds the bytes in pieces of `step`.
fn feed(input: &[u8], step: usize) -> (Vec<String>, Option<u16>, FrameReader) {
    feed_among(0, input, step)
}

/// The same while so many others have more to say than they have time for.
fn feed_among(hurried: u32, input: &[u8], step: usize) -> (Vec<String>, Option<u16>, FrameReader) {
    let (mut reader, mut seen) = (FrameReader::default(), Vec::new());
    let unfinished = UnfinishedBytes::new(1 << 20);
    for piece in input.chunks(step) {
        let mut piece = piece.to_vec();
        loop {
            let bounds = Bounds {
                message_max: 200,
                unfinished: &unfinished,
                inflating: None,
                takes_binary: false,
                turn: &Turn::among(hurried),
            };
            match reader.read(&mut piece, bounds, |incoming| seen.push(text_of(&incoming))) {
                Err(violation) => return (seen, Some(violation.code.0), reader),
                Ok(true) => piece.clear(),
                Ok(false) => break,
            }
        }
    }
    (seen, None, reader)
}

#[test]
fn messages_arrive_the_same_however_they_are_cut() {
    let long = "x".repeat(150);
    let input = [
        frame(0x81, "grüße".as_bytes()),
        frame(0x01, b"one "),
        frame(0x89, b"p"),
        frame(0x00, b"zw"),
        frame(0x80, b"lf"),
        frame(0x8A, b""),
        frame(0x81, b""),
        frame(0x81, long.as_bytes()),
        frame(0x88, b"\x03\xE8bye"),
    ]
    .concat();
    let expected = [
        "text grüße",
        "ping p",
        "text one zwlf",
        "pong",
        "text ",
        &format!("text {long}"),
        "close Some((1000, \"bye\"))",
    ];
    for step in 1..=input.len() {
        for hurried in [0, u32::MAX] {
            let (seen, violation, reader) = feed_among(hurried, &input, step);
            assert_eq!((seen, violation), (expected.map(String::from).to_vec(), None), "in pieces of {step}");
            assert!(reader.partial.is_none(), "an idle reader holds nothing");
        }
    }
}

#[test]
fn what_breaks_the_rules_is_named() {
    let mut unmasked = frame(0x81, b"a");
    unmasked[1] &= 0x7F;
    for (input, code) in [
        (frame(0x82, b"a"), 1003),
        (frame(0x81, b"\xFF"), 1007),
        (frame(0x81, &[b'a'; 201]), 1009),
        ([frame(0x01, &[b'a'; 150]), frame(0x80, &[b'a'; 51])].concat(), 1009),
        (frame(0xC1, b"a"), 1002),
        (frame(0x83, b"a"), 1002),
        (frame(0x80, b"a"), 1002),
        ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), 1002),
        (frame(0x09, b"a"), 1002),
        (frame(0x89, &[0; 126]), 1002),
        (frame(0x88, &[3]), 1002),
        (frame(0x88, &[0x03, 0xED]), 1002),
        (unmasked, 1002),
    ] {
        assert_eq!(feed(&input, input.len()).1, Some(code), "{input:?}");
    }
}
