//! Users and groups over REST.

use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::server::Server;
use serde_json::{Value, json};

both_stores!(
    a_user_is_created_and_read,
    a_taken_email_or_user_name_is_refused,
    a_taken_email_costs_no_hash,
    an_email_is_validated_and_normalised,
    empty_fields_are_refused_after_types_and_before_taken_ones,
    names_have_a_length,
    a_name_with_nul_is_refused,
    a_body_that_does_not_validate_is_422,
    an_unknown_user_is_404,
    a_group_is_created_and_read,
    a_group_takes_what_pydantic_takes_for_a_boolean,
    a_taken_group_name_is_refused,
    groups_are_listed_in_order,
    members_are_those_who_connected_or_posted,
    unknown_paths_and_methods_are_told,
    health_is_told,
);

const USERS: &str = "/api/v1/users/";
const GROUPS: &str = "/api/v1/groups/";

fn alice() -> Value {
    json!({ "username": "alice", "email": "alice@example.com", "password": "secret" })
}

/// Asserts that `answer` is a 422 with one entry of this type and location.
fn assert_invalid(answer: &Response, kind: &str, loc: &Value) {
    let detail = answer.detail(422);
    let entries = detail.as_array().unwrap_or_else(|| panic!("not a list of entries: {detail}"));
    assert_eq!(entries.len(), 1, "{detail}");
    assert_eq!(entries[0]["type"], kind, "{detail}");
    assert_eq!(&entries[0]["loc"], loc, "{detail}");
    assert!(entries[0]["msg"].as_str().is_some_and(|msg| !msg.is_empty()), "{detail}");
    assert!(entries[0].get("input").is_some(), "{detail}");
}

/// Asserts that `answer` refuses a value with a reason.
fn assert_refused(answer: &Response) {
    assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    assert!(!answer.json()["detail"].is_null(), "{answer:?}");
}

async fn a_user_is_created_and_read(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    let mut with_more = alice();
    with_more["unknown"] = json!(1);
    let created = http.post("/api/v1/users/?unknown=1", &with_more).await.ok();
    let id = created["id"].as_i64().unwrap();
    assert_eq!(created, json!({ "id": id, "username": "alice", "email": "alice@example.com" }));

    for path in ["/api/v1/users/ID", "/api/v1/users/ID/", "/api/users/ID", "/api/users/ID/"] {
        let answer = http.get(&path.replace("ID", &id.to_string())).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.ok(), created, "{path}");
    }
}

async fn a_taken_email_or_user_name_is_refused(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    http.post("/api/v1/users", &alice()).await.ok();

    let mut other = alice();
    assert_eq!(http.post(USERS, &other).await.detail(400), "Email already registered");
    other["username"] = json!("bob");
    assert_eq!(http.post(USERS, &other).await.detail(400), "Email already registered");
    other = alice();
    other["email"] = json!("other@example.com");
    assert!(http.post(USERS, &other).await.detail(400).is_string());
    other["username"] = json!("Alice");
    http.post(USERS, &other).await.ok();
}

async fn a_taken_email_costs_no_hash(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    let mut body = alice();
    let mut cost = async |names: &[&str], status: u16| {
        let before = server.cpu();
        for name in names {
            body["username"] = json!(name);
            if status == 200 {
                body["email"] = json!(format!("{name}@example.com"));
            }
            assert_eq!(http.post(USERS, &body).await.status, status, "{name}");
        }
        (server.cpu() - before) / names.len() as u32
    };
    let of_new = cost(&["a", "b", "c", "d"], 200).await;
    let of_taken = cost(&["e", "f", "g", "h", "i", "j", "k", "l"], 400).await;
    assert!(of_taken * 3 < of_new, "{of_taken:?} for a taken address, {of_new:?} for a new one");
}

async fn an_email_is_validated_and_normalised(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for (index, (given, kept)) in
        [("A.b+c@EXAMPLE.Com", "A.b+c@example.com"), ("Some Name <d@example.com>", "d@example.com")]
            .into_iter()
            .enumerate()
    {
        let body = json!({ "username": format!("user{index}"), "email": given, "password": "p" });
        assert_eq!(http.post(USERS, &body).await.ok()["email"], kept);
    }
    let taken = json!({ "username": "user", "email": "d@Example.COM", "password": "p" });
    assert_eq!(http.post(USERS, &taken).await.detail(400), "Email already registered");
    for email in ["", "plain", "@example.com", "a@", "a b@example.com", "a@b@example.com"] {
        let body = json!({ "username": "user", "email": email, "password": "p" });
        assert_invalid(&http.post(USERS, &body).await, "value_error", &json!(["body", "email"]));
    }
}

