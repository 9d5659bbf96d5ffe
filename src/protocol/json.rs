//! JSON on its way out (RFC 8259), for what is too hot for a serialiser.

/// Writes `text` as a JSON string, quotes included. Only what must be escaped is: the quote, the backslash
/// and the control characters below U+0020.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut rest = bytes;
    while let Some(at) = find_special(rest) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        write_escape(out, tail[0]);
        rest = &tail[1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes an integer in decimal.
pub fn write_integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Whether a byte of UTF-8 must be escaped.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Where the first byte that must be escaped stands. Most texts have none, so whole blocks are tested
/// without a branch per byte, which the compiler turns into vector instructions.
fn find_special(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 32;
    let clean = bytes
        .chunks_exact(BLOCK)
        .take_while(|block| !block.iter().fold(false, |found, &byte| found | is_special(byte)))
        .count()
        * BLOCK;
    bytes[clean..].iter().position(|&byte| is_special(byte)).map(|at| clean + at)
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::write_string;

    #[test]
    fn strings_are_escaped_at_any_offset() {
        for pad in 0..40 {
            for (special, escaped) in [
                ("\"", "\\\""),
                ("\\", "\\\\"),
                ("\n", "\\n"),
                ("\u{1f}", "\\u001f"),
                ("é", "é"),
                ("\u{7f}", "\u{7f}"),
            ] {
                let pad = "x".repeat(pad);
                let mut out = Vec::new();
                write_string(&mut out, &format!("{pad}{special}{pad}"));
                assert_eq!(String::from_utf8(out).unwrap(), format!("\"{pad}{escaped}{pad}\""));
            }
        }
    }
}
