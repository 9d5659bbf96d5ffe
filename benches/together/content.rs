//! What a message says: its number in the run.

/// Length of a content.
const BYTES: usize = 64;
const DIGITS: usize = 12;

/// The content of the message with this number.
pub(super) fn of(number: usize) -> String {
    format!("#{number:0DIGITS$}{:.<rest$}", "", rest = BYTES - DIGITS - 1)
}

/// The number of the message at the end of a line of text mode; `None` for other lines.
pub(super) fn number(line: &[u8]) -> Option<usize> {
    let content = line.last_chunk::<BYTES>()?;
    if content[0] != b'#' {
        return None;
    }
    std::str::from_utf8(&content[1..=DIGITS]).ok()?.parse().ok()
}
