//! A door for the fuzz targets: what nodes tell each other.

use bytes::Bytes;

pub use super::presence::fuzzing::presence;

use super::wire::Told;
use super::{Subject, notify, wire};

/// What a payload says, told again: nothing if it is not understood, and several payloads at most if it does not fit into
/// `bytes_max`.
pub fn told(payload: &Bytes, bytes_max: usize) -> Vec<Bytes> {
    let Some((from, told)) = wire::parse(payload.clone(), |_| true) else { return Vec::new() };
    match told {
        Told::Pages(pages) => wire::pages(from, pages.iter(), bytes_max),
        Told::Broadcast(frames) => vec![wire::broadcast(from, &frames)],
        Told::Notify(user, frame) => vec![wire::notify(from, user, &frame)],
        Told::Look => vec![wire::look(from)],
        Told::Presence(what) => vec![wire::presence(from, &what)],
    }
}

/// What is understood of a payload by a node that hears no group at all: whether it is one.
pub fn is_understood(payload: &Bytes) -> bool {
    wire::parse(payload.clone(), |_| false).is_some()
}

/// Who says it.
pub fn sender(payload: &[u8]) -> Option<i64> {
    wire::sender(payload).map(|node| node.0)
}

/// The subject of a notification of the database and the payload as it is written; `None` if it is none of ours.
pub fn notification(text: &str) -> Option<(Subject, &str)> {
    notify::parts(text)
}

/// The text of a notification.
pub fn to_notification(subject: Subject, payload: &[u8]) -> String {
    notify::to_text(subject, payload)
}
