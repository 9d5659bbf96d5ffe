//! A server with something of everything on it.

use serde_json::{Value, json};

use super::program::done;
use crate::access::people::{Client, PASSWORD, Person, Town};
use crate::support::database::{Database, Store};
use crate::support::server::Server;
use crate::support::socket::{Socket, encoded};
use crate::support::until;

/// How the server runs: logs are cut off soon.
pub(super) const OPTIONS: &[&str] = &["--auth=token", "--retain-interval=50ms"];

/// A server in token mode, whose signing secret its database keeps, and people there.
pub(super) struct Scene {
    pub(super) town: Town,
    pub(super) root: Person,
    pub(super) ann: Person,
    pub(super) bob: Person,
    pub(super) cid: Person,
    /// Owned by ann; bob and cid are members, and eve was.
    pub(super) square: i64,
    /// Of ann, which keeps three messages.
    pub(super) short: i64,
    /// Of ann and bob.
    pub(super) private: i64,
    /// One that acts as bob.
    pub(super) key: String,
}

impl Scene {
    /// Fills a new database.
    pub(super) async fn start(store: Store) -> Self {
        let database = Database::create(store).await;
        let password = format!("{PASSWORD}\n");
        let add = ["user", "add", "root", "--email", "root@example.com", "--admin", "--password-stdin"];
        done(&database, &add, password.as_bytes()).await;
        let town = Town { server: Server::start_on(database, OPTIONS).await, keys: Vec::new() };
        let (ann, bob, cid) = (town.person("ann").await, town.person("BøbΩ").await, town.person("cid").await);
        let root = town.log_in("root").await;
        let (mut by_ann, mut by_bob) = (town.client(&ann.token).await, town.client(&bob.token).await);
        let square = by_ann.create_group("the \"square\" \u{202e}☃", false).await;
        let short = by_ann.create_group("short", false).await;
        for group in [square, short] {
            by_bob.put(&format!("groups/{group}/members/{}", bob.id), json!({})).await.ok();
        }
        let private = open_private(&town, &ann, bob.id, "BøbΩ").await;
        let mut scene = Self { town, root, ann, bob, cid, square, short, private, key: String::new() };
        scene.talk().await;
        scene.govern().await;
        scene.cut_off().await;
        scene.go().await;
        scene
    }

    pub(super) async fn by(&self, person: &Person) -> Client {
        self.town.client(&person.token).await
    }

    /// Says something, with further members of the body.
    pub(super) async fn say(&self, person: &Person, group: i64, content: &str, further: Value) -> Value {
        let mut body = json!({ "group_id": group, "content": content });
        for (name, value) in further.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.by(person).await.post("messages/", body).await.ok()
    }

    /// Messages with all that may be done to them.
    async fn talk(&self) {
        let (ann, bob) = (&self.ann, &self.bob);
        for content in ["", "\t\"\\\u{1}\u{7f}\u{2028}", "日本語のメッセージ 👩‍👩‍👧", &"x".repeat(70_000)]
        {
            self.say(ann, self.square, content, json!({})).await;
        }
        let root = self.say(bob, self.square, "hello @ann and @cid", json!({ "client_id": "bob 1" })).await;
        let reply = self
            .say(ann, self.square, "@cid no", json!({ "reply_to": root["id"], "client_id": "ä/1" }))
            .await;
        self.say(bob, self.square, "yes", json!({ "reply_to": reply["id"] })).await;
        let gone = self.say(bob, self.square, "secretly", json!({ "client_id": "gone" })).await;
        let mut by_bob = self.by(bob).await;
        let edit = json!({ "content": "hello @ann, once more", "client_id": "edit 1" });
        by_bob.patch(&format!("messages/{}", root["id"]), edit).await.ok();
        by_bob.delete(&format!("messages/{}", gone["id"])).await;
        for (person, emoji, is_on) in
            [(bob, "👍🏽", true), (ann, "👍🏽", true), (ann, "aa", true), (bob, "Z", true), (bob, "Z", false)]
        {
            let path = format!("messages/{}/reactions/{}", root["id"], encoded(emoji));
            let mut client = self.by(person).await;
            match is_on {
                true => assert_eq!(client.put(&path, json!({})).await.status, 204),
                false => client.delete(&path).await,
            }
        }
        self.say(ann, self.private, "between us", json!({})).await;
        self.say(bob, self.private, "@ann indeed", json!({})).await;
        let read = json!({ "seq": 2 });
        by_bob.put(&format!("groups/{}/read/", self.square), read).await.ok();
    }

    /// What is done to members and groups.
    async fn govern(&mut self) {
        let square = format!("groups/{}", self.square);
        let mut by_ann = self.by(&self.ann).await;
        by_ann.patch(&square, json!({ "topic": "what is\nthere", "join": "invite" })).await.ok();
        by_ann.put(&format!("{square}/members/{}", self.cid.id), json!({ "role": "admin" })).await.ok();
        let (eve, fay) = (self.town.person("eve").await, self.town.person("fay").await);
        for person in [&eve, &fay] {
            by_ann.put(&format!("{square}/members/{}", person.id), json!({})).await.ok();
        }
        let until = "2090-01-02T03:04:05.678901Z";
        let ban = json!({ "reason": "\u{1F4A9}", "until": until });
        by_ann.put(&format!("{square}/bans/{}", eve.id), ban).await.ok();
        by_ann.put(&format!("{square}/mutes/{}", fay.id), json!({ "until": until })).await.ok();
        by_ann.put(&format!("{square}/mutes/{}", self.bob.id), json!({})).await.ok();
        // With its group the newest message goes, and the number of each stays spent.
        let gone = by_ann.create_group("gone", false).await;
        self.say(&self.ann, gone, "to be forgotten", json!({})).await;
        by_ann.delete(&format!("groups/{gone}")).await;
        let mut by_root = self.by(&self.root).await;
        assert_eq!(by_root.ask("DELETE", &format!("users/{}", fay.id), &Value::Null).await.status, 204);
        let database = self.town.server.database();
        if database.url().starts_with("postgres") {
            let add = ["key", "add", "bobs key", "--scope=write", "--as=BøbΩ"];
            self.key = done(database, &add, b"").await.trim().to_owned();
        }
    }

