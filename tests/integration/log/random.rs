//! Random histories: whoever has missed whatever has the same in the end, and REST says it too.

use groupcast_kit::random::{Random, seeds};
use serde_json::{Value, json};

use super::model::Model;
use super::scene::{Scene, delete, edit, is_entry, next_entry, react, reaction_path, replay, reply};
use crate::support::database::Store;
use crate::support::json::JsonSocket;

both_stores!(whatever_was_missed_the_state_is_the_same);

const STEPS: usize = 200;
const USERS: [&str; 2] = ["alice", "bob"];
const EMOJI: [&str; 4] = ["+1", "🎉", "%2B?#", "é"];

/// A history under way.
struct History {
    scene: Scene,
    random: Random,
    /// What the acks say should have come of it.
    model: Model,
    speakers: Vec<JsonSocket>,
    reader: JsonSocket,
}

async fn whatever_was_missed_the_state_is_the_same(store: Store) {
    let seed = seeds(1).next().unwrap();
    println!("seed {seed}");
    let scene = Scene::start(store).await;
    let mut speakers = Vec::new();
    for user in USERS {
        speakers.push(scene.join(user).await);
    }
    let reader = scene.join("alice").await;
    let model = Model::default();
    let mut history = History { scene, random: Random::new(seed), model, speakers, reader };
    let mut snapshots = vec![Model::default()];
    for step in 0..STEPS {
        history.step(step).await;
        while snapshots.len() as i64 <= history.model.head {
            let mut seen = snapshots[snapshots.len() - 1].clone();
            seen.take(&next_entry(&mut history.reader).await);
            snapshots.push(seen);
        }
        if step % 20 == 19 {
            history.check(&snapshots, step).await;
        }
    }
    history.scene.server.terminate().await;
    history.scene.server.restart().await;
    for _ in 0..5 {
        history.check(&snapshots, STEPS).await;
    }
}

impl History {
    async fn step(&mut self, step: usize) {
        let by = self.random.size(USERS.len());
        let ids = self.model.ids();
        let id = if ids.is_empty() { 0 } else { ids[self.random.size(ids.len())] };
        // Few messages are changed often.
        let id = if ids.len() > 12 && self.random.chance(70) { ids[ids.len() - 12] } else { id };
        match self.random.below(20) {
            _ if ids.is_empty() => self.say(by, step, None).await,
            0..4 => self.say(by, step, None).await,
            4..7 => self.say(by, step, Some(id)).await,
            7..12 => self.edit(by, step, id).await,
            12..14 => self.delete(by, id).await,
            14..19 => self.react(by, id).await,
            _ => self.rename(step).await,
        }
    }

    fn user(&self, by: usize) -> i64 {
        [self.scene.alice, self.scene.bob][by]
    }

    /// A content, whom it mentions, and what this makes of a message.
    fn content(&mut self, step: usize) -> (String, Option<Value>) {
        match self.random.below(4) {
            0 => (format!("{step} @bob"), Some(json!([self.scene.bob]))),
            1 => ("again".to_owned(), None),
            _ => (step.to_string(), None),
        }
    }

    async fn say(&mut self, by: usize, step: usize, answered: Option<i64>) {
        let group = self.scene.group;
        let (content, mentions) = self.content(step);
        let mut command = json!({ "type": "send", "group_id": group, "content": content });
        if let Some(id) = answered {
            command = reply(group, &json!(id), &content);
        }
        let ack = self.speakers[by].ask(command).await;
        let mut entry = json!({
            "type": "message", "id": ack["message_id"], "content": content, "user_id": self.user(by),
            "username": USERS[by], "group_id": group, "group_name": self.group_name(),
            "created_at": ack["created_at"], "seq": ack["seq"],
        });
        if let Some(id) = answered {
            let thread = self.model.message(id).get("thread_id").cloned();
            entry["reply_to"] = json!(id);
            entry["thread_id"] = thread.unwrap_or_else(|| json!(id));
        }
        entry.as_object_mut().unwrap().extend(mentions.map(|mentions| ("mentions".to_owned(), mentions)));
        self.model.take(&entry);
    }

    fn group_name(&self) -> String {
        self.model.group.get("name").cloned().unwrap_or_else(|| "g".to_owned())
    }

    async fn edit(&mut self, by: usize, step: usize, id: i64) {
        let (content, mentions) = self.content(step);
        let answer = self.speakers[by].ask(edit(self.scene.group, &json!(id), &content)).await;
        let message = self.model.message(id);
        if message.get("deleted").is_some() {
            assert_eq!(answer["code"], "not_found", "{answer}");
        } else if message["user_id"] != self.user(by) {
            assert_eq!(answer["code"], "forbidden", "{answer}");
        } else if message["content"] == content.as_str() {
            self.expect_duplicate(&answer, self.model.made_by(id, None));
        } else {
            let mut entry = self.change("edited", &answer);
            entry["content"] = json!(content);
            entry.as_object_mut().unwrap().extend(mentions.map(|mentions| ("mentions".to_owned(), mentions)));
            self.model.take(&entry);
        }
    }

