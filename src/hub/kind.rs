//! What kinds of frames there are for a full outbox.

use crate::model::{GroupId, Seq};

/// What frames are, which decides who goes first when an outbox is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The answer to a request of this socket. Always taken: who does not take its answers is not read from,
    /// so there are few.
    Reply,
    /// Messages of a group, the first of them with this `seq`. Dropped all together when they do not fit, and
    /// read again from where they are kept.
    Stored(GroupId, Seq),
    /// What nobody needs later. Dropped first.
    Ephemeral,
}
