//! A group's log: messages, what becomes of them, and what becomes of the group.

mod deleting;
mod editing;
mod marks;
mod mentions;
mod model;
mod moderation;
mod polling;
mod random;
mod reactions;
mod retention;
mod retention_random;
mod rights;
pub(crate) mod scene;
mod search;
mod search_traces;
mod threads;
