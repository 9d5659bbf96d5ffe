//! Who may change what stands in a log.

use serde_json::{Value, json};

use super::scene::{delete, edit, hello, made, react, reaction_path, read, reply};
use crate::access::people::{Client, Town, Trio, delete as try_delete, refused};
use crate::support::database::Store;

both_stores!(
    strangers_change_nothing,
    the_muted_take_back,
    a_key_that_reads_only_reads,
    a_message_is_of_its_group,
    a_key_that_acts_as_nobody_governs,
);

/// What every change of a message is answered with over REST.
async fn all_refused(client: &mut Client, id: &Value, status: u16, text: &str) {
    let (message, reaction) = (format!("messages/{id}"), reaction_path(id, "+1"));
    refused(&client.patch(&message, json!({ "content": "x" })).await, status, text);
    refused(&try_delete(client, &message).await, status, text);
    refused(&client.put(&reaction, Value::Null).await, status, text);
    refused(&try_delete(client, &reaction).await, status, text);
}

async fn strangers_change_nothing(store: Store) {
    let trio = Trio::start(store).await;
    let (mut by_olga, mut by_ann) = (trio.by(&trio.olga).await, trio.by(&trio.ann).await);
    let (open, hidden) =
        (by_olga.create_group("open", false).await, by_olga.create_invite_group("hidden").await);
    let mut speaks = hello(&trio.town.server, &trio.ann.token).await;
    for (group, status, code) in [(open, 403, "forbidden"), (hidden, 404, "not_found")] {
        let id =
            by_olga.post("messages/", json!({ "group_id": group, "content": "x" })).await.ok()["id"].clone();
        let text = if status == 403 { "not a member of this group" } else { "Message not found" };
        all_refused(&mut by_ann, &id, status, text).await;
        assert_eq!(by_ann.get(&format!("messages/{id}")).await.detail(status), text);
        assert_eq!(by_ann.get(&format!("groups/{group}/log/")).await.status, status);
        for command in [
            edit(group, &id, "y"),
            delete(group, &id),
            react(group, &id, "+1", true),
            react(group, &id, "+1", false),
            reply(group, &id, "y"),
        ] {
            speaks.refused(command, code).await;
        }
        let path = format!("messages/?thread_id={id}");
        let thread = by_ann.get(&path).await;
        match status {
            403 => assert_eq!(thread.status, 403),
            _ => assert_eq!(thread.ok(), json!([])),
        }
        let mut nobody = trio.town.stranger().await;
        assert_eq!(nobody.get(&format!("messages/{id}")).await.status, 401);
        assert_eq!(nobody.get(&format!("groups/{group}/log/")).await.status, 401);
        all_refused(&mut nobody, &id, 401, "Not authenticated").await;
        assert_eq!(by_olga.get(&format!("messages/{id}")).await.ok()["content"], "x");
    }
}

async fn the_muted_take_back(store: Store) {
    let trio = Trio::start(store).await;
    let (mut by_olga, mut by_ann) = (trio.by(&trio.olga).await, trio.by(&trio.ann).await);
    let group = by_olga.create_group("g", false).await;
    by_ann.put(&format!("groups/{group}/members/{}", trio.ann.id), Value::Null).await.ok();
    let mut speaks = read(&trio.town.server, &trio.ann, group).await;
    let one = speaks.store_as(group, "one", "a").await["message_id"].clone();
    let two = speaks.store(group, "two").await["message_id"].clone();
    for emoji in ["+1", "-1"] {
        made(&mut speaks, react(group, &one, emoji, true)).await;
    }
    by_olga.put(&format!("groups/{group}/mutes/{}", trio.ann.id), Value::Null).await.ok();
    let commands = [
        edit(group, &one, "x"),
        edit(group, &one, "one"),
        react(group, &one, "x", true),
        reply(group, &one, "x"),
    ];
    for command in commands {
        let error = speaks.refused(command, "forbidden").await;
        assert_eq!(error["message"], "muted");
    }
    refused(&by_ann.patch(&format!("messages/{one}"), json!({ "content": "x" })).await, 403, "muted");
    refused(&by_ann.put(&reaction_path(&one, "x"), Value::Null).await, 403, "muted");
    // A repeat is known before that.
    let edit_again =
        json!({ "type": "edit", "group_id": group, "message_id": one, "content": "x", "client_id": "a" });
    assert_eq!(speaks.ask(edit_again).await["duplicate"], true);
    made(&mut speaks, react(group, &one, "+1", false)).await;
    by_ann.delete(&reaction_path(&one, "-1")).await;
    made(&mut speaks, delete(group, &one)).await;
    by_ann.delete(&format!("messages/{two}")).await;
    by_olga.delete(&format!("groups/{group}/mutes/{}", trio.ann.id)).await;
    let three = speaks.store(group, "three").await["message_id"].clone();
    made(&mut speaks, edit(group, &three, "four")).await;
}

