//! How far members have read, and what they have not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use groupcast_kit::random::{Random, seeds};
use serde_json::{Value, json};

use super::scene::{Scene, delete, edit, hello, react};
use crate::access::people::{Town, Trio, refused};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Socket, group_path};

both_stores!(
    what_is_unread_is_what_a_naive_model_says,
    own_sockets_are_told_at_once_and_others_once_a_second,
    a_large_group_is_not_told,
    counts_end_at_a_thousand,
    a_mark_is_a_number_from_zero_on,
    members_mark_and_nobody_else,
    a_key_marks_if_it_may_write,
);

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const STEPS: usize = 160;

fn read(group: i64, seq: i64) -> Value {
    json!({ "type": "read", "group_id": group, "seq": seq })
}

/// A history under way: what is listed is taken for true, and the marks of members are kept beside it.
struct History {
    scene: Scene,
    users: [i64; 3],
    sockets: Vec<JsonSocket>,
    marks: HashMap<usize, i64>,
    random: Random,
}

async fn what_is_unread_is_what_a_naive_model_says(store: Store) {
    let seed = seeds(1).next().unwrap();
    println!("seed {seed}");
    let scene = Scene::start(store).await;
    let carol = scene.server.user("carol").await;
    let users = [scene.alice, scene.bob, carol];
    let (marks, random) = (HashMap::from([(0, 0)]), Random::new(seed));
    let mut history = History { scene, users, sockets: Vec::new(), marks, random };
    history.connect().await;
    for step in 0..STEPS {
        history.step(step).await;
        if step % 8 == 7 {
            history.check(step).await;
        }
    }
}

impl History {
    /// Opens sockets that read nothing.
    async fn connect(&mut self) {
        self.sockets.clear();
        for user in USERS {
            self.sockets.push(JsonSocket::hello(&self.scene.server, user).await);
        }
    }

    async fn head(&self) -> i64 {
        self.scene.log(0).await.as_array().unwrap().len() as i64
    }

    async fn step(&mut self, step: usize) {
        let who = self.random.size(USERS.len());
        let (group, user) = (self.scene.group, self.users[who]);
        let member = format!("groups/{group}/members/{user}");
        if !self.marks.contains_key(&who) {
            let head = self.head().await;
            // Those who come by a socket leave no entry.
            if self.random.chance(50) {
                self.sockets[who].subscribe(group).await;
                let left = self.sockets[who].ask(json!({ "type": "unsubscribe", "group_id": group })).await;
                assert_eq!(left["type"], "unsubscribed", "{left}");
            } else {
                self.scene.ask(user, "PUT", &member, Value::Null).await.ok();
            }
            self.marks.insert(who, head);
            return;
        }
        match self.random.below(16) {
            0..5 => self.say(who, step).await,
            5..8 => self.change(who, step).await,
            8 if who > 0 => {
                assert_eq!(self.scene.ask(user, "DELETE", &member, Value::Null).await.status, 204);
                self.marks.remove(&who);
            }
            9 if self.random.chance(40) => {
                self.scene.server.kill9().await;
                self.scene.server.restart().await;
                self.connect().await;
            }
            _ => self.mark(who).await,
        }
    }

    async fn say(&mut self, who: usize, step: usize) {
        let content = format!("{step} @{}", USERS[self.random.size(USERS.len())]);
        let seq = if self.random.chance(50) {
            self.sockets[who].store(self.scene.group, &content).await["seq"].clone()
        } else {
            self.scene.post(self.users[who], &content).await["seq"].clone()
        };
        self.marks.insert(who, seq.as_i64().unwrap());
    }

    /// Changes a message of one's own, or reacts to any.
    async fn change(&mut self, who: usize, step: usize) {
        let (group, list) = (self.scene.group, self.scene.list().await);
        let is_there = |message: &&Value| message.get("deleted").is_none();
        let all: Vec<&Value> = list.as_array().unwrap().iter().filter(is_there).collect();
        let own: Vec<&&Value> = all.iter().filter(|message| message["user_id"] == self.users[who]).collect();
        let (Some(any), Some(own)) = (all.last(), own.last()) else { return };
        let command = match self.random.below(4) {
            0 => delete(group, &own["id"]),
            1 => edit(group, &own["id"], &format!("{step} @{}", USERS[self.random.size(USERS.len())])),
            _ => react(group, &any["id"], ["+1", "-1"][step % 2], !step.is_multiple_of(3)),
        };
        let ack = self.sockets[who].ask(command).await;
        assert_eq!(ack["type"], "ack", "{ack}");
    }