async fn empty_fields_are_refused_after_types_and_before_taken_ones(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    http.post(USERS, &alice()).await.ok();
    for field in ["username", "password"] {
        let mut body = alice();
        body[field] = json!("");
        let answer = http.post(USERS, &body).await;
        assert_eq!(answer.detail(422), "username, email, and password are required");
        body["email"] = json!("not an address");
        assert_invalid(&http.post(USERS, &body).await, "value_error", &json!(["body", "email"]));
    }
}

async fn names_have_a_length(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    let mut body = alice();
    body["username"] = json!("ж".repeat(50));
    assert_eq!(http.post(USERS, &body).await.ok()["username"], body["username"]);
    body["email"] = json!("other@example.com");
    body["username"] = json!("ж".repeat(51));
    assert_refused(&http.post(USERS, &body).await);
    body["username"] = json!("other");
    body["email"] = json!(format!("a@{}com", "long.".repeat(20)));
    assert_refused(&http.post(USERS, &body).await);
    body["email"] = json!("other@example.com");
    body["password"] = json!("p".repeat(100_000));
    assert_refused(&http.post(USERS, &body).await);

    http.post(GROUPS, &json!({ "name": "ж".repeat(100), "is_private": false })).await.ok();
    assert_refused(&http.post(GROUPS, &json!({ "name": "ж".repeat(101), "is_private": false })).await);
}

async fn a_name_with_nul_is_refused(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    let mut body = alice();
    body["username"] = json!("a\0b");
    assert_refused(&http.post(USERS, &body).await);
    assert_refused(&http.post(GROUPS, &json!({ "name": "a\0b", "is_private": false })).await);
    assert_eq!(http.post(USERS, &alice()).await.ok()["username"], "alice");
}

