//! Entries of a group's log.

use super::{Change, Message, Seq};

/// An entry of a group's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message.
    Message(Message),
    /// Anything else.
    Change(Change),
}

impl Entry {
    /// Its number in its group.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Message(message) => message.seq,
            Self::Change(change) => change.seq,
        }
    }
}