    /// A log of which the beginning goes.
    async fn cut_off(&self) {
        for n in 1..=6 {
            self.say(&self.ann, self.short, &format!("{n}"), json!({ "client_id": format!("{n}") })).await;
        }
        let path = format!("groups/{}", self.short);
        let mut by_ann = self.by(&self.ann).await;
        by_ann.patch(&path, json!({ "retention": { "max_messages": 3, "max_age_s": 1_000_000 } })).await.ok();
        until("the log to be cut off", async || {
            let log = self.by(&self.ann).await.get(&format!("{path}/log/?limit=1")).await.ok();
            (log[0]["content"] == "4").then_some(())
        })
        .await;
    }

    /// Sessions: one more of ann's, and one that is no more.
    async fn go(&mut self) {
        self.ann = self.town.log_in("ann").await;
        let gone = self.town.log_in("ann").await;
        self.by(&gone).await.delete("sessions/current").await;
        let (mut stranger, token) =
            (self.town.stranger().await, json!({ "refresh_token": self.ann.refresh_token }));
        self.ann = Person::of(&stranger.post("sessions/refresh/", token).await.ok());
    }

    /// Stops the server, and gives its database something of what only an outside issuer would.
    pub(super) async fn stop(&mut self) -> &Database {
        assert!(self.town.server.terminate().await.success());
        let database = self.town.server.database();
        let (digest, until) = match database.url().starts_with("sqlite:") {
            true => (format!("x'{}'", "0f".repeat(32)), "3786825845678901"),
            false => (format!("'\\x{}'", "0f".repeat(32)), "'2089-12-31T03:04:05.678901Z'"),
        };
        let sql = format!(
            "INSERT INTO outside_identities VALUES ('https://b', 'é', 2), ('https://a', 'z', 3), ('https://a', 'Z', 4);
             INSERT INTO ended_tokens VALUES ({digest}, {until});"
        );
        super::program::execute(database, &sql).await;
        if self.key.is_empty() {
            let add = ["key", "add", "bobs key", "--scope=write", "--as=BøbΩ"];
            self.key = done(database, &add, b"").await.trim().to_owned();
        }
        database
    }

    /// The same people on a server on another database.
    pub(super) async fn moved_to(&self, database: Database) -> Self {
        let town = Town { server: Server::start_on(database, OPTIONS).await, keys: Vec::new() };
        let people = [&self.root, &self.ann, &self.bob, &self.cid].map(Person::clone);
        let [root, ann, bob, cid] = people;
        let (square, short, private) = (self.square, self.short, self.private);
        Self { town, root, ann, bob, cid, square, short, private, key: self.key.clone() }
    }

    /// All that people see.
    pub(super) async fn view(&self) -> Vec<Value> {
        let mut paths =
            ["users/me", "users/me/groups/", "groups/?limit=100", "sessions/", "messages/?limit=1000"]
                .map(str::to_owned)
                .to_vec();
        for group in [self.square, self.short, self.private] {
            for of_group in ["", "/members/", "/bans/", "/mutes/", "/log/?limit=1000"] {
                paths.push(format!("groups/{group}{of_group}"));
            }
        }
        let mut seen = Vec::new();
        for person in [&self.root, &self.ann, &self.bob, &self.cid] {
            let mut client = self.by(person).await;
            for path in &paths {
                let answer = client.get(path).await;
                seen.push(json!([path, person.id, answer.status, answer.json()]));
            }
        }
        seen
    }

    /// What ann finds.
    pub(super) async fn find(&self, query: &str) -> Value {
        self.by(&self.ann).await.get(&format!("search/?q={}", encoded(query))).await.ok()
    }
}

/// The number of the private chat of two, which one of them opens.
pub(super) async fn open_private(town: &Town, one: &Person, other: i64, name: &str) -> i64 {
    let path = format!("/ws/chat/{}/{}", one.id, encoded(name));
    let protocols = format!("bearer.{}", one.token);
    let mut socket = Socket::open_with(&town.server, &path, &protocols).await;
    assert!(socket.text().await.ends_with(" joined the chat."));
    let mut client = town.client(&one.token).await;
    let groups = client.get("users/me/groups/").await.ok();
    let groups = groups.as_array().expect("a list").iter().filter(|own| own["group"]["is_private"] == true);
    let mut found = Vec::new();
    for own in groups {
        let members = client.get(&format!("groups/{}/members/", own["group"]["id"])).await.ok();
        if members.as_array().expect("a list").iter().any(|member| member["id"] == other) {
            found.push(own["group"]["id"].as_i64().expect("a number"));
        }
    }
    assert_eq!(found.len(), 1, "one private chat");
    found[0]
}
