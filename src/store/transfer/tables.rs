//! The tables, each with the struct of its records.
//!
//! Derived, and so left out, are `mentions` (from `messages.mentions`), `search_documents` or `search_words`,
//! `search_progress` and `search_queue` (the index, which is filled anew), `users.username_lower`, and `server.marked_id`:
//! marks are exported as if a sweep had just moved them. What is about one database alone is left out too: the list of its
//! migrations, `import_progress`, `server.owner` and `server.changes`. A test of each store holds that nothing else is.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::field::{Digest, Field, Id, Kind, Last, MessageNumber, Text, Time, Users, Value};
use super::record::{Column, Source, Table, field, tables};
use super::words::{ActorWord, EntryKind, MemberChangeWord, RoleWord, ScopeWord};
use crate::store::{StoreResult, prefix};

tables! {
    /// What concerns the database as a whole.
    Server = "server" in "server" by ["only_row"] => {
        epoch: Text,
        signing_secret: Option<Text>,
        unsettled: bool,
        /// Highest number that a group has had. Postgres's sequence has it.
        last_group_id: Last,
        /// Highest number that a key has had. In both databases a sequence has it.
        last_api_key_id: Last,
        last_message_id: Last,
        last_message_at: Time,
    }

    User = "user" in "users" by ["id"], derived "username_lower": |user: &User| prefix::lower(&user.username.0) => {
        id: Id,
        username: Text,
        email: Text,
        password: Text,
        is_admin: bool,
        erased: bool,
    }

    OutsideIdentity = "outside_identity" in "outside_identities" by ["issuer", "subject"] => {
        issuer: Text,
        subject: Text,
        user_id: Id,
    }

    EndedToken = "ended_token" in "ended_tokens" by ["digest"] => {
        digest: Digest,
        expires_at: Time,
    }

    Session = "session" in "sessions" by ["id"] => {
        id: Id,
        user_id: Id,
        created_at: Time,
        renewed_at: Time,
        expires_at: Time,
        client: Text,
        family_digest: Digest,
        current_digest: Digest,
    }

    ApiKey = "api_key" in "api_keys" by ["id"] => {
        id: Id,
        name: Text,
        digest: Digest,
        scope: ScopeWord,
        actor: ActorWord,
        user_id: Option<Id>,
        created_at: Time,
    }

    Group = "group" in "groups" by ["id"] => {
        id: Id,
        name: Text,
        is_private: bool,
        topic: Text,
        invite_only: bool,
        first_seq: Id,
        retain_age_s: Option<Id>,
        retain_messages: Option<Id>,
    }

    PrivatePair = "private_pair" in "private_pairs" by ["low_user_id", "high_user_id"] => {
        low_user_id: Id,
        high_user_id: Id,
        group_id: Id,
    }

    Membership = "membership" in "group_memberships" by ["group_id", "user_id"] => {
        group_id: Id,
        user_id: Id,
        role: RoleWord,
        joined_at: Time,
        /// How far the member has read, what they have sent themselves among it.
        read_seq: Last,
    }

    Ban = "ban" in "group_bans" by ["group_id", "user_id"] => {
        group_id: Id,
        user_id: Id,
        by_user_id: Option<Id>,
        reason: Option<Text>,
        until: Option<Time>,
        created_at: Time,
    }

    Mute = "mute" in "group_mutes" by ["group_id", "user_id"] => {
        group_id: Id,
        user_id: Id,
        by_user_id: Option<Id>,
        until: Option<Time>,
        created_at: Time,
    }

    Message = "message" in "messages" by ["id"] => {
        id: MessageNumber,
        group_id: Id,
        seq: Id,
        user_id: Id,
        created_at: Time,
        content: Text,
        client_id: Option<Text>,
        reply_to: Option<MessageNumber>,
        thread_id: Option<MessageNumber>,
        mentions: Option<Users>,
        edited_at: Option<Time>,
        edited_seq: Option<Id>,
        deleted_at: Option<Time>,
        deleted_seq: Option<Id>,
    }

    Reaction = "reaction" in "reactions" by ["message_id", "emoji", "user_id"] => {
        message_id: MessageNumber,
        emoji: Text,
        user_id: Id,
        is_on: bool,
        seq: Id,
        created_at: Time,
    }

    LogEntry = "log_entry" in "log_entries" by ["group_id", "seq"] => {
        group_id: Id,
        seq: Id,
        place: Id,
        user_id: Id,
        kind: EntryKind,
        message_id: Option<MessageNumber>,
        message_seq: Option<Id>,
        emoji: Option<Text>,
        is_on: Option<bool>,
        member_id: Option<Id>,
        member_change: Option<MemberChangeWord>,
        role: Option<RoleWord>,
        until: Option<Time>,
        name: Option<Text>,
        topic: Option<Text>,
        invite_only: Option<bool>,
        client_id: Option<Text>,
        created_at: Time,
    }

    SentId = "sent_id" in "sent_ids" by ["group_id", "user_id", "client_id"] => {
        group_id: Id,
        user_id: Id,
        client_id: Text,
        message_id: MessageNumber,
        seq: Id,
        created_at: Time,
    }
}

impl Record {
    /// What kind of record it is, as an export calls it.
    pub(crate) fn kind(&self) -> &'static str {
        self.table().record
    }

    /// All kinds of records.
    pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|table| table.record)
    }

    /// Bytes of the one text that may be long.
    pub(super) fn content_bytes(&self) -> usize {
        if let Self::Message(message) = self { message.content.0.len() } else { 0 }
    }

    /// What it lacks to make sense, which neither its form nor a database tells.
    ///
    /// # Errors
    /// The column that nothing stands in.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let Self::LogEntry(entry) = self else { return Ok(()) };
        let of_message =
            [("message_id", entry.message_id.is_some()), ("message_seq", entry.message_seq.is_some())];
        let of_reaction = [("emoji", entry.emoji.is_some()), ("is_on", entry.is_on.is_some())];
        let of_member =
            [("member_id", entry.member_id.is_some()), ("member_change", entry.member_change.is_some())];
        let needed = match entry.kind {
            EntryKind::Edited | EntryKind::Deleted => of_message.to_vec(),
            EntryKind::Reaction => [of_message, of_reaction].concat(),
            EntryKind::Member => of_member.to_vec(),
            EntryKind::Group => Vec::new(),
        };
        needed.iter().find(|(_, is_there)| !is_there).map_or(Ok(()), |(column, _)| Err(column))
    }
}
