//! Members and their roles, bans and mutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::people::{Client, Person, Town};
use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::server::Server;

both_stores!(
    groups_are_shown_to_whom_they_concern,
    a_group_is_changed_and_deleted,
    members_join_are_added_and_leave,
    ownership_is_handed_over_and_inherited,
    a_ban_keeps_out_until_it_is_lifted_or_over,
    a_mute_stops_writing_and_nothing_else,
    reasons_and_ends_are_checked,
    a_private_group_takes_a_second_member_by_its_owner_alone,
    own_groups_are_listed_by_their_newest_message,
    users_are_found_by_the_beginning_of_their_names,
    nothing_of_the_kicked_is_stored_after_the_answer,
    names_govern_where_they_are_believed,
);

/// A group's owner and two others.
struct Trio {
    town: Town,
    olga: Person,
    ann: Person,
    bob: Person,
}

impl Trio {
    async fn start(store: Store) -> Self {
        let town = Town::start(store).await;
        let (olga, ann, bob) =
            (town.person("olga").await, town.person("ann").await, town.person("bob").await);
        Self { town, olga, ann, bob }
    }

    async fn by(&self, person: &Person) -> Client {
        self.town.client(&person.token).await
    }
}

fn refused(answer: &Response, status: u16, text: &str) {
    assert_eq!(answer.detail(status), text);
}

async fn delete(client: &mut Client, path: &str) -> Response {
    client.ask("DELETE", path, &Value::Null).await
}

