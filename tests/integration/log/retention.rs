//! Groups that keep no more of their logs than they are told to.

use serde_json::{Value, json};

use super::scene::{Scene, edit, made, next_entry, react, replay, reply, span};
use crate::access::people::{Town, Trio, refused};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::socket::group_path;
use crate::support::until;

both_stores!(
    what_is_cut_off_is_there_no_more,
    old_entries_go_and_numbers_go_on,
    a_reader_who_was_away_reads_on_from_what_is_left,
    a_long_cut_goes_on_after_a_crash,
    the_owner_says_how_much_is_kept,
    a_rule_of_the_groups_own_replaces_the_general_one_field_by_field,
);

/// How often the server looks here.
const OFTEN: &str = "--retain-interval=50ms";

/// Waits until the group's log begins here, and gives its head.
async fn begins_at(socket: &mut JsonSocket, group: i64, first: i64) -> i64 {
    until("the log to be cut off", async || {
        let (begins, head) = span(socket, group).await;
        assert!(begins <= first, "{begins} is too much");
        (begins == first).then_some(head)
    })
    .await
}

async fn what_is_cut_off_is_there_no_more(store: Store) {
    let scene = Scene::start_with(store, &["--retain-messages=3", OFTEN]).await;
    let (mut alice, group) = (scene.join("alice").await, scene.group);
    let mut acks = Vec::new();
    for n in 1..=3 {
        acks.push(alice.store_as(group, &n.to_string(), &format!("c{n}")).await);
    }
    made(&mut alice, edit(group, &acks[2]["message_id"], "three")).await;
    made(&mut alice, react(group, &acks[0]["message_id"], "+1", true)).await;
    assert_eq!(span(&mut alice, group).await, (1, 5));
    let answer = made(&mut alice, reply(group, &acks[2]["message_id"], "4")).await;
    begins_at(&mut alice, group, 2).await;
    made(&mut alice, reply(group, &acks[2]["message_id"], "5")).await;
    made(&mut alice, reply(group, &answer["message_id"], "6")).await;
    // The third message is gone, its edit and the reaction to the first are not yet: the newest three are 6, 7 and 8.
    begins_at(&mut alice, group, 6).await;
    assert_eq!(scene.log(0).await[0]["seq"], 6);
    for ack in &acks {
        let id = &ack["message_id"];
        for command in [
            edit(group, id, "x"),
            react(group, id, "+1", true),
            react(group, id, "+1", false),
            reply(group, id, "x"),
        ] {
            alice.refused(command, "not_found").await;
        }
        let path = format!("/api/v1/messages/{id}");
        assert_eq!(scene.server.http().await.get(&path).await.status, 404);
        let again = alice.store_as(group, "again", acks_name(ack)).await;
        assert_eq!(again["duplicate"], true, "{again}");
        for field in ["message_id", "seq", "created_at"] {
            assert_eq!(again[field], ack[field], "{field}");
        }
    }
    let thread = scene.get(&format!("messages/?group_id={group}&thread_id={}", acks[2]["message_id"])).await;
    let contents: Vec<&Value> =
        thread.as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(contents, ["4", "5", "6"], "without the message that it began with");
    assert_eq!(scene.list().await.as_array().map(Vec::len), Some(3));
}

fn acks_name(ack: &Value) -> &str {
    ack["client_id"].as_str().expect("a name")
}

async fn old_entries_go_and_numbers_go_on(store: Store) {
    let mut scene = Scene::start_with(store, &["--retain-age=1s", OFTEN]).await;
    let group = scene.group;
    let mut alice = scene.join("alice").await;
    let mut last = Value::Null;
    for n in 1..=3 {
        last = alice.store_as(group, &n.to_string(), &n.to_string()).await;
    }
    made(&mut alice, react(group, &last["message_id"], "+1", true)).await;
    assert_eq!(begins_at(&mut alice, group, 5).await, 4);
    assert_eq!((scene.list().await, scene.log(0).await), (json!([]), json!([])));
    let history = alice.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!((&history["messages"], &history["more"]), (&json!([]), &json!(false)));
    assert_eq!(replay(&mut alice, group, 0).await, [""; 0]);
    // A server that knows nothing but what is stored goes on with the numbers.
    scene.server.kill9().await;
    scene.server.restart().await;
    let mut alice = scene.join("alice").await;
    assert_eq!(span(&mut alice, group).await, (5, 4));
    let next = alice.store_as(group, "next", "next").await;
    assert_eq!(next["seq"], 5);
    assert!(next["message_id"].as_i64() > last["message_id"].as_i64());
    assert!(next["created_at"].as_str() > last["created_at"].as_str());
    let again = alice.store_as(group, "again", "3").await;
    assert_eq!((&again["seq"], &again["message_id"]), (&last["seq"], &last["message_id"]));
    begins_at(&mut alice, group, 6).await;
}