    /// Moves a mark over either way.
    async fn mark(&mut self, who: usize) {
        let head = self.head().await;
        let seq = self.random.below(head as u64 + 3) as i64;
        let mark = self.marks.entry(who).or_default();
        *mark = (*mark).max(seq.min(head));
        let group = self.scene.group;
        if self.random.chance(50) {
            let mut answer = self.sockets[who].ask(read(group, seq)).await;
            let fields = answer.as_object_mut().unwrap();
            assert_eq!(fields.remove("type"), Some(json!("read")));
            fields.remove("id");
            assert_eq!(answer, self.expected(who).await.unwrap());
        } else {
            let path = format!("groups/{group}/read");
            let answer = self.scene.ask(self.users[who], "PUT", &path, json!({ "seq": seq })).await.ok();
            assert_eq!(answer, self.expected(who).await.unwrap());
        }
    }

    /// What is told to a member who marks what is marked already.
    async fn expected(&self, who: usize) -> Option<Value> {
        let (mark, user) = (*self.marks.get(&who)?, self.users[who]);
        let list = self.scene.list().await;
        let unread = list.as_array().unwrap().iter().filter(|message| {
            message["seq"].as_i64().unwrap() > mark
                && message["user_id"] != user
                && message.get("deleted").is_none()
        });
        let names =
            |message: &&Value| message["mentions"].as_array().is_some_and(|ids| ids.contains(&json!(user)));
        let (count, mentions) = (unread.clone().count(), unread.filter(names).count());
        Some(json!({ "group_id": self.scene.group, "seq": mark, "unread": count, "mentions": mentions }))
    }

    async fn check(&mut self, step: usize) {
        let (head, list) = (self.head().await, self.scene.list().await);
        let last = list.as_array().unwrap().iter().rfind(|message| message.get("deleted").is_none());
        for (who, name) in USERS.iter().enumerate() {
            let (user, expected) = (self.users[who], self.expected(who).await);
            let own = self.scene.ask(user, "GET", &format!("users/{user}/groups/"), Value::Null).await.ok();
            let Some(expected) = expected else {
                assert_eq!(own, json!([]), "{name}, step {step}");
                self.sockets[who].refused(read(self.scene.group, 1), "forbidden").await;
                continue;
            };
            let own = &own[0];
            let told = json!({ "group_id": own["group"]["id"], "seq": own["read_seq"], "unread": own["unread"],
                               "mentions": own["mentions"] });
            assert_eq!(told, expected, "{name}, step {step}");
            assert_eq!((&own["head_seq"], own.get("capped")), (&json!(head), None));
            // In a list reactions and replies stand beside a message.
            assert_eq!(own["last_message"]["id"], last.map_or(Value::Null, |message| message["id"].clone()));
            let answer = self.sockets[who].ask(read(self.scene.group, 0)).await;
            assert_eq!((&answer["seq"], &answer["unread"]), (&expected["seq"], &expected["unread"]));
        }
    }
}

/// The next frames up to the answer to a ping, of which those of a type are kept.
async fn told(socket: &mut JsonSocket, kind: &str) -> Vec<Value> {
    socket.send(json!({ "type": "ping" })).await;
    let mut told = Vec::new();
    loop {
        let event = socket.next().await;
        match event["type"].as_str() {
            Some("pong") => return told,
            Some(other) if other == kind => told.push(event),
            _ => {}
        }
    }
}

