//! What changes in a group beside messages that are sent: the other entries of its log.

use std::sync::Arc;

use super::{Group, JoinPolicy, MessageId, Role, Seq, Timestamp, User, UserId};

/// A change with its numbers, as stored and as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number in its group, of one row with the messages: 1, 2, 3, without gaps.
    pub seq: Seq,
    /// Where it happened.
    pub group: Arc<Group>,
    /// Who did it.
    pub user: Arc<User>,
    /// What it is.
    pub kind: ChangeKind,
    /// The actor's own name for it, by which a retry is known; only edits have one. Unique for ever per user and group,
    /// over messages too.
    pub client_id: Option<Box<str>>,
    /// When the server took it; ascending with what it took before, messages too.
    pub created_at: Timestamp,
}

/// What a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A message has another content.
    Edited {
        /// The message.
        message: MessageKey,
        /// Its content. Of a change that is read again that of today, empty if the message was deleted since.
        content: Box<str>,
        /// Whom it mentions, of today too.
        mentions: Mentions,
    },
    /// A message has no content any more.
    Deleted {
        /// The message.
        message: MessageKey,
    },
    /// Somebody's reaction to a message has come or gone.
    Reaction {
        /// The message.
        message: MessageKey,
        /// 1 to 64 bytes of UTF-8 without white space or NUL.
        emoji: Box<str>,
        /// Whether it has come.
        on: bool,
    },
    /// Somebody has come, gone, or is something else.
    Member {
        /// Who it is, as of today.
        member: Arc<User>,
        /// What has become of them.
        change: MemberChange,
        /// Their role, where it is about that.
        role: Option<Role>,
        /// The end of a ban or mute that has one.
        until: Option<Timestamp>,
    },
    /// The group has another name, topic, or way to join. Each is there if it has changed.
    Group {
        /// The name it got.
        name: Option<Box<str>>,
        /// The topic it got.
        topic: Option<Box<str>>,
        /// How one joins it since.
        join: Option<JoinPolicy>,
    },
}

impl ChangeKind {
    /// The message that it is about, if it is about one.
    pub fn target(&self) -> Option<MessageKey> {
        match self {
            Self::Edited { message, .. } | Self::Deleted { message } | Self::Reaction { message, .. } => {
                Some(*message)
            }
            Self::Member { .. } | Self::Group { .. } => None,
        }
    }
}

/// What has become of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Is one now.
    Joined,
    /// Is none any more, by themself.
    Left,
    /// Was taken out.
    Kicked,
    /// Was taken out, and is kept out.
    Banned,
    /// Is kept out no longer.
    Unbanned,
    /// May not write.
    Muted,
    /// May write again.
    Unmuted,
    /// Has no account any more.
    Erased,
    /// Has another role.
    Role,
}

impl MemberChange {
    /// All of them, in the order of their numbers in the databases.
    pub const ALL: [Self; 9] = [
        Self::Joined,
        Self::Left,
        Self::Kicked,
        Self::Banned,
        Self::Unbanned,
        Self::Muted,
        Self::Unmuted,
        Self::Erased,
        Self::Role,
    ];

    /// As clients are told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Unbanned => "unbanned",
            Self::Muted => "muted",
            Self::Unmuted => "unmuted",
            Self::Erased => "erased",
            Self::Role => "role",
        }
    }
}

/// The two numbers of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageKey {
    /// See [`Message::id`](super::Message::id).
    pub id: MessageId,
    /// See [`Message::seq`](super::Message::seq).
    pub seq: Seq,
}

/// Users whom a content mentions, in ascending order, each once; most mention nobody.
pub type Mentions = Box<[UserId]>;
