//! A self-hosted group-chat server: REST and WebSockets in front, Postgres or embedded SQLite behind.
//!
//! The layers, from the top; each knows those below it and none above or beside it:
//!
//! | module | what lives there |
//! |---|---|
//! | [`admin`] | what operators do from the command line |
//! | [`server`] | the listener, one thread per core, the life of a TCP connection, draining |
//! | [`http`] | REST: router, validation, responses; the WebSocket handshake |
//! | [`ws`] | the life of one WebSocket |
//! | [`chat`] | the use cases, free of any transport |
//! | [`writer`] | numbering and group commit |
//! | [`cluster`] | what several nodes tell each other |
//! | [`acme`] | certificates from an authority, in time |
//! | [`auth`] | passwords, tokens, secrets, rate limits |
//! | [`hub`] | who listens to which group, and fan-out |
//! | [`store`] | durable storage: Postgres and SQLite |
//! | [`metrics`] | what is counted, and how it is shown |
//! | [`protocol`] | what goes over the wire, as bytes; no I/O |
//! | [`compat`] | what imitates the FastAPI program that came before |
//! | [`transport`] | the byte stream of a connection: a socket, or TLS over it |
//! | [`search`] | what words are, in any script, and where a text has them |
//! | [`model`] | users, groups, messages, limits |
//!
//! Apart from these stands the crate `groupcast-verify`, a client that checks a server from outside.
//!
//! `ARCHITECTURE.md` tells how they work together.

pub mod acme;
pub mod admin;
pub mod auth;
pub mod chat;
pub mod cluster;
pub mod compat;
pub mod config;
pub mod http;
pub mod hub;
pub mod metrics;
pub mod model;
pub mod protocol;
pub mod search;
pub mod server;
pub mod store;
pub mod transport;
pub mod writer;
pub mod ws;
