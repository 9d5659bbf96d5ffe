//! Logging in and out, and one's account.

use serde_json::{Value, json};

use super::people::{PASSWORD, Person, Town};
use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::server::Server;
use crate::support::until;

both_stores!(
    a_log_in_gives_tokens,
    a_log_in_takes_names_and_addresses,
    a_log_in_takes_the_form_of_oauth2,
    a_wrong_log_in_does_not_say_what_is_wrong,
    what_is_missing_is_told_without_the_password,
    many_wrong_passwords_lock_the_door_for_a_while,
    a_refresh_token_counts_once,
    who_uses_a_spent_token_ends_the_session,
    sessions_are_listed_and_ended,
    a_log_out_survives_a_restart,
    one_reads_and_changes_oneself,
    a_new_password_ends_the_other_sessions,
    an_erased_user_is_gone_and_their_name_free,
    names_are_enough_where_they_are_believed_and_tokens_work_too,
    the_first_admin_is_made_by_the_link_in_the_log,
    only_admins_register_users_where_that_is_closed,
);

const SESSIONS: &str = "/api/v1/sessions/";

/// The text and the challenge of a 401.
fn assert_unauthenticated(answer: &Response, text: &str) {
    assert_eq!(answer.detail(401), text);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

async fn a_log_in_gives_tokens(store: Store) {
    let town = Town::start(store).await;
    let ann = town.person("ann").await;
    let answer = town.try_log_in("ann", PASSWORD).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer.ok();
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["expires_in"], 30 * 60);
    assert_eq!(tokens["user"], json!({ "id": ann.id, "username": "ann", "email": "ann@example.com" }));
    assert_eq!(tokens.as_object().unwrap().len(), 5, "{tokens}");
    let again = Person::of(&tokens);
    assert!(again.token != ann.token && again.refresh_token != ann.refresh_token);
    for person in [&ann, &again] {
        assert_eq!(town.client(&person.token).await.get("users/me").await.ok(), tokens["user"]);
    }
}

async fn a_log_in_takes_names_and_addresses(store: Store) {
    let town = Town::start(store).await;
    town.person("ann").await;
    // A name that looks like somebody else's address is a name.
    let body = json!({ "username": "ann@example.com", "email": "other@example.com", "password": "other" });
    let other = town.server.http().await.post("/api/v1/users/", &body).await.ok();
    let mut http = town.server.http().await;
    for (body, expected) in [
        (json!({ "username": "ann", "password": PASSWORD }), Some("ann")),
        (json!({ "email": "ann@example.com", "password": PASSWORD }), Some("ann")),
        (json!({ "email": "Ann <ann@EXAMPLE.com>", "password": PASSWORD }), Some("ann")),
        (json!({ "username": "ann@example.com", "password": "other" }), Some("ann@example.com")),
        (json!({ "username": "ann@example.com", "password": PASSWORD }), None),
        (json!({ "username": "other@Example.com", "password": "other" }), Some("ann@example.com")),
        (json!({ "username": "Ann", "password": PASSWORD }), None),
        (json!({ "username": "a\0nn", "password": PASSWORD }), None),
        (json!({ "username": "ann", "email": null, "password": PASSWORD }), Some("ann")),
    ] {
        let answer = http.post(SESSIONS, &body).await;
        match expected {
            Some(name) => assert_eq!(answer.ok()["user"]["username"], name, "{body}"),
            None => assert_unauthenticated(&answer, "Incorrect username or password"),
        }
    }
    assert_eq!(other["username"], "ann@example.com");
}

async fn a_log_in_takes_the_form_of_oauth2(store: Store) {
    let town = Town::start(store).await;
    town.person("ann").await;
    let mut http = town.server.http().await;
    let mut send = async |body: &str| {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        http.request("POST", SESSIONS, &headers, body.as_bytes()).await
    };
    for body in [
        "username=ann&password=secret",
        "grant_type=password&username=ann&password=secret&scope=&client_id=string&client_secret=x",
        "username=ann%40example.com&password=%73ecret",
    ] {
        let answer = send(body).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.ok()["user"]["username"], "ann", "{body}");
    }
    assert_unauthenticated(&send("username=ann&password=wrong").await, "Incorrect username or password");
    let detail = send("grant_type=password&password=secret").await.detail(422);
    assert_eq!((&detail[0]["type"], &detail[0]["loc"]), (&json!("missing"), &json!(["body", "username"])));
}

