//! Who is named in a message.

use serde_json::{Value, json};

use super::scene::{Scene, edit, made, next_entry, read};
use crate::access::people::Trio;
use crate::support::database::Store;

both_stores!(members_are_mentioned_by_name, an_edit_mentions_anew, everybody_is_mentioned_by_admins);

async fn members_are_mentioned_by_name(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, bob, .. } = scene;
    let names = ["Änne", "bob.b", "bob-", "all", "stranger", "c_d", "all."];
    let mut ids = Vec::new();
    for name in names {
        ids.push(scene.server.user(name).await);
        if name != "stranger" {
            scene.join(name).await;
        }
    }
    let [anne, bob_b, bob_dash, _all, _stranger, c_d, all_dot] = ids[..] else { panic!("seven") };
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    for (content, mentioned) in [
        ("@bob", vec![bob]),
        ("hi @bob, @alice and @bob!", vec![alice, bob]),
        ("(@bob) @@bob", vec![bob]),
        ("@bob.", vec![bob]),
        ("@bob...", vec![bob]),
        ("@bob-", vec![bob_dash]),
        ("@bob--", vec![bob_dash]),
        ("@bob.b.", vec![bob_b]),
        ("@Änne's @c_d", vec![anne, c_d]),
        ("@Bob @ÄNNE @bobb @stranger @nobody @all", vec![]),
        ("@all.", vec![all_dot]),
        ("mail x@bob or _@bob or é@bob", vec![]),
        ("@ bob @", vec![]),
        ("-@bob.\n@alice", vec![alice, bob]),
    ] {
        made(&mut by_alice, json!({ "type": "send", "group_id": group, "content": content })).await;
        let event = by_bob.until("message").await;
        let expected = (!mentioned.is_empty()).then(|| {
            let mut mentioned = mentioned;
            mentioned.sort_unstable();
            json!(mentioned)
        });
        assert_eq!(event.get("mentions"), expected.as_ref(), "{content}");
        assert_eq!(scene.message(&event["id"]).await.get("mentions"), expected.as_ref(), "{content}");
    }
    let posted = scene.post(alice, "@bob").await;
    assert_eq!(posted["mentions"], json!([bob]));
}

async fn an_edit_mentions_anew(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, bob, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let id = by_alice.store(group, "@bob").await["message_id"].clone();
    assert_eq!(next_entry(&mut by_bob).await["mentions"], json!([bob]));
    made(&mut by_alice, edit(group, &id, "@alice @bob")).await;
    assert_eq!(next_entry(&mut by_bob).await["mentions"], json!([alice, bob]));
    assert_eq!(scene.message(&id).await["mentions"], json!([alice, bob]));
    made(&mut by_alice, edit(group, &id, "nobody")).await;
    assert_eq!(next_entry(&mut by_bob).await.get("mentions"), None);
    assert_eq!(scene.message(&id).await.get("mentions"), None);
    let answer = scene.ask(alice, "PATCH", &format!("messages/{id}"), json!({ "content": "@alice" })).await;
    assert_eq!(answer.ok()["mentions"], json!([alice]));
    let log = scene.log(0).await;
    for entry in log.as_array().unwrap() {
        assert_eq!(entry["mentions"], json!([alice]), "of today");
    }
}

async fn everybody_is_mentioned_by_admins(store: Store) {
    let trio = Trio::start(store).await;
    let all = trio.town.person("all").await;
    let mut by_olga = trio.by(&trio.olga).await;
    let group = by_olga.create_group("g", false).await;
    for id in [trio.ann.id, trio.bob.id, all.id] {
        by_olga.put(&format!("groups/{group}/members/{id}"), Value::Null).await.ok();
    }
    let mut everybody = vec![trio.olga.id, trio.ann.id, trio.bob.id, all.id];
    everybody.sort_unstable();
    let everybody = json!(everybody);
    let mut bob_reads = read(&trio.town.server, &trio.bob, group).await;
    let mut ann_speaks = read(&trio.town.server, &trio.ann, group).await;
    let say = |content: &str| json!({ "group_id": group, "content": content });
    for content in ["@all", "hey @all!", "@bob and @all.", "@all-"] {
        assert_eq!(by_olga.post("messages/", say(content)).await.ok()["mentions"], everybody, "{content}");
        assert_eq!(bob_reads.until("message").await["mentions"], everybody, "{content}");
    }
    for content in ["@All", "@al", "x@all"] {
        assert_eq!(by_olga.post("messages/", say(content)).await.ok().get("mentions"), None, "{content}");
        bob_reads.until("message").await;
    }
    // Of others it mentions nobody, and in no mode the member of that name.
    let ack = ann_speaks.store(group, "@all @bob").await;
    assert_eq!(bob_reads.until("message").await["mentions"], json!([trio.bob.id]));
    by_olga.put(&format!("groups/{group}/members/{}", trio.ann.id), json!({ "role": "admin" })).await.ok();
    made(&mut ann_speaks, edit(group, &ack["message_id"], "@all")).await;
    assert_eq!(bob_reads.until("edited").await["mentions"], everybody);
}
