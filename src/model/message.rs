//! Messages, before and after they have their numbers.

use std::sync::Arc;

use super::{Group, MemberState, MessageId, Seq, Timestamp, User};

/// A message that a sender handed in and that has no number yet.
///
/// Content and `client_id` were checked by then: no NUL, within the limits.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Where it goes.
    pub group: Arc<Group>,
    /// Who sent it.
    pub user: Arc<User>,
    /// What it says; may be empty.
    pub content: Box<str>,
    /// The sender's own name for it, by which a retry is known; unique for ever per sender and group.
    pub client_id: Option<Box<str>>,
    /// When the server took it.
    pub received_at: Timestamp,
    /// Whether the sender may still write when it is stored.
    pub member: Arc<MemberState>,
}

/// A message with its numbers, as stored and as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Unique over all groups.
    pub id: MessageId,
    /// Its number in its group: 1, 2, 3, without gaps.
    pub seq: Seq,
    /// Where it went.
    pub group: Arc<Group>,
    /// Who sent it.
    pub user: Arc<User>,
    /// What it says.
    pub content: Box<str>,
    /// See [`NewMessage::client_id`].
    pub client_id: Option<Box<str>>,
    /// When the server took it; ascending with `id`.
    pub created_at: Timestamp,
}
