//! Random histories of which only the newest part is kept.

use groupcast_kit::random::{Random, seeds};
use serde_json::{Value, json};

use super::model::Model;
use super::scene::{Scene, delete, edit, is_entry, next_entry, react, replay, reply, span};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::until;

both_stores!(what_is_left_is_the_same_however_it_is_read);

const ROUNDS: usize = 12;
const KEPT: usize = 15;

/// A history under way.
struct History {
    scene: Scene,
    random: Random,
    alice: JsonSocket,
    reader: JsonSocket,
    /// All entries as they were told live.
    told: Vec<Value>,
    /// What they come to, but for what was cut off.
    model: Model,
    /// Where the log begins.
    first: i64,
    /// The acks of what was sent under a name.
    acks: Vec<Value>,
}

async fn what_is_left_is_the_same_however_it_is_read(store: Store) {
    let seed = seeds(1).next().unwrap();
    println!("seed {seed}");
    let options = [&format!("--retain-messages={KEPT}"), "--retain-interval=50ms"];
    let scene = Scene::start_with(store, &options).await;
    let (alice, reader) = (scene.join("alice").await, scene.join("bob").await);
    let random = Random::new(seed);
    let (told, acks) = (Vec::new(), Vec::new());
    let mut history = History { scene, random, alice, reader, told, model: Model::default(), first: 1, acks };
    for round in 0..ROUNDS {
        for _ in 0..3 + history.random.below(12) {
            history.step().await;
        }
        history.settle().await;
        history.check(round).await;
        if round % 4 == 3 {
            history.scene.server.kill9().await;
            history.scene.server.restart().await;
            history.alice = history.scene.join("alice").await;
            history.reader = history.scene.join("bob").await;
            history.check(round).await;
        }
    }
}

impl History {
    /// Does something; it may be cut off before the next is done.
    async fn step(&mut self) {
        let group = self.scene.group;
        let ids = self.model.ids();
        let id = if ids.is_empty() { json!(0) } else { json!(ids[self.random.size(ids.len())]) };
        let content = self.random.below(1 << 40).to_string();
        let mut command = match self.random.below(10) {
            0..4 => json!({ "type": "send", "group_id": group, "content": content }),
            4 => reply(group, &id, &content),
            5..7 => edit(group, &id, &content),
            7 => delete(group, &id),
            _ => react(group, &id, "+1", self.random.chance(60)),
        };
        let is_named = command["type"] == "send" || command["type"] == "edit";
        if is_named && self.random.chance(70) {
            command["client_id"] = json!(content);
        }
        let answer = self.alice.ask(command.clone()).await;
        match answer["type"].as_str() {
            Some("ack") if answer["duplicate"] == true => {}
            Some("ack") => {
                let entry = next_entry(&mut self.reader).await;
                assert_eq!(
                    (&entry["seq"], entry["seq"].as_u64()),
                    (&answer["seq"], Some(self.told.len() as u64 + 1))
                );
                self.model.take(&entry);
                self.told.push(entry);
                if command.get("client_id").is_some() {
                    self.acks.push(answer);
                }
            }
            // Deleted, or cut off a moment ago.
            _ => assert_eq!(answer["code"], "not_found", "{answer} to {command}"),
        }
    }

    /// Waits until what is not to be kept is cut off.
    async fn settle(&mut self) {
        let messages: Vec<&Value> = self.told.iter().filter(|entry| entry["type"] == "message").collect();
        if let Some(oldest) = messages.len().checked_sub(KEPT) {
            self.first = messages[oldest]["seq"].as_i64().unwrap();
        }
        let (group, first, head) = (self.scene.group, self.first, self.told.len() as i64);
        let mut socket = JsonSocket::hello(&self.scene.server, "bob").await;
        until("the log to be cut off", async || {
            let found = span(&mut socket, group).await;
            assert!(found.0 <= first && found.1 == head, "{found:?}, not {:?}", (first, head));
            (found.0 == first).then_some(())
        })
        .await;
        self.model.cut(first);
    }

    /// Asserts that all ways lead to the same.
    async fn check(&mut self, round: usize) {
        let (group, first, head) = (self.scene.group, self.first, self.told.len() as i64);
        let expected = Value::from(self.model.list());
        assert_eq!(self.scene.list().await, expected, "over REST, round {round}");
        let mut socket = JsonSocket::hello(&self.scene.server, "bob").await;
        let history = socket.ask(json!({ "type": "history", "group_id": group, "limit": 1000 })).await;
        assert_eq!(history["messages"], expected, "history, round {round}");
        for after in [0, first - 1, self.random.below(head as u64 + 1) as i64, head] {
            let replayed = replay(&mut socket, group, after).await;
            let replayed: Vec<Value> =
                replayed.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
            self.check_entries(&replayed, after.max(first - 1));
        }
        let Value::Array(log) = self.scene.log(0).await else { panic!("not a list") };
        self.check_entries(&log, first - 1);
        for entry in self.told.iter().filter(|entry| entry["type"] == "message") {
            let path = format!("/api/v1/messages/{}", entry["id"]);
            let is_left = entry["seq"].as_i64() >= Some(first);
            let status = self.scene.server.http().await.get(&path).await.status;
            assert_eq!(status, if is_left { 200 } else { 404 }, "{entry}");
        }
        for ack in &self.acks {
            let client_id = ack["client_id"].as_str().unwrap();
            let again = self.alice.store_as(group, "again", client_id).await;
            assert_eq!(again["duplicate"], true, "{again}");
            for field in ["message_id", "seq", "created_at"] {
                assert_eq!(again[field], ack[field], "{field} of {again}");
            }
        }
    }

    /// Asserts that these are the entries behind this place, messages as they are today.
    fn check_entries(&self, entries: &[Value], after: i64) {
        let expected = &self.told[after as usize..];
        assert_eq!(entries.len(), expected.len());
        for (entry, told) in entries.iter().zip(expected) {
            assert!(is_entry(entry));
            for field in ["type", "seq", "message_id", "id", "created_at", "emoji", "on"] {
                assert_eq!(entry[field], told[field], "{field} of {entry}");
            }
            match entry["type"].as_str() {
                Some("message") => {
                    let message = self.model.message(entry["id"].as_i64().unwrap());
                    assert_eq!(entry["content"], message["content"]);
                }
                Some("edited") => {
                    let is_left = told["message_seq"].as_i64() >= Some(self.first);
                    let today = is_left.then(|| self.model.message(told["message_id"].as_i64().unwrap()));
                    assert_eq!(entry["content"], today.map_or(json!(""), |today| today["content"].clone()));
                }
                _ => {}
            }
        }
    }
}