async fn a_wrong_log_in_does_not_say_what_is_wrong(store: Store) {
    let town = Town::start(store).await;
    town.person("ann").await;
    let wrong = town.try_log_in("ann", "wrong").await;
    let unknown = town.try_log_in("nobody", "wrong").await;
    for answer in [&wrong, &unknown] {
        assert_unauthenticated(answer, "Incorrect username or password");
    }
    assert_eq!(wrong.body, unknown.body);
}

async fn what_is_missing_is_told_without_the_password(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for (body, missing) in [
        (json!({ "password": "p4ssw0rd" }), vec!["username"]),
        (json!({ "username": "ann" }), vec!["password"]),
        (json!({ "other": "p4ssw0rd" }), vec!["username", "password"]),
    ] {
        let answer = http.post(SESSIONS, &body).await;
        let detail = answer.detail(422);
        let entries = detail.as_array().unwrap();
        let found: Vec<_> = entries.iter().map(|entry| (&entry["type"], &entry["loc"][1])).collect();
        let (kind, missing) = (json!("missing"), missing.iter().map(|name| json!(name)).collect::<Vec<_>>());
        assert_eq!(found, missing.iter().map(|name| (&kind, name)).collect::<Vec<_>>());
        assert!(!String::from_utf8_lossy(&answer.body).contains("p4ssw0rd"), "{detail}");
    }
    let answer = http.post("/api/v1/sessions/refresh/", &json!({})).await.detail(422);
    assert_eq!(answer[0]["loc"], json!(["body", "refresh_token"]));
}

async fn many_wrong_passwords_lock_the_door_for_a_while(store: Store) {
    let town = Town::start(store).await;
    town.person("ann").await;
    town.person("bob").await;
    for _ in 0..5 {
        assert_unauthenticated(&town.try_log_in("ann", "wrong").await, "Incorrect username or password");
    }
    let locked = town.try_log_in("ann", PASSWORD).await;
    assert_eq!(locked.detail(429), "Too many wrong passwords");
    let seconds: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    assert_eq!(town.try_log_in("bob", PASSWORD).await.status, 200, "another account");
    until("the door to open", async || (town.try_log_in("ann", PASSWORD).await.status == 200).then_some(()))
        .await;
    assert_unauthenticated(&town.try_log_in("ann", "wrong").await, "Incorrect username or password");
}

async fn a_refresh_token_counts_once(store: Store) {
    let town = Town::start(store).await;
    let ann = town.person("ann").await;
    let mut http = town.stranger().await;
    let answer = http.post("sessions/refresh", json!({ "refresh_token": ann.refresh_token })).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let next = Person::of(&answer.ok());
    assert_ne!(next.refresh_token, ann.refresh_token);
    for token in [&ann.token, &next.token] {
        assert_eq!(town.client(token).await.get("users/me").await.ok()["id"], ann.id);
    }
    let sessions = town.client(&next.token).await.get("sessions/").await.ok();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "it is the same session: {sessions}");
    for token in ["", "x", &ann.token, "gcr_1.a.b"] {
        let answer = http.post("sessions/refresh/", json!({ "refresh_token": token })).await;
        match token {
            "" => assert_eq!(answer.status, 422),
            _ => assert_unauthenticated(&answer, "Could not validate credentials"),
        }
    }
    http.post("sessions/refresh/", json!({ "refresh_token": next.refresh_token })).await.ok();
}

