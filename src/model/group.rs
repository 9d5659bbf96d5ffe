//! Groups.

use std::sync::Arc;

use super::{GroupId, JoinPolicy};

/// A group of users who read each other's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The number the database gave.
    pub id: GroupId,
    /// Unique, at most [`GROUP_NAME_CHARS_MAX`](super::limits::GROUP_NAME_CHARS_MAX) characters.
    pub name: Arc<str>,
    /// A private group has at most [`PRIVATE_MEMBERS_MAX`](super::limits::PRIVATE_MEMBERS_MAX) members, a
    /// public one any number.
    pub is_private: bool,
    /// What it is about, at most [`TOPIC_CHARS_MAX`](super::limits::TOPIC_CHARS_MAX) characters; may be empty.
    pub topic: Arc<str>,
    /// How one gets into a public group. Into a private one nobody walks but the first two, where names are believed.
    pub join: JoinPolicy,
}

impl Group {
    /// Whether only those know of it who belong to it.
    pub fn is_hidden(&self) -> bool {
        self.is_private || self.join == JoinPolicy::Invite
    }
}
