//! A part of the door for the fuzz targets: who is online.

use bytes::Bytes;

use super::wire::Payload;

/// What a payload says, in the debug form, and said again; `None` if it says nothing.
pub fn presence(payload: &[u8]) -> Option<(String, Bytes)> {
    let payload = Payload::decode(payload).ok()?;
    Some((format!("{payload:?}"), payload.encode()))
}