async fn a_body_that_does_not_validate_is_422(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for (body, kind, loc) in [
        (r#"{"username":"u","password":"p"}"#, "missing", json!(["body", "email"])),
        (
            r#"{"username":1,"email":"a@example.com","password":"p"}"#,
            "string_type",
            json!(["body", "username"]),
        ),
        (r#"{"username":"u","email":null,"password":"p"}"#, "string_type", json!(["body", "email"])),
        ("[]", "model_attributes_type", json!(["body"])),
        (r#""text""#, "model_attributes_type", json!(["body"])),
        ("null", "missing", json!(["body"])),
        ("", "missing", json!(["body"])),
    ] {
        assert_invalid(&http.post_bytes(USERS, body.as_bytes()).await, kind, &loc);
    }

    let several = http.post(USERS, &json!({ "email": 1 })).await.detail(422);
    let types: Vec<&Value> = several.as_array().unwrap().iter().map(|entry| &entry["type"]).collect();
    assert_eq!(types, ["missing", "string_type", "missing"], "in the order of the fields");
    assert_eq!(several[0]["msg"], "Field required");
    assert_eq!(several[1]["msg"], "Input should be a valid string");
    assert_eq!(several[1]["input"], 1);

    for body in ["{", r#"{"username":}"#, "nonsense"] {
        let detail = http.post_bytes(USERS, body.as_bytes()).await.detail(422);
        assert_eq!(detail[0]["type"], "json_invalid", "{detail}");
        assert_eq!(detail[0]["loc"][0], "body", "{detail}");
        assert!(detail[0]["loc"][1].is_u64(), "{detail}");
    }
    let plain = alice().to_string();
    let no_json = http.request("POST", USERS, &[("Content-Type", "text/plain")], plain.as_bytes());
    assert_invalid(&no_json.await, "model_attributes_type", &json!(["body"]));
    let not_utf8 = http.post_bytes(USERS, b"{\"username\":\"\xff\"}").await;
    assert_eq!(not_utf8.detail(400), "There was an error parsing the body");
}

async fn an_unknown_user_is_404(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for id in ["0", "-1", "999999", "9223372036854775807"] {
        assert_eq!(http.get(&format!("/api/v1/users/{id}")).await.detail(404), "User not found");
    }
    for id in ["abc", "1.5", "1x"] {
        let answer = http.get(&format!("/api/v1/users/{id}")).await;
        assert_invalid(&answer, "int_parsing", &json!(["path", "user_id"]));
    }
    let huge = http.get(&format!("/api/v1/users/{}", "9".repeat(40))).await;
    assert!(matches!(huge.status, 404 | 422), "{huge:?}");
}

async fn a_group_is_created_and_read(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for (name, is_private) in [("open", false), ("closed", true)] {
        let created = http.post(GROUPS, &json!({ "name": name, "is_private": is_private })).await.ok();
        let id = created["id"].as_i64().unwrap();
        assert_eq!(created, json!({ "id": id, "name": name, "is_private": is_private }));
        assert_eq!(http.get(&format!("/api/v1/groups/{id}")).await.ok(), created);
        assert_eq!(http.get(&format!("/api/v1/groups/{id}/")).await.ok(), created);
    }
    assert!(http.get("/api/v1/groups/999999").await.detail(404).is_string());
}

async fn a_group_takes_what_pydantic_takes_for_a_boolean(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    let (yes, no) = (
        [json!(true), json!(1), json!("yes"), json!("TRUE"), json!("on")],
        [json!(false), json!(0), json!("no"), json!("f"), json!("0")],
    );
    for (index, (value, expected)) in
        yes.iter().map(|value| (value, true)).chain(no.iter().map(|value| (value, false))).enumerate()
    {
        let body = json!({ "name": format!("g{index}"), "is_private": value });
        assert_eq!(http.post(GROUPS, &body).await.ok()["is_private"], expected, "{value}");
    }
    for (value, kind) in [
        (json!("maybe"), "bool_parsing"),
        (json!(2), "bool_parsing"),
        (json!(null), "bool_type"),
        (json!([]), "bool_type"),
    ] {
        let answer = http.post(GROUPS, &json!({ "name": "g", "is_private": value })).await;
        assert_invalid(&answer, kind, &json!(["body", "is_private"]));
    }
}

async fn a_taken_group_name_is_refused(store: Store) {
    let server = Server::start(store).await;
    server.public_group("g").await;
    let answer = server.http().await.post(GROUPS, &json!({ "name": "g", "is_private": true })).await;
    assert!(answer.detail(400).is_string());
}

async fn groups_are_listed_in_order(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    assert_eq!(http.get(GROUPS).await.ok(), json!([]));
    let mut all = Vec::new();
    for index in 0..7 {
        let body = json!({ "name": format!("g{index}"), "is_private": index % 2 == 0 });
        all.push(http.post(GROUPS, &body).await.ok());
    }
    for (query, expected) in [
        ("", &all[..]),
        ("?skip=2", &all[2..]),
        ("?limit=3", &all[..3]),
        ("?skip=2&limit=3", &all[2..5]),
        ("?skip=100", &[]),
        ("?limit=0", &[]),
    ] {
        assert_eq!(http.get(&format!("/api/v1/groups{query}")).await.ok(), json!(expected), "{query}");
    }
    for query in ["?skip=-1", "?limit=-1", "?skip=x", "?limit=99999999999999999999"] {
        assert_eq!(http.get(&format!("/api/v1/groups/{query}")).await.status, 422, "{query}");
    }
}

async fn members_are_those_who_connected_or_posted(store: Store) {
    let server = Server::start(store).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let group = server.public_group("g").await;
    let mut http = server.http().await;
    let path = format!("/api/v1/groups/{group}/members/");
    assert_eq!(http.get(&path).await.ok(), json!([]));

    let body = json!({ "group_id": group, "user_id": bob, "content": "hello" });
    http.post("/api/v1/messages/", &body).await.ok();
    crate::support::socket::Socket::join(&server, "g", "alice").await.close().await;
    for path in [path.as_str(), path.trim_end_matches('/')] {
        let members = http.get(path).await.ok();
        let members: Vec<_> =
            members.as_array().unwrap().iter().map(|member| (&member["id"], &member["username"])).collect();
        assert_eq!(members, [(&json!(alice), &json!("alice")), (&json!(bob), &json!("bob"))]);
    }
}

async fn unknown_paths_and_methods_are_told(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for path in ["/nowhere", "/api/v1/", "/api/v1/users/1/2", "/api/v2/users/1", "/api/v1/users//1"] {
        assert_eq!(http.get(path).await.detail(404), "Not Found", "{path}");
    }
    for (method, path, allowed) in [
        ("GET", "/api/v1/users/", vec!["POST"]),
        ("PUT", "/api/v1/users/1", vec!["DELETE", "GET"]),
        ("PUT", "/api/v1/groups", vec!["GET", "POST"]),
        ("PATCH", "/api/v1/messages/", vec!["GET", "POST"]),
        ("POST", "/healthz", vec!["GET"]),
    ] {
        let answer = http.request(method, path, &[], b"").await;
        assert_eq!(answer.detail(405), "Method Not Allowed", "{method} {path}");
        let allow: Vec<String> = answer
            .list("allow")
            .into_iter()
            .filter(|allowed| !matches!(allowed.as_str(), "HEAD" | "OPTIONS"))
            .collect();
        assert_eq!(allow, allowed, "{method} {path}");
    }
}

async fn health_is_told(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for path in ["/healthz", "/readyz", "/healthz/", "/readyz/"] {
        assert_eq!(http.get(path).await.status, 200, "{path}");
    }
}