async fn a_key_that_reads_only_reads(store: Store) {
    let keys = ["--scope read --as ann", "--scope write --as ann", "--scope read --as-server"];
    let town = Town::start_with(store, &["root", "ann"], &keys, &[]).await;
    let ann = town.log_in("ann").await;
    let mut by_ann = town.client(&ann.token).await;
    let group = by_ann.create_group("g", false).await;
    let id = by_ann.post("messages/", json!({ "group_id": group, "content": "x" })).await.ok()["id"].clone();
    let mut reader = town.client(&town.keys[0]).await;
    for (method, path, body) in [
        ("PATCH", format!("messages/{id}"), json!({ "content": "y" })),
        ("DELETE", format!("messages/{id}"), Value::Null),
        ("PUT", reaction_path(&id, "+1"), Value::Null),
        ("DELETE", reaction_path(&id, "+1"), Value::Null),
    ] {
        assert_eq!(reader.ask(method, &path, &body).await.status, 403, "{method} {path}");
    }
    assert_eq!(reader.get(&format!("messages/{id}")).await.ok()["content"], "x");
    let log = reader.get(&format!("groups/{group}/log/")).await.ok();
    let mut server_reads = town.client(&town.keys[2]).await;
    assert_eq!(server_reads.get(&format!("groups/{group}/log/")).await.ok(), log);
    for method in ["PATCH", "DELETE"] {
        let answer = server_reads.ask(method, &format!("messages/{id}"), &json!({ "content": "y" })).await;
        assert_eq!(answer.status, 403, "{method}");
    }
    let mut speaks = hello(&town.server, &town.keys[0]).await;
    for command in [edit(group, &id, "y"), delete(group, &id), react(group, &id, "+1", true)] {
        speaks.refused(command, "forbidden").await;
    }
    let mut speaks = hello(&town.server, &town.keys[1]).await;
    made(&mut speaks, edit(group, &id, "y")).await;
    made(&mut speaks, react(group, &id, "+1", true)).await;
    made(&mut speaks, delete(group, &id)).await;
}

async fn a_message_is_of_its_group(store: Store) {
    let trio = Trio::start(store).await;
    let mut by_olga = trio.by(&trio.olga).await;
    let (one, two) = (by_olga.create_group("one", false).await, by_olga.create_group("two", false).await);
    let mut speaks = read(&trio.town.server, &trio.olga, one).await;
    speaks.subscribe(two).await;
    let id = speaks.store(two, "x").await["message_id"].clone();
    for command in [
        edit(one, &id, "y"),
        edit(one, &id, "x"),
        delete(one, &id),
        react(one, &id, "+1", true),
        react(one, &id, "+1", false),
        reply(one, &id, "y"),
    ] {
        speaks.refused(command, "not_found").await;
    }
    assert_eq!(by_olga.get(&format!("groups/{one}/log/")).await.ok(), json!([]));
    speaks.refused(edit(999_999, &id, "y"), "not_found").await;
    made(&mut speaks, edit(two, &id, "y")).await;
}

async fn a_key_that_acts_as_nobody_governs(store: Store) {
    let town =
        Town::start_with(store, &["root"], &["--scope admin --as-server", "--scope write --as-server"], &[])
            .await;
    let ann = town.person("ann").await;
    let mut by_ann = town.client(&ann.token).await;
    let group = by_ann.create_group("g", false).await;
    let id = by_ann.post("messages/", json!({ "group_id": group, "content": "x" })).await.ok()["id"].clone();
    let mut writer = town.client(&town.keys[1]).await;
    assert_eq!(try_delete(&mut writer, &format!("messages/{id}")).await.status, 403);
    let mut governor = town.client(&town.keys[0]).await;
    for (method, path) in [("PATCH", format!("messages/{id}")), ("PUT", reaction_path(&id, "+1"))] {
        let answer = governor.ask(method, &path, &json!({ "content": "y" })).await;
        assert!((400..500).contains(&answer.status), "it is nobody: {answer:?}");
    }
    governor.delete(&format!("messages/{id}")).await;
    governor.patch(&format!("groups/{group}"), json!({ "name": "h" })).await.ok();
    let log = by_ann.get(&format!("groups/{group}/log/")).await.ok();
    assert_eq!((&log[0]["deleted"], &log[0]["group_name"]), (&json!(true), &json!("h")));
    assert_eq!((&log[1]["type"], &log[1]["message_id"]), (&json!("deleted"), &id));
    assert_eq!(
        (&log[2]["type"], &log[2]["name"]),
        (&json!("group"), &json!("h")),
        "live clients learn of it"
    );
}
