//! How far members have read.

use super::Asked;
use crate::model::{GroupId, ReadMark, Seq, UserId};

/// Read marks. A mark never goes back. A new member's is the head of the group; who sends a message has read up to it.
///
/// Storing a message does not touch the mark of its sender: that would cost every message a second row. A
/// [`sweep`](Self::sweep) moves the marks behind the messages, and whoever reads a mark takes what its user has sent since
/// then into account. So a mark is right at every moment, and nothing is lost with the server.
pub trait Marks: Send + Sync + 'static {
    /// Moves a member's mark up to this `seq`, or to the group's head if that is lower, and tells where it is then and what
    /// comes after it. Nothing is written for a mark that is there already. `None` if the user is no member. Marks that
    /// come together are moved together.
    fn mark(&self, group: GroupId, user: UserId, seq: Seq) -> Asked<'_, Option<ReadMark>>;

    /// Moves the marks of those who have sent messages since the last sweep, of which it looks at 5,000 at most.
    fn sweep(&self) -> Asked<'_, Swept>;
}

/// What a sweep has left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// Nothing, as far as it has looked.
    All,
    /// There may be more messages.
    Part,
}
