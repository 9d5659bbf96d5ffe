//! What goes over the wire, as bytes. No I/O and no clock.

pub mod json;
pub mod message;
