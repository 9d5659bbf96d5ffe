//! How far somebody has read a group.

use super::Seq;
use super::limits::UNREAD_MAX;

/// What a member has not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages by others after the mark that are not deleted; exact below [`UNREAD_MAX`], which stands for more too.
    pub messages: u64,
    /// Those of them that mention the member, counted likewise.
    pub mentions: u64,
}

impl Unread {
    /// Of counts without a bound.
    pub fn new(messages: u64, mentions: u64) -> Self {
        Self { messages: messages.min(UNREAD_MAX), mentions: mentions.min(UNREAD_MAX) }
    }

    /// Whether there may be more than is told.
    pub fn is_capped(self) -> bool {
        self.messages.max(self.mentions) >= UNREAD_MAX
    }
}

/// A member's mark in a group, when it was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// Up to which `seq` the member has read.
    pub seq: Seq,
    /// Whether it stood before that until now.
    pub has_moved: bool,
    /// What comes after it.
    pub unread: Unread,
}
