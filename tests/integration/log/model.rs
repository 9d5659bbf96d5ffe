//! What a naive client makes of a group's log: nothing but what the entries say, in their order.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

/// A reaction: who, and which.
type Reaction = (i64, String);

/// What the entries that were seen make of the group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    /// The highest `seq` that was seen.
    pub(super) head: i64,
    /// What was said, by `id`, as it is today.
    messages: BTreeMap<i64, Value>,
    /// The reactions that are there, in the order in which they came, by message.
    reactions: BTreeMap<i64, Vec<Reaction>>,
    /// What is known of the group.
    pub(super) group: BTreeMap<String, String>,
    /// Where the state of a content or of a reaction comes from; the second is absent for contents.
    made_by: HashMap<(i64, Option<Reaction>), i64>,
}

impl Model {
    /// Takes in the next entry.
    pub(super) fn take(&mut self, entry: &Value) {
        self.head += 1;
        assert_eq!(entry["seq"], self.head, "a hole before {entry}");
        let message_id = entry["message_id"].as_i64().unwrap_or_default();
        let name = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        match name("type").as_str() {
            "message" => {
                let mut message = entry.clone();
                message.as_object_mut().unwrap().remove("type");
                let id = message["id"].as_i64().unwrap();
                self.messages.insert(id, message);
                self.made_by.insert((id, None), self.head);
            }
            "edited" => {
                let message = self.message_mut(message_id);
                message["content"] = entry["content"].clone();
                message["edited_at"] = entry["created_at"].clone();
                match entry.get("mentions") {
                    Some(mentions) => message["mentions"] = mentions.clone(),
                    None => drop(message.as_object_mut().unwrap().remove("mentions")),
                }
                self.made_by.insert((message_id, None), self.head);
            }
            "deleted" => {
                let message = self.message_mut(message_id);
                message["content"] = json!("");
                message["deleted"] = json!(true);
                for field in ["edited_at", "mentions"] {
                    message.as_object_mut().unwrap().remove(field);
                }
                self.reactions.remove(&message_id);
                self.made_by.insert((message_id, None), self.head);
            }
            "reaction" => {
                let reaction = (entry["user_id"].as_i64().unwrap(), name("emoji"));
                let reactions = self.reactions.entry(message_id).or_default();
                reactions.retain(|other| *other != reaction);
                if entry["on"] == true {
                    reactions.push(reaction.clone());
                }
                self.made_by.insert((message_id, Some(reaction)), self.head);
            }
            "group" => {
                for field in ["name", "topic", "join"] {
                    if entry.get(field).is_some() {
                        self.group.insert(field.to_owned(), name(field));
                    }
                }
                if let Some(group_name) = entry.get("name") {
                    self.messages.values_mut().for_each(|message| message["group_name"] = group_name.clone());
                }
            }
            "member" => {}
            kind => panic!("no entry: {kind}"),
        }
    }

    fn message_mut(&mut self, id: i64) -> &mut Value {
        self.messages.get_mut(&id).expect("what changes was said before")
    }

    /// Forgets what stands before this place.
    pub(super) fn cut(&mut self, first: i64) {
        self.messages.retain(|_, message| message["seq"].as_i64() >= Some(first));
        self.reactions.retain(|id, _| self.messages.contains_key(id));
    }

    /// The numbers of all messages.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.messages.keys().copied().collect()
    }

    /// A message.
    pub(super) fn message(&self, id: i64) -> &Value {
        &self.messages[&id]
    }

    /// Whether somebody's reaction is there.
    pub(super) fn has(&self, id: i64, reaction: &Reaction) -> bool {
        self.reactions.get(&id).is_some_and(|reactions| reactions.contains(reaction))
    }

    /// The `seq` of what made a content, or somebody's reaction, what it is.
    pub(super) fn made_by(&self, id: i64, reaction: Option<Reaction>) -> i64 {
        let of_message = || self.messages[&id]["seq"].as_i64().unwrap();
        self.made_by.get(&(id, reaction)).copied().unwrap_or_else(of_message)
    }

    /// The messages as they are to be listed.
    pub(super) fn list(&self) -> Vec<Value> {
        self.messages.iter().map(|(id, message)| self.listed(*id, message)).collect()
    }

    fn listed(&self, id: i64, message: &Value) -> Value {
        let mut message = message.clone();
        let mut counts: Vec<(&str, Vec<i64>)> = Vec::new();
        for (user, emoji) in self.reactions.get(&id).into_iter().flatten() {
            match counts.iter_mut().find(|(of, _)| of == emoji) {
                Some((_, users)) => users.push(*user),
                None => counts.push((emoji, vec![*user])),
            }
        }
        let shown = |(emoji, users): &(&str, Vec<i64>)| json!({ "emoji": emoji, "count": users.len(), "user_ids": users });
        if !counts.is_empty() {
            message["reactions"] = counts.iter().map(shown).collect();
        }
        let of_thread = |other: &&Value| other["thread_id"] == id && other.get("deleted").is_none();
        let replies: Vec<&Value> = self.messages.values().filter(of_thread).collect();
        if let Some(last) = replies.last() {
            message["replies"] = json!(replies.len());
            message["last_reply_at"] = last["created_at"].clone();
        }
        message
    }
}
