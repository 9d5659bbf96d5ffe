//! What stands beside messages.

use super::{Timestamp, UserId};

/// What stands beside a message in lists, and in no log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// In the order in which the first of each came.
    pub reactions: Vec<ReactionCount>,
    /// Answers in the thread that it begins that are not deleted, and when the newest of them came; 0 if it begins none.
    pub replies: u64,
    /// See [`replies`](Self::replies).
    pub last_reply_at: Option<Timestamp>,
}

/// Who reacted to a message in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionCount {
    /// The reaction.
    pub emoji: Box<str>,
    /// How many did.
    pub count: u64,
    /// At most ten of them, those who came first.
    pub users: Vec<UserId>,
}