async fn own_sockets_are_told_at_once_and_others_once_a_second(store: Store) {
    let scene = Scene::start(store).await;
    let group = scene.group;
    let (mut bob, mut bobs_other) = (scene.join("bob").await, scene.join("bob").await);
    let mut at_path = JsonSocket::at_group(&scene.server, "g", "bob").await;
    let mut line = Socket::open(&scene.server, &group_path("g", "bob")).await;
    line.expect("bob joined g.").await;
    let mut alice = scene.join("alice").await;
    line.expect("alice joined g.").await;
    let mut elsewhere = JsonSocket::hello(&scene.server, "bob").await;
    for n in 1..=6 {
        alice.store(group, &n.to_string()).await;
    }
    assert_eq!(told(&mut alice, "read").await, [] as [Value; 0], "a message says it by itself");
    told(&mut bob, "read").await;
    let event = |seq| json!({ "type": "read", "group_id": group, "user_id": scene.bob, "seq": seq });

    let begun = Instant::now();
    let answer = bob.ask(read(group, 3)).await;
    assert_eq!((&answer["seq"], &answer["unread"], &answer["user_id"]), (&json!(3), &json!(3), &Value::Null));
    for socket in [&mut bobs_other, &mut at_path, &mut alice] {
        assert_eq!(socket.until("read").await, event(3));
    }
    // One that reads no group may mark it too. What is marked already is told to nobody.
    for (seq, unread) in [(4, 2), (5, 1), (2, 1), (5, 1), (6, 0)] {
        let answer = elsewhere.ask(read(group, seq)).await;
        assert_eq!((&answer["type"], &answer["unread"]), (&json!("read"), &json!(unread)));
    }
    for socket in [&mut bob, &mut bobs_other, &mut at_path] {
        for seq in 4..=6 {
            assert_eq!(socket.until("read").await, event(seq));
        }
    }
    assert_eq!(told(&mut bob, "read").await, [] as [Value; 0], "the answer is no event");
    assert_eq!(alice.until("read").await, event(6), "the newest, in the end");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(told(&mut alice, "read").await, [] as [Value; 0]);
    assert_eq!(told(&mut elsewhere, "read").await, [] as [Value; 0]);

    // Over REST there is no socket to be left out.
    alice.store(group, "seven").await;
    let path = format!("groups/{group}/read/");
    let answer = scene.ask(scene.bob, "PUT", &path, json!({ "seq": 99 })).await.ok();
    assert_eq!(answer, json!({ "group_id": group, "seq": 7, "unread": 0, "mentions": 0 }));
    for socket in [&mut bob, &mut bobs_other, &mut at_path, &mut alice] {
        assert_eq!(socket.until("read").await, event(7));
    }
    // Text mode has seen nothing of it.
    for n in 1..=6 {
        line.expect(&format!("alice: {n}")).await;
    }
    line.expect("alice: seven").await;
    alice.store(group, "eight").await;
    line.expect("alice: eight").await;
    // Nor does text mode make any: who sends has read.
    line.send("nine").await;
    assert_eq!(alice.until("message").await["content"], "nine");
    let own = scene.get(&format!("users/{0}/groups/?user_id={0}", scene.bob)).await;
    assert_eq!((&own[0]["read_seq"], &own[0]["unread"]), (&json!(9), &json!(0)), "{own}");
    assert_eq!(told(&mut alice, "read").await, [] as [Value; 0]);
}

