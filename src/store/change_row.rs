//! Changes as rows of `log_entries`, the same in both databases.

use std::sync::Arc;

use super::row::{self, unknown};
use super::{StoreError, StoreResult};
use crate::model::{
    Change, ChangeKind, JoinPolicy, MemberChange, Mentions, MessageKey, Timestamp, User, UserId,
};

/// The columns of a [`ChangeRow`]. Those of its [`Detail`] are the twelve from the fourth on.
pub(super) const COLUMNS: &str = "group_id, seq, user_id, kind, message_id, message_seq, emoji, is_on, member_id, \
    member_change, role, until, name, topic, invite_only, client_id, created_at";

/// A row: everything but what a message says.
#[derive(Debug, PartialEq)]
pub(super) struct ChangeRow<'a> {
    pub(super) group: i64,
    pub(super) seq: i64,
    pub(super) user: i64,
    pub(super) created_at: Timestamp,
    pub(super) client_id: Option<&'a str>,
    pub(super) detail: Detail<'a>,
}

/// What a change is, as a row has it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Detail<'a> {
    pub(super) kind: i16,
    pub(super) message_id: Option<i64>,
    pub(super) message_seq: Option<i64>,
    pub(super) emoji: Option<&'a str>,
    pub(super) is_on: Option<bool>,
    pub(super) member: Option<i64>,
    pub(super) member_change: Option<i16>,
    pub(super) role: Option<i16>,
    pub(super) until: Option<Timestamp>,
    pub(super) name: Option<&'a str>,
    pub(super) topic: Option<&'a str>,
    pub(super) invite_only: Option<bool>,
}

/// What [`Detail::kind`] of an edit is, whose content has to be looked up.
pub(super) const EDITED: i16 = 0;
const DELETED: i16 = 1;
const REACTION: i16 = 2;
const MEMBER: i16 = 3;
const GROUP: i16 = 4;

impl<'a> ChangeRow<'a> {
    /// The row of a change.
    pub(super) fn of(change: &'a Change) -> Self {
        Self {
            group: change.group.id.0,
            seq: change.seq.0,
            user: change.user.id.0,
            created_at: change.created_at,
            client_id: change.client_id.as_deref(),
            detail: Detail::of(&change.kind),
        }
    }
}

impl<'a> Detail<'a> {
    fn of(kind: &'a ChangeKind) -> Self {
        let about = |kind, message: &MessageKey| Self {
            kind,
            message_id: Some(message.id.0),
            message_seq: Some(message.seq.0),
            ..Self::default()
        };
        match kind {
            ChangeKind::Edited { message, .. } => about(EDITED, message),
            ChangeKind::Deleted { message } => about(DELETED, message),
            ChangeKind::Reaction { message, emoji, on } => {
                Self { emoji: Some(emoji), is_on: Some(*on), ..about(REACTION, message) }
            }
            ChangeKind::Member { member, change, role, until } => Self {
                kind: MEMBER,
                member: Some(member.id.0),
                member_change: Some(*change as i16),
                role: role.map(row::role_number),
                until: until.and_then(row::until),
                ..Self::default()
            },
            ChangeKind::Group { name, topic, join } => Self {
                kind: GROUP,
                name: name.as_deref(),
                topic: topic.as_deref(),
                invite_only: join.map(|join| join == JoinPolicy::Invite),
                ..Self::default()
            },
        }
    }

    /// What the row says. An edit has the content and mentions of `today`; `user` finds the member it is about.
    pub(super) fn read(
        &self,
        today: impl FnOnce() -> StoreResult<(Box<str>, Mentions)>,
        user: impl FnOnce(UserId) -> StoreResult<Arc<User>>,
    ) -> StoreResult<ChangeKind> {
        Ok(match self.kind {
            EDITED => {
                let (content, mentions) = today()?;
                ChangeKind::Edited { message: self.message()?, content, mentions }
            }
            DELETED => ChangeKind::Deleted { message: self.message()? },
            REACTION => ChangeKind::Reaction {
                message: self.message()?,
                emoji: there(self.emoji, "emoji")?.into(),
                on: there(self.is_on, "is_on")?,
            },
            MEMBER => ChangeKind::Member {
                member: user(row::user_id(there(self.member, "member_id")?, "log_entries", "member_id")?)?,
                change: member_change(there(self.member_change, "member_change")?)?,
                role: self.role.map(|role| row::role(role.into())).transpose()?,
                until: self.until,
            },
            GROUP => ChangeKind::Group {
                name: self.name.map(Into::into),
                topic: self.topic.map(Into::into),
                join: self.invite_only.map(row::join_policy),
            },
            kind => return Err(unknown(kind.into(), "log_entries", "kind")),
        })
    }

    fn message(&self) -> StoreResult<MessageKey> {
        Ok(MessageKey {
            id: row::message_id(there(self.message_id, "message_id")?)?,
            seq: row::seq(there(self.message_seq, "message_seq")?)?,
        })
    }
}

fn member_change(value: i16) -> StoreResult<MemberChange> {
    let change = MemberChange::ALL.into_iter().find(|&change| change as i16 == value);
    change.ok_or_else(|| unknown(value.into(), "log_entries", "member_change"))
}

fn there<T>(value: Option<T>, column: &'static str) -> StoreResult<T> {
    let missing = || StoreError::Corrupt { table: "log_entries", column, reason: "is missing".into() };
    value.ok_or_else(missing)
}