async fn who_uses_a_spent_token_ends_the_session(store: Store) {
    let town = Town::start(store).await;
    let (ann, other) = (town.person("ann").await, town.log_in("ann").await);
    let mut http = town.stranger().await;
    let next = http.post("sessions/refresh/", json!({ "refresh_token": ann.refresh_token })).await.ok();
    let next = Person::of(&next);
    for token in [&ann.refresh_token, &next.refresh_token] {
        let answer = http.post("sessions/refresh/", json!({ "refresh_token": token })).await;
        assert_unauthenticated(&answer, "Could not validate credentials");
    }
    for token in [&ann.token, &next.token] {
        let answer = town.client(token).await.get("users/me").await;
        assert_unauthenticated(&answer, "Could not validate credentials");
    }
    assert_eq!(town.client(&other.token).await.get("users/me").await.status, 200);
}

async fn sessions_are_listed_and_ended(store: Store) {
    let town = Town::start(store).await;
    let (first, bob) = (town.person("ann").await, town.person("bob").await);
    let body = json!({ "username": "ann", "password": PASSWORD }).to_string();
    let headers = [("Content-Type", "application/json"), ("User-Agent", "a phone")];
    let second = town.server.http().await.request("POST", SESSIONS, &headers, body.as_bytes()).await.ok();
    let second = Person::of(&second);
    let mut http = town.client(&first.token).await;
    let sessions = http.get("sessions").await.ok();
    let [newer, older] = sessions.as_array().unwrap().as_slice() else { panic!("{sessions}") };
    assert_eq!((&newer["client"], &newer["current"]), (&json!("a phone"), &json!(false)));
    assert_eq!((&older["client"], &older["current"]), (&json!(""), &json!(true)));
    for session in [newer, older] {
        let fields: Vec<&String> = session.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["id", "created_at", "renewed_at", "expires_at", "client", "current"]);
        assert_eq!(session["created_at"], session["renewed_at"]);
        assert!(session["expires_at"].as_str() > session["created_at"].as_str());
    }
    let path = format!("sessions/{}", newer["id"]);
    let not_hers = town.client(&bob.token).await.ask("DELETE", &path, &Value::Null).await;
    assert_eq!(not_hers.detail(404), "Session not found");
    http.delete(&path).await;
    assert_eq!(http.ask("DELETE", &path, &Value::Null).await.detail(404), "Session not found");
    assert_eq!(http.ask("DELETE", "sessions/x", &Value::Null).await.status, 422);
    let ended = town.client(&second.token).await.get("users/me").await;
    assert_unauthenticated(&ended, "Could not validate credentials");
    http.delete("sessions/current").await;
    assert_unauthenticated(&http.get("users/me").await, "Could not validate credentials");
    let body = json!({ "refresh_token": first.refresh_token });
    assert_eq!(http.post("sessions/refresh/", body).await.status, 401);
}

async fn a_log_out_survives_a_restart(store: Store) {
    let mut town = Town::start(store).await;
    let (ended, kept) = (town.person("ann").await, town.log_in("ann").await);
    town.client(&ended.token).await.delete("sessions/current").await;
    town.server.terminate().await;
    town.server.restart().await;
    let answer = town.client(&ended.token).await.get("users/me").await;
    assert_unauthenticated(&answer, "Could not validate credentials");
    town.client(&kept.token).await.get("users/me").await.ok();
}

async fn one_reads_and_changes_oneself(store: Store) {
    let town = Town::start(store).await;
    let (ann, bob) = (town.person("ann").await, town.person("bob").await);
    let mut http = town.client(&ann.token).await;
    let me = json!({ "id": ann.id, "username": "ann", "email": "ann@example.com" });
    assert_eq!(http.get("users/me").await.ok(), me);
    assert_eq!(http.get("users/me/").await.ok(), me);
    assert_eq!(http.get(&format!("users/{}", ann.id)).await.ok(), me);
    let his = json!({ "id": bob.id, "username": "bob", "email": null });
    assert_eq!(http.get(&format!("users/{}", bob.id)).await.ok(), his);
    let root = town.log_in("root").await;
    let seen = town.client(&root.token).await.get(&format!("users/{}", bob.id)).await.ok();
    assert_eq!(seen["email"], "bob@example.com");

    assert_eq!(http.patch("users/me", json!({})).await.ok(), me);
    let changed = http.patch("users/me", json!({ "email": "Ann <a@NEW.example>" })).await.ok();
    assert_eq!(changed["email"], "a@new.example");
    assert_eq!(http.get("users/me").await.ok(), changed);
    for (body, status) in [
        (json!({ "email": "bob@example.com" }), 400),
        (json!({ "email": "nonsense" }), 422),
        (json!({ "password": "new" }), 422),
        (json!({ "password": "", "current_password": PASSWORD }), 422),
        (json!({ "password": 1, "current_password": PASSWORD }), 422),
        (json!([]), 422),
    ] {
        assert_eq!(http.patch("users/me", body.clone()).await.status, status, "{body}");
    }
    assert_eq!(http.ask("PATCH", "users/me", &Value::Null).await.status, 422);
    assert_eq!(http.ask("DELETE", "users/me", &Value::Null).await.status, 405);
}