async fn groups_are_shown_to_whom_they_concern(store: Store) {
    let trio = Trio::start(store).await;
    let mut olga = trio.by(&trio.olga).await;
    let open = olga.create_group("open", false).await;
    let invite = olga.create_invite_group("invite").await;
    let private = olga.create_group("private", true).await;
    let shown = json!({ "id": open, "name": "open", "is_private": false, "topic": "", "join": "open" });
    assert_eq!(olga.get(&format!("groups/{open}")).await.ok(), shown);
    let ids = |list: &Value| {
        list.as_array().unwrap().iter().map(|group| group["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&olga.get("groups/").await.ok()), [open, invite, private]);
    let mut ann = trio.by(&trio.ann).await;
    assert_eq!(ann.get("groups/").await.ok(), json!([shown]));
    assert_eq!(ann.get("groups/?skip=1").await.ok(), json!([]));
    for id in [invite, private, 999_999] {
        refused(&ann.get(&format!("groups/{id}")).await, 404, "Group not found");
        assert_eq!(ann.get(&format!("messages/?group_id={id}")).await.ok(), json!([]));
    }
    let root = trio.town.log_in("root").await;
    let mut root = trio.by(&root).await;
    assert_eq!(ids(&root.get("groups/").await.ok()), [open, invite, private]);
    // A taken name is told, even of a group that one may not know of.
    let taken = json!({ "name": "invite", "is_private": false });
    refused(&ann.post("groups/", taken).await, 400, "Group name already registered");

    for (group, content) in [(open, "a"), (invite, "b"), (private, "c")] {
        olga.post("messages/", json!({ "group_id": group, "content": content })).await.ok();
    }
    olga.put(&format!("groups/{invite}/members/{}", trio.ann.id), Value::Null).await.ok();
    let contents = async |client: &mut Client, query: &str| {
        let list = client.get(&format!("messages/{query}")).await.ok();
        list.as_array()
            .unwrap()
            .iter()
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert_eq!(contents(&mut olga, "").await, "abc");
    assert_eq!(contents(&mut ann, "").await, "b", "of her own groups");
    assert_eq!(contents(&mut ann, &format!("?user_id={}", trio.olga.id)).await, "b");
    assert_eq!(contents(&mut root, "").await, "abc");
    assert_eq!(contents(&mut root, &format!("?group_id={private}")).await, "c");
    assert_eq!(ann.get(&format!("messages/?group_id={open}")).await.status, 403);
}

async fn a_group_is_changed_and_deleted(store: Store) {
    let trio = Trio::start(store).await;
    let mut olga = trio.by(&trio.olga).await;
    let id = olga.create_group("tea", false).await;
    let path = format!("groups/{id}");
    let mut shown = olga.get(&path).await.ok();
    for (name, value) in [("topic", "all about tea"), ("name", "coffee"), ("join", "invite"), ("topic", "")] {
        shown[name] = json!(value);
        assert_eq!(olga.patch(&path, json!({ name: value })).await.ok(), shown);
        assert_eq!(olga.get(&path).await.ok(), shown);
    }
    assert_eq!(olga.patch(&path, json!({})).await.ok(), shown);
    let nothing = json!({ "name": null, "topic": null, "join": null });
    assert_eq!(olga.patch(&path, nothing).await.ok(), shown);
    for (body, kind) in [
        (json!({ "join": "closed" }), "literal_error"),
        (json!({ "join": 1 }), "literal_error"),
        (json!({ "topic": 1 }), "string_type"),
        (json!({ "topic": "x".repeat(251) }), "string_too_long"),
        (json!({ "name": "x".repeat(101) }), "string_too_long"),
        (json!({ "name": "a\0" }), "value_error"),
    ] {
        assert_eq!(olga.patch(&path, body.clone()).await.detail(422)[0]["type"], kind, "{body}");
    }
    olga.create_group("tea", false).await;
    refused(&olga.patch(&path, json!({ "name": "tea" })).await, 400, "Group name already registered");
    olga.post("messages/", json!({ "group_id": id, "content": "x" })).await.ok();
    assert_eq!(olga.get("messages/").await.ok()[0]["group_name"], "coffee");
    olga.delete(&path).await;
    refused(&olga.get(&path).await, 404, "Group not found");
    refused(&delete(&mut olga, &path).await, 404, "Group not found");
    assert_eq!(olga.get("messages/").await.ok(), json!([]));
    refused(&olga.post("messages/", json!({ "group_id": id, "content": "x" })).await, 404, "Group not found");
}

async fn members_join_are_added_and_leave(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, bob, .. } = &trio;
    let (mut by_olga, mut by_ann, mut by_bob) = (trio.by(olga).await, trio.by(ann).await, trio.by(bob).await);
    let open = by_olga.create_group("open", false).await;
    let members = format!("groups/{open}/members/");
    let of = |person: &Person| format!("{members}{}", person.id);
    let row =
        |person: &Person, name: &str, role: &str| json!({ "id": person.id, "username": name, "role": role });
    assert_eq!(by_ann.put(&of(ann), Value::Null).await.ok(), row(ann, "ann", "member"));
    assert_eq!(by_ann.put(&of(ann), json!({})).await.ok(), row(ann, "ann", "member"), "again");
    assert_eq!(by_ann.put(&of(ann), json!({ "role": "admin" })).await.status, 403);
    assert_eq!(by_ann.put(&of(ann), json!({ "role": "king" })).await.detail(422)[0]["type"], "literal_error");
    assert_eq!(by_ann.put(&of(bob), Value::Null).await.status, 403);
    assert_eq!(by_bob.put(&of(bob), json!({ "role": "owner" })).await.status, 403);
    let without_bob = json!([row(olga, "olga", "owner"), row(ann, "ann", "member")]);
    assert_eq!(
        by_olga.get(&members).await.ok(),
        without_bob,
        "who asks for more than is theirs gets nothing"
    );
    assert_eq!(by_olga.put(&of(bob), json!({ "role": "admin" })).await.ok(), row(bob, "bob", "admin"));
    let all = json!([row(olga, "olga", "owner"), row(ann, "ann", "member"), row(bob, "bob", "admin")]);
    assert_eq!(by_ann.get(&members).await.ok(), all);
    assert_eq!(by_bob.put(&format!("{members}999999"), Value::Null).await.detail(404), "User not found");
    assert_eq!(delete(&mut by_bob, &format!("{members}999999")).await.detail(404), "Member not found");

    assert_eq!(delete(&mut by_ann, &of(bob)).await.status, 403);
    assert_eq!(delete(&mut by_bob, &of(olga)).await.status, 403, "not the owner");
    by_bob.delete(&of(ann)).await;
    assert_eq!(by_ann.get(&members).await.status, 403);
    assert_eq!(delete(&mut by_ann, &of(ann)).await.status, 403);
    refused(&delete(&mut by_bob, &of(ann)).await, 404, "Member not found");
    by_bob.delete(&of(bob)).await;
    by_ann.put(&of(ann), Value::Null).await.ok();
}

async fn ownership_is_handed_over_and_inherited(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, bob, .. } = &trio;
    let (mut by_olga, mut by_ann, mut by_bob) = (trio.by(olga).await, trio.by(ann).await, trio.by(bob).await);
    let group = by_olga.create_group("g", false).await;
    let members = format!("groups/{group}/members/");
    let of = |person: &Person| format!("{members}{}", person.id);
    by_ann.put(&of(ann), Value::Null).await.ok();
    by_olga.put(&of(bob), json!({ "role": "admin" })).await.ok();
    assert_eq!(by_bob.put(&of(ann), json!({ "role": "admin" })).await.status, 403, "admins set no roles");
    assert_eq!(
        by_olga.put(&of(olga), json!({ "role": "member" })).await.status,
        403,
        "an owner hands it over"
    );
    assert_eq!(by_olga.put(&of(ann), json!({ "role": "owner" })).await.ok()["role"], "owner");
    let roles = async |client: &mut Client| {
        let list = client.get(&members).await.ok();
        let roles = list.as_array().unwrap().iter().map(|member| {
            format!("{} {}", member["username"].as_str().unwrap(), member["role"].as_str().unwrap())
        });
        roles.collect::<Vec<_>>()
    };
    assert_eq!(roles(&mut by_bob).await, ["olga admin", "ann owner", "bob admin"]);
    assert_eq!(delete(&mut by_olga, &format!("groups/{group}")).await.status, 403, "no longer hers");
    by_ann.delete(&of(ann)).await;
    assert_eq!(roles(&mut by_bob).await, ["olga owner", "bob admin"], "the oldest admin inherits");
    by_olga.put(&of(bob), json!({ "role": "member" })).await.ok();
    by_olga.delete(&of(olga)).await;
    assert_eq!(roles(&mut by_bob).await, ["bob owner"]);
    by_bob.delete(&format!("groups/{group}")).await;
}

async fn a_ban_keeps_out_until_it_is_lifted_or_over(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, .. } = &trio;
    let (mut by_olga, mut by_ann) = (trio.by(olga).await, trio.by(ann).await);
    let group = by_olga.create_group("g", false).await;
    let (member, ban) =
        (format!("groups/{group}/members/{}", ann.id), format!("groups/{group}/bans/{}", ann.id));
    by_ann.put(&member, Value::Null).await.ok();
    let made = by_olga.put(&ban, json!({ "reason": "noise" })).await.ok();
    let created_at = &made["created_at"];
    assert!(created_at.as_str().is_some_and(|text| text.ends_with('Z')), "{made}");
    let row = json!({ "id": ann.id, "username": "ann", "by": olga.id, "reason": "noise", "created_at": created_at });
    assert_eq!(made, row);
    assert_eq!(by_olga.get(&format!("groups/{group}/bans")).await.ok(), json!([row]));

    assert_eq!(by_ann.get(&format!("groups/{group}")).await.ok()["name"], "g", "she may still see it");
    refused(&by_ann.put(&member, Value::Null).await, 403, "banned");
    refused(&by_olga.put(&member, Value::Null).await, 403, "banned");
    refused(&by_ann.get(&format!("messages/?group_id={group}")).await, 403, "banned");
    refused(&by_ann.post("messages/", json!({ "group_id": group, "content": "x" })).await, 403, "banned");
    by_olga.delete(&ban).await;
    refused(&delete(&mut by_olga, &ban).await, 404, "Ban not found");
    by_ann.put(&member, Value::Null).await.ok();

    let until = by_olga.put(&ban, json!({ "until": "2999-12-31T23:30:00.5+00:30" })).await.ok();
    assert_eq!(until["until"], "2999-12-31T23:00:00.500000Z");
    refused(&by_ann.put(&member, Value::Null).await, 403, "banned");
    assert!(made["created_at"].as_str() < until["created_at"].as_str());
    by_olga.put(&ban, Value::Null).await.ok();
    assert_eq!(by_olga.get(&format!("groups/{group}/bans/")).await.ok()[0].get("until"), None, "replaced");
    assert_eq!(
        by_olga.put(&format!("groups/{group}/bans/999999"), Value::Null).await.detail(404),
        "User not found"
    );
    assert_eq!(by_olga.put(&format!("groups/{group}/bans/{}", olga.id), Value::Null).await.status, 403);
}

async fn a_mute_stops_writing_and_nothing_else(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, bob, .. } = &trio;
    let (mut by_olga, mut by_ann) = (trio.by(olga).await, trio.by(ann).await);
    let group = by_olga.create_group("g", false).await;
    let (member, mute) =
        (format!("groups/{group}/members/{}", ann.id), format!("groups/{group}/mutes/{}", ann.id));
    by_ann.put(&member, Value::Null).await.ok();
    let message = json!({ "group_id": group, "content": "x" });
    let retry = json!({ "group_id": group, "content": "x", "client_id": "1" });
    let first = by_ann.post("messages/", retry.clone()).await.ok();
    let made = by_olga.put(&mute, json!({})).await.ok();
    let row = json!({ "id": ann.id, "username": "ann", "by": olga.id, "created_at": made["created_at"] });
    assert_eq!(made, row);
    assert_eq!(by_olga.get(&format!("groups/{group}/mutes/")).await.ok(), json!([row]));
    refused(&by_ann.post("messages/", message.clone()).await, 403, "muted");
    assert_eq!(by_ann.post("messages/", retry).await.ok(), first, "what was sent is told again");
    by_ann.get(&format!("messages/?group_id={group}")).await.ok();
    // Leaving lifts no mute.
    by_ann.delete(&member).await;
    by_ann.put(&member, Value::Null).await.ok();
    refused(&by_ann.post("messages/", message.clone()).await, 403, "muted");
    by_olga.delete(&mute).await;
    refused(&delete(&mut by_olga, &mute).await, 404, "Mute not found");
    by_ann.post("messages/", message).await.ok();
    let stranger = format!("groups/{group}/mutes/{}", bob.id);
    refused(&by_olga.put(&stranger, Value::Null).await, 404, "Member not found");
}

