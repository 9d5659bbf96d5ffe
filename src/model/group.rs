//! Groups.

use std::sync::Arc;

use super::GroupId;

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
}