async fn a_new_password_ends_the_other_sessions(store: Store) {
    let town = Town::start(store).await;
    let (ann, other) = (town.person("ann").await, town.log_in("ann").await);
    let mut http = town.client(&ann.token).await;
    let wrong = json!({ "password": "new", "current_password": "wrong" });
    assert_eq!(http.patch("users/me", wrong).await.detail(403), "Wrong password");
    let taken = json!({ "password": "new", "current_password": PASSWORD, "email": "root@example.com" });
    assert_eq!(http.patch("users/me", taken).await.detail(400), "Email already registered");
    let right = json!({ "password": "new", "current_password": PASSWORD });
    assert_eq!(http.patch("users/me", right).await.ok()["username"], "ann");
    http.get("users/me").await.ok();
    let answer = town.client(&other.token).await.get("users/me").await;
    assert_unauthenticated(&answer, "Could not validate credentials");
    let refreshing = json!({ "refresh_token": other.refresh_token });
    assert_eq!(http.post("sessions/refresh/", refreshing).await.status, 401);
    assert_eq!(town.try_log_in("ann", PASSWORD).await.status, 401);
    town.try_log_in("ann", "new").await.ok();
}

async fn an_erased_user_is_gone_and_their_name_free(store: Store) {
    let town = Town::start(store).await;
    let (ann, bob, root) = (town.person("ann").await, town.person("bob").await, town.log_in("root").await);
    let mut http = town.client(&ann.token).await;
    let group = http.create_group("g", false).await;
    town.client(&bob.token).await.put(&format!("groups/{group}/members/{}", bob.id), Value::Null).await.ok();
    for (token, content) in [(&ann.token, "hers"), (&bob.token, "his")] {
        let body = json!({ "group_id": group, "content": content });
        town.client(token).await.post("messages/", body).await.ok();
    }
    let path = format!("users/{}", bob.id);
    let by_another = http.ask("DELETE", &path, &Value::Null).await;
    assert!(by_another.detail(403).is_string());
    for query in ["?messages=", "?messages=all"] {
        let detail = http.ask("DELETE", &format!("users/{}{query}", ann.id), &Value::Null).await.detail(422);
        assert_eq!(detail[0]["loc"], json!(["query", "messages"]));
    }
    http.delete(&format!("users/{}", ann.id)).await;
    assert_unauthenticated(&http.get("users/me").await, "Could not validate credentials");
    assert_eq!(town.try_log_in("ann", PASSWORD).await.status, 401);

    let mut his = town.client(&bob.token).await;
    let shown = format!("deleted-{}", ann.id);
    let messages = his.get(&format!("messages/?group_id={group}")).await.ok();
    assert_eq!((&messages[0]["username"], &messages[0]["content"]), (&json!(shown), &json!("hers")));
    let members = his.get(&format!("groups/{group}/members/")).await.ok();
    assert_eq!(members, json!([{ "id": bob.id, "username": "bob", "role": "owner" }]), "he inherits");
    assert_ne!(town.person("ann").await.id, ann.id);

    town.client(&root.token).await.delete(&format!("{path}?messages=erase")).await;
    assert_unauthenticated(&his.get("users/me").await, "Could not validate credentials");
    let messages = town.client(&root.token).await.get(&format!("messages/?group_id={group}")).await.ok();
    let contents: Vec<&Value> =
        messages.as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(contents, ["hers", ""]);
    let gone = town.client(&root.token).await.ask("DELETE", "users/999999", &Value::Null).await;
    assert_eq!(gone.detail(404), "User not found");
}

