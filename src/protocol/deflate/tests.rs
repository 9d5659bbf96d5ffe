//! What is compressed, and that it comes out again, with windows of every size.

use flate2::{Decompress, FlushDecompress};

use super::*;

/// The payloads of frames laid end to end, inflated by one who sees no further back than this.
fn payloads(frames: &[u8], window: u8) -> Vec<(u8, Vec<u8>)> {
    let (mut payloads, mut rest) = (Vec::new(), frames);
    while let Some((first, head, end)) = frame::extent(rest) {
        let mut payload = rest[head..end].to_vec();
        if first & 0x40 != 0 {
            payload.extend(TAIL);
            let mut out = Vec::with_capacity(8 << 20);
            let mut state = Decompress::new_with_window_bits(false, window.max(9));
            state.decompress_vec(&payload, &mut out, FlushDecompress::Sync).unwrap();
            payload = out;
        }
        payloads.push((first & !0x40, payload));
        rest = &rest[end..];
    }
    payloads
}

fn chat(length: usize) -> String {
    let lines =
        (0..).map(|n| format!("{{\"id\":{n},\"username\":\"alice\",\"content\":\"line {}\"}} ", n * 7919));
    let mut text = String::new();
    lines
        .take_while(|line| {
            let fits = text.len() < length;
            text.push_str(line);
            fits
        })
        .count();
    text.truncate(length);
    text
}

#[test]
fn frames_keep_their_number_order_and_content() {
    let texts = [chat(300), String::new(), "short".into(), chat(100_000), chat(70)];
    let mut plain: Vec<u8> = texts.iter().flat_map(|text| frame::text(&[text])).collect();
    plain.extend_from_slice(&frame::pong(&[b'a'; 125]));
    plain.extend_from_slice(&frame::message(&[7; 5_000], true));
    let plain = Bytes::from(plain);
    let Deflated { frames, longest } = deflate(&plain);
    assert!(frames.len() < plain.len() / 2, "{} of {}", frames.len(), plain.len());
    assert_eq!(longest, 100_000);
    let payloads = payloads(&frames, 15);
    let text = |text: &String| (0x81, text.clone().into_bytes());
    let mut expected: Vec<_> = texts.iter().map(text).collect();
    expected.extend([(0x8A, vec![b'a'; 125]), (0x82, vec![7; 5_000])]);
    assert_eq!(payloads, expected);
    let skipped = frame::skip(&frames, 3);
    assert_eq!(self::payloads(&skipped, 15), expected[3..]);
}

#[test]
fn what_would_not_become_smaller_stays_as_it_is() {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..5_000).map(|_| next()).collect();
    // What could not be compressed leaves nothing behind for the next one.
    for length in (64..5_000).step_by(7) {
        deflate(&frame::message(&noise[..length], true));
        let text = chat(200);
        let frames = deflate(&frame::text(&[&text])).frames;
        assert_eq!(payloads(&frames, 15), [(0x81, text.into_bytes())]);
    }
    for plain in [frame::text(&["hello"]), frame::message(&noise, true), frame::PING, Bytes::new()] {
        let Deflated { frames, longest } = deflate(&plain);
        assert!(frames == plain && longest == 0, "{} of {}", frames.len(), plain.len());
    }
    let huge = frame::text(&[&"x".repeat(PAYLOAD_MAX + 1)]);
    assert_eq!(deflate(&huge).longest, 0);
}

#[test]
fn who_has_a_window_of_the_longest_message_can_inflate_it() {
    let long = deflate(&frame::text(&[&chat(100_000)]));
    assert!(long.suits(Window::LARGEST) && !long.suits(Window::of_bits(14).unwrap()));
    for bits in 8..=15 {
        let window = Window::of_bits(bits).unwrap();
        let text = chat(window.bytes());
        let Deflated { frames, longest } = deflate(&frame::text(&[&text]));
        assert_eq!(payloads(&frames, bits), [(0x81, text.into_bytes())]);
        for other in 8..=15 {
            let deflated = Deflated { frames: frames.clone(), longest };
            assert_eq!(deflated.suits(Window::of_bits(other).unwrap()), other >= bits || other == 15);
        }
    }
    assert_eq!(Window::of_bits(7), None);
    assert_eq!(Window::of_bits(16), None);
}
