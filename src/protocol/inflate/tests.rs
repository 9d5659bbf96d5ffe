//! Messages as other compressors make them, whole and broken.

use flate2::{Compress, Compression, FlushCompress};

use super::*;

const MAX: usize = 1 << 20;

/// Bytes that do not become fewer.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Compressed with a flush at the end, which is cut off.
fn flushed(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1024);
    let mut state = Compress::new(Compression::default(), false);
    state.compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

/// Compressed with a last block, RFC 7692 section 7.2.3.4.
fn finished(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1024);
    let mut state = Compress::new(Compression::default(), false);
    state.compress_vec(payload, &mut out, FlushCompress::Finish).unwrap();
    out.push(0);
    out
}

#[test]
fn messages_come_out_as_they_went_in() {
    let mut inflater = Inflater::default();
    let noise = noise(300_000);
    for payload in [&b""[..], b"a", b"Hello", &b"tick ".repeat(100_000), &noise, &noise[..65_536]] {
        for input in [flushed(payload), finished(payload)] {
            assert_eq!(inflater.inflate(&input, MAX), Ok(payload));
            assert_eq!(inflater.inflate(&input, payload.len()), Ok(payload));
        }
    }
    // The examples of RFC 7692 section 7.2.3: one block, no compression, a last block, two blocks.
    for input in [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ] {
        assert_eq!(inflater.inflate(input, MAX), Ok(&b"Hello"[..]));
    }
    for nothing in [&[][..], &[0]] {
        assert_eq!(inflater.inflate(nothing, 0), Ok(&b""[..]));
    }
}

/// A second message must not refer to the first.
#[test]
fn nothing_is_kept_between_messages() {
    let mut inflater = Inflater::default();
    let mut state = Compress::new(Compression::default(), false);
    let mut messages = Vec::new();
    for _ in 0..2 {
        let mut out = Vec::with_capacity(1024);
        state.compress_vec(b"the very same words", &mut out, FlushCompress::Sync).unwrap();
        out.truncate(out.len() - 4);
        messages.push(out);
    }
    assert_eq!(inflater.inflate(&messages[0], MAX), Ok(&b"the very same words"[..]));
    assert_eq!(inflater.inflate(&messages[1], MAX), Err(InflateError::Broken));
    assert_eq!(inflater.inflate(&messages[0], MAX), Ok(&b"the very same words"[..]));
}

#[test]
fn what_is_broken_or_cut_off_is_found() {
    let mut inflater = Inflater::default();
    let long: Vec<u8> = (0..1_000).flat_map(|n| format!("{n} and {}, ", n * n).into_bytes()).collect();
    for text in [&long[..], &long[..2_000], b"a short one, in fixed codes", &noise(1_000)] {
        let whole = flushed(text);
        // Of a block that is not compressed the first byte alone is a message of nothing.
        for length in 1 + usize::from(whole[0] == 0)..whole.len() {
            let result = inflater.inflate(&whole[..length], MAX).map(<[u8]>::len);
            assert_eq!(result, Err(InflateError::Broken), "cut after {length} of {}", whole.len());
        }
    }
    for broken in [&[0xff][..], b"plain text", &[0x07, 0, 0], &[0x00, 0x05, 0x00, 0x00, 0x00, b'x']] {
        assert_eq!(inflater.inflate(broken, MAX), Err(InflateError::Broken), "{broken:?}");
    }
}

#[test]
fn what_is_too_long_stops_at_the_bound() {
    let mut inflater = Inflater::default();
    for (length, max) in [(2, 1), (1 << 20, (1 << 20) - 1), (64 << 20, 1 << 20), (70_000, 65_536)] {
        let bomb = flushed(&vec![0; length]);
        assert_eq!(inflater.inflate(&bomb, max), Err(InflateError::TooLong), "{length}");
        assert!(inflater.output.capacity() <= (max + 1).max(ROOM), "{}", inflater.output.capacity());
        assert_eq!(inflater.inflate(&bomb, length).map(<[u8]>::len), Ok(length));
    }
    inflater.inflate(&[], 0).unwrap();
    assert!(inflater.output.capacity() <= ROOM);
}
