//! Text mode: the lines that the server sends.

use bytes::Bytes;

use super::frame;

/// Sent before the close when the group or user of a group socket does not exist.
pub const INVALID_USER_OR_GROUP: &str = "Invalid user or group!";
/// Sent before the close when one of the two users of a private chat does not exist.
pub const INVALID_SENDER_OR_RECEIVER: &str = "Invalid sender or receiver!";
/// Sent before the close to a third user of a private group.
pub const GROUP_FULL: &str = "This is a private group and is already full.";
/// Sent before a close with 1013.
pub const UNAVAILABLE: &str = "The service is temporarily unavailable.";
/// Sent instead of a message that contains NUL, which Postgres cannot store. To its sender alone.
pub const NUL_REFUSED: &str = "Message refused: it contains a NUL character.";
/// Sent instead of a message of a user who sends too fast. To its sender alone.
pub const RATE_LIMITED: &str = "Message refused: too many in too short a time.";
/// Sent instead of a message of a member who may not write now. To its sender alone.
pub const MUTED: &str = "Message refused: you are muted.";
/// Sent instead of a message of who speaks by a key that may only read. To its sender alone.
pub const KEY_REFUSED: &str = "Message refused: the scope of this key does not allow this.";
/// Sent instead of a message that the database refused for good. To its sender alone.
pub const STORE_REFUSED: &str = "Message refused: it could not be stored.";

/// Appends the frame of a message: `alice: content`.
pub fn put_message(out: &mut Vec<u8>, username: &str, content: &str) {
    out.reserve(message_bytes(username, content));
    frame::put_text_header(out, username.len() + 2 + content.len());
    out.extend_from_slice(username.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(content.as_bytes());
}

/// Appends the frame of an edited message: `alice (edited): content`.
pub fn put_edit(out: &mut Vec<u8>, username: &str, content: &str) {
    out.reserve(edit_bytes(username, content));
    frame::put_text_header(out, username.len() + EDITED.len() + content.len());
    out.extend_from_slice(username.as_bytes());
    out.extend_from_slice(EDITED);
    out.extend_from_slice(content.as_bytes());
}

/// Upper bound of that frame's size in bytes.
pub fn edit_bytes(username: &str, content: &str) -> usize {
    frame::HEADER_BYTES_MAX + username.len() + EDITED.len() + content.len()
}

/// Between a name and an edited content.
const EDITED: &[u8] = b" (edited): ";

/// Upper bound of the frame's size in bytes.
pub fn message_bytes(username: &str, content: &str) -> usize {
    frame::HEADER_BYTES_MAX + username.len() + 2 + content.len()
}

/// Whether someone comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// A socket joined.
    Joined,
    /// A socket is gone.
    Left,
}

/// The line about a socket that came or went: `alice joined g.`, and `alice joined the chat.` without a
/// group's name.
pub fn movement(username: &str, movement: Movement, group: Option<&str>) -> Bytes {
    let verb = match movement {
        Movement::Joined => " joined ",
        Movement::Left => " left ",
    };
    frame::text(&[username, verb, group.unwrap_or("the chat"), "."])
}

/// The line before the close to one who is banned from the group.
pub fn may_not_join(group: &str) -> Bytes {
    frame::text(&["You may not join ", group, "."])
}

/// The line before the close to one who is no member any more.
pub fn no_longer_in(group: &str) -> Bytes {
    frame::text(&["You are no longer in ", group, "."])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_originals() {
        let mut out = Vec::new();
        put_message(&mut out, "alice", "hi");
        assert_eq!(out, b"\x81\x09alice: hi");
        assert_eq!(&movement("bob", Movement::Joined, Some("g"))[2..], b"bob joined g.");
        assert_eq!(&movement("bob", Movement::Left, None)[2..], b"bob left the chat.");
    }
}
