//! What a bearer token is, and what is none.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::people::{SIGNING_KEY, Town};
use crate::support::database::{Database, Store};
use crate::support::own_postgres::OwnPostgres;
use crate::support::server::Server;
use crate::support::until;

both_stores!(
    a_bad_token_opens_nothing,
    a_token_stands_in_one_header_and_nowhere_else,
    who_asks_is_looked_at_before_what_is_asked,
    a_key_acts_as_its_user_within_its_scope,
    a_key_that_acts_as_anybody_names_them,
    a_key_that_acts_as_nobody_reads_everything,
);

/// Every method of every resource that needs a token in token mode.
pub(super) const GUARDED: &[(&str, &str)] = &[
    ("GET", "sessions/"),
    ("DELETE", "sessions/current"),
    ("DELETE", "sessions/1"),
    ("GET", "users/me"),
    ("PATCH", "users/me"),
    ("GET", "users/me/groups/"),
    ("GET", "users/1"),
    ("DELETE", "users/1"),
    ("GET", "users/1/groups/"),
    ("GET", "search/?q=a"),
    ("GET", "search/users/?q=a"),
    ("GET", "groups/"),
    ("POST", "groups/"),
    ("GET", "groups/1"),
    ("PATCH", "groups/1"),
    ("DELETE", "groups/1"),
    ("GET", "groups/1/members/"),
    ("PUT", "groups/1/members/1"),
    ("DELETE", "groups/1/members/1"),
    ("GET", "groups/1/bans/"),
    ("PUT", "groups/1/bans/1"),
    ("DELETE", "groups/1/bans/1"),
    ("GET", "groups/1/mutes/"),
    ("PUT", "groups/1/mutes/1"),
    ("DELETE", "groups/1/mutes/1"),
    ("GET", "groups/1/presence/"),
    ("PUT", "groups/1/read/"),
    ("GET", "messages/"),
    ("POST", "messages/"),
    ("GET", "admin/status/"),
    ("GET", "admin/users/"),
    ("PATCH", "admin/users/1"),
    ("GET", "admin/users/1/sessions/"),
    ("GET", "admin/groups/"),
    ("GET", "admin/sessions/"),
    ("DELETE", "admin/sessions/1"),
    ("GET", "admin/keys/"),
    ("POST", "admin/keys/"),
    ("DELETE", "admin/keys/bot"),
    ("GET", "admin/settings/"),
];

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// A token that says this, signed so.
fn sign(claims: &Value, algorithm: Algorithm, key: &str) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key.as_bytes()).unwrap())
        .unwrap()
}

/// The claims of a token, which are not checked.
fn claims(token: &str) -> Value {
    jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap().claims
}