async fn names_are_enough_where_they_are_believed_and_tokens_work_too(store: Store) {
    let server = Server::start(store).await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let mut http = server.http().await;
    let tokens = http.post(SESSIONS, &json!({ "username": "ann", "password": "secret" })).await.ok();
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let mut ask = async |method: &str, path: &str, authorization: &str| {
        let headers = [("Authorization", authorization)];
        http.request(method, &format!("/api/v1/{path}"), &headers, b"").await
    };
    assert_eq!(ask("GET", "users/me", &bearer).await.ok()["id"], ann);
    for foreign in ["Basic YTpi", "Bearer nonsense", ""] {
        assert_eq!(ask("GET", "groups/", foreign).await.ok(), json!([]), "{foreign} is of no concern");
        assert_eq!(ask("GET", "users/me", foreign).await.status, 401);
        assert_eq!(ask("GET", "sessions/", foreign).await.status, 401);
        assert_unauthenticated(&ask("DELETE", &format!("users/{ann}"), foreign).await, "Not authenticated");
    }
    let named = format!("users/{ann}?user_id={ann}");
    assert_eq!(ask("DELETE", &named, "").await.status, 401, "a name does not erase");
    let of_another = ask("DELETE", &format!("users/{bob}"), &bearer).await.status;
    assert!(matches!(of_another, 401 | 403), "{of_another}");
    assert_eq!(ask("DELETE", &format!("users/{ann}"), &bearer).await.status, 204);
    assert_eq!(ask("GET", "users/me", &bearer).await.status, 401);
    assert_eq!(http.post("/api/v1/setup/", &json!({})).await.detail(404), "Not Found");
}

async fn the_first_admin_is_made_by_the_link_in_the_log(store: Store) {
    let town = Town::start_with(store, &[], &[], &[]).await;
    let secret = until("the link", async || {
        let log = town.server.log();
        let (_, rest) = log.split_once("/admin#setup=")?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')?;
        Some(rest[..end].to_owned())
    })
    .await;
    let mut http = town.stranger().await;
    let body = |token: &str, name: &str| {
        let email = format!("{name}@example.com");
        json!({ "token": token, "username": name, "email": email, "password": PASSWORD })
    };
    let wrong = http.post("setup/", body("wrong", "eve")).await;
    assert_unauthenticated(&wrong, "Could not validate credentials");
    assert_eq!(http.post("setup/", body(&secret, "")).await.status, 422);
    let created = http.post("setup", body(&secret, "ann")).await.ok();
    assert_eq!((&created["username"], &created["email"]), (&json!("ann"), &json!("ann@example.com")));
    let again = http.post("setup/", body(&secret, "eve")).await;
    assert_unauthenticated(&again, "Could not validate credentials");
    let (ann, bob) = (town.log_in("ann").await, town.person("bob").await);
    let seen = town.client(&ann.token).await.get(&format!("users/{}", bob.id)).await.ok();
    assert_eq!(seen["email"], "bob@example.com", "she governs");
}

async fn only_admins_register_users_where_that_is_closed(store: Store) {
    let keys = ["--scope admin --as-server", "--scope write --as-server"];
    let town = Town::start_with(store, &["root", "olga"], &keys, &["--registration=closed"]).await;
    let (root, olga) = (town.log_in("root").await, town.log_in("olga").await);
    let mut http = town.stranger().await;
    let [governing, writing] = [&town.keys[0], &town.keys[1]];
    for (index, (token, status)) in [
        (None, 403),
        (Some("nonsense"), 403),
        (Some(olga.token.as_str()), 403),
        (Some(writing), 403),
        (Some(root.token.as_str()), 200),
        (Some(governing), 200),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("user{index}");
        let email = format!("{name}@example.com");
        http.show(token);
        let answer = http.post("users/", json!({ "username": name, "email": email, "password": "p" })).await;
        assert_eq!(answer.status, status, "{token:?}");
    }
}