async fn a_reader_who_was_away_reads_on_from_what_is_left(store: Store) {
    let scene = Scene::start_with(store, &["--retain-messages=4", OFTEN]).await;
    let (mut alice, mut bob, group) = (scene.join("alice").await, scene.join("bob").await, scene.group);
    for n in 1..=10 {
        alice.store(group, &n.to_string()).await;
    }
    begins_at(&mut alice, group, 7).await;
    // Who was there has seen all.
    for n in 1..=10 {
        assert_eq!(next_entry(&mut bob).await["seq"], n);
    }
    let mut late = JsonSocket::hello(&scene.server, "bob").await;
    for (after, position) in [(0, 6), (3, 6), (6, 6), (7, 7), (10, 10), (99, 10)] {
        let subscribe = json!({ "type": "subscribe", "group_id": group, "after": after });
        let subscribed = late.ask(subscribe).await;
        assert_eq!((&subscribed["first_seq"], &subscribed["head_seq"]), (&json!(7), &json!(10)));
        assert_eq!(subscribed["after"], position, "{subscribed}");
        for seq in position + 1..=10 {
            assert_eq!(next_entry(&mut late).await["seq"], seq);
        }
        assert_eq!(late.until("caught_up").await["seq"], 10);
    }
    let history = late.ask(json!({ "type": "history", "group_id": group, "after": 0, "limit": 2 })).await;
    assert_eq!((&history["messages"][0]["seq"], &history["more"]), (&json!(7), &json!(true)));
    // A path says it too.
    let mut at_path = JsonSocket::open(&scene.server, &group_path("g", "bob")).await;
    assert_eq!(at_path.until("subscribed").await["first_seq"], 7);
}

async fn a_long_cut_goes_on_after_a_crash(store: Store) {
    const MESSAGES: i64 = 6_000;
    let mut scene = Scene::start_with(store, &[OFTEN]).await;
    let group = scene.group;
    let mut alice = scene.join("alice").await;
    for n in 1..=MESSAGES {
        let client_id = n.to_string();
        alice
            .send(json!({ "type": "send", "group_id": group, "content": "x", "client_id": client_id }))
            .await;
        if n % 100 == 0 {
            while alice.until("ack").await["seq"] != n {}
        }
    }
    let first_ack = alice.store_as(group, "again", "1").await;
    let path = format!("groups/{group}");
    scene.ask(scene.alice, "PATCH", &path, json!({ "retention": { "max_messages": 10 } })).await.ok();
    let seen = until("a part to be cut off", async || {
        let (first, _) = span(&mut alice, group).await;
        (first > 1).then_some(first)
    })
    .await;
    scene.server.kill9().await;
    scene.server.restart().await;
    let mut alice = scene.join("alice").await;
    let (first, head) = span(&mut alice, group).await;
    println!("saw {seen}, then {first}");
    assert!(first >= seen && head == MESSAGES);
    begins_at(&mut alice, group, MESSAGES - 9).await;
    let left = scene.list().await;
    let seqs: Vec<i64> =
        left.as_array().unwrap().iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (MESSAGES - 9..=MESSAGES).collect::<Vec<_>>());
    let again = alice.store_as(group, "again", "1").await;
    assert_eq!(
        (&again["message_id"], &again["created_at"]),
        (&first_ack["message_id"], &first_ack["created_at"])
    );
    assert_eq!((&again["duplicate"], &again["seq"]), (&json!(true), &json!(1)));
    until("the log to tell of it", async || {
        scene.server.log().contains("cut off what is not to be kept").then_some(())
    })
    .await;
}

