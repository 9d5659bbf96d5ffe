//! Every operation once, and what it refuses: the answers are as they are described.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::contract::Contract;
use super::govern::govern;
use crate::access::people::{PASSWORD, Person, Town};
use crate::support::database::{Database, Store};
use crate::support::http::{Connection, Response};
use crate::support::server::Server;
use crate::support::until;

/// Somebody who asks a server, and holds every answer against its contract.
pub(super) struct Walk {
    contract: Contract,
    http: Connection,
    believes_names: bool,
    who: Option<Person>,
    /// The operations that have succeeded.
    seen: BTreeSet<String>,
}

impl Walk {
    async fn begin(server: &Server, believes_names: bool) -> Self {
        let contract = Contract::of(server).await;
        Self { contract, http: server.http().await, believes_names, who: None, seen: BTreeSet::new() }
    }

    /// Speaks as this one from now on.
    pub(super) fn by(&mut self, who: &Person) -> &mut Self {
        self.who = Some(who.clone());
        self
    }

    /// Asks with these values in the place of the parameters, and with a body unless it is null.
    async fn ask(&mut self, operation: &str, path: &[Value], query: &str, body: Value) -> Response {
        let (method, template) = operation.split_once(' ').unwrap();
        let mut values = path.iter();
        let segments = template.split('/').map(|segment| match segment.starts_with('{') {
            true => match values.next().unwrap() {
                Value::String(text) => text.clone(),
                value => value.to_string(),
            },
            false => segment.to_owned(),
        });
        let mut target = format!("{}?{query}", segments.collect::<Vec<_>>().join("/"));
        let authorization = self.who.as_ref().map(|who| format!("Bearer {}", who.token));
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        if let Some(who) = self.who.as_ref().filter(|_| self.believes_names && !knows_the_actor(template)) {
            target += &format!("&user_id={}", who.id);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.http.request(method, &target, &headers, body.as_bytes()).await;
        self.contract.check(operation, &answer);
        answer
    }

    /// Does something that is to succeed. Gives the answer, null for 204.
    pub(super) async fn does(&mut self, operation: &str, path: &[Value], query: &str, body: Value) -> Value {
        let answer = self.ask(operation, path, query, body).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert!((200..300).contains(&answer.status), "{operation}: {} {text}", answer.status);
        self.seen.insert(operation.to_owned());
        if answer.body.is_empty() || !text.starts_with(['{', '[']) { Value::Null } else { answer.json() }
    }

    /// Does something that is to be refused.
    pub(super) async fn refused(
        &mut self,
        status: u16,
        operation: &str,
        path: &[Value],
        query: &str,
        body: Value,
    ) {
        let answer = self.ask(operation, path, query, body).await;
        assert_eq!(answer.status, status, "{operation}: {}", String::from_utf8_lossy(&answer.body));
    }

    /// Registers somebody and logs them in.
    async fn person(&mut self, name: &str) -> Person {
        self.who = None;
        let email = format!("{name}@example.com");
        let account = json!({ "username": name, "email": email, "password": PASSWORD });
        self.does("POST /api/v1/users/", &[], "", account).await;
        self.log_in(name).await
    }

    pub(super) async fn log_in(&mut self, name: &str) -> Person {
        let credentials = json!({ "username": name, "password": PASSWORD });
        Person::of(&self.does("POST /api/v1/sessions/", &[], "", credentials).await)
    }
}

/// Whether `user_id` in the query is not what says who acts.
fn knows_the_actor(template: &str) -> bool {
    template.ends_with("/messages/") || template.starts_with("/api/v1/admin/")
}

const GROUP: &str = "/api/v1/groups/{group_id}";
const MEMBER: &str = "/api/v1/groups/{group_id}/members/{user_id}";
const MESSAGE: &str = "/api/v1/messages/{message_id}";
const REACTION: &str = "/api/v1/messages/{message_id}/reactions/{emoji}";

/// Uses everything.
async fn walk(walk: &mut Walk) {
    let (alice, bob, carol) =
        (walk.person("alice").await, walk.person("bob").await, walk.person("carol").await);
    for path in ["GET /healthz", "GET /readyz", "GET /metrics"] {
        walk.does(path, &[], "", Value::Null).await;
    }
    let group =
        walk.by(&alice).does("POST /api/v1/groups/", &[], "", json!({ "name": "tea", "is_private": false }));
    let group = group.await["id"].clone();
    let of_group = std::slice::from_ref(&group);
    let change = json!({ "topic": "All about it", "retention": { "max_age_s": 86_400, "max_messages": 9 } });
    walk.does(&format!("PATCH {GROUP}"), of_group, "", change).await;
    walk.does(&format!("GET {GROUP}"), of_group, "", Value::Null).await;
    walk.does("GET /api/v1/groups/", &[], "skip=0&limit=7", Value::Null).await;
    let (of_bob, of_carol) = ([group.clone(), json!(bob.id)], [group.clone(), json!(carol.id)]);
    walk.does(&format!("PUT {MEMBER}"), &of_bob, "", json!({ "role": "admin" })).await;
    walk.does(&format!("PUT {MEMBER}"), &of_carol, "", Value::Null).await;

    messages(walk, &group, [&alice, &bob, &carol]).await;

    let until = json!({ "until": "2999-01-01T00:00:00Z", "reason": "loud" });
    for kind in ["mutes", "bans"] {
        let (list, one) = (format!("{GROUP}/{kind}/"), format!("{GROUP}/{kind}/{{user_id}}"));
        walk.by(&alice).does(&format!("PUT {one}"), &of_carol, "", until.clone()).await;
        walk.does(&format!("GET {list}"), of_group, "", Value::Null).await;
        walk.does(&format!("DELETE {one}"), &of_carol, "", Value::Null).await;
        walk.refused(404, &format!("DELETE {one}"), &of_carol, "", Value::Null).await;
    }
    walk.does(&format!("GET {GROUP}/members/"), of_group, "", Value::Null).await;
    walk.does(&format!("GET {GROUP}/presence/"), of_group, "", Value::Null).await;
    walk.by(&bob).does(&format!("DELETE {MEMBER}"), &of_bob, "", Value::Null).await;
    let log = walk.by(&alice).does(&format!("GET {GROUP}/log/"), of_group, "after_seq=0", Value::Null).await;
    let kinds: BTreeSet<&str> =
        log.as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert!(kinds.is_superset(&["message", "edited", "deleted", "reaction", "member", "group"].into()));

    accounts(walk, [&alice, &bob]).await;
    walk.by(&alice).does(&format!("DELETE {GROUP}"), of_group, "", Value::Null).await;
    walk.refused(404, &format!("DELETE {GROUP}"), of_group, "", Value::Null).await;
    walk.by(&carol);
    walk.does("DELETE /api/v1/users/{user_id}", &[json!(carol.id)], "messages=erase", Value::Null).await;
}

/// All that is about messages.
async fn messages(walk: &mut Walk, group: &Value, [alice, bob, carol]: [&Person; 3]) {
    let send = "POST /api/v1/messages/";
    let first = json!({ "group_id": group, "user_id": alice.id, "content": "Tea, @bob?", "client_id": "a" });
    let first = walk.by(alice).does(send, &[], "", first).await;
    let reply = json!({ "group_id": group, "user_id": bob.id, "content": "Yes", "reply_to": first["id"] });
    let reply = walk.by(bob).does(send, &[], "", reply).await;
    let (first, reply) = ([first["id"].clone()], [reply["id"].clone()]);
    walk.does(&format!("PATCH {MESSAGE}"), &reply, "", json!({ "content": "Yes, @alice" })).await;
    walk.refused(403, &format!("PATCH {MESSAGE}"), &first, "", json!({ "content": "No" })).await;
    let (thumb, heart) = ([first[0].clone(), json!("%F0%9F%91%8D")], [first[0].clone(), json!("a%2Fb")]);
    walk.does(&format!("PUT {REACTION}"), &thumb, "", Value::Null).await;
    walk.does(&format!("PUT {REACTION}"), &heart, "", Value::Null).await;
    walk.does(&format!("DELETE {REACTION}"), &heart, "", Value::Null).await;
    walk.refused(422, &format!("PUT {REACTION}"), &[first[0].clone(), json!("a%20b")], "", Value::Null).await;
    walk.does(&format!("GET {MESSAGE}"), &first, "", Value::Null).await;
    let list = "GET /api/v1/messages/";
    let shown = walk.does(list, &[], &format!("group_id={group}"), Value::Null).await;
    assert!(shown[0]["reactions"].is_array() && shown[0]["mentions"].is_array() && shown[0]["replies"] == 1);
    walk.does("PUT /api/v1/groups/{group_id}/read/", std::slice::from_ref(group), "", json!({ "seq": 1 }))
        .await;
    walk.does("GET /api/v1/users/{user_id}/groups/", &[json!(bob.id)], "", Value::Null).await;
    let found = walk.by(carol).does("GET /api/v1/search/users/", &[], "q=AL", Value::Null).await;
    assert_eq!(found[0]["username"], "alice");
    // The index is filled behind the messages.
    until("the message to be found", async || {
        let found = walk.does("GET /api/v1/search/", &[], "q=tea", Value::Null).await;
        (found != json!([])).then_some(())
    })
    .await;
    walk.by(bob).does(&format!("DELETE {MESSAGE}"), &reply, "", Value::Null).await;
    walk.refused(422, list, &[], "limit=-1&group_id=x", Value::Null).await;
    walk.refused(422, send, &[], "", json!({ "content": 1 })).await;
    walk.refused(404, send, &[], "", json!({ "group_id": 99, "user_id": bob.id, "content": "" })).await;
}

/// All that is about oneself.
async fn accounts(walk: &mut Walk, [alice, bob]: [&Person; 2]) {
    let (me, sessions) = ("GET /api/v1/users/me", "GET /api/v1/sessions/");
    walk.by(alice).does(me, &[], "", Value::Null).await;
    walk.does("GET /api/v1/users/{user_id}", &[json!(bob.id)], "", Value::Null).await;
    walk.does("PATCH /api/v1/users/me", &[], "", json!({ "email": "a@example.com" })).await;
    let wrong = json!({ "password": "new", "current_password": "wrong" });
    walk.refused(403, "PATCH /api/v1/users/me", &[], "", wrong).await;
    walk.does("GET /api/v1/users/me/groups/", &[], "", Value::Null).await;
    walk.who = None;
    walk.refused(401, me, &[], "", Value::Null).await;
    let wrong = json!({ "username": "bob", "password": "wrong" });
    walk.refused(401, "POST /api/v1/sessions/", &[], "", wrong).await;
    let taken = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
    walk.refused(400, "POST /api/v1/users/", &[], "", taken).await;
    let empty = json!({ "username": "", "email": "x@example.com", "password": "" });
    walk.refused(422, "POST /api/v1/users/", &[], "", empty).await;
    let refresh = "POST /api/v1/sessions/refresh/";
    let renewed = walk.does(refresh, &[], "", json!({ "refresh_token": bob.refresh_token })).await;
    walk.refused(401, refresh, &[], "", json!({ "refresh_token": "nonsense" })).await;
    let listed = walk.by(&Person::of(&renewed)).does(sessions, &[], "", Value::Null).await;
    let other = walk.log_in("bob").await;
    let session = [listed[0]["id"].clone()];
    walk.by(&other).does("DELETE /api/v1/sessions/{session_id}", &session, "", Value::Null).await;
    walk.does("DELETE /api/v1/sessions/current", &[], "", Value::Null).await;
}

/// The operations that the walk has not been to.
fn left_out(walk: &Walk) -> Vec<&String> {
    walk.contract.operations.keys().filter(|key| !walk.seen.contains(*key)).collect()
}

#[tokio::test]
async fn answers_are_as_described_where_a_name_is_enough() {
    let town = Town::start_with(Store::Sqlite, &["root"], &[], &["--auth=username"]).await;
    let mut walker = Walk::begin(&town.server, true).await;
    walk(&mut walker).await;
    govern(&mut walker).await;
    assert!(left_out(&walker).is_empty(), "{:?}", left_out(&walker));
}

#[tokio::test]
async fn answers_are_as_described_where_a_token_is_needed() {
    let town = Town::start(Store::Sqlite).await;
    let mut walker = Walk::begin(&town.server, false).await;
    walk(&mut walker).await;
    govern(&mut walker).await;
    assert_eq!(left_out(&walker), ["POST /api/v1/setup/"]);
    for key in ["GET /api/v1/groups/", "POST /api/v1/messages/", "GET /api/v1/search/"] {
        walker.who = None;
        walker.refused(401, key, &[], "", Value::Null).await;
    }
}

#[tokio::test]
async fn the_first_admin_is_made_as_described() {
    let server = Server::start_on(Database::create(Store::Sqlite).await, &["--auth", "token"]).await;
    let token = until("the link", async || {
        let log = server.log();
        let (_, rest) = log.split_once("/admin#setup=")?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')?;
        Some(rest[..end].to_owned())
    })
    .await;
    let mut walker = Walk::begin(&server, false).await;
    let admin = |token: &str| json!({ "token": token, "username": "root", "email": "root@example.com", "password": PASSWORD });
    let set_up = "POST /api/v1/setup/";
    walker.refused(401, set_up, &[], "", admin("guess")).await;
    walker.does(set_up, &[], "", admin(&token)).await;
}