    async fn delete(&mut self, by: usize, id: i64) {
        let answer = self.speakers[by].ask(delete(self.scene.group, &json!(id))).await;
        let message = self.model.message(id);
        if message["user_id"] != self.user(by) {
            // Where names are believed the group's owner deletes what others said.
            if by == 1 {
                assert_eq!(answer["code"], "forbidden", "{answer}");
                return;
            }
        }
        if message.get("deleted").is_some() {
            self.expect_duplicate(&answer, self.model.made_by(id, None));
        } else {
            let entry = self.change("deleted", &answer);
            self.model.take(&entry);
        }
    }

    async fn react(&mut self, by: usize, id: i64) {
        let (emoji, on) = (EMOJI[self.random.size(EMOJI.len())], self.random.chance(65));
        let reaction = (self.user(by), emoji.to_owned());
        let is_deleted = self.model.message(id).get("deleted").is_some();
        if self.random.chance(20) {
            // Without a socket: the entry says what came of it.
            let method = if on { "PUT" } else { "DELETE" };
            let path = reaction_path(&json!(id), emoji);
            let answer = self.scene.ask(self.user(by), method, &path, Value::Null).await;
            assert_eq!(answer.status, if is_deleted { 404 } else { 204 });
            let log = self.scene.log(self.model.head).await;
            let changes = usize::from(!is_deleted && self.model.has(id, &reaction) != on);
            assert_eq!(log.as_array().map(Vec::len), Some(changes), "{log}");
            log.as_array().unwrap().iter().for_each(|entry| self.model.take(entry));
            return;
        }
        let answer = self.speakers[by].ask(react(self.scene.group, &json!(id), emoji, on)).await;
        if is_deleted {
            assert_eq!(answer["code"], "not_found", "{answer}");
        } else if self.model.has(id, &reaction) == on {
            self.expect_duplicate(&answer, self.model.made_by(id, Some(reaction)));
        } else {
            let mut entry = self.change("reaction", &answer);
            (entry["emoji"], entry["on"], entry["user_id"]) = (json!(emoji), json!(on), json!(self.user(by)));
            self.model.take(&entry);
        }
    }

    async fn rename(&mut self, step: usize) {
        let change = if self.random.chance(50) { "name" } else { "topic" };
        let (path, value) = (format!("groups/{}", self.scene.group), format!("g{step}"));
        self.scene.ask(self.scene.alice, "PATCH", &path, json!({ change: value })).await.ok();
        let seq = self.model.head + 1;
        self.model.take(&json!({ "type": "group", "seq": seq, change: value }));
    }

    /// An entry that an ack tells of.
    fn change(&self, kind: &str, ack: &Value) -> Value {
        assert_eq!((&ack["type"], &ack["duplicate"]), (&json!("ack"), &json!(false)), "{ack}");
        json!({
            "type": kind, "message_id": ack["message_id"], "seq": ack["seq"], "created_at": ack["created_at"],
        })
    }

    fn expect_duplicate(&self, ack: &Value, seq: i64) {
        assert_eq!((&ack["duplicate"], &ack["seq"]), (&json!(true), &json!(seq)), "{ack}");
    }

    /// Asserts that all ways lead to the same: live, `snapshots` of which are given by `seq`; replayed from any of them;
    /// and read over REST and as history.
    async fn check(&mut self, snapshots: &[Model], step: usize) {
        let (group, head) = (self.scene.group, self.model.head);
        let live = &snapshots[snapshots.len() - 1];
        assert_eq!(live.head, head);
        let expected = Value::from(self.model.list());
        assert_eq!(Value::from(live.list()), expected, "live, step {step}");
        assert_eq!(self.scene.list().await, expected, "over REST, step {step}");
        let mut socket = JsonSocket::hello(&self.scene.server, "bob").await;
        let history = socket.ask(json!({ "type": "history", "group_id": group, "limit": 1000 })).await;
        assert_eq!(history["messages"], expected, "history, step {step}");
        let back = self.random.below(4) as i64;
        for after in [0, self.random.below(head as u64 + 1) as i64, head - back.min(head), head] {
            let mut resumed = snapshots[after as usize].clone();
            for frame in replay(&mut socket, group, after).await {
                let entry: Value = serde_json::from_str(&frame).unwrap();
                assert!(is_entry(&entry));
                resumed.take(&entry);
            }
            assert_eq!(resumed.head, head);
            assert_eq!(Value::from(resumed.list()), expected, "resumed after {after} of {head}, step {step}");
            assert_eq!(resumed.group, live.group);
        }
        let log = self.scene.log(0).await;
        let mut polled = Model::default();
        log.as_array().unwrap().iter().for_each(|entry| polled.take(entry));
        assert_eq!(Value::from(polled.list()), expected, "polled, step {step}");
    }
}
