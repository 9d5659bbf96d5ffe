//! What holds for any input whatever.
//!
//! A target is a function that takes bytes, as a fuzzer makes them up, and panics if something does not hold. Beyond
//! "nothing panics" that is mostly that a slow and plain twin comes to the same. `fuzz/` gives each of them to libFuzzer,
//! and the tests play what that has found worth keeping, in `fuzz/corpus`.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

mod address;
mod body;
mod command;
mod copy;
mod frames;
mod http;
mod import;
mod input;
mod message;
mod outgoing;
mod request;
mod search;
mod token;
mod wire;

pub use address::address;
pub use body::body;
pub use command::command;
pub use copy::copy;
pub use frames::frames;
pub use http::http;
pub use import::import;
pub use outgoing::outgoing;
pub use request::request;
pub use search::search;
pub use token::token;
pub use wire::wire;

/// Panics if something does not hold for these bytes.
pub type Target = fn(&[u8]);

/// Of each target the name, which is that of its corpus, and its function.
pub const TARGETS: &[(&str, Target)] = &[
    ("address", address),
    ("body", body),
    ("command", command),
    ("copy", copy),
    ("frames", frames),
    ("http", http),
    ("import", import),
    ("outgoing", outgoing),
    ("request", request),
    ("search", search),
    ("token", token),
    ("wire", wire),
];
