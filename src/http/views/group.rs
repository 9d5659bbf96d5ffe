//! A group.

use std::num::NonZeroU32;

use serde::Serialize;
use utoipa::ToSchema;

use super::words::join_policy;
use crate::chat::Chat;
use crate::model::{Group, JoinPolicy, RetentionRule};

/// A group. Where names are believed the program that came before had neither topics nor invitations, so they are told
/// of groups alone that have any.
#[derive(Serialize, ToSchema)]
#[schema(
    as = Group,
    description = "A group. A private one has at most two members. One by one it is shown with its own rule about how \
                   much of its log is kept, if it has one.",
    examples(json!({"id": 1, "name": "lobby", "is_private": false, "topic": "All about tea", "join": "open"}))
)]
pub(in crate::http) struct GroupView<'g> {
    id: i64,
    name: &'g str,
    is_private: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    topic: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = join_policy)]
    join: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retention: Option<RetentionView>,
}

/// How much of a group's log is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Retention)]
struct RetentionView {
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_age_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_messages: Option<u32>,
}

impl<'g> GroupView<'g> {
    /// The group as this chat shows it.
    pub(in crate::http) fn new(chat: &Chat, group: &'g Group) -> Self {
        let tells_all = !chat.believes_names();
        Self {
            id: group.id.0,
            name: &group.name,
            is_private: group.is_private,
            topic: Some(&*group.topic).filter(|topic| tells_all || !topic.is_empty()),
            join: Some(group.join)
                .filter(|join| tells_all || *join != JoinPolicy::default())
                .map(JoinPolicy::name),
            retention: None,
        }
    }

    /// The same with the group's own rule about how much of its log is kept, if it has one. Lists are without.
    pub(in crate::http) fn with_retention(self, rule: RetentionRule) -> Self {
        let retention = (!rule.keeps_all()).then(|| RetentionView {
            max_age_s: rule.max_age.map(|age| age.as_secs()),
            max_messages: rule.max_messages.map(NonZeroU32::get),
        });
        Self { retention, ..self }
    }
}