async fn a_large_group_is_not_told(store: Store) {
    let server = Server::start_with(store, &["--announce-members-max", "2"]).await;
    server.users(&["ann", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    let mut sockets = Vec::new();
    for user in ["ann", "bob", "bob", "carol"] {
        sockets.push(JsonSocket::join(&server, group, user).await);
    }
    sockets[0].store(group, "one").await;
    assert_eq!(sockets[1].ask(read(group, 1)).await["seq"], 1);
    assert_eq!(sockets[2].until("read").await["seq"], 1);
    for other in [0, 3] {
        assert_eq!(told(&mut sockets[other], "read").await, [] as [Value; 0]);
    }
}

async fn counts_end_at_a_thousand(store: Store) {
    let scene = Scene::start(store).await;
    let group = scene.group;
    let mut bob = scene.join("bob").await;
    let mut alice = scene.join("alice").await;
    for n in 1..=1_001 {
        alice.say(group, if n % 2 == 0 { "@bob" } else { "x" }).await;
    }
    while bob.until("message").await["seq"] != 1_001 {}
    let path = format!("users/{0}/groups/?user_id={0}", scene.bob);
    for (seq, unread, mentions, capped) in
        [(0, 1_000, 500, Some(json!(true))), (1, 1_000, 500, Some(json!(true))), (2, 999, 499, None)]
    {
        let answer = bob.ask(read(group, seq)).await;
        let own = scene.get(&path).await;
        for told in [&answer, &own[0]] {
            assert_eq!((&told["unread"], &told["mentions"]), (&json!(unread), &json!(mentions)), "{told}");
            assert_eq!(told.get("capped"), capped.as_ref(), "{told}");
        }
    }
}

async fn a_mark_is_a_number_from_zero_on(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut alice) = (scene.group, scene.join("alice").await);
    let path = format!("groups/{group}/read/");
    for (seq, kind) in [
        (json!(-1), "greater_than_equal"),
        (json!(1.5), "int_from_float"),
        (json!("x"), "int_parsing"),
        (json!(null), "int_type"),
        (json!([1]), "int_type"),
    ] {
        let detail = scene.ask(scene.alice, "PUT", &path, json!({ "seq": seq })).await.detail(422);
        assert_eq!((&detail[0]["type"], &detail[0]["loc"]), (&json!(kind), &json!(["body", "seq"])), "{seq}");
        let error =
            alice.refused(json!({ "type": "read", "group_id": group, "seq": seq }), "bad_frame").await;
        assert!(error["message"].as_str().unwrap().starts_with("seq: "), "{error}");
    }
    let detail = scene.ask(scene.alice, "PUT", &path, json!({})).await.detail(422);
    assert_eq!(detail[0]["type"], "missing");
    let nothing = json!({ "group_id": group, "seq": 0, "unread": 0, "mentions": 0 });
    for seq in [json!(0), json!("7"), json!(i64::MAX), json!(1e30)] {
        assert_eq!(scene.ask(scene.alice, "PUT", &path, json!({ "seq": seq })).await.ok(), nothing);
    }
    // The actor is named in the body as well, and there has to be one.
    let mut http = scene.server.http().await;
    let body = |user: Value| json!({ "seq": 0, "user_id": user }).to_string();
    let headers = [("Content-Type", "application/json")];
    let path = format!("/api/v1/{path}");
    let mut put = async |user: Value| http.request("PUT", &path, &headers, body(user).as_bytes()).await;
    assert_eq!(put(json!(scene.alice)).await.ok(), nothing);
    assert_eq!(put(json!(scene.bob)).await.status, 403);
    assert_eq!(put(json!(999_999)).await.status, 404);
    assert_eq!(put(Value::Null).await.status, 422);
    assert_eq!(scene.ask(scene.alice, "PUT", "groups/999999/read/", json!({ "seq": 0 })).await.status, 404);
}

async fn members_mark_and_nobody_else(store: Store) {
    let trio = Trio::start(store).await;
    let (mut by_olga, mut by_ann) = (trio.by(&trio.olga).await, trio.by(&trio.ann).await);
    let (open, hidden) =
        (by_olga.create_group("open", false).await, by_olga.create_invite_group("hidden").await);
    let root = trio.town.log_in("root").await;
    let mut speaks = hello(&trio.town.server, &trio.ann.token).await;
    for (group, status, code) in [(open, 403, "forbidden"), (hidden, 404, "not_found")] {
        let path = format!("groups/{group}/read/");
        let text = if status == 403 { "not a member of this group" } else { "Group not found" };
        refused(&by_ann.put(&path, json!({ "seq": 0 })).await, status, text);
        speaks.refused(read(group, 0), code).await;
        // Whoever governs the server is no member for that.
        assert_eq!(trio.by(&root).await.put(&path, json!({ "seq": 0 })).await.status, 403);
        assert_eq!(trio.town.stranger().await.put(&path, json!({ "seq": 0 })).await.status, 401);
        by_olga.put(&path, json!({ "seq": 0 })).await.ok();
        let other = json!({ "seq": 0, "user_id": trio.ann.id });
        assert_eq!(by_olga.put(&path, other).await.status, 403);
    }
    let member = format!("groups/{open}/members/{}", trio.ann.id);
    by_ann.put(&member, Value::Null).await.ok();
    by_olga.put(&format!("groups/{open}/mutes/{}", trio.ann.id), Value::Null).await.ok();
    assert_eq!(speaks.ask(read(open, 0)).await["type"], "read", "who is muted reads");
    by_olga.put(&format!("groups/{open}/bans/{}", trio.ann.id), Value::Null).await.ok();
    speaks.refused(read(open, 9), "forbidden").await;
    refused(&by_ann.put(&format!("groups/{open}/read/"), json!({ "seq": 0 })).await, 403, "banned");
}

async fn a_key_marks_if_it_may_write(store: Store) {
    let keys = [
        "--scope read --as ann",
        "--scope write --as ann",
        "--scope admin --as-server",
        "--scope write --as-any",
    ];
    let town = Town::start_with(store, &["root", "ann"], &keys, &[]).await;
    let ann = town.log_in("ann").await;
    let mut by_ann = town.client(&ann.token).await;
    let group = by_ann.create_group("g", false).await;
    let path = format!("groups/{group}/read/");
    for (key, body, status) in [
        (0, json!({ "seq": 0 }), 403),
        (1, json!({ "seq": 0 }), 200),
        (2, json!({ "seq": 0 }), 403),
        (3, json!({ "seq": 0 }), 422),
        (3, json!({ "seq": 0, "user_id": ann.id }), 200),
    ] {
        let answer = town.client(&town.keys[key]).await.put(&path, body).await;
        assert_eq!(answer.status, status, "key {key}: {answer:?}");
    }
}