async fn reasons_and_ends_are_checked(store: Store) {
    let trio = Trio::start(store).await;
    let mut by_olga = trio.by(&trio.olga).await;
    let group = by_olga.create_group("g", false).await;
    for kind in ["bans", "mutes"] {
        let path = format!("groups/{group}/{kind}/{}", trio.ann.id);
        for (until, problem) in [
            (json!("2999-01-01T00:00:00"), "timezone_aware"),
            (json!("2999-01-01"), "datetime_parsing"),
            (json!("soon"), "datetime_parsing"),
            (json!(""), "datetime_parsing"),
            (json!(32_503_680_000_i64), "datetime_type"),
            (json!("2001-01-01T00:00:00Z"), "value_error"),
        ] {
            let detail = by_olga.put(&path, json!({ "until": until })).await.detail(422);
            assert_eq!((&detail[0]["type"], &detail[0]["loc"]), (&json!(problem), &json!(["body", "until"])));
        }
        assert_eq!(by_olga.put(&path, json!([])).await.status, 422);
    }
    let ban = format!("groups/{group}/bans/{}", trio.ann.id);
    assert_eq!(by_olga.put(&ban, json!({ "reason": "x".repeat(251) })).await.status, 422);
    assert_eq!(by_olga.put(&ban, json!({ "reason": "a\0" })).await.status, 422);
    assert_eq!(by_olga.get(&format!("groups/{group}/bans/")).await.ok(), json!([]));
    let none = json!({ "reason": null, "until": null });
    assert_eq!(by_olga.put(&ban, none).await.ok().get("reason"), None);
}

