//! What both databases check in the values they read and turn into parameters of what they ask.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{MessageFilter, StoreError, StoreResult};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{
    GroupId, JoinPolicy, KeyActor, MessageDetails, MessageId, RetentionRule, Role, Scope, Seq, Timestamp,
    UserId,
};

/// Message numbers are below this, so that a JavaScript client can hold them exactly.
const MESSAGE_ID_END: i64 = 1 << 53;

/// Names that are tried for one who is erased. The longest has 46 characters.
const PLACEHOLDERS: usize = 20;

/// Groups of one's own, and keys, that are listed at most.
pub(super) const LIST_ROWS_MAX: i64 = 10_000;

/// Messages that a sweep of the read marks looks at.
pub(super) const MARKED_MESSAGES_MAX: i64 = 5_000;

/// Users who reacted to a message in one way that are told.
pub(super) const REACTION_USERS_MAX: i64 = 10;

/// Rows that ran out which are cleared away at once.
pub(super) const CLEARED_ROWS_MAX: i64 = 1_000;

/// How many there are, as the database counts them.
pub(super) fn length(count: i64) -> u64 {
    count.unsigned_abs()
}

/// A user's number as read from `table`.`column`.
pub(super) fn user_id(value: i64, table: &'static str, column: &'static str) -> StoreResult<UserId> {
    positive(value, i64::MAX, table, column).map(UserId)
}

/// A group's number as read from `table`.`column`.
pub(super) fn group_id(value: i64, table: &'static str, column: &'static str) -> StoreResult<GroupId> {
    positive(value, i64::MAX, table, column).map(GroupId)
}

/// A message's number as read from `messages.id`.
pub(super) fn message_id(value: i64) -> StoreResult<MessageId> {
    positive(value, MESSAGE_ID_END, "messages", "id").map(MessageId)
}

/// A message's place as read from `messages.seq`.
pub(super) fn seq(value: i64) -> StoreResult<Seq> {
    positive(value, i64::MAX, "messages", "seq").map(Seq)
}

fn positive(value: i64, end: i64, table: &'static str, column: &'static str) -> StoreResult<i64> {
    if (1..end).contains(&value) {
        Ok(value)
    } else {
        Err(StoreError::Corrupt { table, column, reason: format!("{value} is out of range") })
    }
}

/// A part in a group as read from `group_memberships.role`.
pub(super) fn role(value: i64) -> StoreResult<Role> {
    [Role::Member, Role::Admin, Role::Owner]
        .into_iter()
        .find(|&role| i64::from(role_number(role)) == value)
        .ok_or_else(|| unknown(value, "group_memberships", "role"))
}

/// How `group_memberships.role` has it.
pub(super) fn role_number(role: Role) -> i16 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}

/// What a key may be used for, as read from `api_keys.scope`.
pub(super) fn scope(value: i64) -> StoreResult<Scope> {
    [Scope::Read, Scope::Write, Scope::Admin]
        .into_iter()
        .find(|&scope| i64::from(scope_number(scope)) == value)
        .ok_or_else(|| unknown(value, "api_keys", "scope"))
}

/// How `api_keys.scope` has it.
pub(super) fn scope_number(scope: Scope) -> i16 {
    match scope {
        Scope::Read => 0,
        Scope::Write => 1,
        Scope::Admin => 2,
    }
}

/// As whom a key acts, as read from `api_keys.actor` and `api_keys.user_id`.
pub(super) fn actor(value: i64, user: Option<i64>) -> StoreResult<KeyActor> {
    match (value, user) {
        (0, Some(user)) => Ok(KeyActor::User(user_id(user, "api_keys", "user_id")?)),
        (1, None) => Ok(KeyActor::Any),
        (2, None) => Ok(KeyActor::Server),
        _ => Err(unknown(value, "api_keys", "actor")),
    }
}