async fn the_owner_says_how_much_is_kept(store: Store) {
    let trio = Trio::start(store).await;
    let (mut olga, mut ann) = (trio.by(&trio.olga).await, trio.by(&trio.ann).await);
    let id = olga.create_group("tea", false).await;
    olga.put(&format!("groups/{id}/members/{}", trio.ann.id), json!({ "role": "admin" })).await.ok();
    let path = format!("groups/{id}");
    let without = olga.get(&path).await.ok();
    assert!(without.get("retention").is_none());
    for rule in [
        json!({ "max_age_s": 60 }),
        json!({ "max_messages": 1 }),
        json!({ "max_age_s": 3_153_600_000_u64, "max_messages": 1_000_000_000 }),
    ] {
        let mut shown = without.clone();
        shown["retention"] = rule.clone();
        assert_eq!(olga.patch(&path, json!({ "retention": rule })).await.ok(), shown);
        assert_eq!(olga.patch(&path, json!({ "topic": "" })).await.ok(), shown);
        assert_eq!(olga.get(&path).await.ok(), shown);
        assert_eq!(olga.get("groups/").await.ok(), json!([without]), "lists are without");
    }
    for (rule, kind, at) in [
        (json!({ "max_age_s": 59 }), "greater_than_equal", json!(["body", "retention", "max_age_s"])),
        (
            json!({ "max_age_s": 3_153_600_001_u64 }),
            "less_than_equal",
            json!(["body", "retention", "max_age_s"]),
        ),
        (json!({ "max_messages": 0 }), "greater_than_equal", json!(["body", "retention", "max_messages"])),
        (json!({ "max_messages": "many" }), "int_parsing", json!(["body", "retention", "max_messages"])),
        (json!({ "max_messages": 1.5 }), "int_from_float", json!(["body", "retention", "max_messages"])),
        (json!(7), "model_attributes_type", json!(["body", "retention"])),
        (json!([]), "model_attributes_type", json!(["body", "retention"])),
    ] {
        let problem = olga.patch(&path, json!({ "retention": rule })).await.detail(422)[0].clone();
        assert_eq!((&problem["type"], &problem["loc"]), (&json!(kind), &at), "{rule}");
    }
    let rule = json!({ "retention": { "max_messages": 5 } });
    let lacking = "your role in this group does not allow this";
    refused(&ann.patch(&path, rule.clone()).await, 403, lacking);
    refused(&ann.patch(&path, json!({ "topic": "x", "retention": null })).await, 403, lacking);
    assert_eq!(ann.patch(&path, json!({ "topic": "y" })).await.ok()["topic"], "y", "an admin may do that");
    refused(&trio.by(&trio.bob).await.patch(&path, rule.clone()).await, 403, "not a member of this group");
    assert_eq!(trio.town.stranger().await.patch(&path, rule.clone()).await.status, 401);
    let root = trio.town.log_in("root").await;
    assert_eq!(trio.by(&root).await.patch(&path, rule).await.ok()["retention"], json!({ "max_messages": 5 }));
    for nothing in [json!(null), json!({}), json!({ "max_age_s": null, "max_messages": null })] {
        olga.patch(&path, json!({ "retention": { "max_messages": 5 } })).await.ok();
        assert!(olga.patch(&path, json!({ "retention": nothing })).await.ok().get("retention").is_none());
    }
    let private = olga.create_invite_group("hidden").await;
    let hidden = ann.patch(&format!("groups/{private}"), json!({ "retention": null })).await;
    refused(&hidden, 404, "Group not found");
}

async fn a_rule_of_the_groups_own_replaces_the_general_one_field_by_field(store: Store) {
    let options = ["--retain-messages=2", "--retain-age=1h", OFTEN];
    let town = Town::start_with(store, &["root", "olga"], &[], &options).await;
    let olga = town.log_in("olga").await;
    let mut by_olga = town.client(&olga.token).await;
    let (own, general) =
        (by_olga.create_group("own", false).await, by_olga.create_group("general", false).await);
    by_olga.patch(&format!("groups/{own}"), json!({ "retention": { "max_messages": 4 } })).await.ok();
    for n in 1..=6 {
        for group in [own, general] {
            by_olga.post("messages/", json!({ "group_id": group, "content": n.to_string() })).await.ok();
        }
    }
    let mut socket = super::scene::hello(&town.server, &olga.token).await;
    begins_at(&mut socket, general, 5).await;
    begins_at(&mut socket, own, 3).await;
    // Without it the general one holds; one that says something else leaves that to it too.
    by_olga.patch(&format!("groups/{own}"), json!({ "retention": { "max_age_s": 60 } })).await.ok();
    begins_at(&mut socket, own, 5).await;
    assert_eq!(span(&mut socket, general).await, (5, 6));
}
