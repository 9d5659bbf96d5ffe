//! What nodes tell each other.

use bytes::Bytes;
use groupcast::cluster::Subject;
use groupcast::cluster::fuzzing::{is_understood, notification, presence, sender, to_notification, told};

/// What is understood is told again in the same bytes, but for what no node says; and a node that listens to nobody
/// understands it too.
pub fn wire(data: &[u8]) {
    let payload = Bytes::copy_from_slice(data);
    let again = told(&payload, usize::MAX);
    assert!(again.len() <= 1);
    match again.first() {
        Some(again) => {
            assert!(is_understood(&payload));
            assert_eq!(sender(again), sender(data));
            assert!(again.len() <= data.len(), "more is told than was");
            assert_eq!(told(again, usize::MAX), std::slice::from_ref(again));
            in_parts(again);
        }
        None => assert!(told(&payload, usize::MAX).is_empty()),
    }
    if let Some((said, again)) = presence(data) {
        let (said_again, third) = presence(&again).expect("what was said is understood");
        // The name of who is gone is not told.
        assert!(again.len() <= data.len());
        assert_eq!(again, third);
        assert!(said.len() >= said_again.len(), "{said} {said_again}");
    }
    if let Some((subject, written)) = str::from_utf8(data).ok().and_then(notification) {
        let payload = written.as_bytes();
        let text = to_notification(subject, payload);
        assert_eq!(notification(&text).map(|(subject, _)| subject), Some(subject));
        assert!(matches!(subject, Subject::All) == text.starts_with('*'));
    }
}

/// Told with less room, no payload is longer, and what does not fit is said to be in the database.
fn in_parts(payload: &Bytes) {
    let room = payload.len() / 2 + 14;
    for part in told(payload, room) {
        assert!(is_understood(&part));
        let is_of_pages = payload[1] == 1;
        assert!(!is_of_pages || part.len() <= room, "{} of {room}", part.len());
    }
}
