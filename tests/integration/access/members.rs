//! Members of groups and their roles.

use serde_json::{Value, json};

use super::people::{Client, Person, Trio, delete, refused};
use crate::support::database::Store;
use crate::support::server::Server;

both_stores!(
    members_join_are_added_and_leave,
    ownership_is_handed_over_and_inherited,
    a_private_group_takes_a_second_member_by_its_owner_alone,
    names_govern_where_they_are_believed,
);

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
