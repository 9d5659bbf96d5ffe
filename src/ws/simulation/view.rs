//! What the messages of groups are to a client that has applied all entries up to a place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::model::{GroupId, MessageId, Seq};

/// Users, each with a reaction.
pub(super) type Reactions = BTreeSet<(i64, String)>;

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) content: String,
    pub(super) is_deleted: bool,
    pub(super) edited_at: Option<String>,
    pub(super) reactions: Reactions,
}

/// All that a client knows, over all its connections.
#[derive(Default)]
pub(super) struct Views(HashMap<GroupId, (Seq, BTreeMap<MessageId, View>)>);

impl Views {
    /// The place in a group up to which it has applied all.
    pub(super) fn applied(&self, group: GroupId) -> Seq {
        self.0.get(&group).map(|(applied, _)| *applied).unwrap_or_default()
    }

    /// Applies an entry, if it is the next.
    pub(super) fn apply(&mut self, group: GroupId, seq: Seq, payload: &[u8]) -> Result<(), String> {
        let (applied, messages) = self.0.entry(group).or_default();
        if seq != applied.next() {
            return Ok(());
        }
        let event: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        *applied = seq;
        let text = |name: &str| event[name].as_str().map(ToOwned::to_owned);
        if event["type"] == "message" {
            let view = View {
                content: text("content").unwrap_or_default(),
                is_deleted: event["deleted"] == true,
                edited_at: text("edited_at"),
                reactions: Reactions::new(),
            };
            messages.insert(MessageId(event["id"].as_i64().unwrap_or_default()), view);
            return Ok(());
        }
        if event["type"] == "member" {
            return Ok(());
        }
        let id = MessageId(event["message_id"].as_i64().unwrap_or_default());
        let view = messages.get_mut(&id).ok_or_else(|| format!("{event} is about no message"))?;
        if view.is_deleted {
            return Ok(());
        }
        match event["type"].as_str() {
            Some("edited") => {
                view.content = text("content").unwrap_or_default();
                view.edited_at = view.edited_at.take().max(text("created_at"));
            }
            Some("deleted") => *view = View { is_deleted: true, ..View::default() },
            Some("reaction") => {
                let reaction =
                    (event["user_id"].as_i64().unwrap_or_default(), text("emoji").unwrap_or_default());
                match event["on"] == true {
                    true => view.reactions.insert(reaction),
                    false => view.reactions.remove(&reaction),
                };
            }
            _ => return Err(format!("{event} is no entry")),
        }
        Ok(())
    }

    /// A message that is something else than what is stored, if there is one.
    pub(super) fn difference(
        &self,
        group: GroupId,
        stored: impl Iterator<Item = (MessageId, View)>,
    ) -> Option<String> {
        let known = self.0.get(&group).map(|(_, messages)| messages);
        let stored: BTreeMap<MessageId, View> = stored.collect();
        let (id, view) =
            stored.iter().find(|(id, view)| known.and_then(|known| known.get(id)) != Some(view))?;
        let seen = known.and_then(|known| known.get(id));
        Some(format!("message {id} of group {group} is {seen:?}, stored is {view:?}"))
    }
}
