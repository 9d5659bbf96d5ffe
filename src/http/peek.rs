//! What the first bytes of a connection tell, before they are read.

use percent_encoding::percent_decode_str;

use super::router::route;
use crate::chat::SocketTarget;

/// The group whose socket a request asks for, if its first line is there and asks for one.
pub fn group_asked_for(head: &[u8]) -> Option<String> {
    let target = head.strip_prefix(b"GET ")?;
    let end = target.iter().position(|&byte| matches!(byte, b' ' | b'?' | b'\r'))?;
    let path = percent_decode_str(str::from_utf8(&target[..end]).ok()?).decode_utf8_lossy();
    match route(&path)?.socket_target()? {
        Ok(SocketTarget::Group { group, .. }) => Some(group),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::group_asked_for;

    #[test]
    fn the_group_stands_in_the_first_line() {
        for (head, expected) in [
            ("GET /ws/group/lobby/alice HTTP/1.1\r\nHost: x\r\n", Some("lobby")),
            ("GET /api/v1/ws/group/a%20b/alice?protocol=chat.v1.json HTTP/1.1\r\n", Some("a b")),
            ("GET /ws/group/lobby/alice", None),
            ("GET /ws/group/lobby HTTP/1.1\r\n", None),
            ("GET /ws HTTP/1.1\r\n", None),
            ("POST /ws/group/lobby/alice HTTP/1.1\r\n", None),
            ("GET ", None),
            ("", None),
        ] {
            assert_eq!(group_asked_for(head.as_bytes()).as_deref(), expected, "{head}");
        }
    }
}