async fn a_private_group_takes_a_second_member_by_its_owner_alone(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, bob, .. } = &trio;
    let (mut by_olga, mut by_ann) = (trio.by(olga).await, trio.by(ann).await);
    let group = by_olga.create_group("pair", true).await;
    let of = |person: &Person| format!("groups/{group}/members/{}", person.id);
    refused(&by_ann.put(&of(ann), Value::Null).await, 404, "Group not found");
    refused(
        &by_ann.post("messages/", json!({ "group_id": group, "content": "x" })).await,
        404,
        "Group not found",
    );
    by_olga.put(&of(ann), Value::Null).await.ok();
    by_ann.post("messages/", json!({ "group_id": group, "content": "x" })).await.ok();
    let full = "This is a private group and is already full.";
    refused(&by_olga.put(&of(bob), Value::Null).await, 403, full);
    by_ann.delete(&of(ann)).await;
    refused(&by_ann.get(&format!("groups/{group}")).await, 404, "Group not found");
    by_olga.put(&of(bob), Value::Null).await.ok();
}

async fn own_groups_are_listed_by_their_newest_message(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, .. } = &trio;
    let (mut by_olga, mut by_ann) = (trio.by(olga).await, trio.by(ann).await);
    let (quiet, first) =
        (by_olga.create_group("quiet", false).await, by_olga.create_group("first", false).await);
    let second = by_olga.create_group("second", true).await;
    for group in [quiet, first, second] {
        by_olga.put(&format!("groups/{group}/members/{}", ann.id), Value::Null).await.ok();
    }
    let mut last = Vec::new();
    for (group, content) in [(first, "a"), (second, "b"), (first, "c")] {
        last.push(by_olga.post("messages/", json!({ "group_id": group, "content": content })).await.ok());
    }
    let shown = |id: i64, name: &str, is_private: bool, head: usize, last: &Value| {
        let group = json!({ "id": id, "name": name, "is_private": is_private, "topic": "", "join": "open" });
        json!({ "group": group, "role": "member", "head_seq": head, "last_message": last })
    };
    let expected = json!([
        shown(first, "first", false, 2, &last[2]),
        shown(second, "second", true, 1, &last[1]),
        shown(quiet, "quiet", false, 0, &Value::Null),
    ]);
    assert_eq!(by_ann.get("users/me/groups/").await.ok(), expected);
    let path = format!("users/{}/groups", ann.id);
    assert_eq!(by_ann.get(&path).await.ok(), expected);
    refused(&by_olga.get(&path).await, 404, "User not found");
    refused(&by_olga.get("users/999999/groups/").await, 404, "User not found");
    let root = trio.town.log_in("root").await;
    assert_eq!(trio.by(&root).await.get(&path).await.ok(), expected);
}

