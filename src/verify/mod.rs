//! `groupcast verify`: a client of the server that looks for lost, doubled and reordered messages.
//!
//! It starts a server as a process of its own and uses it as any client would, over REST and sockets in JSON
//! mode. Nothing here knows how the server works inside.
//!
//! The ledger compares and does no I/O. The rest feeds it: senders with what was acked,
//! receivers with what they saw, and in the end REST with what is stored.

mod content;
mod cursor;
mod error;
mod event;
mod fault;
mod ledger;
mod process;
mod progress;
mod random;
mod receiver;
mod report;
mod rest;
mod run;
mod sender;
mod setup;
mod shared;
mod socket;

pub use error::VerifyError;
pub use report::Report;
pub use run::run;
