//! `groupcast verify`: a client of the server that looks for lost, doubled and reordered messages,
//! and for changes of them that are lost, doubled or undone.
//!
//! It starts servers as processes of their own and uses them as any client would, over REST and sockets. It is a crate
//! beside the server, so that it can't know how that works inside: what it knows is what `docs/protocol.md` tells
//! everyone.
//!
//! Several servers share a Postgres. Each reaches that, and NATS, over links of its own, which can be cut. A plan that
//! follows from the seed says what befalls whom; clients that lose their server go to another.
//!
//! The ledger compares and does no I/O. The rest feeds it: senders with what was acked, receivers with what they
//! saw, and in the end REST with what is stored. Each receiver's log is folded into a state, which has to be the
//! same for all, and that which a naive model makes of the acks.

mod action;
mod check;
mod cluster;
mod command;
mod content;
mod cursor;
mod database;
mod endpoints;
mod entry;
mod error;
mod event;
mod fault;
mod history;
mod ids;
mod launch;
mod ledger;
mod links;
mod node;
mod nodes;
mod options;
mod pace;
mod plan;
mod poster;
mod presence;
mod progress;
mod receiver;
mod report;
mod rest;
mod run;
mod samples;
mod seat;
mod sender;
mod setup;
mod shared;
mod socket;
mod spell;
mod text_reader;
mod timing;
mod trouble;

pub use check::Check;
pub use error::VerifyError;
pub use options::{InvalidOptions, Options};
pub use report::Report;