async fn users_are_found_by_the_beginning_of_their_names(store: Store) {
    let trio = Trio::start(store).await;
    trio.town.person("Annika").await;
    trio.town.person("a%").await;
    let mut http = trio.by(&trio.bob).await;
    let names = |answer: &Value| {
        answer
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let found = http.get("search/users?q=ANN").await.ok();
    assert_eq!(
        found.as_array().unwrap().iter().find(|user| user["username"] == "ann"),
        Some(&json!({ "id": trio.ann.id, "username": "ann" }))
    );
    let mut both = names(&found);
    both.sort();
    assert_eq!(both, ["Annika", "ann"]);
    for (query, expected) in
        [("q=a%25", &["a%"][..]), ("q=nn", &[]), ("q=_nn", &[]), ("q=%25", &[]), ("q=", &[])]
    {
        assert_eq!(names(&http.get(&format!("search/users/?{query}")).await.ok()), expected, "{query}");
    }
    assert_eq!(names(&http.get("search/users/?q=ann&limit=1").await.ok()).len(), 1);
    assert_eq!(names(&http.get("search/users/?q=ann&limit=0").await.ok()).len(), 0);
    assert_eq!(names(&http.get("search/users/?q=ann&limit=1000").await.ok()).len(), 2);
    for (query, kind, field) in [
        ("", "missing", "q"),
        ("q=a&limit=-1", "greater_than_equal", "limit"),
        ("q=a&limit=x", "int_parsing", "limit"),
    ] {
        let detail = http.get(&format!("search/users/?{query}")).await.detail(422);
        assert_eq!((&detail[0]["type"], &detail[0]["loc"]), (&json!(kind), &json!(["query", field])));
    }
}

async fn nothing_of_the_kicked_is_stored_after_the_answer(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, .. } = &trio;
    let mut by_olga = trio.by(olga).await;
    for (turn, kind) in ["members", "bans", "members", "members"].into_iter().enumerate() {
        let group = by_olga.create_group(&format!("g{turn}"), false).await;
        let member = format!("groups/{group}/members/{}", ann.id);
        by_olga.put(&member, Value::Null).await.ok();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut senders = Vec::new();
        for _ in 0..4 {
            let (mut client, is_over) = (trio.by(ann).await, Arc::clone(&is_over));
            senders.push(tokio::spawn(async move {
                let mut sent = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let answer = client.post("messages/", json!({ "group_id": group, "content": "x" })).await;
                    match answer.status {
                        200 => sent += 1,
                        status => assert_eq!(status, 403),
                    }
                }
                sent
            }));
        }
        let list = format!("messages/?group_id={group}&limit=1000000");
        let count = async |client: &mut Client| client.get(&list).await.ok().as_array().unwrap().len();
        while count(&mut by_olga).await < 5 {}
        match kind {
            "bans" => drop(by_olga.put(&format!("groups/{group}/bans/{}", ann.id), Value::Null).await.ok()),
            _ => by_olga.delete(&member).await,
        }
        let after = count(&mut by_olga).await;
        let last = by_olga.post("messages/", json!({ "group_id": group, "content": "last" })).await.ok();
        assert_eq!(last["seq"].as_u64(), Some(after as u64 + 1));
        is_over.store(true, Ordering::Relaxed);
        let mut sent = 0;
        for sender in senders {
            sent += sender.await.unwrap();
        }
        assert_eq!(count(&mut by_olga).await, after + 1, "nothing came after it");
        assert!(sent <= after, "{sent} were answered, {after} are stored");
    }
}