async fn a_bad_token_opens_nothing(store: Store) {
    let keys = ["--scope admin --as-server"];
    let town = Town::start_with(store, &["root"], &keys, &[]).await;
    let (root, ended) = (town.log_in("root").await, town.log_in("root").await);
    town.client(&root.token).await.create_group("g", false).await;
    town.client(&ended.token).await.delete("sessions/current").await;

    let good = claims(&root.token);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    };
    let forged = |claims: &Value| sign(claims, Algorithm::HS256, SIGNING_KEY);
    town.client(&forged(&good)).await.get("users/me").await.ok();

    let [_, body, signature] = root.token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let sid = good["sid"].as_str().unwrap();
    let bad = [
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        ended.token.clone(),
        root.refresh_token.clone(),
        forged(&with("exp", json!(now() - 1))),
        forged(&with("exp", Value::Null)),
        forged(&with("sid", Value::Null)),
        forged(&with("sid", json!("12345"))),
        forged(&with("sub", json!("999999"))),
        forged(&with("sub", Value::Null)),
        forged(&with("nbf", json!(now() + 3600))),
        sign(&good, Algorithm::HS256, "another key, which has 32 bytes and more"),
        sign(&good, Algorithm::HS512, SIGNING_KEY),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{}x", root.token),
        "gck_".to_owned(),
        format!("gck_{}", "A".repeat(43)),
        format!("{}x", town.keys[0]),
        format!("{sid}.{sid}.{sid}"),
    ];
    let mut http = town.stranger().await;
    for (method, path) in GUARDED {
        let answer = http.ask(method, path, &Value::Null).await;
        assert_eq!(answer.detail(401), "Not authenticated", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    for (index, token) in bad.iter().enumerate() {
        http.show(Some(token));
        for (method, path) in GUARDED {
            let answer = http.ask(method, path, &Value::Null).await;
            assert_eq!(
                answer.detail(401),
                "Could not validate credentials",
                "{method} {path}, token {index}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    http.show(Some(&root.token));
    assert_eq!(http.get("groups/1").await.ok()["name"], "g", "nothing was changed");
    // A browser's preflight asks without a token, and so do those who watch over the server.
    http.show(None);
    let headers = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "PATCH")];
    assert_eq!(
        town.server.http().await.request("OPTIONS", "/api/v1/users/me", &headers, b"").await.status,
        200
    );
    assert_eq!(town.server.http().await.get("/readyz").await.status, 200);
}

async fn a_token_stands_in_one_header_and_nowhere_else(store: Store) {
    let town = Town::start(store).await;
    let ann = town.person("ann").await;
    let bearer = format!("Bearer {}", ann.token);
    let mut http = town.server.http().await;
    for (scheme, status) in [("Bearer", 200), ("bearer", 200), ("BEARER ", 200), ("Basic", 401), ("", 401)] {
        let value = format!("{scheme} {}", ann.token);
        let answer = http.request("GET", "/api/v1/users/me", &[("Authorization", &value)], b"").await;
        assert_eq!(answer.status, status, "{scheme}");
    }
    let twice = [("Authorization", &*bearer), ("Authorization", &*bearer)];
    assert_eq!(http.request("GET", "/api/v1/users/me", &twice, b"").await.status, 401);
    for query in ["token", "access_token", "bearer", "authorization"] {
        let path = format!("/api/v1/users/me?{query}={}", ann.token);
        assert_eq!(http.get(&path).await.detail(401), "Not authenticated");
    }
    let cookie = format!("token={}; access_token={}", ann.token, ann.token);
    assert_eq!(http.request("GET", "/api/v1/users/me", &[("Cookie", &cookie)], b"").await.status, 401);
    assert!(!town.server.log().contains(&ann.token));
}

async fn who_asks_is_looked_at_before_what_is_asked(store: Store) {
    let town = Town::start(store).await;
    let ann = town.person("ann").await;
    let mut http = town.stranger().await;
    for (method, path, body, status) in [
        ("GET", "groups/x", Value::Null, 422),
        ("GET", "groups/999999", Value::Null, 404),
        ("POST", "groups/", json!({}), 422),
        ("POST", "messages/", json!([]), 422),
        ("PUT", "groups/1/members/x", Value::Null, 422),
        ("GET", "search/", Value::Null, 422),
        ("GET", "search/users/", Value::Null, 422),
        ("GET", "search/users/?q=a&limit=-1", Value::Null, 422),
        ("GET", "groups/?user_id=x", Value::Null, 422),
    ] {
        http.show(None);
        assert_eq!(http.ask(method, path, &body).await.detail(401), "Not authenticated", "{method} {path}");
        http.show(Some(&ann.token));
        assert_eq!(http.ask(method, path, &body).await.status, status, "{method} {path}");
    }
    http.show(None);
    // What is not there, or not with this method, is no secret.
    assert_eq!(http.get("nowhere").await.status, 404);
    assert_eq!(http.ask("PUT", "groups/", &Value::Null).await.status, 405);
}

async fn a_key_acts_as_its_user_within_its_scope(store: Store) {
    let keys = ["--scope read --as olga", "--scope write --as olga", "--scope admin --as olga"];
    let town = Town::start_with(store, &["root", "olga"], &keys, &[]).await;
    let olga = town.log_in("olga").await;
    let group = town.client(&olga.token).await.create_group("g", false).await;
    let own = format!("users/{}", olga.id);
    let name = json!({ "name": "h", "is_private": false });
    for (index, (makes_groups, renames)) in [(403, 403), (200, 403), (200, 200)].into_iter().enumerate() {
        let mut http = town.client(&town.keys[index]).await;
        assert_eq!(http.get("users/me").await.ok()["username"], "olga");
        assert_eq!(http.get(&own).await.ok()["email"], "olga@example.com");
        let groups = http.get("users/me/groups/").await.ok();
        assert!(groups.as_array().unwrap().iter().any(|own| own["group"]["id"] == group), "{groups}");
        assert_eq!(http.get(&format!("{own}/groups/")).await.status, 200);
        assert_eq!(http.get("search/users/?q=OL").await.ok(), json!([{ "id": olga.id, "username": "olga" }]));
        let mut name = name.clone();
        name["name"] = json!(format!("group {index}"));
        assert_eq!(http.post("groups/", name).await.status, makes_groups, "key {index}");
        let topic = json!({ "topic": "tea" });
        assert_eq!(http.patch(&format!("groups/{group}"), topic).await.status, renames, "key {index}");
        // What concerns the account is for the user in person.
        assert_eq!(http.get("sessions/").await.status, 403);
        assert_eq!(http.ask("DELETE", "sessions/current", &Value::Null).await.status, 403);
        assert_eq!(http.patch("users/me", json!({ "email": "x@example.com" })).await.status, 403);
        assert_eq!(http.ask("DELETE", &own, &Value::Null).await.status, 403);
        // Nor does it become somebody else.
        assert_eq!(http.get("groups/?user_id=1").await.status, 403);
        assert_eq!(http.get(&format!("groups/?user_id={}", olga.id)).await.status, 200);
    }
}

async fn a_key_that_acts_as_anybody_names_them(store: Store) {
    let keys = ["--scope write --as-any", "--scope read --as-any"];
    let town = Town::start_with(store, &["root"], &keys, &[]).await;
    let (ann, bob) = (town.person("ann").await, town.person("bob").await);
    let group = town.client(&ann.token).await.create_group("g", false).await;
    let mut http = town.client(&town.keys[0]).await;
    let message = |user: Option<i64>| match user {
        Some(user) => json!({ "group_id": group, "user_id": user, "content": "hello" }),
        None => json!({ "group_id": group, "content": "hello" }),
    };
    assert_eq!(http.post("messages/", message(Some(ann.id))).await.ok()["username"], "ann");
    assert_eq!(
        http.post(&format!("messages/?user_id={}", ann.id), message(None)).await.ok()["username"],
        "ann"
    );
    let unnamed = http.post("messages/", message(None)).await.detail(422);
    assert_eq!((&unnamed[0]["type"], &unnamed[0]["loc"]), (&json!("missing"), &json!(["body", "user_id"])));
    assert_eq!(http.post("messages/", message(Some(bob.id))).await.status, 403, "he is no member");
    assert_eq!(http.post("messages/", message(Some(999_999))).await.detail(404), "User not found");
    let path = format!("groups/{group}/members/{}", bob.id);
    http.put(&format!("{path}?user_id={}", bob.id), Value::Null).await.ok();
    assert_eq!(http.post("messages/", message(Some(bob.id))).await.ok()["username"], "bob");
    assert_eq!(http.get(&format!("users/me?user_id={}", bob.id)).await.ok()["username"], "bob");
    let unnamed = http.get("users/me").await.detail(422);
    assert_eq!((&unnamed[0]["type"], &unnamed[0]["loc"]), (&json!("missing"), &json!(["query", "user_id"])));
    let made = json!({ "name": "his", "is_private": true, "user_id": bob.id });
    let his = http.post("groups/", made).await.ok()["id"].as_i64().unwrap();
    let members = town.client(&bob.token).await.get(&format!("groups/{his}/members/")).await.ok();
    assert_eq!(members, json!([{ "id": bob.id, "username": "bob", "role": "owner" }]));
    http.show(Some(&town.keys[1]));
    assert_eq!(http.post("messages/", message(Some(ann.id))).await.status, 403);
    assert_eq!(http.get(&format!("messages/?group_id={group}")).await.ok().as_array().unwrap().len(), 3);
    // A user's token names nobody else.
    http.show(Some(&ann.token));
    assert_eq!(http.post("messages/", message(Some(bob.id))).await.status, 403);
    assert_eq!(http.post("messages/", message(Some(ann.id))).await.status, 200);
    assert_eq!(http.post("messages/", message(None)).await.ok()["username"], "ann");
    let senders = http.get(&format!("messages/?group_id={group}&user_id={}", bob.id)).await.ok();
    assert_eq!(senders.as_array().unwrap().len(), 1, "there it is a filter: {senders}");
}

async fn a_key_that_acts_as_nobody_reads_everything(store: Store) {
    let keys = ["--scope read --as-server", "--scope admin --as-server"];
    let town = Town::start_with(store, &["root"], &keys, &[]).await;
    let ann = town.person("ann").await;
    let mut hers = town.client(&ann.token).await;
    let group = hers.create_group("pair", true).await;
    hers.post("messages/", json!({ "group_id": group, "content": "alone" })).await.ok();
    for (key, sees_email) in town.keys.iter().zip([false, true]) {
        let mut http = town.client(key).await;
        assert_eq!(http.get("users/me").await.detail(404), "User not found");
        assert_eq!(http.get("users/me/groups/").await.detail(404), "User not found");
        assert_eq!(http.get("sessions/").await.status, 403);
        assert_eq!(http.get("groups/").await.ok()[0]["name"], "pair");
        assert_eq!(http.get("messages/").await.ok()[0]["content"], "alone");
        assert_eq!(http.get(&format!("users/{}/groups/", ann.id)).await.ok()[0]["role"], "owner");
        assert_eq!(http.get(&format!("users/{}", ann.id)).await.ok()["email"].is_string(), sees_email);
        let message = json!({ "group_id": group, "user_id": ann.id, "content": "x" });
        assert_eq!(http.post("messages/", message).await.status, 403);
        assert_eq!(http.get(&format!("groups/?user_id={}", ann.id)).await.status, 403);
    }
    let erase = format!("users/{}", ann.id);
    let answer = town.client(&town.keys[0]).await.ask("DELETE", &erase, &Value::Null).await;
    assert_eq!(answer.status, 403);
    town.client(&town.keys[1]).await.delete(&erase).await;
}

#[tokio::test]
async fn a_token_that_can_not_be_looked_up_now_is_no_bad_one() {
    let postgres = OwnPostgres::launch().await;
    let server = Server::start_on(Database::at(postgres.url().to_owned()), &["--auth=token"]).await;
    let town = Town { server, keys: Vec::new() };
    let ann = town.person("ann").await;
    postgres.stop().await;
    let mut http = town.client(&ann.token).await;
    let answer = http.get("users/me").await;
    assert_eq!(answer.detail(503), "Service Unavailable");
    assert!(answer.header("retry-after").is_some());
    http.show(None);
    assert_eq!(http.get("users/me").await.status, 401);
    http.show(Some("garbage"));
    assert_eq!(http.get("users/me").await.status, 401);
    postgres.start().await;
    http.show(Some(&ann.token));
    until("the database to be back", async || (http.get("users/me").await.status == 200).then_some(())).await;
}