/// How `api_keys.actor` and `api_keys.user_id` have it.
pub(super) fn actor_numbers(actor: KeyActor) -> (i16, Option<i64>) {
    match actor {
        KeyActor::User(user) => (0, Some(user.0)),
        KeyActor::Any => (1, None),
        KeyActor::Server => (2, None),
    }
}

/// How one gets into a group, as read from `groups.invite_only`.
pub(super) fn join_policy(invite_only: bool) -> JoinPolicy {
    if invite_only { JoinPolicy::Invite } else { JoinPolicy::Open }
}

/// A group's own rule as read from `groups.retain_age_s` and `groups.retain_messages`.
pub(super) fn retention(age_s: Option<i64>, messages: Option<i64>) -> StoreResult<RetentionRule> {
    let seconds = |value: i64| u64::try_from(value).map_err(|_| unknown(value, "groups", "retain_age_s"));
    let count = |value: i64| {
        let count = u32::try_from(value).ok().and_then(NonZeroU32::new);
        count.ok_or_else(|| unknown(value, "groups", "retain_messages"))
    };
    Ok(RetentionRule {
        max_age: age_s.map(seconds).transpose()?.map(Duration::from_secs),
        max_messages: messages.map(count).transpose()?,
    })
}

/// How `groups.retain_age_s` and `groups.retain_messages` have it.
pub(super) fn retention_numbers(rule: RetentionRule) -> (Option<i64>, Option<i64>) {
    let seconds = |age: Duration| count(age.as_secs());
    (rule.max_age.map(seconds), rule.max_messages.map(|messages| messages.get().into()))
}

/// The older of the oldest message and the oldest change of a log.
pub(super) fn older(
    message: Option<(Seq, Timestamp)>,
    change: Option<(Seq, Timestamp)>,
) -> Option<(Seq, Timestamp)> {
    message.into_iter().chain(change).min()
}

/// How the databases have an end: none at all is NULL.
pub(super) fn until(end: Timestamp) -> Option<Timestamp> {
    (end != Timestamp::FOREVER).then_some(end)
}

/// Names for one who is erased, the best first; whoever registers may have taken some of them.
pub(super) fn placeholders(user: UserId) -> Vec<String> {
    (0..PLACEHOLDERS).map(|dashes| format!("deleted-{user}{}", "-".repeat(dashes))).collect()
}

/// A number that stands for nothing.
pub(super) fn unknown(value: i64, table: &'static str, column: &'static str) -> StoreError {
    StoreError::Corrupt { table, column, reason: format!("{value} stands for nothing") }
}

/// How many rows to bring for a `limit`.
pub(super) fn page_rows(limit: u64) -> i64 {
    limit.min(PAGE_ROWS_MAX as u64) as i64
}

/// A count as the databases take it; what is beyond their range is beyond any table too.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The places that a filter lets through, both exclusive; all of them without a group.
pub(super) fn places(filter: &MessageFilter) -> (i64, i64) {
    if filter.group.is_none() {
        return (0, i64::MAX);
    }
    (filter.after_seq.map_or(0, |seq| seq.0), filter.before_seq.map_or(i64::MAX, |seq| seq.0))
}

/// Whom a content mentions, as the databases take it between these brackets; nobody is NULL.
pub(super) fn mentions_text(mentions: &[UserId], brackets: [char; 2]) -> Option<String> {
    if mentions.is_empty() {
        return None;
    }
    let numbers: Vec<String> = mentions.iter().map(UserId::to_string).collect();
    Some(format!("{}{}{}", brackets[0], numbers.join(","), brackets[1]))
}

/// What few messages have; nothing of it is `None`.
pub(super) fn details(details: MessageDetails) -> Option<Box<MessageDetails>> {
    (details != MessageDetails::default()).then(|| Box::new(details))
}

/// The two users of a pair in ascending order, so that either may ask.
pub(super) fn pair(one: UserId, other: UserId) -> (UserId, UserId) {
    (one.min(other), one.max(other))
}