async fn names_govern_where_they_are_believed(store: Store) {
    let server = Server::start(store).await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let mut http = server.http().await;
    let mut ask = async |method: &str, path: &str, body: Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Content-Type", "application/json")];
        http.request(method, &format!("/api/v1/{path}"), &headers, body.as_bytes()).await
    };
    let nobodys = ask("POST", "groups/", json!({ "name": "nobody's", "is_private": false })).await.ok();
    assert_eq!(nobodys.as_object().unwrap().len(), 3, "as it always was");
    let hers = json!({ "name": "hers", "is_private": false, "user_id": ann });
    let id = ask("POST", "groups/", hers).await.ok()["id"].as_i64().unwrap();
    let path = format!("groups/{id}");
    let unnamed = ask("PATCH", &path, json!({ "topic": "tea" })).await.detail(422);
    assert_eq!((&unnamed[0]["type"], &unnamed[0]["loc"]), (&json!("missing"), &json!(["query", "user_id"])));
    for (method, path) in [
        ("DELETE", path.clone()),
        ("PUT", format!("{path}/members/{bob}")),
        ("DELETE", format!("{path}/members/{ann}")),
        ("PUT", format!("{path}/bans/{bob}")),
        ("DELETE", format!("{path}/bans/{bob}")),
        ("PUT", format!("{path}/mutes/{ann}")),
        ("DELETE", format!("{path}/mutes/{ann}")),
    ] {
        assert_eq!(ask(method, &path, Value::Null).await.status, 422, "{method} {path}");
    }
    let as_ann = format!("?user_id={ann}");
    assert_eq!(ask("PATCH", &path, json!({ "user_id": bob, "topic": "tea" })).await.status, 403);
    let changed = ask("PATCH", &format!("{path}{as_ann}"), json!({ "topic": "tea" })).await.ok();
    assert_eq!(changed, json!({ "id": id, "name": "hers", "is_private": false, "topic": "tea" }));
    ask("PUT", &format!("{path}/members/{bob}?user_id={bob}"), Value::Null).await.ok();
    let members = ask("GET", &format!("{path}/members/"), Value::Null).await.ok();
    let row = |id: i64, name: &str, role: &str| json!({ "id": id, "username": name, "role": role });
    assert_eq!(members, json!([row(ann, "ann", "owner"), row(bob, "bob", "member")]));
    assert_eq!(ask("PUT", &format!("{path}/bans/{ann}?user_id={bob}"), Value::Null).await.status, 403);
    ask("PUT", &format!("{path}/bans/{bob}{as_ann}"), Value::Null).await.ok();
    assert_eq!(
        ask("GET", &format!("{path}/bans/"), Value::Null).await.ok()[0]["id"],
        bob,
        "nobody reads all"
    );
    let message = json!({ "group_id": id, "user_id": bob, "content": "x" });
    assert_eq!(ask("POST", "messages/", message).await.detail(403), "banned");
    ask("PATCH", &format!("{path}{as_ann}"), json!({ "join": "invite" })).await.ok();
    assert_eq!(
        ask("GET", &format!("{path}?user_id={bob}"), Value::Null).await.detail(404),
        "Group not found"
    );
    assert_eq!(ask("GET", &path, Value::Null).await.ok()["join"], "invite");
    assert_eq!(ask("GET", &format!("users/{ann}/groups/"), Value::Null).await.ok()[0]["role"], "owner");
    assert_eq!(ask("GET", &format!("groups/{as_ann}99"), Value::Null).await.detail(404), "User not found");
    assert_eq!(ask("DELETE", &format!("{path}{as_ann}"), Value::Null).await.status, 204);
}
