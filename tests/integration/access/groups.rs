//! What one sees of groups and people, and how a group changes.

use serde_json::{Value, json};

use super::people::{Client, Trio, delete, refused};
use crate::support::database::Store;

both_stores!(
    groups_are_shown_to_whom_they_concern,
    a_group_is_changed_and_deleted,
    own_groups_are_listed_by_their_newest_message,
    users_are_found_by_the_beginning_of_their_names,
);

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
        // The first entry tells that ann has come, who had read all before it.
        json!({ "group": group, "role": "member", "read_seq": 0, "head_seq": head, "unread": head - 1, "mentions": 0,
                "last_message": last })
    };
    let expected = json!([
        shown(first, "first", false, 3, &last[2]),
        shown(second, "second", true, 2, &last[1]),
        shown(quiet, "quiet", false, 1, &Value::Null),
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
