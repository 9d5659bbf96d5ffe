//! The integration tests: the program and the library from outside, over real sockets, files and databases.
//!
//! One binary, so that it links once and all tests share one Postgres. Each module is named after what it
//! holds the server to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is tested is another process, which goes by the real clock"
)]

#[macro_use]
#[expect(unreachable_pub, reason = "shared by all modules of this binary")]
mod support;

mod access;
mod bench;
mod beside;
mod cluster;
mod config;
mod cors;
mod crowd;
mod cycles;
mod deflate;
mod durability;
mod eager;
mod edge;
mod fanout;
mod faults;
mod fuzz_corpus;
mod healthcheck;
mod hostile;
mod http_conformance;
mod http_wire;
mod idempotency;
mod json_frames;
mod json_mode;
mod layers;
mod leaving;
mod log;
mod log_lines;
mod matched_path;
mod messages;
mod metrics;
mod migrate;
mod openapi;
mod operators;
mod outage;
mod page;
mod poison;
mod pooler;
mod postgres_tls;
mod presence;
mod private_chat;
mod protocol_document;
mod rate_limit;
mod reconnect;
mod rest;
mod resume;
mod slow_reader;
mod stop;
mod store;
mod text_mode;
mod tls;
mod transfer;
mod unfinished;
mod verify;
mod ws_wire;
