//! Users, groups and messages, made and read over REST.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::server::Server;

impl Server {
    /// Creates a user of this name and gives their number.
    pub async fn user(&self, name: &str) -> i64 {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let email = format!("user{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed));
        let body = json!({ "username": name, "email": email, "password": "secret" });
        self.http().await.post("/api/v1/users/", &body).await.ok()["id"].as_i64().expect("a number")
    }

    /// Creates these users.
    pub async fn users(&self, names: &[&str]) {
        for name in names {
            self.user(name).await;
        }
    }

    /// Creates a public group of this name and gives its number.
    pub async fn public_group(&self, name: &str) -> i64 {
        self.group(name, false).await
    }

    /// Creates a private group of this name and gives its number.
    pub async fn private_group(&self, name: &str) -> i64 {
        self.group(name, true).await
    }

    async fn group(&self, name: &str, is_private: bool) -> i64 {
        let body = json!({ "name": name, "is_private": is_private });
        self.http().await.post("/api/v1/groups/", &body).await.ok()["id"].as_i64().expect("a number")
    }

    /// All messages of the group, after a check that their places have no gaps.
    pub async fn messages(&self, group: i64) -> Vec<Value> {
        let path = format!("/api/v1/messages/?group_id={group}&limit=1000000");
        let Value::Array(messages) = self.http().await.get(&path).await.ok() else { panic!("not a list") };
        for (index, message) in messages.iter().enumerate() {
            assert_eq!(message["seq"].as_u64(), Some(index as u64 + 1), "a gap: {message}");
        }
        assert!(messages.is_sorted_by_key(|message| message["id"].as_i64()), "ids do not ascend");
        messages
    }

    /// All messages of the group as text mode shows them.
    pub async fn lines(&self, group: i64) -> Vec<String> {
        let messages = self.messages(group).await;
        messages
            .iter()
            .map(|message| format!("{}: {}", text(&message["username"]), text(&message["content"])))
            .collect()
    }
}

/// A JSON string's text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
