//! A group.

use serde::Serialize;

use crate::chat::Chat;
use crate::model::{Group, JoinPolicy};

/// A group. Where names are believed the program that came before had neither topics nor invitations, so they are told
/// of groups alone that have any.
#[derive(Serialize)]
pub(in crate::http) struct GroupView<'g> {
    id: i64,
    name: &'g str,
    is_private: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<&'static str>,
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
        }
    }
}
