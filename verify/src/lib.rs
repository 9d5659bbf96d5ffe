//! `groupcast verify`: a client of the server that looks for lost, doubled and reordered messages,
//! and for changes of them that are lost, doubled or undone.
//!
//! It starts a server as a process of its own and uses it as any client would, over REST and sockets. It is a crate
//! beside the server, so that it can't know how that works inside: what it knows is what `docs/protocol.md` tells
//! everyone.
//!
//! The ledger compares and does no I/O. The rest feeds it: senders with what was acked, receivers with what they
//! saw, and in the end REST with what is stored. Each receiver's log is folded into a state, which has to be the
//! same for all, and that which a naive model makes of the acks.

mod action;
mod check;
mod command;
mod content;
mod cursor;
mod database;
mod entry;
mod error;
mod event;
mod fault;
mod history;
mod ids;
mod launch;
mod ledger;
mod options;
mod pace;
mod poster;
mod progress;
mod receiver;
mod report;
mod rest;
mod run;
mod sender;
mod setup;
mod shared;
mod socket;
mod text_reader;

pub use check::Check;
pub use error::VerifyError;
pub use options::{InvalidOptions, Options};
pub use report::Report;
